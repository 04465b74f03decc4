"""The README's Python runs as it stands, against a simulated server in place of the reader's own."""

import re
from pathlib import Path

import pytest

import mstr_arrow

README = Path(__file__).parents[1] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_python_in_the_readme_runs(block, simulator, tmp_path, monkeypatch):
    if "duckdb" in block:
        pytest.importorskip("duckdb")
    if "to_pandas" in block:
        pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    connect = mstr_arrow.connect

    def to_simulator(url, **options):
        if not url.startswith("https://bi.example.com/"):
            return connect(url, **options)
        ours = {"username": simulator.username, "password": simulator.password, "project": simulator.project}
        return connect(simulator.url, **options | ours)

    monkeypatch.setattr(mstr_arrow, "connect", to_simulator)
    exec(compile(block, str(README), "exec"), {"__name__": "readme"})  # noqa: S102 - the README is ours
    assert simulator.open_sessions == 0


def test_the_readme_shows_python():
    assert len(BLOCKS) >= 2

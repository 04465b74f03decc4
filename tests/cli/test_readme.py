"""The commands of README and of the first block about the command line run as they stand, one after the other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mstr_arrow.simulator import Simulator
from tests.support.servers import IDLE

README = Path(__file__).parents[2] / "README.md"
PAGE = README.parent / "docs" / "command-line.md"
FILES_OF_ONES_OWN = ("jobs.toml", "daily.toml", "--last")
"""What stands in commands that need a file which a reader writes."""


def commands():
    section = README.read_text(encoding="utf-8").split("## On the command line\n")[1].split("\n## ")[0]
    lines = re.findall(r"^    mstr-arrow (.*)$", section, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.fixture
def simulator():
    """A server of its own: others may hold a dataset of README's name, pushed by other documents."""
    with Simulator(rows=1_000, **IDLE) as server:
        yield server


@pytest.mark.usefixtures("server")
def test_the_commands_of_the_readme_run(run, tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    assert {command[0] for command in commands()} >= {"ls", "describe", "fetch", "sql", "push"}
    for command in commands():
        assert run(*command).code == 0, command
    assert {path.name for path in tmp_path.iterdir()} >= {"sales.parquet", "east.csv"}


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_the_first_commands_of_the_page_about_them_run(run, tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    Path("stores.csv").write_text("Region,store,city\nEast,10,Lyon\nWest,20,Paris\n")
    block = PAGE.read_text(encoding="utf-8").split("\n\n")[1]
    lines = [line for line in block.splitlines() if not any(name in line for name in FILES_OF_ONES_OWN)]
    said = [shlex.split(each, comments=True) for line in lines for each in line.split("&&") if "mstr-arrow" in each]
    assert len(said) > 25
    for command in said:
        result = run(*command[1:])
        assert result.code == 0, (command, result.err)

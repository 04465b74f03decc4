"""The Python of README and docs runs as it stands, on a simulated server in place of the reader's own."""

import re
from pathlib import Path

import pytest

import mstr_arrow

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")
MODULE = re.compile(r"`((?:\w+/)+\w+\.py)`")
BLOCKS = [
    pytest.param(page, block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_python_in_the_pages_runs(page, block, simulator, tmp_path, monkeypatch):
    if "duckdb" in block:
        pytest.importorskip("duckdb")
    if "write_delta" in block:
        pytest.importorskip("deltalake")
    if "throughput" in block:
        pytest.importorskip("scipy")
    if "to_pandas" in block:
        pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    connect = mstr_arrow.connect

    def to_simulator(url=None, **options):
        if url is None or not url.startswith("https://bi.example.com/"):
            return connect(url, **options)
        ours = {"project": simulator.project}
        if "identity_token" not in options:
            ours |= {"username": simulator.username, "password": simulator.password}
        return connect(simulator.url, **options | ours)

    monkeypatch.setattr(mstr_arrow, "connect", to_simulator)
    exec(compile(block, str(page), "exec"), {"__name__": "readme"})  # noqa: S102 - the pages are ours
    assert simulator.open_sessions == 0


CITED = re.compile(r"[Ww]ire\s+reference,?\s+\(?sections?\s+([\d., ]+(?:(?:and|to)\s+[\d.]+)?)")


def test_each_section_of_the_wire_reference_that_is_cited_is_there():
    headings = re.findall(
        r"^#+ ([\d.]+) ", (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    files = [*(ROOT / "mstr_arrow").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    cited = {
        number.strip(".")
        for file in files
        for group in CITED.findall(file.read_text(encoding="utf-8"))
        for number in re.findall(r"\d+(?:\.\d+)?", group)
    }
    assert len(cited) > 30
    assert sorted(cited - set(headings)) == []


def test_the_readme_shows_python():
    assert sum(block.id.startswith("README") for block in BLOCKS) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_the_pages_lead_somewhere(page):
    missing = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_that_the_pages_name_are_there(page):
    named = MODULE.findall(page.read_text(encoding="utf-8"))
    assert [
        name for name in named if not (ROOT / name).exists() and not (ROOT / "mstr_arrow" / name).exists()
    ] == []


def test_the_ten_questions_are_answered_by_modules():
    questions = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("## ")[1]
    rows = [line for line in questions.splitlines() if line.startswith("| ") and "?" in line]
    assert len(rows) == 10
    assert all(MODULE.search(row) for row in rows)


def test_the_files_that_a_room_is_said_to_have_are_in_it():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+/(?:\w+/)?)`[^|]* \| (.*)$", text.split("## The rooms\n")[1], re.MULTILINE)
    named = [(room, name) for room, said in rows for name in re.findall(r"`(\w+\.py)`", said)]
    places = ("mstr_arrow", "mstr_arrow/simulator")
    assert len(named) > 30
    assert [
        (room, name) for room, name in named if not any((ROOT / at / room / name).exists() for at in places)
    ] == []


def test_each_session_of_nox_is_told_to_who_contributes():
    sessions = re.findall(
        r"^@nox\.session.*\ndef (\w+)", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(sessions) > 10
    assert [name for name in sessions if not re.search(rf"`nox (?:-R )?-s {name}\b", told)] == []

"""The commands of README run as they stand, one after the other."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from mstr_arrow.simulator import Simulator
from tests.support.servers import IDLE

README = Path(__file__).parents[2] / "README.md"


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

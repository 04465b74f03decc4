"""Files of jobs for the simulator, and what is left on it when they were run."""

from __future__ import annotations

import textwrap

import pytest

pytest.importorskip("pydantic", reason="the extra jobs is not installed")


@pytest.fixture
def jobs_file(tmp_path, monkeypatch):
    """A function that writes a file of jobs, without the password of the simulator's user."""
    monkeypatch.setenv("LAKE_PASSWORD", "demo")

    def written(text: str, name: str = "jobs.toml"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return written


@pytest.fixture
def server_table(simulator, monkeypatch):
    """The table of a file of jobs for the simulator."""
    monkeypatch.setenv("LAKE_PASSWORD", simulator.password)
    return (
        f'[servers.bi]\nurl = "{simulator.url}"\nusername = "{simulator.username}"\n'
        'password = {env = "LAKE_PASSWORD"}\n'
    )

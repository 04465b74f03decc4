"""Extractions in a process of their own, which can be killed at any moment."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from mstr_arrow.opening import connect
from mstr_arrow.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCRIPT = textwrap.dedent(
    """
    import sys
    import mstr_arrow as ma

    url, user, password, folder = sys.argv[1:5]
    with ma.connect(url, username=user, password=password) as conn:
        limits = ma.Limits(page_rows=500, concurrency=2, buffer_bytes=400_000)
        cube = conn.cube("Sales Cube", limits=limits)
        print("begun", flush=True)
        done = cube.extract(folder, part_rows=1_000, on_progress=lambda stats: print("page", flush=True))
        print("done", done.resumed, done.continued, flush=True)
    """
)


@pytest.fixture
def server():
    """A simulator of one's own: its cube is published anew, its sessions are counted."""
    with Simulator(rows=6_000, gzip=False) as simulator:
        yield simulator


@pytest.fixture
def opened(server):
    """A function that opens a connection with small pages."""

    def connection(**options: Any) -> Any:
        return connect(server.url, username=server.username, password=server.password, **options)

    return connection


@pytest.fixture
def killed(server):
    """A function that extracts in another process, and kills it after so many pages."""

    def run(folder: Path, pages: int) -> None:
        arguments = [server.url, server.username, server.password, str(folder)]
        command = [sys.executable, "-c", SCRIPT, *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                pages -= line.startswith("page")
                if pages <= 0:
                    break
            process.kill()
        process.wait()

    return run


@pytest.fixture
def is_whole(server) -> Callable[[Path], None]:
    """A function that checks that a folder holds the cube, each row once, and nothing else."""

    def check(folder: Path) -> None:
        parts = sorted(path.name for path in folder.iterdir())
        assert parts[0] == "_manifest.json"
        assert parts[1:] == [f"part-{number:05}.parquet" for number in range(len(parts) - 1)]
        got = pl.read_parquet(folder / "*.parquet").sort("Order")
        true = pl.DataFrame(server.truth("Sales Cube")).sort("Order")
        assert got.equals(true.cast(got.schema))
        assert [path.name for path in folder.parent.iterdir()] == [folder.name]

    return check

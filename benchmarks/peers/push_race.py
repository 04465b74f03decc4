"""Rows per second and peak memory of pushing with mstrio-py beside mstr_arrow, over the loopback.

The rows are those of `benchmarks.encode`; each client gets them as it takes them, a pandas frame or an Arrow table,
from a file. Each run is a fresh interpreter that logs in, makes a new cube of all rows and ends; the server, in a
process of its own, checks the chunks, counts their rows and forgets them. It publishes at once; mstrio-py then
sleeps for a second, which is in its time. CPU seconds are those of the client alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import mstr_arrow as ma
from benchmarks.encode import sales
from benchmarks.measure import machine, table
from benchmarks.peers.writer import CLIENTS, PEER, keep
from mstr_arrow.simulator import SimulatorProcess

ROWS, QUICK_ROWS = 1_000_000, 100_000
REPEATS = 3
HEADER = (
    "client",
    "rows/s",
    "seconds",
    "CPU s",
    "peak MB",
    "above the rows MB",
    "times its speed",
    "of its memory above the rows",
)


def main(*, quick: bool = False) -> None:
    """Print the table of the race."""
    rows, repeats = (QUICK_ROWS, 1) if quick else (ROWS, REPEATS)
    print(f"\n{machine()}; pushing {rows:,} rows x 8 columns, medians of {repeats}", flush=True)
    runs: dict[str, list[dict[str, float]]] = {client: [] for client in CLIENTS}
    with (
        tempfile.TemporaryDirectory() as folder,
        SimulatorProcess(rows=1, gzip=False, keep_uploads=False, publish_polls=0) as sim,
    ):
        keep(sales(rows), Path(folder))
        for number in range(repeats):
            for client, done in runs.items():
                cube = f"{client} {number}"
                done.append(_run(sim, client, cube, folder))
                _check(sim, cube, rows)
    medians = {
        client: {name: statistics.median(run[name] for run in found) for name in found[0]}
        for client, found in runs.items()
    }
    print(table(HEADER, [_line(client, rows, found, medians[PEER]) for client, found in medians.items()]))


def _line(client: str, rows: int, found: dict[str, float], peer: dict[str, float]) -> tuple[str, ...]:
    ratios = f"{peer['seconds'] / found['seconds']:.1f}", f"{found['above'] / peer['above']:.2f}"
    return (
        client,
        f"{rows / found['seconds']:,.0f}",
        f"{found['seconds']:.2f}",
        f"{found['cpu']:.2f}",
        f"{found['peak']:.0f}",
        f"{found['above']:.0f}",
        *(("", "") if client == PEER else ratios),
    )


def _run(sim: SimulatorProcess, client: str, cube: str, folder: str) -> dict[str, float]:
    where = json.dumps([sim.url, sim.username, sim.password, sim.project])
    command = [sys.executable, "-m", "benchmarks.peers.writer", client, cube, folder, where]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return figures


def _check(sim: SimulatorProcess, cube: str, rows: int) -> None:
    """Read how many rows the server has counted; mstrio-py says nothing when an upload fails."""
    with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn:
        counts = conn.cube(cube, row_counts=True).to_arrow()
    arrived = counts.column(0).to_pylist()
    if arrived != [rows]:
        raise RuntimeError(f"{cube}: {arrived} rows arrived of {rows}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, one repeat")
    main(quick=parser.parse_args().quick)

"""Rows per second and peak memory of mstrio-py beside mstr_arrow, over the loopback, each in its own process.

The server, in a third process, hands out pages that it encoded before: a client's first run over a cube asks for
the pages and is not measured. Each later run is a fresh interpreter that logs in, reads the cube and ends.
mstrio-py chooses its page sizes by itself, the same ones in each run; mstr_arrow is told pages of 50,000 rows,
because those it chooses depend on the moment, and a page that was not asked for before would have to be made.
"""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from functools import partial

from benchmarks.measure import machine, table, verdict
from benchmarks.pages import encoded_cubes
from mstr_arrow.simulator import SimulatorProcess

SPEED, MEMORY = 12.0, 1 / 3
ROWS, QUICK_ROWS = 1_000_000, 100_000
REPEATS = 3
PAGE_ROWS = 50_000
PEERS = ("mstrio-py", "mstr_arrow")

quick_cubes = partial(encoded_cubes, QUICK_ROWS)


def main(*, quick: bool = False) -> None:
    """Print the table of the race."""
    rows = QUICK_ROWS if quick else ROWS
    cubes = "benchmarks.peers.race:quick_cubes" if quick else "benchmarks.pages:encoded_cubes"
    repeats = 1 if quick else REPEATS
    print(f"{machine()}; {rows:,} rows, medians of {repeats}", flush=True)
    lines = []
    with SimulatorProcess(encoded=cubes, rows=1, gzip=False) as sim:
        for cube in ("Reference A", "Reference B"):
            runs: dict[str, list[dict[str, float]]] = {peer: [] for peer in PEERS}
            for number in range(repeats + 1):
                for peer in PEERS:
                    figures = _run(sim, peer, cube)
                    if figures["rows"] != rows:
                        raise RuntimeError(f"{peer} read {figures['rows']} rows of {rows}")
                    if number:
                        runs[peer].append(figures)
            lines += _lines(cube, rows, runs)
    print(table(("cube", "peer", "rows/s", "seconds", "peak MB", "above start MB", "speed", "memory"), lines))


def _lines(cube: str, rows: int, runs: dict[str, list[dict[str, float]]]) -> list[tuple[str, ...]]:
    medians = {
        peer: {name: statistics.median(run[name] for run in found) for name in found[0]}
        for peer, found in runs.items()
    }
    us = medians["mstr_arrow"]
    lines: list[tuple[str, ...]] = []
    for peer, found in medians.items():
        speed, memory = found["seconds"] / us["seconds"], us["peak"] / found["peak"]
        own = peer == "mstr_arrow"
        lines.append(
            (
                cube,
                peer,
                f"{rows / found['seconds']:,.0f}",
                f"{found['seconds']:.2f}",
                f"{found['peak']:.0f}",
                f"{found['peak'] - found['start']:.0f}",
                "" if own else f"{speed:.1f} ({verdict(speed, SPEED, at_most=False)})",
                "" if own else f"{memory:.2f} ({verdict(memory, round(MEMORY, 2), at_most=True)})",
            )
        )
    return lines


def _run(sim: SimulatorProcess, peer: str, cube: str) -> dict[str, float]:
    where = json.dumps([sim.url, sim.username, sim.password, sim.project])
    command = [sys.executable, "-m", "benchmarks.peers.race", "--peer", peer, "--cube", cube, "--where", where]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return figures


def _mstrio(url: str, username: str, password: str, project: str, *, cube: str) -> dict[str, float]:
    from mstrio import config
    from mstrio.connection import Connection
    from mstrio.project_objects import OlapCube, list_olap_cubes

    config.verbose = config.progress_bar = False
    connection = Connection(url, username, password, project_name=project)
    (found,) = list_olap_cubes(connection, name=cube, to_dictionary=True)
    start, began = _peak(), time.perf_counter()
    reader = OlapCube(connection, id=found["id"], progress_bar=False)
    rows = len(reader.to_dataframe())
    seconds = time.perf_counter() - began
    connection.close()
    return {"rows": rows, "seconds": seconds, "start": start, "peak": _peak()}


def _ours(url: str, username: str, password: str, project: str, *, cube: str) -> dict[str, float]:
    import mstr_arrow as ma

    with ma.connect(url, username=username, password=password, project=project) as conn:
        found = conn.cube(cube, limits=ma.Limits(page_rows=PAGE_ROWS))
        start, began = _peak(), time.perf_counter()
        rows = found.to_arrow().num_rows
        seconds = time.perf_counter() - began
    return {"rows": rows, "seconds": seconds, "start": start, "peak": _peak()}


def _peak() -> float:
    """Read this process's peak RSS, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peer", choices=PEERS)
    parser.add_argument("--cube")
    parser.add_argument("--where", type=json.loads)
    options = parser.parse_args()
    if options.peer is None:
        main(quick=options.quick)
    elif options.peer == "mstr_arrow":
        print(json.dumps(_ours(*options.where, cube=options.cube)))
    else:
        print(json.dumps(_mstrio(*options.where, cube=options.cube)))

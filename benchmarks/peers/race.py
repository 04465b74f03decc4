"""Speed, processor time and peak memory of mstrio-py beside mstr_arrow, over the loopback, each in its own process.

The server, in a third process, hands out pages that it encoded before: a client's first run over a cube asks for
the pages and is not measured. Each later run is a fresh interpreter that logs in, reads the cube and ends.
mstrio-py chooses its page sizes by itself, the same ones in each run; mstr_arrow is told pages of 50,000 rows,
because those it chooses depend on the moment, and a page that was not asked for before would have to be made.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product

from benchmarks.measure import machine, table, verdict
from benchmarks.pages import encoded_cubes
from benchmarks.peers.reader import OURS, PEER
from mstr_arrow.simulator import SimulatorProcess

SPEED, CPU, MEMORY = 15.0, 15.0, 0.25
ROWS, QUICK_ROWS = 1_000_000, 100_000
REPEATS = 3
CUBES = ("Reference A", "Reference B", "Reference C")
HEADER = (
    *("cube", "client", "rows/s", "seconds", "CPU s", "peak MB", "above start MB"),
    *("times its speed", "times less CPU", "of its memory"),
)

quick_cubes = partial(encoded_cubes, QUICK_ROWS)


def main(*, quick: bool = False) -> None:
    """Print the table of the race."""
    rows = QUICK_ROWS if quick else ROWS
    cubes = "benchmarks.peers.race:quick_cubes" if quick else "benchmarks.pages:encoded_cubes"
    repeats = 1 if quick else REPEATS
    print(f"{machine()}; {rows:,} rows, medians of {repeats}", flush=True)
    lines: list[tuple[str, ...]] = []
    with SimulatorProcess(encoded=cubes, rows=1, gzip=False) as sim:
        with ThreadPoolExecutor() as pool:  # all of ours ask for the same pages
            list(pool.map(partial(_run, sim), *zip(*product((PEER, OURS[0]), CUBES), strict=True)))
        for cube in CUBES:
            runs: dict[str, list[dict[str, float]]] = {peer: [] for peer in (PEER, *OURS)}
            for _ in range(repeats):
                for peer, done in runs.items():
                    done.append(_run(sim, peer, cube))
                    if done[-1]["rows"] != rows:
                        raise RuntimeError(f"{peer} read {done[-1]['rows']} rows of {rows}")
            lines += _lines(cube, rows, runs, judged=not quick)
    print(table(HEADER, lines))


def _lines(cube: str, rows: int, runs: dict[str, list[dict[str, float]]], *, judged: bool) -> list[tuple[str, ...]]:
    medians = {
        peer: {name: statistics.median(run[name] for run in found) for name in found[0]}
        for peer, found in runs.items()
    }
    peer = medians[PEER]
    lines: list[tuple[str, ...]] = []
    for name, found in medians.items():
        speed, cpu = (peer[what] / found[what] for what in ("seconds", "cpu"))
        memory = found["peak"] / peer["peak"]
        ratios = [f"{speed:.1f}", f"{cpu:.1f}", f"{memory:.2f}"]
        if judged:
            targets = (
                verdict(speed, SPEED, at_most=False),
                verdict(cpu, CPU, at_most=False),
                verdict(memory, MEMORY, at_most=True),
            )
            ratios = [f"{ratio} ({target})" for ratio, target in zip(ratios, targets, strict=True)]
        lines.append(
            (
                cube,
                name,
                f"{rows / found['seconds']:,.0f}",
                f"{found['seconds']:.2f}",
                f"{found['cpu']:.2f}",
                f"{found['peak']:.0f}",
                f"{found['peak'] - found['start']:.0f}",
                *(("", "", "") if name == PEER else ratios),
            )
        )
    return lines


def _run(sim: SimulatorProcess, peer: str, cube: str) -> dict[str, float]:
    where = json.dumps([sim.url, sim.username, sim.password, sim.project])
    command = [sys.executable, "-m", "benchmarks.peers.reader", peer, cube, where]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, one repeat")
    main(quick=parser.parse_args().quick)

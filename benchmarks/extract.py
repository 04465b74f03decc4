"""A whole extraction over the loopback, beside two other clients of the same bodies.

Run ``python -m benchmarks.extract [--quick] [--rows N]``. The simulator serves the reference pages already
encoded, from a process of its own. Measured in turn, medians of alternating repeats:

* **drain** takes the bodies from the socket and looks at none (`benchmarks.drain`): what server and loopback
  allow;
* **mstr_arrow** is ``for batch in cube``: every page decoded, checked and handed out in order;
* **loads** is ``orjson.loads`` of the same bodies, already in memory; **rows** adds a Polars frame made of the
  rows as Python lists.

CPU seconds are those of this process, the client, alone.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

import mstr_arrow as ma
from benchmarks.drain import Drain
from benchmarks.measure import machine, table, verdict
from benchmarks.pages import ROWS
from mstr_arrow.simulator import SimulatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET_CPU = 0.60
TARGET_ROWS = 1e6
DRAIN_ROWS = 5e6


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of the clock and of this process's CPU."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows, one repeat: a check that it runs")
    parser.add_argument("--rows", type=int, default=None, help="rows of each cube (default 1,000,000)")
    options = parser.parse_args()
    total = options.rows or (50_000 if options.quick else 1_000_000)
    print(f"{machine()}; {total:,} rows in pages of {ROWS:,}; the server is the simulator, on this machine\n")
    with SimulatorProcess(encoded=f"benchmarks.extract:cubes_{total}", gzip=False) as sim:
        for shape in ("A", "B", "C"):
            _measure(sim, shape, total, repeats=1 if options.quick else 5)


def __getattr__(name: str) -> Any:
    """Give the simulator's process the function that makes the cubes of a number of rows."""
    if name.startswith("cubes_"):
        from benchmarks.pages import encoded_cubes

        return lambda: encoded_cubes(int(name.removeprefix("cubes_")))
    raise AttributeError(name)


def _measure(sim: SimulatorProcess, shape: str, total: int, repeats: int) -> None:
    limits = ma.Limits(page_rows=ROWS)
    with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn:
        cube = conn.cube(f"Reference {shape}", limits=limits)
        drain = Drain(sim, cube.id, ROWS, total)
        bodies = drain.bodies()
        megabytes = sum(map(len, bodies)) / 1e6
        works: dict[str, Callable[[], object]] = {
            "drain": lambda: drain.run(threads=2),
            "mstr_arrow": lambda: _count(cube, total),
            "loads": lambda: [orjson.loads(body) and None for body in bodies],
        }
        spent = _alternate(works, repeats)
        spent["rows"] = [_spend(lambda: _frame_of_rows(bodies))]  # slow, and no target hangs on it
        drain.close()
        stats = cube.stats
    loads_cpu = statistics.median(one.cpu for one in spent["loads"])
    rows = []
    for name, runs in spent.items():
        wall, cpu = (statistics.median(getattr(one, what) for one in runs) for what in ("wall", "cpu"))
        rows.append(
            (
                f"{shape} {name}",
                f"{wall:.2f}",
                f"{total / wall / 1e6:.2f}",
                f"{megabytes / wall:.0f}",
                f"{cpu:.2f}",
                f"{cpu / loads_cpu:.2f}",
            )
        )
    print(table((f"{megabytes:.0f} MB", "seconds", "M rows/s", "MB/s", "CPU s", "CPU / loads"), rows))
    ratio = statistics.median(a.cpu / b.cpu for a, b in zip(spent["mstr_arrow"], spent["loads"], strict=True))
    print(f"client CPU / CPU of orjson.loads: {ratio:.2f} ({verdict(ratio, TARGET_CPU, at_most=True)})")
    drained = total / statistics.median(one.wall for one in spent["drain"])
    ours = total / statistics.median(one.wall for one in spent["mstr_arrow"])
    if drained >= DRAIN_ROWS:
        print(f"rows/s: {ours / 1e6:.2f} M ({verdict(ours / 1e6, TARGET_ROWS / 1e6, at_most=False)})")
    else:
        print(f"rows/s: {ours / 1e6:.2f} M; no verdict, for draining alone reached only {drained / 1e6:.2f} M")
    print(
        f"last read: {stats.requests} requests, waiting {stats.seconds_waiting:.2f} s, transferring "
        f"{stats.seconds_transferring:.2f} s, decoding {stats.seconds_decoding:.2f} s (summed over requests and "
        f"threads), event-loop lag p99 {stats.lag_p99 * 1e3:.1f} ms\n"
        if stats
        else ""
    )


def _alternate(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[Spent]]:
    spent: dict[str, list[Spent]] = {name: [] for name in works}
    for number in range(repeats + 1):
        for name, work in works.items():
            run = _spend(work)
            if number:
                spent[name].append(run)
    return spent


def _spend(work: Callable[[], object]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def _count(cube: ma.Cube, total: int) -> None:
    rows = sum(batch.num_rows for batch in cube)
    if rows != total:
        raise RuntimeError(f"{rows} rows arrived of {total}")


def _frame_of_rows(bodies: list[bytes]) -> pl.DataFrame:
    """Do what is written at first: a list per row, and a frame made of them."""
    frames = []
    for body in bodies:
        page = orjson.loads(body)
        units = page["definition"]["grid"]["rows"]
        names = [unit["name"] for unit in units]
        names += [metric["name"] for metric in page["definition"]["grid"]["columns"][0]["elements"]]
        elements = [[element["formValues"][-1] for element in unit["elements"]] for unit in units]
        rows = [
            [values[index] for values, index in zip(elements, header, strict=True)] + metrics
            for header, metrics in zip(
                page["data"]["headers"]["rows"], page["data"]["metricValues"]["raw"], strict=True
            )
        ]
        columns = [f"{number}: {name}" for number, name in enumerate(names)]  # names may repeat
        frames.append(pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None))
    return pl.concat(frames)


if __name__ == "__main__":
    main()

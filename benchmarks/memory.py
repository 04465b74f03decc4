"""Memory of a long read: peak RSS over rows, and the peak of a whole table.

Run ``python -m benchmarks.memory [--quick]``. Streams 10 million rows of the simulator's Sales Cube (made while
they are read, in a process of its own) through ``to_reader()`` into a Parquet file, and prints the process's RSS
as it goes; then, in a fresh process, reads 1 million rows with ``to_arrow()`` and compares the peak with the
table. ``--part parquet`` streams 10 million rows in a process that holds nothing else (`benchmarks.streamed`), by
``to_reader()`` and by ``write_parquet()``, with the default settings and with a buffer of 16 MiB, beside the bound:
as many rows written from memory by pyarrow.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from itertools import chain, product, repeat
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

import mstr_arrow as ma
from benchmarks import slow_consumer
from benchmarks.measure import machine, peak_rss, table, verdict
from benchmarks.streamed import Streamed, write
from mstr_arrow.simulator import SimulatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable

MB = 1e6
TARGET_RSS = 400.0
TARGET_GROWTH = 50.0
TARGET_TABLE = 2.0
TARGET_PARQUET = {0: 260.0, 16 * 2**20: 180.0}
ALLOWANCE = 200.0


def main() -> int:
    """Run the parts, each in a process of its own: the peak of a process never falls."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows: a check that it runs")
    parser.add_argument("--part", choices=tuple(PARTS), help="one part, in this process")
    options = parser.parse_args()
    if options.part:
        part = PARTS[options.part]
        return 0 if part.measure(part.quick_rows if options.quick else part.rows) else 1
    print(f"{machine()}; the server is the simulator, on this machine\n", flush=True)
    command = [sys.executable, "-m", "benchmarks.memory", *sys.argv[1:], "--part"]
    missed = [part for part in PARTS if subprocess.run([*command, part], check=False).returncode]
    return 1 if missed else 0


def _stream(rows: int) -> bool:
    process, lines, due = psutil.Process(), [], 0
    peak, peak_after_first = 0.0, 0.0
    began = time.monotonic()
    with (
        SimulatorProcess(rows=rows, gzip=False) as sim,
        ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn,
        tempfile.TemporaryDirectory() as folder,
    ):
        reader = conn.cube("Sales Cube").to_reader()
        with pq.ParquetWriter(Path(folder) / "sales.parquet", reader.schema) as writer:
            done = 0
            for batch in reader:
                writer.write_batch(batch)
                done += batch.num_rows
                rss = process.memory_info().rss / MB
                peak = max(peak, rss)
                if done <= rows // 10:
                    peak_after_first = peak
                if done >= due:
                    lines.append((f"{done:,}", f"{rss:.0f}", f"{peak:.0f}", f"{time.monotonic() - began:.0f}"))
                    due += rows // 10
            lines.append((f"{done:,}", f"{rss:.0f}", f"{peak:.0f}", f"{time.monotonic() - began:.0f}"))
    if done != rows:
        raise RuntimeError(f"{done} rows arrived of {rows}")
    print(f"to_reader() into Parquet, {rows:,} rows")
    print(table(("rows", "RSS MB", "peak MB", "seconds"), lines))
    growth = peak - peak_after_first
    print(f"peak {peak:.0f} MB ({verdict(peak, TARGET_RSS, at_most=True)})")
    target = verdict(growth, TARGET_GROWTH, at_most=True)
    print(f"growth of the peak after the first tenth {growth:.0f} MB ({target})\n", flush=True)
    return "--quick" in sys.argv or (peak <= TARGET_RSS and growth <= TARGET_GROWTH)


def _parquet(rows: int) -> bool:
    """Stream into Parquet in each way with each size of buffer, from servers that have made nothing yet."""
    bound = _from_memory(rows)
    lines = [("from memory, pyarrow alone", f"{bound.rows / bound.seconds:,.0f}", f"{bound.cpu:.1f}", "", "", "")]
    met = True
    for way, (buffer_bytes, most) in product(("to_reader", "write_parquet"), TARGET_PARQUET.items()):
        one = _streamed(rows, buffer_bytes, way)
        met = met and one.peak <= most
        what = f"{way}(), " + (f"buffer_bytes {buffer_bytes >> 20} MiB" if buffer_bytes else "default settings")
        speed = f"{one.rows / one.seconds:,.0f}"
        target = verdict(one.peak, most, at_most=True)
        lines.append((what, speed, f"{one.cpu:.1f}", f"{one.before:.0f}", f"{one.peak:.0f}", target))
    print(f"{rows:,} rows streamed into Parquet; rows/s end at what the server makes")
    print(table(("how", "rows/s", "CPU s", "MB before", "peak MB", "target"), lines), flush=True)
    return "--quick" in sys.argv or met


def _streamed(rows: int, buffer_bytes: int, way: str) -> Streamed:
    """Stream as many rows in a process of its own; errors: RuntimeError where others arrive."""
    with SimulatorProcess(rows=rows, gzip=False) as sim:
        where = json.dumps([sim.url, sim.username, sim.password, sim.project])
        command = [sys.executable, "-m", "benchmarks.streamed", where, "Sales Cube", str(buffer_bytes), way]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    one = Streamed(**json.loads(answer.stdout.splitlines()[-1]))
    if one.rows != rows:
        raise RuntimeError(f"{one.rows} rows arrived of {rows}")
    return one


def _from_memory(rows: int) -> Streamed:
    """Write as many rows, of batches that are there already."""
    few = min(rows, 500_000)
    with (
        SimulatorProcess(rows=few, gzip=False) as sim,
        ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn,
    ):
        batches = list(conn.cube("Sales Cube"))
    return write(batches[0].schema, chain.from_iterable(repeat(batches, rows // few)))


def _table(rows: int) -> bool:
    with (
        SimulatorProcess(rows=rows, gzip=False) as sim,
        ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn,
    ):
        cube = conn.cube("Sales Cube")
        cube.schema  # noqa: B018 - what is loaded by then is not the table's
        before = psutil.Process().memory_info().rss / MB
        result = cube.to_arrow()
        size = result.get_total_buffer_size() / MB
        added = peak_rss() - before
    allowed = TARGET_TABLE * size + ALLOWANCE
    print(f"to_arrow() of {rows:,} rows: table {size:.0f} MB, peak RSS {added:.0f} MB above the start")
    print(f"twice the table and {ALLOWANCE:.0f} MB ({verdict(added, allowed, at_most=True)})")
    print(f"Arrow's own peak: {pa.default_memory_pool().max_memory() / MB:.0f} MB\n", flush=True)
    return "--quick" in sys.argv or added <= allowed


@dataclass(frozen=True, slots=True)
class Part:
    """What is measured, which tells whether the targets are met, over so many rows."""

    measure: Callable[[int], bool]
    rows: int
    quick_rows: int


SLOW = {
    f"slow-{consume.__name__}": Part(partial(slow_consumer.measure, consume), 120_000, 20_000)
    for consume in slow_consumer.CONSUMERS
}
PARTS = {"stream": Part(_stream, 10_000_000, 100_000), "table": Part(_table, 1_000_000, 30_000)}
PARTS |= {"parquet": Part(_parquet, 10_000_000, 100_000), **SLOW}


if __name__ == "__main__":
    sys.exit(main())

"""One read streamed into a Parquet file, in a process that holds nothing else.

Run ``python -m benchmarks.streamed WHERE CUBE BUFFER_BYTES WAY``; it prints a line of JSON: rows, seconds, CPU
seconds, and the peak RSS in MB before and after. ``BUFFER_BYTES`` 0 keeps the default. ``WAY`` is ``to_reader``,
whose batches pyarrow writes as they come, or ``write_parquet``.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

import mstr_arrow as ma
from benchmarks.measure import peak_rss

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Streamed:
    """What it took to write so many rows."""

    rows: int
    seconds: float
    cpu: float
    before: float
    peak: float


def stream(where: list[str], cube: str, buffer_bytes: int, way: str) -> Streamed:
    """Read a cube and write it in one of the ways."""
    url, username, password, project = where
    before = peak_rss()
    limits = ma.Limits(buffer_bytes=buffer_bytes) if buffer_bytes else ma.Limits()
    with ma.connect(url, username=username, password=password, project=project) as conn:
        scan = conn.cube(cube, limits=limits)
        if way == "to_reader":
            reader = scan.to_reader()
            return replace(write(reader.schema, reader), before=before)
        began, cpu = time.perf_counter(), time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            rows = scan.write_parquet(Path(folder) / "rows.parquet").rows
        return Streamed(rows, time.perf_counter() - began, time.process_time() - cpu, before, peak_rss())


def write(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Streamed:
    """Write batches into a file that is thrown away."""
    rows, before, began, cpu = 0, peak_rss(), time.perf_counter(), time.process_time()
    with (
        tempfile.TemporaryDirectory() as folder,
        pq.ParquetWriter(Path(folder) / "rows.parquet", schema) as writer,
    ):
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return Streamed(rows, time.perf_counter() - began, time.process_time() - cpu, before, peak_rss())


if __name__ == "__main__":
    server, name, size, chosen = sys.argv[1:]
    print(json.dumps(asdict(stream(json.loads(server), name, int(size), chosen))))

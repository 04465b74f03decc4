"""Arrow to the request bodies of an upload, beside pandas.

Run ``python -m benchmarks.encode [--quick]``. Encodes 1 million rows of 8 columns (two strings of few distinct
texts with quotes and umlauts, one of a million, a date, a timestamp, two doubles, an integer) into ready chunk
bodies, by columns and by rows. The peer is pandas in the same run: ``to_json(orient="values")``, base64 and
``json.dumps``, all rows at once and 100,000 at a time; what counts is the latter, which is faster. Seconds are the
processor's, all threads together. Then, in a fresh process each that has encoded a few rows before, the memory that
4 million rows take beyond themselves, with one finished chunk always held, as by a sender.
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

import polars as pl
import psutil
import pyarrow as pa

from benchmarks.measure import alternate, machine, median_ratio, table, verdict
from mstr_arrow.allocation import prefer_jemalloc
from mstr_arrow.upload.chunks import Chunk, chunks
from mstr_arrow.upload.options import CHUNK_BYTES
from mstr_arrow.upload.slices import EncodeOptions, Orientation

if TYPE_CHECKING:
    from collections.abc import Iterator

MB = 1e6
TARGET_RATIOS = {"by columns": 8.0, "by rows": 4.0}
TARGET_CHUNKS = 3.0
PEER_ROWS = 100_000
PEER = f"pandas, {PEER_ROWS:,} rows at a time"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows: a check that it runs")
    parser.add_argument("--memory", choices=get_args(Orientation), help="measure this one, in this process")
    parser.add_argument("--data", type=Path, help="the rows for --memory, an Arrow file")
    options = parser.parse_args()
    if options.memory:
        _memory(options.memory, options.data)
        return
    library = "pybase64" if importlib.util.find_spec("pybase64") else "the standard library"
    print(f"{machine()}; base64 by {library}; chunk bodies of {CHUNK_BYTES / 2**20:.0f} MiB; figures are medians\n")
    scale = 40 if options.quick else 1
    _speed(sales(1_000_000 // scale), repeats=1 if options.quick else 7)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales.arrow"
        sales(4_000_000 // scale).write_ipc(path, compat_level=pl.CompatLevel.oldest())
        for orientation in get_args(Orientation):
            # A process for each: memory that was used once is not all given back.
            command = [sys.executable, "-m", "benchmarks.encode", "--memory", orientation, "--data", str(path)]
            subprocess.run([*command, *(["--quick"] if options.quick else [])], check=True)


def sales(rows: int, first: int = 0) -> pl.DataFrame:
    """Make rows that are encoded, from the ``first`` on; the same ones every time, no two with equal attributes."""
    row = pl.int_range(first, first + rows)
    regions = pl.Series([f'Größe "{number}" \\ ä' for number in range(20)])
    streets = pl.Series([f"Straße {number}" for number in range(200)])
    return pl.select(
        region=pl.lit(regions).gather(row * 7919 % 20),
        street=pl.lit(streets).gather(row * 104_729 % 200),
        customer=pl.format("cust-{}-{}", row * 7919 % rows, row * 31 % 977),
        day=pl.date(2020, 1, 1) + pl.duration(days=row % 2000),
        sold_at=pl.datetime(2020, 1, 1) + pl.duration(milliseconds=row * 1237),
        revenue=(row * 0.1234567).sin() * 1000,
        cost=row / 7,
        quantity=row * 7919 % 100_003,
    )


def encode(data: pa.Table, orientation: Orientation) -> Iterator[Chunk]:
    """Encode all rows, as they are asked for."""
    options = EncodeOptions(orientation)
    return chunks(data.to_batches(), data.schema, table="sales", options=options, chunk_bytes=CHUNK_BYTES)


def _speed(frame: pl.DataFrame, repeats: int) -> None:
    data, pandas = frame.to_arrow(), frame.to_pandas()

    def peer(rows: int) -> int:
        return sum(len(_peer_body(pandas[start : start + rows])) for start in range(0, len(pandas), rows))

    def ours(orientation: Orientation) -> int:
        return sum(map(len, chain.from_iterable(chunk.body for chunk in encode(data, orientation))))

    works = {
        "pandas, all at once": partial(peer, frame.height),
        PEER: partial(peer, PEER_ROWS),
        "by columns": partial(ours, "COLUMN"),
        "by rows": partial(ours, "ROW"),
    }
    seconds = alternate(works, repeats, time.process_time)
    rows = []
    for name, work in works.items():
        size, took = work() / MB, statistics.median(seconds[name])
        ratio = median_ratio(seconds[PEER], seconds[name])
        target = verdict(ratio, TARGET_RATIOS[name], at_most=False) if name in TARGET_RATIOS else ""
        rates = (f"{frame.height / took / 1e6:.2f}", f"{size / took:.0f}")
        rows.append((name, f"{size:.0f} MB", f"{took * 1e3:.0f} ms", *rates, f"{ratio:.1f}", target))
    header = ("encoded", "bodies", "processor time", "M rows/s", "MB of body/s", "times as fast", "target")
    print(f"{frame.height:,} rows x {frame.width} columns\n{table(header, rows)}\n", flush=True)


def _peer_body(rows: Any) -> bytes:
    text = rows.to_json(orient="values", date_format="iso")
    data = base64.b64encode(text.encode()).decode()
    return json.dumps({"tableName": "sales", "index": 1, "data": data}).encode()


def _memory(orientation: Orientation, path: Path) -> None:
    prefer_jemalloc()  # as an upload does
    data = pa.ipc.open_file(pa.OSFile(str(path))).read_all()
    # What the libraries set up for the first rows of a process is none of the rows' memory.
    for _ in encode(data.slice(0, 1000), orientation):
        pass
    pa.default_memory_pool().release_unused()
    done, sizes = 0, []
    with Peak() as peak:
        for chunk in encode(data, orientation):  # what is bound here is held while the next one is made
            done += chunk.rows
            sizes.append(chunk.size)
    if done != data.num_rows:
        raise RuntimeError(f"{done} rows are in the chunks, of {data.num_rows}")
    filled = f", all but the last filled to {min(sizes[:-1]) / CHUNK_BYTES:.1%} or more" if sizes[1:] else ""
    in_chunks = peak.above / CHUNK_BYTES
    print(
        f"by {orientation.lower()}s, {done:,} rows in {len(sizes)} chunks{filled}: peak memory "
        f"{peak.above / MB:.0f} MB above the rows, {in_chunks:.2f} chunks "
        f"({verdict(in_chunks, TARGET_CHUNKS, at_most=True)})"
    )


class Peak:
    """The peak of this process's RSS above what it was at the start, looked at every 2 ms."""

    def __enter__(self) -> Self:
        self._process = psutil.Process()
        self._start = self._highest = self._process.memory_info().rss
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def above(self) -> int:
        """The bytes of it."""
        return self._highest - self._start

    def _watch(self) -> None:
        while not self._done.is_set():
            self._highest = max(self._highest, self._process.memory_info().rss)
            time.sleep(0.002)


if __name__ == "__main__":
    main()

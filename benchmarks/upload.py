"""Parquet to a SuperCube, end to end: rows/s, MB/s, where the time goes, and memory.

Run ``python -m benchmarks.upload [--quick]``. Writes a Parquet file of 10 million rows and 8 columns, then pushes
it with ``conn.write`` to the simulator in a process of its own, as a Polars scan and as a pyarrow dataset, each in
a fresh process whose peak RSS is printed as it goes. The simulator checks that each chunk is base64 of JSON of the
right shape, counts its rows and forgets it. The bound: as many bodies that were ready before, sent one after the
other by aiohttp alone.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import Self

import aiohttp
import polars as pl
import psutil
import pyarrow as pa
import pyarrow.dataset as pa_dataset
import pyarrow.parquet as pq
from yarl import URL

import mstr_arrow as ma
from benchmarks.encode import sales
from benchmarks.measure import machine, peak_rss, table, verdict
from mstr_arrow.session.client import client_of
from mstr_arrow.simulator import SimulatorProcess
from mstr_arrow.upload.chunks import chunks
from mstr_arrow.upload.encode import EncodeOptions
from mstr_arrow.upload.options import CHUNK_BYTES

MB = 1e6
TARGET_RSS = 300.0
TARGET_GROWTH = 100.0
OPENERS = {"polars": pl.scan_parquet, "dataset": pa_dataset.dataset}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows: a check that it runs")
    parser.add_argument("--part", choices=OPENERS, help="push this way, in this process")
    parser.add_argument("--file", type=Path, help="the Parquet file for --part")
    options = parser.parse_args()
    if options.part:
        _push(options.part, options.file)
        return
    print(f"{machine()}; the server is the simulator, on this machine\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales.parquet"
        _write(path, 50_000 if options.quick else 10_000_000)
        for part in OPENERS:
            # A process for each: the peak of a process never falls.
            command = [sys.executable, "-m", "benchmarks.upload", "--part", part, "--file", str(path)]
            subprocess.run([*command, *(["--quick"] if options.quick else [])], check=True)


def _write(path: Path, rows: int) -> None:
    """Write the file, at most a million rows at a time."""
    count = min(rows, 1_000_000)
    with pq.ParquetWriter(path, sales(0).to_arrow().schema) as writer:
        for first in range(0, rows, count):
            writer.write_table(sales(count, first).to_arrow(), row_group_size=131_072)


def _push(part: str, path: Path) -> None:
    seen: list[tuple[float, int]] = []
    with SimulatorProcess(rows=10, keep_uploads=False) as sim:
        with (
            ma.connect(sim.url, username=sim.username, password=sim.password) as conn,
            Watch() as watch,
        ):
            result = conn.write(
                "Pushed", OPENERS[part](path), verify=True, on_progress=lambda p: seen.append((watch.now(), p.rows))
            )
        peak = peak_rss()
        sent = _sent(sim, path, result.chunks)
    if not result.verified:
        raise RuntimeError(result.verification)
    print(f"{part}: {result.rows:,} rows from Parquet, {result.chunks} chunks of {result.bytes / MB:.0f} MB in all")
    rows_then = [(f"{rows:,}", f"{rss:.0f}") for rss, rows in seen[:: max(1, len(seen) // 6)]]
    print(table(("rows sent", "peak RSS MB"), rows_then))
    moving = result.seconds - result.seconds_publishing
    print(
        f"{result.rows / result.seconds / 1e6:.2f} M rows/s, {result.bytes / result.seconds / MB:.0f} MB/s; "
        f"of {result.seconds:.1f} s: sending {result.seconds_sending:.1f}, waiting for a chunk "
        f"{result.seconds_waiting:.1f}, publishing {result.seconds_publishing:.1f}; "
        f"encoding took {result.seconds_encoding:.1f} beside them"
    )
    print(f"bound: bodies that were ready take {sent:.1f} s; an upload takes {moving / sent:.2f} times that")
    print(f"peak RSS {peak:.0f} MB ({verdict(peak, TARGET_RSS, at_most=True)})")
    early = next(rss for rss, rows in seen if rows >= min(result.rows // 5, 2_000_000))
    growth = verdict(peak - early, TARGET_GROWTH, at_most=True)
    print(f"growth of the peak after the first fifth {peak - early:.0f} MB ({growth})\n", flush=True)


class Watch:
    """The peak of this process's RSS so far, looked at every 5 ms."""

    def __enter__(self) -> Self:
        self._process, self._peak, self._end = psutil.Process(), 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def now(self) -> float:
        """Return the peak so far, in MB."""
        return self._peak

    def _watch(self) -> None:
        while not self._end.wait(0.005):
            self._peak = max(self._peak, self._process.memory_info().rss / MB)


def _sent(sim: SimulatorProcess, path: Path, count: int) -> float:
    """Send one ready body as often as the upload sent chunks; return the seconds."""
    rows = pq.ParquetFile(path).iter_batches(131_072)
    schema = pq.read_schema(path)
    options = EncodeOptions()
    ready = next(chunks(rows, schema, table="Pushed", options=options, chunk_bytes=CHUNK_BYTES))
    with ma.connect(sim.url, username=sim.username, password=sim.password) as conn:
        cube = ma.SuperCube(conn, name="Pushed Ready")
        cube.add_table("Pushed", pa.Table.from_batches([], schema))
        cube.create(auto_upload=False)
        tables = [
            {"name": "Pushed", "updatePolicy": "replace", "orientation": "COLUMN", "columnHeaders": schema.names}
        ]
        opened = conn.post(f"datasets/{cube.id}/uploadSessions", json={"tables": tables}).json()
        path_of = f"/api/datasets/{cube.id}/uploadSessions/{opened['uploadSessionId']}"
        keys = client_of(conn).http.own.keys
        headers = {**keys.headers(URL(sim.url)), "X-MSTR-ProjectID": conn.project_id}
        body = b"".join(ready.body)

        async def send() -> float:
            async with aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as client:
                began = time.perf_counter()
                for _ in range(count):
                    async with client.put(f"{sim.url}{path_of}", data=BytesIO(body)) as answer:
                        answer.raise_for_status()
                return time.perf_counter() - began

        return asyncio.run(send())


if __name__ == "__main__":
    main()

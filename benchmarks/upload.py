"""Parquet to a SuperCube, end to end: rows/s, MB/s, where the time goes, and memory.

Run ``python -m benchmarks.upload [--quick]``. Writes a Parquet file of 10 million rows and 8 columns, then pushes
it with ``conn.write`` as a Polars scan and as a pyarrow dataset, each in a fresh process whose peak RSS is printed
as it goes, and which imports nothing of the simulator: that is another process, which checks that each chunk is
base64 of JSON of the right shape, counts its rows and forgets it. The bound, in a process of its own, too: as many
bodies that were ready before, sent one after the other by aiohttp alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import polars as pl
import psutil
import pyarrow as pa

import mstr_arrow as ma
from benchmarks.measure import machine, peak_rss, table, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

MB = 1e6
TARGET_RSS = 300.0
TARGET_GROWTH = 100.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows: a check that it runs")
    parser.add_argument("--rows", type=int, help="so many rows, in place of 10 million")
    parser.add_argument("--part", choices=PARTS, help="do this, in this process, at the --server with the --file")
    parser.add_argument("--file", type=Path, help="the Parquet file")
    parser.add_argument("--server", type=json.loads, help="what connects, as JSON")
    parser.add_argument("--chunks", type=int, default=0, help="so many bodies are sent for the bound")
    options = parser.parse_args()
    if options.part == "bound":
        print(_bound(options.server, options.file, options.chunks))
    elif options.part:
        print(json.dumps(_push(options.part, options.server, options.file)))
    else:
        _compare(options.rows or (50_000 if options.quick else 10_000_000))


def _compare(rows: int) -> None:
    from mstr_arrow.simulator import SimulatorProcess

    print(f"{machine()}; the server is the simulator, on this machine\n", flush=True)
    with tempfile.TemporaryDirectory() as folder, SimulatorProcess(rows=10, keep_uploads=False) as sim:
        path = Path(folder) / "sales.parquet"
        subprocess.run([sys.executable, "-c", _WRITE, str(path), str(rows)], check=True)
        server = json.dumps({"url": sim.url, "username": sim.username, "password": sim.password})
        for part in OPENERS:
            # A process for each: the peak of a process never falls.
            pushed = json.loads(_run("--part", part, "--file", str(path), "--server", server))
            count = str(pushed["chunks"])
            bound = float(_run("--part", "bound", "--file", str(path), "--server", server, "--chunks", count))
            _report(part, pushed, bound)


_WRITE = """
import sys; from pathlib import Path; from benchmarks.upload import write_file
write_file(Path(sys.argv[1]), int(sys.argv[2]))
"""


def write_file(path: Path, rows: int) -> None:
    """Write the file, at most a million rows at a time."""
    import pyarrow.parquet as pq

    from benchmarks.encode import sales

    count = min(rows, 1_000_000)
    with pq.ParquetWriter(path, sales(0).to_arrow().schema) as writer:
        for first in range(0, rows, count):
            writer.write_table(sales(count, first).to_arrow(), row_group_size=131_072)


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks.upload", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _dataset(path: Path) -> Any:
    import pyarrow.dataset as pa_dataset

    return pa_dataset.dataset(path)


OPENERS: dict[str, Callable[[Path], Any]] = {"polars": pl.scan_parquet, "dataset": _dataset}
PARTS = (*OPENERS, "bound")


def _push(part: str, server: Any, path: Path) -> dict[str, Any]:
    """Push the file; return the figures."""
    seen: list[tuple[float, int]] = []
    with ma.connect(**server) as conn, Watch() as watch:
        connected = peak_rss()
        result = conn.write(
            "Pushed", OPENERS[part](path), verify=True, on_progress=lambda p: seen.append((watch.now(), p.rows))
        )
    peak = peak_rss()
    if not result.verified:
        raise RuntimeError(result.verification)
    taken = ("rows", "chunks", "bytes", "seconds", "seconds_sending", "seconds_waiting", "seconds_publishing")
    figures = {name: getattr(result, name) for name in (*taken, "seconds_encoding")}
    return {**figures, "seen": seen, "connected": connected, "peak": peak, "processor": time.process_time()}


def _report(part: str, pushed: dict[str, Any], bound: float) -> None:
    rows, seconds, size, seen = pushed["rows"], pushed["seconds"], pushed["bytes"], pushed["seen"]
    print(f"{part}: {rows:,} rows from Parquet, {pushed['chunks']} chunks of {size / MB:.0f} MB in all")
    rows_then = [(f"{rows:,}", f"{rss:.0f}") for rss, rows in seen[:: max(1, len(seen) // 6)]]
    print(table(("rows sent", "peak RSS MB"), rows_then))
    publishing = pushed["seconds_publishing"]
    print(
        f"{rows / seconds / 1e6:.2f} M rows/s, {size / seconds / MB:.0f} MB/s; "
        f"of {seconds:.1f} s: sending {pushed['seconds_sending']:.1f}, waiting for a chunk "
        f"{pushed['seconds_waiting']:.1f}, publishing {publishing:.1f}; encoding took "
        f"{pushed['seconds_encoding']:.1f} beside them; {pushed['processor']:.1f} s of processor time"
    )
    times = (seconds - publishing) / bound
    print(f"bound: bodies that were ready take {bound:.1f} s; an upload takes {times:.2f} times that")
    peak = pushed["peak"]
    print(f"RSS {pushed['connected']:.0f} MB when connected, peak {peak:.0f} MB", end=" ")
    print(f"({verdict(peak, TARGET_RSS, at_most=True)})")
    early = next(rss for rss, sent in seen if sent >= min(rows // 5, 2_000_000))
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


def _bound(server: Any, path: Path, count: int) -> float:
    """Send one ready body as often as the upload sent chunks; return the seconds."""
    import aiohttp
    import pyarrow.parquet as pq
    from yarl import URL

    from mstr_arrow.session.session_client import client_of
    from mstr_arrow.upload.chunks import chunks
    from mstr_arrow.upload.options import CHUNK_BYTES
    from mstr_arrow.upload.slices import EncodeOptions

    rows = pq.ParquetFile(path).iter_batches(131_072)
    schema = pq.read_schema(path)
    ready = next(chunks(rows, schema, table="Pushed", options=EncodeOptions(), chunk_bytes=CHUNK_BYTES))
    with ma.connect(**server) as conn:
        cube = ma.SuperCube(conn, name="Pushed Ready")
        cube.add_table("Pushed", pa.Table.from_batches([], schema))
        cube.create(auto_upload=False, force=True)
        tables = [
            {"name": "Pushed", "updatePolicy": "replace", "orientation": "COLUMN", "columnHeaders": schema.names}
        ]
        opened = conn.post(f"datasets/{cube.id}/uploadSessions", json={"tables": tables}).json()
        url = f"{server['url']}/api/datasets/{cube.id}/uploadSessions/{opened['uploadSessionId']}"
        keys = client_of(conn).http.own.keys
        headers = {**keys.headers(URL(server["url"])), "X-MSTR-ProjectID": conn.project_id}
        body = b"".join(ready.body)

        async def send() -> float:
            async with aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as client:
                began = time.perf_counter()
                for _ in range(count):
                    async with client.put(url, data=BytesIO(body)) as answer:
                        answer.raise_for_status()
                return time.perf_counter() - began

        return asyncio.run(send())


if __name__ == "__main__":
    main()

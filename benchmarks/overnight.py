"""A night's extraction, shortened, from a server that fails again and again: ``python -m benchmarks.overnight``.

The command ``mstr-arrow fetch --resume``, as an unattended job runs it, extracts 10 million rows in pages of 5,000
from the simulator. One page request in a hundred fails, in one of many ways; with every 200th the session ends, and
with every 500th the session's instances are dropped. The command is started once, with no settings but the size of
pages. Shown are what it took, its memory, looked at twenty times a second, and whether the folder is the truth: one
checksum is of the values that pyarrow reads from the folder, the other of those that the model of the simulator
computes, by neither JSON nor the client. ``--quick`` reads 55,000 rows in pages of 100, at the same rates, with a
small buffer: into the usual one go so many of these that most rows would be fetched again when a session ends.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import machine
from mstr_arrow.simulator import Fault, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CUBE, PAGES = "Sales Cube", r"/instances/[^/]+$"
CHANCE, EXPIRY, EVICTION = 0.01, 200, 500
"""The part of page requests that fail; after how many of them the session ends, and its instances are dropped."""

MB, BLOCK = 1e6, 250_000
GROWTH, MINUTES = 50.0, 15.0
"""MB by which the peak of memory may grow after the first tenth; minutes that it may take."""

LATE, MEMORY = -2147206497, -2147073380
COMMAND = "from mstr_arrow.cli import main; main()"


def faults(page_rows: int) -> list[Fault]:
    """Return what goes wrong."""
    kinds = [
        Fault.error(500),
        Fault.html(502),
        Fault.empty(503),
        Fault.html(504),
        Fault.busy(429, retry_after=0.5),
        Fault.reset(),
        Fault.reset_midway(),
        Fault.truncated(),
        Fault.cut_short(),
        Fault.damaged(),
        Fault.not_json(),
        Fault.trickled(1),
        Fault.stalled(1),
        Fault.slow(1),
        Fault.short_page(page_rows // 2),
        Fault.error(500, iserver_code=LATE),
        Fault.error(500, iserver_code=MEMORY),
    ]
    return [
        Fault.logged_out().on("GET", PAGES, times=None, every=EXPIRY),
        Fault.instances_dropped().on("GET", PAGES, times=None, every=EVICTION),
        *(kind.on("GET", PAGES, times=None, chance=CHANCE / len(kinds)) for kind in kinds),
    ]


@dataclass(slots=True)
class Watch:
    """What was seen of the command while it ran."""

    code: int = -1
    seconds: float = 0.0
    cpu: float = 0.0
    server_cpu: float = 0.0
    peak: float = 0.0
    peak_of_first_tenth: float = 0.0
    most_sessions: int = 0


def main() -> int:
    """Run it, print the figures, and say by the exit code whether they are as promised."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="55,000 rows in pages of 100")
    parser.add_argument("--rows", type=int, help="as many rows, in place of 10 million")
    parser.add_argument("--seed", type=int, default=1, help="seed of the faults")
    options = parser.parse_args()
    rows, page_rows = (55_000, 100) if options.quick else (options.rows or 10_000_000, 5_000)
    print(f"{machine()}; the server is the simulator, on this machine", flush=True)
    with (
        Simulator(rows=rows, fault_seed=options.seed) as server,
        tempfile.TemporaryDirectory() as scratch,
    ):
        for fault in faults(page_rows):
            server.fail(fault)
        folder = Path(scratch) / "sales"
        seen = watched(server, folder, rows, page_rows, ["--buffer-bytes", "500000"] if options.quick else [])
        figures = judged(server, folder, seen, rows // page_rows, quick=options.quick)
    for name, value, good in figures:
        print(f"  {name:52} {value:>20}  {'as promised' if good else 'NOT AS PROMISED'}")
    return 0 if all(good for *_, good in figures) else 1


def watched(server: Simulator, folder: Path, rows: int, page_rows: int, more: list[str]) -> Watch:
    """Run the command once, and print how far it is and what memory it has, ten times."""
    fetch = ["fetch", CUBE, "--output", f"{folder}/", "--resume", "--page-rows", str(page_rows), "--quiet", *more]
    named = {"URL": server.url, "USERNAME": server.username, "PASSWORD": server.password}
    environment = os.environ | {f"MSTR_{name}": value for name, value in named.items()}
    seen, sent, counted, due, began = Watch(), 0, 0, 1, time.monotonic()
    print(
        f"{'rows sent':>12} {'requests':>9} {'log-ins':>8} {'instances':>10} {'RSS MB':>7} {'peak MB':>8} {'s':>5}"
    )
    with subprocess.Popen([sys.executable, "-c", COMMAND, *fetch], env=environment) as process:
        job = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                rss, cpu = job.memory_info().rss / MB, job.cpu_times()
            except psutil.NoSuchProcess:
                break
            new = server.requests[counted:]
            counted += len(new)
            sent += sum(request.answer_rows for request in new)
            seen.cpu = cpu.user + cpu.system
            seen.peak = max(seen.peak, rss)
            seen.most_sessions = max(seen.most_sessions, server.open_sessions)
            if sent <= rows // 10:
                seen.peak_of_first_tenth = seen.peak
            if sent >= due * rows // 10:
                due = 1 + sent * 10 // rows
                seconds = time.monotonic() - began
                line = f"{sent:12,} {counted:9,} {logins(server):8} {server.instances_created:10} {rss:7.0f}"
                print(f"{line} {seen.peak:8.0f} {seconds:5.0f}", flush=True)
            time.sleep(0.05)
        seen.code, seen.seconds = process.wait(), time.monotonic() - began
        seen.server_cpu = time.process_time()
    return seen


def judged(server: Simulator, folder: Path, seen: Watch, least: int, *, quick: bool) -> list[tuple[str, str, bool]]:
    """Return each figure with its name, and whether it is as promised; ``least`` pages hold all rows."""
    rows, made, log_ins = server.settings.rows, server.instances_created, logins(server)
    asked = sum(each.method == "GET" and re.search(PAGES, each.path) is not None for each in server.requests)
    twice = sum(each.answer_rows for each in server.requests) - rows
    ended, dropped, *others = server.faults_due
    failed = sum(others)
    growth = seen.peak - seen.peak_of_first_tenth
    true = checksum(truth(server, rows))
    found = checksum(stored(folder, next(truth(server, 1)).schema))
    minutes = seen.seconds / 60
    figures = [
        ("exit code of the one run", f"{seen.code}", seen.code == 0),
        ("rows and checksum of the folder", found, found == true),
        ("  of the truth", true, found == true),
        (f"requests for pages, of which {least:,} hold all rows", f"{asked:,}", asked >= least),
        (
            f"  failed by chance, in {sum(map(bool, others))} of {len(others)} ways",
            f"{failed}",
            asked * CHANCE / 3 <= failed <= asked * CHANCE * 3,
        ),
        (f"  ended the session, one in {EXPIRY}", f"{ended}", ended == asked // EXPIRY > 0),
        (f"  dropped the instances, one in {EVICTION}", f"{dropped}", dropped == asked // EVICTION > 0),
        ("log-ins, at most one for each session that ended", f"{log_ins}", 2 <= log_ins <= ended + 1),
        (
            "instances, three at first and two for each that went, of rows and of totals",
            f"{made}",
            5 <= made <= 2 * (ended + dropped) + 3,
        ),
        ("rows sent more than once, of at most a tenth", f"{twice:,}", 0 < twice <= rows // 10),
        ("most sessions at once", f"{seen.most_sessions}", seen.most_sessions == 1),
        ("sessions left", f"{server.open_sessions}", server.open_sessions == 0),
        (f"minutes, of at most {MINUTES:.0f}", f"{minutes:.1f}", minutes <= MINUTES),
        (
            "  of a processor, by the command and the server",
            f"{seen.cpu / 60:.1f} + {seen.server_cpu / 60:.1f}",
            True,
        ),
        ("peak RSS, MB", f"{seen.peak:.0f}", True),
    ]
    if not quick:  # its first tenth is over before there is anything to keep
        above = f"  more than in the first tenth, of at most {GROWTH:.0f}"
        figures.append((above, f"{growth:.0f}", growth <= GROWTH))
    return figures


def logins(server: Simulator) -> int:
    """Count the log-ins that succeeded."""
    return sum(each.path == "/api/auth/login" and each.status == 204 for each in server.requests)


def truth(server: Simulator, rows: int) -> Iterator[pl.DataFrame]:
    """Compute the true rows in their total order, which is that of their numbers, some at a time."""
    for start in range(0, rows, BLOCK):
        yield pl.DataFrame(server.truth(CUBE, offset=start, limit=BLOCK))


def stored(folder: Path, types: pl.Schema) -> Iterator[pl.DataFrame]:
    """Read the rows of the parts, in the order of their names, some at a time, as values of these types."""
    for part in sorted(folder.glob("*.parquet")):
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(BLOCK):
                yield pl.DataFrame(pa.Table.from_batches([batch])).cast(types)


def checksum(frames: Iterable[pl.DataFrame]) -> str:
    """Return the number of rows, and the start of the SHA-256 of the hash of each row, in the order of the rows."""
    digest, rows = hashlib.sha256(), 0
    for frame in frames:
        digest.update(frame.hash_rows().to_numpy().tobytes())
        rows += len(frame)
    return f"{rows:,} {digest.hexdigest()[:8]}"


if __name__ == "__main__":
    sys.exit(main())

"""Kill an extraction at random moments, and go on with it: ``python -m benchmarks.kills [--quick]``.

The command ``mstr-arrow fetch --resume`` is ended by SIGKILL at random moments, again and again, over a server that
goes on; every third time the server drops the dead run's instance, too. The last run comes to its end. Shown are
what was fetched twice, and the sessions that the server had.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

import mstr_arrow as ma
from mstr_arrow.simulator import Simulator, TimeModel

PAGE, IN_FLIGHT, AHEAD, PART, OVERLAP = 2_000, 4, 6, 10_000, 64
"""Rows of a page, requests in flight, pages under way that fit into the buffer, rows of a part, rows compared."""

WINDOW = PART + AHEAD * PAGE + OVERLAP + 2
"""Rows that a kill may cost: of a part that is not whole, of pages under way, and to look where to go on."""

REQUEST_SECONDS = 0.05
"""What the server takes for each request."""

FIRST, MOST = 4, 40
"""A run is killed after so many requests, between the first one when its session is noted and some pages. One that
is killed in the instant between the answer to its log-in and the note leaves a session that a time-out ends."""

COMMAND = "from mstr_arrow.cli import main; main()"


@dataclass(slots=True)
class Tally:
    """What was counted."""

    kills: int = 0
    most_sessions: int = 0
    most_twice: int = 0


def main() -> int:
    """Run it, print the figures, and say by the exit code whether they are as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rows and kills")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows, kills = (100_000, 2) if options.quick else (300_000, 30)
    chance = random.Random(options.seed)
    model = TimeModel(request_ms=1000 * REQUEST_SECONDS, rows_per_second=60_000, workers=4)
    with Simulator(rows=rows, time=model) as server, tempfile.TemporaryDirectory() as scratch:
        folder, tally, began = Path(scratch) / "sales", Tally(), time.monotonic()
        while tally.kills < kills and not folder.exists():
            killed(server, folder, chance.uniform(FIRST, MOST), tally)
            if tally.kills % 3 == 0:
                server.drop_instances()
        before = fetched(server)
        with ma.connect(server.url, username=server.username, password=server.password) as connection:
            done = connection.cube("Sales Cube", limits=limits()).extract(folder, part_rows=PART)
        equal = is_equal(server, folder)
        twice = fetched(server) - rows
        print(f"{rows:,} rows, {tally.kills} kills at random moments (seed {options.seed}), ", end="")
        print(f"{time.monotonic() - began:.0f} s in all; the last run fetched {fetched(server) - before:,} rows")
        figures = [
            ("equal to the truth, each row once", f"{equal}", equal),
            ("rows fetched twice", f"{twice:,}", tally.kills < twice <= tally.kills * WINDOW),
            ("  for each kill, of at most", f"{twice / max(1, tally.kills):,.0f} of {WINDOW:,}", True),
            ("most sessions at once", f"{tally.most_sessions}", 1 <= tally.most_sessions <= 3),
            ("sessions left", f"{server.open_sessions}", not server.open_sessions),
            ("files beside parts and manifest", f"{others(folder)}", not others(folder)),
            ("killed as often as wanted", f"{tally.kills} of {kills}", tally.kills == kills),
            ("rows in the folder", f"{done.rows:,}", done.rows == rows),
        ]
    for name, value, good in figures:
        print(f"  {name:34} {value:>20}  {'as promised' if good else 'NOT AS PROMISED'}")
    return 0 if all(good for *_, good in figures) else 1


def killed(server: Simulator, folder: Path, moment: float, tally: Tally) -> None:
    """Begin a run, and kill it after so many of its requests and a part of the time to the next one."""
    numbers = {
        "page-rows": PAGE,
        "concurrency": IN_FLIGHT,
        "buffer-bytes": limits().buffer_bytes,
        "part-rows": PART,
    }
    options = [text for name, number in numbers.items() for text in (f"--{name}", str(number))]
    fetch = ["fetch", "Sales Cube", "--output", f"{folder}/", "--resume", "--quiet", *options]
    named = {"URL": server.url, "USERNAME": server.username, "PASSWORD": server.password}
    environment = os.environ | {f"MSTR_{name}": value for name, value in named.items()}
    answered = settled(server) + int(moment)
    with subprocess.Popen([sys.executable, "-c", COMMAND, *fetch], env=environment) as process:
        while process.poll() is None and len(server.requests) < answered:
            tally.most_sessions = max(tally.most_sessions, server.open_sessions)
            time.sleep(0.002)
        time.sleep(REQUEST_SECONDS * (moment % 1))
        process.kill()
        code = process.wait()
    if code not in (0, -signal.SIGKILL):
        raise SystemExit(f"the command failed by itself, with exit code {code}")
    tally.kills += code == -signal.SIGKILL
    tally.most_sessions = max(tally.most_sessions, server.open_sessions)


def settled(server: Simulator) -> int:
    """Wait for the answers to what a killed run has asked for; return how many requests were answered."""
    answered = -1
    while answered < len(server.requests):
        answered = len(server.requests)
        time.sleep(10 * REQUEST_SECONDS)
    return answered


def limits() -> ma.Limits:
    """Return the limits of a read with so many pages under way."""
    page_bytes = 370 * PAGE
    return ma.Limits(page_rows=PAGE, concurrency=IN_FLIGHT, buffer_bytes=AHEAD * page_bytes)


def fetched(server: Simulator) -> int:
    """Count the rows that the server has sent."""
    return sum(request.answer_rows for request in server.requests if "/instances" in request.path)


def is_equal(server: Simulator, folder: Path) -> bool:
    """Compare the folder with the truth."""
    got = pl.read_parquet(folder / "*.parquet").sort("Order")
    true = pl.DataFrame(server.truth("Sales Cube")).sort("Order")
    return got.equals(true.cast(got.schema))


def others(folder: Path) -> int:
    """Count the files that are no part and no manifest."""
    beside = [path for path in folder.parent.iterdir() if path != folder]
    return len(beside) + sum(not (p.suffix == ".parquet" or p.name == "_manifest.json") for p in folder.iterdir())


if __name__ == "__main__":
    sys.exit(main())

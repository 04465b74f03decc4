"""Storms of random faults over extractions and uploads: ``python -m benchmarks.storms [--quick]``.

Each storm is a seed: some faults, aimed at random requests, and at a random moment the end of all sessions or
of their instances. An extraction in a total order, or an upload, runs through it. It must end equal to the
truth or with one of our errors, within its deadline, and leave neither a session nor an upload session. The tally
is printed.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

import mstr_arrow as ma
from mstr_arrow.simulator import Fault, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

DEADLINE, SLACK = 60.0, 15.0
"""Seconds that a read may take, and what opening, closing and a loaded machine may add."""

TIMEOUTS = ma.Timeouts(connect=5, read=3, execute=20, publish=20, logout=5)
RETRY = ma.Retry(attempts=4, seconds=20, wait_initial=0.01, wait_max=0.2)

GONE, LATE, MEMORY, UNLOADED = -2147468986, -2147206497, -2147073380, -2147209151
FAULTS: list[Callable[[], Fault]] = [
    lambda: Fault.error(500),
    lambda: Fault.html(502),
    lambda: Fault.empty(503),
    lambda: Fault.html(504),
    lambda: Fault.busy(429, retry_after=0.05),
    Fault.reset,
    Fault.reset_midway,
    Fault.truncated,
    Fault.cut_short,
    Fault.damaged,
    lambda: Fault.trickled(0.5),
    Fault.stalled,
    Fault.not_json,
    Fault.logged_out,
    lambda: Fault.error(500, iserver_code=LATE),
    lambda: Fault.error(500, iserver_code=MEMORY),
    lambda: Fault.error(404, "ERR004", iserver_code=UNLOADED),
    lambda: Fault.reset_upload(after=1000),
]
OF_PAGES: list[Callable[[], Fault]] = [
    lambda: Fault.short_page(137),
    lambda: Fault.lying_page(offset=1),
    lambda: Fault.lying_page(total=1),
    lambda: Fault.other_page(100),
    lambda: Fault.error(404, "ERR004", iserver_code=GONE),
]
EVERYWHERE, PAGES = r"^/api/(?!auth)", r"/instances/"


def main() -> int:
    """Run the storms, print the tally, and say by the exit code whether all ended as they must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="12 storms over fewer rows")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    storms, rows, pushed = (12, 20_000, 10_000) if options.quick else (200, 300_000, 100_000)
    frame = pl.DataFrame({"key": [f"k{n}" for n in range(pushed)], "n": range(pushed)})
    tally: Counter[str] = Counter()
    longest, wrong = 0.0, list[str]()
    with Simulator(rows=rows) as server:
        limits = ma.Limits(page_rows=max(500, rows // 40), in_flight=4)
        with _connect(server) as connection:
            truth = _ordered(connection, limits).to_arrow(strings="plain")
        for seed in range(options.seed, options.seed + storms):
            chance = random.Random(seed)
            _plan(server, chance)
            what, began = "upload" if seed % 4 == 0 else "extraction", time.monotonic()
            try:
                end = _upload(server, frame) if what == "upload" else _extract(server, limits, truth, chance)
            except ma.MstrError as error:
                end = type(error).__name__
            except Exception as error:  # noqa: BLE001 - what must not happen is what is looked for
                end = f"NOT OURS {error!r}"
            seconds = time.monotonic() - began
            longest = max(longest, seconds)
            server.heal()
            left = (server.open_sessions, server.uploads_open)
            if end == "DIFFERENT" or "NOT OURS" in end or any(left) or seconds > DEADLINE + SLACK:
                wrong.append(f"seed {seed}: {what} ended {end} after {seconds:.1f} s; left {left}")
            tally[f"{what}: {end}"] += 1
    for end, count in sorted(tally.items()):
        print(f"{count:4}  {end}")
    print(f"{storms} storms, {rows:,} rows read and {pushed:,} sent; the longest took {longest:.1f} s")
    print("\n".join(wrong) or "each ended right or with an error of ours, and nothing was left at the server")
    return 1 if wrong else 0


def _connect(server: Simulator) -> ma.Connection:
    settings = ma.Settings(timeouts=TIMEOUTS, retry=RETRY)
    return ma.connect(
        server.url, username=server.username, password=server.password, project=server.project, settings=settings
    )


def _ordered(connection: ma.Connection, limits: ma.Limits) -> ma.Scan:
    return connection.cube("Sales Cube").with_options(total_order=True, limits=limits, deadline=DEADLINE)


def _plan(server: Simulator, chance: random.Random) -> None:
    """Plan one to six faults, most of them among the pages."""
    for _ in range(chance.randint(1, 6)):
        if chance.random() < 0.3:
            server.fail(chance.choice(OF_PAGES)().on("GET", PAGES, skip=chance.randint(0, 35)))
        else:
            where = EVERYWHERE if chance.random() < 0.3 else "/instances/|/uploadSessions/"
            server.fail(
                chance.choice(FAULTS)().on(None, where, skip=chance.randint(0, 35), times=chance.randint(1, 3))
            )


def _extract(server: Simulator, limits: ma.Limits, truth: pa.Table, chance: random.Random) -> str:
    """Read all rows while sessions end and instances are dropped; return how it went."""
    strikes = {chance.randint(1, 60): chance.choice([server.drop_instances, server.expire_sessions])}
    found = []
    with _connect(server) as connection:
        scan = _ordered(connection, limits)
        for number, batch in enumerate(scan.batches(strings="plain"), 1):
            found.append(batch)
            strikes.get(number, int)()
        restarts = scan.stats.restarts if scan.stats else 0
    if not pa.Table.from_batches(found).equals(truth):
        return "DIFFERENT"
    return "right, over another instance" if restarts else "right"


def _upload(server: Simulator, frame: pl.DataFrame) -> str:
    """Send rows, and compare what the server then holds."""
    with _connect(server) as connection:
        connection.write("Stormy", frame, chunk_rows=max(1_000, frame.height // 20), mode="replace")
    sent = server.dataset("Stormy")["Stormy"]
    same = sorted(sent["key"].to_pylist()) == sorted(frame["key"])
    return "right" if same else "DIFFERENT"


if __name__ == "__main__":
    raise SystemExit(main())

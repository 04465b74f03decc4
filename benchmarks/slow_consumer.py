"""Memory of a read whose consumer is a hundred times slower than the server: a part of ``benchmarks.memory``.

The simulator, in a process of its own, takes 10 ms for each page, which is encoded before, one at a time; the
consumer rests for a second after each batch. What the read holds is told twice: by its own count, and by the pages
that were asked for and not yet taken, counted where requests are sent.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

import mstr_arrow as ma
from benchmarks import pages
from benchmarks.measure import peak_rss, table
from mstr_arrow.simulator import EncodedCube, SimulatorProcess, TimeModel

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    Take = Callable[[pa.RecordBatch], bool]

MB = 1e6
SERVER_SECONDS = 0.01
PAUSE = 100 * SERVER_SECONDS
PAGES, PAGE_ROWS, WARM_UP = 200, 10_000, 20
BUFFER = 32 * 2**20
ALLOWANCE = 50 * MB
"""Bytes of RSS for decoding, beyond the buffer, the page that is awaited and the one in the consumer's hands."""


def cubes() -> list[EncodedCube]:
    """Make reference cube B for the simulator, all pages of which are the first one but for their place."""
    _, cube, _ = pages.encoded_cubes(PAGES * PAGE_ROWS)
    first = cache(partial(cube.page, 0))
    cube.page = lambda offset, rows: first(rows).replace(b'"offset":0,', b'"offset":%d,' % offset)
    return [cube]


def measure(consume: Callable[[ma.Scan, Take], None], rows: int) -> bool:
    """Take so many rows slowly, print what was held meanwhile, and tell whether it is within the budget."""
    seen = Seen(rows)
    limits = ma.Limits(page_rows=PAGE_ROWS, buffer_bytes=BUFFER)
    model = TimeModel(request_ms=1000 * SERVER_SECONDS, workers=1)
    with (
        SimulatorProcess(rows=1, encoded="benchmarks.slow_consumer:cubes", time=model) as sim,
        ma.connect(
            sim.url, username=sim.username, password=sim.password, project=sim.project, on_event=seen.heard
        ) as connection,
    ):
        scan = connection.cube("Reference B", limits=limits)
        for _ in scan.with_options(limits=replace(limits, buffer_bytes=1)).head(WARM_UP * PAGE_ROWS):
            pass  # page by page: what the process has taken by then is not what the read holds
        seen.asked = seen.answered = seen.bytes = seen.most_ahead = 0
        seen.idle = 0.0
        before = peak_rss()
        began = time.monotonic()
        consume(scan, seen.take)
        seconds = time.monotonic() - began
        grown = MB * (peak_rss() - before)
        stats = scan.stats
    if stats is None or seen.taken * PAGE_ROWS != rows:
        raise RuntimeError(f"{seen.taken} pages were taken, which are not {rows} rows")
    page = seen.bytes / seen.answered
    figures = [
        ("asked for and not taken", seen.most_ahead * page, BUFFER + page),
        ("held, by its own count", stats.held_bytes_highest, BUFFER + page),
        ("RSS grown by", grown, BUFFER + 2 * page + ALLOWANCE),
    ]
    print(f"{consume.__name__}, slowly: {seen.taken} pages taken in {seconds:.0f} s, ", end="")
    print(f"{seen.asked} of {PAGES} asked for, none under way for {100 * seen.idle / seconds:.0f} % of the time")
    lines = [
        (name, f"{value / MB:.1f} MB", f"{most / MB:.1f} MB", "met" if value <= most else "MISSED")
        for name, value, most in figures
    ]
    print(table(("at most", "measured", "target", ""), lines), flush=True)
    return all(value <= most for _, value, most in figures)


class Seen:
    """Pages that were asked for, as requests tell, and taken."""

    def __init__(self, rows: int) -> None:
        self.asked = self.answered = self.bytes = self.taken = self.most_ahead = 0
        self.idle = 0.0
        self._wanted = rows // PAGE_ROWS
        self._idle_since: float | None = None

    def heard(self, event: ma.events.Event) -> None:
        """Count a request for a page."""
        if not isinstance(event, ma.events.RequestStarted | ma.events.RequestFinished):
            return
        if event.method != "GET" or "/instances/" not in event.path:
            return
        now = time.monotonic()
        if isinstance(event, ma.events.RequestStarted):
            if self._idle_since is not None:
                self.idle += now - self._idle_since
            self._idle_since = None
            self.asked += 1
            self.most_ahead = max(self.most_ahead, self.asked - self.taken)
        else:
            self.answered += 1
            self.bytes += event.bytes
            self._idle_since = now if self.answered == self.asked else None

    def take(self, batch: pa.RecordBatch) -> bool:
        """Count a page that was taken; False when it was the last that is wanted."""
        if batch.num_rows != PAGE_ROWS:
            raise RuntimeError(f"a batch has {batch.num_rows} rows, and pages have {PAGE_ROWS}")
        self.taken += 1
        return self.taken < self._wanted


def iterator(scan: ma.Scan, take: Take) -> None:
    """Take batches from an iterator."""
    for batch in scan:
        if not take(batch):
            break
        time.sleep(PAUSE)


def async_iterator(scan: ma.Scan, take: Take) -> None:
    """Take batches from an asynchronous iterator."""

    async def main() -> None:
        async for batch in scan:
            if not take(batch):
                break
            await asyncio.sleep(PAUSE)

    asyncio.run(main())


def to_reader(scan: ma.Scan, take: Take) -> None:
    """Take batches from a reader."""
    for batch in scan.to_reader():
        if not take(batch):
            break
        time.sleep(PAUSE)


CONSUMERS = (iterator, async_iterator, to_reader)

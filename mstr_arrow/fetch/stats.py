"""The counts and times of a read."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mstr_arrow.fetch.bad_values import together
from mstr_arrow.instances.known import weaker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.fetch.bad_values import BadValues, Tally
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.known import Consistency
    from mstr_arrow.query.since import Grown

LAG_INTERVAL = 0.02
"""Seconds between two looks at the event loop's lag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStats:
    """The counts and times of a read so far; ``on_progress`` receives them after each page, and before the first.

    ``rows`` of ``total_rows`` rows of the grid were handed out, as ``result_rows`` rows of the result: the
    numbers differ where cross-tabs, metrics on rows or subtotals are made tidy. ``bytes`` of JSON text were
    decoded, which came as ``wire_bytes`` over the network (fewer if the server packs them); ``requests`` were
    sent, ``retries`` of them again; ``in_flight`` are under way. ``restarts`` counts the instances
    that were made in place of one that was gone. ``rows_before`` of the rows are of former runs of an extraction.
    ``consistent`` says how certain it is that all rows are of the same data: they are of ``"one instance"``, which
    never changes; of several, all of what was ``"published once"``, as its time and job prove; or it is only
    ``"likely"``, as all that could be compared is the same.

    ``in_flight_limit`` requests may be in flight now, ``in_flight_lowest`` to ``in_flight_highest`` it was so far.
    Pages are ``page_rows`` rows long now, ``page_rows_lowest`` to ``page_rows_highest`` they were so far, but for
    the first, and for those that end early; 0 where no others were asked for.

    ``held_bytes`` of page text are being fetched, being decoded or waiting to be taken, ``held_bytes_highest`` it
    was so far: what ``Limits.buffer_bytes`` allows, and the page that the consumer waits for.

    ``seconds`` counts since the read began;
    ``seconds_waiting`` (for first bytes), ``seconds_transferring`` and ``seconds_decoding`` add up over
    requests that ran at the same time. ``lag_p99`` and ``lag_max`` are seconds by which the event loop woke
    up late, over the last three minutes. ``status`` says in words what the server is doing while the object runs
    there (``"running the SQL"``), and is None otherwise.

    ``bad_values`` counts, for each column that has any, the values that did not fit it and became null.

    ``highest`` is the highest value of the column that `Scan.since` names, in the rows that were handed out; None
    without one.
    """

    rows: int
    total_rows: int
    result_rows: int
    bytes: int
    wire_bytes: int
    requests: int
    retries: int
    in_flight: int
    in_flight_limit: int
    in_flight_lowest: int
    in_flight_highest: int
    page_rows: int
    page_rows_lowest: int
    page_rows_highest: int
    held_bytes: int
    held_bytes_highest: int
    restarts: int
    seconds: float
    seconds_waiting: float
    seconds_transferring: float
    seconds_decoding: float
    lag_p99: float
    lag_max: float
    status: str | None = None
    rows_before: int = 0
    consistent: Consistency = "one instance"
    bad_values: Mapping[str, BadValues] = field(default_factory=dict)
    highest: Grown | None = None

    @property
    def rows_per_second(self) -> float:
        """Rows handed out per second since the read began."""
        return (self.rows - self.rows_before) / self.seconds if self.seconds else 0.0

    @property
    def bytes_per_second(self) -> float:
        """Bytes of JSON text decoded per second since the read began."""
        return self.bytes / self.seconds if self.seconds else 0.0


class Meter:
    """Counts for `ScanStats`; used on the background loop only."""

    def __init__(self) -> None:
        self.total_rows = 0
        self.rows = 0
        self.result_rows = 0
        self.bytes = 0
        self.wire_bytes = 0
        self.requests = 0
        self.retries = 0
        self.in_flight = 0
        self.in_flight_limits = self.page_rows = (0, 0, 0)
        self.held_bytes = (0, 0)
        self.restarts = 0
        self.waiting = 0.0
        self.transferring = 0.0
        self.decoding = 0.0
        self.status: str | None = None
        self.tallies: list[Tally] = []
        self.consistent: Consistency = "one instance"
        self._began = time.monotonic()
        self._ended: float | None = None
        self._lags: deque[float] = deque(maxlen=int(180 / LAG_INTERVAL))

    def count_response(self, response: Response) -> None:
        """Count one response."""
        self.requests += 1 + response.retries
        self.retries += response.retries
        self.wire_bytes += len(response.body)
        self.waiting += response.seconds_waiting
        self.transferring += response.seconds_transferring

    def count_page(self, size: int, seconds: float) -> None:
        """Count one decoded page of ``size`` bytes of text."""
        self.bytes += size
        self.decoding += seconds

    def goes_on(self, consistent: Consistency) -> None:
        """Note that rows of one more instance follow, and how certain it is that they are of the same data."""
        self.consistent = weaker(self.consistent, consistent)

    def end(self) -> None:
        """Stop the clock."""
        if self._ended is None:
            self._ended = time.monotonic()

    async def watch_lag(self) -> None:
        """Measure, until cancelled, how late the event loop wakes up."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_INTERVAL
            await asyncio.sleep(LAG_INTERVAL)
            self._lags.append(max(0.0, loop.time() - due))

    def stats(self) -> ScanStats:
        """Return the counts so far."""
        lags = sorted(self._lags)
        return ScanStats(
            rows=self.rows,
            total_rows=self.total_rows,
            result_rows=self.result_rows,
            bytes=self.bytes,
            wire_bytes=self.wire_bytes,
            requests=self.requests,
            retries=self.retries,
            in_flight=self.in_flight,
            in_flight_limit=self.in_flight_limits[0],
            in_flight_lowest=self.in_flight_limits[1],
            in_flight_highest=self.in_flight_limits[2],
            page_rows=self.page_rows[0],
            page_rows_lowest=self.page_rows[1],
            page_rows_highest=self.page_rows[2],
            held_bytes=self.held_bytes[0],
            held_bytes_highest=self.held_bytes[1],
            restarts=self.restarts,
            seconds=(self._ended or time.monotonic()) - self._began,
            seconds_waiting=self.waiting,
            seconds_transferring=self.transferring,
            seconds_decoding=self.decoding,
            lag_p99=lags[int(0.99 * (len(lags) - 1))] if lags else 0.0,
            lag_max=lags[-1] if lags else 0.0,
            status=self.status,
            bad_values=together(tally.found for tally in self.tallies),
            consistent=self.consistent,
        )


def watcher(on_progress: Callable[[ScanStats], object] | None) -> Callable[[str | None], object]:
    """Make a function that tells ``on_progress`` what the server does before anything is read."""
    meter = Meter()

    def watch(doing: str | None) -> None:
        meter.status = doing
        if on_progress is not None and doing is not None:
            on_progress(meter.stats())

    return watch

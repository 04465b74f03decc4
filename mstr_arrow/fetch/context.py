"""The context of a read: threads that decode, a budget, a deadline, the counts."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.allocation import prefer_jemalloc
from mstr_arrow.errors import MstrError, ProtocolError, TimeoutExceeded
from mstr_arrow.fetch.budget import Budget
from mstr_arrow.fetch.frames import empty_frames
from mstr_arrow.fetch.stats import Meter
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.misfits import refuse_mixed
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.decode import Page
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.in_project import ProjectSession

R = TypeVar("R")

_LARGE = 2**24
"""Bytes of a page beyond which it is unpacked and decoded alone: several could take all memory at once."""


class ReadContext:
    """The things that one read shares, over one instance or many; on the background loop only.

    Keeps the session alive until `close`. Calls ``on_progress`` with the counts.
    """

    def __init__(
        self,
        session: ProjectSession,
        options: ReadOptions,
        on_progress: Callable[[ScanStats], object] | None = None,
    ) -> None:
        prefer_jemalloc()
        self.session = session
        self.options = options
        self.deadline = Deadline(options.deadline)
        self.meter = Meter()
        self._http = session.http.own
        self._known, self._http.worth_in_flight = self._http.worth_in_flight, None
        self.budget = Budget(options.limits, self._known)
        self._on_progress = on_progress
        self._offsets: dict[str, bool] = {}
        self._large = threading.Lock()
        self._pool = ThreadPoolExecutor(options.limits.decode_threads, "mstr-arrow-decode")
        self._lag = asyncio.ensure_future(self.meter.watch_lag())
        session.hold()

    def check_offsets(self, columns: Columns, offsets: Mapping[str, bool], row: int) -> None:
        """Check that moments from a row on have an offset, or none, as those before; errors: ConversionError."""
        for name, offset in offsets.items():
            if self._offsets.setdefault(name, offset) is not offset:
                column = next(each for each in columns.all if each.name == name)
                raise refuse_mixed(column, None, row, offset=offset)

    def stats(self) -> ScanStats:
        """Return the counts so far."""
        meter, budget, limiter = self.meter, self.budget, self.budget.limiter
        meter.in_flight = budget.in_flight
        meter.in_flight_limits = (limiter.limit, limiter.lowest, limiter.highest)
        meter.held_bytes = (budget.held, budget.most_held)
        meter.page_rows = (budget.page_rows, budget.fewest_rows, budget.most_rows)
        return self.meter.stats()

    def report(self) -> None:
        """Tell what was done so far."""
        if self._on_progress is not None:
            self._on_progress(self.stats())

    def watch(self, doing: str | None) -> None:
        """Tell what the server does before it has anything to read; None when it has."""
        self.meter.status = doing
        if doing is not None:
            self.report()

    async def decode(
        self, response: Response, columns: Columns | None, convert: Callable[[Page], Any], *, offset: int = 0
    ) -> tuple[Page, Any, int]:
        """Decode a page in a thread, and convert it there; return also the bytes of its text.

        ``offset`` is that of the rows that were asked for.
        """
        self.meter.count_response(response)

        def work() -> tuple[Page, Any, int, float]:
            began = time.perf_counter()
            grid = self.options.grid if columns is None else columns.options
            with ExitStack() as alone:
                try:
                    text = response.text(_LARGE)
                except ProtocolError:
                    alone.enter_context(self._large)
                    text = response.text()
                page = decode_page(text, columns, options=grid, offset=offset, largest=response.largest)
                return page, convert(page), len(text), time.perf_counter() - began

        with response.give_up_if_cancelled():
            page, item, size, seconds = await self.in_thread(work)
        self.meter.count_page(size, seconds)
        return page, item, size

    async def in_thread(self, work: Callable[..., R], *arguments: Any) -> R:
        """Run ``work`` in one of the threads; an error of its own holds nothing that it worked on."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        except MstrError as error:
            empty_frames(error)
            raise

    def close(self) -> None:
        """Stop the clock and let the session go."""
        self.meter.end()
        self._http.worth_in_flight = self.budget.limiter.learned or self._known or self._http.worth_in_flight
        self._lag.cancel()
        self.session.release()

    def dismiss(self) -> None:
        """End the threads, after what they are at."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Deadline:
    """So many seconds from now, over all that is awaited within it; None never ends."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    async def within(self, work: Awaitable[R]) -> R:
        """Await something; errors: TimeoutExceeded when the time is over."""
        if self._end is None:
            return await work
        left = self._end - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, left)) as limit:
                return await work
        except TimeoutError:
            if not limit.expired():
                raise
        raise TimeoutExceeded(
            f"the read was not done within {self._seconds:g} s.",
            hint=naming(
                "Raise or leave away {Scan.with_options.deadline}, or read less; an extraction that resumes goes "
                "on later."
            ),
        )

"""All pages of a list, several at a time, until every item that the server counts has come."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from mstr_arrow.http.limiter import Limiter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator

    from mstr_arrow.config import Limits

    Ask = Callable[[int, int], Awaitable["Page"]]

PAGE = 1000
"""Objects that are asked for at a time."""

PASSES = 3
"""How often a list is read that changes each time."""


_TIMES = {1: "once", 2: "twice", PASSES: "three times"}


class Page(NamedTuple):
    """The items of a page, the total if the server tells one, and whether the server was busy.

    ``first`` identifies the first item.
    """

    items: Any
    total: int | None
    busy: bool = False
    first: object = None


class Gathering(Protocol):
    """The container that the items of a list go into."""

    def begin(self) -> None:
        """Begin a further pass over the list; earlier items are kept."""

    def add(self, page: Page) -> None:
        """Add the items of a page."""

    def count(self, *, all_passes: bool = False) -> int:
        """Return the number of different items that came in this pass, or in all passes."""


class Gate:
    """Limits the requests in flight to the number that is worth it, learned from response times."""

    def __init__(self, limits: Limits) -> None:
        fixed = limits.concurrency
        self.most = fixed or limits.max_concurrency
        self._limiter = Limiter(least=fixed or 1, most=self.most, polite=limits.polite)
        self._in_flight = 0
        self._freed = asyncio.Condition()

    async def send(self, ask: Ask, offset: int, limit: int) -> Page:
        """Ask for a page when there is room."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._in_flight < self._limiter.limit)
            self._in_flight += 1
            ticket = self._limiter.on_start(self._in_flight)
        began = time.monotonic()
        try:
            page = await ask(offset, limit)
            taken = time.monotonic() - began
            self._limiter.on_done(ticket, seconds=taken, rows=len(page.items), busy=page.busy)
            return page
        finally:
            self._in_flight -= 1
            async with self._freed:
                self._freed.notify_all()


class Pager:
    """Reads a list to the end, and tells how the items that came differ from the server's count.

    A list with different totals on different pages, or with fewer different items than the total, is read again:
    twice if the list stays the same, three times if it changes. A pass that agrees is ``whole``; where no pass
    agrees, the items of all passes count together, and `missing` is the number of items that never came. A list may
    go on behind the total: a full last page is followed by another request. The list ends where the first items
    come again, from a server without pages.
    """

    def __init__(self, gate: Gate, ask: Ask, into: Gathering) -> None:
        self._gate = gate
        self._ask = ask
        self._into = into
        self._end: int | None = None
        self._behind = self._passes = 0
        self._start: object = None
        self._told: int | None = None
        self.repeats = False
        """Whether the first items came again in place of others."""
        self.changing = False
        """Whether the server told different totals when the list was read last."""
        self.whole = False
        """Whether the last pass alone is the list."""
        self.total: int | None = None

    @property
    def missing(self) -> int:
        """The number of items that the server counts and did not list."""
        return 0 if self.whole else max(0, (self.total or 0) - self._into.count(all_passes=True))

    def remarks(self, what: str) -> list[str]:
        """Describe the uncertainties of a list of ``what`` after reading; empty where everything agrees."""
        said = []
        if missing := self.missing:
            how = "and then the first ones again" if self.repeats else f"asked {_TIMES[self._passes]}"
            said.append(f"of {self.total:,} {what} it listed all but {missing:,}, {how}")
        if self.changing:
            said.append(f"the list of {what} changed each time it was read: some may be missing, or be gone by now")
        return said

    async def read(self) -> None:
        """Read all pages. Errors: those of the requests."""
        for self._passes in range(1, PASSES + 1):
            await self._pass()
            self.whole = not self.changing and (self.total is None or self._into.count() >= self.total)
            if self.whole or self.repeats or (self._passes > 1 and not self.changing):
                return

    async def _pass(self) -> None:
        """Read all pages once."""
        self._into.begin()
        self._end, self._told, self._behind, self.changing = None, None, 0, False
        first = await self._page(0, PAGE)
        self._start = first.first
        begun = step = len(first.items)
        if self.total is None:
            await self._to_the_end(begun)
            return
        if begun == PAGE:
            self._behind = begun
        while begun and begun < (self.total or 0):  # again where there are more than at first
            end, self._behind = self.total, 0
            await spread(self._parts(range(begun, end, step), end), self._gate.most)
            begun = end
        if self._behind and not self.repeats:
            await self._to_the_end(self._behind)

    def _parts(self, offsets: range, end: int) -> Iterator[Coroutine[Any, Any, None]]:
        for offset in offsets:
            if self._end is not None:  # a server may count a billion
                return
            yield self._part(offset, min(offset + offsets.step, end), offsets.step, end)

    async def _part(self, offset: int, until: int, step: int, end: int) -> None:
        """Read what is between two places; the server may send less at once than it is asked for."""
        while offset < (until if self._end is None else min(until, self._end)):
            limit = step if until == end else until - offset
            page = await self._page(offset, limit)
            self.repeats = self.repeats or (len(page.items) > 0 and page.first == self._start)
            if not len(page.items) or self.repeats:
                self._end = offset  # it has fewer than it counts: what lies behind is not asked for
                return
            offset += len(page.items)
            if offset > end or (offset == end and len(page.items) == limit):
                self._behind = offset

    async def _to_the_end(self, offset: int) -> None:
        """Read on from there, page by page, until one brings nothing new: behind a total, or where none is told."""
        known = 0
        while offset and known < (count := self._into.count()):
            known = count
            offset += len((page := await self._page(offset, PAGE)).items)
            if not len(page.items):
                return

    async def _ask_page(self, offset: int, limit: int) -> Page:
        """Ask for a page, unless the list proved to end before it while a place was waited for."""
        if self._end is not None and offset >= self._end:
            return Page([], None)
        return await self._ask(offset, limit)

    async def _page(self, offset: int, limit: int) -> Page:
        page = await self._gate.send(self._ask_page, offset, limit)
        if page.total is not None:
            self.changing = self.changing or self._told not in {None, page.total}
            self.total = self._told = page.total
        self._into.add(page)
        return page


async def spread(works: Iterable[Coroutine[Any, Any, Any]], most: int) -> None:
    """Run coroutines, at most so many at a time; the first failure ends the others.

    The iterable makes each coroutine when the coroutine's turn comes.
    """
    rest = iter(works)

    async def work() -> None:
        for each in rest:
            await each

    workers = [asyncio.ensure_future(work()) for _ in range(most)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

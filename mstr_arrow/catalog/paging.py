"""All pages of a list, several at a time, until all that the server counts was listed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.http.limiter import Limiter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator

    from mstr_arrow.config import Limits

    Ask = Callable[[int, int], Awaitable["Page"]]
    Take = Callable[[list[Any]], int]

PAGE = 1000
"""Objects that are asked for at a time."""


class Page(NamedTuple):
    """What came of a list: its items, how many there are in all if that is told, whether the server was busy."""

    items: list[Any]
    total: int | None
    busy: bool = False


class Gate:
    """Lets as many requests through at a time as are worth it, which is learned from how long they take."""

    def __init__(self, limits: Limits) -> None:
        fixed = limits.concurrency
        self.most = fixed or limits.max_concurrency
        self._limiter = Limiter(least=fixed or 1, most=self.most, polite=limits.polite)
        self._in_flight = 0
        self._freed = asyncio.Condition()

    async def send(self, ask: Ask, offset: int, limit: int) -> Page:
        """Ask for a page when there is a place."""
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
    """Reads a list to its end.

    ``take`` is given the items of each page as it comes, and returns how many different ones it was given so far. A
    list that changes meanwhile, or whose pages overlap, is read once more where that is fewer than the server
    counts; `missing` says how many never came. It ends where the first items come again: that server does not page.
    """

    def __init__(self, gate: Gate, ask: Ask, take: Take) -> None:
        self._gate = gate
        self._ask = ask
        self._take = take
        self._known = 0
        self._end: int | None = None
        self._start: list[Any] = []
        self.repeats = False
        """Whether the first items came again in place of others."""
        self.total: int | None = None

    @property
    def missing(self) -> int:
        """How many items the server counts that it did not list."""
        return max(0, (self.total or 0) - self._known)

    async def read(self) -> None:
        """Read all pages; errors: those of the requests."""
        await self._pass()
        if self.missing and not self.repeats:
            await self._pass()

    async def _pass(self) -> None:
        """Read all pages once."""
        self._end = None
        first = await self._page(0, PAGE)
        self._start = first.items[:1]
        if self.total is None:
            await self._to_the_end(len(first.items))
            return
        begun, step = len(first.items), len(first.items)
        while begun and begun < self.total:  # again where there are more than at first
            end = self.total
            await spread(self._parts(range(begun, end, step), end), self._gate.most)
            begun = end

    def _parts(self, offsets: range, end: int) -> Iterator[Coroutine[Any, Any, None]]:
        for offset in offsets:
            if self._end is not None:  # a server may count a billion
                return
            yield self._part(offset, min(offset + offsets.step, end))

    async def _part(self, offset: int, end: int) -> None:
        """Read what is between two places; the server may send less at once than it is asked for."""
        while offset < (end if self._end is None else min(end, self._end)):
            page = await self._page(offset, end - offset)
            self.repeats = self.repeats or (bool(page.items) and page.items[:1] == self._start)
            if not page.items or self.repeats:
                self._end = offset  # it has fewer than it counts: what lies behind is not asked for
                return
            offset += len(page.items)

    async def _to_the_end(self, offset: int) -> None:
        """Read on from there, page by page, until one brings nothing new: for servers that tell no total."""
        known = 0
        while offset and known < self._known:
            known = self._known
            offset += len((await self._page(offset, PAGE)).items)

    async def _asked(self, offset: int, limit: int) -> Page:
        """Ask for a page, unless the list proved to end before it while a place was waited for."""
        if self._end is not None and offset >= self._end:
            return Page([], self.total)
        return await self._ask(offset, limit)

    async def _page(self, offset: int, limit: int) -> Page:
        page = await self._gate.send(self._asked, offset, limit)
        if page.total is not None:
            self.total = page.total
        self._known = self._take(page.items)
        return page


async def spread(works: Iterable[Coroutine[Any, Any, Any]], most: int) -> None:
    """Run works, so many at a time; the first that fails ends the others. Those are made when their turn comes."""
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

"""Fetch pages in parallel, decode them in threads, hand them out; all of it within a budget."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from mstr_arrow.errors import ClosedError, DataMismatch
from mstr_arrow.instances.page_request import BELIEVED
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from mstr_arrow.fetch.budget import Budget
    from mstr_arrow.fetch.page_plan import PagePlan
    from mstr_arrow.grid.document import Paging
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.rows import Range
    from mstr_arrow.http.limiter import Ticket

T = TypeVar("T")


def make_closed_error() -> ClosedError:
    """Make the error of a read that was closed under its consumer."""
    return ClosedError("the read was ended before its last row.", hint="Was its connection closed?")


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """A page fetched and decoded: its item, its rows, what the server said, the bytes of its text, bad values."""

    item: T
    rows: int
    paging: Paging
    size: int
    misfits: tuple[Misfit, ...] = ()
    offsets: Mapping[str, bool] = field(default_factory=dict)


class FreePlace(Protocol):
    """Frees the place of a request that was answered."""

    def __call__(self, seconds: float = 0.0, *, busy: bool = False) -> None:
        """Tell the seconds that it took, 0 where they tell nothing, and whether the server was busy at first.

        The second time it does nothing.
        """


class Scheduler(Generic[T]):
    """The pages of one instance, handed out one at a time by `next`.

    ``fetch`` asks the server for a range and decodes the response; it calls its second argument when the response
    has arrived, which frees the request's place for another. Requests in flight are limited in number; page
    text that is being fetched, being decoded or waiting to be taken is limited in bytes, so that a slow
    consumer stops the requests. Only the page the consumer waits for is always asked for: from the first on, or,
    of those that share a ``budget`` and come later, once `next` is called.
    """

    def __init__(
        self,
        plan: PagePlan,
        fetch: Callable[[Range, FreePlace], Awaitable[Fetched[T]]],
        budget: Budget,
        *,
        ordered: bool,
        awaited: bool = True,
    ) -> None:
        self._plan = plan
        self._fetch = fetch
        self._budget = budget
        self._ordered = ordered
        self._awaited = awaited
        self._tasks: dict[asyncio.Task[None], int] = {}
        self._ready: dict[int, Fetched[T]] = {}
        self._next_offset = plan.begin
        self._delivered = plan.begin
        self._failure: tuple[int, BaseException] | None = None
        self._changed = asyncio.Event()
        budget.serve(self, self._start)

    async def next(self) -> Fetched[T] | None:
        """Return the next page, in order of rows or of arrival; None after the last.

        Errors: what ``fetch`` raised, of several pages that fail together for the first in the order of rows;
        DataMismatch for a page that is not the one asked for.
        """
        self._awaited = True
        while True:
            self._start()
            if self._failure is None:
                page = self._take()
                if page is not None:
                    return page
                if self._delivered == self._plan.total:
                    return None
                if self._delivered == self._plan.end:
                    self._plan.extend()
                    continue
                if not self._tasks and self._plan.peek() is None:
                    raise DataMismatch(f"{self._delivered} rows were delivered of {self._plan.total} promised.")
            elif not any(row < self._failure[0] for row in self._tasks.values()):
                raise self._failure[1]
            self._changed.clear()
            await self._changed.wait()

    async def aclose(self) -> None:
        """Stop all requests; a consumer that waits in `next` gets a ClosedError."""
        self._failure = self._failure or (self._plan.begin, make_closed_error())
        self._budget.forget(self)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._budget.held -= sum(page.size for page in self._ready.values())
        self._ready.clear()
        self._budget.offer()

    def accept(self, wanted: Range, page: Fetched[T]) -> None:
        """Check a page against its request and keep it until it is taken; errors: DataMismatch."""
        paging, where = page.paging, f"The page at row {wanted.offset}"
        again = naming("Read again; smaller pages ({Limits.page_rows}) may help.")
        if paging.offset != wanted.offset:
            raise DataMismatch(f"{where} came with offset {paging.offset}.", hint=again)
        if paging.total != self._plan.total:
            message = f"{where} says the result has {paging.total} rows; the first page said {self._plan.total}."
            raise DataMismatch(message, hint="Read again; the object may have been published meanwhile.")
        if page.rows > wanted.rows:
            raise DataMismatch(f"{where} has {page.rows} rows where at most {wanted.rows} were due.", hint=again)
        if not page.rows and wanted.rows:
            message = f"{where} is empty, though the result has {paging.total} rows."
            self._budget.ran_out = True
            raise DataMismatch(message, hint=again)
        self._plan.note_rows(wanted, page.rows, page.size)
        self._budget.held += page.size
        self._ready[wanted.offset] = page

    def _start(self) -> None:
        """Send as many requests as the limits allow."""
        budget = self._budget
        while self._failure is None and not budget.full:
            wanted = self._plan.peek()
            if wanted is None:
                return
            estimate = self._plan.estimate(wanted)
            next_one = self._next_offset == wanted.offset or not (self._tasks or self._ready)
            if not (self._awaited and next_one) and budget.held + estimate > budget.limits.buffer_bytes:
                return
            budget.note_page_rows(self._plan.page_rows)
            self._plan.take()
            task = asyncio.create_task(self._page(wanted, estimate, budget.start(estimate)))
            self._tasks[task] = wanted.offset
            task.add_done_callback(self._forget)

    async def _page(self, wanted: Range, estimate: int, ticket: Ticket) -> None:
        answered = False

        def free_place(seconds: float = 0.0, *, busy: bool = False) -> None:
            nonlocal answered
            if not answered:
                answered = True
                if seconds > 0:
                    self._plan.note_seconds(wanted, seconds)
                    self._budget.limiter.on_done(ticket, seconds=seconds, rows=wanted.rows, busy=busy)
                self._budget.in_flight -= 1
                self._budget.offer()

        try:
            for left in reversed(range(BELIEVED)):
                page = await self._fetch(wanted, free_place)
                try:
                    self.accept(wanted, page)
                    break
                except DataMismatch:
                    if not left:
                        raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the consumer gets it
            if self._failure is None or wanted.offset < self._failure[0]:
                self._failure = (wanted.offset, error)
        finally:
            self._budget.held -= estimate
            free_place()

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        self._changed.set()

    def _take(self) -> Fetched[T] | None:
        offset = self._next_offset
        if not self._ordered and self._ready:
            offset = next(iter(self._ready))
        page = self._ready.pop(offset, None)
        if page is not None:
            self._delivered += page.rows
            if self._ordered:
                self._next_offset = offset + page.rows
            self._budget.release(page.size)
        return page

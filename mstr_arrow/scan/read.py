"""One extraction under way: an instance, its scheduler, its worker threads, its counts."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from mstr_arrow.errors import ClosedError, DataMismatch, InstanceGone
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.stitch import Stitcher
from mstr_arrow.scan.execution import execute
from mstr_arrow.scan.instance import Instance
from mstr_arrow.scan.plan import PagePlan, Range
from mstr_arrow.scan.scheduler import Budget, Fetched, Scheduler, ended
from mstr_arrow.scan.stats import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from mstr_arrow.grid.decode import Page
    from mstr_arrow.grid.options import GridOptions
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.grid.tidy import Laid
    from mstr_arrow.scan.execution import Watch
    from mstr_arrow.scan.instance import Source
    from mstr_arrow.scan.options import ReadOptions
    from mstr_arrow.scan.stats import ScanStats
    from mstr_arrow.transport.answers import Answer
    from mstr_arrow.transport.session import ServerSession

T = TypeVar("T", bound="Sliceable")
R = TypeVar("R")


class Sliceable(Protocol):
    """Some rows: a record batch or a frame."""

    def __len__(self) -> int: ...

    def slice(self, offset: int, length: int) -> Self:
        """Return some of the rows."""


async def probe(
    session: ServerSession, source: Source, options: GridOptions, watch: Watch = lambda _: None
) -> Instance:
    """Create an instance and look at its first rows, for the columns and the number of rows."""
    answer = await execute(session, source, source.probe_rows, options, watch)
    page = await asyncio.to_thread(lambda: decode_page(answer.content(), options=options))
    return Instance(page.instance_id, page.columns, page.paging.total)


class Read(Generic[T]):
    """The pages of one instance, each converted in a worker thread; on the background loop only.

    The session is kept alive, and ends the read when it is closed, until `aclose`. ``convert`` may leave out rows,
    and columns as ``narrow`` does. More than ``first`` rows of the grid are asked for only when these are taken
    and `next` is called again; no more than ``head`` rows are handed out.
    """

    def __init__(
        self,
        session: ServerSession,
        source: Source,
        options: ReadOptions,
        convert: Callable[[pa.RecordBatch], T],
        on_progress: Callable[[ScanStats], object] | None = None,
        *,
        narrow: Callable[[pa.Schema], pa.Schema] = lambda schema: schema,
        first: int | None = None,
        head: int | None = None,
    ) -> None:
        self.meter = Meter()
        self._session = session
        self._source = source
        self._options = options
        self._convert = convert
        self._on_progress = on_progress
        self._narrow = narrow
        self._first = first
        self._head = head
        self._budget = Budget(options.limits)
        self._plan: PagePlan | None = None
        self._columns: Columns | None = None
        self._instance_id = ""
        self._scheduler: Scheduler[Any] | None = None
        self._stitcher: Stitcher | None = None
        self.closed = False
        self._pool = ThreadPoolExecutor(options.limits.decode_threads, "mstr-arrow-decode")
        self._lag = asyncio.ensure_future(self.meter.watch_lag())
        session.hold()
        session.register(self)

    @property
    def columns(self) -> Columns:
        """The columns of the result."""
        if self._columns is None:
            raise ClosedError("the read was not opened.")
        return self._columns

    @property
    def schema(self) -> pa.Schema:
        """The schema of what is handed out, texts as dictionaries."""
        return self._narrow(self.columns.schema)

    def stats(self) -> ScanStats:
        """Return what was done so far."""
        self.meter.in_flight = self._budget.in_flight
        self.meter.total_rows = self._plan.end if self._plan else 0
        return self.meter.stats()

    async def open(self, instance: Instance | None) -> None:
        """Read the first page: of ``instance``, if it still lives, else of a new one."""
        limits = self._options.limits
        rows = limits.page_rows or limits.first_page_rows
        page = await self._first_page(instance, Range(0, min(rows, self._first or rows)))
        plan = self._plan = PagePlan(page.paging.total, limits, first=self._first)
        if not self.columns.whole_pages:
            self._stitcher = Stitcher(self.columns)
        ordered = self._options.ordered or self._stitcher is not None
        self._scheduler = Scheduler(plan, self._fetch, self._budget, ordered=ordered)
        if page.paging.total or page.rows:
            self._scheduler.accept(plan.take() if page.paging.total else Range(0, 0), page)
        self._report()

    async def next(self) -> T | None:
        """Return the next page, converted; None after the last."""
        item = None
        while item is None or not len(item):
            if self._scheduler is None:
                raise ended()
            if self._head is not None and self.meter.result_rows >= self._head:
                self.meter.end()
                return None
            page = await self._scheduler.next()
            if page is None:
                self.meter.end()
                return self._counted(await self._rest())
            self.meter.rows += page.rows
            item = page.item if self._stitcher is None else await self._in_pool(self._stitch, page.item)
            item = self._counted(item)
            self._report()
        return item

    async def aclose(self) -> None:
        """Stop the requests and give back what is held here; the instance goes with the session."""
        if self.closed:
            return
        self.closed = True
        self.meter.end()
        self._lag.cancel()
        self._session.unregister(self)
        self._session.release()
        # Let go of: its error's traceback would hold on to all that a failed consumer had gathered.
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            await scheduler.aclose()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _counted(self, item: T | None) -> T | None:
        """Cut what is too much off, and count the rows."""
        if item is not None and self._head is not None:
            item = item.slice(0, self._head - self.meter.result_rows)
        self.meter.result_rows += 0 if item is None else len(item)
        return item

    async def _rest(self) -> T | None:
        """Return the rows that waited for the last page, once."""
        stitcher, self._stitcher = self._stitcher, None
        batch = None if stitcher is None else await self._in_pool(stitcher.finish)
        return None if batch is None else await self._in_pool(self._convert, batch)

    def _stitch(self, page: Laid) -> T | None:
        batch = self._stitcher.feed(page) if self._stitcher else page.batch
        return None if batch is None else self._convert(batch)

    async def _in_pool(self, work: Callable[..., R], *arguments: Any) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def _watch(self, doing: str | None) -> None:
        self.meter.status = doing
        if doing is not None:
            self._report()

    def _report(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.stats())

    async def _first_page(self, instance: Instance | None, wanted: Range) -> Fetched[Any]:
        http = self._session.http
        if instance is not None:
            self._columns = instance.columns
            try:
                answer = await self._source.page(http, instance.id, wanted, self._options.grid)
                page = await self._decode(answer, keep_id=True)
            except InstanceGone:
                pass  # nothing was delivered of it: a new one is as good
            else:
                _check_total(instance, page)
                return page
        answer = await execute(self._session, self._source, wanted.rows, self._options.grid, self._watch)
        return await self._decode(answer, keep_id=True)

    async def _fetch(self, wanted: Range, free_place: Callable[[], None]) -> Fetched[Any]:
        answer = await self._source.page(self._session.http, self._instance_id, wanted, self._options.grid)
        free_place()
        return await self._decode(answer)

    async def _decode(self, answer: Answer, *, keep_id: bool = False) -> Fetched[Any]:
        self.meter.answered(answer)
        page, fetched, seconds = await self._in_pool(self._decode_here, answer)
        if keep_id:
            self._columns, self._instance_id = page.columns, page.instance_id
        self.meter.decoded(fetched.size, seconds)
        return fetched

    def _decode_here(self, answer: Answer) -> tuple[Page, Fetched[Any], float]:
        began = time.perf_counter()
        text = answer.content()
        page = decode_page(text, self._columns, options=self._options.grid)
        item = self._convert(page.batch) if page.columns.whole_pages else page.laid
        return page, Fetched(item, page.paging.current, page.paging, len(text)), time.perf_counter() - began


def _check_total(instance: Instance, page: Fetched[Any]) -> None:
    if page.paging.total != instance.total:
        raise DataMismatch(
            f"The result had {instance.total} rows when its schema was read and has {page.paging.total} now.",
            hint="Read again; the object may have been published meanwhile.",
        )

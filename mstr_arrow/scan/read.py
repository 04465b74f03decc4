"""One extraction under way: an instance, its scheduler, its worker threads, its counts."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mstr_arrow.errors import ClosedError, DataMismatch, InstanceGone, UsageError
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.scan.instance import Instance
from mstr_arrow.scan.plan import PagePlan, Range
from mstr_arrow.scan.scheduler import Fetched, Scheduler, ended
from mstr_arrow.scan.stats import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

    from mstr_arrow.config import Limits
    from mstr_arrow.grid.decode import Page
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.scan.instance import Source
    from mstr_arrow.scan.stats import ScanStats
    from mstr_arrow.transport.answers import Answer
    from mstr_arrow.transport.session import ServerSession

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How an object is read, beyond what is read: types by column name, order of pages, limits.

    Errors: UsageError for a limit below one.
    """

    types: Mapping[str, pa.DataType]
    ordered: bool
    limits: Limits

    def __post_init__(self) -> None:
        for limit in fields(self.limits):
            value = getattr(self.limits, limit.name)
            if value is not None and value < 1:
                raise UsageError(f"Limits.{limit.name} is {value}; it is at least 1.")


async def probe(session: ServerSession, source: Source, types: Mapping[str, pa.DataType]) -> Instance:
    """Create an instance and look at one row of it, for the columns and the number of rows."""
    answer = await source.create(session.http, 1)
    page = await asyncio.to_thread(lambda: decode_page(answer.content(), types=types))
    return Instance(page.instance_id, page.columns, page.paging.total)


class Read(Generic[T]):
    """The pages of one instance, each converted in a worker thread; on the background loop only.

    The session is kept alive, and ends the read when it is closed, until `aclose`.
    """

    def __init__(
        self,
        session: ServerSession,
        source: Source,
        options: ReadOptions,
        convert: Callable[[pa.RecordBatch], T],
        on_progress: Callable[[ScanStats], object] | None = None,
    ) -> None:
        self.meter = Meter()
        self._session = session
        self._source = source
        self._options = options
        self._convert = convert
        self._on_progress = on_progress
        self._columns: Columns | None = None
        self._instance_id = ""
        self._scheduler: Scheduler[T] | None = None
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

    def stats(self) -> ScanStats:
        """Return what was done so far."""
        self.meter.in_flight = self._scheduler.in_flight if self._scheduler else 0
        return self.meter.stats()

    async def open(self, instance: Instance | None) -> None:
        """Read the first page: of ``instance``, if it still lives, else of a new one."""
        limits = self._options.limits
        wanted = Range(0, limits.page_rows or limits.first_page_rows)
        page = await self._first_page(instance, wanted)
        self.meter.total_rows = page.paging.total
        plan = PagePlan(page.paging.total, limits)
        self._scheduler = Scheduler(plan, self._fetch, limits, ordered=self._options.ordered)
        if page.paging.total or page.rows:
            self._scheduler.accept(plan.take() if page.paging.total else Range(0, 0), page)
        self._report()

    async def next(self) -> T | None:
        """Return the next page, converted; None after the last."""
        if self._scheduler is None:
            raise ended()
        page = await self._scheduler.next()
        if page is None:
            self.meter.end()
            return None
        self.meter.rows += page.rows
        self._report()
        return page.item

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

    def _report(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.stats())

    async def _first_page(self, instance: Instance | None, wanted: Range) -> Fetched[T]:
        http = self._session.http
        if instance is not None:
            self._columns = instance.columns
            try:
                answer = await self._source.page(http, instance.id, 0, wanted.rows)
                page = await self._decode(answer, keep_id=True)
            except InstanceGone:
                pass  # nothing was delivered of it: a new one is as good
            else:
                _check_total(instance, page)
                return page
        return await self._decode(await self._source.create(http, wanted.rows), keep_id=True)

    async def _fetch(self, wanted: Range, free_place: Callable[[], None]) -> Fetched[T]:
        answer = await self._source.page(self._session.http, self._instance_id, wanted.offset, wanted.rows)
        free_place()
        return await self._decode(answer)

    async def _decode(self, answer: Answer, *, keep_id: bool = False) -> Fetched[T]:
        self.meter.answered(answer)
        loop = asyncio.get_running_loop()
        page, fetched, seconds = await loop.run_in_executor(self._pool, self._decode_here, answer)
        if keep_id:
            self._columns, self._instance_id = page.columns, page.instance_id
        self.meter.decoded(fetched.size, seconds)
        return fetched

    def _decode_here(self, answer: Answer) -> tuple[Page, Fetched[T], float]:
        began = time.perf_counter()
        text = answer.content()
        page = decode_page(text, self._columns, types=self._options.types)
        item = self._convert(page.batch)
        return page, Fetched(item, page.batch.num_rows, page.paging, len(text)), time.perf_counter() - began


def _check_total(instance: Instance, page: Fetched[Any]) -> None:
    if page.paging.total != instance.total:
        raise DataMismatch(
            f"The result had {instance.total} rows when its schema was read and has {page.paging.total} now.",
            hint="Read again; the object may have been published meanwhile.",
        )

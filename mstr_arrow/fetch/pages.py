"""The pages of one instance, fetched in parallel, converted, and joined where rows span them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mstr_arrow.errors import DataMismatch, ProtocolError
from mstr_arrow.fetch.bad_values import Tally
from mstr_arrow.fetch.page_plan import PagePlan
from mstr_arrow.fetch.scheduler import Fetched, Scheduler, make_closed_error
from mstr_arrow.grid.rows import Range
from mstr_arrow.grid.stitch import Stitcher
from mstr_arrow.instances.belonging import check_belongs
from mstr_arrow.instances.page_request import fetch_page, read_page

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from mstr_arrow.fetch.context import ReadContext
    from mstr_arrow.fetch.scheduler import FreePlace
    from mstr_arrow.grid.decode import Page
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.grid.tidy import Laid
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.source import Source

T = TypeVar("T")

DAMAGED = (ProtocolError, DataMismatch)
"""Errors of a page that cannot be read, or contradicts itself: it is asked for again before it is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesSpec(Generic[T]):
    """Which pages are wanted, and as what.

    ``instance_id`` is the instance, where its pages do not name it. ``first`` and ``start`` are those of a
    `PagePlan`, ``awaited`` that of a `Scheduler`. Bad values are counted from a row on, under a ``label``.
    """

    source: Source
    convert: Callable[[pa.RecordBatch], T]
    instance_id: str | None
    first: int | None = None
    start: Range | None = None
    awaited: bool = True
    label: str | None = None
    counted_from: int = 0


class Pages(Generic[T]):
    """The pages of one instance, from its first on; made by `open_pages`."""

    def __init__(self, context: ReadContext, spec: PagesSpec[T], page: Page) -> None:
        self.columns = page.columns
        self.misfits: tuple[Misfit, ...] = ()
        self.tally = Tally(page.columns, spec.label, spec.counted_from)
        self.instance_id = page.instance_id or spec.instance_id or ""
        self.extremes = page.extremes
        self.plan = PagePlan(page.paging.total, context.options.limits, first=spec.first, start=spec.start)
        self.first_bytes = 0
        self.taken = 0
        self._context = context
        self._source = spec.source
        self._convert = spec.convert
        self._stitcher = None if self.columns.whole_pages else Stitcher(self.columns)
        ordered = context.options.ordered or self._stitcher is not None
        self._scheduler: Scheduler[Any] | None = Scheduler(
            self.plan, self._fetch, context.budget, ordered=ordered, awaited=spec.awaited
        )

    @property
    def row(self) -> int:
        """The row of the grid behind those that were taken."""
        return self.plan.begin + self.taken

    def accept(self, fetched: Fetched[Any]) -> None:
        """Take the first page."""
        self.first_bytes = fetched.size
        if self._scheduler is not None and (fetched.paging.total or fetched.rows):
            self._scheduler.accept(self.plan.take() if fetched.paging.total else Range(0, 0), fetched)

    async def next(self) -> T | None:
        """Return the next rows, converted; None after the last."""
        while True:
            if self._scheduler is None:
                raise make_closed_error()
            page = await self._scheduler.next()
            if page is None:
                return await self._rest()
            self.taken += page.rows
            self._context.meter.rows += page.rows
            self._count(page.misfits)
            self._context.check_offsets(self.columns, page.offsets, self.row - page.rows)
            if self._stitcher is None:
                return page.item  # type: ignore[no-any-return]  # converted where it was decoded
            item = await self._context.in_thread(self._stitch, page.item)
            if item is not None:
                return item

    def _count(self, misfits: tuple[Misfit, ...]) -> None:
        """Keep the bad values of the page that was taken last, and count them."""
        self.misfits = misfits
        known = bool(self.tally.found)
        self.tally.count(misfits)
        if self.tally.found and not known:
            self._context.meter.tallies.append(self.tally)

    async def aclose(self) -> None:
        """Stop the requests."""
        # Let go of: its error's traceback would hold on to all that a failed consumer had gathered.
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            await scheduler.aclose()

    async def _fetch(self, wanted: Range, free_place: FreePlace) -> Fetched[Any]:
        session, grid = self._context.session, self.columns.options

        async def ask(rows: Range) -> Response:
            response = await fetch_page(session, self._source, self.instance_id, rows, grid)
            free_place(response.seconds_waiting + response.seconds_transferring, busy=response.busy)
            return response

        async def read(response: Response) -> Fetched[Any]:
            return await self._decode(response, wanted)

        return await read_page(session, ask(wanted), wanted, ask, read)

    async def _decode(self, response: Response, wanted: Range) -> Fetched[Any]:
        def convert(page: Page) -> Any:
            return item_of(page, self._convert)

        page, item, size = await self._context.decode(response, self.columns, convert, offset=wanted.offset)
        check_belongs(page, self._source, self.instance_id)
        return Fetched(item, page.paging.current, page.paging, size, page.misfits, page.offsets)

    def _stitch(self, page: Laid) -> T | None:
        batch = self._stitcher.feed(page) if self._stitcher else page.batch
        return None if batch is None else self._convert(batch)

    async def _rest(self) -> T | None:
        """Return the rows that waited for the last page, once."""
        stitcher, self._stitcher = self._stitcher, None
        batch = None if stitcher is None else await self._context.in_thread(stitcher.finish)
        return None if batch is None else await self._context.in_thread(self._convert, batch)


def item_of(page: Page, convert: Callable[[pa.RecordBatch], T]) -> T | Laid:
    """Convert the rows of a page, unless some of them are to be joined to those of others first."""
    return convert(page.batch) if page.columns.whole_pages else page.laid


async def open_pages(
    context: ReadContext, spec: PagesSpec[T], response: Response, columns: Columns | None
) -> Pages[T]:
    """Decode the first page of an instance, which tells the columns where these are not known yet."""
    offset = 0 if spec.start is None else spec.start.offset
    page, item, size = await context.decode(
        response, columns, lambda page: item_of(page, spec.convert), offset=offset
    )
    check_belongs(page, spec.source, spec.instance_id)
    pages = Pages(context, spec, page)
    pages.accept(Fetched(item, page.paging.current, page.paging, size, page.misfits, page.offsets))
    return pages

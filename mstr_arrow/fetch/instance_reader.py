"""One extraction under way: an instance, read to its end or as far as is wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.errors import ClosedError, DataMismatch, InstanceGone, InvalidRequest
from mstr_arrow.fetch.base_reader import BaseReader
from mstr_arrow.fetch.pages import open_pages
from mstr_arrow.fetch.recovery import (
    HandedOut,
    Marked,
    Position,
    cannot_go_on,
    mark_with,
    misfits_hash,
    not_certain,
    remake,
)
from mstr_arrow.fetch.scheduler import make_closed_error
from mstr_arrow.fetch.untyped import warn_of_untyped
from mstr_arrow.grid.rows import Range
from mstr_arrow.instances.execute import INSTANCES, execute, place_for
from mstr_arrow.instances.fetch_known import fetch_known
from mstr_arrow.instances.known import Known
from mstr_arrow.instances.page_request import fetch_page, read_page
from mstr_arrow.query.sorting import in_total_order

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pyarrow as pa

    from mstr_arrow.fetch.base_reader import Sliceable
    from mstr_arrow.fetch.pages import Pages
    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.working_set import Place

T = TypeVar("T", bound="Sliceable")


class InstanceReader(BaseReader[T]):
    """The pages of one instance, whose bad values are counted from a row on.

    More than ``first`` rows of the grid are asked for only when these are taken and `next` is called again. With
    ``start``, which is the first page, `open` takes an instance that was made before, and rows before it are not
    read.
    """

    def __init__(
        self,
        session: ProjectSession,
        source: Source,
        options: ReadOptions,
        convert: Callable[[pa.RecordBatch], T],
        on_progress: Callable[[ScanStats], object] | None = None,
        *,
        narrow: Callable[[pa.Schema], pa.Schema] = lambda schema: schema,
        first: int | None = None,
        head: int | None = None,
        start: Range | None = None,
        counted_from: int = 0,
    ) -> None:
        super().__init__(session, source, options, convert, on_progress, narrow=narrow, head=head)
        self._unmarked = convert
        self._asked = source
        self._set_source(source)
        self._first = first
        self._start = start
        self._place: Place | None = None
        self._pages: Pages[Any] | None = None
        self._counted_from = counted_from
        self._tail: pa.RecordBatch | None = None
        self._handed_out: list[HandedOut] = []
        self._known = Known()
        self._columns: Columns | None = None

    @property
    def columns(self) -> Columns:
        """The columns of the result."""
        if self._columns is None:
            raise ClosedError("the read was not opened.")
        return self._columns

    @property
    def misfits(self) -> tuple[Misfit, ...]:
        """The bad values of the page that was handed out last."""
        return self._pages.misfits if self._pages else ()

    def stats(self) -> ScanStats:
        """Return what was done so far."""
        self._context.meter.total_rows = self._pages.plan.end if self._pages else self._context.meter.total_rows
        return super().stats()

    async def _open(self, instance: Instance | None) -> None:
        context = self._context
        rows = context.options.limits.first_rows
        wanted = self._start or Range(0, min(rows, self._first or rows))
        place = self._place = await place_for(context.session, self._source, instance, context.watch)
        if instance is not None and instance.id != place.instance_id:
            instance = None
        response = None if instance is None else await self._ask_first_page(instance, wanted)
        if response is None and self._start is not None:
            raise InstanceGone("the instance is gone before the first of the rows that are left was read.")
        if response is None:  # nothing was delivered of an instance that is gone: a new one is as good
            context.meter.restarts += instance is not None
            instance = None
            response = await self._make(place, wanted.rows)
        elif instance is not None:
            self._known = instance.known or self._known
        try:
            pages = await self._open_first_page(
                response, wanted, place, lambda first: self._open_pages(first, instance)
            )
        except DataMismatch as error:
            self._learn(error)
            raise
        self._columns = pages.columns
        self._take_up(pages)
        if not pages.plan.total:
            warn_of_untyped(pages.columns, self._source)
        self._report()

    async def _stop(self) -> None:
        pages, self._pages = self._pages, None
        if pages is not None:
            await pages.aclose()
        if self._place is not None:
            self._place.release()

    @property
    def _can_begin_again(self) -> bool:
        return super()._can_begin_again and self._start is None

    def _set_source(self, source: Source) -> None:
        self._source = source
        self._convert = mark_with(self._unmarked) if source.ordered else self._unmarked

    def _in_total_order(self) -> Source:
        """Return what asks for all rows in a total order, if the server can do so, and nobody minds which order.

        Then the next loss of the instance costs an overlap.
        """
        source, options = self._asked, self._context.options
        whole = self._first is None and self._head is None and options.ordered and self._start is None
        sorts = source.kind == "cube" and "sorting" not in source.body and source.refusal(self.columns) is None
        if source.ordered or not (whole and sorts):
            return source
        return replace(source, body=in_total_order(source.body, self.columns), ordered=True)

    async def _begin_again(self) -> None:
        self._tail = None
        self._handed_out.clear()
        self._context.meter.consistent = "one instance"
        await self._go_on()

    async def _take(self) -> T | None:
        """Return the next page, of another instance where this one is gone; None after the last."""
        gone: InstanceGone | None = None
        for _ in range(INSTANCES):
            try:
                if gone is not None:
                    await self._go_on()
                if self._pages is None:
                    raise make_closed_error()
                pages = self._pages
                began = pages.row
                item = await pages.next()
            except InstanceGone as error:
                delivered = self._start is not None or self._context.meter.result_rows > 0
                hint = cannot_go_on(self._source, delivered=delivered, tail=self._tail is not None)
                if hint is not None:
                    error.add_hint(hint)
                    raise
                gone = error
            except DataMismatch as error:
                self._learn(error)
                raise
            else:
                if isinstance(item, Marked):
                    rows = Range(began, pages.row - began)
                    self._handed_out.append(HandedOut(rows, item.checksum, misfits_hash(rows, pages.misfits)))
                    self._tail, item = item.tail, item.item
                return item
        raise gone or make_closed_error()

    def _learn(self, error: DataMismatch) -> None:
        """Note a server that counts rows which the conditions that it was sent leave out."""
        sent = [name for name in ("viewFilter", "metricLimits") if name in self._source.body]
        if sent and self._context.budget.ran_out:
            self._context.session.capabilities.counts_filtered = False
            error.hint = (
                f"The server seems to count rows that the conditions which it was sent ({sent[0]}) leave out. Read "
                "again: in this session conditions run here from now on."
            )

    async def _go_on(self) -> None:
        """Replace the pages of an instance that is gone by those of another, which are left or all.

        All are read again where none was handed out. For requests that fail together this is done once.
        """
        context, place, old = self._context, self._place, self._pages
        if place is None or old is None:
            raise make_closed_error()
        goes_on = self._tail is not None and (context.meter.result_rows > 0 or self._start is not None)
        if goes_on and not self._known.times.publication.is_certain:
            self._judge(certain=False)
        await old.aclose()
        context.meter.restarts += 1
        rows = context.options.limits.first_rows
        start = None
        if goes_on and self._tail is not None:
            row, total = old.row, old.plan.total
            at = Position(row, total, self._tail, self._handed_out, self._known, old.misfits)
            instance_id, known = await remake(context, self._source, self.columns, place, at)
            self._judge(certain=self._known.proves(known))
            wanted = start = Range(row, min(rows, total - row))
            response = await fetch_page(context.session, self._source, instance_id, start, context.options.grid)
        else:
            context.meter.rows = 0
            context.meter.tallies.clear()
            wanted = Range(0, min(rows, self._first or rows))
            response = await self._make_again(place, wanted.rows)
        first = self._first if start is None else old.plan.end

        async def open_again(response: Response) -> Pages[Any]:
            return await open_pages(
                context,
                self._source,
                response,
                self.columns,
                self._convert,
                instance_id=place.instance_id,
                first=first,
                start=start,
                counted_from=self._counted_from,
            )

        pages = await self._open_first_page(response, wanted, place, open_again)
        if self.closed:
            await pages.aclose()
            raise make_closed_error()
        self._take_up(pages)

    def _judge(self, *, certain: bool) -> None:
        """Note how certain it is that another instance has the same data; errors: InstanceGone if not enough."""
        if certain:
            self._context.meter.goes_on("published once")
            return
        if self._context.options.consistency == "proven" or (self.shows_at_end and not self._begun_again):
            raise not_certain()
        self._context.meter.goes_on("likely")

    def _take_up(self, pages: Pages[Any]) -> None:
        """Read from these pages from now on."""
        self._pages = pages
        self._known = replace(self._known, total=pages.plan.total, extremes=pages.extremes)

    async def _make(self, place: Place, rows: int) -> Response:
        """Make an instance and return its first page; ask before what may be needed to go on over another."""
        context, source = self._context, self._source
        self._known = await fetch_known(context.session, source)
        return await execute(context.session, source, rows, context.options.grid, context.watch, place=place)

    async def _make_again(self, place: Place, rows: int) -> Response:
        """Make an instance of all rows, in a total order unless the server refuses that."""
        self._set_source(self._in_total_order())
        try:
            return await self._make(place, rows)
        except InvalidRequest:
            if self._source == self._asked:
                raise
            self._set_source(self._asked)
            return await self._make(place, rows)

    async def _open_first_page(
        self, response: Response, wanted: Range, place: Place, open_at: Callable[[Response], Awaitable[Pages[Any]]]
    ) -> Pages[Any]:
        """Open the pages that begin with this answer; it is asked for again where it is not as it should be."""
        instance_id, context = place.instance_id, self._context

        async def ask() -> Response:
            return await fetch_page(context.session, self._source, str(instance_id), wanted, context.options.grid)

        return await read_page(context.session, response, ask if instance_id else None, open_at)

    async def _open_pages(self, response: Response, instance: Instance | None) -> Pages[Any]:
        pages = await open_pages(
            self._context,
            self._source,
            response,
            None if instance is None else instance.columns,
            self._convert,
            instance_id=None if self._place is None else self._place.instance_id,
            first=self._first,
            start=self._start,
            counted_from=self._counted_from,
        )
        if instance is not None and pages.plan.total != instance.total:
            await pages.aclose()
            raise DataMismatch(
                f"The result had {instance.total} rows when its schema was read and has {pages.plan.total} now.",
                hint="Read again; the object may have been published meanwhile.",
            )
        return pages

    async def _ask_first_page(self, instance: Instance, wanted: Range) -> Response | None:
        """Ask for the first page of an instance that was made before; None where it is gone."""
        try:
            return await fetch_page(
                self._context.session, self._source, instance.id, wanted, self._context.options.grid
            )
        except InstanceGone:
            return None

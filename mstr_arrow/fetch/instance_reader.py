"""One extraction under way: an instance, read to its end or as far as is wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.errors import ClosedError, DataMismatch, InstanceGone, InvalidRequest
from mstr_arrow.fetch.base_reader import BaseReader
from mstr_arrow.fetch.pages import PagesSpec, open_pages
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

    from mstr_arrow.fetch.base_reader import ReadSpec, Sliceable
    from mstr_arrow.fetch.pages import Pages
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.working_set import Place

T = TypeVar("T", bound="Sliceable")


class InstanceReader(BaseReader[T]):
    """The pages of one instance; with ``ReadSpec.start`` `open` takes one that was made before."""

    def __init__(self, spec: ReadSpec) -> None:
        super().__init__(spec)
        self._set_source(spec.source)
        self._place: Place | None = None
        self._pages: Pages[Any] | None = None
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
        """Return the counts so far."""
        self._context.meter.total_rows = self._pages.plan.end if self._pages else self._context.meter.total_rows
        return super().stats()

    async def _open(self, instance: Instance | None) -> None:
        context, spec = self._context, self._spec
        wanted = spec.start or self._first_rows()
        place = self._place = await place_for(context.session, self._source, instance, context.watch)
        if instance is not None and instance.id != place.instance_id:
            instance = None

        async def ask() -> Response:
            nonlocal instance
            if instance is not None:
                try:
                    response = await self._fetch(place, wanted)
                except InstanceGone:  # nothing was delivered of it: a new one is as good
                    context.meter.restarts += 1
                    instance = None
                else:
                    self._known = instance.known or self._known
                    return response
            if spec.start is not None:
                raise InstanceGone("the instance is gone before the first of the rows that are left was read.")
            return await self._make(place, wanted.rows)

        async def open_first(response: Response) -> Pages[Any]:
            return await self._open_pages(response, place, instance)

        try:
            pages = await self._read_first(ask(), wanted, place, open_first)
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
        return super()._can_begin_again and self._spec.start is None

    def _set_source(self, source: Source) -> None:
        self._source = source
        self._convert = mark_with(self._spec.convert) if source.ordered else self._spec.convert

    def _in_total_order(self) -> Source:
        """Return a source of all rows in a total order, if the server can do so, and the order does not matter.

        Then the next loss of the instance costs an overlap.
        """
        spec, source = self._spec, self._spec.source
        whole = spec.first is None and spec.head is None and spec.options.ordered and spec.start is None
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
                delivered = self._spec.start is not None or self._context.meter.result_rows > 0
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
        goes_on = self._tail is not None and (context.meter.result_rows > 0 or self._spec.start is not None)
        if goes_on and not self._known.times.publication.is_certain:
            self._judge(certain=False)
        await old.aclose()
        context.meter.restarts += 1
        start = None
        if goes_on and self._tail is not None:
            row, total = old.row, old.plan.total
            at = Position(row, total, self._tail, self._handed_out, self._known, old.misfits)
            known = await remake(context, self._source, self.columns, place, at)
            self._judge(certain=self._known.proves(known))
            wanted = start = Range(row, min(context.options.limits.first_rows, total - row))
            asking = self._fetch(place, start)
        else:
            context.meter.rows = 0
            context.meter.tallies.clear()
            wanted = self._first_rows()
            asking = self._make_again(place, wanted.rows)

        async def open_again(response: Response) -> Pages[Any]:
            spec = self._pages_spec(place)
            if start is not None:
                spec = replace(spec, first=old.plan.end, start=start)
            return await open_pages(context, spec, response, self.columns)

        pages = await self._read_first(asking, wanted, place, open_again)
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
            if self._source == self._spec.source:
                raise
            self._set_source(self._spec.source)
            return await self._make(place, rows)

    def _first_rows(self) -> Range:
        rows = self._context.options.limits.first_rows
        return Range(0, min(rows, self._spec.first or rows))

    async def _fetch(self, place: Place, wanted: Range) -> Response:
        context = self._context
        return await fetch_page(
            context.session, self._source, place.instance_id or "", wanted, context.options.grid
        )

    async def _read_first(
        self,
        asking: Awaitable[Response],
        wanted: Range,
        place: Place,
        open_at: Callable[[Response], Awaitable[Pages[Any]]],
    ) -> Pages[Any]:
        """Open the pages that begin with a response; it is asked for again where it is not as it should be."""
        return await read_page(
            self._context.session,
            asking,
            wanted,
            lambda rows: self._fetch(place, rows),
            open_at,
            can_ask=lambda: place.instance_id,
        )

    def _pages_spec(self, place: Place) -> PagesSpec[Any]:
        spec = self._spec
        return PagesSpec(
            source=self._source,
            convert=self._convert,
            instance_id=place.instance_id,
            first=spec.first,
            start=spec.start,
            counted_from=spec.counted_from,
        )

    async def _open_pages(self, response: Response, place: Place, instance: Instance | None) -> Pages[Any]:
        """Open the pages of an instance; errors: DataMismatch where it was looked at and had another total then."""
        columns = None if instance is None else instance.columns
        pages = await open_pages(self._context, self._pages_spec(place), response, columns)
        if instance is not None and pages.plan.total != instance.total:
            await pages.aclose()
            raise DataMismatch(
                f"The result had {instance.total} rows when its schema was read and has {pages.plan.total} now.",
                hint="Read again; the object may have been published meanwhile.",
            )
        return pages

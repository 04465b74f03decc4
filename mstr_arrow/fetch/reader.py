"""One extraction under way: an instance, read to its end or as far as is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.errors import ClosedError, DataMismatch, InstanceGone, ProtocolError
from mstr_arrow.fetch.base_reader import Reading
from mstr_arrow.fetch.pages import open_pages
from mstr_arrow.fetch.recovery import Marked, Position, cannot_go_on, marking, remake
from mstr_arrow.fetch.scheduler import ended
from mstr_arrow.grid.rows import Range
from mstr_arrow.instances.execute import INSTANCES, execute, place_for
from mstr_arrow.instances.freshness import Times, fetch_times
from mstr_arrow.instances.page_request import fetch_page

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from mstr_arrow.fetch.base_reader import Sliceable
    from mstr_arrow.fetch.options import ReadOptions
    from mstr_arrow.fetch.pages import Pages
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.http.response import Answer
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.working_set import Place

T = TypeVar("T", bound="Sliceable")


class Read(Reading[T]):
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
        marked = marking(convert) if source.ordered else convert
        super().__init__(session, source, options, marked, on_progress, narrow=narrow, head=head)
        self._first = first
        self._start = start
        self._place: Place | None = None
        self._pages: Pages[Any] | None = None
        self._counted_from = counted_from
        self._tail: pa.RecordBatch | None = None
        self._times = Times(None, None)
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
        self._shop.meter.total_rows = self._pages.plan.end if self._pages else self._shop.meter.total_rows
        return super().stats()

    async def _open(self, instance: Instance | None) -> None:
        shop = self._shop
        rows = shop.options.limits.first_rows
        wanted = self._start or Range(0, min(rows, self._first or rows))
        place = self._place = await place_for(shop.session, self._source, instance, shop.watch)
        if instance is not None and instance.id != place.instance_id:
            instance = None
        answer = None if instance is None else await self._first_of(instance, wanted)
        if answer is None and self._start is not None:
            raise InstanceGone("the instance is gone before the first of the rows that are left was read.")
        if answer is None:  # nothing was delivered of an instance that is gone: a new one is as good
            shop.meter.restarts += instance is not None
            instance = None
            answer = await self._made(place, wanted.rows)
        elif instance is not None:
            self._times = instance.times or self._times
        try:
            pages = await self._opened(answer, instance)
        except ProtocolError:  # what a gateway has damaged once may come whole; to make another is another matter
            answer = None if instance is None else await self._first_of(instance, wanted)
            if answer is None:
                raise
            pages = await self._opened(answer, instance)
        if instance is not None:
            _check_total(instance, pages.plan.total)
        self._columns, self._pages = pages.columns, pages
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

    async def _begin_again(self) -> None:
        self._tail = None
        await self._go_on()

    async def _taken(self) -> T | None:
        """Return the next page, of another instance where this one is gone; None after the last."""
        gone: InstanceGone | None = None
        for _ in range(INSTANCES):
            try:
                if gone is not None:
                    await self._go_on()
                if self._pages is None:
                    raise ended()
                item = await self._pages.next()
            except InstanceGone as error:
                delivered = self._start is not None or self._shop.meter.result_rows > 0
                hint = cannot_go_on(self._source, delivered=delivered, tail=self._tail is not None)
                if hint is not None:
                    error.add_hint(hint)
                    raise
                gone = error
            else:
                if isinstance(item, Marked):
                    self._tail, item = item.tail, item.item
                return item
        raise gone or ended()

    async def _go_on(self) -> None:
        """Replace the pages of an instance that is gone by those of another, which are left or all.

        All are read again where none was handed out. For requests that fail together this is done once.
        """
        shop, source, place, old = self._shop, self._source, self._place, self._pages
        if place is None or old is None:
            raise ended()
        await old.aclose()
        shop.meter.restarts += 1
        rows = shop.options.limits.first_rows
        start = None
        if self._tail is not None and (shop.meter.result_rows or self._start is not None):
            row, total = old.plan.begin + old.taken, old.plan.total
            at = Position(row, total, self._tail, self._times, old.misfits)
            instance_id = await remake(shop, source, self.columns, place, at)
            start = Range(row, min(rows, total - row))
            answer = await fetch_page(shop.session, source, instance_id, start, shop.options.grid)
        else:
            shop.meter.rows = 0
            shop.meter.tallies.clear()
            answer = await self._made(place, min(rows, self._first or rows))
        first = self._first if start is None else old.plan.end
        pages = await open_pages(
            shop,
            source,
            answer,
            self.columns,
            self._convert,
            first=first,
            start=start,
            counted_from=self._counted_from,
        )
        if self.closed:
            await pages.aclose()
            raise ended()
        self._pages = pages

    async def _made(self, place: Place, rows: int) -> Answer:
        """Make an instance and return its first page; ask for times before, where they are needed to go on."""
        shop, source = self._shop, self._source
        if source.ordered:
            self._times = await fetch_times(shop.session.http, source)
        return await execute(shop.session, source, rows, shop.options.grid, shop.watch, place=place)

    async def _opened(self, answer: Answer, instance: Instance | None) -> Pages[Any]:
        known = None if instance is None else instance.columns
        return await open_pages(
            self._shop,
            self._source,
            answer,
            known,
            self._convert,
            first=self._first,
            start=self._start,
            counted_from=self._counted_from,
        )

    async def _first_of(self, instance: Instance, wanted: Range) -> Answer | None:
        """Ask for the first page of an instance that was made before; None where it is gone."""
        try:
            return await fetch_page(self._shop.session, self._source, instance.id, wanted, self._shop.options.grid)
        except InstanceGone:
            return None


def _check_total(instance: Instance, total: int) -> None:
    if total != instance.total:
        raise DataMismatch(
            f"The result had {instance.total} rows when its schema was read and has {total} now.",
            hint="Read again; the object may have been published meanwhile.",
        )

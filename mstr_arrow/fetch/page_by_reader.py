"""All pages of a report that has page-by, one after the other as one result."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.errors import ClosedError, ConversionError, InstanceGone, MstrError, ServerError, UsageError
from mstr_arrow.fetch.bad_values import Tally
from mstr_arrow.fetch.base_reader import BaseReader
from mstr_arrow.fetch.pages import PagesSpec, open_pages
from mstr_arrow.fetch.recovery import data_changed
from mstr_arrow.fetch.scheduler import make_closed_error
from mstr_arrow.grid.rows import Range
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.instances.execute import INSTANCES, execute, place_for
from mstr_arrow.instances.page_choice import PageChoice, fetch_page_by
from mstr_arrow.instances.page_request import fetch_page, read_page
from mstr_arrow.instances.probe import probe
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mstr_arrow.fetch.base_reader import ReadSpec, Sliceable
    from mstr_arrow.fetch.context import ReadContext
    from mstr_arrow.fetch.pages import Pages
    from mstr_arrow.grid.expansion import Expansion
    from mstr_arrow.grid.page_by import PageBy
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.working_set import Place

T = TypeVar("T", bound="Sliceable")

_BAD_REQUEST = 400

_WAYS_OUT = naming("Tables and files begin again by themselves; {Report.page_by()} reads one page of the report.")


class PageByReader(BaseReader[T]):
    """The rows of many pages of a report.

    One instance shows one page at a time, and is changed to show another: as many instances as there are requests
    in flight are used, as far as the session has places for them, each ahead of the consumer within the budget that
    all share. Of the rows in total, those of the pages that were opened are known.

    Where an instance is gone, another shows the page of the report that it showed, unless rows of this page were
    handed out: their order may be another one now.
    """

    def __init__(self, spec: ReadSpec) -> None:
        super().__init__(spec)
        self._expansion: Expansion | None = None
        self._workers: set[asyncio.Task[None]] = set()
        self._opened: dict[int, asyncio.Future[Pages[T]]] = {}
        self._left = iter(range(0))
        self._at = 0
        self._handed_out = False
        self._shown_again = 0
        self._stir = asyncio.Event()
        self._first_bytes = spec.options.limits.page_bytes

    @property
    def columns(self) -> Columns:
        """The columns of the result."""
        return self._known.columns

    async def _open(self, instance: Instance | None) -> None:
        context, source = self._context, self._source
        place = None if instance is None else await place_for(context.session, source, instance, context.watch)
        if place is not None and place.instance_id is None:  # it is gone, and nothing was read of it
            place.release()
            place = None
        if place is None or instance is None:
            instance = await probe(context.session, source, context.options.grid, context.watch)
            place = await place_for(context.session, source, instance, context.watch)
        try:
            self._expand(instance)
        except BaseException:
            place.release()
            raise
        self._spawn(self._work(place))
        self._use_more()

    def _expand(self, instance: Instance) -> None:
        """Begin with the first of the pages that there are now; errors: DataChanged for columns that are others."""
        if self.closed:
            raise make_closed_error()
        before, self._expansion = self._expansion, instance.expansion
        if before is not None and not before.columns.schema.equals(self._known.columns.schema, check_metadata=True):
            raise data_changed("its columns are others")
        pages = range(len(self._known.combinations))
        self._opened = {number: asyncio.get_running_loop().create_future() for number in pages}
        self._left = iter(pages)
        self._at, self._handed_out, self._shown_again = 0, False, 0
        self._context.budget.serve(self, self._stir.set)
        tally = Tally(self._known.columns, "the list of pages")
        tally.count(self._known.misfits)
        self._context.meter.tallies = [tally] if tally.found else []

    async def _take(self) -> T | None:
        while self._at < len(self._opened):
            opened = self._opened[self._at]
            await asyncio.wait([opened])  # which stays as it is where this wait is cancelled
            try:
                pages = opened.result()
                item = await pages.next()
            except ConversionError as error:
                raise self._locate(error) from error
            except InstanceGone as error:
                if opened.exception() or self._handed_out or self._shown_again + 1 >= INSTANCES:
                    error.add_hint(_WAYS_OUT)
                    raise
                await self._show_again(pages)
                continue
            if item is not None:
                self._handed_out = self._handed_out or len(item) > 0
                return item
            await pages.aclose()
            self._at, self._handed_out, self._shown_again = self._at + 1, False, 0
            self._stir.set()
            self._use_more()
        return None

    async def _show_again(self, pages: Pages[T]) -> None:
        """Have the page of the report that is due shown by another instance than these rows are of."""
        self._shown_again += 1
        await pages.aclose()
        if self.closed:
            raise make_closed_error()
        self._context.meter.rows -= pages.taken
        self._context.meter.tallies = [tally for tally in self._context.meter.tallies if tally is not pages.tally]
        self._context.meter.total_rows -= pages.plan.total
        self._opened[self._at] = asyncio.get_running_loop().create_future()
        self._stir.set()

    async def _begin_again(self) -> None:
        await self._stop()
        self._context.meter.rows = self._context.meter.total_rows = 0
        await self._open(None)

    async def _stop(self) -> None:
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        for opened in self._opened.values():
            if not opened.done():
                opened.set_exception(make_closed_error())
            opened.exception()  # seen, or asyncio would log it as never retrieved
        self._context.budget.forget(self)

    @property
    def _known(self) -> Expansion:
        if self._expansion is None:
            raise ClosedError("the read was not opened.")
        return self._expansion

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._workers.add(task)
        task.add_done_callback(self._workers.discard)

    def _use_more(self) -> None:
        """Use as many instances as requests may be in flight now, while there are pages for them."""
        wanted = min(self._context.budget.limiter.limit, len(self._opened) - self._at)
        for _ in range(wanted - len(self._workers)):
            self._spawn(self._work_if_there_is_room())

    async def _work_if_there_is_room(self) -> None:
        """Use one more instance, if the session has a place for it."""
        session, place = self._context.session, None
        with suppress(MstrError):  # it goes without
            place = await session.instances.spare(session.http, self._source.path)
        if place is not None:
            await self._work(place)

    async def _work(self, place: Place) -> None:
        """Have one instance show one page of the report after another, each until it was read."""
        instances = self._context.session.instances
        try:
            for number in self._left:
                await self._work_on(number, place)
                if instances.crowded and len(self._workers) > 1:
                    return
        finally:
            place.release()

    async def _work_on(self, number: int, place: Place) -> None:
        """Show a page of the report until it was read; again where the consumer met that its instance is gone."""
        pages = None
        try:
            while self._at <= number:
                if not self._opened[number].done():
                    pages = await self._open_page_by(number, place)
                    self._opened[number].set_result(pages)
                await self._wait_for_change()
        except Exception as error:  # noqa: BLE001 - whatever it is, the consumer gets it
            self._opened[number].set_exception(error)
        finally:
            if pages is not None:
                await pages.aclose()

    async def _open_page_by(self, number: int, place: Place) -> Pages[T]:
        """Wait until the limits allow it, have an instance show a page of the report, and read its first rows."""
        context, known, budget = self._context, self._known, self._context.budget
        limits = context.options.limits
        while budget.full or (number != self._at and budget.held + self._first_bytes > limits.buffer_bytes):
            await self._wait_for_change()
        estimate = self._first_bytes
        ticket = budget.start(estimate)
        try:

            async def show() -> Response:
                try:
                    response = await _show(context, self._source, known.page_by, number, place)
                    if response.busy:
                        budget.limiter.on_done(ticket, seconds=0.0, rows=0, busy=True)
                    return response
                finally:
                    budget.in_flight -= 1
                    budget.offer()

            async def ask(rows: Range) -> Response:
                grid = context.options.grid
                return await fetch_page(context.session, self._source, str(place.instance_id), rows, grid)

            async def open_shown(response: Response) -> Pages[T]:
                spec: PagesSpec[T] = PagesSpec(
                    source=self._source,
                    convert=lambda batch: self._convert(known.add_columns(batch, number)),
                    instance_id=place.instance_id,
                    awaited=False,
                    label=f"the page {known.label(number)}",
                )
                return await open_pages(context, spec, response, known.grid)

            pages = await read_page(
                context.session,
                show(),
                Range(0, limits.first_rows),
                ask,
                open_shown,
                can_ask=lambda: place.instance_id,
            )
        finally:
            budget.held -= estimate
            budget.offer()
        context.meter.total_rows += pages.plan.total
        self._first_bytes = max(1, pages.first_bytes)
        return pages

    async def _wait_for_change(self) -> None:
        """Wait until something has changed."""
        self._stir.clear()
        await self._stir.wait()

    def _locate(self, error: ConversionError) -> ConversionError:
        """Say on which page of the report the value is."""
        message = f"{error.message} It is on the page {self._known.label(self._at)}, whose rows are counted from 0."
        return ConversionError(message, column=error.column, row=error.row, hint=error.hint)


async def _show(context: ReadContext, source: Source, pages: PageBy, number: int, place: Place) -> Response:
    """Have the instance in a place, which is made at need, show a page of the report, and return its first rows.

    The instance may be gone: another one has to have the same ``pages``. Errors: those of `execute`; DataChanged
    for other pages.
    """
    elements = tuple(each["id"] for each in pages.element_ids(pages.combinations[number]))
    page = PageChoice(elements=elements) if elements else None
    rows, grid = context.options.limits.first_rows, context.options.grid
    for left in reversed(range(INSTANCES)):
        over = place.instance_id
        wanted = replace(source, page_by=page, over=over)
        try:
            response = await execute(context.session, wanted, rows, grid, context.watch, place=place)
            if over is not None and place.instance_id != over:
                context.meter.restarts += 1
                await _compare_page_by(context, source, pages, place)
            break
        except InstanceGone:
            if not left:
                raise
        except ServerError as error:
            if infer_status(error) == _BAD_REQUEST:  # it may be a page that is no longer there
                await _compare_page_by(context, source, pages, place)
            raise
    return response


async def _compare_page_by(context: ReadContext, source: Source, pages: PageBy, place: Place) -> None:
    """Compare the pages that an instance has with those that are read; errors: DataChanged, if told twice."""
    chosen = source.page_by or PageChoice()
    for _ in range(2):
        there = await fetch_page_by(context.session.http, source.path, str(place.instance_id))
        with suppress(UsageError):  # an element that is no longer there
            if there.only(there.choose(chosen.values)) == pages:
                return
    raise data_changed("its pages are others")

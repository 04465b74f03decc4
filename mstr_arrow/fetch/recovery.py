"""Going on over another instance, where one is gone: only from the same row of the same data in the same order."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pyarrow as pa

from mstr_arrow.errors import DataChanged, DataError, InstanceGone
from mstr_arrow.fetch.pages import DAMAGED
from mstr_arrow.grid.checksum import checksum
from mstr_arrow.grid.misfits import misfits_in
from mstr_arrow.grid.rows import Range
from mstr_arrow.grid.texts import deliver_batch
from mstr_arrow.instances.belonging import check_belongs
from mstr_arrow.instances.execute import execute
from mstr_arrow.instances.fetch_known import fetch_known
from mstr_arrow.instances.page_request import BELIEVED, fetch_page
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mstr_arrow.fetch.context import ReadContext
    from mstr_arrow.grid.decode import Page
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.http.response import Response
    from mstr_arrow.instances.known import Known
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.working_set import Place

T = TypeVar("T")

OVERLAP = 1_000
"""Rows handed out last that are fetched again and compared, at most; those of one page."""

PAGES = 3
"""Pages of those handed out that are fetched again and compared, at most, drawn at random."""

_CONSISTENT = (
    "Read it again from the start, while nobody publishes it: a consistent copy is what one instance shows."
)
_ORDER_HINT = naming(
    "{Scan.with_options.total_order=True} makes a read that goes on over another instance, where the server can "
    "sort; tables and files begin again by themselves."
)


_PROOF_HINT = naming(
    'A login that may monitor the caches of cubes proves it; {Scan.with_options.consistency="likely"} goes on '
    "without proof; or read again from the start."
)


@dataclass(frozen=True, slots=True)
class Marked(Generic[T]):
    """Rows to hand out, with a checksum and the last of the rows that they were made of."""

    item: T
    tail: pa.RecordBatch
    checksum: int


def mark_with(convert: Callable[[pa.RecordBatch], T]) -> Callable[[pa.RecordBatch], Marked[T]]:
    """Have a conversion keep the last rows of what it converts, and a checksum of all."""
    return lambda batch: Marked(convert(batch), batch.slice(max(0, len(batch) - OVERLAP)), checksum(batch))


def cannot_go_on(source: Source, *, delivered: bool, tail: bool) -> str | None:
    """Say what to do where nothing goes on over another instance; None where something does.

    ``delivered``: rows were handed out. ``tail``: the last of them are known.
    """
    if source.given is not None:
        return naming("Leave {Connection.report.instance_id} out to have a new one made.")
    if not delivered:
        return None
    return None if source.ordered and tail else _ORDER_HINT


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A page that was handed out: its rows of the grid, their checksum, and a hash of the bad values in it."""

    rows: Range
    checksum: int
    misfits: int


@dataclass(frozen=True, slots=True)
class Position:
    """How far a read has come: rows of the grid that were taken, the last ones, all pages; what is known of all.

    ``misfits`` are bad values that are null in the last ones.
    """

    row: int
    total: int
    tail: pa.RecordBatch
    pages: Sequence[HandedOut]
    known: Known
    misfits: tuple[Misfit, ...] = ()


async def remake(context: ReadContext, source: Source, columns: Columns, place: Place, at: Position) -> Known:
    """Make another instance in a place and return what is known of its data, if they may be those of the one gone.

    Reads its first row, those of the overlap, and some pages. Errors: DataChanged where anything differs;
    InstanceGone where rows that are equal in all attributes meet at this row, whose order is then not certain.
    """
    first = execute(context.session, source, 1, context.options.grid, context.watch, place=place)
    other = _OtherInstance(context, source, columns, place, at)
    try:
        page, _ = await other.fetch(Range(0, 1), lambda _: None, first)
        now = await fetch_known(context.session, source, before=at.known)
        now = replace(now, total=page.paging.total, extremes=page.extremes)
        if (difference := at.known.difference(now)) is not None:
            raise data_changed(difference)
        await other.compare_overlap()
        if not at.known.proves(now):
            await other.compare_some_pages()
    except DataChanged:
        raise
    except DataError as error:
        raise data_changed(f"its columns are others ({error.message})") from error
    return now


@dataclass(frozen=True, slots=True)
class _OtherInstance:
    """An instance in place of the one that is gone, whose data are compared with those that were handed out."""

    context: ReadContext
    source: Source
    columns: Columns
    place: Place
    at: Position

    async def compare_overlap(self) -> None:
        """Fetch the rows of the overlap and one more, and compare them."""
        at = self.at
        offset = start = at.row - len(at.tail)
        parts: list[pa.RecordBatch] = []
        misfits: list[Misfit] = []
        end = min(at.row + 1, at.total)
        while offset < end:
            page, batch = await self.fetch(Range(offset, end - offset), _batch_of)
            if page.paging.offset != offset or page.paging.total != at.total or not len(batch):
                raise data_changed("the rows that come are not those that were asked for")
            parts.append(deliver_batch(batch, "plain"))
            misfits += page.misfits
            offset += len(batch)
        again, before = pa.Table.from_batches(parts), pa.Table.from_batches([deliver_batch(at.tail, "plain")])
        rows = range(start, at.row)
        # What is null here may be another value than before, so bad values are compared as they came.
        same_misfits = misfits_in(rows, misfits) == misfits_in(rows, at.misfits)
        if not again.slice(0, len(at.tail)).equals(before) or not same_misfits:
            raise data_changed(f"rows before row {at.row} are not those that were handed out")
        keys = again.select([column.name for column in self.columns.all if column.role == "attribute"])
        if at.row < at.total and keys.slice(len(at.tail) - 1, 1).equals(keys.slice(len(at.tail), 1)):
            raise InstanceGone(
                f"the instance is gone, and the rows before and after row {at.row} are equal in all their "
                "attributes: where to go on is not certain.",
                hint="Show the attributes by forms that tell their elements apart, such as the ID.",
            )

    async def compare_some_pages(self) -> None:
        """Fetch pages that were handed out again, and compare them; one that comes shorter now tells nothing."""
        before = self.at.pages[:-1]  # the overlap is of the last
        for handed in random.sample(before, min(PAGES, len(before))):
            page, found = await self.fetch(handed.rows, lambda page: checksum(page.batch))
            same = (found, misfits_hash(handed.rows, page.misfits)) == (handed.checksum, handed.misfits)
            whole = page.paging.offset == handed.rows.offset and page.paging.current == handed.rows.rows
            if page.paging.total != self.at.total or (whole and not same):
                raise data_changed(f"rows from row {handed.rows.offset} on are not those that were handed out")

    async def fetch(
        self, rows: Range, convert: Callable[[Page], T], first: Awaitable[Response] | None = None
    ) -> tuple[Page, T]:
        """Fetch a page and convert it; again where it cannot be read, or contradicts the request or the instance.

        Another total than that of the former instance is believed when it is told `BELIEVED` times. ``first`` may
        bring the page already. Without an id of the instance no page can be asked for.
        """
        asking = first
        for left in reversed(range(BELIEVED)):
            response = await (asking or self._ask(rows))
            instance_id, asking = self.place.instance_id, None
            final = not left or instance_id is None
            try:
                page, item, _ = await self.context.decode(response, self.columns, convert, offset=rows.offset)
                check_belongs(page, self.source, instance_id)
            except DAMAGED:
                if final:
                    raise
            else:
                paging = page.paging
                as_asked = paging.offset == rows.offset and 0 < paging.current <= rows.rows
                if (as_asked and paging.total == self.at.total) or final:
                    return page, item
            del response
        raise AssertionError("unreachable")

    async def _ask(self, rows: Range) -> Response:
        instance_id = self.place.instance_id or ""
        return await fetch_page(self.context.session, self.source, instance_id, rows, self.columns.options)


def misfits_hash(rows: Range, misfits: Sequence[Misfit]) -> int:
    """Return what tells the bad values of some rows, all of which are null, from others; in this process."""
    return hash(tuple(misfits_in(range(rows.offset, rows.end), misfits)))


def not_certain() -> InstanceGone:
    """Make the error of a read that could go on only over an instance that has likely the same data."""
    return InstanceGone(
        "the instance is gone, and that another one has the same data is not certain.",
        hint=_PROOF_HINT,
    )


def _batch_of(page: Any) -> pa.RecordBatch:
    return page.batch


def data_changed(how: str) -> DataChanged:
    """Make the error of an object that has other data in another instance."""
    return DataChanged(f"the object changed while it was read: {how}.", hint=_CONSISTENT)

"""Going on over another instance, where one is gone: only from the same row of the same data in the same order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pyarrow as pa

from mstr_arrow.errors import DataChanged, DataError, InstanceGone
from mstr_arrow.grid.misfits import misfits_in
from mstr_arrow.grid.rows import Range
from mstr_arrow.grid.texts import deliver_batch
from mstr_arrow.instances.execute import execute
from mstr_arrow.instances.freshness import fetch_times
from mstr_arrow.instances.page_request import fetch_page
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.fetch.context import Workshop
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.instances.freshness import Times
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.working_set import Place

T = TypeVar("T")

OVERLAP = 1_000
"""Rows handed out last that are fetched again and compared, at most; those of one page."""

_CONSISTENT = (
    "Read it again from the start, while nobody publishes it: a consistent copy is what one instance shows."
)
_ORDER_HINT = naming(
    "{Scan.with_options.total_order=True} makes a read that goes on over another instance, where the server can "
    "sort; tables and files begin again by themselves."
)


@dataclass(frozen=True, slots=True)
class Marked(Generic[T]):
    """Rows to hand out, and the last of the rows that they were made of."""

    item: T
    tail: pa.RecordBatch


def marking(convert: Callable[[pa.RecordBatch], T]) -> Callable[[pa.RecordBatch], Marked[T]]:
    """Have a conversion keep the last rows of what it converts."""
    return lambda batch: Marked(convert(batch), batch.slice(max(0, len(batch) - OVERLAP)))


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
class Position:
    """How far a read has come: rows of the grid that were taken, of so many; the last ones; its times.

    ``misfits`` are bad values that are null in the last ones.
    """

    row: int
    total: int
    tail: pa.RecordBatch
    times: Times
    misfits: tuple[Misfit, ...] = ()


async def remake(shop: Workshop, source: Source, columns: Columns, place: Place, at: Position) -> str:
    """Make another instance and return its id, if its rows are those of the one that is gone.

    Reads its first row and those of the overlap. Errors: DataChanged where times, total, columns or the overlap
    differ; InstanceGone where rows that are equal in all attributes meet at this row, whose order is then
    not certain.
    """
    answer = await execute(shop.session, source, 1, shop.options.grid, shop.watch, place=place)
    try:
        page, _, _ = await shop.decode(answer, columns, lambda _: None)
        if page.paging.total != at.total:
            raise data_changed(f"it had {at.total} rows and has {page.paging.total} now")
        now = await fetch_times(shop.session.http, source, published=at.times.published is not None)
        _compare_times(at.times, now)
        await _compare(shop, source, columns, page.instance_id, at)
    except DataChanged:
        raise
    except DataError as error:
        raise data_changed(f"its columns are others ({error.message})") from error
    return page.instance_id


def _compare_times(before: Times, now: Times) -> None:
    for what, then, since in (
        ("changed", before.changed, now.changed),
        ("published", before.published, now.published),
    ):
        if None not in {then, since} and then != since:
            raise data_changed(f"it was {what} last at {then}, and again at {since}")


async def _compare(shop: Workshop, source: Source, columns: Columns, instance_id: str, at: Position) -> None:
    """Fetch the rows of the overlap and one more, and compare them."""
    offset = start = at.row - len(at.tail)
    parts: list[pa.RecordBatch] = []
    misfits: list[Misfit] = []
    end = min(at.row + 1, at.total)
    while offset < end:
        wanted = Range(offset, end - offset)
        answer = await fetch_page(shop.session, source, instance_id, wanted, columns.options)
        page, batch, _ = await shop.decode(answer, columns, _batch_of)
        if page.paging.offset != offset or page.paging.total != at.total or not len(batch):
            raise data_changed("the rows that come are not those that were asked for")
        parts.append(deliver_batch(batch, "plain"))
        misfits += page.misfits
        offset += len(batch)
    again, before = pa.Table.from_batches(parts), pa.Table.from_batches([deliver_batch(at.tail, "plain")])
    rows = range(start, at.row)
    # What is null here may be another value than before, so bad values are compared as they came.
    if not again.slice(0, len(at.tail)).equals(before) or misfits_in(rows, misfits) != misfits_in(rows, at.misfits):
        raise data_changed(f"rows before row {at.row} are not those that were handed out")
    keys = again.select([column.name for column in columns.all if column.role == "attribute"])
    if at.row < at.total and keys.slice(len(at.tail) - 1, 1).equals(keys.slice(len(at.tail), 1)):
        raise InstanceGone(
            f"the instance is gone, and the rows before and after row {at.row} are equal in all their attributes: "
            "where to go on is not certain.",
            hint="Show the attributes by forms that tell their elements apart, such as the ID.",
        )


def _batch_of(page: Any) -> pa.RecordBatch:
    return page.batch


def data_changed(how: str) -> DataChanged:
    """Make the error of an object that has other data in another instance."""
    return DataChanged(f"the object changed while it was read: {how}.", hint=_CONSISTENT)

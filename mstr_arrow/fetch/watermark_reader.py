"""A read that notes the highest value of a column among the rows that were taken from it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.query.since import check_in_order

if TYPE_CHECKING:
    from mstr_arrow.fetch.base_reader import BaseReader, Sliceable
    from mstr_arrow.fetch.sorted_reader import SortedReader
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.query.columns import Subject
    from mstr_arrow.query.since import Grown

T = TypeVar("T", bound="Sliceable")


class Watermark:
    """The highest value of a column in all rows that it was shown; None before one that is not null."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.value: Any = None

    def take(self, rows: Any) -> None:
        """Look at a record batch or a Polars frame; errors: UsageError for texts that are in no order of time."""
        name = self._subject.name
        if isinstance(rows, pa.RecordBatch | pa.Table):
            column = rows.column(name)
        else:
            column = rows.get_column(name).to_arrow()
        least, greatest = extremes_of(column)
        if greatest is None:
            return
        if self._subject.kind == "text":
            check_in_order(name, least, greatest)
        self.value = greatest if self.value is None else max(self.value, greatest)


def extremes_of(column: pa.Array | pa.ChunkedArray) -> tuple[Any, Any]:
    """Return the least and greatest value, as Python's own; None where all are null.

    >>> extremes_of(pa.array(["b", "a", None]).dictionary_encode().slice(0, 1))
    ('b', 'b')
    >>> extremes_of(pa.array([None, None], pa.date32()))
    (None, None)
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary.take(pc.unique(column.indices).drop_null())
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    if pa.types.is_floating(column.type):
        column = column.filter(pc.invert(pc.is_nan(column)))
    found = pc.min_max(column)
    return found["min"].as_py(), found["max"].as_py()


class WatermarkReader(Generic[T]):
    """The same face as the read that it watches; what came before a new beginning does not count."""

    def __init__(self, reader: BaseReader[T] | SortedReader[T] | WatermarkReader[T], subject: Subject) -> None:
        self._reader = reader
        self._subject = subject
        self._highest = Watermark(subject)

    @property
    def schema(self) -> pa.Schema:
        """The schema of what is handed out, texts as dictionaries."""
        return self._reader.schema

    @property
    def closed(self) -> bool:
        """Whether the read was closed."""
        return self._reader.closed

    @property
    def shows_at_end(self) -> bool:
        """Whether the consumer shows nothing before the end."""
        return self._reader.shows_at_end

    @shows_at_end.setter
    def shows_at_end(self, value: bool) -> None:
        self._reader.shows_at_end = value

    def stats(self) -> ScanStats:
        """Return the counts so far, and the highest value."""
        return replace(self._reader.stats(), highest=self.highest)

    @property
    def highest(self) -> Grown | None:
        """The highest value of the rows that were taken."""
        value: Grown | None = self._highest.value
        return value

    async def next(self) -> T | None:
        """Return the next rows; None after the last."""
        item = await self._reader.next()
        if item is not None:
            await asyncio.to_thread(self._highest.take, item)
        return item

    async def start_over(self) -> bool:
        """Begin again, as `BaseReader` does."""
        self._highest = Watermark(self._subject)
        return await self._reader.start_over()

    async def aclose(self) -> None:
        """Stop the requests."""
        await self._reader.aclose()

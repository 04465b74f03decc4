"""A read whose rows are held until all that matter have come: to be ranked, or sorted."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from mstr_arrow.errors import DataChanged, InstanceGone

if TYPE_CHECKING:
    from collections.abc import Callable, Sized

    import pyarrow as pa

    from mstr_arrow.fetch.base_reader import BaseReader
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.query.residual import Residual

T = TypeVar("T", bound="Sized")

BATCH_ROWS = 131_072
"""Rows of a batch that is handed out."""


class SortedReader(Generic[T]):
    """The same face as `BaseReader`, over batches that were filtered and still have all columns."""

    def __init__(
        self,
        reader: BaseReader[pa.RecordBatch],
        residual: Residual,
        convert: Callable[[pa.RecordBatch], T],
    ) -> None:
        self._reader = reader
        self._residual = residual
        self._convert = convert
        self._items: deque[T] | None = None
        self._rows = 0
        self.shows_at_end = reader.shows_at_end = True

    @property
    def schema(self) -> pa.Schema:
        """The schema of what is handed out, texts as dictionaries."""
        return self._residual.schema(self._reader.columns.schema)

    @property
    def closed(self) -> bool:
        """Whether the read was closed."""
        return self._reader.closed

    def stats(self) -> ScanStats:
        """Return the counts so far."""
        return replace(self._reader.stats(), result_rows=self._rows)

    async def next(self) -> T | None:
        """Return the next batch, converted; None after the last. The first waits for all rows."""
        if self._items is None:
            batches = await self._gather_all()
            self._items = deque(await asyncio.to_thread(self._finish, batches))
        if not self._items:
            return None
        item = self._items.popleft()
        self._rows += len(item)
        return item

    async def start_over(self) -> bool:
        """Begin again, as `BaseReader` does."""
        self._items, self._rows = None, 0
        return await self._reader.start_over()

    async def aclose(self) -> None:
        """Stop the requests and let the rows go."""
        self._items = self._items and deque()
        await self._reader.aclose()

    async def _gather_all(self) -> list[pa.RecordBatch]:
        """Gather, and where the instance is gone and the read cannot go on, drop what came and begin again."""
        while True:
            try:
                return await self._gather()
            except (InstanceGone, DataChanged):
                if not await self._reader.start_over():
                    raise

    async def _gather(self) -> list[pa.RecordBatch]:
        """Take batches until the last, or until the server's order has brought enough."""
        batches: list[pa.RecordBatch] = []
        certain = 0
        wanted = self._residual.head if self._residual.sorted_there else None
        while (wanted is None or certain < wanted) and (batch := await self._reader.next()) is not None:
            batches.append(batch)
            certain += 0 if wanted is None else await asyncio.to_thread(self._residual.counts, batch)
        return batches

    def _finish(self, batches: list[pa.RecordBatch]) -> list[T]:
        table = self._residual.finish(batches, self._reader.columns.schema)
        return [self._convert(batch) for batch in table.to_batches(BATCH_ROWS)]

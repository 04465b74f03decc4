"""All rows of a read for somebody who shows none of them before the last: where it is cut, it begins again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mstr_arrow.errors import DataChanged, InstanceGone
from mstr_arrow.files.sinks import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pyarrow as pa

    from mstr_arrow.fetch.base_reader import Sliceable
    from mstr_arrow.fetch.resolver import Opened
    from mstr_arrow.files.partitions import PartitionedParquet
    from mstr_arrow.files.parts import ParquetParts
    from mstr_arrow.files.sinks import Sink

T = TypeVar("T", bound="Sliceable")


async def take_all(read: Opened[T]) -> list[T]:
    """Hold all rows."""
    items: list[T] = []

    async def take(item: T) -> None:
        items.append(item)

    async def drop() -> bool:
        items.clear()
        return True

    await _take(read, take, drop)
    return items


async def count_all(read: Opened[T]) -> int:
    """Count all rows."""
    rows = 0

    async def take(item: T) -> None:
        nonlocal rows
        rows += len(item)

    async def drop() -> bool:
        nonlocal rows
        rows = 0
        return True

    await _take(read, take, drop)
    return rows


async def write_all(read: Opened[pa.RecordBatch], sink: Sink | ParquetParts | PartitionedParquet) -> None:
    """Write all rows to a sink that is open, and end it; what hands rows on at once is not begun again."""

    async def take(batch: pa.RecordBatch) -> None:
        await in_thread(sink.write, batch)

    async def drop() -> bool:
        if not await in_thread(sink.begin_again):
            return False
        await in_thread(sink.start, read.schema)
        return True

    await in_thread(sink.start, read.schema)
    await _take(read, take, drop, shows_at_end=sink.shows_at_end)
    await in_thread(sink.finish)


async def _take(
    read: Opened[T],
    take: Callable[[T], Awaitable[None]],
    drop: Callable[[], Awaitable[bool]],
    *,
    shows_at_end: bool = True,
) -> None:
    """Take all rows; where the instance is gone and the read cannot go on, ``drop`` what came, and begin again."""
    read.shows_at_end = shows_at_end
    while True:
        try:
            while (item := await read.next()) is not None:
                await take(item)
        except (InstanceGone, DataChanged):
            if not (await drop() and await read.start_over()):
                raise
        else:
            return

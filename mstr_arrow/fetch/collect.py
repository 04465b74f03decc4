"""All rows of a read, for a consumer that shows none before the last: where the read is cut, it begins again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from mstr_arrow.errors import DataChanged, InstanceGone
from mstr_arrow.files.sinks import WritingThread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pyarrow as pa

    from mstr_arrow.fetch.base_reader import Sliceable
    from mstr_arrow.fetch.readers import Reader
    from mstr_arrow.grid.texts import Strings

T = TypeVar("T", bound="Sliceable")


class RowSink(Protocol):
    """A sink of rows: a file, a folder of parts, a table."""

    @property
    def strings(self) -> Strings:
        """How it takes texts."""

    @property
    def shows_at_end(self) -> bool:
        """Whether rows show at `finish`, and none before."""

    def open(self) -> None:
        """Look at the target, before anything is asked of the server."""

    def start(self, schema: pa.Schema) -> None:
        """Begin with rows of a schema."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Write some rows."""

    def begin_again(self) -> bool:
        """Drop what was written, so that `start` begins anew; False where it was handed on."""

    def finish(self) -> None:
        """Write the end, and show what was written."""

    def abandon(self) -> None:
        """Remove what was written so far."""


async def take_all(reader: Reader[T]) -> list[T]:
    """Hold all rows."""
    items: list[T] = []

    async def take(item: T) -> None:
        items.append(item)

    async def drop() -> bool:
        items.clear()
        return True

    await _take(reader, take, drop)
    return items


async def count_all(reader: Reader[T]) -> int:
    """Count all rows."""
    rows = 0

    async def take(item: T) -> None:
        nonlocal rows
        rows += len(item)

    async def drop() -> bool:
        nonlocal rows
        rows = 0
        return True

    await _take(reader, take, drop)
    return rows


async def write_all(reader: Reader[pa.RecordBatch], sink: RowSink) -> None:
    """Write all rows to a sink that is open, and end it; what hands rows on at once is not begun again."""
    thread = WritingThread()

    async def take(batch: pa.RecordBatch) -> None:
        await thread.run(sink.write, batch)

    async def drop() -> bool:
        if not await thread.run(sink.begin_again):
            return False
        await thread.run(sink.start, reader.schema)
        return True

    try:
        await thread.run(sink.start, reader.schema)
        await _take(reader, take, drop, shows_at_end=sink.shows_at_end)
        await thread.run(sink.finish)
    finally:
        thread.end()


async def _take(
    reader: Reader[T],
    take: Callable[[T], Awaitable[None]],
    drop: Callable[[], Awaitable[bool]],
    *,
    shows_at_end: bool = True,
) -> None:
    """Take all rows; where the instance is gone and the read cannot go on, ``drop`` what came, and begin again."""
    reader.shows_at_end = shows_at_end
    while True:
        try:
            while (item := await reader.next()) is not None:
                await take(item)
        except (InstanceGone, DataChanged):
            if not (await drop() and await reader.start_over()):
                raise
        else:
            return

"""Record batches one at a time, for synchronous and asynchronous callers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mstr_arrow import background

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    import pyarrow as pa

    from mstr_arrow.fetch.readers import Reader
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.session.session_client import Client


class Batches:
    """An open read as an iterator, an async iterator and a context manager of either kind.

    Requests stop at the end, on leaving the context, on `close`, and when the last reference goes: a ``for``
    loop that is left early has dropped it. ``on_end`` is told what was done, but for the last of these. Holds at
    most ``Limits.buffer_bytes`` of pages ahead.
    """

    def __init__(
        self,
        client: Client,
        reader: Reader[pa.RecordBatch],
        schema: pa.Schema,
        on_end: Callable[[ScanStats], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._reader = reader
        self._pid = os.getpid()
        self._ended = False
        self._schema = schema
        self._on_end: Callable[[ScanStats], None] | None = on_end

    @property
    def schema(self) -> pa.Schema:
        """The schema of every batch."""
        return self._schema

    @property
    def stats(self) -> ScanStats:
        """The counts so far."""
        return self._reader.stats()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pa.RecordBatch:
        batch = self._client.run(self._next())
        if batch is None:
            self._tell()
            raise StopIteration
        return batch

    def close(self) -> None:
        """Stop the requests; does nothing when called again."""
        if self._open:
            background.run(self._reader.aclose())
            self._tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> pa.RecordBatch:
        batch = await self._client.bridge(self._next())
        if batch is None:
            self._tell()
            raise StopAsyncIteration
        return batch

    async def aclose(self) -> None:
        """Stop the requests as `close` does, without blocking the event loop."""
        if self._open:
            await background.bridge(self._reader.aclose())
            self._tell()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if self._open:
            background.spawn(self._reader.aclose())

    @property
    def _open(self) -> bool:
        """Whether there is something to stop; in a forked child there is not, the read is its parent's."""
        return not self._reader.closed and os.getpid() == self._pid

    def _tell(self) -> None:
        """Tell what was done, once, when nothing more comes."""
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(self.stats)

    async def _next(self) -> pa.RecordBatch | None:
        if self._ended:
            return None
        try:
            batch = await self._reader.next()
        except BaseException:
            await self._reader.aclose()
            raise
        if batch is None:
            self._ended = True
            await self._reader.aclose()
        return batch

"""The chunks of one table, made in a thread of their own while others are sent."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import chain
from typing import TYPE_CHECKING

from mstr_arrow.upload.chunks import chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    import pyarrow as pa

    from mstr_arrow.upload.chunks import Chunk
    from mstr_arrow.upload.slices import EncodeOptions
    from mstr_arrow.upload.source import Source
    from mstr_arrow.upload.table_summary import TableSummarizer, TableSummary


class EncodingThread:
    """An iterator of one table's chunks for the background loop; also the thread that the data are read in.

    Until `settle`, what was read is kept, and `restart` can encode it again otherwise.
    """

    def __init__(
        self,
        table: str,
        source: Source,
        options: EncodeOptions,
        *,
        chunk_bytes: int,
        chunk_rows: int | None,
        first_index: int,
        skip_rows: int,
        make_summarizer: Callable[[], TableSummarizer] | None = None,
    ) -> None:
        self._table = table
        self._source = source
        self._chunk_bytes, self._chunk_rows = chunk_bytes, chunk_rows
        self._first_index, self._skip_rows = first_index, skip_rows
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mstr-arrow-encode")
        self._opened = ExitStack()
        self._batches: Iterator[pa.RecordBatch] | None = None
        self._tape: list[pa.RecordBatch] | None = []
        self._chunks: Iterator[Chunk] | None = None
        self._options = options
        self._make_summarizer = make_summarizer
        self._summarizer: TableSummarizer | None = None

    async def next(self) -> Chunk | None:
        """Return the next chunk; None after the last. Raises what reading or encoding raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._next)

    async def summarize(self) -> TableSummary | None:
        """Return the summary of all rows, after the last chunk; None where none was to be made."""
        if self._summarizer is None:
            return None
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._summarizer.result)

    def settle(self) -> None:
        """Stop keeping what was read."""
        self._tape = None

    def restart(self, options: EncodeOptions) -> None:
        """Begin again with the first chunk, which was read but not settled, encoded otherwise."""
        self._options, self._chunks = options, None

    def close(self) -> Future[None]:
        """Close the source, once the thread is done with what it does, without waiting for it."""
        closed = self._pool.submit(self._opened.close)
        self._pool.shutdown(wait=False)
        return closed

    def _next(self) -> Chunk | None:
        if self._batches is None:
            self._batches = iter(self._opened.enter_context(self._source.open()))
        if self._chunks is None:
            if self._make_summarizer:
                self._summarizer = self._opened.enter_context(closing(self._make_summarizer()))
            batches = chain(tuple(self._tape or ()), self._record(self._batches))
            self._chunks = chunks(
                batches,
                self._source.schema,
                table=self._table,
                options=self._options,
                chunk_bytes=self._chunk_bytes,
                chunk_rows=self._chunk_rows,
                first_index=self._first_index,
                skip_rows=self._skip_rows,
                on_rows=self._summarizer.add if self._summarizer else None,
            )
        return next(self._chunks, None)

    def _record(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if self._tape is not None:
                self._tape.append(batch)
            yield batch

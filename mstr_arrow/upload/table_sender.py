"""The tables of an upload on their way to an upload session: encoded, and sent chunk by chunk. Edge."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from mstr_arrow.allocation import prefer_jemalloc
from mstr_arrow.errors import (
    ClosedError,
    ConnectError,
    LimitExceeded,
    MstrError,
    NotFound,
    ServerError,
    UploadFailed,
)
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.upload.encoding_thread import EncodingThread
from mstr_arrow.upload.grouping import Grouper
from mstr_arrow.upload.table_summary import TableSummarizer
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from mstr_arrow.session.capabilities import Capabilities
    from mstr_arrow.upload.chunks import Chunk
    from mstr_arrow.upload.meaning import Meaning
    from mstr_arrow.upload.opener import Opener
    from mstr_arrow.upload.options import UploadOptions
    from mstr_arrow.upload.slices import Orientation
    from mstr_arrow.upload.source import Source
    from mstr_arrow.upload.upload_session import UploadSession
    from mstr_arrow.upload.upload_statistics import UploadStatistics

logger = logging.getLogger("mstr_arrow")

_BAD_REQUEST = 400

_TAKEN_BACK = "Nothing was published."
_SESSION_GONE = "The upload session is gone, as it is once the log-in that opened it has ended."


class TableSender:
    """Sends the tables of an upload, one after the other, as often as it is told to begin.

    ``session`` is the upload session that they go to, None where there is none; ``on_chunk`` is called with the
    table of each chunk that the server took.
    """

    def __init__(
        self,
        opener: Opener,
        sources: Mapping[str, Source],
        options: UploadOptions,
        capabilities: Capabilities,
        *,
        meanings: Mapping[str, Meaning],
        statistics: UploadStatistics,
        on_chunk: Callable[[str], object],
    ) -> None:
        prefer_jemalloc()
        self.session: UploadSession | None = None
        self.orientation: Orientation = options.orientation or capabilities.orientation or "COLUMN"
        self._on_trial = options.orientation is None and capabilities.orientation is None
        self._opener = opener
        self._sources = sources
        self._options = options
        self._capabilities = capabilities
        self._meanings = meanings
        self._statistics = statistics
        self._on_chunk = on_chunk
        self._resume = options.resume
        self._read: dict[str, int] = {}
        self._closing: Future[None] | None = None

    @property
    def can_begin_again(self) -> bool:
        """Whether all tables that were begun can be read once more."""
        return not any(self._sources[table].once for table in self._statistics.tables)

    async def run(self, chunk_bytes: int) -> None:
        """Open an upload session, or take up the one that is to go on, and send all tables.

        Raises UploadFailed, which names the chunk, and what opening a session raises.
        """
        await self._open()
        for table, source in self._sources.items():
            await self._send_table(table, source, chunk_bytes)

    async def forget(self) -> None:
        """Make ready to `run` again, in another session: this one is gone, or is deleted.

        Waits until the source that was read last is closed.
        """
        session, self.session, self._resume = self.session, None, None
        for name, table in self._statistics.tables.items():
            self._read[name] = max(self._read.get(name, 0), table.rows)
        self._statistics.begin_again()
        if session is not None:
            await session.delete()
        if self._closing is not None:
            await asyncio.wait([asyncio.wrap_future(self._closing)])

    async def _open(self) -> None:
        if self._resume is not None:
            self.orientation, self._on_trial = self._resume.orientation, False
            self.session = self._opener.resume(self._resume.session_id)
            return
        try:
            await self._open_session()
        except ServerError as error:
            if infer_status(error) != _BAD_REQUEST or not self._on_trial:
                raise
            self._fall_back(error)
            await self._open_session()

    async def _open_session(self) -> None:
        tables = [
            {
                "name": table,
                "updatePolicy": self._options.policies[table],
                "orientation": self.orientation,
                "columnHeaders": source.schema.names,
            }
            for table, source in self._sources.items()
        ]
        self.session = await self._opener.open(tables)

    def _fall_back(self, error: ServerError) -> None:
        logger.debug("the server does not take columns, rows are tried: %s", error)
        self.orientation = "ROW"

    async def _send_table(self, table: str, source: Source, chunk_bytes: int) -> None:
        chunks, rows = self._resume.taken.get(table, (0, 0)) if self._resume else (0, 0)
        self._statistics.begin(table, chunks, rows)
        meaning = self._meanings.get(table)
        encoder = EncodingThread(
            table,
            source,
            self._options.encoding(self.orientation),
            chunk_bytes=chunk_bytes,
            chunk_rows=self._options.chunk_rows,
            first_index=chunks + 1,
            skip_rows=rows,
            make_summarizer=partial(self._make_summarizer, table, source, meaning) if meaning else None,
        )
        coming: asyncio.Future[Chunk | None] | None = None
        try:
            if self._on_trial:
                await self._try_columns(table, encoder)
            encoder.settle()
            coming = asyncio.ensure_future(encoder.next())
            while (chunk := await self._await_chunk(table, coming)) is not None:
                coming = asyncio.ensure_future(encoder.next())
                await self._put(chunk)
            self._refuse_fewer_rows(table)
            if (summary := await encoder.summarize()) is not None:
                self._statistics.add_summary(table, summary)
        finally:
            if coming is not None:
                coming.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await coming
            self._closing = encoder.close()

    def _refuse_fewer_rows(self, table: str) -> None:
        """Raise UploadFailed for a table that had more rows when it was read before."""
        rows, before = self._statistics.tables[table].rows, self._read.get(table, 0)
        if rows < before:
            raise UploadFailed(
                f"table {table!r} had {rows:,} rows when it was read once more, after the upload session was lost, "
                f"and more than {before - 1:,} at first. {_TAKEN_BACK}",
                table=table,
                hint="Write it again from a table in memory, or from a file.",
            )

    def _make_summarizer(self, table: str, source: Source, meaning: Meaning) -> TableSummarizer:
        options = self._options
        grouper = Grouper(source, meaning.keys, options.time_zone)
        return TableSummarizer(table, grouper, meaning, options.policies[table], summed=options.verify)

    async def _try_columns(self, table: str, encoder: EncodingThread) -> None:
        """Send the first chunk of all as columns; again as rows, in a new session, where that is refused."""
        chunk = await self._await_chunk(table, asyncio.ensure_future(encoder.next()))
        if chunk is None:
            return
        try:
            await self._put(chunk)
        except UploadFailed as failed:
            refusal = failed.__cause__
            if not isinstance(refusal, ServerError) or infer_status(refusal) != _BAD_REQUEST:
                raise
            if self.orientation == "ROW" or self.session is None:
                raise
            self._fall_back(refusal)
            await self.session.delete()
            await self._open_session()
            encoder.restart(self._options.encoding(self.orientation))
            again = await self._await_chunk(table, asyncio.ensure_future(encoder.next()))
            if again is not None:
                await self._put(again)
        self._capabilities.orientation, self._on_trial = self.orientation, False

    async def _await_chunk(self, table: str, coming: asyncio.Future[Chunk | None]) -> Chunk | None:
        """Wait for the next chunk; what goes wrong in reading or encoding is told with the place."""
        began = time.monotonic()
        try:
            chunk = await coming
        except Exception as error:
            done = self._statistics.tables[table]
            reason = str(error) if isinstance(error, MstrError) else f"{type(error).__name__}: {error}"
            raise UploadFailed(
                f"table {table!r} could not be read or encoded after row {done.rows:,}: {reason} {_TAKEN_BACK}",
                table=table,
                chunk=done.chunks + 1,
            ) from error
        finally:
            self._statistics.waiting += time.monotonic() - began
        if chunk is not None:
            self._statistics.encoding += chunk.seconds
        return chunk

    async def _put(self, chunk: Chunk) -> None:
        if self.session is None:
            raise ClosedError("the connection was closed during an upload.")
        began = time.monotonic()
        try:
            response, odd = await self.session.put(chunk.body)
        except MstrError as error:
            rows = range(chunk.first_row, chunk.first_row + chunk.rows)
            raise UploadFailed(
                f"chunk {chunk.index} of table {chunk.table!r}, rows {rows.start:,} to {rows.stop - 1:,}, "
                f"was not taken: {error} {_TAKEN_BACK}",
                table=chunk.table,
                chunk=chunk.index,
                rows=rows,
                hint=self._hint(chunk, error),
            ) from error
        finally:
            self._statistics.sending += time.monotonic() - began
        self._statistics.add_chunk(chunk, response.retries, odd=odd)
        self._on_chunk(chunk.table)

    def _hint(self, chunk: Chunk, error: MstrError) -> str | None:
        if isinstance(error, NotFound) and self._resume is not None:
            return naming("{gone} Send the data again without {SuperCube.update.resume}.", gone=_SESSION_GONE)
        if not _is_for_size(error):
            return None
        return naming(
            "The request had {size:,} bytes; where that is too much at once, give a smaller "
            "{Connection.write.chunk_bytes}.",
            size=chunk.size,
        )


def _is_for_size(error: MstrError) -> bool:
    """Say whether a smaller chunk may help: where a size is limited, or the request was cut."""
    return isinstance(error, LimitExceeded) or (isinstance(error, ConnectError) and error.cut)

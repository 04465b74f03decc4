"""A scan: what to read, and every way out of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl
import pyarrow as pa

from mstr_arrow.adapters import pandas as pandas_adapter
from mstr_arrow.adapters import polars as polars_adapter
from mstr_arrow.grid.texts import check_strings, deliver_batch, deliver_schema, join_batches
from mstr_arrow.scan.batches import Batches
from mstr_arrow.scan.excerpt import Excerpt
from mstr_arrow.scan.parts import ParquetParts
from mstr_arrow.scan.read import Read, probe
from mstr_arrow.scan.sinks import Csv, IpcFile, IpcStream, Parquet, in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sized
    from typing import Self, Unpack

    from mstr_arrow.grid.texts import Strings
    from mstr_arrow.scan.instance import Instance, Source
    from mstr_arrow.scan.options import ReadOptions, ScanOptions
    from mstr_arrow.scan.sinks import Sink, Target
    from mstr_arrow.scan.stats import ScanStats
    from mstr_arrow.transport.client import Client

    OnProgress = Callable[[ScanStats], object] | None

T = TypeVar("T", bound="Sized")


class Scan:
    """An object on the server as something to read; every read is a new instance there.

    Texts are dictionary columns in Arrow results and plain strings elsewhere; ``strings`` chooses. The
    schema is fixed before the first row; the types follow from what the server says of each column, or from
    ``types``.

    ``on_progress`` of the terminals is called with `ScanStats` after each page, on the connection's own
    thread: it must return at once.

    Every terminal raises InstanceGone, SessionExpired, NotPublished, ServerBusy or LimitExceeded as the server
    says, TransportError when it cannot be reached, DataMismatch when what it delivers is not what it promised,
    and ConversionError when a value does not fit its column.
    """

    def __init__(self, connection: Client, source: Source, options: ReadOptions) -> None:
        self._connection = connection
        self._source = source
        self._options = options
        self._probed: Instance | None = None
        self._schema: pa.Schema | None = None
        self._last: Read[Any] | None = None
        self._excerpt = Excerpt()

    def with_options(self, **options: Unpack[ScanOptions]) -> Self:
        """Return the same scan, read otherwise; an instance that only told the schema is not shared with it.

        `ScanOptions` lists what may be chosen.
        """
        other = copy(self)
        other._options, other._probed, other._schema, other._last = (  # noqa: SLF001 - its own
            self._options.changed(options),
            None,
            None,
            None,
        )
        return other

    # What there is

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the result, texts as dictionaries.

        Asked for the first time, creates an instance and reads one row of it; the next read uses that
        instance. Each field's metadata holds ``mstr.id``, ``mstr.form_id``, ``mstr.role`` and
        ``mstr.data_type``.
        """
        return self._connection.run(self._known_schema())

    async def schema_async(self) -> pa.Schema:
        """Return `schema`."""
        return await self._connection.bridge(self._known_schema())

    def count_rows(self) -> int:
        """Return the number of rows of the result; creates an instance as `schema` does."""
        return self._connection.run(self._count_rows())

    async def count_rows_async(self) -> int:
        """Do what `count_rows` does."""
        return await self._connection.bridge(self._count_rows())

    @property
    def stats(self) -> ScanStats | None:
        """What the latest read of this scan did, or does; None before the first."""
        return self._last.stats() if self._last else None

    # Ways out, in memory

    def to_arrow(self, *, strings: Strings = "dictionary", on_progress: OnProgress = None) -> pa.Table:
        """Return all rows as a table, with one dictionary per text column.

        Holds at its peak the table twice, and the pages under way (``Limits.buffer_bytes``).
        """
        return self._connection.run(self._to_arrow(strings, on_progress))

    async def to_arrow_async(self, *, strings: Strings = "dictionary", on_progress: OnProgress = None) -> pa.Table:
        """Do what `to_arrow` does."""
        return await self._connection.bridge(self._to_arrow(strings, on_progress))

    def to_polars(self, *, strings: Strings = "plain", on_progress: OnProgress = None) -> pl.DataFrame:
        """Return all rows as a Polars frame; ``strings="dictionary"`` makes texts categorical."""
        return self._connection.run(self._to_polars(strings, on_progress))

    async def to_polars_async(self, *, strings: Strings = "plain", on_progress: OnProgress = None) -> pl.DataFrame:
        """Do what `to_polars` does."""
        return await self._connection.bridge(self._to_polars(strings, on_progress))

    def to_pandas(self, *, strings: Strings = "plain", on_progress: OnProgress = None) -> Any:
        """Return all rows as a pandas frame with Arrow-backed types; needs the extra ``pandas``."""
        return self._connection.run(self._to_pandas(strings, on_progress))

    async def to_pandas_async(self, *, strings: Strings = "plain", on_progress: OnProgress = None) -> Any:
        """Do what `to_pandas` does."""
        return await self._connection.bridge(self._to_pandas(strings, on_progress))

    # Ways out, batch by batch

    def batches(self, *, strings: Strings = "dictionary", on_progress: OnProgress = None) -> Batches:
        """Open a read and return its batches, one per page: an iterator and a context manager.

        Holds at most ``Limits.buffer_bytes`` of pages ahead of the consumer.
        """
        return self._connection.run(self._batches(strings, on_progress))

    async def batches_async(self, *, strings: Strings = "dictionary", on_progress: OnProgress = None) -> Batches:
        """Do what `batches` does; iterate with ``async for``."""
        return await self._connection.bridge(self._batches(strings, on_progress))

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self.batches()

    async def __aiter__(self) -> AsyncIterator[pa.RecordBatch]:
        async with await self.batches_async() as batches:
            async for batch in batches:
                yield batch

    def to_reader(self, *, strings: Strings = "dictionary", on_progress: OnProgress = None) -> pa.RecordBatchReader:
        """Return an open read as a RecordBatchReader, for whatever takes one.

        Dictionaries differ from batch to batch. Arrow does not tell us when a reader is given up: requests
        stop at the byte budget then, and end with the last reference to the reader or with the connection.
        """
        return _reader(self.batches(strings=strings, on_progress=on_progress))

    async def to_reader_async(
        self, *, strings: Strings = "dictionary", on_progress: OnProgress = None
    ) -> pa.RecordBatchReader:
        """Do what `to_reader` does; reading from it blocks."""
        return _reader(await self.batches_async(strings=strings, on_progress=on_progress))

    def __arrow_c_schema__(self) -> object:
        """Export the schema without reading: DuckDB and others ask for it before they read."""
        return deliver_schema(self._connection.run(self._fresh_schema()), "plain").__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export one read as an Arrow C stream, texts as plain strings.

        Whoever reads it keeps only the text of an error, and shows a Ctrl-C as an error of its own.
        """
        return self.to_reader(strings="plain").__arrow_c_stream__(requested_schema)

    # Ways out, to files

    def write_parquet(
        self,
        path: Target,
        *,
        compression: str = "zstd",
        row_group_rows: int = 131_072,
        part_rows: int | None = None,
        part_bytes: int | None = None,
        overwrite: bool = False,
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Write all rows to a Parquet file, or to a folder of them, and return what was done.

        ``compression`` is ``zstd``, ``snappy``, ``gzip``, ``lz4``, ``brotli`` or ``none``. The file appears
        under its name when it is whole. Holds the rows of one row group and the pages under way.

        With ``part_rows`` or ``part_bytes``, ``path`` is a folder, which appears when it is whole, of parts
        ``part-00000.parquet`` … that have so many rows, or about so many bytes. A folder that holds something is
        refused, unless ``overwrite`` is set and it holds nothing but parts: then it is replaced as a whole.
        """
        sink = _parquet(path, compression, row_group_rows, part_rows, part_bytes, overwrite=overwrite)
        return self._connection.run(self._write(sink, on_progress))

    async def write_parquet_async(
        self,
        path: Target,
        *,
        compression: str = "zstd",
        row_group_rows: int = 131_072,
        part_rows: int | None = None,
        part_bytes: int | None = None,
        overwrite: bool = False,
        on_progress: OnProgress = None,
    ) -> ScanStats:
        """Do what `write_parquet` does."""
        sink = _parquet(path, compression, row_group_rows, part_rows, part_bytes, overwrite=overwrite)
        return await self._connection.bridge(self._write(sink, on_progress))

    def write_ipc(self, path: Target, *, stream: bool = False, on_progress: OnProgress = None) -> ScanStats:
        """Write all rows to an Arrow IPC file, or as an IPC stream, with texts as plain strings.

        ``path`` may be a binary file object. Holds the pages under way.
        """
        sink = IpcStream(path) if stream else IpcFile(path)
        return self._connection.run(self._write(sink, on_progress))

    async def write_ipc_async(
        self, path: Target, *, stream: bool = False, on_progress: OnProgress = None
    ) -> ScanStats:
        """Do what `write_ipc` does."""
        sink = IpcStream(path) if stream else IpcFile(path)
        return await self._connection.bridge(self._write(sink, on_progress))

    def write_csv(self, path: Target, *, on_progress: OnProgress = None) -> ScanStats:
        """Write all rows as CSV: a header, quotes where needed, null as an empty field. Holds as `write_ipc`."""
        return self._connection.run(self._write(Csv(path), on_progress))

    async def write_csv_async(self, path: Target, *, on_progress: OnProgress = None) -> ScanStats:
        """Do what `write_csv` does."""
        return await self._connection.bridge(self._write(Csv(path), on_progress))

    # All of it once, on the background loop

    async def _probe(self) -> Instance:
        if self._probed is None:
            self._probed = await probe(self._connection.session, self._source, self._options.grid)
            self._schema = self._probed.columns.schema
        return self._probed

    async def _known_schema(self) -> pa.Schema:
        return self._schema or await self._fresh_schema()

    async def _fresh_schema(self) -> pa.Schema:
        return (await self._probe()).columns.schema

    async def _count_rows(self) -> int:
        return (await self._probe()).total

    @asynccontextmanager
    async def _reading(
        self, convert: Callable[[pa.RecordBatch], T], on_progress: OnProgress, *, first: int | None = None
    ) -> AsyncIterator[Read[T]]:
        read = await self._open(convert, on_progress, first=first)
        try:
            yield read
        finally:
            await read.aclose()

    async def _open(
        self, convert: Callable[[pa.RecordBatch], T], on_progress: OnProgress, *, first: int | None = None
    ) -> Read[T]:
        instance, self._probed = self._probed, None
        read = Read(self._connection.session, self._source, self._options, convert, on_progress, first=first)
        try:
            await read.open(instance)
        except BaseException:
            await read.aclose()
            raise
        self._last = read
        self._schema = read.columns.schema
        return read

    async def _to_arrow(self, strings: Strings, on_progress: OnProgress) -> pa.Table:
        check_strings(strings)
        async with self._reading(lambda batch: deliver_batch(batch, strings), on_progress) as read:
            batches = await _all(read)
            schema = deliver_schema(read.columns.schema, strings)
            return await asyncio.to_thread(join_batches, batches, schema)

    async def _to_polars(self, strings: Strings, on_progress: OnProgress) -> pl.DataFrame:
        check_strings(strings)
        async with self._reading(lambda batch: polars_adapter.to_frame(batch, strings), on_progress) as read:
            frames = await _all(read)
            if not frames:
                return polars_adapter.empty_frame(read.columns.schema, strings)
            return await asyncio.to_thread(pl.concat, frames)  # chunks are shared, not copied

    async def _to_pandas(self, strings: Strings, on_progress: OnProgress) -> Any:
        pandas_adapter.require_pandas()
        table = await self._to_arrow(strings, on_progress)
        return await asyncio.to_thread(pandas_adapter.to_frame, table)

    async def _batches(self, strings: Strings, on_progress: OnProgress) -> Batches:
        check_strings(strings)
        read = await self._open(lambda batch: deliver_batch(batch, strings), on_progress)
        return Batches(self._connection, read, deliver_schema(read.columns.schema, strings))

    async def _write(self, sink: Sink | ParquetParts, on_progress: OnProgress) -> ScanStats:
        excerpt, rows = self._excerpt, 0
        try:
            await in_thread(sink.open)
            convert = partial(deliver_batch, strings=sink.strings)
            async with self._reading(convert, on_progress, first=excerpt.rows) as read:
                await in_thread(sink.start, excerpt.schema(read.columns.schema))
                while (excerpt.rows is None or rows < excerpt.rows) and (batch := await read.next()) is not None:
                    kept = excerpt.batch(batch, rows)
                    rows += kept.num_rows
                    await in_thread(sink.write, kept)
                await in_thread(sink.finish)
                return replace(read.stats(), result_rows=rows)
        except BaseException:
            await in_thread(sink.abandon)
            raise


def _parquet(
    path: Target,
    compression: str,
    row_group_rows: int,
    part_rows: int | None,
    part_bytes: int | None,
    *,
    overwrite: bool,
) -> Parquet | ParquetParts:
    if part_rows is None and part_bytes is None:
        return Parquet(path, compression=compression, row_group_rows=row_group_rows)
    return ParquetParts(
        path,
        compression=compression,
        row_group_rows=row_group_rows,
        part_rows=part_rows,
        part_bytes=part_bytes,
        overwrite=overwrite,
    )


def _reader(batches: Batches) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(batches.schema, batches)


async def _all(read: Read[T]) -> list[T]:
    items = []
    while (item := await read.next()) is not None:
        items.append(item)
    return items


S = TypeVar("S", bound=Scan)


def take_excerpt(scan: S, excerpt: Excerpt) -> S:
    """Return the scan with all its files cut down to an excerpt.

    All columns are asked of the server still, but no more rows than it takes to have the first ones.
    """
    other = scan.with_options()
    other._excerpt = excerpt  # noqa: SLF001 - not public until scans can have the server do it
    return other

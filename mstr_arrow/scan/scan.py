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
from mstr_arrow.adapters.lazy import lazy_frame
from mstr_arrow.errors import UsageError
from mstr_arrow.extract.extractable import Extractable
from mstr_arrow.files.parts import ParquetParts
from mstr_arrow.files.sinks import Csv, IpcFile, IpcStream, Parquet, in_thread
from mstr_arrow.filters.columns import subjects_of
from mstr_arrow.filters.sql import from_sql
from mstr_arrow.grid.texts import check_strings, deliver_batch, deliver_schema, join_batches
from mstr_arrow.query.pushdown import push_down
from mstr_arrow.query.query import Query, SortKey
from mstr_arrow.scan.all_rows import count_all, take_all, write_all
from mstr_arrow.scan.asking import Asking, Whole
from mstr_arrow.scan.batches import Batches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from typing import Self, Unpack

    from mstr_arrow.execution.instance import Source
    from mstr_arrow.files.sinks import Sink, Target
    from mstr_arrow.filters.expressions import Expression
    from mstr_arrow.grid.texts import Strings
    from mstr_arrow.scan.asking import Opened
    from mstr_arrow.scan.options import ReadOptions, ScanOptions
    from mstr_arrow.scan.reading import Sliceable
    from mstr_arrow.scan.stats import ScanStats
    from mstr_arrow.transport.client import Client

    OnProgress = Callable[[ScanStats], object] | None

T = TypeVar("T", bound="Sliceable")


class Scan(Extractable):
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
        self._asking = Asking(connection.session, source, options, Query(), Whole())
        self._schema: pa.Schema | None = None
        self._last: Opened[Any] | None = None

    def with_options(self, **options: Unpack[ScanOptions]) -> Self:
        """Return the same scan, read otherwise; an instance that only told the schema is not shared with it.

        `ScanOptions` lists what may be chosen.
        """
        asking = self._asking
        return self._put(replace(asking, options=asking.options.changed(options), whole=Whole(), probed=None))

    def _with(self, query: Query) -> Self:
        return self._put(replace(self._asking, query=query, probed=None))

    def _put(self, asking: Asking) -> Self:
        other = copy(self)
        other._asking, other._schema, other._last = asking, None, None  # noqa: SLF001 - its own
        return other

    # What to ask for

    def select(self, *columns: str) -> Self:
        """Return a scan of these attributes and metrics, in this order; the server adds up the rest.

        **With fewer attributes than the object has, the server adds metrics up over those left out**: that is what
        selecting means there. `keep` leaves columns out and keeps the rows. Columns are given by name, as
        ``Attribute@FORM``, or by id; an attribute's name stands for all its forms.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").select("Region", "Units").to_arrow().num_columns
        2
        """
        if not columns:
            raise UsageError("select() names no column.", hint="Name at least one attribute or metric.")
        return self._with(replace(self._asking.query, selected=columns))

    def keep(self, *columns: str, ordered: bool = True) -> Self:
        """Return a scan with these columns of the result, in this order, and all its rows.

        Of more rows than fit into a page, the server is asked for less where it makes as many rows of that, which
        takes a request or two to know: metrics that are not needed are left out there, with ``ordered=False`` or
        `sort` attributes, too, for without them rows may come in another order. The rest is left out here.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").keep("Units", "Region").to_arrow().shape
        (2000, 2)
        """
        if not columns:
            raise UsageError("keep() names no column.", hint="Name at least one.")
        return self._with(replace(self._asking.query, kept=columns, any_order=not ordered))

    def where(self, *conditions: Expression) -> Self:
        """Return a scan of the rows for which all conditions hold, before anything is added up.

        Conditions are made with ``mstr_arrow.col`` and joined by ``&``, ``|`` and ``~``. What the server certainly
        answers is asked of it, and everything is checked again here: the result is what filtering all rows with
        Polars would give. `explain` shows what is sent.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     sales = conn.cube("Sales Cube")
        ...     sales.where((ma.col("Units") >= 3) & ma.col("Region").is_in(["East", "West"])).count_rows() > 0
        True
        """
        return self._with(self._asking.query.and_where(conditions))

    def where_sql(self, condition: str) -> Self:
        """Return a scan as `where` does, of a condition as SQL writes it after WHERE; needs the extra ``sql``.

        ::

            sales.where_sql("Region in ('East') and Units > 90")
        """
        return self.where(from_sql(condition))

    def having(self, *conditions: Expression) -> Self:
        """Return a scan of the rows for which all conditions hold after `select` has had metrics added up."""
        return self._with(self._asking.query.and_having(conditions))

    def sort(self, *columns: str, descending: bool | Sequence[bool] = False) -> Self:
        """Return a scan whose rows are sorted by these columns, in Polars' order, empty values last.

        Holds all rows until the last has come. With `head`, and columns of numbers or dates, the server sorts and
        only the first rows are read.
        """
        orders = [descending] * len(columns) if isinstance(descending, bool) else list(descending)
        if not columns or len(orders) != len(columns):
            raise UsageError("sort() takes columns, and descending= for all or for each.")
        keys = tuple(SortKey(column, order) for column, order in zip(columns, orders, strict=True))
        return self._with(replace(self._asking.query, sort=keys))

    def head(self, rows: int) -> Self:
        """Return a scan of the first rows; hardly more than these are read where no condition runs here."""
        return self._with(self._asking.query.first(rows))

    def top(self, rows: int, column: str) -> Self:
        """Return a scan of the rows with the greatest values, the greatest first."""
        return self.sort(column, descending=True).head(rows)

    def explain(self) -> str:
        """Say what is asked of the server, what is done here and why, and about how much will come.

        Makes an instance of what is asked for and looks at its first row, as `schema` does; the next read uses it.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     print(conn.cube("Sales Cube").where(ma.col("Units") > 90).head(5).explain())
        asks the server: POST /api/v2/cubes/.../instances
        ...
        decided by the server: Units > 90
        reads 5 of the ... rows that this makes on the server...
        """
        return self._connection.run(self._asking.explain())

    async def explain_async(self) -> str:
        """Do what `explain` does."""
        return await self._connection.bridge(self._asking.explain())

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
        """Return the number of rows of the result; creates an instance as `schema` does.

        Reads the rows where only that tells: where conditions run here, and for cross-tabs.
        """
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

    # Ways out, when asked

    def scan(self) -> pl.LazyFrame:
        """Return a Polars lazy frame; nothing is asked of the server before it is collected.

        Then it is one read of what the query needs: with the conditions that `where` would send, the columns that
        are used, and as many first rows as a ``head`` next to the source takes. Fewer columns are asked for as by
        `keep` with ``ordered=False``; what the server must not leave out is left out here.
        ``explain()`` of the lazy frame shows what Polars hands over, as SELECTION and PROJECT, and `explain` of a
        scan with the same conditions what of that is sent. The result is that of the same query over `to_polars`,
        but for the order of rows that were not sorted.

        **All rows are pulled** by what comes after the source in Polars alone: ``group_by``, joins, ``len``,
        ``sort``, ``tail``, conditions with functions. `select`, `top` and `count_rows` have the server do some of
        that. With ``collect(engine="streaming")``, the default since Polars 2, batches are used up as they come,
        and a ``head`` after such a condition ends the read; the engine ``"in-memory"`` holds all rows first.

        Polars raises errors of the read as they are, in older versions as ComputeError with their text; so it does
        with those of asking for the schema.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     lf = conn.cube("Sales Cube").scan()
        ...     lf.filter(pl.col("Region") == "East").select("Order", "Units").collect().columns
        ['Order', 'Units']
        """
        return lazy_frame(self._connection, lambda: self.schema, self._open_part, repr(self))

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

    async def _known_schema(self) -> pa.Schema:
        return self._schema or await self._fresh_schema()

    async def _fresh_schema(self) -> pa.Schema:
        self._schema = await self._asking.schema()
        return self._schema

    async def _count_rows(self) -> int:
        known = await self._asking.count_rows()
        if known is not None:
            return known
        async with self._reading(lambda batch: batch, None) as read:
            return await count_all(read)

    @asynccontextmanager
    async def _reading(
        self, convert: Callable[[pa.RecordBatch], T], on_progress: OnProgress
    ) -> AsyncIterator[Opened[T]]:
        read = await self._open(convert, on_progress)
        try:
            yield read
        finally:
            await read.aclose()

    async def _open(self, convert: Callable[[pa.RecordBatch], T], on_progress: OnProgress) -> Opened[T]:
        self._last = read = await self._asking.open(convert, on_progress)
        self._schema = read.schema
        return read

    async def _open_part(
        self, columns: list[str] | None, predicate: pl.Expr | None, rows: int | None
    ) -> Opened[pl.DataFrame]:
        """Open a read of what an engine asks for."""
        results = subjects_of(await self._known_schema())
        part = self._with(push_down(self._asking.query, results, columns=columns, predicate=predicate, rows=rows))
        read = await part._open(partial(polars_adapter.to_frame, strings="plain"), None)  # noqa: SLF001 - its own
        self._last = read
        return read

    async def _to_arrow(self, strings: Strings, on_progress: OnProgress) -> pa.Table:
        check_strings(strings)
        async with self._reading(lambda batch: deliver_batch(batch, strings), on_progress) as read:
            batches = await take_all(read)
            schema = deliver_schema(read.schema, strings)
            return await asyncio.to_thread(join_batches, batches, schema)

    async def _to_polars(self, strings: Strings, on_progress: OnProgress) -> pl.DataFrame:
        check_strings(strings)
        async with self._reading(lambda batch: polars_adapter.to_frame(batch, strings), on_progress) as read:
            frames = await take_all(read)
            if not frames:
                return polars_adapter.empty_frame(read.schema, strings)
            return await asyncio.to_thread(pl.concat, frames)  # chunks are shared, not copied

    async def _to_pandas(self, strings: Strings, on_progress: OnProgress) -> Any:
        pandas_adapter.require_pandas()
        table = await self._to_arrow(strings, on_progress)
        return await asyncio.to_thread(pandas_adapter.to_frame, table)

    async def _batches(self, strings: Strings, on_progress: OnProgress) -> Batches:
        check_strings(strings)
        read = await self._open(lambda batch: deliver_batch(batch, strings), on_progress)
        return Batches(self._connection, read, deliver_schema(read.schema, strings))

    async def _write(self, sink: Sink | ParquetParts, on_progress: OnProgress) -> ScanStats:
        try:
            await in_thread(sink.open)
            convert = partial(deliver_batch, strings=sink.strings)
            async with self._reading(convert, on_progress) as read:
                await write_all(read, sink)
                return read.stats()
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

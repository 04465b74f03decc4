"""A scan: what to read, and every way out of it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.adapters import pandas as pandas_adapter
from mstr_arrow.adapters import polars as polars_adapter
from mstr_arrow.adapters.lazy import lazy_frame
from mstr_arrow.fetch.batches import Batches
from mstr_arrow.fetch.collect import take_all
from mstr_arrow.grid.texts import check_strings, deliver_batch, deliver_schema, join_batches
from mstr_arrow.lazy import pl
from mstr_arrow.query.columns import subjects_of
from mstr_arrow.query.pushdown import push_down
from mstr_arrow.scan.extractable import Extractable
from mstr_arrow.scan.remarks import warn_of
from mstr_arrow.scan.tables import Tabular

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from mstr_arrow.fetch.readers import Reader
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.texts import Strings

    OnProgress = Callable[[ScanStats], object] | None


class Scan(Tabular, Extractable):
    """An object on the server as something to read; every read is a new instance there.

    Texts are dictionary columns in Arrow results and plain strings elsewhere; ``strings`` chooses. The
    schema is fixed before the first row; the types follow from what the server says of each column, or from
    ``types``.

    ``on_progress`` of the terminals is called with `ScanStats` after each page, on the connection's own
    thread: it must return at once.

    Every terminal raises InstanceGone, SessionExpired, NotPublished, ServerBusy or LimitExceeded as the server
    says, DataChanged when a total order cannot be kept up, TransportError when the server cannot be reached,
    DataMismatch when what it delivers is not what it promised, and ConversionError when a value does not fit its
    column; with ``on_bad_value="null"`` it gives one DataLossWarning in its place, at the end.
    """

    # In memory

    def to_arrow(self, *, strings: Strings = "dictionary", on_progress: OnProgress = None) -> pa.Table:
        """Return all rows as a table, with one dictionary per text column; several beyond 2 GiB of distinct text.

        Holds at its peak the table twice, and the pages under way (``Limits.buffer_bytes``).
        """
        return self._pass_on(self._client.run(self._to_arrow(strings, on_progress)))

    async def to_arrow_async(self, *, strings: Strings = "dictionary", on_progress: OnProgress = None) -> pa.Table:
        """Return all rows as a table as `to_arrow` does, without blocking the event loop."""
        return self._pass_on(await self._client.bridge(self._to_arrow(strings, on_progress)))

    def to_polars(self, *, strings: Strings = "plain", on_progress: OnProgress = None) -> pl.DataFrame:
        """Return all rows as a Polars frame; ``strings="dictionary"`` makes texts categorical."""
        return self._pass_on(self._client.run(self._to_polars(strings, on_progress)))

    async def to_polars_async(self, *, strings: Strings = "plain", on_progress: OnProgress = None) -> pl.DataFrame:
        """Return all rows as a Polars frame as `to_polars` does, without blocking the event loop."""
        return self._pass_on(await self._client.bridge(self._to_polars(strings, on_progress)))

    def to_pandas(self, *, strings: Strings = "plain", on_progress: OnProgress = None) -> Any:
        """Return all rows as a pandas frame with Arrow-backed types; needs the extra ``pandas``."""
        return self._pass_on(self._client.run(self._to_pandas(strings, on_progress)))

    async def to_pandas_async(self, *, strings: Strings = "plain", on_progress: OnProgress = None) -> Any:
        """Return all rows as a pandas frame as `to_pandas` does, without blocking the event loop."""
        return self._pass_on(await self._client.bridge(self._to_pandas(strings, on_progress)))

    # Batch by batch

    def to_batches(self, *, strings: Strings = "dictionary", on_progress: OnProgress = None) -> Batches:
        """Open a read and return its batches, one per page: an iterator and a context manager.

        Holds at most ``Limits.buffer_bytes`` of pages ahead of the consumer.
        """
        return self._client.run(self._open_batches(strings, on_progress))

    async def to_batches_async(self, *, strings: Strings = "dictionary", on_progress: OnProgress = None) -> Batches:
        """Open a read as `to_batches` does, without blocking the event loop; iterate with ``async for``."""
        return await self._client.bridge(self._open_batches(strings, on_progress))

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self.to_batches()

    async def __aiter__(self) -> AsyncIterator[pa.RecordBatch]:
        async with await self.to_batches_async() as batches:
            async for batch in batches:
                yield batch

    def to_reader(self, *, strings: Strings = "dictionary", on_progress: OnProgress = None) -> pa.RecordBatchReader:
        """Return an open read as a RecordBatchReader, for whatever takes one.

        Dictionaries differ from batch to batch. Arrow does not tell us when a reader is given up: requests
        stop at the byte budget then, and end with the last reference to the reader or with the connection.
        """
        return _reader(self.to_batches(strings=strings, on_progress=on_progress))

    async def to_reader_async(
        self, *, strings: Strings = "dictionary", on_progress: OnProgress = None
    ) -> pa.RecordBatchReader:
        """Open a read as `to_reader` does, without blocking the event loop; reading from it blocks."""
        return _reader(await self.to_batches_async(strings=strings, on_progress=on_progress))

    def __arrow_c_schema__(self) -> object:
        """Export the schema without reading: DuckDB and others ask for it before they read."""
        return deliver_schema(self._client.run(self._fresh_schema()), "plain").__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export one read as an Arrow C stream, texts as plain strings.

        Its reader keeps only the text of an error, and shows a Ctrl-C as an error of its own.
        """
        return self.to_reader(strings="plain").__arrow_c_stream__(requested_schema)

    # When asked

    def lazy(self) -> pl.LazyFrame:
        """Return a Polars lazy frame; nothing is asked of the server before it is collected.

        Then it is one read of what the query needs: with the conditions that `filter` would send, the columns that
        are used, and as many first rows as a ``head`` next to the source takes. Fewer columns are asked for as by
        `select` with ``any_order=True``; what the server must not leave out is left out here.
        ``explain()`` of the lazy frame shows what Polars hands over, as SELECTION and PROJECT, and `explain` of a
        scan with the same conditions what of that is sent. The result is that of the same query over `to_polars`,
        but for the order of rows that were not sorted.

        **All rows are pulled** by steps after the source that Polars takes alone: ``group_by``, joins, ``len``,
        ``sort``, ``tail``, conditions with functions. `aggregate`, `top` and `count_rows` have the server do some
        of that. With ``collect(engine="streaming")``, the default since Polars 2, batches are used up as they come,
        and a ``head`` after such a condition ends the read; the engine ``"in-memory"`` holds all rows first.

        Polars raises errors of the read as they are, in older versions as ComputeError with their text; so it does
        with those of asking for the schema.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     lf = conn.cube("Sales Cube").lazy()
        ...     lf.filter(pl.col("Region") == "East").select("Order", "Units").collect().columns
        ['Order', 'Units']
        """
        return lazy_frame(
            self._client, lambda: self.schema, self._open_part, repr(self), partial(self._pass_on, None)
        )

    def _warn(self, stats: ScanStats) -> None:
        """Warn of the bad values of a read that was pulled from, where it was pulled from last."""
        warn_of(stats.bad_values, getattr(self, "name", None), consistent=stats.consistent, stacklevel=4)
        self._warn_of_less(stats, stacklevel=4)

    # All of it once, on the background loop

    async def _open_part(
        self, columns: list[str] | None, predicate: pl.Expr | None, rows: int | None
    ) -> Reader[pl.DataFrame]:
        """Open a read of what an engine asks for."""
        results = subjects_of(await self._get_schema())
        part = self._with(push_down(self._resolver.query, results, columns=columns, predicate=predicate, rows=rows))
        part._since = None  # noqa: SLF001 - its own; the column may be left out
        reader = await part._open(partial(polars_adapter.to_frame, strings="plain"), None)  # noqa: SLF001 - its own
        self._last = reader
        return reader

    async def _to_arrow(self, strings: Strings, on_progress: OnProgress) -> pa.Table:
        check_strings(strings)

        async def take_table() -> pa.Table:
            async with self._open_reader(lambda batch: deliver_batch(batch, strings), on_progress) as reader:
                batches = await take_all(reader)
                schema = deliver_schema(reader.schema, strings)
                return await asyncio.to_thread(join_batches, batches, schema)

        return await self._resolver.once_more(take_table)

    async def _to_polars(self, strings: Strings, on_progress: OnProgress) -> pl.DataFrame:
        check_strings(strings)

        async def take_frame() -> pl.DataFrame:
            async with self._open_reader(
                lambda batch: polars_adapter.to_frame(batch, strings), on_progress
            ) as reader:
                frames = await take_all(reader)
                if not frames:
                    return polars_adapter.empty_frame(reader.schema, strings)
                return await asyncio.to_thread(pl.concat, frames)  # chunks are shared, not copied

        return await self._resolver.once_more(take_frame)

    async def _to_pandas(self, strings: Strings, on_progress: OnProgress) -> Any:
        pandas_adapter.require_pandas()
        table = await self._to_arrow(strings, on_progress)
        return await asyncio.to_thread(pandas_adapter.to_frame, table)

    async def _open_batches(self, strings: Strings, on_progress: OnProgress) -> Batches:
        check_strings(strings)
        reader = await self._open(lambda batch: deliver_batch(batch, strings), on_progress)
        return Batches(self._client, reader, deliver_schema(reader.schema, strings), self._warn)


def _reader(batches: Batches) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(batches.schema, batches)

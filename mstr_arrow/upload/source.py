"""Whatever holds a table, as a stream of record batches."""

from __future__ import annotations

import re
import sys
import threading
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Full, Queue
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from mstr_arrow.errors import ConversionError, DataChanged, MstrError, UsageError
from mstr_arrow.upload.pandas_frames import is_frame, table_of
from mstr_arrow.upload.polars_dtypes import check_dtypes
from mstr_arrow.upload.types import check_extension
from mstr_arrow.upload.validation import validate_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from pyarrow import dataset as pa_dataset

BATCH_ROWS = 2**15
"""Rows that a lazy source is asked for at once."""

SLICE_ROWS = 2**16
"""Rows that are read of Parquet files by a Polars query of their own: with fewer, row groups are read too often."""

_SCAN = re.compile(r"Parquet SCAN \[(?P<path>[^\n]*)\]\n")
"""The plan of a query whose only step reads a file, in Polars' words. Where they change it is read as any query."""

BUFFER_BYTES = 2**16
"""Bytes of a Parquet file's column that are read at once."""

WAIT_SECONDS = 0.1
"""Seconds after which a query that nobody takes batches from looks whether it was given up."""

_CHANGED_BY_DUCKDB = {
    "TIME WITH TIME ZONE": (
        "whose offset from UTC is lost in Arrow",
        "Cast it in the query: {column}::time leaves the offset out, {column}::varchar makes texts.",
    ),
    "UHUGEINT": (
        "whose largest values become negative in Arrow",
        "Cast it in the query: {column}::hugeint, or {column}::varchar for texts.",
    ),
}
"""How, and what helps, by the name of the type."""
_COUNTED_FREELY = {"parquet", "arrow"}
"""Formats of files that tell their rows without being read."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table to upload: its schema, known before the first row, and a way to open its batches.

    ``rows`` is their number where it is known without reading; ``held`` says whether they are in memory. What
    ``open`` returns is entered for an iterable of batches; it runs whatever query the data come from, each time,
    unless they can be read ``once`` only, as what is an iterator itself.
    """

    schema: pa.Schema
    open: Callable[[], Any]
    rows: int | None = None
    held: bool = False
    once: bool = False

    @classmethod
    def of_table(cls, table: pa.Table) -> Source:
        """Make a source of a table in memory."""
        return cls(table.schema, lambda: nullcontext(table.to_batches()), table.num_rows, held=True)


def source_of(data: Any, name: str) -> Source:
    """Make a source of anything with ``__arrow_c_stream__``, a Polars LazyFrame, or a pyarrow Dataset.

    Lazy ones are read while they are uploaded, never collected. ``name`` is for errors: UsageError for what
    is no table, does not become Arrow, or is in memory and holds values that its types do not allow.
    """
    try:
        source = _source_of(data, name)
        for field in source.schema:
            check_extension(field.name, field)
    except MstrError:
        raise
    except Exception as error:  # whatever another library raises about its own data
        reason = str(error).partition("\n")[0].rstrip(".")
        raise UsageError(
            f"the table {name!r}, a {_type(data)}, cannot be read as Arrow data: {type(error).__name__}: {reason}.",
            hint="Cast the column that it names, or make a pyarrow table of the data.",
        ) from error
    return source


def _source_of(data: Any, name: str) -> Source:
    if isinstance(data, pl.LazyFrame):
        schema = data.collect_schema()
        check_dtypes(name, schema)
        path = _file_of(data)
        read = partial(_run_query, data) if path is None else partial(_read_scan, data, path)
        return Source(pl.DataFrame(schema=schema).to_arrow().schema, read)
    if is_dataset(data):
        free = _format(data) in _COUNTED_FREELY
        return Source(data.schema, lambda: _dataset(data), data.count_rows() if free else None)
    if is_frame(data):
        return _hold(table_of(data, name))
    if isinstance(data, pl.DataFrame):
        check_dtypes(name, data.schema)
        return _hold(pa.RecordBatchReader.from_stream(data).read_all())
    if isinstance(data, pa.RecordBatch):
        return _hold(pa.Table.from_batches([data]))
    if isinstance(data, pa.Table):
        return _hold(data)
    if isinstance(data, pa.RecordBatchReader):
        return Source(data.schema, _Once(data, name).open, once=True)
    if isinstance(data, Rereadable):
        return Source(data.schema, lambda: _open_validated(data.open()))
    if isinstance(data, pl.Series | pa.ChunkedArray | pa.Array) or not hasattr(data, "__arrow_c_stream__"):
        raise UsageError(
            f"the table {name!r} is a {_type(data)}, which is no table.",
            hint="Give an Arrow table or reader, a Polars or pandas frame, a DuckDB relation or a pyarrow dataset.",
        )
    check_relation(data)
    return Source(
        _schema(data),
        lambda: _open_validated(pa.RecordBatchReader.from_stream(data)),
        once=hasattr(data, "__next__"),
    )


def check_relation(data: Any) -> None:
    """Raise UsageError for a DuckDB relation with a column whose values change when DuckDB makes Arrow of them."""
    columns = zip(getattr(data, "columns", ()), getattr(data, "dtypes", ()), strict=False)
    for column, dtype in ((column, str(dtype)) for column, dtype in columns):
        if dtype in _CHANGED_BY_DUCKDB:
            how, hint = _CHANGED_BY_DUCKDB[dtype]
            raise UsageError(
                f"Column {column!r} is of DuckDB's type {dtype}, {how}.", hint=hint.format(column=f'"{column}"')
            )


def _type(data: Any) -> str:
    return type(data).__qualname__


def _hold(table: pa.Table) -> Source:
    """Make a source of a table in memory, whose values are looked at here; errors: UsageError."""
    try:
        for _ in validate_batches(table.to_batches()):
            pass
    except ConversionError as error:
        raise UsageError(error.message, hint=error.hint) from error
    return Source.of_table(table)


@contextmanager
def _open_validated(reader: pa.RecordBatchReader) -> Iterator[Iterator[pa.RecordBatch]]:
    with reader:
        yield validate_batches(reader)


def is_dataset(data: Any) -> bool:
    """Tell a pyarrow Dataset, whose module takes long to import and is imported where there is one."""
    module = sys.modules.get("pyarrow.dataset")
    return module is not None and isinstance(data, module.Dataset)


def _format(data: pa_dataset.Dataset) -> str | None:
    return getattr(getattr(data, "format", None), "default_extname", None)


def _schema(data: Any) -> pa.Schema:
    """Ask for the schema alone where that can be done; elsewhere the stream is opened and closed."""
    if hasattr(data, "__arrow_c_schema__"):
        return pa.schema(data)
    with pa.RecordBatchReader.from_stream(data) as reader:
        return reader.schema


class Rereadable:
    """Batches that come as often as they are asked for: ``first`` gives them once, ``again`` opens them anew."""

    def __init__(self, first: pa.RecordBatchReader, again: Callable[[], pa.RecordBatchReader]) -> None:
        self.schema = first.schema
        self._first: pa.RecordBatchReader | None = first
        self._again = again

    def open(self) -> pa.RecordBatchReader:
        """Give a reader of all batches."""
        first, self._first = self._first, None
        return self._again() if first is None else first

    def read_all(self) -> pa.Table:
        """Return all rows as a table."""
        with self.open() as reader:
            return reader.read_all()


class _Once:
    """A reader, which can be read once."""

    def __init__(self, reader: pa.RecordBatchReader, name: str) -> None:
        self._reader: pa.RecordBatchReader | None = reader
        self._name = name

    def open(self) -> AbstractContextManager[Iterator[pa.RecordBatch]]:
        """Give the reader away; errors: UsageError the second time."""
        reader, self._reader = self._reader, None
        if reader is None:
            raise UsageError(
                f"the reader of table {self._name!r} was read already.", hint="Add the table again, with a new one."
            )
        return _open_validated(reader)


@contextmanager
def _dataset(data: pa_dataset.Dataset) -> Iterator[Iterator[pa.RecordBatch]]:
    from pyarrow import dataset as pa_dataset  # noqa: PLC0415 - it brings pandas along

    if (fragments := _plain_fragments(data)) is not None:
        yield validate_batches(_read_parquet(fragments))
        return
    # Arrow's threads and buffers would read far ahead, whatever read-ahead they are given.
    unbuffered = pa_dataset.ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True)
    scanner = data.scanner(
        batch_size=BATCH_ROWS,
        batch_readahead=1,
        fragment_readahead=0,
        use_threads=False,
        fragment_scan_options=unbuffered if _format(data) == "parquet" else None,
    )
    with _open_validated(scanner.to_reader()) as batches:
        yield batches


def _plain_fragments(data: pa_dataset.Dataset) -> list[pa_dataset.ParquetFileFragment] | None:
    """List the Parquet files of a dataset whose rows are theirs as they are; None where a scan changes them.

    It does by a filter, by values from names of folders, by other types, and by options of its format.
    """
    from pyarrow import dataset as pa_dataset  # noqa: PLC0415 - see above

    is_plain = _format(data) == "parquet" and data.format.equals(pa_dataset.ParquetFileFormat())
    if not is_plain or getattr(data, "_scan_options", None):
        return None
    everything, fragments = pa_dataset.scalar(True), list(data.get_fragments())
    for fragment in fragments:
        if not fragment.partition_expression.equals(everything) or fragment.physical_schema != data.schema:
            return None
    return fragments


def _read_parquet(fragments: Iterable[pa_dataset.ParquetFileFragment]) -> Iterator[pa.RecordBatch]:
    """Read Parquet files by a reader for each row group: one for all, or a scanner, keeps memory of each."""
    from pyarrow import parquet  # noqa: PLC0415 - only where there is such a file

    for fragment in fragments:
        for group in fragment.row_groups:
            with (
                fragment.open() as opened,
                parquet.ParquetFile(opened, metadata=fragment.metadata, buffer_size=BUFFER_BYTES) as file,
            ):
                yield from file.iter_batches(BATCH_ROWS, row_groups=[group.id], use_threads=False)


def _file_of(frame: pl.LazyFrame) -> Path | None:
    """Give the Parquet file that a query only reads, without a condition; None for any other query."""
    plan = frame.explain()
    found = _SCAN.match(plan)
    if found is None or "\nSELECTION:" in plan:
        return None
    path = Path(found["path"])
    return path if path.is_file() else None


@contextmanager
def _read_scan(frame: pl.LazyFrame, path: Path) -> Iterator[Iterator[pa.RecordBatch]]:
    """Read a Parquet file by a query for each of its slices: one for all would read many row groups ahead.

    Errors: DataChanged where the file is replaced or written to meanwhile.
    """
    state = _file_state(path)

    def read_slice(first: int) -> pl.DataFrame:
        try:
            return frame.slice(first, SLICE_ROWS).collect()
        finally:
            if _file_state(path) != state:
                raise DataChanged(
                    f"{path} was changed while it was read.", hint="Write it again, from a whole file."
                )

    def read() -> Iterator[pa.RecordBatch]:
        first = 0
        while (rows := read_slice(first)).height:
            yield from rows.to_arrow().to_batches(max_chunksize=BATCH_ROWS)
            first += rows.height

    yield validate_batches(read())


def _file_state(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


@contextmanager
def _run_query(frame: pl.LazyFrame) -> Iterator[Iterator[pa.RecordBatch]]:
    """Run a query in a thread, which waits while nobody takes its batches.

    Polars' own ``collect_batches`` would do, were it not that before 1.37 a query that fails just ends there.
    """
    batches: Queue[pl.DataFrame | BaseException | None] = Queue(1)
    left = threading.Event()

    def put(item: pl.DataFrame | BaseException | None) -> bool:
        while not left.is_set():
            with suppress(Full):
                batches.put(item, timeout=WAIT_SECONDS)
                break
        return left.is_set()

    def run() -> None:
        try:
            frame.sink_batches(put, chunk_size=BATCH_ROWS, maintain_order=True)
        except BaseException as error:  # noqa: BLE001 - whatever it is, who takes the batches raises it
            put(error)
        else:
            put(None)

    def take() -> Iterator[pa.RecordBatch]:
        while (item := batches.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield from item.to_arrow().to_batches()

    thread = threading.Thread(target=run, name="mstr-arrow-query", daemon=True)
    thread.start()
    try:
        yield validate_batches(take())
    finally:
        left.set()
        thread.join()

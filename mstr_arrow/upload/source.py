"""Whatever holds a table, as a stream of record batches."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Full, Queue
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyarrow import dataset as pa_dataset

BATCH_ROWS = 2**15
"""Rows that a lazy source is asked for at once."""

WAIT_SECONDS = 0.1
"""Seconds after which a query that nobody takes batches from looks whether it was given up."""

_COUNTED_FREELY = {"parquet", "arrow"}
"""Formats of files that tell their rows without being read."""


@dataclass(frozen=True, slots=True)
class Source:
    """A table to upload: its schema, known before the first row, and a way to open its batches.

    ``rows`` is their number where it is known without reading. What ``open`` returns is entered for an iterable of
    batches; it runs whatever query the data come from, each time.
    """

    schema: pa.Schema
    open: Callable[[], Any]
    rows: int | None = None


def source_of(data: Any, name: str) -> Source:
    """Make a source of anything with ``__arrow_c_stream__``, a Polars LazyFrame, or a pyarrow Dataset.

    Lazy ones are read while they are uploaded, never collected. ``name`` is for errors: UsageError for what
    is no table.
    """
    if isinstance(data, pl.LazyFrame):
        schema = pl.DataFrame(schema=data.collect_schema()).to_arrow().schema
        return Source(schema, lambda: _lazy(data))
    if _is_dataset(data):
        free = _format(data) in _COUNTED_FREELY
        return Source(data.schema, lambda: _dataset(data), data.count_rows() if free else None)
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    if isinstance(data, pa.RecordBatchReader):
        return Source(data.schema, _Once(data, name).open)
    if isinstance(data, pl.Series) or not hasattr(data, "__arrow_c_stream__"):
        raise UsageError(
            f"the table {name!r} is a {type(data).__qualname__}, which is no table.",
            hint="Give an Arrow table or reader, a Polars or pandas frame, a DuckDB relation or a pyarrow dataset.",
        )
    rows = len(data) if isinstance(data, pa.Table | pl.DataFrame) else None
    return Source(_schema(data), lambda: pa.RecordBatchReader.from_stream(data), rows)


def _is_dataset(data: Any) -> bool:
    """Tell a pyarrow Dataset, whose module takes long to import and was imported by whoever made one."""
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


class _Once:
    """A reader, which can be read once."""

    def __init__(self, reader: pa.RecordBatchReader, name: str) -> None:
        self._reader: pa.RecordBatchReader | None = reader
        self._name = name

    def open(self) -> pa.RecordBatchReader:
        """Give the reader away; errors: UsageError the second time."""
        reader, self._reader = self._reader, None
        if reader is None:
            raise UsageError(
                f"the reader of table {self._name!r} was read already.", hint="Add the table again, with a new one."
            )
        return reader


@contextmanager
def _dataset(data: pa_dataset.Dataset) -> Iterator[Iterator[pa.RecordBatch]]:
    # Arrow's threads and buffers would read far ahead, whatever read-ahead they are given.
    from pyarrow import dataset as pa_dataset  # noqa: PLC0415 - it brings pandas along

    unbuffered = pa_dataset.ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True)
    scanner = data.scanner(
        batch_size=BATCH_ROWS,
        batch_readahead=1,
        fragment_readahead=0,
        use_threads=False,
        fragment_scan_options=unbuffered if _format(data) == "parquet" else None,
    )
    with scanner.to_reader() as reader:
        yield reader


@contextmanager
def _lazy(frame: pl.LazyFrame) -> Iterator[Iterator[pa.RecordBatch]]:
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

    def taken() -> Iterator[pa.RecordBatch]:
        while (item := batches.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield from item.to_arrow().to_batches()

    thread = threading.Thread(target=run, name="mstr-arrow-query", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        left.set()
        thread.join()

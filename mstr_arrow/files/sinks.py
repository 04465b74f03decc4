"""Files that are written batch by batch and appear under their name only when they are whole."""

from __future__ import annotations

import asyncio
import base64
import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from mstr_arrow.errors import UsageError
from mstr_arrow.files.outputs import output_into
from mstr_arrow.grid.texts import deliver_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.files.locations import StorePath
    from mstr_arrow.files.outputs import Target
    from mstr_arrow.grid.texts import Strings

T = TypeVar("T")

COMPRESSIONS = ("zstd", "snappy", "gzip", "lz4", "brotli", "none")

_DICTIONARY_BYTES = 2**20 - 2**13
"""Bytes that a dictionary of a row group may take: 1,024 numbers of eight bytes before pyarrow's own end.

With the 131,072nd number the writer's hash table grows to 25 MB, and the default row group has as many rows.
"""


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Run a function in a thread and wait for its end even if cancelled: no file is closed under a writer."""
    return await _run_in(None, function, *arguments)


async def _run_in(threads: ThreadPoolExecutor | None, function: Callable[..., T], *arguments: Any) -> T:
    run = contextvars.copy_context().run
    work = asyncio.get_running_loop().run_in_executor(threads, run, function, *arguments)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.gather(work, return_exceptions=True)
        raise


class WritingThread:
    """One thread for all writes to a sink: Arrow's allocators keep what was freed for each thread that took it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "mstr-arrow-write")

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Do as `in_thread` does, in this thread."""
        return await _run_in(self._thread, function, *arguments)

    def end(self) -> None:
        """End the thread, after what it is at."""
        self._thread.shutdown(wait=False)


class Sink:
    """A file on the disk or in a store, which nobody sees before it is whole, or a stream the caller keeps."""

    strings: Strings = "plain"
    """How the sink takes texts."""

    def __init__(self, target: Target | StorePath) -> None:
        self._output = output_into(target)
        self._out: Any = None
        self._writer: Any = None
        self.bytes = 0
        """How long the file is, when it is finished."""

    def open(self) -> None:
        """Make the file, before anything is asked of the server; errors: UsageError, FileError."""
        self._out = self._output.open()

    def start(self, schema: pa.Schema) -> None:
        """Begin a file of batches of a schema; errors, here and below: FileError."""
        with self._output.refusals():
            self._writer = self._begin(self._out, schema)

    def _begin(self, out: Any, schema: pa.Schema) -> Any:
        raise NotImplementedError

    def write(self, batch: pa.RecordBatch) -> None:
        """Write one batch."""
        with self._output.refusals():
            self._writer.write_batch(batch)

    @property
    def shows_at_end(self) -> bool:
        """Whether nobody sees what is written before the end; a stream hands it on at once."""
        return self._output.shows_at_end

    def begin_again(self) -> bool:
        """Drop what was written, so that `start` begins anew; False where it was handed on, as to a stream."""
        if not self.shows_at_end:
            return False
        self.abandon()
        self.open()
        return True

    def finish(self) -> None:
        """Write the end and give the file its name."""
        with self._output.refusals():
            self._writer.close()
            self.bytes = self._out.tell()
            self._output.finish()

    def abandon(self) -> None:
        """Remove what was written so far; a caller's stream is left without an end."""
        self._output.abandon()


class IpcFile(Sink):
    """An Arrow IPC file, which cannot hold a dictionary that differs from batch to batch: texts are plain."""

    def _begin(self, out: Any, schema: pa.Schema) -> Any:
        return pa.ipc.new_file(out, deliver_schema(schema, "plain"))


class IpcStream(Sink):
    """An Arrow IPC stream, for a pipe."""

    def _begin(self, out: Any, schema: pa.Schema) -> Any:
        return pa.ipc.new_stream(out, deliver_schema(schema, "plain"))


class Csv(Sink):
    """CSV with a header line; null is an empty field, an empty text is two quotes."""

    def _begin(self, out: Any, schema: pa.Schema) -> Any:
        return pa.csv.CSVWriter(out, deliver_schema(schema, "plain"))


class Parquet(Sink):
    """A Parquet file with row groups of ``row_group_rows`` rows, the last one shorter.

    Holds the rows of one row group. Texts are written from their dictionaries; readers see plain strings.
    Errors: UsageError for a compression that is not known and for empty row groups.
    """

    strings: Strings = "dictionary"

    def __init__(self, target: Target | StorePath, *, compression: str, row_group_rows: int) -> None:
        super().__init__(target)
        if compression not in COMPRESSIONS:
            raise UsageError(
                f"{compression!r} is no compression of Parquet files.", hint=f"Choose {', '.join(COMPRESSIONS)}."
            )
        if row_group_rows < 1:
            raise UsageError(f"row_group_rows is {row_group_rows}: a row group has at least one row.")
        self._compression = compression
        self._row_group_rows = row_group_rows
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._flushed = 0
        self._size = 0
        self._schema = pa.schema([])

    @property
    def flushed(self) -> tuple[int, int]:
        """The rows of the row groups written so far, and the bytes they took."""
        return self._flushed, self._size or self._out.tell()

    def _begin(self, out: Any, schema: pa.Schema) -> Any:
        self._schema, self._waiting, self._rows, self._flushed = schema, [], 0, 0
        writer = pq.ParquetWriter(
            out,
            schema,
            compression=self._compression,
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
            store_schema=False,
        )
        # The schema stored for Arrow readers is the plain one: no reader should see how we wrote the texts.
        stored = base64.b64encode(deliver_schema(schema, "plain").serialize())
        writer.add_key_value_metadata({"ARROW:schema": stored.decode()})
        return writer

    def write(self, batch: pa.RecordBatch) -> None:
        """Take one batch; write a row group when it is full."""
        while batch.num_rows:
            taken = batch.slice(0, self._row_group_rows - self._rows)
            self._waiting.append(taken)
            self._rows += taken.num_rows
            batch = batch.slice(taken.num_rows)
            if self._rows == self._row_group_rows:
                self._flush()

    def finish(self) -> None:
        """Write the last row group and the end."""
        self.flush()
        self._size = self._out.tell()
        super().finish()

    def abandon(self) -> None:
        """Remove what was written so far."""
        super().abandon()
        if self._writer is not None:
            self._writer.is_open = False  # or it would try to write the end when it is collected

    def flush(self) -> None:
        """Write the rows that wait as a row group."""
        if self._waiting:
            self._flush()

    def _flush(self) -> None:
        # One dictionary per column and row group, or the writer would give up dictionary encoding.
        table = _compact(pa.Table.from_batches(self._waiting, self._schema).unify_dictionaries())
        self._waiting, self._rows = [], 0
        self._flushed += table.num_rows
        with self._output.refusals():
            self._writer.write_table(table, row_group_size=self._row_group_rows)


def _compact(table: pa.Table) -> pa.Table:
    """Shorten dictionaries longer than the table: a slice has its page's, and a file would get all of it."""
    for at, column in enumerate(table.columns):
        if pa.types.is_dictionary(column.type) and len(column.chunk(0).dictionary) > table.num_rows:
            texts = column.cast(column.type.value_type).dictionary_encode().cast(column.type)
            table = table.set_column(at, table.field(at), texts)
    return table

"""Files that are written batch by batch and appear under their name only when they are whole."""

from __future__ import annotations

import asyncio
import base64
import errno
import io
import itertools
import os
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from mstr_arrow.errors import UsageError
from mstr_arrow.files.disk import disk_errors, not_opened
from mstr_arrow.grid.texts import deliver_schema
from mstr_arrow.paths import what_is_missing, written_path
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from mstr_arrow.grid.texts import Strings

Target = str | os.PathLike[str] | BinaryIO

T = TypeVar("T")

COMPRESSIONS = ("zstd", "snappy", "gzip", "lz4", "brotli", "none")

_NUMBERS = itertools.count()


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Run a function in a thread and wait for its end even if cancelled: no file is closed under a writer."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.gather(work, return_exceptions=True)
        raise


class Sink:
    """A file under a temporary name beside its own, or a stream the caller keeps."""

    strings: Strings = "plain"
    """How the sink takes texts."""

    def __init__(self, target: Target) -> None:
        self._path: Path | None = None
        self._partial: Path | None = None
        self._out: Any = None
        self._writer: Any = None
        if isinstance(target, str | os.PathLike):
            # A link stays a link: it is the file it leads to that is replaced.
            self._path = Path(os.path.realpath(written_path(target)))
            if os.fspath(target).endswith(("/", os.sep)):
                raise UsageError(
                    f"{os.fspath(target)!r} ends in a slash, as the name of a folder does.",
                    hint=naming(
                        "Leave it out, or have parts written into a folder: {Scan.write_parquet.part_bytes}."
                    ),
                )
        else:
            self._out = _Stream(_binary(target))

    def open(self) -> None:
        """Make the file, before anything is asked of the server; errors: UsageError, FileError."""
        if self._path is None:
            return
        try:
            if self._path.exists() and not self._path.is_file() and not self._path.is_dir():
                # A pipe, /dev/null: written to as it is, by Python, because Arrow asks for its position.
                self._out = _Stream(self._path.open("wb"), owned=True)
            else:
                if self._path.is_dir():
                    raise IsADirectoryError(errno.EISDIR, "")
                name = f".{self._path.name}.{os.getpid()}-{next(_NUMBERS)}.partial"
                partial = self._path.with_name(name)
                self._out = pa.OSFile(str(partial), "wb")
                self._partial = partial
        except OSError as error:
            hint = what_is_missing(self._path) or naming(
                "It is a folder: name a file in it, or have parts written: {Scan.write_parquet.part_bytes}."
            )
            raise not_opened(self._path, error, refused="be written", hint=hint) from error

    def start(self, schema: pa.Schema) -> None:
        """Begin a file of batches of a schema; errors, here and below: FileError."""
        with self._refusals():
            self._writer = self._begin(self._out, schema)

    def _begin(self, out: Any, schema: pa.Schema) -> Any:
        raise NotImplementedError

    def write(self, batch: pa.RecordBatch) -> None:
        """Write one batch."""
        with self._refusals():
            self._writer.write_batch(batch)

    @property
    def shows_at_end(self) -> bool:
        """Whether nobody sees what is written before the end; a stream hands it on at once."""
        return self._partial is not None

    def begin_again(self) -> bool:
        """Drop what was written, so that `start` begins anew; False where it was handed on, as to a stream."""
        if not self.shows_at_end:
            return False
        self.abandon()
        self.open()
        return True

    def finish(self) -> None:
        """Write the end and give the file its name."""
        with self._refusals():
            self._writer.close()
            self._out.close()
            if self._partial is not None and self._path is not None:
                self._partial.replace(self._path)

    def abandon(self) -> None:
        """Remove what was written so far; a caller's stream is left without an end."""
        if self._out is not None:
            # A full disk refuses to close, too: what counts is the error that came first.
            with suppress(Exception):
                self._out.close()
        with suppress(OSError):
            if self._partial is not None:
                self._partial.unlink(missing_ok=True)

    def _refusals(self) -> AbstractContextManager[None]:
        """Tell what the system refuses; a caller's stream raises what it likes."""
        return nullcontext() if self._path is None else disk_errors(self._path)


def _binary(target: Any) -> Any:
    """Return a file object for bytes as it is; errors: UsageError for anything else."""
    if callable(getattr(target, "write", None)) and not isinstance(target, io.TextIOBase):
        return target
    what = "a file object for texts" if isinstance(target, io.TextIOBase) else repr(target)
    raise UsageError(f"the target is {what}.", hint="Give a path, or a file object for bytes: open(…, 'wb').")


class _Stream:
    """A Python stream, out of reach of the writers once `close` is called; a caller's is not itself closed.

    Arrow's Parquet writer writes its footer even when it is destroyed; half a file would look whole. Positions
    are counted here, since a pipe does not tell them.
    """

    def __init__(self, stream: BinaryIO, *, owned: bool = False) -> None:
        self._stream = stream
        self._owned = owned
        self._written = 0
        self.closed = False

    def write(self, data: Any) -> int:
        """Write all of it, in as many pieces as a raw stream takes."""
        if self.closed:
            raise ValueError("the stream was given back")
        rest = memoryview(data)
        while rest:
            taken = self._stream.write(rest)
            rest = rest[len(rest) if taken is None else taken :]
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """Pass on everything that was written, and let go of the stream."""
        if not self.closed:
            self.closed = True
            try:
                self._stream.flush()
            finally:
                if self._owned:
                    self._stream.close()


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

    def __init__(self, target: Target, *, compression: str, row_group_rows: int) -> None:
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
        writer = pq.ParquetWriter(out, schema, compression=self._compression, store_schema=False)
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
        with self._refusals():
            self._writer.write_table(table, row_group_size=self._row_group_rows)


def _compact(table: pa.Table) -> pa.Table:
    """Shorten dictionaries longer than the table: a slice has its page's, and a file would get all of it."""
    for at, column in enumerate(table.columns):
        if pa.types.is_dictionary(column.type) and len(column.chunk(0).dictionary) > table.num_rows:
            texts = column.cast(column.type.value_type).dictionary_encode().cast(column.type)
            table = table.set_column(at, table.field(at), texts)
    return table

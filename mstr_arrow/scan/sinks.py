"""Files that are written batch by batch and appear under their name only when they are whole."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from mstr_arrow.grid.texts import deliver_schema

if TYPE_CHECKING:
    from typing import Self

    from mstr_arrow.grid.texts import Strings

Target = str | os.PathLike[str] | BinaryIO


class Sink:
    """A file under a temporary name beside its own, or a stream the caller keeps."""

    def __init__(self, target: Target) -> None:
        self._path = Path(os.fspath(target)) if isinstance(target, str | os.PathLike) else None
        self._partial = self._path.with_name(f".{self._path.name}.{os.getpid()}.partial") if self._path else None
        self._stream: Any = target if self._partial is None else None
        self._writer: Any = None

    strings: Strings = "plain"
    """How the sink takes texts."""

    def start(self, schema: pa.Schema) -> Self:
        """Open the file for batches of a schema."""
        where = self._stream if self._partial is None else pa.OSFile(str(self._partial), "wb")
        self._stream = where
        self._writer = self._open(where, schema)
        return self

    def _open(self, where: Any, schema: pa.Schema) -> Any:
        raise NotImplementedError

    def write(self, batch: pa.RecordBatch) -> None:
        """Write one batch."""
        self._writer.write_batch(batch)

    def finish(self) -> None:
        """Write the end and give the file its name."""
        self._writer.close()
        if self._partial is not None and self._path is not None:
            self._stream.close()
            self._partial.replace(self._path)

    def abandon(self) -> None:
        """Remove what was written so far."""
        if self._partial is not None and self._stream is not None:
            self._stream.close()
            self._partial.unlink(missing_ok=True)


class IpcFile(Sink):
    """An Arrow IPC file, which cannot hold a dictionary that differs from batch to batch: texts are plain."""

    def _open(self, where: Any, schema: pa.Schema) -> Any:
        return pa.ipc.new_file(where, deliver_schema(schema, "plain"))


class IpcStream(Sink):
    """An Arrow IPC stream, for a pipe."""

    def _open(self, where: Any, schema: pa.Schema) -> Any:
        return pa.ipc.new_stream(where, deliver_schema(schema, "plain"))


class Csv(Sink):
    """CSV with a header line; null is an empty field, an empty text is two quotes."""

    def _open(self, where: Any, schema: pa.Schema) -> Any:
        return pa.csv.CSVWriter(where, deliver_schema(schema, "plain"))


class Parquet(Sink):
    """A Parquet file with row groups of ``row_group_rows`` rows, the last one shorter.

    Holds the rows of one row group. Texts are written from their dictionaries; readers see plain strings.
    """

    strings: Strings = "dictionary"

    def __init__(self, target: Target, *, compression: str, row_group_rows: int) -> None:
        super().__init__(target)
        self._compression = compression
        self._row_group_rows = row_group_rows
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0
        self._schema = pa.schema([])

    def _open(self, where: Any, schema: pa.Schema) -> Any:
        self._schema = schema
        writer = pq.ParquetWriter(where, schema, compression=self._compression, store_schema=False)
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
        if self._waiting:
            self._flush()
        super().finish()

    def _flush(self) -> None:
        # One dictionary per column and row group, or the writer would give up dictionary encoding.
        table = pa.Table.from_batches(self._waiting, self._schema).unify_dictionaries()
        self._waiting, self._rows = [], 0
        self._writer.write_table(table, row_group_size=self._row_group_rows)

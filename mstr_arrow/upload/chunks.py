"""Record batches as the bodies of chunk requests, filled up to a size. Wire reference, section 6.4. Pure."""

from __future__ import annotations

import sys
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

import orjson
import pyarrow as pa
from pyarrow import types as kinds

from mstr_arrow.errors import DataMismatch, UsageError
from mstr_arrow.upload.chunk_body import ChunkBody, keep
from mstr_arrow.upload.slices import Losses, encode_slice
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mstr_arrow.upload.slices import EncodeOptions

_FIRST_ROWS = 1024
"""Rows of the first slice, before anything is known about their size."""
_MOST_ROWS = 131_072
"""Rows of a slice at most; more are not encoded faster."""
_SLICES = {"COLUMN": 4, "ROW": 8}
"""A slice is at most one of so many parts of a chunk. More of them take less memory, and more time; rows take more
memory than columns while they are written."""
_FULL = 0.95
"""Part of a chunk from which it is not filled further."""
_NEARLY_FULL = 0.90
"""Part of a chunk from which a slice that does not fit is not tried again with fewer rows."""
_BRACKETS = {"COLUMN": (b"[[", b"],[", b"]]"), "ROW": (b"[", b"", b"]")}
"""The texts before the first lane, between two and after the last; slices of a lane are separated by commas."""
_END = b'"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Rows of a table as a request body that is ready to be sent.

    ``size`` is the bytes of ``body``. ``index`` is the server's number of the chunk, ``first_row`` the zero-based
    row of the whole table; ``seconds`` were spent on encoding.
    """

    table: str
    index: int
    first_row: int
    rows: int
    body: ChunkBody = field(repr=False)
    size: int
    losses: Losses
    seconds: float


def chunks(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    *,
    table: str,
    options: EncodeOptions,
    chunk_bytes: int,
    chunk_rows: int | None = None,
    first_index: int = 1,
    skip_rows: int = 0,
    on_rows: Callable[[pa.Table], object] | None = None,
) -> Iterator[Chunk]:
    """Encode batches into chunks whose bodies have at most ``chunk_bytes`` bytes, and nearly as many.

    ``skip_rows`` are left out from the start, because an earlier attempt has delivered them. ``on_rows`` is called
    with all rows, some at a time and in order, those left out among them. Holds the text of
    the body that is being filled, three quarters of its size, the rows and the text of a slice, a small part of it,
    and what their batches hold beyond them.

    Errors: DataMismatch for a batch of another schema, UsageError for a row that is larger than a chunk,
    ConversionError for a value that cannot be written.
    """
    rows, most = _Rows(batches, schema, skip_rows, on_rows), chunk_rows or sys.maxsize
    chunk = _Filling(table, options, len(schema), chunk_bytes, first_index, skip_rows)
    count = _FIRST_ROWS
    while ahead := rows.ahead(min(count, most - chunk.rows), chunk.slice_bytes):
        part = chunk.encode(ahead)
        fits = part.size <= chunk.room
        if fits:
            chunk.add(part)
            chunk.show(ahead, on_rows)
            rows.drop(part.rows)
        elif part.rows > 1 and chunk.size < _NEARLY_FULL * chunk.capacity:
            count = part.rows // 2
            continue
        elif not chunk.parts:
            raise UsageError(
                f"Row {chunk.first_row} of table {table!r} takes {part.size * 4 // 3} bytes; a chunk has "
                f"{max(0, chunk.room * 4 // 3)} left.",
                hint=naming(
                    "Allow larger chunks with {Connection.write.chunk_bytes}, or shorten the texts of this row."
                ),
            )
        if not fits or chunk.size >= _FULL * chunk.capacity or chunk.rows == most:
            yield chunk.close()
            chunk = chunk.begin_next()
        count = _next_count(part.size / part.rows, chunk.room, chunk.slice_bytes)
    if chunk.parts:
        yield chunk.close()


def _next_count(row_bytes: float, room: int, slice_bytes: int) -> int:
    """Choose the rows of the next slice: not quite as many as fit into the room, as rows differ in size."""
    return max(1, min(_MOST_ROWS, int(min(0.97 * room, slice_bytes) / row_bytes)))


@dataclass(frozen=True, slots=True)
class _Part:
    """The text of a slice by lanes; ``size`` is the bytes of all, each with the comma behind it."""

    rows: int
    lanes: list[list[bytes | memoryview]]
    size: int
    losses: Losses


@dataclass(slots=True)
class _Filling:
    """A chunk that is being filled; ``size`` and ``capacity`` are bytes of its text, three for four of the body."""

    table: str
    options: EncodeOptions
    columns: int
    chunk_bytes: int
    index: int
    first_row: int
    rows: int = 0
    size: int = 0
    capacity: int = 0
    seconds: float = 0.0
    parts: list[_Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        first, between, last = _BRACKETS[self.options.orientation]
        lanes = self.columns if self.options.orientation == "COLUMN" else 1
        # Of the commas that parts are counted with, a lane needs one less.
        self.size = len(first) + (lanes - 1) * len(between) + len(last) - lanes
        self.capacity = (self.chunk_bytes - len(self._head) - len(_END)) // 4 * 3

    @property
    def _head(self) -> bytes:
        return b'{"tableName":%b,"index":%d,"data":"' % (orjson.dumps(self.table), self.index)

    @property
    def slice_bytes(self) -> int:
        """The bytes of a slice's text at most."""
        return self.capacity // _SLICES[self.options.orientation]

    @property
    def room(self) -> int:
        return self.capacity - self.size

    def encode(self, rows: pa.Table) -> _Part:
        began = time.perf_counter()
        text = encode_slice(rows, self.options, first_row=self.first_row + self.rows)
        size = sum(map(len, chain.from_iterable(text.lanes))) + len(text.lanes)
        part = _Part(text.rows, [keep(lane) for lane in text.lanes], size, text.losses)
        self.seconds += time.perf_counter() - began
        return part

    def show(self, rows: pa.Table, on_rows: Callable[[pa.Table], object] | None) -> None:
        if on_rows is not None:
            began = time.perf_counter()
            on_rows(rows)
            self.seconds += time.perf_counter() - began

    def add(self, part: _Part) -> None:
        self.parts.append(part)
        self.rows += part.rows
        self.size += part.size

    def close(self) -> Chunk:
        """Put the parts in the order of the text: all slices of a lane, then those of the next."""
        joint, between, last = _BRACKETS[self.options.orientation]
        texts: list[bytes | memoryview] = []
        for lane in range(len(self.parts[0].lanes)):
            for part in self.parts:
                texts += [joint, *part.lanes[lane]]
                joint = b","
            joint = between
        body = ChunkBody(self._head, [*texts, last], _END)
        return Chunk(
            table=self.table,
            index=self.index,
            first_row=self.first_row,
            rows=self.rows,
            body=body,
            size=body.size,
            losses=sum((part.losses for part in self.parts), start=Losses()),
            seconds=self.seconds,
        )

    def begin_next(self) -> _Filling:
        return _Filling(
            self.table,
            self.options,
            self.columns,
            self.chunk_bytes,
            self.index + 1,
            self.first_row + self.rows,
        )


class _Rows:
    """The rows that are still to be encoded, joined from batches as far as they are looked at."""

    def __init__(
        self,
        batches: Iterable[pa.RecordBatch],
        schema: pa.Schema,
        skip: int,
        on_skipped: Callable[[pa.Table], object] | None,
    ) -> None:
        self._batches = iter(batches)
        self._on_skipped = on_skipped
        self._columns = list(zip(schema.names, schema.types, strict=True))
        self._skip = skip
        self._pending: deque[pa.RecordBatch] = deque()
        self._count = 0

    def ahead(self, count: int, text_bytes: int) -> pa.Table:
        """Return the next ``count`` rows; fewer at the end, and where their texts take more than ``text_bytes``."""
        held = sum(map(_text_bytes, self._pending))
        while self._count < count and (held < text_bytes or not self._count):
            batch = next(self._batches, None)
            if batch is None:
                break
            if kept := self._trim(batch):
                self._pending.append(kept)
                self._count += kept.num_rows
                held += _text_bytes(kept)
        if held > text_bytes:
            count = max(1, min(count, self._count * text_bytes // held))
        return pa.Table.from_batches(self._pending, pa.schema(self._columns)).slice(0, count)

    def drop(self, count: int) -> None:
        self._count -= count
        while self._pending and count >= self._pending[0].num_rows:
            count -= self._pending.popleft().num_rows
        if count:
            self._pending[0] = self._pending[0].slice(count)

    def _trim(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Cut off the rows to skip; errors: DataMismatch for a batch of other columns."""
        for due, found in zip_longest(self._columns, zip(batch.schema.names, batch.schema.types, strict=True)):
            if due != found:
                raise DataMismatch(
                    f"A batch has the column {_column_text(found)} where {_column_text(due)} was announced."
                )
        skipped = min(self._skip, batch.num_rows)
        self._skip -= skipped
        if self._on_skipped is not None:
            for start in range(0, skipped, _MOST_ROWS):
                rows = batch.slice(start, min(_MOST_ROWS, skipped - start))
                self._on_skipped(pa.Table.from_batches([rows]))
        return pa.RecordBatch.from_arrays(batch.columns[:], schema=pa.schema(self._columns)).slice(skipped)


def _column_text(column: tuple[str, pa.DataType] | None) -> str:
    return f"{column[0]!r} of type {column[1]}" if column else "(none)"


def _text_bytes(batch: pa.RecordBatch) -> int:
    """Bytes of the plain texts, which alone make rows differ much in size."""
    return sum(
        column.nbytes
        for column in batch.columns
        if kinds.is_string(column.type) or kinds.is_large_string(column.type)
    )

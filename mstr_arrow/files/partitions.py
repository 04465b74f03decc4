"""A folder of Hive partitions, in bounded memory: rows wait by partition, and the largest are written first."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.files.hive import Partitioning, partition_columns
from mstr_arrow.files.part_folders import part_folder
from mstr_arrow.files.rolling import RollingParts
from mstr_arrow.names import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pyarrow as pa

    from mstr_arrow.files.adding import Mode
    from mstr_arrow.files.folders import PartFile
    from mstr_arrow.files.outputs import Target
    from mstr_arrow.files.rolling import PartOptions
    from mstr_arrow.grid.texts import Strings

WAITING_BYTES = 64 * 2**20
"""Bytes that may wait to be written, over all partitions."""

OPEN_PARTS = 128
"""Parts under way at once. Another one ends that which was written to longest ago, and has others after it."""

MAX_PARTITIONS = 10_000
"""More than these nobody means."""

WRITERS = min(4, os.cpu_count() or 1)
"""Threads that write parts."""


class PartitionedParquet:
    """``Year=2024/Region=East/part-00000.parquet`` …, in a folder that appears when it is whole.

    The columns of partitions are in the names of folders and not in the files. A part is as large as in
    `ParquetParts`, or less where more partitions than `OPEN_PARTS` take turns. An empty result is one part without
    rows and with all columns, in the folder itself. Holds `WAITING_BYTES` of rows, and a row group for each writer.
    """

    strings: Strings = "dictionary"

    shows_at_end = True
    """Nobody sees the parts before all are there."""

    def __init__(
        self,
        folder: Target,
        options: PartOptions,
        *,
        partition_by: str | Sequence[str],
        overwrite: bool,
        mode: Mode | None = None,
    ) -> None:
        self._columns = partition_columns(partition_by)
        self._options = options
        self._folder = part_folder(folder, columns=self._columns, overwrite=overwrite, mode=mode)
        self._partitions: dict[str, _Partition] = {}

    def open(self) -> None:
        """Make the folder, before anything is asked of the server; errors: UsageError, FileError."""
        self._folder.open()

    def start(self, schema: pa.Schema) -> None:
        """Begin with parts of a schema; errors: UsageError where its columns make no partitions."""
        self._schema = schema
        self._partitioning = Partitioning(self._columns, schema)
        self._folder.check_schema(self._partitioning.schema)
        self._partitions = {}
        self._open: dict[str, _Partition] = {}
        self._written: list[PartFile] = []
        self._waiting = 0

    def begin_again(self) -> bool:
        """Drop what was written, so that `start` begins anew."""
        self.abandon()
        self.open()
        return True

    def write(self, batch: pa.RecordBatch) -> None:
        """Take one batch; write the largest partitions when too much waits."""
        if not batch.num_rows:
            return
        bytes_per_row = batch.nbytes / batch.num_rows
        for name, rows in self._partitioning.split(batch):
            partition = self._partitions.get(name) or self._begin(name)
            size = int(rows.num_rows * bytes_per_row)
            partition.take(rows, size)
            self._waiting += size
            if partition.rows >= self._options.row_group_rows:
                self._flush([partition])
        if self._waiting > WAITING_BYTES:
            self._make_room()

    def finish(self) -> None:
        """Write what waits, end all parts, and put the folder in its place."""
        if not self._partitions:
            nothing = RollingParts(self._schema, self._options, self._folder.part, partial(self._note, ""))
            nothing.end_part()
        _each(_Partition.end, self._partitions.values())
        self._folder.finish(self._written, self._partitioning.schema)

    def abandon(self) -> None:
        """Remove what was written so far."""
        for partition in self._partitions.values():
            partition.parts.abandon()
        self._folder.abandon()

    def _begin(self, name: str) -> _Partition:
        if len(self._partitions) == MAX_PARTITIONS:
            raise UsageError(
                f"{listing(self._columns)} make more than {MAX_PARTITIONS:,} partitions, each a folder of its own.",
                hint="Partition by a column of fewer values, or by fewer columns.",
            )
        self._folder.make(name)
        parts = RollingParts(
            self._partitioning.schema,
            self._options,
            partial(self._folder.part, partition=name),
            partial(self._note, name),
        )
        self._partitions[name] = partition = _Partition(name, parts)
        return partition

    def _note(self, partition: str, number: int, rows: int, size: int) -> None:
        self._written.append(self._folder.keep(number, rows, size, partition))

    def _make_room(self) -> None:
        """Write the partitions of which most waits, until half as much waits as may."""
        chosen, left = [], self._waiting
        for partition in sorted(self._partitions.values(), key=lambda each: each.bytes, reverse=True):
            if left <= WAITING_BYTES // 2:
                break
            chosen.append(partition)
            left -= partition.bytes
        for begin in range(0, len(chosen), OPEN_PARTS):
            self._flush(chosen[begin : begin + OPEN_PARTS])

    def _flush(self, chosen: Sequence[_Partition]) -> None:
        """Write what waits of some partitions; where too many parts are open, end those written to longest ago."""
        for partition in chosen:
            self._open.pop(partition.name, None)
            self._waiting -= partition.bytes
        too_many = max(0, len(self._open) + len(chosen) - OPEN_PARTS)
        ended = [self._open.pop(name) for name in list(self._open)[:too_many]]
        _each(_Partition.end_part, ended)
        _each(_Partition.flush, chosen)
        self._open |= {partition.name: partition for partition in chosen if partition.parts.is_open}


class _Partition:
    """Rows that wait, and the parts they go into."""

    __slots__ = ("_rows", "bytes", "name", "parts", "rows")

    def __init__(self, name: str, parts: RollingParts) -> None:
        self.name = name
        self.parts = parts
        self._rows: list[pa.RecordBatch] = []
        self.rows = 0
        self.bytes = 0

    def take(self, rows: pa.RecordBatch, size: int) -> None:
        """Have rows wait that take so many bytes."""
        self._rows.append(rows)
        self.rows += rows.num_rows
        self.bytes += size

    def flush(self) -> None:
        """Write what waits as a row group."""
        waiting, self._rows, self.rows, self.bytes = self._rows, [], 0, 0
        for rows in waiting:
            self.parts.write(rows)
        self.parts.flush()

    def end_part(self) -> None:
        """End the part under way; what waits goes into the next."""
        self.parts.end_part()

    def end(self) -> None:
        """Write what waits, and end the part under way."""
        self.flush()
        if self.parts.is_open:
            self.parts.end_part()


def _each(work: Callable[[_Partition], None], partitions: Iterable[_Partition]) -> None:
    """Do something with each partition, some at once; errors: the first one, when all have ended."""
    chosen = list(partitions)
    if len(chosen) < 2 or WRITERS < 2:
        for partition in chosen:
            work(partition)
        return
    with ThreadPoolExecutor(min(WRITERS, len(chosen))) as pool:
        done = [pool.submit(work, partition) for partition in chosen]
    for each in done:
        each.result()

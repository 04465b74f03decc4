"""Parquet parts of a given size, one after the other."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.files.folders import check_sizes
from mstr_arrow.files.sinks import Parquet

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from mstr_arrow.files.locations import StorePath
    from mstr_arrow.files.outputs import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOptions:
    """How parts are written, as `Scan.write_parquet` explains it; errors: UsageError for what cannot be."""

    compression: str
    row_group_rows: int
    part_rows: int | None
    part_bytes: int | None

    def __post_init__(self) -> None:
        check_sizes(part_rows=self.part_rows, part_bytes=self.part_bytes)
        self.parquet(io.BytesIO())

    def parquet(self, target: Target | StorePath) -> Parquet:
        """Make the writer of a part."""
        return Parquet(target, compression=self.compression, row_group_rows=self.row_group_rows)


class RollingParts:
    """Parts of one folder, of which one is under way. Holds what `Parquet` holds.

    ``target`` says where the part of a number goes, from 0; ``on_part`` is told the number, rows and bytes of each
    that is whole.
    """

    def __init__(
        self,
        schema: pa.Schema,
        options: PartOptions,
        target: Callable[[int], Target | StorePath],
        on_part: Callable[[int, int, int], None],
    ) -> None:
        self._schema = schema
        self._options = options
        self._target = target
        self._on_part = on_part
        self._part: Parquet | None = None
        self._rows = 0
        self._bytes_per_row = 0.0
        self.count = 0

    @property
    def is_open(self) -> bool:
        """Whether a part is under way."""
        return self._part is not None

    def write(self, batch: pa.RecordBatch) -> None:
        """Write one batch, into as many parts as it takes."""
        while batch.num_rows:
            room = self._room(batch)
            if room <= 0:
                self.end_part()
                continue
            taken = batch.slice(0, room)
            self._open_part().write(taken)
            self._rows += taken.num_rows
            batch = batch.slice(taken.num_rows)

    def flush(self) -> None:
        """Write the rows that wait as a row group."""
        if self._part is not None:
            self._part.flush()

    def end_part(self) -> None:
        """End the part under way; where there is none, one without rows."""
        part = self._open_part()
        part.finish()
        rows, size = part.flushed
        self._bytes_per_row = size / rows if rows else self._bytes_per_row
        number, written = self.count, self._rows
        self._part, self._rows = None, 0
        self.count += 1
        self._on_part(number, written, part.bytes)

    def abandon(self) -> None:
        """Leave nothing of the part under way."""
        if self._part is not None:
            self._part.abandon()

    def _room(self, batch: pa.RecordBatch) -> int:
        """Estimate the rows that still fit into the part under way; a part has at least one."""
        options = self._options
        room = batch.num_rows if options.part_rows is None else options.part_rows - self._rows
        if options.part_bytes is not None:
            rows, size = self._part.flushed if self._part else (0, 0)
            self._bytes_per_row = size / rows if rows else self._bytes_per_row or self._measure(batch)
            room = min(room, int(options.part_bytes / self._bytes_per_row) - self._rows)
        return room if self._rows else max(1, room)

    def _measure(self, batch: pa.RecordBatch) -> float:
        """Return the bytes that a row of a batch takes in a file."""
        trial = self._options.parquet(io.BytesIO())
        trial.open()
        trial.start(batch.schema)
        trial.write(batch)
        trial.finish()
        rows, size = trial.flushed
        return size / rows

    def _open_part(self) -> Parquet:
        if self._part is None:
            self._part = self._options.parquet(self._target(self.count))
            self._part.open()
            self._part.start(self._schema)
        return self._part

"""A folder of Parquet parts of a given size, which appears under its name only when it is whole."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.files.folders import DiskFolder, PartFile, check_sizes
from mstr_arrow.files.locations import Location, in_store
from mstr_arrow.files.sinks import Parquet
from mstr_arrow.files.store_folder import StoreFolder

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from mstr_arrow.files.locations import StorePath
    from mstr_arrow.files.outputs import Target
    from mstr_arrow.grid.texts import Strings


class ParquetParts:
    """``part-00000.parquet``, ``part-00001.parquet`` … in a folder that is new, empty, or replaced as a whole.

    A part has ``part_rows`` rows, or about ``part_bytes`` bytes, whichever is reached first; the last one is
    shorter. Bytes are estimated from the rows written before. An empty result is one part without rows. Holds
    what `Parquet` holds. Errors: UsageError for a folder that holds something, unless ``overwrite`` is set and it
    holds nothing but parts, and the manifest of an extraction. In a store parts have names of their own, and
    `StoreFolder` says which count.
    """

    strings: Strings = "dictionary"

    def __init__(
        self,
        folder: Target,
        *,
        compression: str,
        row_group_rows: int,
        part_rows: int | None,
        part_bytes: int | None,
        overwrite: bool,
    ) -> None:
        if not isinstance(folder, str | os.PathLike | Location):
            raise UsageError("parts go into a folder, not into a stream.", hint="Give the path of a folder.")
        check_sizes(part_rows=part_rows, part_bytes=part_bytes)
        self._folder = parts_folder(folder, overwrite=overwrite)
        self._part_rows = part_rows
        self._part_bytes = part_bytes
        self._compression = compression
        self._row_group_rows = row_group_rows
        self._parquet(io.BytesIO())  # refuses wrong options before anything is asked of the server
        self._part: Parquet | None = None
        self._place: Path | StorePath | None = None
        self._written: list[PartFile] = []
        self._rows = 0
        self._bytes_per_row = 0.0

    def open(self) -> None:
        """Make the folder, before anything is asked of the server; errors: UsageError, FileError."""
        self._folder.open()

    def start(self, schema: pa.Schema) -> None:
        """Begin with parts of a schema."""
        self._schema, self._part, self._written, self._rows = schema, None, [], 0

    shows_at_end = True
    """Nobody sees the parts before all are there."""

    def begin_again(self) -> bool:
        """Drop what was written, so that `start` begins anew."""
        self.abandon()
        self.open()
        return True

    def write(self, batch: pa.RecordBatch) -> None:
        """Write one batch, into as many parts as it takes."""
        while batch.num_rows:
            room = self._room(batch)
            if room <= 0:
                self._end_part()
                continue
            taken = batch.slice(0, room)
            self._open_part().write(taken)
            self._rows += taken.num_rows
            batch = batch.slice(taken.num_rows)

    def finish(self) -> None:
        """Write the end of the last part and put the folder in its place."""
        if self._part is not None or not self._written:
            self._open_part()
            self._end_part()
        self._folder.finish(self._written, self._schema)

    def abandon(self) -> None:
        """Remove what was written so far."""
        if self._part is not None:
            self._part.abandon()
        self._folder.abandon()

    def _room(self, batch: pa.RecordBatch) -> int:
        """Estimate the rows that still fit into the part under way; a part has at least one."""
        room = batch.num_rows if self._part_rows is None else self._part_rows - self._rows
        if self._part_bytes is not None:
            rows, size = self._part.flushed if self._part else (0, 0)
            self._bytes_per_row = size / rows if rows else self._bytes_per_row or self._measure(batch)
            room = min(room, int(self._part_bytes / self._bytes_per_row) - self._rows)
        return room if self._rows else max(1, room)

    def _measure(self, batch: pa.RecordBatch) -> float:
        """Return the bytes that a row of a batch takes in a file."""
        trial = self._parquet(io.BytesIO())
        trial.open()
        trial.start(batch.schema)
        trial.write(batch)
        trial.finish()
        rows, size = trial.flushed
        return size / rows

    def _parquet(self, target: Target | StorePath) -> Parquet:
        return Parquet(target, compression=self._compression, row_group_rows=self._row_group_rows)

    def _open_part(self) -> Parquet:
        if self._part is None:
            self._place = self._folder.part(len(self._written))
            self._part = self._parquet(self._place)
            self._part.open()
            self._part.start(self._schema)
        return self._part

    def _end_part(self) -> None:
        if self._part is not None and self._place is not None:
            self._part.finish()
            self._written.append(PartFile(self._place.name, self._rows, self._part.bytes))
            rows, size = self._part.flushed
            self._bytes_per_row = size / rows if rows else self._bytes_per_row
        self._part, self._rows = None, 0


def parts_folder(folder: str | os.PathLike[str] | Location, *, overwrite: bool) -> DiskFolder | StoreFolder:
    """Choose where parts go; errors: UsageError for what no folder can be."""
    place = in_store(folder)
    if place is not None:
        return StoreFolder(place, overwrite=overwrite)
    return DiskFolder(folder, overwrite=overwrite)  # type: ignore[arg-type]  # a Location is in a store

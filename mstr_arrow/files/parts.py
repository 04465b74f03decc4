"""A folder of Parquet parts of a given size, which appears under its name only when it is whole."""

from __future__ import annotations

import io
import itertools
import os
import shutil
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.files.disk import disk_errors
from mstr_arrow.files.folders import (
    check_sizes,
    first_foreign,
    names_in,
    not_made,
    part_name,
    put_in_place,
    target_folder,
)
from mstr_arrow.files.sinks import Parquet
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from mstr_arrow.files.sinks import Target
    from mstr_arrow.grid.texts import Strings

_NUMBERS = itertools.count()


class ParquetParts:
    """``part-00000.parquet``, ``part-00001.parquet`` … in a folder that is new, empty, or replaced as a whole.

    A part has ``part_rows`` rows, or about ``part_bytes`` bytes, whichever is reached first; the last one is
    shorter. Bytes are estimated from the rows written before. An empty result is one part without rows. Holds
    what `Parquet` holds. Errors: UsageError for a folder that holds something, unless ``overwrite`` is set and it
    holds nothing but parts, and the manifest of an extraction.
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
        if not isinstance(folder, str | os.PathLike):
            raise UsageError("parts go into a folder, not into a stream.", hint="Give the path of a folder.")
        check_sizes(part_rows=part_rows, part_bytes=part_bytes)
        self._folder = target_folder(folder)
        self._partial: Path | None = None
        self._overwrite = overwrite
        self._part_rows = part_rows
        self._part_bytes = part_bytes
        self._compression = compression
        self._row_group_rows = row_group_rows
        self._parquet(io.BytesIO())  # refuses wrong options before anything is asked of the server
        self._part: Parquet | None = None
        self._parts = 0
        self._rows = 0
        self._bytes_per_row = 0.0

    def open(self) -> None:
        """Make the folder under a temporary name beside its own; errors: UsageError, FileError."""
        self._check_replaceable()
        partial = self._beside("partial")
        try:
            partial.mkdir()
        except OSError as error:
            raise not_made(self._folder, error) from error
        self._partial = partial

    def start(self, schema: pa.Schema) -> None:
        """Begin with parts of a schema."""
        self._schema, self._part, self._parts, self._rows = schema, None, 0, 0

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
        if self._part is not None or not self._parts:
            self._open_part()
            self._end_part()
        if self._partial is not None:
            self._check_replaceable()
            old = self._beside("old")
            put_in_place(self._partial, self._folder, old)
            shutil.rmtree(old, ignore_errors=True)

    def abandon(self) -> None:
        """Remove what was written so far."""
        if self._part is not None:
            self._part.abandon()
        if self._partial is not None:
            shutil.rmtree(self._partial, ignore_errors=True)

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
        trial.start(batch.schema)
        trial.write(batch)
        trial.finish()
        rows, size = trial.flushed
        return size / rows

    def _parquet(self, target: Target) -> Parquet:
        return Parquet(target, compression=self._compression, row_group_rows=self._row_group_rows)

    def _open_part(self) -> Parquet:
        if self._part is None:
            if self._partial is None:
                raise ValueError("the folder was not opened")
            self._part = self._parquet(self._partial / part_name(self._parts))
            self._part.open()
            self._part.start(self._schema)
        return self._part

    def _end_part(self) -> None:
        if self._part is not None:
            self._part.finish()
            rows, size = self._part.flushed
            self._bytes_per_row = size / rows if rows else self._bytes_per_row
        self._part, self._rows = None, 0
        self._parts += 1

    def _check_replaceable(self) -> None:
        """Refuse a folder that must not be replaced; errors: UsageError, FileError."""
        with disk_errors(self._folder, "be read"):
            if not self._folder.exists():
                return
            inside, foreign = names_in(self._folder), first_foreign(self._folder)
        shown = repr(str(self._folder))
        if inside and not self._overwrite:
            raise UsageError(
                f"the folder {shown} is not empty.",
                hint=naming("Give another, or have it replaced: {Scan.write_parquet.overwrite=True}."),
            )
        if foreign:
            raise UsageError(
                f"the folder {shown} holds {foreign!r}, which is no part: it is not replaced.",
                hint="Give another folder, or move away what it holds.",
            )

    def _beside(self, suffix: str) -> Path:
        return self._folder.with_name(f".{self._folder.name}.{os.getpid()}-{next(_NUMBERS)}.{suffix}")

"""A folder of Parquet parts of a given size, which appears under its name only when it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.files.part_folders import part_folder
from mstr_arrow.files.rolling import RollingParts

if TYPE_CHECKING:
    import pyarrow as pa

    from mstr_arrow.files.adding import Mode
    from mstr_arrow.files.folders import PartFile
    from mstr_arrow.files.outputs import Target
    from mstr_arrow.files.rolling import PartOptions
    from mstr_arrow.grid.texts import Strings


class ParquetParts:
    """``part-00000.parquet``, ``part-00001.parquet`` … in a folder that is new, empty, or replaced as a whole.

    A part has ``part_rows`` rows, or about ``part_bytes`` bytes, whichever is reached first; the last one is
    shorter. Bytes are estimated from the rows written before. An empty result is one part without rows. Holds
    what `Parquet` holds. Errors: UsageError for a folder that holds something, unless ``overwrite`` is set and it
    holds nothing but parts, and the manifest of an extraction; or parts of the same columns, with a ``mode``. In
    a store parts have names of their own, and a manifest says which count.
    """

    strings: Strings = "dictionary"

    def __init__(
        self,
        folder: Target,
        options: PartOptions,
        *,
        overwrite: bool,
        mode: Mode | None = None,
    ) -> None:
        self._options = options
        self._folder = part_folder(folder, overwrite=overwrite, mode=mode)
        self._parts: RollingParts | None = None
        self._written: list[PartFile] = []

    def open(self) -> None:
        """Make the folder, before anything is asked of the server; errors: UsageError, FileError."""
        self._folder.open()

    def start(self, schema: pa.Schema) -> None:
        """Begin with parts of a schema; errors: UsageError where those that are there have another."""
        self._folder.check_schema(schema)
        self._schema, self._written = schema, []
        self._parts = RollingParts(schema, self._options, self._folder.part, self._note)

    shows_at_end = True
    """Nobody sees the parts before all are there."""

    def begin_again(self) -> bool:
        """Drop what was written, so that `start` begins anew."""
        self.abandon()
        self.open()
        return True

    def write(self, batch: pa.RecordBatch) -> None:
        """Write one batch, into as many parts as it takes."""
        self._begun.write(batch)

    def finish(self) -> None:
        """Write the end of the last part and put the folder in its place."""
        if self._begun.is_open or not self._written:
            self._begun.end_part()
        self._folder.finish(self._written, self._schema)

    def abandon(self) -> None:
        """Remove what was written so far."""
        if self._parts is not None:
            self._parts.abandon()
        self._folder.abandon()

    @property
    def _begun(self) -> RollingParts:
        if self._parts is None:
            raise ValueError("the parts were not begun")
        return self._parts

    def _note(self, number: int, rows: int, size: int) -> None:
        self._written.append(self._folder.keep(number, rows, size))

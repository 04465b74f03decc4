"""Parts that are files on this machine until they are whole, and are then sent into a store.

An upload holds 40 MB for as long as it is open, so that as many of them as partitions would take too much.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mstr_arrow.files.disk import disk_errors
from mstr_arrow.files.folders import part_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from mstr_arrow.files.folders import PartFile
    from mstr_arrow.files.store_folder import StoreFolder

_PIECE = 8 << 20


class Spooled:
    """A folder in a store whose parts are first written into the system's folder for temporary files."""

    def __init__(self, folder: StoreFolder) -> None:
        self._folder = folder
        self._spool: Path | None = None
        self._numbers: dict[str, int] = {}

    def open(self) -> None:
        """Ask whether one may write there, and make the temporary folder; errors: UsageError, FileError."""
        self._folder.open()
        with disk_errors(tempfile.gettempdir()):
            self._spool = Path(tempfile.mkdtemp(prefix="mstr-arrow-"))
        self._numbers = {}

    def check_schema(self, schema: pa.Schema) -> None:
        """Refuse to add files of a schema to those of another; errors: UsageError."""
        self._folder.check_schema(schema)

    def make(self, partition: str) -> None:
        """Make the temporary folder of a partition, which is numbered: values can be long."""
        self._numbers[partition] = len(self._numbers)
        with disk_errors(tempfile.gettempdir()):
            self._of(partition).mkdir()

    def part(self, number: int, partition: str = "") -> Path:
        """Return where a part is written."""
        return self._of(partition) / part_name(number)

    def keep(self, number: int, rows: int, size: int, partition: str = "") -> PartFile:
        """Send a part, and remove the temporary file; errors: UsageError, FileError."""
        path = self.part(number, partition)
        upload = self._folder.part(number, partition).upload(asked=True)
        upload.open()
        try:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    upload.write(piece)
            upload.finish()
        except BaseException:
            upload.abandon()
            raise
        path.unlink()
        return self._folder.keep(number, rows, size, partition)

    def finish(self, written: Sequence[PartFile], schema: pa.Schema) -> None:
        """Have these parts count; errors: UsageError, FileError."""
        self._folder.finish(written, schema)
        self._remove()

    def abandon(self) -> None:
        """Remove the parts of this run, sent or not."""
        self._folder.abandon()
        self._remove()

    def _of(self, partition: str) -> Path:
        if self._spool is None:
            raise ValueError("the folder was not opened")
        return self._spool / str(self._numbers[partition]) if partition else self._spool

    def _remove(self) -> None:
        if self._spool is not None:
            shutil.rmtree(self._spool, ignore_errors=True)
        self._spool = None

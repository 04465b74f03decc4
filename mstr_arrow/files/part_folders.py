"""Where parts go: a folder on this machine, or in a store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from mstr_arrow.errors import UsageError
from mstr_arrow.files.folders import target_folder
from mstr_arrow.files.locations import Location, in_store
from mstr_arrow.files.new_folder import NewFolder
from mstr_arrow.files.spool import Spooled
from mstr_arrow.files.store_folder import StoreFolder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from mstr_arrow.files.adding import Mode
    from mstr_arrow.files.folders import PartFile
    from mstr_arrow.files.locations import StorePath
    from mstr_arrow.files.outputs import Target


class PartFolder(Protocol):
    """Parts under way, which nobody sees before `finish`; ``partition`` is a folder below, or nothing.

    Errors: UsageError for what must not be replaced, or cannot be added to; FileError.
    """

    def open(self) -> None:
        """Begin, before anything is asked of the server."""

    def check_schema(self, schema: pa.Schema) -> None:
        """Refuse to add files of a schema to those of another."""

    def make(self, partition: str) -> None:
        """Have a place for the parts of a partition."""

    def part(self, number: int, partition: str = "") -> Path | StorePath:
        """Return where a part is written."""

    def keep(self, number: int, rows: int, size: int, partition: str = "") -> PartFile:
        """Take a part that is whole."""

    def finish(self, written: Sequence[PartFile], schema: pa.Schema) -> None:
        """Show these parts, and those of the former ones that stay."""

    def abandon(self) -> None:
        """Leave nothing of them."""


def part_folder(
    target: Target, *, columns: Sequence[str] = (), overwrite: bool = False, mode: Mode | None = None
) -> PartFolder:
    """Choose where parts go, in partitions by ``columns`` if there are any; errors: UsageError."""
    if not isinstance(target, str | os.PathLike | Location):
        raise UsageError("parts go into a folder, not into a stream.", hint="Give the path of a folder.")
    place = in_store(target)
    if place is None:
        path = target_folder(target)  # type: ignore[arg-type]  # a Location is in a store
        return NewFolder(path, columns=columns, overwrite=overwrite, mode=mode)
    folder = StoreFolder(place, columns=columns, overwrite=overwrite, mode=mode)
    return Spooled(folder) if columns else folder

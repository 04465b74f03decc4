"""Where an extraction goes, as its user says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.extract.in_store import FolderInStore
from mstr_arrow.extract.on_disk import FolderOnDisk
from mstr_arrow.files.locations import Location, in_store

if TYPE_CHECKING:
    import os

    from mstr_arrow.extract.folder import Folder


def folder_at(target: str | os.PathLike[str] | Location, *, overwrite: bool = False) -> Folder:
    """Return the folder that a path, a URI or a location names; errors: UsageError for what names none."""
    place = in_store(target)
    if place is not None:
        return FolderInStore(place, overwrite=overwrite)
    return FolderOnDisk(target, overwrite=overwrite)  # type: ignore[arg-type]  # a Location is in a store

"""Where an extraction goes, as its user says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.extract.on_disk import FolderOnDisk

if TYPE_CHECKING:
    import os

    from mstr_arrow.extract.folder import Folder


def folder_at(path: str | os.PathLike[str], *, overwrite: bool = False) -> Folder:
    """Return the folder that a path names; errors: UsageError for a path of something else."""
    return FolderOnDisk(path, overwrite=overwrite)

"""Folders of Parquet parts: their names and sizes, and how one takes the place of another as a whole."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mstr_arrow.errors import UsageError
from mstr_arrow.files.disk import disk_errors, not_opened
from mstr_arrow.paths import path_to_write, what_is_missing

if TYPE_CHECKING:
    from mstr_arrow.errors import FileError

PART = re.compile(r"part-\d{5,}\.parquet")
"""The name of a part."""

MANIFEST = "_manifest.json"
"""The description of an extraction's parts; for its name, pyarrow, Spark and others do not read it as data."""


class PartFile(NamedTuple):
    """A part that is whole."""

    name: str
    rows: int
    bytes: int


def part_name(number: int) -> str:
    """Name a part, counted from 0.

    >>> part_name(7)
    'part-00007.parquet'
    """
    return f"part-{number:05}.parquet"


def is_part_name(name: str, number: int) -> bool:
    """Tell whether it is what a part of that number is called, on a disk or in a store.

    >>> is_part_name("part-00007.parquet", 7), is_part_name("_parts/part-00007-0123456789ab.parquet", 7)
    (True, True)
    """
    stem = part_name(number).removesuffix(".parquet")
    return re.fullmatch(rf"{stem}\.parquet|_parts/{stem}-[0-9a-f]{{12}}\.parquet", name) is not None


def check_sizes(*, part_rows: int | None, part_bytes: int | None) -> None:
    """Refuse parts of no size; errors: UsageError."""
    for name, size in (("part_rows", part_rows), ("part_bytes", part_bytes)):
        if size is not None and size < 1:
            raise UsageError(f"{name} is {size}; it is at least 1.")


def target_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder that a path leads to: a link stays a link. Errors: UsageError for one elsewhere."""
    return Path(os.path.realpath(path_to_write(path)))


def names_in(folder: Path) -> list[str]:
    """Return the names in a folder, sorted; errors: UsageError where no other can take its place as a whole."""
    shown = repr(str(folder))
    if not folder.is_dir():
        raise UsageError(f"{shown} is a file, not a folder.", hint="Give the name of a folder for the parts.")
    if folder.is_mount() or folder.samefile(Path.cwd()):
        raise UsageError(
            f"{shown} cannot be put in place as a whole: it is a mount or the working folder.",
            hint="Name a new folder in it.",
        )
    return sorted(os.listdir(folder))  # noqa: PTH208 - names are all that is needed


def first_foreign(folder: Path) -> str | None:
    """Return the first name in a folder that is neither a part's nor a manifest's, or is a folder's."""
    with os.scandir(folder) as entries:
        foreign = [
            entry.name
            for entry in entries
            if entry.is_dir(follow_symlinks=False) or (entry.name != MANIFEST and not PART.fullmatch(entry.name))
        ]
    return min(foreign, default=None)


def not_made(folder: Path, error: OSError) -> UsageError | FileError:
    """Say why a folder could not be made."""
    hint = what_is_missing(folder) or "Is there no file of that name?"
    return not_opened(folder, error, refused="be made as a folder", hint=hint)


def put_in_place(new: Path, folder: Path, old: Path) -> None:
    """Give a folder its name; what has that name moves to ``old``, where it stays, and comes back if this fails.

    Errors: FileError.
    """
    with disk_errors(folder, "be put in place"):
        if not folder.exists():
            new.rename(folder)
            return
        folder.rename(old)
        try:
            new.rename(folder)
        except BaseException:
            old.rename(folder)
            raise

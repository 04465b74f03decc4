"""Folders of Parquet parts: their names and sizes, and how one takes the place of another as a whole."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mstr_arrow.errors import UsageError

PART = re.compile(r"part-\d{5,}\.parquet")
"""What a part is called."""

MANIFEST = "_manifest.json"
"""What an extraction says of its parts; the name keeps pyarrow, Spark and others from reading it as data."""


def part_name(number: int) -> str:
    """Name a part, counted from 0.

    >>> part_name(7)
    'part-00007.parquet'
    """
    return f"part-{number:05}.parquet"


def check_sizes(*, part_rows: int | None, part_bytes: int | None) -> None:
    """Refuse parts of no size; errors: UsageError."""
    for name, size in (("part_rows", part_rows), ("part_bytes", part_bytes)):
        if size is not None and size < 1:
            raise UsageError(f"{name} is {size}; it is at least 1.")


def target_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder that a path leads to: a link stays a link."""
    return Path(os.path.realpath(os.fspath(path)))


def names_in(folder: Path) -> list[str]:
    """Return what is in a folder, sorted; errors: UsageError where no other can take its place as a whole."""
    shown = repr(str(folder))
    if not folder.is_dir():
        raise UsageError(f"{shown} is a file, not a folder.", hint="Give the name of a folder for the parts.")
    if folder.is_mount() or folder.samefile(Path.cwd()):
        raise UsageError(
            f"{shown} cannot be put in place as a whole: it is a mount or the working folder.",
            hint="Name a new folder in it.",
        )
    return sorted(os.listdir(folder))  # noqa: PTH208 - names are all that is needed


def first_foreign(names: list[str]) -> str | None:
    """Return the first name in a folder that is neither a part nor a manifest.

    >>> first_foreign(["_manifest.json", "notes.txt", "part-00000.parquet"])
    'notes.txt'
    """
    return next((name for name in names if name != MANIFEST and not PART.fullmatch(name)), None)


def not_made(folder: Path, error: OSError) -> UsageError:
    """Say why a folder could not be made."""
    return UsageError(
        f"the folder {str(folder)!r} cannot be made: {error.strerror}.",
        hint="Does the folder above it exist, and may you write there?",
    )


def put_in_place(new: Path, folder: Path, old: Path) -> None:
    """Give a folder its name; what has that name moves to ``old``, where it stays, and comes back if this fails."""
    if not folder.exists():
        new.rename(folder)
        return
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise

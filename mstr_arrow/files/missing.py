"""Folders that are missing on the way to a file are made, and go again where nothing came to be in them."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mstr_arrow.paths import explain_refusal, find_missing_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def folders_made(path: Path | str) -> Iterator[None]:
    """Make the folders that lead to a path; a URI needs none. Errors: FileError.

    They are removed where the block fails and has left nothing in them. A file in place of a folder is an error of
    the write to the path.
    """
    first = find_missing_folder(path) if isinstance(path, Path) else None
    if not isinstance(path, Path) or first is None or os.path.lexists(first):
        yield
        return
    made = [folder for folder in path.parents if folder == first or first in folder.parents]
    with explain_refusal(path.parent, "made"):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # not empty
            for folder in made:
                folder.rmdir()
        raise

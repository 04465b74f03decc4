"""A file that is there whole or not at all: written under another name, and renamed once the disk has it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def write_whole(path: Path) -> Iterator[Path]:
    """Yield the name that a file is written under; rename the file to ``path`` when the block ends.

    No file in the folder has that name yet. After an exception the file at ``path`` is as it was, and the new file
    is removed. Errors: OSError.
    """
    temporary = path.with_name(f".{path.name}-{token_hex(4)}")
    try:
        yield temporary
        descriptor = os.open(temporary, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

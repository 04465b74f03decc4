"""Files that hold secrets: read where nobody but their owner can, written so that nobody else can."""

from __future__ import annotations

import os
from shlex import quote
from typing import TYPE_CHECKING

from mstr_arrow.errors import SecretError
from mstr_arrow.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

_OTHERS = 0o077


def read_private(path: Path, held: str) -> bytes:
    """Return the content of a file; errors: SecretError for one that others can read or change, OSError."""
    with path.open("rb") as stream:
        if is_shared(stream.fileno()):
            raise SecretError(f"the file {str(path)!r} holds {held} and others can read it.", hint=way_out(path))
        return stream.read()


def is_shared(file: int | Path) -> bool:
    """Say whether others than its owner can read or change a file, as far as POSIX permissions tell."""
    return os.name == "posix" and bool(os.stat(file).st_mode & _OTHERS)  # noqa: PTH116  or an open one


def way_out(path: Path) -> str:
    """Return the command that takes a file from others."""
    return f"chmod 600 {quote(str(path))}"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, and that is there whole or not at all. Errors: OSError."""

    def open_private(file: str, flags: int) -> int:
        return os.open(file, flags, 0o600)

    with write_whole(path) as temporary, open(temporary, "x", encoding="utf-8", opener=open_private) as stream:
        stream.write(text)

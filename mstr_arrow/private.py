"""Files that hold secrets: read where nobody but their owner can, written so that nobody else can."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from shlex import quote

from mstr_arrow.errors import SecretError

_OTHERS = 0o077


def read_private(path: Path, held: str) -> bytes:
    """Return what a file holds; errors: SecretError for one that others can read or change, OSError."""
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
    """Write a file that only its owner can read, and that is there whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # its owner's only
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

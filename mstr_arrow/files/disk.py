"""Refusals of the system for files and folders, told with the path and what helps."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mstr_arrow.errors import FileError, MstrError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HINTS = {
    errno.ENOSPC: "The disk is full: make room on it, or give a path on another.",
    errno.EDQUOT: "Your quota on that disk is used up: make room, have it raised, or give a path on another disk.",
    errno.EROFS: "That disk is mounted to be read only: give a path on another.",
    errno.EACCES: "You may not do that there: have it allowed, or give another path.",
    errno.EPERM: "You may not do that there: have it allowed, or give another path.",
    errno.EFBIG: "That disk, or the process's limit (ulimit -f), takes no larger file: write a folder of parts.",
    errno.EIO: "The disk itself fails: look into the system's log, or give a path on another.",
    errno.EMFILE: "The process has too many files open: close some, or raise its limit (ulimit -n).",
}

_MISNAMED = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP}
"""Errors that no other disk would help against: the path itself cannot be meant."""


@contextmanager
def disk_errors(path: Path | str, refused: str = "be written") -> Iterator[None]:
    """Tell what the system refuses inside; errors: FileError.

    A reader that has left its end of a pipe is none: BrokenPipeError stays what it is.
    """
    try:
        yield
    except (MstrError, BrokenPipeError):
        raise
    except OSError as error:
        raise _file_error(error.filename or path, error, refused) from error


def not_opened(path: Path, error: OSError, *, refused: str, hint: str) -> UsageError | FileError:
    """Make an error of one that came before anything was asked: UsageError where the path cannot be meant."""
    if error.errno in _MISNAMED:
        return UsageError(f"{str(path)!r} cannot {refused}: {reason(error)}.", hint=hint)
    return _file_error(path, error, refused)


def _file_error(path: Path | str, error: OSError, refused: str) -> FileError:
    return FileError(
        f"{str(path)!r} cannot {refused}: {reason(error)}.",
        errno=error.errno,
        strerror=reason(error),
        filename=str(path),
        hint=_HINTS.get(error.errno or 0, "Look at the folder, or give another path."),
    )


def reason(error: OSError) -> str:
    """Say what the system says; Arrow adds words of its own."""
    return os.strerror(error.errno) if error.errno else str(error).rstrip(".")

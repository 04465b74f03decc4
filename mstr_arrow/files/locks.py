"""Folders and files that a process has for itself, for as long as it lives."""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT = 60.0
"""Seconds in which a process puts a folder in place; it takes as long as to link its parts."""

_PAUSE = 0.05

_FAR = 1 << 30
"""The byte that Windows locks: other processes can still read those before it."""


def lock(folder: Path) -> int | None:
    """Lock a folder, and return what to close in the end; None on Windows, where no folder is locked.

    Errors: BlockingIOError where another process has it, OSError.
    """
    if sys.platform == "win32":
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        lock_open(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def lock_open(descriptor: int) -> None:
    """Lock what is open for as long as it is; errors: BlockingIOError where another process has it, OSError."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - it is only there

        os.lseek(descriptor, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        import fcntl  # noqa: PLC0415 - there is none on Windows

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def try_lock(folder: Path) -> int | None:
    """Lock a folder, and return what to close in the end; None where another process has it, or nothing locks."""
    try:
        return lock(folder)
    except OSError:
        return None


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Have a folder alone inside, waiting for others; errors: OSError where they are not done in time.

    Where nothing can be locked, as on Windows and some network disks, it is not.
    """
    taken = _wait_for(folder)
    try:
        yield
    finally:
        if taken is not None:
            os.close(taken)


def _wait_for(folder: Path) -> int | None:
    end = time.monotonic() + WAIT
    while True:
        try:
            return lock(folder)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), str(folder)) from None
            time.sleep(_PAUSE)
        except OSError:
            return None

"""Folders that a process has for itself, for as long as it lives."""

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
"""Seconds in which whoever puts a folder in place is done; it takes as long as to link its parts."""

_PAUSE = 0.05


def is_held(folder: Path) -> int | None:
    """Lock a folder, and return what to close in the end; None where another process has it, or nothing locks."""
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415 - there is none on Windows

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Have a folder alone inside, waiting for others; errors: OSError where they are not done in time.

    Where nothing can be locked, as on Windows and some network disks, it is not.
    """
    lock = None
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415

        lock = os.open(folder, os.O_RDONLY)
        end = time.monotonic() + WAIT
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    os.close(lock)
                    raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), str(folder)) from None
                time.sleep(_PAUSE)
            except OSError:
                break
            else:
                break
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)

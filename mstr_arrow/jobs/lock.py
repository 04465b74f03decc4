"""One run of a file of jobs at a time: a file beside its records that is locked while a run lasts."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mstr_arrow.errors import RunLocked
from mstr_arrow.files.disk import disk_errors
from mstr_arrow.files.locks import lock_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mstr_arrow.jobs.records.record import RunRecord

NAME = "run.lock"


@contextmanager
def hold_lock(folder: Path, run: RunRecord) -> Iterator[None]:
    """Keep other runs out, in this and in other processes, until the context or the process ends.

    Errors: RunLocked, which says who runs, FileError.
    """
    path = folder / NAME
    with disk_errors(path, "be locked"):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            lock_open(descriptor)
        except BlockingIOError:
            raise RunLocked(
                f"the jobs of {run.file} are being run already{_holder(path)}.",
                hint="Wait for its end, or end it: SIGTERM ends it cleanly, and the next run goes on.",
            ) from None
        with disk_errors(path, "be written"):
            os.truncate(descriptor, 0)
            who = {"pid": run.pid, "host": run.host, "started": run.started.isoformat(timespec="seconds")}
            os.write(descriptor, json.dumps(who).encode())
        yield
    finally:
        os.close(descriptor)


def _holder(path: Path) -> str:
    """Say who holds the lock, as far as that can be read."""
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        return f", by process {who['pid']} on {who['host']} since {who['started']}"
    except (OSError, ValueError, LookupError, TypeError):
        return ""

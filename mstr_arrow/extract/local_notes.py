"""Notes on this machine of an extraction into a store: its sessions, and which runs were made here."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from mstr_arrow.errors import UsageError
from mstr_arrow.files.disk import disk_errors, reason
from mstr_arrow.files.locks import lock_open

logger = logging.getLogger("mstr_arrow")

_RUNS = 8
"""How many runs are remembered."""


class LocalNotes:
    """Two files in a folder that only its owner can look into: never in the store, which others can read.

    ``private`` is that of the sessions. The other is locked for as long as a run lives, and names the last ones: so
    it is certain of a run that was made here whether it is over. ``address`` tells stores apart that call their
    buckets the same.
    """

    def __init__(self, place: str, address: str) -> None:
        self._place = place
        self._folder, self._passing = _folder()
        name = hashlib.sha256(f"{address} {place}".encode()).hexdigest()[:32]
        self.private = self._folder / f"{name}.json"
        self._runs = self._folder / f"{name}.runs"
        self._lock: int | None = None

    def lock(self) -> bool:
        """Keep other processes on this machine away; False where they are already.

        Errors: UsageError where one is there, FileError.
        """
        if self._lock is not None:
            return False
        with disk_errors(self._runs):
            descriptor = os.open(self._runs, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                lock_open(descriptor)
            except BlockingIOError:
                os.close(descriptor)
                raise UsageError(
                    f"another process extracts into {self._place!r}.", hint="Wait for its end, or end it first."
                ) from None
            except BaseException:
                os.close(descriptor)
                raise
        self._lock = descriptor
        return True

    def is_over(self, run: str) -> bool:
        """Tell whether a run was made here and has ended: with the lock no run of this machine is under way."""
        return sys.platform != "win32" and run in self._read_runs()

    def remember(self, run: str) -> None:
        """Write down a run, before anybody else can see it; errors: FileError."""
        with disk_errors(self._runs):
            self._runs.write_text("\n".join([run, *self._read_runs()][:_RUNS]))

    def unlock(self, *, tidy: bool) -> None:
        """Let other processes in; with ``tidy`` nothing is kept."""
        if self._lock is None:
            return
        if tidy or self._passing:
            for path in (self.private, self._runs):
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            if self._passing:
                with suppress(OSError):
                    self._folder.rmdir()
        os.close(self._lock)
        self._lock = None

    def _read_runs(self) -> list[str]:
        with suppress(OSError, ValueError):
            return self._runs.read_text().split()
        return []


def _folder() -> tuple[Path, bool]:
    """Return the folder of all notes, and whether it is for this run alone, as the user has no place for any."""
    folder = Path("~")
    try:
        folder = _state_folder() / "mstr_arrow" / "extractions"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(folder, os.W_OK | os.X_OK):
            return folder, False
        why = "you may not write there"
    except (OSError, RuntimeError) as error:  # RuntimeError: nobody knows where the user is at home
        why = reason(error) if isinstance(error, OSError) else str(error)
    logger.warning("the sessions of killed runs are not noted, since %s cannot be written: %s", folder, why)
    with disk_errors(tempfile.gettempdir()):
        return Path(tempfile.mkdtemp(prefix="mstr_arrow-")), True


def _state_folder() -> Path:
    """Return the user's folder for what programs remember."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    named = Path(os.environ.get("XDG_STATE_HOME", ""))
    return named if named.is_absolute() else Path.home() / ".local" / "state"

"""The hold on a folder of a store: one run at a time extracts into it, and writes a file anew every few seconds.

Each writing replaces the version before it and no other, so a run that has lost the hold without knowing it,
because its process or its network stood still, writes nothing any more.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import FileError, UsageError
from mstr_arrow.files.store_folder import new_run
from mstr_arrow.files.stores import ChangedMeanwhile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.files.locations import StorePath

logger = logging.getLogger("mstr_arrow")

BEAT = 5.0
"""Seconds between two signs of life."""

LEASE = 30.0
"""Seconds without one after which a run on another machine counts as killed."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The beginning of an extraction: the manifest of its parts, and the version of the finished one until then."""

    manifest: str | None = None
    replaces: Mapping[str, Any] | None = None


NOTHING = Beginning()


class Hold:
    """A run's hold on a folder. ``place`` is the file, ``shown`` what errors call the folder."""

    def __init__(self, place: StorePath, shown: str) -> None:
        self.run = new_run()
        self.runs = [self.run]
        self._holder: str | None = self.run
        self._place = place
        self._shown = shown
        self._beginning = NOTHING
        self._version: Mapping[str, Any] | None = None
        self._seen: tuple[Mapping[str, Any], float] | None = None
        self._beats = 0
        self._turn = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._lost = False

    @property
    def beginning(self) -> Beginning:
        """The manifest of the parts so far, of this run or a former one."""
        return self._beginning

    def take(self, is_dead: Callable[[str], bool]) -> bool:
        """Take the hold; False where a former run may have been killed, and is to be looked at again in a moment.

        ``is_dead`` tells of a run whether it is certainly over. Errors: UsageError where another lives, FileError.
        """
        found = self._place.store.read(self._place.path)
        content, self._version = found or (None, None)
        run, runs, self._beginning = (None, [], NOTHING) if content is None else _read(content)
        self.runs = [*runs, self.run]
        if run is not None and not is_dead(run) and self._may_live():
            return False
        with self._turn:
            try:
                self._put()
            except ChangedMeanwhile:
                raise self._another() from None
        self._thread = threading.Thread(target=self._beat, name="mstr_arrow-hold", daemon=True)
        self._thread.start()
        return True

    def _may_live(self) -> bool:
        """Tell whether too little time has passed to know; errors: UsageError where it has given a sign of life."""
        now, version = time.monotonic(), self._version or {}
        if self._seen is None:
            self._seen = version, now
        if self._seen[0] != version:
            raise self._another()
        return now - self._seen[1] < LEASE

    def note(self, beginning: Beginning) -> None:
        """Write down what was extracted so far; errors: UsageError where another run has taken over, FileError."""
        with self._turn:
            if self._lost:
                raise self._refuse()
            before, self._beginning = self._beginning, beginning
            try:
                self._put_again()
            except BaseException:
                self._beginning = before  # as if it had not been written, which the next sign of life makes true
                raise

    def forget(self) -> None:
        """Have nothing begun any more, from the next writing on."""
        with self._turn:
            self._beginning = NOTHING

    def release(self) -> None:
        """Let others take the hold; nothing stays of one under which nothing is begun."""
        self._over.set()
        if self._thread is None:
            return
        self._thread.join()
        self._thread = None
        if self._lost:
            return
        try:
            self._holder = None
            self._put_again()
            if self._beginning is NOTHING:
                self._place.store.delete([self._place.path])
        except (ChangedMeanwhile, FileError, UsageError) as error:
            logger.warning("the hold on %s was not given back, and ends by itself: %s", self._shown, error)

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            try:
                with self._turn:
                    self._put_again()
            except FileError as error:  # what is not written now is with the next one
                logger.debug("no sign of life could be written to %s: %s", self._shown, error)
            except UsageError:
                return

    def _put_again(self) -> None:
        """Write; a writing of ours whose answer was lost is not another's. Errors: UsageError, FileError."""
        try:
            self._put()
        except ChangedMeanwhile:
            found = self._place.store.read(self._place.path)
            if found is None or _read(found[0])[0] != self.run:
                self._lost = True
                raise self._refuse() from None
            self._version = found[1]
            self._put()

    def _put(self) -> None:
        self._beats += 1
        head = {
            "about": "an extraction by mstr_arrow that is not whole, or was killed: the next run goes on with it",
            "run": self._holder,
            "runs": self.runs,
            "by": f"process {os.getpid()} on {socket.gethostname()}",
            "beat": self._beats,
            "replaces": None if self._beginning.replaces is None else dict(self._beginning.replaces),
        }
        text = f'{json.dumps(head, indent=1)[:-2]},\n "manifest": {self._beginning.manifest or "null"}}}\n'
        content = text.encode(errors="surrogatepass")
        self._version = self._place.store.put(self._place.path, content, replacing=self._version)

    def _another(self) -> UsageError:
        return UsageError(
            f"another process extracts into {self._shown!r}.", hint="Wait for its end, or end it first."
        )

    def _refuse(self) -> UsageError:
        return UsageError(
            f"another process extracts into {self._shown!r}: it has gone on with what this one had done, of which "
            f"nothing was heard for {LEASE:g} seconds.",
            hint="Wait for its end.",
        )


def _read(content: bytes) -> tuple[str | None, list[str], Beginning]:
    """Read which run holds, which have held since it was begun, and what is; what cannot be read nobody holds."""
    try:
        document = json.loads(content)
        run, runs, replaces, manifest = (document[name] for name in ("run", "runs", "replaces", "manifest"))
        runs = [str(each) for each in runs]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None, [], Beginning("null")
    return (
        run if isinstance(run, str) else None,
        runs,
        NOTHING if manifest is None else Beginning(json.dumps(manifest), replaces),
    )

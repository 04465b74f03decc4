"""The folder that an extraction goes into, on a disk or in a store, as the extraction sees it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from mstr_arrow.files.sinks import in_thread

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from mstr_arrow.extract.extract_options import Chosen, Verify
    from mstr_arrow.extract.manifest import Bad, Manifest, Part
    from mstr_arrow.files.sinks import Parquet

PAUSE = 1.0
"""Seconds between two looks at a folder whose last holder may have been killed."""


class Folder(Protocol):
    """Parts that gather out of sight, each noted in a manifest when it is kept, and that show when all are there.

    Only its holder may change it. Errors: UsageError for what must not be replaced and where another process holds
    it, FileError for what disk or store refuse.
    """

    verify: Verify
    """How the parts that are there are checked."""

    tells_changes: bool
    """Whether a part that was changed is seen without its bytes being read."""

    @property
    def path(self) -> Path | str:
        """Where readers find it."""

    @property
    def work(self) -> Path | str:
        """Where its beginning is."""

    @property
    def private(self) -> Path:
        """The file on this machine that holds the sessions and the instance of an extraction that is not whole."""

    @property
    def begun(self) -> bool:
        """Whether there is something to go on with."""

    def lock(self) -> bool:
        """Hold the folder, for this process alone; False where it is to be tried again in a moment."""

    def unlock(self, *, tidy: bool = True) -> None:
        """Let others extract into it, if it is held; with ``tidy`` nothing stays of what was not begun."""

    def read_finished(self) -> Manifest | None:
        """Return the manifest of a whole extraction."""

    def strays(self, manifest: Manifest) -> str | None:
        """Name something that readers of the finished folder would read, and its manifest does not name."""

    def read_begun(self) -> Manifest | None:
        """Return the manifest of an extraction that was begun; errors: NotAsWritten where it cannot be gone by."""

    def damage(self, part: Part, verify: Verify, *, finished: bool) -> str | None:
        """Say in what a part of the beginning, or of the finished folder, is not as it was written."""

    def keep_only(self, manifest: Manifest) -> None:
        """Remove what was extracted and is not named."""

    def take_over(self, manifest: Manifest) -> None:
        """Begin with parts of the finished folder, which stays as it is."""

    def discard(self) -> None:
        """Remove what was extracted and not finished, but for the private file."""

    def note(self, manifest: Manifest) -> None:
        """Write the manifest, whole or not at all."""

    def open_part(self, manifest: Manifest, options: Chosen) -> Parquet:
        """Begin the part that comes next."""

    def keep(self, manifest: Manifest, rows: int, end: int, bad: Bad) -> Manifest:
        """End the part under way, and note it when it is safe; return the manifest that names it."""

    def drop(self) -> None:
        """Leave nothing of a part under way."""

    def last_rows(self, manifest: Manifest, rows: int) -> pa.Table:
        """Return the last rows of the parts, at most ``rows``."""

    def rows(self, part: Part, offset: int, rows: int) -> pa.Table:
        """Return some rows of a part."""

    def put_in_place(self) -> None:
        """Show the parts that were noted last, in place of the former ones."""


async def hold(folder: Folder) -> None:
    """Hold a folder, after a wait where it is not certain that its last holder was killed.

    Errors: UsageError where another process holds it or it cannot be made, FileError.
    """
    try:
        while True:
            if await in_thread(folder.lock):
                return
            await asyncio.sleep(PAUSE)
    except asyncio.CancelledError:
        await in_thread(folder.unlock)
        raise

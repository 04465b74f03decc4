"""The folder of an extraction: under a hidden name until it is whole, so that what is there stays until then."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from mstr_arrow.errors import UsageError
from mstr_arrow.extract.manifest import Part, read_manifest
from mstr_arrow.files.folders import MANIFEST, first_foreign, names_in, not_made, put_in_place, target_folder
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from pathlib import Path

    from mstr_arrow.extract.manifest import Manifest

PRIVATE = ".private.json"
"""What only its owner may read: the sessions and the instance of an extraction that is not whole."""


class Folder:
    """``out/``, and ``.out.extracting/`` beside it, in which its parts gather.

    What is written is on the disk before it is named in the manifest, and every file appears under its name whole.
    With ``overwrite`` it takes the place of parts that no extraction wrote, too.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        self._overwrite = overwrite
        self.path = target_folder(path)
        self.work = self.path.with_name(f".{self.path.name}.extracting")
        self._replaced = self.path.with_name(f".{self.path.name}.replaced")
        self._lock: int | None = None

    def lock(self) -> None:
        """Make the working folder, for this process alone; errors: UsageError."""
        try:
            self.work.mkdir(exist_ok=True)
            self._lock = _locked(self.work)
            if self.path.exists():  # a run was killed as it had put another in its place
                shutil.rmtree(self._replaced, ignore_errors=True)
        except BlockingIOError as error:
            raise UsageError(
                f"another process extracts into {str(self.path)!r}.", hint="Wait for its end, or end it first."
            ) from error
        except OSError as error:
            raise not_made(self.work, error) from error

    def unlock(self, *, tidy: bool = True) -> None:
        """Let others extract into the folder; a working folder in which nothing was begun goes, if ``tidy``."""
        if tidy and not self.begun:
            with suppress(OSError):
                self.private.unlink(missing_ok=True)
                self.work.rmdir()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def begun(self) -> bool:
        """Whether there is something to go on with."""
        return (self.work / MANIFEST).exists()

    @property
    def private(self) -> Path:
        """The path of the private file."""
        return self.work / PRIVATE

    def finished(self) -> Manifest | None:
        """Return the manifest of a whole extraction; errors: UsageError for what must not be replaced."""
        if not self.path.exists():
            return None
        shown, names = repr(str(self.path)), names_in(self.path)
        if foreign := first_foreign(names):
            raise UsageError(
                f"the folder {shown} holds {foreign!r}, which is no part of an extraction: it is not replaced.",
                hint="Give another folder, or move away what it holds.",
            )
        if MANIFEST in names:
            return _manifest(self.path)
        if names and not self._overwrite:
            raise UsageError(
                f"the folder {shown} holds parts and no manifest: they were not written by an extraction.",
                hint=naming("Give another, or have it replaced: {Scan.extract.overwrite=True}."),
            )
        return None

    def unfinished(self) -> Manifest | None:
        """Return the manifest of an extraction that was begun, None where there is none.

        What it does not name is removed. Errors: UsageError where a part is not as it was written.
        """
        if not self.begun:
            return None
        manifest = _manifest(self.work)
        kept = {part.name for part in manifest.parts} | {MANIFEST, PRIVATE}
        for path in self.work.iterdir():
            if path.name not in kept:
                path.unlink()
        for part in manifest.parts:
            path = self.work / part.name
            if not path.exists() or path.stat().st_size != part.bytes:
                raise _damaged(path)
        if manifest.parts and _sha256(self.work / manifest.parts[-1].name) != manifest.parts[-1].sha256:
            raise _damaged(self.work / manifest.parts[-1].name)
        return manifest

    def discard(self) -> None:
        """Remove what was extracted and not finished, but for the private file."""
        if self.begun:
            (self.work / MANIFEST).unlink()  # first: without it the rest counts for nothing
            _synced(self.work)
        for path in self.work.iterdir():
            if path.name != PRIVATE:
                path.unlink()

    def note(self, manifest: Manifest) -> None:
        """Write the manifest, whole or not at all."""
        temporary = self.work / f".{MANIFEST}"
        temporary.write_text(manifest.to_json(), encoding="utf-8")
        _synced(temporary)
        temporary.replace(self.work / MANIFEST)
        _synced(self.work)

    def partial(self, name: str) -> Path:
        """Return the path under which a part is written."""
        return self.work / f".{name}"

    def keep(self, name: str, rows: int) -> Part:
        """Give a part that was written its name, when it is on the disk."""
        partial = self.partial(name)
        _synced(partial)
        part = Part(name, rows, partial.stat().st_size, _sha256(partial))
        partial.replace(self.work / name)
        _synced(self.work)
        return part

    def last_rows(self, manifest: Manifest, rows: int) -> pa.Table:
        """Return the last rows of the parts, at most ``rows``."""
        found: list[pa.Table] = []
        for part in reversed(manifest.parts):
            with pq.ParquetFile(self.work / part.name) as file:
                for group in reversed(range(file.num_row_groups)):
                    table = file.read_row_group(group)
                    found.insert(0, table.slice(max(0, len(table) - rows)))
                    rows -= len(found[0])
                    if not rows:
                        return pa.concat_tables(found)
        return pa.concat_tables(found)

    def put_in_place(self) -> None:
        """Give the finished folder its name, in place of what was there, which comes back if that fails."""
        self.finished()  # refuses what must not be replaced
        self.private.unlink(missing_ok=True)
        old = self._replaced
        shutil.rmtree(old, ignore_errors=True)
        put_in_place(self.work, self.path, old)
        _synced(self.path.parent)
        shutil.rmtree(old, ignore_errors=True)


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    return read_manifest(path.read_text(encoding="utf-8"), repr(str(path)))


def _damaged(path: Path) -> UsageError:
    return UsageError(
        f"{str(path)!r} is not as it was written: the extraction cannot go on.",
        hint=advice("start the extraction again", "Start it again with {Scan.extract.resume=False}."),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _synced(path: Path) -> None:
    """Have a file, or the names in a folder, written to the disk."""
    if path.is_dir() and sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(folder: Path) -> int | None:
    """Lock a folder for as long as this process lives; errors: BlockingIOError where another has it."""
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415 - there is none on Windows

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor

"""The folder of an extraction on a disk: under a hidden name until it is whole, so that the former one stays."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from mstr_arrow.errors import UsageError
from mstr_arrow.extract.manifest import NO_BAD, NotAsWritten, OtherVersion, Part, read_manifest
from mstr_arrow.extract.part_rows import last_rows, readable, rows_of
from mstr_arrow.extract.refusals import (
    missing,
    other_bytes,
    other_size,
    refuse_foreign,
    refuse_other_version,
    refuse_unknown,
)
from mstr_arrow.files.disk import disk_errors, reason
from mstr_arrow.files.folders import MANIFEST, first_foreign, names_in, not_made, put_in_place, target_folder
from mstr_arrow.files.locks import lock
from mstr_arrow.files.sinks import Parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from mstr_arrow.extract.extract_options import Chosen, Verify
    from mstr_arrow.extract.manifest import Bad, Manifest

PRIVATE = ".private.json"
"""The file that only its owner may read: the sessions and the instance of an extraction that is not whole."""


class FolderOnDisk:
    """``out/``, and ``.out.extracting/`` beside it, in which its parts gather.

    What is written is on the disk before it is named in the manifest, and every file appears under its name whole.
    With ``overwrite`` it takes the place of parts that no extraction wrote, too.
    """

    verify: Verify = "checksums"
    tells_changes = False

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        self._overwrite = overwrite
        self.path = target_folder(path)
        self.work = self.path.with_name(f".{self.path.name}.extracting")
        self._replaced = self.path.with_name(f".{self.path.name}.replaced")
        self._held = False
        self._lock: int | None = None
        self._part: Parquet | None = None

    def lock(self) -> bool:
        """Make the working folder, for this process alone; errors: UsageError, FileError."""
        if self.work.is_symlink():
            raise UsageError(
                f"{str(self.work)!r} is a link, and not the folder of an extraction.", hint="Remove it."
            )
        try:
            self.work.mkdir(exist_ok=True)
            self._lock = lock(self.work)
            if self.path.exists():  # a run was killed as it had put another in its place
                shutil.rmtree(self._replaced, ignore_errors=True)
        except BlockingIOError as error:
            raise UsageError(
                f"another process extracts into {str(self.path)!r}.", hint="Wait for its end, or end it first."
            ) from error
        except OSError as error:
            raise not_made(self.work, error) from error
        self._held = True
        return True

    def unlock(self, *, tidy: bool = True) -> None:
        """Let others extract into the folder; a working folder in which nothing was begun goes, if ``tidy``."""
        if self._held and tidy and not self.begun:
            with suppress(OSError, UsageError):
                self.discard()
                self.private.unlink(missing_ok=True)
                self.work.rmdir()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        self._held = False

    @property
    def begun(self) -> bool:
        """Whether there is something to go on with."""
        return os.path.lexists(self.work / MANIFEST)

    @property
    def private(self) -> Path:
        """The path of the private file."""
        return self.work / PRIVATE

    def read_finished(self) -> Manifest | None:
        """Return the manifest of a whole extraction; errors: UsageError for what must not be replaced."""
        with disk_errors(self.path, "be read"):
            if not self.path.exists():
                return None
            names = names_in(self.path)
            if foreign := first_foreign(self.path):
                raise refuse_foreign(self.path, foreign)
        if not names:
            return None
        why = None
        try:
            if MANIFEST in names:
                return _manifest(self.path)
        except NotAsWritten as error:
            why = error
        if self._overwrite:
            return None
        raise refuse_unknown(self.path, why)

    def strays(self, manifest: Manifest) -> str | None:
        """Name a file of the finished folder that its manifest does not: a reader of all parts would read it."""
        known = {part.name for part in manifest.parts} | {MANIFEST}
        return next((name for name in names_in(self.path) if name not in known), None)

    def damage(self, part: Part, verify: Verify, *, finished: bool) -> str | None:
        """Say in what a file differs from the part that was written there; None in nothing."""
        return _damage_of((self.path if finished else self.work) / part.name, part, verify)

    def read_begun(self) -> Manifest | None:
        """Return the manifest of an extraction that was begun, None where there is none.

        Errors: NotAsWritten for a manifest that cannot be gone by; UsageError for one of another version.
        """
        if not self.begun:
            return None
        try:
            return _manifest(self.work)
        except OtherVersion as error:
            raise refuse_other_version(self.work, error) from error

    def keep_only(self, manifest: Manifest) -> None:
        """Remove what a manifest does not name; errors: UsageError for a folder, which no extraction makes."""
        kept = {part.name for part in manifest.parts} | {MANIFEST, PRIVATE}
        self._remove(lambda name: name not in kept)

    def take_over(self, manifest: Manifest) -> None:
        """Begin with parts of the finished folder, which stays as it is: they are linked, or else copied."""
        self.discard()
        for part in manifest.parts:
            with disk_errors(self.work / part.name):
                try:
                    (self.work / part.name).hardlink_to(self.path / part.name)
                except OSError:  # not every file system has links
                    shutil.copyfile(self.path / part.name, self.work / part.name)
                    _sync(self.work / part.name)
        self.note(manifest)

    def discard(self) -> None:
        """Remove what was extracted and not finished, but for the private file; errors: as `keep_only`."""
        if self.begun:
            self._remove(lambda name: name == MANIFEST)  # first: without it the rest counts for nothing
        self._remove(lambda name: name != PRIVATE)

    def _remove(self, unwanted: Callable[[str], bool]) -> None:
        with disk_errors(self.work, "be tidied"):
            for path in [path for path in self.work.iterdir() if unwanted(path.name)]:
                if path.is_dir() and not path.is_symlink():
                    raise UsageError(
                        f"{str(path)!r} is a folder, and no extraction makes one there: it is not removed.",
                        hint="Move it away.",
                    )
                path.unlink()
            _sync(self.work)

    def note(self, manifest: Manifest) -> None:
        """Write the manifest, whole or not at all; errors: FileError."""
        temporary = self.work / f".{MANIFEST}"
        with disk_errors(self.work / MANIFEST), _remove_if_refused(temporary):
            temporary.write_bytes(manifest.to_json().encode(errors="surrogatepass"))
            _sync(temporary)
            temporary.replace(self.work / MANIFEST)
            _sync(self.work)

    def open_part(self, manifest: Manifest, options: Chosen) -> Parquet:
        """Begin the part that comes next, under another name; errors: FileError."""
        path = self._partial(manifest.next_name)
        self._part = Parquet(path, compression=options.compression, row_group_rows=options.row_group_rows)
        self._part.open()
        self._part.start(manifest.schema)
        return self._part

    def keep(self, manifest: Manifest, rows: int, end: int, bad: Bad = NO_BAD) -> Manifest:
        """Give the part under way its name, when it is on the disk, and note it; errors: FileError."""
        if self._part is not None:
            self._part.finish()
        name = manifest.next_name
        partial = self._partial(name)
        with disk_errors(self.work / name), _remove_if_refused(partial):
            _sync(partial)
            part = Part(name, rows, partial.stat().st_size, sha256_of(partial), end, bad)
            partial.replace(self.work / name)
            _sync(self.work)
        more = manifest.with_part(part)
        with _remove_if_refused(self.work / name):
            self.note(more)
        self._part = None
        return more

    def drop(self) -> None:
        """Leave nothing of a part under way."""
        if self._part is not None:
            self._part.abandon()
            self._part = None

    def _partial(self, name: str) -> Path:
        return self.work / f".{name}"

    def last_rows(self, manifest: Manifest, rows: int) -> pa.Table:
        """Return the last rows of the parts, at most ``rows``; errors: FileError."""
        return last_rows(self._open_part, manifest, rows)

    def rows(self, part: Part, offset: int, rows: int) -> pa.Table:
        """Return some rows of a part; errors: FileError."""
        return rows_of(self._open_part, part, offset, rows)

    @contextmanager
    def _open_part(self, part: Part) -> Iterator[pq.ParquetFile]:
        path = self.work / part.name
        with readable(str(path)), pq.ParquetFile(path) as file:
            yield file

    def put_in_place(self) -> None:
        """Give the finished folder its name, in place of the former one, which comes back if that fails.

        Errors: UsageError for what must not be replaced, FileError.
        """
        self.read_finished()
        with disk_errors(self.path, "be put in place"):
            self.private.unlink(missing_ok=True)
            old = self._replaced
            shutil.rmtree(old, ignore_errors=True)
            put_in_place(self.work, self.path, old)
            _sync(self.path.parent)
            shutil.rmtree(old, ignore_errors=True)


def _manifest(folder: Path) -> Manifest:
    try:
        return read_manifest((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise NotAsWritten(f"it cannot be read: {reason(error)}") from error


@contextmanager
def _remove_if_refused(temporary: Path) -> Iterator[None]:
    """Leave nothing half written behind."""
    try:
        yield
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, written to the disk."""
    if path.is_dir() and sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damage_of(path: Path, part: Part, verify: Verify) -> str | None:
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            return f"{part.name} is no file, but a link, a folder or a device"
        damage = other_size(part, found.st_size)
        if damage is None and verify == "checksums":
            damage = other_bytes(part, sha256_of(path))
    except FileNotFoundError:
        return missing(part)
    except OSError as error:
        return f"{part.name} cannot be read: {reason(error)}"
    return damage


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

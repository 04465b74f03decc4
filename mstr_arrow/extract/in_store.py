"""The folder of an extraction in a store, where nothing can be renamed: a manifest, written last, shows parts."""

from __future__ import annotations

import hashlib
import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from mstr_arrow.errors import FileError, UsageError
from mstr_arrow.extract.hold import NOTHING, Beginning, Hold
from mstr_arrow.extract.local_notes import LocalNotes
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
from mstr_arrow.files.folders import MANIFEST
from mstr_arrow.files.sinks import Parquet
from mstr_arrow.files.store_folder import PARTS, UNFINISHED, is_ours, run_of, run_part_name
from mstr_arrow.files.stores import ChangedMeanwhile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mstr_arrow.extract.extract_options import Chosen, Verify
    from mstr_arrow.extract.manifest import Bad, Manifest
    from mstr_arrow.files.arrow_fs import Copied
    from mstr_arrow.files.left_uploads import LeftUpload
    from mstr_arrow.files.locations import StorePath
    from mstr_arrow.files.stores import Entry, Upload

logger = logging.getLogger("mstr_arrow")


class FolderInStore:
    """``…/out/_parts/``, in which parts gather, and ``…/out/_manifest.json``, which says which of them count.

    Whatever is written has a name of its own, or replaces a version that was read before: who has lost the hold
    without knowing it changes nothing. What was begun is in ``_extracting.json``, with the hold. That says so when
    all parts are there, and if a run is killed before it shows them, the next one does.

    Until the manifest is replaced, only files of runs that have held the folder, or ended, are removed: others may
    be of a run that writes a folder of parts. Then they are, too, as such a run is refused at its end.
    """

    verify: Verify = "sizes"
    tells_changes = True

    def __init__(self, place: StorePath, *, overwrite: bool = False) -> None:
        self._overwrite = overwrite
        self._place = place
        self.path = str(place)
        self.work = str(place / UNFINISHED)
        self._notes = LocalNotes(self.path, place.store.address)
        self._hold = self._new_hold()
        self._held = False
        self._version: Mapping[str, Any] | None = None
        self._shown: set[str] | None = set()
        self._there: dict[str, Entry] = {}
        self._left: list[LeftUpload] = []
        self._noted: Manifest | None = None
        self._part: _PartUnderWay | None = None

    def lock(self) -> bool:
        """Hold the folder; False where a run on another machine may have been killed, and is to be looked at again.

        What former runs have left and no manifest names is removed. Errors: UsageError, FileError.
        """
        store, path = self._place.store, self._place.path
        try:
            if self._notes.lock():
                self._hold = self._new_hold()
                store.check(path, folder=True)
                self._notes.remember(self._hold.run)
            if not self._hold.take(self._notes.is_over):
                return False
            self._held = True
            self._there = {entry.path.removeprefix(f"{path}/"): entry for entry in store.entries(path)}
            self._read_shown()
            self._hold.runs += {run_of(name) for name in self._shown or ()}.difference(self._hold.runs)
            self._left = store.list_uploads(f"{path}/{PARTS}/")
            self._show_what_is_whole()
            self._sweep()
        except BaseException:
            self.unlock(tidy=False)
            raise
        return True

    def unlock(self, *, tidy: bool = True) -> None:
        """Let others extract into the folder, if it is held; with ``tidy`` no note stays where nothing is begun."""
        tidy = tidy and self._held and not self.begun
        if self._held:
            self._held = False
            self._hold.release()
        self._notes.unlock(tidy=tidy)

    def _new_hold(self) -> Hold:
        return Hold(self._place / UNFINISHED, self.path)

    @property
    def begun(self) -> bool:
        """Whether there is something to go on with."""
        return self._hold.beginning is not NOTHING

    @property
    def private(self) -> Path:
        """The private file, which is on this machine."""
        return self._notes.private

    def read_finished(self) -> Manifest | None:
        """Return the manifest of a whole extraction; errors: UsageError for what must not be replaced."""
        found = self._read_shown()
        foreign = min((name for name in self._there if not is_ours(name)), default=None)
        if foreign is not None:
            raise refuse_foreign(self.path, foreign)
        if found is None:
            return None
        try:
            return read_manifest(found)
        except NotAsWritten as error:
            if self._overwrite:
                return None
            raise refuse_unknown(self.path, error) from error

    def strays(self, manifest: Manifest) -> str | None:  # noqa: ARG002 - readers by a manifest meet no others
        """Name nothing: readers go by the manifest."""
        return None

    def read_begun(self) -> Manifest | None:
        """Return the manifest of an extraction that was begun, None where there is none.

        Errors: NotAsWritten for a manifest that cannot be gone by; UsageError for one of another version.
        """
        text = self._hold.beginning.manifest
        if text is None:
            return None
        try:
            return read_manifest(_encode(text))
        except OtherVersion as error:
            raise refuse_other_version(self.work, error) from error

    def damage(self, part: Part, verify: Verify, *, finished: bool) -> str | None:  # noqa: ARG002 - one place for both
        """Say in what a file differs from the part that was written there, by what the store tells of it.

        It is read with ``"checksums"``, and where its e-tag is another, as in a copy of the folder.
        """
        entry = self._there.get(part.name)
        if entry is None:
            return missing(part)
        if damage := other_size(part, entry.size):
            return damage
        if verify == "checksums" or _tag(entry) != part.e_tag:
            digest = hashlib.sha256()
            for chunk in self._place.store.chunks(entry.path):
                digest.update(chunk)
            return other_bytes(part, digest.hexdigest())
        return None

    def keep_only(self, manifest: Manifest) -> None:  # noqa: ARG002 - it is the one that was noted
        """Remove what neither the manifest nor the finished folder names."""
        self._sweep()

    def take_over(self, manifest: Manifest) -> None:
        """Begin with parts of the finished folder, which stays as it is."""
        self.note(manifest)

    def discard(self) -> None:
        """Remove what was extracted and not finished, but for the private file."""
        if self.begun:
            self._hold.note(NOTHING)
        self._sweep()

    def note(self, manifest: Manifest) -> None:
        """Write the manifest beside the hold; errors: UsageError where another run has taken over, FileError."""
        self._hold.note(Beginning(manifest.to_json(), self._version))
        self._noted = manifest

    def open_part(self, manifest: Manifest, options: Chosen) -> Parquet:
        """Begin the part that comes next, under a name that no other run gives; errors: FileError."""
        name = f"{PARTS}/{run_part_name(len(manifest.parts), self._hold.run)}"
        self._part = _PartUnderWay(name, (self._place / name).upload(asked=True), options)
        self._part.file.open()
        self._part.file.start(manifest.schema)
        return self._part.file

    def keep(self, manifest: Manifest, rows: int, end: int, bad: Bad = NO_BAD) -> Manifest:
        """Have the part under way appear, and note it; errors: UsageError, FileError."""
        if self._part is None:
            raise ValueError("no part is under way")
        name, digest = self._part.name, self._part.finish()
        entry = self._there[name] = self._place.store.entry(f"{self._place.path}/{name}")
        part = Part(name, rows, entry.size, digest, end, bad, _tag(entry))
        self._part = None
        more = manifest.with_part(part)
        self.note(more)
        return more

    def drop(self) -> None:
        """Leave nothing of a part under way."""
        if self._part is not None:
            self._part.abandon()
            self._part = None

    def last_rows(self, manifest: Manifest, rows: int) -> pa.Table:
        """Return the last rows of the parts, at most ``rows``; errors: FileError."""
        return last_rows(self._open_part, manifest, rows)

    def rows(self, part: Part, offset: int, rows: int) -> pa.Table:
        """Return some rows of a part; errors: FileError."""
        return rows_of(self._open_part, part, offset, rows)

    @contextmanager
    def _open_part(self, part: Part) -> Iterator[pq.ParquetFile]:
        with (
            readable(f"{self.path}/{part.name}"),
            pq.ParquetFile(_Opened(self._place / part.name), pre_buffer=True) as file,
        ):
            yield file

    def put_in_place(self) -> None:
        """Have the manifest name the parts that were noted last, and no others, and remove those that it did name.

        Errors: UsageError where another process has written it meanwhile, FileError.
        """
        if self._noted is None:
            raise ValueError("nothing was extracted")
        self._show(self._noted)

    def _show_what_is_whole(self) -> None:
        """Finish the step at which a run was killed: whichever of the two does it, it is done once."""
        begun = self._hold.beginning
        try:
            manifest = None if begun.manifest is None else read_manifest(_encode(begun.manifest))
        except NotAsWritten:
            return
        if manifest is None or not manifest.complete:
            return
        if self._shown == {part.name for part in manifest.parts}:
            self._end()
        elif begun.replaces == self._version:
            self._show(manifest)

    def _end(self, *, of_any_run: bool = False) -> None:
        """Have nothing begun any more, now that it is shown, and remove what it has replaced."""
        self._hold.forget()
        self._sweep(of_any_run=of_any_run)

    def _read_shown(self) -> bytes | None:
        """Return the manifest that readers see, and note its version and what it names."""
        content, self._version = self._place.store.read(f"{self._place.path}/{MANIFEST}") or (None, None)
        self._shown = _read_named(content)
        return content

    def _show(self, manifest: Manifest) -> None:
        path, content = f"{self._place.path}/{MANIFEST}", _encode(manifest.to_json())
        try:
            self._version = self._place.store.put(path, content, replacing=self._version)
        except ChangedMeanwhile:
            if self._read_shown() != content:  # else the answer was lost, and it was sent again
                raise UsageError(
                    f"another process has written into {self.path!r} meanwhile.",
                    hint="Look at the folder; the parts that were extracted stay, and the next run goes on.",
                ) from None
        self._shown = _read_named(content)
        self._end(of_any_run=True)

    def _sweep(self, *, of_any_run: bool = False) -> None:
        """Remove parts, and end uploads, that were there when the folder was locked and count for nothing."""
        begun = _read_named(self._hold.beginning.manifest)
        if self._shown is None or begun is None:  # nobody knows which
            return

        def is_unwanted(name: str) -> bool:
            return name.startswith(f"{PARTS}/") and (of_any_run or run_of(name) in self._hold.runs)

        self._remove(name for name in self._there.keys() - self._shown - begun if is_unwanted(name))
        store, folder = self._place.store, f"{self._place.path}/"
        store.end_uploads([each for each in self._left if is_unwanted(each.key.removeprefix(folder))])

    def _remove(self, names: Iterable[str]) -> None:
        """Remove files, as far as that is allowed; the next run tries it again."""
        for name in list(names):
            try:
                self._place.store.delete([f"{self._place.path}/{name}"])
            except FileError as error:
                logger.warning("a part that counts for nothing stays in the store: %s", error)
                return
            self._there.pop(name, None)


class _Opened:
    """A file in a store, as Arrow reads it: by ranges, of which it asks for those that it needs."""

    closed = False

    def __init__(self, place: StorePath) -> None:
        self._place = place
        self._file = place.store.reader(place.path)

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or all that are left; errors: FileError."""
        with self._place.store.errors(self._place.path, "be read"):
            return bytes(self._file.read() if size < 0 else self._file.read(size))

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position."""
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        """Return the position."""
        return int(self._file.tell())

    def close(self) -> None:
        """Let go of it."""
        self.closed = True


class _PartUnderWay:
    """A part on its way into a store, whose bytes are digested as they pass."""

    def __init__(self, name: str, upload: Upload | Copied, options: Chosen) -> None:
        self.name = name
        self._upload = upload
        upload.open()
        self._digest = hashlib.sha256()
        how = {"compression": options.compression, "row_group_rows": options.row_group_rows}
        self.file = Parquet(self, **how)  # type: ignore[arg-type]  # it is written to, and nothing else

    def write(self, data: Any) -> int:
        """Send bytes on; errors: FileError."""
        self._digest.update(data)
        return self._upload.write(data)

    def flush(self) -> None:
        """Do nothing: what is not enough for a request waits."""

    def finish(self) -> str:
        """Have it appear, and return the SHA-256 of its bytes; errors: FileError."""
        self.file.finish()
        self._upload.finish()
        return self._digest.hexdigest()

    def abandon(self) -> None:
        """Have the store forget it."""
        self.file.abandon()
        self._upload.abandon()


def _tag(entry: Entry) -> str:
    """Return a mark that changes with the bytes of a file: its e-tag, or in a filesystem when it was written."""
    tag = entry.version.get("e_tag") or entry.version.get("mtime_ns")
    return str(tag).strip('"')  # Azure puts it in quotes, and does not when it lists


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _read_named(manifest: bytes | str | None) -> set[str] | None:
    """Return the names in a manifest of any writer; none where there is no file, None where it is no manifest."""
    try:
        return set() if manifest is None else {str(part["name"]) for part in json.loads(manifest)["parts"]}
    except (ValueError, LookupError, TypeError, RecursionError):
        return None

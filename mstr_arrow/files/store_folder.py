"""A folder of parts in a store: no renames, so a manifest, written last, says which parts count.

Parts have names of their own run. Who writes notes the manifest's version first, and replaces that version and no
other: of two runs at once the one that ends first wins, and the other is told. A run may remove the files that it
has listed before it replaced the manifest: their writers began earlier, and can no longer win.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.errors import FileError, UsageError
from mstr_arrow.files.adding import (
    check_columns,
    check_is_no_extraction,
    check_mode,
    check_partitions,
    check_replaceable,
    plain_types,
)
from mstr_arrow.files.disk import disk_errors
from mstr_arrow.files.folders import MANIFEST, PartFile, part_name
from mstr_arrow.files.locations import Location, StorePath, in_store
from mstr_arrow.files.stores import ChangedMeanwhile
from mstr_arrow.paths import read_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from mstr_arrow.files.adding import Mode
    from mstr_arrow.files.left_uploads import LeftUpload

UNFINISHED = "_extracting.json"
"""Files that an extraction into a store keeps of its parts until it is whole."""

PARTS = "_parts"
"""The folder in it in which parts lie: pyarrow, Spark and Athena look into none of such a name."""

_PART_OF_RUN = re.compile(rf"{PARTS}/(?:[^/]+=[^/]*/)*part-\d{{5,}}-[0-9a-f]{{12}}\.parquet")
"""The name of a part, below folders of partitions if there are any."""


def new_run() -> str:
    """Return a name that tells the parts of a run from those of any other."""
    return uuid.uuid4().hex[:12]


def run_part_name(number: int, run: str) -> str:
    """Name a part of a run, counted from 0.

    >>> run_part_name(7, "0123456789ab")
    'part-00007-0123456789ab.parquet'
    """
    return f"{part_name(number).removesuffix('.parquet')}-{run}.parquet"


def run_of(name: str) -> str:
    """Return the run that gave a part its name.

    >>> run_of("_parts/part-00007-0123456789ab.parquet")
    '0123456789ab'
    """
    return name.removesuffix(".parquet").rpartition("-")[2]


def list_parts(folder: str | os.PathLike[str] | Location) -> list[str]:
    """List the Parquet files that make up a folder of parts, for what reads several: ``pl.scan_parquet(…)``.

    In a store those that the manifest names, as URIs: others are of runs that did not end, or have not ended yet.
    Of a `Location` they are paths in its store. On a disk all parts, since a folder appears there as a whole.
    Errors: UsageError where nothing was finished, FileError.
    """
    place = in_store(folder)
    if place is None:
        return _on_disk(read_path(os.fspath(folder)))  # type: ignore[arg-type]  # a Location is in a store
    root = place.path if isinstance(folder, Location) else str(place)
    return [f"{root}/{part.name}" for part in list_finished(place)]


def list_finished(place: StorePath) -> Sequence[PartFile]:
    """Return the parts that count in a folder of a store.

    Errors: UsageError where nothing was finished, FileError.
    """
    found = place.store.read(f"{place.path}/{MANIFEST}")
    if found is None:
        raise UsageError(
            f"{str(place)!r} has no {MANIFEST}: no folder of parts was finished there.",
            hint="Look at its name; a run that was killed before its end is run again.",
        )
    return read_parts(found[0], str(place))


class Manifest(NamedTuple):
    """The manifest of a folder that is whole: its parts, and the types of their columns by name."""

    parts: Sequence[PartFile] = ()
    columns: Mapping[str, str] = {}
    is_extraction: bool = False


def read_parts(manifest: bytes, shown: str) -> Sequence[PartFile]:
    """Read which parts a manifest counts; errors: FileError for what is none of a folder that is whole."""
    return read_manifest_of(manifest, shown).parts


def read_manifest_of(manifest: bytes, shown: str) -> Manifest:
    """Read the manifest of a folder that is whole, of parts or an extraction; errors: FileError for any other."""
    try:
        document = json.loads(manifest)
        parts = [PartFile(str(part["name"]), int(part["rows"]), int(part["bytes"])) for part in document["parts"]]
        columns = {str(name): str(kind) for name, kind in document["columns"].items()}
        whole = document["complete"] is True
        found = Manifest(parts, columns, "asked" in document)
    except (ValueError, LookupError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise FileError(
            f"the {MANIFEST} of {shown!r} is no manifest of a folder that is whole.",
            filename=f"{shown}/{MANIFEST}",
            hint="Have the folder written again.",
        )
    return found


def _on_disk(folder: Path) -> list[str]:
    with disk_errors(folder, "be read"):
        if not folder.is_dir():
            raise UsageError(f"{str(folder)!r} is no folder of parts.", hint="Look at its name.")
        if (folder / MANIFEST).exists():
            manifest = (folder / MANIFEST).read_bytes()
            return [str(folder / part.name) for part in read_parts(manifest, str(folder))]
        found = [path.relative_to(folder) for path in folder.rglob("*.parquet")]
        return [str(folder / path) for path in sorted(found) if not any(name[0] in "._" for name in path.parts)]


class StoreFolder:
    """A folder of parts under way in a store, in partitions by ``columns`` if there are any.

    With ``overwrite`` it replaces parts or an extraction that are there; with a ``mode``, parts are added to those.
    """

    def __init__(
        self, place: StorePath, *, columns: Sequence[str] = (), overwrite: bool = False, mode: Mode | None = None
    ) -> None:
        check_mode(mode, overwrite=overwrite, partitioned=bool(columns))
        self._place = place
        self._columns = columns
        self._overwrite = overwrite
        self._mode = mode
        self._there = Manifest()
        self._run = new_run()
        self._version: Mapping[str, Any] | None = None
        self._left: list[LeftUpload] = []
        self._begun: list[StorePath] = []

    def open(self) -> None:
        """Ask whether one may write there, and note the version and the parts; errors: UsageError, FileError."""
        store, path = self._place.store, self._place.path
        store.check(path, folder=True)
        former = store.read(f"{path}/{MANIFEST}")
        self._version = former[1] if former else None
        self._check_replaceable()
        self._there = self._addable(former[0]) if former and self._mode else Manifest()
        self._left = store.list_uploads(f"{path}/")

    def check_schema(self, schema: pa.Schema) -> None:
        """Refuse to add files of a schema to those of another; errors: UsageError."""
        if self._there.parts:
            check_columns(repr(str(self._place)), self._there.columns, schema)

    def make(self, partition: str) -> None:
        """Do nothing: a store has no folders."""

    def part(self, number: int, partition: str = "") -> StorePath:
        """Return where a part is written."""
        place = self._place / self._name(number, partition)
        self._begun.append(place)
        return place

    def keep(self, number: int, rows: int, size: int, partition: str = "") -> PartFile:
        """Name a part that is whole."""
        return PartFile(self._name(number, partition), rows, size)

    def _name(self, number: int, partition: str) -> str:
        name = run_part_name(number, self._run)
        return f"{PARTS}/{partition}/{name}" if partition else f"{PARTS}/{name}"

    def finish(self, written: Sequence[PartFile], schema: pa.Schema) -> None:
        """Have these parts count, and those of former runs that stay; remove all other files of former runs.

        Parts without rows change nothing where something is to stay. Errors: FileError where another run has
        finished meanwhile, and what the store refuses.
        """
        if self._there.parts and not any(part.rows for part in written):
            self.abandon()
            return
        kept = self._find_staying(written)
        store, own = self._place.store, {place.path for place in self._begun}
        own |= {(self._place / part.name).path for part in kept}
        others = [entry.path for entry in store.entries(self._place.path) if entry.path not in own]
        manifest = self._place / MANIFEST
        try:
            store.put(manifest.path, _manifest([*kept, *written], schema), replacing=self._version)
        except ChangedMeanwhile as error:
            raise FileError(
                f"{str(self._place)!r} cannot be written: another run has finished there meanwhile, and what it "
                "wrote stays.",
                filename=str(manifest),
                hint="Write again, and with one run at a time.",
            ) from error
        self._begun.clear()
        with suppress(FileError):  # what stays of former runs counts for nothing, and the next run removes it
            store.delete(path for path in others if path != manifest.path)
        store.end_uploads(self._left)

    def abandon(self) -> None:
        """Remove the parts of this run, and what a part leaves that could not be finished."""
        store, own = self._place.store, {place.path for place in self._begun}
        if own:
            with suppress(FileError):
                store.delete(own)
            under_way = store.list_uploads(f"{self._place.path}/{PARTS}/")
            store.end_uploads([upload for upload in under_way if upload.key in own])
        self._begun.clear()

    def _addable(self, manifest: bytes) -> Manifest:
        """Read the manifest of a folder that can be added to; errors: UsageError, FileError."""
        shown = repr(str(self._place))
        there = read_manifest_of(manifest, str(self._place))
        check_is_no_extraction(shown, is_extraction=there.is_extraction)
        for part in there.parts:
            place = _partition_of(part)
            if place.parts or not self._columns or part.rows:
                check_partitions(shown, place, self._columns)
        return there

    def _find_staying(self, written: Sequence[PartFile]) -> list[PartFile]:
        """Return the parts that stay; not the one that an empty result has left, so that the folder can be read."""
        replaced = {_partition_of(part) for part in written} if self._mode == "replace_partitions" else set()
        return [
            part
            for part in self._there.parts
            if _partition_of(part) not in replaced and (part.rows or not self._columns)
        ]

    def _check_replaceable(self) -> None:
        """Refuse a folder that must not be replaced; errors: UsageError, FileError."""
        entries = self._place.store.entries(self._place.path)
        names = [entry.path.removeprefix(f"{self._place.path}/") for entry in entries]
        foreign = next((name for name in names if not is_ours(name)), None)
        shown = repr(str(self._place))
        empty, allowed = not (self._version or foreign), self._overwrite or self._mode is not None
        check_replaceable(shown, empty=empty, foreign=foreign, allowed=allowed)


def is_ours(name: str) -> bool:
    """Tell whether a name in a folder is one that is given here, and not a file of somebody else."""
    return name in {MANIFEST, UNFINISHED} or _PART_OF_RUN.fullmatch(name) is not None


def _manifest(parts: Sequence[PartFile], schema: pa.Schema) -> bytes:
    document = {
        "about": "a folder of Parquet parts by mstr_arrow: those named here are all of it",
        "complete": True,
        "rows": sum(part.rows for part in parts),
        "columns": plain_types(schema),
        "parts": [part._asdict() for part in parts],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode(errors="surrogatepass")


def _partition_of(part: PartFile) -> PurePosixPath:
    """Return the folder of a part, below that of all parts."""
    return PurePosixPath(part.name.removeprefix(f"{PARTS}/")).parent

"""A folder of parts in a store: no renames, so a manifest, written last, says which parts count.

Parts have names of their own run. Who writes notes the manifest's version first, and replaces that version and no
other: of two runs at once the one that ends first wins, and the other is told. What a run may remove is what it has
listed before it replaced the manifest: whoever wrote that began earlier, and can no longer win.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.errors import FileError, UsageError
from mstr_arrow.files.disk import disk_errors
from mstr_arrow.files.folders import MANIFEST, PartFile, part_name
from mstr_arrow.files.locations import Location, StorePath, in_store
from mstr_arrow.files.stores import ChangedMeanwhile
from mstr_arrow.paths import read_path
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mstr_arrow.files.left_uploads import LeftUpload

UNFINISHED = "_extracting.json"
"""What an extraction into a store keeps of its parts until it is whole."""

PARTS = "_parts"
"""The folder in it in which parts lie: pyarrow, Spark and Athena look into none of such a name."""

_PART_OF_RUN = re.compile(rf"{PARTS}/(?:[^/]+=[^/]*/)*part-\d{{5,}}-[0-9a-f]{{12}}\.parquet")
"""What a part is called, below folders of partitions if there are any."""


def new_run() -> str:
    """Return what tells the parts of a run from those of any other."""
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
    return [f"{root}/{part.name}" for part in finished_parts(place)]


def finished_parts(place: StorePath) -> list[PartFile]:
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


def read_parts(manifest: bytes, shown: str) -> list[PartFile]:
    """Read which parts a manifest counts; errors: FileError for what is none of a folder that is whole."""
    try:
        document = json.loads(manifest)
        parts = [PartFile(str(part["name"]), int(part["rows"]), int(part["bytes"])) for part in document["parts"]]
        whole = document["complete"] is True
    except (ValueError, LookupError, TypeError):
        parts, whole = [], False
    if not whole:
        raise FileError(
            f"the {MANIFEST} of {shown!r} is no manifest of a folder that is whole.",
            filename=f"{shown}/{MANIFEST}",
            hint="Have the folder written again.",
        )
    return parts


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
    """A folder of parts under way in a store."""

    def __init__(self, place: StorePath, *, overwrite: bool) -> None:
        self._place = place
        self._overwrite = overwrite
        self._run = new_run()
        self._version: Mapping[str, Any] | None = None
        self._left: list[LeftUpload] = []
        self._begun: list[StorePath] = []

    def open(self) -> None:
        """Ask whether one may write there, and note what is there; errors: UsageError, FileError."""
        store, path = self._place.store, self._place.path
        store.check(path, folder=True)
        former = store.read(f"{path}/{MANIFEST}")
        self._version = former[1] if former else None
        self._check_replaceable()
        self._left = store.left_uploads(f"{path}/")

    def part(self, number: int) -> StorePath:
        """Return where a part is written."""
        place = self._place / PARTS / run_part_name(number, self._run)
        self._begun.append(place)
        return place

    def finish(self, parts: Sequence[PartFile], schema: pa.Schema) -> None:
        """Have these parts count, and no others; remove what is there of former runs.

        Errors: FileError where another run has done so meanwhile, and what the store refuses.
        """
        store, own = self._place.store, {place.path for place in self._begun}
        others = [entry.path for entry in store.entries(self._place.path) if entry.path not in own]
        manifest = self._place / MANIFEST
        named = [part._replace(name=f"{PARTS}/{part.name}") for part in parts]
        try:
            store.put(manifest.path, _manifest(named, schema), replacing=self._version)
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
        """Remove the parts of this run."""
        with suppress(FileError):
            self._place.store.delete(place.path for place in self._begun)
        self._begun.clear()

    def _check_replaceable(self) -> None:
        """Refuse a folder that must not be replaced; errors: UsageError, FileError."""
        entries = self._place.store.entries(self._place.path)
        names = [entry.path.removeprefix(f"{self._place.path}/") for entry in entries]
        foreign = next((name for name in names if not is_ours(name)), None)
        shown = repr(str(self._place))
        if (self._version or foreign) and not self._overwrite:
            raise UsageError(
                f"the folder {shown} is not empty.",
                hint=naming("Give another, or have it replaced: {Scan.write_parquet.overwrite=True}."),
            )
        if foreign:
            raise UsageError(
                f"the folder {shown} holds {foreign!r}, which is no part: it is not replaced.",
                hint="Give another folder, or move away what it holds.",
            )


def is_ours(name: str) -> bool:
    """Tell whether a name in a folder is one that is given here, and not a file of somebody else."""
    return name in {MANIFEST, UNFINISHED} or _PART_OF_RUN.fullmatch(name) is not None


def _manifest(parts: Sequence[PartFile], schema: pa.Schema) -> bytes:
    document = {
        "about": "a folder of Parquet parts by mstr_arrow: those named here are all of it",
        "complete": True,
        "rows": sum(part.rows for part in parts),
        "columns": {field.name: _plain(field.type) for field in schema},
        "parts": [part._asdict() for part in parts],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode(errors="surrogatepass")


def _plain(arrow_type: pa.DataType) -> str:
    return str(arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type)

"""A folder of parts that is made beside its own name, and takes that name as a whole.

What it is to be added to is linked into it first: the parts of both show at once, or those of the old one alone.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from mstr_arrow.errors import FileError, MstrError, UsageError
from mstr_arrow.files.adding import (
    check_columns,
    check_is_no_extraction,
    check_mode,
    check_partitions,
    check_replaceable,
    plain_types,
)
from mstr_arrow.files.disk import disk_errors
from mstr_arrow.files.exchange import exchange
from mstr_arrow.files.folders import MANIFEST, PART, PartFile, names_in, not_made, part_name, put_in_place
from mstr_arrow.files.hive import column_of
from mstr_arrow.files.locks import hold, try_lock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.files.adding import Mode

ROOT = PurePosixPath()
"""The folder itself, among those in it."""

_NUMBERS = itertools.count()


class NewFolder:
    """A folder under way.

    ``columns`` are those of its partitions, none for a folder of parts alone. Without ``mode`` it is for a name
    that nothing has, or an empty folder; with ``overwrite`` for one that holds parts, too, or an extraction.
    """

    def __init__(
        self, folder: Path, *, columns: Sequence[str] = (), overwrite: bool = False, mode: Mode | None = None
    ) -> None:
        check_mode(mode, overwrite=overwrite, partitioned=bool(columns))
        self._folder = folder
        self._columns = list(columns)
        self._overwrite = overwrite
        self._mode = mode
        self._partial: Path | None = None
        self._lock: int | None = None
        self._made: set[PurePosixPath] = set()

    def open(self) -> None:
        """Make it under a name beside its own, and tidy up after writes that were killed.

        Errors: UsageError for what it may not replace, or cannot be added to; FileError.
        """
        partial = self._beside("partial")
        try:
            with hold(self._folder.parent):
                self._tidy()
                self._check()
                partial.mkdir()
                self._lock = try_lock(partial)
        except MstrError:
            raise
        except OSError as error:
            raise not_made(self._folder, error) from error
        self._partial = partial
        self._made = {ROOT}

    def make(self, partition: str) -> None:
        """Make the folder of a partition; errors: UsageError, FileError."""
        place = PurePosixPath(partition)
        for folder in [*reversed(place.parents), place]:
            if folder not in self._made:
                self._make(folder)

    def part(self, number: int, partition: str = "") -> Path:
        """Return where a part is written, in the folder of a partition that was made."""
        if self._partial is None:
            raise ValueError("the folder was not opened")
        return self._partial / partition / part_name(number)

    def keep(self, number: int, rows: int, size: int, partition: str = "") -> PartFile:
        """Name a part that is whole."""
        return PartFile(f"{partition}/{part_name(number)}".lstrip("/"), rows, size)

    def check_schema(self, schema: pa.Schema) -> None:
        """Refuse to add files of a schema to those of another; errors: UsageError, FileError."""
        if not self._mode:
            return
        with disk_errors(self._folder, "be read"), hold(self._folder.parent):
            there = self._schema()
        if there is not None:
            check_columns(repr(str(self._folder)), plain_types(there), schema)

    def finish(self, written: Sequence[PartFile], schema: pa.Schema) -> None:  # noqa: ARG002 - a store's folder has it
        """Give it its name. Of what had the name, parts that are to stay are in it, too; the rest goes.

        Parts without rows change nothing where something is to stay. Errors: UsageError, FileError.
        """
        if self._partial is None:
            return
        old = self._beside("old")
        with disk_errors(self._folder, "be put in place"), hold(self._folder.parent):
            self._check()
            there = self._old() if self._mode else {}
            if not there or any(part.rows for part in written):
                self._take_in(self._partial, there)
                if not exchange(self._partial, self._folder):
                    put_in_place(self._partial, self._folder, old)
        partial, self._partial = self._partial, None
        self._release()
        for replaced in (partial, old):
            shutil.rmtree(replaced, ignore_errors=True)

    def abandon(self) -> None:
        """Remove what was written so far."""
        if self._partial is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _make(self, folder: PurePosixPath) -> None:
        path = Path(str(self._partial)) / folder
        try:
            path.mkdir()
        except FileExistsError as error:
            raise UsageError(
                f"this disk takes the folder {folder.name!r} for another that was written before: it does not tell "
                "upper case from lower.",
                hint="Give a path on another disk, or partition by another column.",
            ) from error
        except OSError as error:
            raise not_made(path, error) from error
        self._made.add(folder)

    def _check(self) -> None:
        """Refuse a folder that must not be replaced, or added to; errors: UsageError, FileError."""
        with disk_errors(self._folder, "be read"):
            if not self._folder.exists():
                return
            inside, foreign = names_in(self._folder), first_foreign_below(self._folder)
        shown = repr(str(self._folder))
        allowed = self._overwrite or self._mode is not None
        check_replaceable(shown, empty=not inside, foreign=foreign, allowed=allowed)
        if self._mode:
            self._check_addable(shown, inside)

    def _check_addable(self, shown: str, inside: list[str]) -> None:
        check_is_no_extraction(shown, is_extraction=MANIFEST in inside)
        for place, names in self._old().items():
            if place != ROOT or not self._columns or _rows(self._folder / names[0]):
                check_partitions(shown, place, self._columns)

    def _schema(self) -> pa.Schema | None:
        """Return the schema of the files that are there."""
        for place, names in self._old().items():
            if place == ROOT and self._columns:
                continue
            path = self._folder / place / names[0]
            try:
                return pq.read_schema(path)
            except pa.ArrowException as error:
                raise FileError(
                    f"{str(path)!r} is no Parquet file: {error}.",
                    filename=str(path),
                    hint="Move it away, or give another folder.",
                ) from error
        return None

    def _old(self) -> dict[PurePosixPath, list[str]]:
        """Return the parts that are there, by their folders."""
        return parts_below(self._folder) if self._folder.exists() else {}

    def _take_in(self, new: Path, old: Mapping[PurePosixPath, list[str]]) -> None:
        """Have the parts that stay in the new folder, too."""
        made = parts_below(new) if old else {}
        for place, names in old.items():
            if place == ROOT and self._columns:  # what an empty result left, so that the folder can be read
                continue
            if place in made and self._mode == "replace_partitions":
                continue
            (new / place).mkdir(parents=True, exist_ok=True)
            if place in made:
                _renumber(new / place, made[place], 1 + max(map(_number, names)))
            for name in names:
                _link(self._folder / place / name, new / place / name)

    def _tidy(self) -> None:
        """Remove what writes have left that were killed, and bring back a folder that one had moved away."""
        left = re.compile(re.escape(f".{self._folder.name}.") + r"\d+-\d+\.(partial|old)")
        found = [path for path in self._folder.parent.iterdir() if left.fullmatch(path.name) and path.is_dir()]
        for path in found:
            if path.suffix == ".old" and not self._folder.exists():
                path.rename(self._folder)
                continue
            lock = try_lock(path)
            if lock is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(lock)

    def _beside(self, suffix: str) -> Path:
        return self._folder.with_name(f".{self._folder.name}.{os.getpid()}-{next(_NUMBERS)}.{suffix}")


def parts_below(folder: Path) -> dict[PurePosixPath, list[str]]:
    """Return the names of parts in a folder and those in it, sorted, by folder."""
    found = {}
    for place, _, names in os.walk(folder):
        if parts := sorted(name for name in names if PART.fullmatch(name)):
            found[PurePosixPath(Path(place).relative_to(folder).as_posix())] = parts
    return dict(sorted(found.items()))


def first_foreign_below(folder: Path) -> str | None:
    """Return a path in a folder that is none of a part, of a manifest, or of the folder of a partition."""
    for place, folders, names in os.walk(folder):
        inner = Path(place) != folder
        foreign = [name for name in names if not PART.fullmatch(name) and (inner or name != MANIFEST)]
        foreign += [name for name in folders if column_of(name) is None or (Path(place) / name).is_symlink()]
        if foreign:
            return (Path(place) / min(foreign)).relative_to(folder).as_posix()
    return None


def _rows(path: Path) -> int:
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError):
        return 1


def _number(name: str) -> int:
    return int(name.removeprefix("part-").removesuffix(".parquet"))


def _renumber(folder: Path, names: Sequence[str], first: int) -> None:
    """Have parts counted from another number, the last one first so that no two meet."""
    for name in sorted(names, key=_number, reverse=True):
        (folder / name).rename(folder / part_name(_number(name) + first))


def _link(old: Path, new: Path) -> None:
    try:
        new.hardlink_to(old)
    except FileExistsError:
        raise
    except OSError:  # not every file system has links
        with suppress(FileNotFoundError):
            new.unlink()
        shutil.copyfile(old, new)

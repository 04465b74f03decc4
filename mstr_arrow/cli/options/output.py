"""Where the result goes, and in which format."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

import pyarrow as pa
from rich.filesize import decimal

from mstr_arrow.cli.options.written import Written
from mstr_arrow.cli.render.progress import MB, summarise
from mstr_arrow.cli.render.streams import ClosedStream, PrintableStream
from mstr_arrow.cli.render.tables import count
from mstr_arrow.errors import MstrError, UsageError
from mstr_arrow.files.formats import SUFFIXES
from mstr_arrow.files.locations import in_store
from mstr_arrow.files.missing import folders_made
from mstr_arrow.files.parts import ParquetParts
from mstr_arrow.files.rolling import PartOptions
from mstr_arrow.files.sinks import Csv, IpcFile, IpcStream
from mstr_arrow.files.store_folder import list_finished
from mstr_arrow.files.uris import is_store_uri, store_uri
from mstr_arrow.grid.texts import deliver_batch, deliver_schema
from mstr_arrow.paths import find_missing_folder, path_to_write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.files.adding import Mode
    from mstr_arrow.files.formats import Format
    from mstr_arrow.files.outputs import Target
    from mstr_arrow.files.sinks import Sink
    from mstr_arrow.scan.scan import Scan

COMPRESSION = "zstd"
ROW_GROUP_ROWS = 131_072
PART_BYTES = 256 * MB
"""Size of a part where a folder is asked for and no size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetOptions:
    """How Parquet is written: `Scan.write_parquet` explains each."""

    compression: str = COMPRESSION
    row_group_rows: int = ROW_GROUP_ROWS
    part_rows: int | None = None
    part_bytes: int | None = None
    overwrite: bool = False
    partition_by: Sequence[str] = ()
    mode: Mode | None = None

    @property
    def in_parts(self) -> bool:
        """Whether it is a folder."""
        return self._sized or bool(self.partition_by) or self.mode is not None

    @property
    def in_sized_parts(self) -> ParquetOptions:
        """The same for a folder, whose parts have a size."""
        return self if self._sized else replace(self, part_bytes=PART_BYTES)

    @property
    def of_parts(self) -> PartOptions:
        """How each part is written."""
        return PartOptions(
            compression=self.compression,
            row_group_rows=self.row_group_rows,
            part_rows=self.part_rows,
            part_bytes=self.part_bytes,
        )

    @property
    def _sized(self) -> bool:
        return self.part_rows is not None or self.part_bytes is not None


@dataclass(frozen=True, slots=True)
class Output:
    """A file or folder to write; ``path`` is a URI where that is in a store, and None for standard output."""

    path: Path | str | None
    format: Format
    parquet: ParquetOptions

    def write(self, scan: Scan, on_progress: Callable[[ScanStats], None]) -> Written:
        """Read the scan into the file, whose folders are made; Arrow goes to standard output as a stream."""
        if self.path is None:
            with _to_standard_output() as stream:
                stats = self._write(scan, stream, on_progress)
        else:
            with folders_made(self.path):
                stats = self._write(scan, self.path, on_progress)
        files = self._files()
        return Written(
            said=f"{summarise(stats)} → {self._describe(files)}",
            path=None if self.path is None else str(self.path),
            rows=stats.result_rows,
            parts=len(files) or None,
            bytes=sum(files) if files else None,
            stats=stats,
        )

    def write_batches(self, begin: Callable[[], tuple[pa.Schema, Iterable[pa.RecordBatch]]]) -> int:
        """Write batches of a schema as `write` does, and return the number of their rows.

        They begin once there is a file. Errors: UsageError for a file that cannot be made, and for types that the
        format does not have.
        """
        if self.path is not None:
            return self._write_batches(begin, self.path)
        with _to_standard_output() as stream:
            return self._write_batches(begin, stream)

    def describe(self) -> str:
        """Say in some words what was written."""
        return self._describe(self._files())

    def _describe(self, sizes: list[int]) -> str:
        if self.path is None:
            return "standard output"
        if not sizes:
            return str(self.path)
        size = decimal(sum(sizes))
        if not self.parquet.in_parts:
            return f"{self.path}, {size}"
        return f"{self.path}{os.sep if isinstance(self.path, Path) else '/'}, {count(len(sizes), 'part')}, {size}"

    def _files(self) -> list[int]:
        """Return the bytes of each file that was written, as far as that can be told."""
        if self.path is None:
            return []
        if isinstance(self.path, Path):
            files = [*self.path.rglob("*")] if self.path.is_dir() else [self.path]
            return [file.stat().st_size for file in files if file.is_file()]
        place = in_store(self.path)
        with suppress(MstrError):  # it is written, though one may not read there
            if place is not None and self.parquet.in_parts:
                return [part.bytes for part in list_finished(place)]
            return [place.store.entry(place.path).size] if place else []
        return []

    def _write(self, scan: Scan, target: Target, on_progress: Callable[[ScanStats], None]) -> ScanStats:
        if self.format == "parquet":
            how = asdict(self.parquet) | {"partition_by": self.parquet.partition_by or None}
            return scan.write_parquet(target, **how, on_progress=on_progress)
        if self.format == "csv":
            return scan.write_csv(target, on_progress=on_progress)
        return scan.write_ipc(target, stream=self.path is None, on_progress=on_progress)

    def _write_batches(
        self, begin: Callable[[], tuple[pa.Schema, Iterable[pa.RecordBatch]]], target: Target
    ) -> int:
        sink, rows = self._sink(target), 0
        try:
            sink.open()
            schema, batches = begin()
            sink.start(deliver_schema(schema, "plain"))
            for batch in batches:
                sink.write(deliver_batch(batch, "plain"))
                rows += batch.num_rows
            sink.finish()
        except pa.ArrowException as error:
            sink.abandon()
            raise UsageError(
                f"{self.format} does not take the result: {error}",
                hint="Cast its columns, or choose another format.",
            ) from error
        except BaseException:
            sink.abandon()
            raise
        return rows

    def _sink(self, target: Target) -> Sink | ParquetParts:
        how = self.parquet
        if self.format == "csv":
            return Csv(target)
        if self.format == "arrow":
            return IpcStream(target) if self.path is None else IpcFile(target)
        parts = how.of_parts
        return ParquetParts(target, parts, overwrite=how.overwrite) if how.in_parts else parts.parquet(target)


def output_from(
    text: str, chosen: Format | None, parquet: ParquetOptions, *, makes_folders: bool = False
) -> Output:
    """Read the option ``--output``; errors: UsageError for what could not be written in the end.

    With ``makes_folders`` those that are missing are no error: they will be made.
    """
    folder = text.endswith(("/", os.sep))
    if folder or (parquet.in_parts and text != "-"):
        return _folder(_place(text), chosen, parquet)
    if parquet.in_parts:
        raise UsageError("parts need a folder, and standard output is none.", hint="Give one: -o folder/")
    if parquet.overwrite:
        raise UsageError("--overwrite is for folders; a file is always replaced.", hint="Drop it.")
    if text == "-":
        return _standard_output(chosen, parquet)
    path = _place(text)
    if isinstance(path, Path):
        _check_on_disk(path, makes_folders=makes_folders)
    name = PurePosixPath(path).name
    guessed = chosen or SUFFIXES.get(PurePosixPath(path).suffix.lower())
    if guessed is None:
        raise UsageError(
            f"the name {name} does not say which format is wanted.",
            hint=f"End it in {', '.join(SUFFIXES)}, or in / for a folder of Parquet parts, or add --format.",
        )
    return Output(path, guessed, parquet)


def _place(text: str) -> Path | str:
    """Return where a path leads on this machine, or the URI of a store; errors: UsageError."""
    return str(store_uri(text)) if is_store_uri(text) else path_to_write(text)


def _check_on_disk(path: Path, *, makes_folders: bool) -> None:
    """Refuse a path that no file can have; errors: UsageError."""
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder.",
            hint=f"Name a file in it: -o {path / 'result.parquet'}. For a folder of parts end it in /: -o {path}/",
        )
    missing = find_missing_folder(path)
    if missing is not None and not (makes_folders and not os.path.lexists(missing)):
        what = "is a file, and no folder" if missing.exists() else "does not exist"
        raise UsageError(f"the folder {missing} {what}.", hint="Make it first, or give another path.")


@contextmanager
def _to_standard_output() -> Iterator[Target]:
    """Give standard output, for bytes; a terminal shows CSV, and is not steered by what is in it."""
    with open(sys.stdout.fileno(), "wb", closefd=False) as stream:
        yield cast("BinaryIO", PrintableStream(stream)) if sys.stdout.isatty() else stream


def _standard_output(chosen: Format | None, parquet: ParquetOptions) -> Output:
    form = chosen or "arrow"
    if isinstance(sys.stdout, ClosedStream):
        raise UsageError("standard output is closed.", hint="Name a file: -o result.parquet")
    if form != "csv" and sys.stdout.isatty():
        raise UsageError(
            f"standard output is a terminal, and {form} is binary.",
            hint="Send it into a file or a pipe, or add --format csv.",
        )
    return Output(None, form, parquet)


def _folder(path: Path | str, chosen: Format | None, parquet: ParquetOptions) -> Output:
    wanted = chosen or SUFFIXES.get(PurePosixPath(path).suffix.lower(), "parquet")
    if wanted != "parquet":
        raise UsageError(f"parts are Parquet files, not {wanted}.", hint="Drop the parts, or choose Parquet.")
    return Output(path, "parquet", parquet.in_sized_parts)

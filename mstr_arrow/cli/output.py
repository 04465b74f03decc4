"""Where the result goes, and in which format."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.scan.scan import Scan
    from mstr_arrow.scan.sinks import Target
    from mstr_arrow.scan.stats import ScanStats


class Format(StrEnum):
    """A format of files."""

    PARQUET = "parquet"
    ARROW = "arrow"
    CSV = "csv"


_SUFFIXES = {
    ".parquet": Format.PARQUET,
    ".pq": Format.PARQUET,
    ".arrow": Format.ARROW,
    ".feather": Format.ARROW,
    ".ipc": Format.ARROW,
    ".csv": Format.CSV,
}


@dataclass(frozen=True, slots=True)
class Output:
    """A file to write; ``path`` None is standard output."""

    path: Path | None
    format: Format

    def write(
        self,
        scan: Scan,
        *,
        compression: str,
        row_group_rows: int,
        on_progress: Callable[[ScanStats], None],
    ) -> ScanStats:
        """Read the scan into the file; Arrow goes to standard output as a stream."""
        if self.path is not None:
            return self._write(scan, self.path, compression, row_group_rows, on_progress)
        with open(sys.stdout.fileno(), "wb", closefd=False) as stream:
            return self._write(scan, stream, compression, row_group_rows, on_progress)

    def _write(
        self,
        scan: Scan,
        target: Target,
        compression: str,
        row_group_rows: int,
        on_progress: Callable[[ScanStats], None],
    ) -> ScanStats:
        if self.format is Format.PARQUET:
            return scan.write_parquet(
                target, compression=compression, row_group_rows=row_group_rows, on_progress=on_progress
            )
        if self.format is Format.CSV:
            return scan.write_csv(target, on_progress=on_progress)
        return scan.write_ipc(target, stream=self.path is None, on_progress=on_progress)


def output_from(text: str, chosen: Format | None) -> Output:
    """Read the option ``--output``; errors: UsageError for what could not be written in the end."""
    if text == "-":
        form = chosen or Format.ARROW
        if form is not Format.CSV and sys.stdout.isatty():
            raise UsageError(
                f"standard output is a terminal, and {form} is binary.",
                hint="Send it into a file or a pipe, or add --format csv.",
            )
        return Output(None, form)
    path = Path(text)
    if path.is_dir():
        raise UsageError(f"{text} is a folder.", hint=f"Name a file in it: -o {path / 'result.parquet'}")
    if not path.parent.is_dir():
        raise UsageError(f"the folder {path.parent} does not exist.", hint="Make it first.")
    guessed = chosen or _SUFFIXES.get(path.suffix.lower())
    if guessed is None:
        raise UsageError(
            f"the name {path.name} does not say which format is wanted.",
            hint=f"End it in {', '.join(_SUFFIXES)}, or add --format.",
        )
    return Output(path, guessed)

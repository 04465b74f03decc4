"""``--resume`` and ``--if-changed``: extractions into folders that go on where a killed one stopped."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mstr_arrow.cli.options.common import FILE
from mstr_arrow.cli.options.written import Written
from mstr_arrow.cli.render.progress import summarise
from mstr_arrow.cli.render.tables import count
from mstr_arrow.errors import ServerError, TransportError, UsageError
from mstr_arrow.extract.claim import claim_session
from mstr_arrow.extract.extract_options import OnChange, Verify
from mstr_arrow.fetch.read_options import Required
from mstr_arrow.files.missing import folders_made
from mstr_arrow.files.uris import is_store_uri
from mstr_arrow.grid.shape import SchemaMode, describe_changes
from mstr_arrow.paths import path_to_write
from mstr_arrow.session.session_client import client_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mstr_arrow.cli.options.output import ParquetOptions
    from mstr_arrow.connection import Connection
    from mstr_arrow.extract.extract_result import ExtractResult
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.files.formats import Format
    from mstr_arrow.scan.scan import Scan

GOES_ON = "No session was left behind; the same command goes on where it stopped."

Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Write a folder of parts, and when run again after it was killed, fetch only what is missing.",
        rich_help_panel=FILE,
    ),
]
IfChanged = Annotated[
    bool,
    typer.Option(
        "--if-changed",
        help="As --resume, and replace a folder that is whole if the cube was published since.",
        rich_help_panel=FILE,
    ),
]
WhenChanged = Annotated[
    OnChange,
    typer.Option(
        "--on-change", help="What --resume does where the data have changed meanwhile.", rich_help_panel=FILE
    ),
]
WhatOfColumns = Annotated[
    SchemaMode,
    typer.Option(
        "--schema-mode",
        help="What --resume takes of columns that are not those of the folder it replaces: none, new ones, or all.",
        rich_help_panel=FILE,
    ),
]
WhatToVerify = Annotated[
    Verify | None,
    typer.Option(
        "--verify",
        help="What --resume looks at of the parts that are there: their checksums, which reads them all, a "
        "second or two for each GB; or only their sizes, and in a store their e-tags. Without it checksums on a "
        "disk, and sizes in a store.",
        rich_help_panel=FILE,
    ),
]
WhenConsistent = Annotated[
    Required,
    typer.Option(
        "--consistency",
        help="Whether --resume goes on where the data are likely the same, or only where the server proves it.",
        rich_help_panel=FILE,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resuming:
    """An extraction into a folder, as the command line asks for it."""

    folder: Path | str
    parquet: ParquetOptions
    if_changed: bool
    on_change: OnChange
    schema_mode: SchemaMode
    verify: Verify | None

    @contextmanager
    def over(self, connection: Connection) -> Iterator[None]:
        """Make the folders that lead there, and note the connection's session at once, for the next run to find."""
        with folders_made(self.folder), claim_session(client_of(connection), self.folder):
            yield

    def write(self, scan: Scan, on_progress: Callable[[ScanStats], None]) -> Written:
        """Extract what is missing."""
        try:
            done = scan.extract(
                self.folder,
                **asdict(self.parquet.of_parts),
                overwrite=self.parquet.overwrite,
                resume=True,
                if_changed=self.if_changed,
                on_change=self.on_change,
                schema_mode=self.schema_mode,
                verify=self.verify,
                on_progress=on_progress,
            )
        except (ServerError, TransportError) as error:
            error.add_hint("What was written stays: the same command goes on.")
            raise
        return Written(
            said=describe(done, if_changed=self.if_changed),
            path=str(done.path),
            rows=done.rows,
            parts=done.parts,
            bytes=sum(part.bytes for part in done.files),
            skipped=done.skipped,
            data_time=done.data_time,
            why_no_data_time=done.why_no_data_time,
            stats=done.stats,
        )


def read_resuming(
    output: str,
    output_format: Format | None,
    parquet: ParquetOptions,
    *,
    if_changed: bool,
    on_change: OnChange,
    schema_mode: SchemaMode,
    verify: Verify | None,
) -> Resuming:
    """Read where an extraction goes; errors: UsageError for anything but a folder of Parquet parts."""
    is_folder = output.endswith("/") or not Path(output).suffix
    if output == "-" or not is_folder or output_format not in {None, "parquet"}:
        raise UsageError(
            "--resume and --if-changed write a folder of Parquet parts.",
            hint="Name a folder, as in -o sales/, and leave --format away.",
        )
    return Resuming(
        folder=output if is_store_uri(output) else path_to_write(output),
        parquet=parquet,
        if_changed=if_changed,
        on_change=on_change,
        schema_mode=schema_mode,
        verify=verify,
    )


def describe(done: ExtractResult, *, if_changed: bool) -> str:
    """Say in some words what an extraction did."""
    whole = f"{done.path}/, {count(done.rows)} in {count(done.parts, 'part')}"
    if done.skipped:
        published = f", as published at {done.data_time}" if if_changed else ""
        more = "" if if_changed else " --overwrite reads it again, --if-changed if it was published since."
        return f"{whole}, is there already{published}: nothing was read.{more}"
    read = f"{summarise(done.stats)} → " if done.stats else ""
    resumed = f", {done.resumed:,} of them by former runs" if done.resumed else ""
    again = "; the data had changed, so it began again" if done.restarted else ""
    changed = f"; {describe_changes(done.changes)}" if done.changes else ""
    mended = f"; read again, since {done.damage}" if done.damage else ""
    why = f"\nWhen the data were published is not known: {done.why_no_data_time}." if done.why_no_data_time else ""
    return f"{read}{whole}{resumed}{again}{changed}{mended}{why if if_changed else ''}"

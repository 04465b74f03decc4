"""``mstr-arrow fetch``: read an object into a file or a pipe."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mstr_arrow.cli.columntypes import read_types
from mstr_arrow.cli.errors import shown_errors
from mstr_arrow.cli.login import password_from
from mstr_arrow.cli.output import Format, output_from
from mstr_arrow.cli.profile import PASSWORD, use_profile
from mstr_arrow.cli.progress import MB, detail, progress, summarise
from mstr_arrow.config import Limits, Settings
from mstr_arrow.connection import connect

SERVER, FILE, READING = "Server", "Output", "Reading"


def fetch(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="OBJECT", help="The cube: its name, path in folders, id or URL in a browser.")
    ],
    *,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .parquet, .arrow or .csv file, which appears when it is whole; - for standard output.",
            rich_help_panel=FILE,
        ),
    ],
    url: Annotated[
        str,
        typer.Option(
            metavar="URL", envvar="MSTR_URL", help="The Library's, as a browser shows it.", rich_help_panel=SERVER
        ),
    ],
    username: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", envvar="MSTR_USERNAME", help="Without it, log in as a guest.", rich_help_panel=SERVER
        ),
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Read the password from the first line of a file.",
            rich_help_panel=SERVER,
        ),
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read it from standard input.", rich_help_panel=SERVER),
    ] = False,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            envvar="MSTR_PROJECT",
            help="Name or id; not needed where you may use only one.",
            rich_help_panel=SERVER,
        ),
    ] = None,
    profile: Annotated[  # noqa: ARG001 - its callback has used it
        str | None,
        typer.Option(
            metavar="NAME",
            envvar="MSTR_PROFILE",
            callback=use_profile,
            is_eager=True,
            help="Take what is not given here from this table of the profile file.",
            rich_help_panel=SERVER,
        ),
    ] = None,
    output_format: Annotated[
        Format | None,
        typer.Option("--format", help="If the name of the file does not say it.", rich_help_panel=FILE),
    ] = None,
    compression: Annotated[
        str,
        typer.Option(
            metavar="CODEC",
            help="Of Parquet: zstd, snappy, gzip, lz4, brotli or none.",
            rich_help_panel=FILE,
        ),
    ] = "zstd",
    row_group_rows: Annotated[
        int, typer.Option(metavar="ROWS", min=1, help="Rows of a Parquet row group.", rich_help_panel=FILE)
    ] = 131_072,
    column_types: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            metavar="NAME=TYPE",
            help="Read a column as another Arrow type, such as decimal128(18, 2); may be repeated.",
            rich_help_panel=READING,
        ),
    ] = None,
    row_counts: Annotated[
        bool,
        typer.Option("--row-counts", help="Add the server's own Row Count metrics.", rich_help_panel=READING),
    ] = False,
    unordered: Annotated[
        bool,
        typer.Option("--unordered", help="Write pages as they arrive, not in order.", rich_help_panel=READING),
    ] = False,
    page_rows: Annotated[
        int | None,
        typer.Option(metavar="ROWS", min=1, help="Rows of each request.", rich_help_panel=READING),
    ] = None,
    page_bytes: Annotated[
        int | None,
        typer.Option(metavar="BYTES", min=1, help="Size of each answer, if not the rows.", rich_help_panel=READING),
    ] = None,
    in_flight: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Requests at the same time.", rich_help_panel=READING),
    ] = None,
    buffer_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="BYTES", min=1, help="Answers held in memory at the same time.", rich_help_panel=READING
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show tracebacks, requests and where the time went.")
    ] = False,
) -> None:
    """Read a cube into a Parquet, Arrow or CSV file, or to standard output."""
    console = Console(stderr=True)
    with shown_errors(console, verbose=verbose):
        target = output_from(output, output_format)
        types = read_types(column_types or ())
        password = password_from(
            username, stdin=password_stdin, file=password_file, profile=context.meta.get(PASSWORD)
        )
        given = {
            "page_rows": page_rows,
            "page_bytes": page_bytes,
            "in_flight": in_flight,
            "buffer_bytes": buffer_bytes,
        }
        limits = replace(Limits(), **{key: value for key, value in given.items() if value is not None})
        settings = Settings(limits=limits)
        with connect(url, username=username, password=password, project=project, settings=settings) as connection:
            cube = connection.cube(name, types=types, row_counts=row_counts, ordered=not unordered)
            with progress(console, quiet=quiet) as on_progress:
                stats = target.write(
                    cube, compression=compression, row_group_rows=row_group_rows, on_progress=on_progress
                )
        if not quiet:
            size = f", {target.path.stat().st_size / MB:,.1f} MB" if target.path else ""
            console.print(
                f"{summarise(stats)} → {target.path or 'standard output'}{size}",
                markup=False,
                soft_wrap=True,
                highlight=False,
            )
        if verbose:
            console.print(detail(stats), soft_wrap=True, highlight=False)

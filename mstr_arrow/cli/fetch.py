"""``mstr-arrow fetch``: read an object into a file, a folder of parts, or a pipe."""

import csv
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console

from mstr_arrow.cli import options
from mstr_arrow.cli.columntypes import read_types
from mstr_arrow.cli.errors import shown_errors
from mstr_arrow.cli.output import Format, ParquetOptions, output_from
from mstr_arrow.cli.progress import detail, progress, summarise
from mstr_arrow.config import Limits, Settings
from mstr_arrow.connection import Connection
from mstr_arrow.errors import UsageError
from mstr_arrow.grid.options import Layout, Subtotals, Values
from mstr_arrow.objects.catalogue import Kind
from mstr_arrow.objects.cube import Cube
from mstr_arrow.objects.report import Report
from mstr_arrow.scan.options import ScanOptions

FILE, RESULT, READING = "Output", "Result", "Reading"


def fetch(
    context: typer.Context,
    name: options.Object,
    *,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .parquet, .arrow or .csv file, or with a / at the end a folder of Parquet parts; it appears "
            "when it is whole. - is standard output.",
            rich_help_panel=FILE,
        ),
    ],
    url: options.Url,
    username: options.Username = None,
    password_file: options.PasswordFile = None,
    password_stdin: options.PasswordStdin = False,
    project: options.Project = None,
    profile: options.Profile = None,  # noqa: ARG001 - its callback has used it
    object_type: options.ObjectType = None,
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
    part_rows: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS", min=1, help="Write a folder of Parquet parts of so many rows.", rich_help_panel=FILE
        ),
    ] = None,
    part_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=options.read_size,
            help="Write a folder of Parquet parts of about this size, such as 256MB, which is what a folder has "
            "if nothing else is said.",
            rich_help_panel=FILE,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace a folder of parts as a whole. Files are always replaced.",
            rich_help_panel=FILE,
        ),
    ] = False,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,…",
            help="Keep these columns, in this order; a name with a comma stands in double quotes.",
            rich_help_panel=RESULT,
        ),
    ] = None,
    head: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Read the first rows only.", rich_help_panel=RESULT)
    ] = None,
    layout: Annotated[
        Layout,
        typer.Option(help="A column per metric, or the cross-tab's own columns.", rich_help_panel=RESULT),
    ] = "tidy",
    subtotals: Annotated[
        Subtotals, typer.Option(help="What becomes of rows that total others.", rich_help_panel=RESULT)
    ] = "drop",
    values: Annotated[
        Values,
        typer.Option(help="Metrics as values, as the texts that a person sees, or both.", rich_help_panel=RESULT),
    ] = "raw",
    column_types: Annotated[
        list[str] | None,
        typer.Option(
            "--column-type",
            metavar="NAME=TYPE",
            help="Read a column as another Arrow type, such as decimal128(18, 2); may be repeated.",
            rich_help_panel=RESULT,
        ),
    ] = None,
    row_counts: Annotated[
        bool,
        typer.Option("--row-counts", help="Add a cube's own Row Count metrics.", rich_help_panel=RESULT),
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
        typer.Option(
            metavar="SIZE",
            parser=options.read_size,
            help="Size of each answer, if not the rows.",
            rich_help_panel=READING,
        ),
    ] = None,
    in_flight: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Requests at the same time.", rich_help_panel=READING),
    ] = None,
    buffer_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=options.read_size,
            help="Answers held in memory at the same time.",
            rich_help_panel=READING,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show tracebacks, requests and where the time went.")
    ] = False,
) -> None:
    """Read a cube or report into a Parquet, Arrow or CSV file, a folder of Parquet parts, or standard output."""
    console = Console(stderr=True)
    with shown_errors(console, verbose=verbose):
        parquet = ParquetOptions(
            compression=compression,
            row_group_rows=row_group_rows,
            part_rows=part_rows,
            part_bytes=part_bytes,
            overwrite=overwrite,
        )
        target = output_from(output, output_format, parquet)
        kept = _names(columns)
        how: ScanOptions = {
            "types": read_types(column_types or ()),
            "layout": layout,
            "subtotals": subtotals,
            "values": values,
            "ordered": not unordered or head is not None,
        }
        given = {
            "page_rows": page_rows,
            "page_bytes": page_bytes,
            "in_flight": in_flight,
            "buffer_bytes": buffer_bytes,
        }
        limits = replace(Limits(), **{key: value for key, value in given.items() if value is not None})
        with options.opened(
            context,
            url,
            username,
            password_file,
            project,
            password_stdin=password_stdin,
            settings=Settings(limits=limits),
        ) as connection:
            scan = _open(connection, name, object_type, how, row_counts=row_counts)
            scan = scan if kept is None else scan.keep(*kept)
            scan = scan if head is None else scan.head(head)
            with progress(console, quiet=quiet) as on_progress:
                stats = target.write(scan, on_progress)
        if not quiet:
            line = f"{summarise(stats)} → {target.describe()}"
            console.print(line, markup=False, soft_wrap=True, highlight=False)
        if verbose:
            console.print(detail(stats), soft_wrap=True, highlight=False)


def _open(
    connection: Connection, name: str, kind: Kind | None, how: ScanOptions, *, row_counts: bool
) -> Cube | Report:
    """Find the object and open it; errors: UsageError for row counts of a report."""
    found = connection.find(name, kind)
    if found.kind != "report":
        return connection.cube(found.id, row_counts=row_counts, **how)
    if row_counts:
        raise UsageError(f"{found.name!r} is a report, and only cubes have row counts.", hint="Drop --row-counts.")
    return connection.report(found.id, **how)


def _names(lists: list[str] | None) -> list[str] | None:
    """Read the option ``--columns``.

    >>> _names(['Region,"Profit, net"', "Units"])
    ['Region', 'Profit, net', 'Units']
    """
    return [name.strip() for row in csv.reader(lists, skipinitialspace=True) for name in row] if lists else None

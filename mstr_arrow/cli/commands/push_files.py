"""``mstr-arrow push``: write files, or what a query finds, into a SuperCube."""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.column_types import read_types
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.options.target import look_at, name_like, say_keys
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.logs import LogJson, standard_error
from mstr_arrow.cli.render.tables import print_text
from mstr_arrow.cli.render.uploading import detail, summarise, upload_progress
from mstr_arrow.errors import DataError, DataLossWarning, UploadFailed
from mstr_arrow.grid.definition import Definition
from mstr_arrow.upload.existing import Dataset

if TYPE_CHECKING:
    from mstr_arrow.cli.options.input import Given

DATA, MODEL, SENDING = "Data", "Cube", "Sending"


TAKEN_BACK = "What was not published was taken back, and no session left behind."


@takes_server()
def push(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="A Parquet, Arrow or CSV file, or a folder of Parquet parts. Each becomes a table, named like the "
            "file or by NAME=FILE.",
        ),
    ] = None,
    *,
    name: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Name or id of the cube; it is created if there is none.", rich_help_panel=MODEL
        ),
    ],
    server: Server,
    mode: Annotated[
        Literal["replace", "add", "update", "upsert"],
        typer.Option(
            help="What becomes of the rows that are there: replace removes them, add keeps them, update changes "
            "the metrics of those with the same attributes, upsert also adds the others.",
            rich_help_panel=MODEL,
        ),
    ] = "replace",
    folder: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of the cube, by path or id; My Reports if nothing is said.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    description: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Description of a new cube.", rich_help_panel=MODEL)
    ] = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            metavar="COLUMN",
            help="Make a number an attribute, such as an id; may be repeated. Other columns are attributes anyway.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="COLUMN",
            help="Make a column a metric that is no number; may be repeated. Numbers are metrics anyway.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    forms: Annotated[
        list[str] | None,
        typer.Option(
            "--form",
            metavar="ATTRIBUTE@CATEGORY=COLUMN",
            help="Make columns the forms of one attribute, such as Store@ID=store and Store@DESC=city; may be "
            "repeated.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    schema_mode: Annotated[
        Literal["strict", "add"],
        typer.Option(
            help="add lets columns and tables be added to a cube that is there, while all its tables are replaced.",
            rich_help_panel=MODEL,
        ),
    ] = "strict",
    table: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the table, if not the file's.", rich_help_panel=DATA)
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(
            metavar="SQL",
            help="Push what a DuckDB query finds, such as \"select * from 'sales/*.parquet'\", instead of files.",
            rich_help_panel=DATA,
        ),
    ] = None,
    column_types: Annotated[
        list[str] | None,
        typer.Option(
            "--column-type",
            metavar="COLUMN=TYPE",
            help="Read a column as another Arrow type, such as decimal128(18, 2); may be repeated. Of a CSV file "
            "the types are those of its first rows.",
            rich_help_panel=DATA,
        ),
    ] = None,
    time_zone: Annotated[
        str,
        typer.Option(
            metavar="ZONE",
            help="Convert times that have a zone to this one; the server knows none.",
            rich_help_panel=DATA,
        ),
    ] = "UTC",
    chunk_bytes: Annotated[
        int | None,
        typer.Option(
            metavar="SIZE",
            parser=common.read_size,
            help="Size of each request, such as 32MB; 64MiB if nothing is said, or less if the project wants it.",
            rich_help_panel=SENDING,
        ),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Refuse rows that the server would add up, as their attributes are equal, and compare the cube's "
            "rows and sums with those sent.",
            rich_help_panel=SENDING,
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but the cube's id, warnings and errors.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show tracebacks, requests and where the time went.")
    ] = False,
    log_json: LogJson = False,
) -> None:
    """Write files, or what a DuckDB query finds, into a SuperCube, and print its id."""
    # Arrow's datasets bring pandas along: only who reads files pays for importing them.
    from mstr_arrow.cli.options.input import open_tables, read_forms  # noqa: PLC0415 - see above

    console = standard_error(log_json=log_json)
    with show_errors(console, verbose=verbose, interrupted=TAKEN_BACK):
        given = open_tables(files or (), query, table, read_types(column_types or ()), default=name)
        of_attributes = read_forms(forms or ())
        with open_connection(server) as connection:
            tables, sentences = _fit(given, look_at(connection, name, folder), mode)
            if not quiet:
                _say(console, sentences)
            with upload_progress(console, quiet=quiet) as on_progress, _as_the_command_says_it():
                result = connection.write(
                    name,
                    tables,
                    mode=mode,
                    folder=folder,
                    description=description,
                    attributes=attributes or (),
                    metrics=metrics or (),
                    forms=of_attributes or None,
                    verify=verify,
                    schema_mode=schema_mode,
                    time_zone=time_zone,
                    chunk_bytes=chunk_bytes,
                    on_progress=on_progress,
                )
        if not quiet:
            _say(console, summarise(result, mode, asked=verify))
        if result.losses:
            _say(console, [f"Warning: {result.losses}"], style="yellow")
        if verbose:
            _say(console, [detail(result)])
        print_text(result.cube_id)


def _fit(
    given: "Given", there: tuple[Dataset, Definition | None] | None, mode: str
) -> tuple[dict[str, Any], list[str]]:
    """Name the tables as the cube that is there does, and say what an update of it can change."""
    if there is None:
        return given.tables, []
    dataset, definition = there
    tables = given.tables if given.chosen else name_like(given.tables, dataset)
    if definition is None or mode not in {"update", "upsert"}:
        return tables, []
    return tables, [say_keys(mode, name, data.schema.names, definition) for name, data in tables.items()]


def _say(console: Console, lines: Iterable[str], *, style: str | None = None) -> None:
    for line in lines:
        console.print(line, soft_wrap=True, style=style)


@contextmanager
def _as_the_command_says_it() -> Iterator[None]:
    """Tell data that cannot be read from an upload that the server refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataLossWarning)  # it is said in a line
            yield
    except UploadFailed as failed:
        cause = failed.__cause__
        if not isinstance(cause, DataError):
            raise
        cause.message += " Nothing was published."
        raise cause from failed

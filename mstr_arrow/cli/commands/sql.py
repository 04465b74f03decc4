"""``mstr-arrow sql``: query cubes, reports and files by DuckDB's SQL."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, TypeVar

import pyarrow as pa
import typer
from rich.filesize import decimal

from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.on_bad_value import OnBadValues, read_on_bad_value
from mstr_arrow.cli.options.output import Output, ParquetOptions, output_from
from mstr_arrow.cli.options.parameter_values import ParameterValues, parameters_from
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.preview import Preview, first_rows
from mstr_arrow.cli.render.progress import detail, progress, together
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import count, print_text
from mstr_arrow.cli.sql.database import Database
from mstr_arrow.connection import Connection
from mstr_arrow.errors import UsageError
from mstr_arrow.fetch.stats import ScanStats
from mstr_arrow.names import listing
from mstr_arrow.session.session_client import client_of

if TYPE_CHECKING:
    from mstr_arrow.cli.sql.sources import Source
    from mstr_arrow.grid.grid_options import OnBadValue

T = TypeVar("T")


@takes_server()
def sql(
    statement: Annotated[
        str,
        typer.Argument(
            metavar="STATEMENT",
            help="A query. Cubes and reports are tables, called by name, path in folders or id, in quotes of any "
            "kind; so are files, such as 'stores.parquet'.",
        ),
    ],
    *,
    server: Server,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .parquet, .arrow or .csv file, or with a / at the end a folder of Parquet parts, here or in a "
            "store (s3://bucket/x.csv); it appears when it is whole. - is standard output. Without it, the first "
            "rows are shown.",
            rich_help_panel=common.FILE,
        ),
    ] = None,
    output_format: common.OutputFormat = None,
    overwrite: common.Overwrite = False,
    on_bad_value: OnBadValues = None,
    parameter: ParameterValues = None,
    explain_only: Annotated[
        bool,
        typer.Option(
            "--explain", help="Say what would be asked of the server for each cube or report; read nothing."
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show tracebacks, requests and where the time went.")
    ] = False,
) -> None:
    """Query cubes, reports and files by SQL: they are joined and added up on this machine, by DuckDB.

    Of each, once, no more is read than what is certain to be enough: --explain tells.
    """
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose):
        target = None if output is None else output_from(output, output_format, ParquetOptions(overwrite=overwrite))
        bad_values = read_on_bad_value(on_bad_value or ())
        parameters = parameters_from(parameter or ())
        with Database() as database, ThreadPoolExecutor(1) as thread:
            statement = database.load_extensions(statement)
            open_sources = _opener()
            began = time.perf_counter()
            with open_connection(server) as connection:
                sources = open_sources(connection, statement, bad_values, parameters)
                columns = database.plan(statement, {name: each.schema for each in sources for name in each.names})
                if explain_only:
                    print_text("\n\n".join(source.explain() for source in sources))
                    return
                if target is not None:
                    _refuse_doubles(columns)
                with progress(console, quiet=quiet, transient=target is None) as on_progress:
                    work = thread.submit(_run, database, statement, sources, target, together(on_progress))
                    result = _result(work, connection, database)
        if isinstance(result, Preview):
            result.print()
        if not quiet:
            line = f"{_describe_result(result, target)} in {time.perf_counter() - began:.1f} s{_read(sources)}"
            console.print(line, soft_wrap=True)
        for stats in [source.scan.stats for source in sources] if verbose else ():
            console.print(detail(stats) if stats else "not read", soft_wrap=True)


def _opener() -> (
    "Callable[[Connection, str, OnBadValue | Mapping[str, OnBadValue], Mapping[str, str]], list[Source]]"
):
    """Import what finds cubes in SQL, which takes a while that the other commands need not wait."""
    try:
        from mstr_arrow.cli.sql.sources import open_sources  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        raise UsageError("sqlglot is not installed.", hint="pip install 'mstr-arrow[cli]'") from error
    return open_sources


def _refuse_doubles(columns: list[str]) -> None:
    """Refuse to write columns of one name, which readers of files lose; errors: UsageError."""
    if doubled := [name for name in dict.fromkeys(columns) if columns.count(name) > 1]:
        raise UsageError(
            f"the result has several columns {listing(doubled)}.",
            hint="Give them names with AS, or join with USING in place of ON.",
        )


def _run(
    database: Database,
    statement: str,
    sources: "Sequence[Source]",
    target: Output | None,
    on_progress: Callable[[str], Callable[[ScanStats], None]],
) -> Preview | int:
    """Run a statement, and give its first rows, or how many were written."""

    def begin() -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        for source in sources:
            add = database.add if source.once else database.load
            add(source.names, source.scan, on_progress(source.info.id))
        return database.query(statement)

    return first_rows(*begin()) if target is None else target.write_batches(begin)


def _result(work: Future[T], connection: Connection, database: Database) -> T:
    """Wait for a thread, and have DuckDB stop where Ctrl-C ends the wait; reads end with the connection."""

    async def result() -> T:
        return await asyncio.wrap_future(work)

    try:
        return client_of(connection).run(result())
    except KeyboardInterrupt:
        database.interrupt()
        raise


def _describe_result(result: Preview | int, target: Output | None) -> str:
    if isinstance(result, Preview) or target is None:
        return str(result)
    return f"{count(result)} → {target.describe()},"


def _read(sources: "Sequence[Source]") -> str:
    """Say how much was read of what."""
    amounts = [(source.info.name, source.scan.stats) for source in sources]
    each = [f"{count(stats.rows)} of {name!r}, {decimal(stats.bytes)} of JSON" for name, stats in amounts if stats]
    return f"; read {'; '.join(each)}" if each else ""

"""``mstr-arrow ls``: which cubes, reports, data models and dashboards there are."""

from typing import Annotated, Literal

import typer

from mstr_arrow.catalog.catalogue import Catalogue, CatalogueEntry
from mstr_arrow.catalog.object_info import ObjectInfo
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.output import ParquetOptions, output_from
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import count, print_json, print_table
from mstr_arrow.files.formats import Format

HEADERS = ("NAME", "TYPE", "ID", "PATH", "MODIFIED", "OWNER")
DETAILS = ("CERTIFIED", "ROWS", "COLUMNS", "MB", "DATA UPDATED", "STATUS")


@takes_server()
def ls(
    pattern: Annotated[
        str | None,
        typer.Argument(
            metavar="PATTERN",
            help="Names to list: * is any text, ? one letter, upper and lower case are the same. Put it in quotes.",
        ),
    ] = None,
    *,
    server: Server,
    listed: Annotated[
        Literal["cube", "report", "data model", "dashboard", "all"],
        typer.Option("--type", help="What to list."),
    ] = "all",
    projects: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Projects to list, by name or id, repeated; all is each you may use."),
    ] = None,
    certified: Annotated[
        bool | None,
        typer.Option("--certified/--not-certified", help="List only what is certified, or what is not."),
    ] = None,
    details: Annotated[
        bool,
        typer.Option(
            "--details", help="Show rows, columns, size, time and status of the data of cubes: further requests."
        ),
    ] = False,
    complete: Annotated[
        bool,
        typer.Option("--complete", help="Search the metadata: slower, but up to date, and with hidden objects."),
    ] = False,
    json: common.Json = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="Write a file: .parquet, .arrow or .csv; - for a pipe."
        ),
    ] = None,
    output_format: Annotated[
        Format | None, typer.Option("--format", help="Format of the file, where its name does not tell.")
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="List no more than these.")] = None,
    verbose: common.Verbose = False,
) -> None:
    """List the cubes, reports, data models and dashboards that you can see."""
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose):
        target = None if output is None else output_from(output, output_format, ParquetOptions())
        kind = None if listed == "all" else listed
        chosen = "all" if projects and "all" in projects else projects
        with open_connection(server) as connection:
            found = connection.objects(
                pattern, kind, projects=chosen, certified=certified, details=details, complete=complete
            )
        shown = found[:limit]
        if target is not None:
            table = shown.table()
            target.write_batches(lambda: (table.schema, table.to_batches()))
            console.print(f"{count(len(shown), 'object')} in {target.describe()}", soft_wrap=True)
        elif json:
            print_json([as_json(info) for info in shown])
        elif shown:
            print_table(*_table(shown, details=details, several=chosen is not None))
        if not found:
            what = "objects" if kind is None else f"{kind}s"
            console.print(_describe_nothing(what, pattern, certified), soft_wrap=True)
        elif len(shown) < len(found):
            console.print(f"… and {len(found) - len(shown):,} more.")


def as_json(info: ObjectInfo) -> dict[str, object]:
    """Describe an object for a program."""
    told: dict[str, object] = {
        "name": info.name,
        "type": info.type_name,
        "id": info.id,
        "path": info.path,
        "modified": info.modified.isoformat() if info.modified else None,
        "owner": info.owner,
        "certified": info.certified,
    }
    if isinstance(info, CatalogueEntry):
        told["project"] = info.project
        if info.details is not None:
            updated = info.details.data_updated
            told |= info.details._asdict() | {"data_updated": updated.isoformat() if updated else None}
    return told


def _table(shown: Catalogue, *, details: bool, several: bool) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    headers = (*HEADERS, *(DETAILS if details else ()), *(["PROJECT"] if several else ()))
    return headers, [_row(entry, several=several) for entry in shown]


def _row(entry: CatalogueEntry, *, several: bool) -> tuple[str, ...]:
    modified = f"{entry.modified:%Y-%m-%d %H:%M}" if entry.modified else ""
    row = [entry.name, entry.type_name, entry.id, entry.path, modified, entry.owner or ""]
    if entry.details is not None:
        size, rows, columns, updated, status = entry.details
        row += [
            {True: "yes", False: "no", None: ""}[entry.certified],
            *("" if number is None else f"{number:,}" for number in (rows, columns)),
            "" if size is None else f"{size / 1e6:,.1f}",
            f"{updated:%Y-%m-%d %H:%M}" if updated else "",
            status or "",
        ]
    return (*row, entry.project) if several else tuple(row)


def _describe_nothing(what: str, pattern: str | None, certified: bool | None) -> str:
    if certified is not None:
        what = f"{'certified' if certified else 'uncertified'} {what}"
    if pattern is None:
        return f"There are no {what} that you can see in this project."
    if {"*", "?"} & set(pattern):
        return f"No {what} have a name like {pattern!r}."
    return f"No {what} have the name {pattern!r}. To find it within names: '*{pattern}*'"

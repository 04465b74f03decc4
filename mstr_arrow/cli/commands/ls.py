"""``mstr-arrow ls``: which cubes and reports there are."""

from typing import Annotated, Literal

import typer

from mstr_arrow.catalog.objects import ObjectInfo
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import shown_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_table

HEADERS = ("NAME", "TYPE", "ID", "PATH", "MODIFIED", "OWNER")


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
    listed: Annotated[Literal["cube", "report", "all"], typer.Option("--type", help="What to list.")] = "all",
    json: common.Json = False,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="List no more than these.")] = None,
    verbose: common.Verbose = False,
) -> None:
    """List the cubes and reports that you can see."""
    console = Terminal(stderr=True)
    with shown_errors(console, verbose=verbose):
        kind = None if listed == "all" else listed
        with open_connection(server) as connection:
            found = connection.objects(pattern, kind=kind)
        shown = found[:limit]
        if json:
            print_json([as_json(info) for info in shown])
        elif shown:
            print_table(HEADERS, [_row(info) for info in shown])
        if not found:
            what = "cubes or reports" if kind is None else f"{kind}s"
            console.print(_nothing(what, pattern), soft_wrap=True)
        elif len(shown) < len(found):
            console.print(f"… and {len(found) - len(shown):,} more.")


def as_json(info: ObjectInfo) -> dict[str, object]:
    """Describe an object for a program."""
    return {
        "name": info.name,
        "type": info.kind,
        "id": info.id,
        "path": info.path,
        "modified": info.modified.isoformat() if info.modified else None,
        "owner": info.owner,
    }


def _row(info: ObjectInfo) -> tuple[str, ...]:
    modified = f"{info.modified:%Y-%m-%d %H:%M}" if info.modified else ""
    return (info.name, info.kind or "", info.id, info.path, modified, info.owner or "")


def _nothing(what: str, pattern: str | None) -> str:
    if pattern is None:
        return f"There are no {what} that you can see in this project."
    if {"*", "?"} & set(pattern):
        return f"No {what} have a name like {pattern!r}."
    return f"No {what} have the name {pattern!r}. To find it within names: '*{pattern}*'"

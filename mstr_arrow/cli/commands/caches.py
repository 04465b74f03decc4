"""``mstr-arrow caches``: what the nodes hold of the cubes' data, and changing that."""

from collections.abc import Callable
from operator import methodcaller
from typing import Annotated, Any

import typer

from mstr_arrow.caches.cache import CubeCache, CubeCaches
from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.progress import MB
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_table, print_text
from mstr_arrow.connection import Connection
from mstr_arrow.errors import NotFound
from mstr_arrow.names import listing, near_names, suggestion
from mstr_arrow.printable import printable

HEADERS = ("CUBE", "NODE", "STATE", "ROWS", "COLUMNS", "MB", "HITS", "LAST UPDATE", "CUBE ID")

_ALL = typer.Argument(metavar="[CUBE]", help="The name or id of a cube, if not all.")
_ONE = typer.Argument(metavar="CUBE", help="The name or id of the cube.")
Node = Annotated[str | None, typer.Option(metavar="NAME", help="The node, if not all.")]

LEFT = "What was changed so far stays so; no session was left behind."


@takes_server()
def ls(
    cube: Annotated[str | None, _ALL] = None,
    *,
    server: Server,
    node: Node = None,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """List caches: a line for each cube and node that it is published on."""
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose):
        with open_connection(server) as connection:
            found = connection.caches(cube, node=node)
            others = {each.cube for each in connection.caches(node=node)} if cube and not found else ()
        if json:
            print_json([as_json(cache) for cache in found])
        elif found:
            print_table(HEADERS, [_row(cache) for cache in found])
        else:
            near = near_names(cube, sorted(others)) if cube else []
            question = f" Did you mean {listing(near)}?" if near else ""
            console.print(
                f"There are no caches of it.{question}" if cube else "There are no caches.", soft_wrap=True
            )


def _make_command(method: str, done: str, help_text: str) -> Callable[..., None]:
    """Make the command that calls a method of each cache of a cube."""

    @takes_server()
    def change(
        cube: Annotated[str, _ONE],
        *,
        server: Server,
        node: Node = None,
        verbose: common.Verbose = False,
    ) -> None:
        with (
            show_errors(Terminal(stderr=True), verbose=verbose, interrupted=LEFT),
            open_connection(server) as connection,
        ):
            for cache in _of(connection, cube, node):
                methodcaller(method)(cache)
                print_text(f"{done} {printable(cache.cube)!r} on {printable(cache.node)}.")

    change.__doc__ = help_text
    return change


load = _make_command("load", "Loaded", "Load a cube's data into memory.")
unload = _make_command("unload", "Unloaded", "Take a cube's data out of memory; they are loaded again at need.")
activate = _make_command("activate", "Activated", "Let a cube be read.")
deactivate = _make_command("deactivate", "Deactivated", "Let a cube not be read, with its data kept.")
delete = _make_command(
    "delete", "Deleted the cache of", "Delete a cube's data: it is not published any more, until it is refreshed."
)


def as_json(cache: CubeCache) -> dict[str, Any]:
    """Describe a cache for a program."""
    row: dict[str, Any] = CubeCaches([cache]).table().to_pylist()[0]
    moments = {name: row[name].isoformat() if row[name] else None for name in ("last_update", "created")}
    return row | moments


def _of(connection: Connection, cube: str, node: str | None) -> CubeCaches:
    """Return the caches of a cube; NotFound lists what is near."""
    every = connection.caches(node=node)
    wanted = cube.casefold()
    found = CubeCaches(each for each in every if wanted in {each.cube.casefold(), each.cube_id.casefold()})
    if not found:
        near = suggestion(cube, sorted({each.cube for each in every}))
        raise NotFound(
            f"no cube {cube!r} has a cache.",
            hint=f"{near} A cube has one when it is published: mstr-arrow refresh.".strip(),
        )
    return found


def _row(cache: CubeCache) -> tuple[str, ...]:
    size = "" if cache.size_bytes is None else f"{cache.size_bytes / MB:,.1f}"
    update = f"{cache.last_update:%Y-%m-%d %H:%M:%S}" if cache.last_update else ""
    numbers = ("" if each is None else f"{each:,}" for each in (cache.rows, cache.columns))
    hits = "" if cache.hits is None else f"{cache.hits:,}"
    return (cache.cube, cache.node, ", ".join(cache.states), *numbers, size, hits, update, cache.cube_id)

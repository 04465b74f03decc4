"""``mstr-arrow users``: who there is, and where things can be delivered to."""

from typing import Annotated

import typer

from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import open_connection
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_table
from mstr_arrow.users.people import Addresses
from mstr_arrow.users.user import User

HEADERS = ("NAME", "USER NAME", "ID", "ENABLED")


@takes_server()
def users(
    pattern: Annotated[
        str | None,
        typer.Argument(
            metavar="PATTERN", help="Full names or user names: * is any text, ? one letter. Put it in quotes."
        ),
    ] = None,
    *,
    server: Server,
    addresses: Annotated[
        bool, typer.Option("--addresses", help="Show the addresses of each, too; a request for each user.")
    ] = False,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """List the users that you can see."""
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose):
        with open_connection(server) as connection:
            found = [(user, user.addresses() if addresses else None) for user in connection.users(pattern)]
        if json:
            print_json([_as_json(*each) for each in found])
        elif found:
            headers = (*HEADERS, "ADDRESSES") if addresses else HEADERS
            print_table(headers, [_row(*each) for each in found])
        if not found:
            console.print("No user that you can see has such a name.", soft_wrap=True)


def _as_json(user: User, addresses: Addresses | None) -> dict[str, object]:
    told: dict[str, object] = {"name": user.name, "username": user.username, "id": user.id, "enabled": user.enabled}
    return told if addresses is None else told | {"addresses": addresses.table().to_pylist()}


def _row(user: User, addresses: Addresses | None) -> tuple[str, ...]:
    enabled = "" if user.enabled is None else "yes" if user.enabled else "no"
    row = (user.name, user.username or "", user.id, enabled)
    return row if addresses is None else (*row, ", ".join(each.value for each in addresses))

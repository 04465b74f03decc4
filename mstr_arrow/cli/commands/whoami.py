"""``mstr-arrow whoami``: who is logged in, where, and for how long."""

import asyncio
from typing import Any

from rich.text import Text

from mstr_arrow.cli.options import common
from mstr_arrow.cli.options.connecting import find_way_in, open_connection
from mstr_arrow.cli.options.server import Server, takes_server
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.progress import clock
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json
from mstr_arrow.connection import Connection
from mstr_arrow.names import listing
from mstr_arrow.printable import printable
from mstr_arrow.session.project_http import ProjectHttp
from mstr_arrow.session.session_client import client_of

_HOUR = 3600


@takes_server(all_options=True)
def whoami(*, server: Server, json: common.Json = False, verbose: common.Verbose = False) -> None:
    """Log in, and show who you are then: user, server, project, session.

    This help shows all options of the log-in; every command that talks to a server takes them.
    """
    with show_errors(Terminal(stderr=True), verbose=verbose):
        way_in = find_way_in(server)
        with open_connection(server, way_in=way_in) as connection:
            facts = look_around(connection) | {
                "login_mode": way_in.name,
                "session_logged_out": way_in.owned,
            }
        if json:
            print_json(facts)
        else:
            show(facts)


def look_around(connection: Connection) -> dict[str, Any]:
    """Gather what is known of user, server and session; what the server keeps to itself is None."""
    user, info = connection.user_info(), connection.session_info()
    projects = connection.projects()
    client = client_of(connection)
    chosen = client.http.project or (projects[0] if len(projects) == 1 else None)
    return {
        "user": user.name,
        "user_id": user.id,
        "url": client.http.own.base,
        "server_version": connection.server_version,
        "project": chosen.name if chosen else None,
        "project_id": chosen.id if chosen else None,
        "projects": [project.name for project in projects],
        "session_timeout_seconds": info.timeout,
        "session_seconds_left": None
        if info.timeout is None
        else client.run(_seconds_left(client.http, info.timeout)),
        "working_set": info.working_set,
    }


async def _seconds_left(http: ProjectHttp, longest: float) -> float:
    """Count from the last request, which is what the server does."""
    idle = asyncio.get_running_loop().time() - http.own.keys.used_at
    return round(max(0.0, longest - idle), 1)


def show(facts: dict[str, Any]) -> None:
    """Print a line for each thing that is known."""
    out = Terminal()
    working_set = facts["working_set"]
    lines = {
        "user": f"{facts['user']} ({facts['login_mode']})",
        "server": facts["url"],
        "version": facts["server_version"] or "not told",
        "project": facts["project"] or f"none chosen; there are: {listing(facts['projects']) or 'none'}",
        "session": _session(facts),
        "keeps": "not told" if working_set is None else f"{working_set} instances of cubes and reports",
    }
    for label, text in lines.items():
        out.print(Text.assemble((f"{label:9}", "bold"), printable(text)), soft_wrap=True)


def _session(facts: dict[str, Any]) -> str:
    timeout, left = facts["session_timeout_seconds"], facts["session_seconds_left"]
    if timeout is None:
        return "the server does not tell when it ends"
    ends = f"ends after {_duration(timeout)} without a request"
    return ends if facts["session_logged_out"] else f"{ends}; {_duration(left)} are left"


def _duration(seconds: float) -> str:
    """Write a duration with its unit.

    >>> _duration(1799.6), _duration(7200)
    ('30:00 min', '2:00:00 h')
    """
    return f"{clock(seconds)} {'h' if round(seconds) >= _HOUR else 'min'}"

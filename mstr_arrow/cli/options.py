"""Options that several commands have, and the connection that they lead to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mstr_arrow.cli.login import password_from
from mstr_arrow.cli.output import Format
from mstr_arrow.cli.profile import PASSWORD, use_profile
from mstr_arrow.cli.trace import listener
from mstr_arrow.config import Settings
from mstr_arrow.objects.catalogue import Kind
from mstr_arrow.opening import connect

if TYPE_CHECKING:
    from mstr_arrow.connection import Connection

FILE, SERVER = "Output", "Server"
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>|[kMG]i?)B?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


Object = Annotated[
    str,
    typer.Argument(metavar="OBJECT", help="A cube or report: its name, path in folders, id or URL in a browser."),
]
ObjectType = Annotated[
    Kind | None, typer.Option("--type", help="Which one is meant, where a cube and a report have the same name.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks and requests.")]

OutputFormat = Annotated[
    Format | None,
    typer.Option("--format", help="If the name of the file does not say it.", rich_help_panel=FILE),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace a folder of parts as a whole. Files are always replaced.",
        rich_help_panel=FILE,
    ),
]

Url = Annotated[
    str,
    typer.Option(
        metavar="URL", envvar="MSTR_URL", help="The Library's, as a browser shows it.", rich_help_panel=SERVER
    ),
]
Username = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", envvar="MSTR_USERNAME", help="Without it, log in as a guest.", rich_help_panel=SERVER
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Read the password from the first line of a file.",
        rich_help_panel=SERVER,
    ),
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read it from standard input.", rich_help_panel=SERVER)
]
Project = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        envvar="MSTR_PROJECT",
        help="Name or id; not needed where you may use only one.",
        rich_help_panel=SERVER,
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        envvar="MSTR_PROFILE",
        callback=use_profile,
        is_eager=True,
        help="Take what is not given here from this table of the profile file.",
        rich_help_panel=SERVER,
    ),
]


def opened(
    context: typer.Context,
    url: str,
    username: str | None,
    password_file: Path | None,
    project: str | None,
    *,
    password_stdin: bool,
    settings: Settings | None = None,
) -> Connection:
    """Open the connection that the options of a command ask for."""
    password = password_from(username, stdin=password_stdin, file=password_file, profile=context.meta.get(PASSWORD))
    return connect(
        url,
        username=username,
        password=password,
        project=project,
        settings=settings or Settings(),
        on_event=listener(),
    )


def read_size(text: str | int) -> int:
    """Read a number of bytes; errors: typer.BadParameter.

    >>> read_size("256MB"), read_size("1.5 GiB"), read_size(4096)
    (256000000, 1610612736, 4096)
    """
    match = _SIZE.fullmatch(str(text).strip())
    size = int(float(match["number"]) * _UNITS[match["unit"].lower()]) if match else 0
    if size < 1:
        raise typer.BadParameter(f"{text!r} is no size: write it like 4096, 64kB, 256MB or 1GiB.")
    return size

"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from mstr_arrow.catalog.object_info import Kind
from mstr_arrow.files.formats import Format
from mstr_arrow.sizes import size_of

FILE = "Output"


Object = Annotated[
    str,
    typer.Argument(
        metavar="OBJECT", help="A cube, report or data model: its name, path in folders, id or URL in a browser."
    ),
]
Objects = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="OBJECT",
        help="Cubes, reports and data models: their names, paths in folders, ids or URLs in a browser.",
    ),
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


def read_size(text: str | int) -> int:
    """Read a number of bytes; errors: typer.BadParameter.

    >>> read_size("256MB"), read_size("1.5 GiB"), read_size(4096)
    (256000000, 1610612736, 4096)
    """
    size = size_of(str(text))
    if not size:
        raise typer.BadParameter(f"{text!r} is no size: write it like 4096, 64kB, 256MB or 1GiB.")
    return size

"""Tables and JSON on standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NO_LIMIT = 100_000
"""Columns of a terminal that is none, so that a line of a file or a pipe is never broken."""


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())


def console() -> Console:
    """Make the console of standard output: colours and broken lines only on a terminal."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=_NO_LIMIT)


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, whole: Sequence[str] = ()) -> None:
    """Print a line per row; on a narrow terminal all columns but those of ``whole`` are folded."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold", no_wrap=header in whole)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console().print(table)


def printable(text: str) -> str:
    """Keep what a server says from steering the terminal, and on one line."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)

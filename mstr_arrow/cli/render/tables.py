"""Tables and JSON on standard output."""

from __future__ import annotations

import json
import sys
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "


def print_json(value: Any) -> None:
    """Print a value as indented JSON, in ASCII: the same in every encoding, and half a character is no error."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")
    sys.stdout.flush()


def print_text(text: str) -> None:
    """Print lines that hold what a server says."""
    sys.stdout.write(printable(text.removesuffix("\n"), lines=True) + "\n")
    sys.stdout.flush()


def print_table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], *, elsewhere: str = "A pipe or --json shows them."
) -> None:
    """Print a line per row, its cells aligned.

    A terminal too narrow for all columns gets the first of them, and is told where the others are; a pipe gets all.
    """
    out = Terminal()
    headers = [as_cell(header) for header in headers]
    cells = [[as_cell(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(headers, *cells, strict=True)]
    ends = list(accumulate(widths, lambda end, width: end + len(GAP) + width))
    shown = max(1, sum(end <= out.width for end in ends)) if out.is_terminal else len(headers)
    out.print(Text(_line(headers[:shown], widths), "bold"), soft_wrap=True)
    for row in cells:
        out.print(Text(_line(row[:shown], widths)), soft_wrap=True)
    sys.stdout.flush()
    if shown < len(headers):
        note = f"Left out, for the terminal is narrow: {', '.join(map(str.strip, headers[shown:]))}. {elsewhere}"
        Terminal(stderr=True).print(note, style="dim")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(set_cell_size(cell, width) for cell, width in zip(cells, widths, strict=False)).rstrip()


def as_cell(text: str) -> str:
    """Write a text on one line, with the escapes that it will have, to be aligned with others."""
    encoding = sys.stdout.encoding or "utf-8"
    return printable(text).encode(encoding, "backslashreplace").decode(encoding)


def count(number: int, what: str = "row") -> str:
    """Count things in words.

    >>> count(1), count(2_000, "part")
    ('1 row', '2,000 parts')
    """
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"

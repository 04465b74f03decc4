"""On which lines of a TOML file its keys stand. Pure."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]
"""The way to a value: keys of tables, and places in arrays of tables."""


def lines_of(text: str) -> dict[Path, int]:
    r"""Give the line of each key and table of a text that is TOML, by the way to it; lines count from 1.

    A key within braces or brackets stands on the line on which its statement begins.

    >>> lines_of('[jobs.sales]\nobject = "Sales"\ndestination = {\n  delta = "s3://lake" }\n'.replace("{\n ", "{"))
    {('jobs',): 1, ('jobs', 'sales'): 1, ('jobs', 'sales', 'object'): 2, ('jobs', 'sales', 'destination'): 3,
     ('jobs', 'sales', 'destination', 'delta'): 3}
    """
    found: dict[Path, int] = {}
    table: Path = ()
    counts: dict[Path, int] = {}
    for line, statement in _statements(text):
        content = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _header(content, counts)
            for end in range(1, len(table) + 1):
                found.setdefault(table[:end], line)
        else:
            for path in _paths(content):
                found.setdefault((*table, *path), line)
    return found


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """Give the line of a key, or else of what it stands in; None where not even that has one.

    >>> line_of({("jobs", "sales"): 3}, ("jobs", "sales", "columns", 0)), line_of({}, ("jobs",))
    (3, None)
    """
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Divide a text into headers and keys with their values, each with the line that it begins on.

    The parser itself says where a statement ends: lines are added until they are TOML by themselves.
    """
    gathered, begin = "", 0
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not gathered and (not line.strip() or line.lstrip().startswith("#")):
            continue
        begin = begin if gathered else number
        gathered += f"{line}\n"
        try:
            tomllib.loads(gathered)
        except tomllib.TOMLDecodeError:
            continue
        yield begin, gathered
        gathered = ""


def _header(content: Any, counts: dict[Path, int]) -> Path:
    """Read the way to a table from its header, and count the tables of an array."""
    path: Path = ()
    while content:
        if isinstance(content, list):
            counts[path] = counts.get(path, -1) + 1
            return (*path, counts[path])
        [(key, content)] = content.items()
        path = (*path, key)
        if path in counts and isinstance(content, dict):
            path = (*path, counts[path])
    return path


def _paths(content: Any, above: Path = ()) -> Iterator[Path]:
    entries = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in entries:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from _paths(value, (*above, key))

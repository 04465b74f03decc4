"""The plan of a scan, in words. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mstr_arrow.config import Limits
    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.query.planner import Division

_WIDTH = 150
"""Characters of a line of the request's body at most, where it can be broken."""

_MOST_ITEMS = 5
"""Items shown of lists of conditions and values, where there are more."""

_LISTS = ('"operands": ', '"elements": ', '"values": ')

_ID = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{32}(?![0-9A-Fa-f])")

_NUMBER_BYTES, _INDEX_BYTES, _ELEMENT_BYTES = 10, 4, 75
"""About the bytes that a metric's value, an element's index and an element take in the text of a page."""


def describe_scan(
    division: Division | None,
    source: Source,
    columns: Columns,
    probed: Instance,
    options: ReadOptions,
    *,
    at_once: int,
) -> str:
    """Describe a scan: what is sent, what stays here and why, how much comes.

    ``source`` has the request, ``columns`` are those of the whole object, ``probed`` is an instance of the source,
    and ``at_once`` are the requests in flight to begin with.
    """
    begun = f"{at_once} at once" if options.limits.concurrency else f"{at_once} at once to begin with"
    return "\n".join(
        [*_lines(division, source, columns, options), _amounts(division, probed, options.limits, begun)]
    )


def _lines(division: Division | None, source: Source, columns: Columns, options: ReadOptions) -> Iterator[str]:
    body = source.request_body(options.grid)
    later = ", and when it has run, PUT …/instances/{id}" if body and source.responds_async else ""
    yield f"asks the server: POST /api/{source.path}{later}"
    yield from _json(body, _Names(columns), "  ", "")
    if division is not None:
        yield from _conditions(division)
        yield from (f"note: {note}" for note in division.notes)
        if division.residual.columns is not None and division.residual.columns != tuple(columns.schema.names):
            yield f"columns: {', '.join(division.residual.columns)}"


def _conditions(division: Division) -> Iterator[str]:
    for part in division.parts:
        if not part.sent:
            yield f"only checked here: {part.expression!r} ({part.reason})"
        elif part.reason is not None:
            yield f"sent, to be checked again here: {part.expression!r} ({part.reason})"
        else:
            yield f"decided by the server: {part.expression!r}"


class _Names:
    """Tells what the ids in a piece of a request stand for."""

    def __init__(self, columns: Columns) -> None:
        self._objects: dict[str, str] = {}
        self._forms: dict[tuple[str, str], str] = {}
        for column in (*columns.all, *columns.others):
            self._objects[column.object_id] = column.attribute or column.name
            if column.form_id is not None:
                self._forms[column.object_id, column.form_id] = column.name

    def of(self, text: str) -> str:
        """Name the objects of a line, and their forms where these are named, too."""
        found: list[str] = []
        owner = ""
        for key in _ID.findall(text):
            if key in self._objects:
                owner = key
                found.append(self._objects[key])
            elif (owner, key) in self._forms:
                found[-1] = self._forms[owner, key]
        return ", ".join(dict.fromkeys(found))


def _json(value: Any, names: _Names, indent: str, label: str, end: str = "") -> Iterator[str]:
    """Write JSON with as much in a line as fits, and what its ids stand for behind it."""
    text = f"{indent}{label}{orjson.dumps(value).decode()}{end}"
    if len(text) <= _WIDTH or not value or not isinstance(value, (dict, list)):
        named = names.of(text)
        yield f"{text}   # {named}" if named else text
        return
    items = (
        [(f"{orjson.dumps(key).decode()}: ", item) for key, item in value.items()]
        if isinstance(value, dict)
        else []
    )
    items = items or [("", item) for item in value]
    left_out = max(0, len(items) - _MOST_ITEMS) if label in _LISTS else 0
    yield f"{indent}{label}{'{' if isinstance(value, dict) else '['}"
    for number, (key, item) in enumerate(items[: len(items) - left_out]):
        yield from _json(item, names, f"{indent}  ", key, "," if number < len(items) - 1 else "")
    if left_out:
        yield f"{indent}  … {left_out:,} more"
    yield f"{indent}{'}' if isinstance(value, dict) else ']'}{end}"


def _amounts(division: Division | None, probed: Instance, limits: Limits, at_once: str) -> str:
    """Say how many rows and bytes are read, and in which pages."""
    first = None if division is None else division.first
    rows = probed.total if first is None else min(probed.total, max(1, first))
    attributes = len({(column.object_id, column.level) for column in probed.columns.attributes})
    least = rows * (attributes * _INDEX_BYTES + len(probed.columns.metrics) * _NUMBER_BYTES)
    most = least + rows * len(probed.columns.attributes) * _ELEMENT_BYTES
    more = first is not None and division is not None and not (division.decided and not division.residual.gathers)
    return (
        f"reads {rows:,} of the {probed.total:,} rows that this makes on the server"
        f"{', and more until enough are found' if more else ''}: "
        f"{_bytes(least)} to {_bytes(most)} of JSON text, depending on how often elements repeat; "
        f"{_pages(rows, limits, at_once)}"
    )


def _pages(rows: int, limits: Limits, at_once: str) -> str:
    page = limits.first_rows
    if rows <= page:
        return "in one page"
    if limits.page_rows is not None:
        return f"in {-(-rows // page):,} pages of {page:,} rows, {at_once}"
    then = f"then pages of about {_bytes(limits.page_bytes)}, {at_once}"
    return f"first a page of {page:,} rows, {then}"


def _bytes(count: int) -> str:
    """Write a number of bytes for people.

    >>> _bytes(12), _bytes(3_400), _bytes(5_000_000)
    ('1 kB', '3 kB', '5.0 MB')
    """
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3)):,} kB"

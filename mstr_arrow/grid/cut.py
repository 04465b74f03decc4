"""Cut the big parts out of a page's text, so that the JSON reader never makes objects of them.

Element lists and the two matrices of numbers are nearly all of a page. They are found by their keys and by
the brackets that end them; what remains is a few kilobytes for orjson. Finding them is guesswork that is
checked: a key is certain (inside a JSON string its quotes would be escaped), the place of a part is known by
the marker left in the document, and a part must be read to its last byte as one JSON value. A page that fails
such a check is `Unrecognised`, and the plain decoder reads it instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.grid.completion import METRICS
from mstr_arrow.grid.places import find_lists
from mstr_arrow.json_bounds import check_parsed_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HEADERS = b'"rows":[['
_RAW = b'"raw":[['
_FORMATTED = b'"formatted":[['
_ELEMENTS = b'"elements":[{'
_BEFORE_END = frozenset(b'"0123456789el[')
_AFTER_END = frozenset(b"},")
"""The texts around the brackets that end a matrix: the last byte of a value or of no values, another member."""
_SCALAR = re.compile(rb'":(?:true|false|null|[-+0-9.eE]+)$')
_SMALL_LIST = 4096
"""Element lists shorter than this many bytes stay in the document."""
_LARGEST_OUTLINE = 2**24
"""Bytes of a page without its big parts: more would be held twice."""
_MOST_KEYS = 100_000
"""More keys of parts than this are no page's."""
_NEAR = 16384
"""How many bytes before the next part the end of a part is looked for first."""


class Unrecognised(Exception):
    """The fast path does not know this page; the plain decoder reads it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One JSON array that was cut out: it stands in ``page`` from ``start`` to ``end``, brackets included."""

    page: bytes
    start: int
    end: int


def cut(text: bytes) -> Any:
    """Parse a page with its big parts left as `Piece`; errors: Unrecognised."""
    pieces = list(_pieces(text))
    if len(text) - sum(piece.end - piece.start for piece in pieces) > _LARGEST_OUTLINE:
        raise Unrecognised("more is left without its big parts than pages have")
    rest, at = [], 0
    for number, piece in enumerate(pieces):
        if piece.start < at:
            raise Unrecognised("parts overlap")
        rest += [text[at : piece.start], b'"\\u0000%d"' % number]
        at = piece.end
    rest.append(text[at:])
    outline = b"".join(rest)
    check_parsed_size(outline)
    try:
        document = orjson.loads(outline)
    except orjson.JSONDecodeError as error:
        raise Unrecognised("not JSON without its big parts") from error
    if _put_back(document, pieces) != len(pieces):
        raise Unrecognised("a part lies in an unknown place")
    return document


def _pieces(text: bytes) -> Iterator[Piece]:
    marks = _marks(text)
    bounds = [at for at, _ in marks[1:]] + [len(text)]
    for (at, key), bound in zip(marks, bounds, strict=False):
        start = at + len(key) - 2
        if key is not _ELEMENTS:
            end = _end(text, start, bound, _matrix_end)
            if end < 0:
                raise Unrecognised("a matrix does not end")
            yield Piece(text, start, end)
        elif bound - start > _SMALL_LIST:
            end = _end(text, start, bound, _elements_end)
            # One whose end is not found stays in the document, as the metrics of a wide grid do.
            if end - start > _SMALL_LIST:
                yield Piece(text, start, end)


def _marks(text: bytes) -> list[tuple[int, bytes]]:
    """Find the keys of all big parts, in order."""
    found = list(islice(find_lists(text, (_ELEMENTS, _HEADERS, _RAW, _FORMATTED)), _MOST_KEYS + 1))
    if len(found) > _MOST_KEYS:
        raise Unrecognised("more parts than a page has")
    after = max((at for at, key in found if key is _ELEMENTS), default=0)
    marks = [mark for mark in found if mark[1] is _ELEMENTS]
    for matrix in (_HEADERS, _RAW, _FORMATTED):
        # Nearly always after the element lists, which may have such a text among them.
        places = [at for at, key in found if key is matrix]
        marks += [(min(places, key=lambda at: (at < after, at)), matrix)] if places else []
    return sorted((at, key) for at, key in marks if not _escaped(text, at))


def _end(text: bytes, start: int, bound: int, find: Callable[[bytes, int, int], int]) -> int:
    """Find the end of a part that begins at ``start``, before the next one at ``bound``; negative if not found.

    The last bytes before the next part are searched first: that is where a long part ends.
    """
    end = find(text, max(start, bound - _NEAR), bound)
    return end if end >= 0 else find(text, start, bound)


def _matrix_end(text: bytes, start: int, stop: int) -> int:
    """Find the first two brackets that end a matrix for all that can be seen around them."""
    at = text.find(b"]]", start, stop)
    while at >= 0 and not _ends_matrix(text, at):
        at = text.find(b"]]", at + 1, stop)
    return at if at < 0 else at + 2


def _ends_matrix(text: bytes, at: int) -> bool:
    before, after = text[at - 1], text[at + 2 : at + 3]
    return (
        before in _BEFORE_END
        and after != b""
        and after[0] in _AFTER_END
        and not (before == 0x22 and _escaped(text, at - 1))
    )


def _elements_end(text: bytes, start: int, stop: int) -> int:
    """Find the first bracket that closes a list of objects for all that can be seen around it."""
    at = text.find(b"}]", start, stop)
    while at >= 0:
        last = at - 1 if text[at - 1] != 0x5D else at - 2
        if text[last] == 0x22:
            if not _escaped(text, last):
                return at + 2
        elif _SCALAR.search(text, max(start, last - 40), last + 1):
            return at + 2
        at = text.find(b"}]", at + 1, stop)
    return -1


def _escaped(text: bytes, at: int) -> bool:
    """Tell whether the quote at this place is escaped: preceded by an odd number of backslashes."""
    slashes = 0
    while at > slashes and text[at - slashes - 1] == 0x5C:
        slashes += 1
    return slashes % 2 == 1


def _put_back(document: Any, pieces: list[Piece]) -> int:
    """Put each piece where its marker stands, in the places where pieces belong; count those placed."""
    try:
        grid, data = document["definition"]["grid"], document["data"]
        big = [(data["headers"], "rows")]
        small = [(unit, "elements") for unit in (*grid["columns"], *(grid.get("pageBy") or ()))]
        for unit in grid["rows"]:
            (small if str(unit["type"]).lower() == METRICS else big).append((unit, "elements"))
        if values := data.get("metricValues"):
            big += [(values, "raw"), (values, "formatted")]
        placed = 0
        for holder, key in (*big, *small):
            value = holder.get(key)
            if isinstance(value, str) and value.startswith("\0"):
                holder[key] = pieces[int(value[1:])]
                placed += 1
        for holder, key in small:
            # What heads the columns of a wide grid, not its data: the document's readers want objects.
            if isinstance(piece := holder.get(key), Piece):
                text = piece.page[piece.start : piece.end]
                check_parsed_size(text)
                holder[key] = orjson.loads(text)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise Unrecognised("not a page") from error
    return placed

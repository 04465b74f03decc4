"""Element lists whose elements are written alike: texts between the same quotes, found without a parser. Pure.

A server writes each element of a list with the same members in the same order. Then all that tells two of them
apart stands between quotes, always the same ones of an element; what stands around these texts is compared with
what stands around those of the first element, which is parsed. So a list that is read here is JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.grid.escapes import read_strings
from mstr_arrow.grid.places import bytes_of, drop_escaped, stand, texts_between

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.grid.cut import Piece
    from mstr_arrow.grid.places import Places

_MOST_STRINGS = 64
"""Strings of one element, its keys included; those of servers have fewer than ten."""
_LARGEST = 2**31 - 1
_BYTES_PER_BACKSLASH, _BYTES_PER_QUOTE, _FEW = 8, 2, 4096
"""No server's text is fuller of either; a place takes eight bytes."""
_NULL = "h\\N;"


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """The texts at one place of each element, as JSON has them between the quotes at ``opening`` and ``closing``.

    ``unescaped`` has those without escapes, None where the list has none.
    """

    data: pa.Buffer
    opening: Places
    closing: Places
    unescaped: pa.StringArray | None

    def texts(self) -> pa.StringArray:
        """Return the text of each element."""
        return texts_between(self.data, self.opening, self.closing) if self.unescaped is None else self.unescaped

    def nulls(self) -> pa.BooleanArray | None:
        """Say which elements have the id of no value here; None where none has, as nearly always."""
        if self.unescaped is None:  # it has a backslash, which JSON escapes
            return None
        null = pc.starts_with(self.unescaped, _NULL)
        return null if pc.any(null).as_py() else None


@dataclass(frozen=True, slots=True)
class _Template:
    """How an element is written: its ``strings`` in all, of which those numbered ``values`` are no keys.

    ``between`` are the bytes from each value to the next one, quotes included; ``head`` and ``tail`` those before
    the first and behind the last. ``members`` has, in the place of each value, its number among them.
    """

    strings: int
    values: Sequence[int]
    head: bytes
    between: Sequence[bytes]
    tail: bytes
    members: Mapping[str, Any]


def read_alike(piece: Piece) -> dict[str, Any] | None:
    """Read a list of elements; None where they are not written alike.

    Has for each member a `Slot`, a list of such where the member is a list of texts, or the value that all have.
    Errors: Unrecognised, pa.ArrowInvalid.
    """
    text = bytes_of(piece.page, piece.start, piece.end)
    if len(text) > _LARGEST or text.min() < ord(" "):
        return None
    marked = text == ord('"')
    slashes = text == ord("\\")
    escapes = int(np.count_nonzero(slashes))
    if escapes > max(len(text) // _BYTES_PER_BACKSLASH, _FEW):
        return None
    if escapes:
        drop_escaped(marked, slashes)
    if np.count_nonzero(marked) > max(len(text) // _BYTES_PER_QUOTE, _FEW):
        return None
    quotes = np.flatnonzero(marked)
    template = _template(piece, quotes)
    if template is None or len(quotes) % (2 * template.strings):
        return None
    strings = quotes.reshape(-1, template.strings, 2)
    opening, closing = ([strings[:, number, side] for number in template.values] for side in (0, 1))
    if not _is_written_so(piece, template, closing):
        return None
    data = pa.py_buffer(piece.page).slice(piece.start, len(text))
    slots = [_slot(data, *places, escaped=escapes > 0) for places in zip(opening, closing, strict=True)]
    return {name: _fill(value, slots) for name, value in template.members.items()}


def _template(piece: Piece, quotes: Places) -> _Template | None:
    """See how the first element is written; None where it has more than texts, lists of texts, and scalars."""
    page = piece.page
    few = (quotes[: 2 * _MOST_STRINGS] + piece.start).tolist()
    opening, closing = few[::2], few[1::2]
    if len(few) == len(quotes):
        opening.append(piece.end)
    behind = [page[close + 1 : start] for close, start in zip(closing, opening[1:], strict=False)]
    strings = next((number for number, gap in enumerate(behind, 1) if b"}" in gap), 0)
    values = [number for number in range(strings) if not behind[number].startswith(b":")]
    if not values:
        return None
    end = closing[strings - 1] + behind[strings - 1].index(b"}") + 2
    head = page[piece.start + 1 : opening[values[0]] + 1]
    between = [page[closing[one] : opening[other] + 1] for one, other in pairwise(values)]
    tail = page[closing[values[-1]] : end]
    numbered = [b"%d%b" % (number, part) for number, part in enumerate([*between, tail])]
    try:
        members = orjson.loads(head + b"".join(numbered))
    except orjson.JSONDecodeError:
        return None
    keys = strings - len(values)
    if not isinstance(members, dict) or len(members) != keys or not all(map(_is_flat, members.values())):
        return None
    return _Template(strings, values, head, between, tail, members)


def _is_flat(value: Any) -> bool:
    return all(type(each) is str for each in value) if isinstance(value, list) else not isinstance(value, dict)


def _fill(value: Any, slots: Sequence[Slot]) -> Any:
    """Put slots in the place of their numbers."""
    if isinstance(value, list):
        return [slots[int(number)] for number in value]
    return slots[int(value)] if isinstance(value, str) else value


def _is_written_so(piece: Piece, template: _Template, closing: Sequence[Places]) -> bool:
    """Tell whether all elements are written as the first one, but for their values, up to the last byte."""
    last = piece.start + int(closing[-1][-1])
    if piece.page[last : piece.end] != template.tail + b"]":
        return False
    parts = [
        *zip(template.between, closing, strict=False),
        (template.tail + b"," + template.head, closing[-1][:-1]),
    ]
    return all(stand(piece.page, part, behind, piece.start).all() for part, behind in parts)


def _slot(data: pa.Buffer, opening: Places, closing: Places, *, escaped: bool) -> Slot:
    if not escaped:
        return Slot(data, opening, closing, None)
    return Slot(data, opening, closing, read_strings(data, opening, closing))

"""Texts of a JSON matrix as fields of CSV, and back, all at once and whatever characters they are made of.

`to_lines` writes rows as lines of CSV without quoting: texts keep their quotes, and what would have a meaning in
CSV is masked within them, byte by byte. `restore` gives the texts that were read so their own characters again.
Nothing is lost in between: what masks something is a control character, which JSON has in no text, and rows that
hold one nonetheless are `Unrecognised`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.grid.cut import Unrecognised
from mstr_arrow.grid.escapes import unescape
from mstr_arrow.grid.places import behind_odd_runs, bytes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mstr_arrow.grid.places import Places

QUOTE = '"'
"""What begins and ends a field that was a text, which tells ``"5"`` from ``5``."""
_MASKED_QUOTE, _MASKED_COMMA = 1, 2
_MEANT = bytes.maketrans(bytes((_MASKED_QUOTE, _MASKED_COMMA)), b'",')


def to_lines(page: bytes, start: int, end: int) -> pa.Buffer | None:
    """Write rows with texts as CSV, ``[1,null],[2,"a"]`` as ``,,1,null`` and ``,,2,"a"``; None for half a text.

    Errors: Unrecognised for what is certainly no rows.
    """
    lines, text = copy_rows(page, start, end)
    if (text < ord(" ")).any():
        raise Unrecognised("a matrix with control characters")
    _mask_quotes(text)
    found = np.flatnonzero((text == ord('"')) | (text == ord(",")) | (text == ord("]")))
    kinds = text[found]
    quotes = kinds == ord('"')
    inside = (np.cumsum(quotes, dtype=np.uint8) & 1).astype(bool)
    if inside[-1:].any():
        return None
    text[found[inside & (kinds == ord(","))]] = _MASKED_COMMA
    end_lines(text, found[~inside & (kinds == ord("]"))], found[quotes])
    return lines


def copy_rows(page: bytes, start: int, end: int) -> tuple[pa.Buffer, NDArray[np.uint8]]:
    """Copy rows, and a comma before them, into memory of Arrow's, which is used again for the next ones."""
    lines = pa.allocate_buffer(end - start + 1)
    text = np.frombuffer(lines, np.uint8)
    text[1:] = bytes_of(page, start, end)
    text[0] = ord(",")
    return lines, text


def end_lines(text: NDArray[np.uint8], ends: Places, quotes: Places | None = None) -> None:
    """Make lines of rows whose closing brackets, and the quotes of whose texts, are in these places.

    In front of each are two empty columns, which keep lines from being blank: such lines would be dropped.
    """
    last = len(text) - 1
    if not len(ends) or ends[-1] != last or text[1] != ord("["):
        raise Unrecognised("rows that do not begin or end")
    between = ends[:-1]
    if len(between) and between[-1] > last - len(",[]"):
        raise Unrecognised("rows that do not begin or end")
    if not ((text[between + 1] == ord(",")) & (text[between + 2] == ord("["))).all():
        raise Unrecognised("more than a comma between rows")
    if quotes is not None:
        before, behind = text[quotes[0::2] - 1], text[quotes[1::2] + 1]
        if not (
            ((before == ord(",")) | (before == ord("["))) & ((behind == ord(",")) | (behind == ord("]")))
        ).all():
            raise Unrecognised("more in a field than a text")
    text[ends], text[between + 2], text[1] = ord("\n"), ord(","), ord(",")


def restore(fields: pa.StringArray) -> pa.StringArray:
    """Return the texts that were read as these fields; errors: Unrecognised for what is no escape."""
    validity, offsets, data = fields.buffers()
    held = bytes(data or b"")
    meant = held.translate(_MEANT)
    if meant != held:
        data = pa.py_buffer(meant)
        fields = pa.StringArray.from_buffers(len(fields), offsets, data, validity, offset=fields.offset)
    texts = pc.utf8_slice_codeunits(fields, 1, -1)
    return unescape(texts) if b"\\" in meant else texts


def _mask_quotes(text: NDArray[np.uint8]) -> None:
    """Mask the quotes behind an odd number of backslashes: those do not end a text."""
    slashes = np.flatnonzero(text == ord("\\"))
    if not len(slashes):
        return
    if slashes[-1] == len(text) - 1:
        raise Unrecognised("a backslash at the end")
    escaped = behind_odd_runs(slashes)
    text[escaped[text[escaped] == ord('"')]] = _MASKED_QUOTE

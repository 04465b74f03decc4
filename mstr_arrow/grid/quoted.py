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
from mstr_arrow.grid.places import BLOCK, behind_odd_runs, bytes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mstr_arrow.grid.places import Places

QUOTE = '"'
"""The sign around a field that was a text, which tells ``"5"`` from ``5``."""
_MASKED_QUOTE, _MASKED_COMMA = 1, 2


def to_lines(page: bytes, start: int, end: int) -> pa.Buffer | None:
    """Write rows with texts as CSV, ``[1,null],[2,"a"]`` as ``,,1,null`` and ``,,2,"a"``; None for half a text.

    Errors: Unrecognised for what is certainly no rows.
    """
    lines, text = copy_rows(page, start, end)
    if text.min() < ord(" "):
        raise Unrecognised("a matrix with control characters")
    _mask_quotes(text)
    ends, inside, last = [], False, len(text) - 1
    for at in range(1, last, BLOCK):
        found, inside = _mask_commas(text, at, min(at + BLOCK, last), inside=inside)
        ends.append(found + at)
    if inside:
        return None
    if text[last] != ord("]"):
        raise Unrecognised("rows that do not end")
    end_lines(text, np.concatenate([*ends, [last]]))
    return lines


def _mask_commas(text: NDArray[np.uint8], start: int, end: int, *, inside: bool) -> tuple[Places, bool]:
    """Mask the commas of texts between two places; return where rows end, and whether a text goes on behind them.

    ``inside`` says whether a text goes on at the first place, from which those where rows end are counted.
    """
    part, before, behind = text[start:end], text[start - 1 : end - 1], text[start + 1 : end + 1]
    quotes = part == ord('"')
    within = _within_quotes(quotes) ^ inside
    opening = quotes & within
    misplaced = opening & (before != ord(",")) & (before != ord("["))
    misplaced |= (quotes ^ opening) & (behind != ord(",")) & (behind != ord("]"))
    if misplaced.any():
        raise Unrecognised("more in a field than a text")
    part -= (within & (part == ord(","))).view(np.uint8) * np.uint8(ord(",") - _MASKED_COMMA)
    return np.flatnonzero((part == ord("]")) > within), bool(within[-1])


def _within_quotes(quotes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which bytes an odd number of quotes has come before or is at, 64 of them in a word."""
    bits = np.zeros(-(-len(quotes) // 64) * 8, np.uint8)
    bits[: -(-len(quotes) // 8)] = np.packbits(quotes, bitorder="little")
    words = bits.view("<u8")
    for shift in (1, 2, 4, 8, 16, 32):  # then a bit tells of all before it in its word
        words ^= words << np.uint64(shift)
    words[1:] ^= -np.bitwise_xor.accumulate(words >> np.uint64(63))[:-1]
    return np.unpackbits(bits, count=len(quotes), bitorder="little").view(np.bool_)


def copy_rows(page: bytes, start: int, end: int) -> tuple[pa.Buffer, NDArray[np.uint8]]:
    """Copy rows, and a comma before them, into memory of Arrow's, which is used again for the next ones."""
    lines = pa.allocate_buffer(end - start + 1)
    text = np.frombuffer(lines, np.uint8)
    text[1:] = bytes_of(page, start, end)
    text[0] = ord(",")
    return lines, text


def end_lines(text: NDArray[np.uint8], ends: Places) -> None:
    """Make lines of rows whose closing brackets are in these places.

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
    text[ends], text[between + 2], text[1] = ord("\n"), ord(","), ord(",")


def restore(fields: pa.StringArray) -> pa.StringArray:
    """Return the texts that were read as these fields; errors: Unrecognised for what is no escape."""
    texts = pc.utf8_slice_codeunits(fields, 1, -1)
    validity, offsets, data = texts.buffers()
    held = np.frombuffer(data or b"", np.uint8).copy()
    held[held == _MASKED_QUOTE] = ord('"')
    held[held == _MASKED_COMMA] = ord(",")
    texts = pa.StringArray.from_buffers(len(texts), offsets, pa.py_buffer(held), validity, offset=texts.offset)
    return unescape(texts) if (held == ord("\\")).any() else texts


def _mask_quotes(text: NDArray[np.uint8]) -> None:
    """Mask the quotes behind an odd number of backslashes: those do not end a text."""
    slashes = np.flatnonzero(text == ord("\\"))
    if not len(slashes):
        return
    if slashes[-1] == len(text) - 1:
        raise Unrecognised("a backslash at the end")
    escaped = behind_odd_runs(slashes)
    text[escaped[text[escaped] == ord('"')]] = _MASKED_QUOTE

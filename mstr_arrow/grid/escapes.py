"""Escapes in strings of JSON become the characters that they stand for, all at once. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mstr_arrow.grid.cut import Unrecognised
from mstr_arrow.grid.places import BLOCK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mstr_arrow.grid.places import Places

    Bytes = NDArray[np.uint8]
    Numbers = NDArray[np.int32]

_SIMPLE = np.zeros(256, np.uint8)
"""The meaning of the character behind a backslash, itself where more follows; nothing if it has none."""
for _escape, _meant in zip(b'"\\/bfnrtu', b'"\\/\b\f\n\r\tu', strict=True):
    _SIMPLE[_escape] = _meant
_NO_DIGIT = 255
_HEXADECIMAL = np.full(256, _NO_DIGIT, np.uint8)
for _digit in b"0123456789abcdefABCDEF":
    _HEXADECIMAL[_digit] = int(chr(_digit), 16)
_LONG = 6
"""Bytes of an escape that tells a character by its number."""
_HIGH, _LOW, _PLANE = 0xD800, 0xDC00, 0x10000
"""Where the halves of characters begin that have two of them, and those characters."""


def unescape(texts: pa.StringArray) -> pa.StringArray:
    """Read texts, of which none is null, as JSON does between quotes; errors: Unrecognised for other escapes."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    cuts = np.searchsorted(offsets, np.arange(offsets[0], offsets[-1], BLOCK)).tolist()
    blocks = pairwise([0, *cuts[1:], len(texts)])
    return pa.concat_arrays([_unescape_block(texts[start:end]) for start, end in blocks])


def _unescape_block(texts: pa.StringArray) -> pa.StringArray:
    """Read so many texts that what is made of them stays in the processor's cache."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]].copy()
    offsets = offsets - offsets[0]
    starts = _starts(data)
    meant = _SIMPLE[data[starts + 1]]
    if not meant.all():
        raise Unrecognised("a backslash before a character that needs none")
    data[starts + 1] = meant
    long = meant == ord("u")
    kept = np.ones(len(data), np.bool_)
    kept[starts] = False
    before = np.searchsorted(starts, offsets)
    dropped = np.ones(len(starts), np.int32)
    if long.any():
        ends = np.repeat(offsets[1:], np.diff(before))
        dropped[long] = _put_characters(data, kept, starts[long], ends[long])
    sums = np.concatenate((np.zeros(1, np.int32), np.cumsum(dropped, dtype=np.int32)))
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets - sums[before]), pa.py_buffer(data[kept]))


def _starts(data: Bytes) -> Places:
    """Find the backslashes that begin an escape: each second one where several stand side by side."""
    slashes = np.flatnonzero(data == ord("\\"))
    first = np.diff(slashes, prepend=-2) != 1
    if first.all():
        return slashes
    since = slashes - np.maximum.accumulate(np.where(first, slashes, 0))
    starts: Places = slashes[since % 2 == 0]
    return starts


def _put_characters(data: Bytes, kept: NDArray[np.bool_], starts: Places, ends: Numbers) -> Numbers:
    """Put characters as UTF-8 at the ends of their escapes, which start here; return how many bytes are dropped.

    The texts of which the escapes are a part end at ``ends``.
    """
    if (starts + _LONG > ends).any():
        raise Unrecognised("an escape that ends too early")
    codes = _read_digits(data, starts)
    sizes = 1 + (codes >= 0x80).astype(np.int32) + (codes >= 0x800)
    high, low = codes & -0x400 == _HIGH, codes & -0x400 == _LOW
    if high.any() or low.any():
        followed = np.append((np.diff(starts) == _LONG) & low[1:], [False]) & (starts + 2 * _LONG <= ends)
        if (high & ~followed).any() or np.count_nonzero(high) != np.count_nonzero(low):
            raise Unrecognised("half of a character")
        codes[low] += ((codes[high] - _HIGH) << 10) + _PLANE - _LOW
        sizes[high], sizes[low] = 0, 4
    for number in range(1, _LONG):
        kept[starts + number] = number >= _LONG - sizes
    for size, lead in ((1, 0), (2, 0xC0), (3, 0xE0), (4, 0xF0)):
        chosen = sizes == size
        _put(data, starts[chosen] + _LONG, codes[chosen], size, lead)
    return _LONG - sizes


def _read_digits(data: Bytes, starts: Places) -> Numbers:
    """Read the four digits of each escape."""
    codes = np.zeros(len(starts), np.int32)
    seen = np.zeros(len(starts), np.uint8)
    for place in range(2, _LONG):
        digits = _HEXADECIMAL[data[starts + place]]
        seen |= digits
        codes = codes << 4 | digits
    if (seen == _NO_DIGIT).any():
        raise Unrecognised("an escape of other digits")
    return codes


def _put(data: Bytes, ends: Places, codes: Numbers, size: int, lead: int) -> None:
    """Write characters of a number of bytes: six bits in each but the first, whose ``lead`` tells the number."""
    for number in range(size):
        bits = codes >> 6 * number
        data[ends - 1 - number] = (bits | lead) if number == size - 1 else (bits & 0x3F | 0x80)

"""Escapes in strings of JSON become the characters that they stand for, all at once. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mstr_arrow.grid.cut import Unrecognised

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mstr_arrow.grid.places import Places

    Bytes = NDArray[np.uint8]

_SIMPLE = np.zeros(256, np.uint8)
"""What the character behind a backslash means; nothing if it has none, or more follows."""
for _escape, _meant in zip(b'"\\/bfnrt', b'"\\/\b\f\n\r\t', strict=True):
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
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]].copy()
    offsets = offsets - offsets[0]
    starts = _starts(data)
    kinds = data[starts + 1]
    long = kinds == ord("u")
    meant = _SIMPLE[kinds]
    if (meant[~long] == 0).any():
        raise Unrecognised("a backslash before a character that needs none")
    kept = np.ones(len(data), np.bool_)
    data[starts[~long] + 1] = meant[~long]
    kept[starts] = False
    if long.any():
        _put_characters(data, kept, starts[long], offsets)
    before = np.concatenate((np.zeros(1, np.int32), np.cumsum(kept, dtype=np.int32)))
    return pa.StringArray.from_buffers(
        len(texts), pa.py_buffer(before[offsets]), pa.py_buffer(np.ascontiguousarray(data[kept]))
    )


def _starts(data: Bytes) -> Places:
    """Find the backslashes that begin an escape: each second one where several stand side by side."""
    slashes = np.flatnonzero(data == ord("\\"))
    first = np.diff(slashes, prepend=-2) != 1
    since = slashes - np.maximum.accumulate(np.where(first, slashes, 0))
    starts: Places = slashes[since % 2 == 0]
    return starts


def _put_characters(data: Bytes, kept: NDArray[np.bool_], starts: Places, offsets: NDArray[np.int32]) -> None:
    """Put the characters whose escapes start here in their place, as UTF-8."""
    ends = offsets[np.searchsorted(offsets, starts, "right")]
    if (starts + _LONG > ends).any():
        raise Unrecognised("an escape that ends too early")
    digits = _HEXADECIMAL[data[starts[:, None] + np.arange(2, _LONG)]]
    if (digits == _NO_DIGIT).any():
        raise Unrecognised("an escape of other digits")
    codes = digits.astype(np.int32) @ np.array([16**3, 16**2, 16, 1], np.int32)
    kept[starts[:, None] + np.arange(_LONG)] = False
    low = codes & -0x400 == _LOW
    high = codes & -0x400 == _HIGH
    if high.any() or low.any():
        followed = np.append((np.diff(starts) == _LONG) & low[1:], [False]) & (starts + 2 * _LONG <= ends)
        if (high & ~followed).any() or np.count_nonzero(high) != np.count_nonzero(low):
            raise Unrecognised("half of a character")
        codes[high] = ((codes[high] - _HIGH) << 10) + (codes[low] - _LOW) + _PLANE
        starts, codes = starts[~low], codes[~low]
    for size, least, most, lead in ((1, 0, 0x80, 0), (2, 0x80, 0x800, 0xC0), (3, 0x800, _PLANE, 0xE0)):
        chosen = (codes >= least) & (codes < most)
        _put(data, kept, starts[chosen], codes[chosen], size, lead)
    _put(data, kept, starts[codes >= _PLANE], codes[codes >= _PLANE], 4, 0xF0)


def _put(  # noqa: PLR0917 - the parts of one character
    data: Bytes, kept: NDArray[np.bool_], at: Places, codes: NDArray[np.int32], size: int, lead: int
) -> None:
    """Write characters of a number of bytes: six bits in each but the first, whose ``lead`` tells the number."""
    for number in range(size):
        bits = codes >> 6 * (size - 1 - number)
        data[at + number] = (bits | lead) if number == 0 else (bits & 0x3F | 0x80)
        kept[at + number] = True

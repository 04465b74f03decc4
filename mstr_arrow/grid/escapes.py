"""Strings of JSON become the texts that they stand for, all at once. Pure.

Backslashes are dropped by their places, unless characters are told by their numbers: then many strings are made
one, which orjson reads.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pyarrow as pa

from mstr_arrow.grid.cut import Unrecognised
from mstr_arrow.grid.places import BLOCK, texts_between

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mstr_arrow.grid.places import Places

    Bytes = NDArray[np.uint8]
    Numbers = NDArray[np.int32]

_SIMPLE = np.zeros(256, np.uint8)
"""The meaning of the character behind a backslash; nothing if it has none by itself."""
for _escape, _meant in zip(b'"\\/bfnrt', b'"\\/\b\f\n\r\t', strict=True):
    _SIMPLE[_escape] = _meant


class _Numbered(Exception):
    """A character is told by its number, or by nothing that JSON knows."""


_MARKS = b"\x7f~^`"
"""Signs that may stand in place of the quotes between strings: nearly always the first is in no text."""


def read_strings(data: pa.Buffer, opening: Places, closing: Places) -> pa.StringArray:
    """Read the strings whose quotes are in these places of the data; errors: Unrecognised for what is none."""
    if not len(opening):
        return pa.nulls(0, pa.string())
    texts = texts_between(data, opening, closing)
    if not (np.frombuffer(texts.buffers()[2] or b"", np.uint8) == ord("\\")).any():
        return texts
    try:
        return pa.concat_arrays([_unescape_simple(*block) for block in _blocks(texts)])
    except _Numbered:
        strings = texts_between(data, opening - 1, closing + 1)
        return pa.concat_arrays([_unescape_numbered(*block) for block in _blocks(strings)])


def _blocks(texts: pa.StringArray) -> Iterator[tuple[Bytes, Numbers]]:
    """Divide texts, so that what is made of some at once stays in the processor's cache: their data, their ends."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1)
    data = np.frombuffer(texts.buffers()[2], np.uint8)
    cuts = np.searchsorted(offsets, np.arange(0, offsets[-1], BLOCK)).tolist()
    for start, end in pairwise([0, *cuts[1:], len(texts)]):
        if start < end:
            yield data[offsets[start] : offsets[end]], offsets[start : end + 1] - offsets[start]


def _unescape_simple(data: Bytes, offsets: Numbers) -> pa.StringArray:
    """Read texts between quotes; errors: _Numbered where a backslash has a meaning by more than one character."""
    data = data.copy()
    starts = _starts(data)
    meant = _SIMPLE[data[starts + 1]]
    if not meant.all():
        raise _Numbered
    data[starts + 1] = meant
    kept = np.ones(len(data), np.bool_)
    kept[starts] = False
    ends = offsets - np.searchsorted(starts, offsets).astype(np.int32)
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(ends), pa.py_buffer(data[kept]))


def _starts(data: Bytes) -> Places:
    """Find the backslashes that begin an escape: each second one where several stand side by side."""
    slashes = np.flatnonzero(data == ord("\\"))
    first = np.diff(slashes, prepend=-2) != 1
    if first.all():
        return slashes
    since = slashes - np.maximum.accumulate(np.where(first, slashes, 0))
    starts: Places = slashes[since % 2 == 0]
    return starts


def _unescape_numbered(data: Bytes, offsets: Numbers) -> pa.StringArray:
    """Read strings in their quotes, of which other characters than quotes make one string."""
    held = bytearray(b'"%b"' % data.tobytes())
    whole = np.frombuffer(held, np.uint8)
    opening, closing = offsets[:-1] + 1, offsets[1:]
    for mark in _MARKS:
        whole[opening] = whole[closing] = mark
        try:
            read = orjson.loads(held).encode()
        except orjson.JSONDecodeError as error:
            raise Unrecognised("an escape that is none") from error
        marks = np.flatnonzero(np.frombuffer(read, np.uint8) == mark)
        if len(marks) == 2 * len(opening):
            return texts_between(pa.py_buffer(read), marks[::2], marks[1::2])
    raise Unrecognised("texts with all that could stand between them")

"""Where bytes stand in a text: all places at once, without a Python object for each. Pure.

Numpy leaves the interpreter's lock to others meanwhile, which searching in bytes does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Places = NDArray[np.intp]
    """Places in a text, in ascending order."""

BLOCK = 2**18
"""Bytes that are looked at together: few enough for what is made of them to stay in the processor's cache."""
_WORD = 8


def bytes_of(text: bytes, start: int = 0, end: int | None = None) -> NDArray[np.uint8]:
    """View the bytes from ``start`` to ``end`` as numbers, without a copy."""
    return np.frombuffer(text, np.uint8)[start:end]


def drop_escaped(quotes: NDArray[np.bool_], backslashes: NDArray[np.bool_]) -> None:
    """Leave out the quotes behind an odd number of backslashes, which end no text; there is a backslash."""
    if not (backslashes[1:] & backslashes[:-1]).any():
        np.greater(quotes[1:], backslashes[:-1], out=quotes[1:])
        return
    places = np.flatnonzero(backslashes)
    ends = np.flatnonzero(np.diff(places, append=-1) != 1)
    last = places[ends[np.diff(ends, prepend=-1) % 2 == 1]]
    quotes[last[last < len(quotes) - 1] + 1] = False


def find_lists(text: bytes, keys: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Find JSON keys that end in ``[[`` or ``[{``, each with its place, in order."""
    whole = bytes_of(text)
    for start in range(0, len(text) - 1, BLOCK):
        block = whole[start : start + BLOCK + 1]
        # A bracket with another one, or a brace, right behind it.
        lists = block[:-1] == ord("[")
        lists &= (block[1:] | (ord("[") ^ ord("{"))) == ord("{")
        if lists.any():
            brackets = np.flatnonzero(lists) + start
            found = [(at, key) for key in keys for at in _starts(text, key, brackets - (len(key) - 2)).tolist()]
            yield from sorted(found)


def _starts(text: bytes, key: bytes, at: Places) -> Places:
    at = at[at >= 0]
    return at[stand(text, key, at)]


def stand(text: bytes, expected: bytes, at: Places, start: int = 0) -> NDArray[np.bool_]:
    """Tell at which places of a text, counted from ``start``, these bytes stand."""
    size = -(-len(expected) // _WORD)
    padding = size * _WORD - len(expected)
    wanted = np.frombuffer(expected + bytes(padding), np.uint64)
    mask = np.frombuffer(b"\xff" * (_WORD - padding) + bytes(padding), np.uint64)
    # As something without a meaning, all bytes from a place on are copied at once, wherever it is.
    count = len(text) - start - size * _WORD + 1
    views = np.ndarray((max(count, 0),), f"V{size * _WORD}", text, start if count > 0 else 0, (1,))
    near = int(np.searchsorted(at, count))
    words = views[at[:near]].view(np.uint64).reshape(-1, size)
    equal = np.empty(len(at), np.bool_)
    equal[:near] = (words[:, -1] & mask) == wanted[-1]
    for number in range(size - 1):
        equal[:near] &= words[:, number] == wanted[number]
    # The last words would end behind the text.
    equal[near:] = [text.startswith(expected, place + start) for place in at[near:].tolist()]
    return equal


def texts_between(data: pa.Buffer, opening: Places, closing: Places) -> pa.StringArray:
    """Copy the texts between two quotes each out of the data."""
    count = len(opening)
    bounds = np.empty((count, 2), np.int32)
    bounds[:, 0], bounds[:, 1] = opening, closing
    bounds[:, 0] += 1
    texts = pa.StringArray.from_buffers(2 * count - 1, pa.py_buffer(bounds), data)
    # Every other one is what stands between two texts.
    return texts.take(whole_numbers(np.arange(0, 2 * count, 2, dtype=np.int32)))


def whole_numbers(values: NDArray[np.int32]) -> pa.Int32Array:
    """Hand numbers over to Arrow."""
    return pa.Array.from_buffers(pa.int32(), len(values), [None, pa.py_buffer(values)])

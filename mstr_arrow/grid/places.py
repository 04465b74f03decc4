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

_BLOCK = 2**18
"""Bytes that are looked at together: few enough for what is made of them to stay in the processor's cache."""
_WORD = 8


def bytes_of(text: bytes, start: int = 0, end: int | None = None) -> NDArray[np.uint8]:
    """View the bytes from ``start`` to ``end`` as numbers, without a copy."""
    return np.frombuffer(text, np.uint8)[start:end]


def places_of(text: NDArray[np.uint8], byte: bytes, most: int) -> Places | None:
    """Find a byte; None where it stands in more than ``most`` places, each of which takes eight bytes."""
    found = text == ord(byte)
    return None if np.count_nonzero(found) > most else np.flatnonzero(found)


def unescaped(quotes: Places, backslashes: Places) -> Places:
    """Leave out the quotes that are part of a string of JSON, behind an odd number of backslashes."""
    if not len(backslashes):
        return quotes
    ends = np.append(np.flatnonzero(np.diff(backslashes) != 1), len(backslashes) - 1)
    odd = np.diff(ends, prepend=-1) % 2 == 1
    return quotes[~np.isin(quotes, backslashes[ends[odd]] + 1, assume_unique=True)]


def find_lists(text: bytes, keys: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Find JSON keys that end in ``[[`` or ``[{``, each with its place, in order."""
    whole, words = bytes_of(text), Words(text)
    for start in range(0, len(text) - 1, _BLOCK):
        block = whole[start : start + _BLOCK + 1]
        brackets = np.flatnonzero(block[:-1] == ord("["))
        inside = block[brackets + 1] | (ord("[") ^ ord("{"))
        brackets = brackets[inside == ord("{")] + start
        if len(brackets):
            found = [(at, key) for key in keys for at in _starts(words, key, brackets - (len(key) - 2)).tolist()]
            yield from sorted(found)


def _starts(words: Words, key: bytes, at: Places) -> Places:
    at = at[at >= 0]
    return at[words.equal(key, at)]


class Words:
    """What stands in a text from any place on, eight bytes at a time."""

    def __init__(self, text: bytes, start: int = 0) -> None:
        """Take the text from ``start`` on."""
        self._bytes = bytes_of(text, start)
        count = max(len(self._bytes) - _WORD + 1, 0)
        self._words = np.ndarray((count,), np.uint64, text, start, (1,)) if count else np.empty(0, np.uint64)

    def equal(self, expected: bytes, at: Places) -> NDArray[np.bool_]:
        """Tell at which places these bytes stand; at each as many must be left of the text."""
        equal = np.ones(len(at), np.bool_)
        if len(expected) < _WORD:
            for step, byte in enumerate(expected):
                equal &= self._bytes[at + step] == byte
            return equal
        for step in (*range(0, len(expected) - _WORD, _WORD), len(expected) - _WORD):
            equal &= self._words[at + step] == np.frombuffer(expected, np.uint64, 1, step)
        return equal

    def stand(self, expected: bytes, at: Places) -> bool:
        """Tell whether these bytes stand at each of the places."""
        if len(at) and at[-1] + len(expected) > len(self._bytes):
            return False
        return bool(self.equal(expected, at).all())


def integers(numbers: NDArray[np.int32]) -> pa.Array:
    """Hand numbers over to Arrow, without a copy and without a look for pandas."""
    return pa.Array.from_buffers(pa.int32(), len(numbers), [None, pa.py_buffer(numbers)])


def truths(values: NDArray[np.bool_]) -> pa.BooleanArray:
    """Hand truth values over to Arrow."""
    bits = np.packbits(values, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])

"""Where the cells of a JSON matrix begin and end, found by what stands between them. Pure.

Commas and brackets within texts are told from others by the quotes before them, all at once. Cells are copied out
of the page as they are written, texts with their quotes, which tells ``"5"`` from ``5``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mstr_arrow.grid.cut import Piece, Unrecognised
from mstr_arrow.grid.places import bytes_of, drop_escaped, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mstr_arrow.grid.places import Places

_SLICE = 2**19
"""Bytes of a matrix that are read together: rows enough to be quick, and few enough for the processor's cache."""
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some rows of a matrix: ``marks`` has, for each row, where what stands before and behind each cell is.

    ``nulls`` says of each cell, as of what stands before it, whether it is null; None where none is.
    """

    data: pa.Buffer
    marks: Places
    nulls: NDArray[np.bool_] | None

    def fields(self, columns: Sequence[int]) -> pa.StringArray:
        """View the cells of some columns, row by row, with a null behind each, which `drop_gaps` leaves out."""
        count = len(self.marks) * len(columns)
        bounds = np.empty(2 * count + 1, np.int32)
        pairs = bounds[:-1].reshape(-1, len(columns), 2)
        own, next_ones = _choice(columns), _choice([column + 1 for column in columns])
        pairs[:, :, 0] = self.marks[:, own]
        pairs[:, :, 0] += 1
        pairs[:, :, 1] = self.marks[:, next_ones]
        bounds[-1] = bounds[-2]
        valid = np.zeros((len(self.marks), len(columns), 2), np.bool_)
        valid[:, :, 0] = True if self.nulls is None else ~self.nulls[:, own]
        bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
        return pa.StringArray.from_buffers(2 * count, pa.py_buffer(bounds), self.data, bits)

    def second_letters(self, columns: Sequence[int]) -> NDArray[np.uint8]:
        """Read the second byte of each cell of some columns; of shorter ones, one behind them."""
        text = np.frombuffer(self.data, np.uint8)
        return text[np.minimum(self.marks[:, _choice(columns)] + 2, len(text) - 1)]


def drop_gaps(array: pa.Array) -> pa.Array:
    """Leave out what stands behind each cell, in whatever was made of `Rows.fields`."""
    return array.take(whole_numbers(np.arange(0, len(array), 2, dtype=np.int32)))


def _choice(columns: Sequence[int]) -> slice | Sequence[int]:
    """Choose columns that are equally far from each other by a slice, which is quicker."""
    steps = {after - before for before, after in pairwise(columns)} or {1}
    return slice(columns[0], columns[-1] + 1, *steps) if len(steps) == 1 else columns


def read_rows(piece: Piece, columns: int) -> Iterator[Rows]:
    """Read a matrix some rows at a time; errors: Unrecognised for what has other than rows of so many cells."""
    start, size = piece.start + 1, _SLICE
    while start < piece.end:
        end = piece.page.find(b"],[", start + size, piece.end) + 1 or piece.end - 1
        rows = _rows(piece.page, start, end, columns)
        if rows is not None:
            yield rows
            start, size = end + 1, _SLICE
        elif end < piece.end - 1:
            size *= 2  # what seemed to be between two rows is in a text
        else:
            raise Unrecognised("a text that does not end")


def _rows(page: bytes, start: int, end: int, columns: int) -> Rows | None:
    """Find the cells of rows; None for half a text."""
    text = bytes_of(page, start, end)
    if len(text) > _LARGEST or text.min(initial=255) < ord(" "):
        raise Unrecognised("a matrix with control characters")
    # Few letters besides are found by that, none of which JSON has outside of texts.
    between = text == ord(",")
    between |= (text | (ord("[") ^ ord("]"))) == (ord("[") | ord("]"))
    quotes = text == ord('"')
    quoted = bool(quotes.any())
    if quoted:
        backslashes = text == ord("\\")
        if backslashes.any():
            drop_escaped(quotes, backslashes)
        within = _within_quotes(quotes)
        if within[-1]:
            return None
        between = np.greater(between, within, out=within)
    marks = _marks(text, np.flatnonzero(between), columns)
    # Behind brackets and between rows stand no cells, and neither of what is looked for here.
    first = text[1:].take(marks, mode="clip")
    if quoted:
        _check_texts(quotes, marks, first)
    nulls = _nulls(text, marks, first)
    shape = (-1, columns + 2)
    data = pa.py_buffer(page).slice(start, len(text))
    return Rows(data, marks.reshape(shape), None if nulls is None else nulls.reshape(shape))


def _marks(text: NDArray[np.uint8], found: Places, columns: int) -> Places:
    """Check what stands between cells, row by row: ``[``, commas, ``]`` and, but for the last row, a comma."""
    rows, more = divmod(len(found) + 1, columns + 2)
    if more or not rows or found[0] or found[-1] != len(text) - 1:
        raise Unrecognised("rows of another shape")
    row = np.frombuffer(b"[" + b"," * (columns - 1) + b"],", np.uint8)
    marks = np.append(found, len(text))
    closing = marks[columns :: columns + 2][:-1]
    if (
        (text.take(found) != np.tile(row, rows)[:-1]).any()
        or (marks[columns + 1 :: columns + 2][:-1] - closing != 1).any()
        or (marks[columns + 2 :: columns + 2] - closing != len("],")).any()
    ):
        raise Unrecognised("rows of another shape")
    return marks


def _check_texts(quotes: NDArray[np.bool_], marks: Places, first: NDArray[np.uint8]) -> None:
    """Check that each text fills a cell: a cell has an even number of quotes, for it ends outside of texts."""
    ends = marks[np.flatnonzero(first[:-1] == ord('"')) + 1]
    if 2 * len(ends) != np.count_nonzero(quotes) or not quotes[ends - 1].all():
        raise Unrecognised("more in a cell than a text")


def _nulls(text: NDArray[np.uint8], marks: Places, first: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    nulls: NDArray[np.bool_] = first == ord("n")
    if not nulls.any():
        return None
    at = np.flatnonzero(nulls)
    starts = marks[at]
    if (marks[at + 1] - starts != len(",null")).any() or any(
        (text[starts + number] != letter).any() for number, letter in enumerate(b"null", 1)
    ):
        raise Unrecognised("a cell that is nearly null")
    return nulls


def _within_quotes(quotes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which bytes an odd number of quotes has come before or is at, 64 of them in a word."""
    bits = np.zeros(-(-len(quotes) // 64) * 8, np.uint8)
    bits[: -(-len(quotes) // 8)] = np.packbits(quotes, bitorder="little")
    words = bits.view("<u8")
    for shift in (1, 2, 4, 8, 16, 32):  # then a bit tells of all before it in its word
        words ^= words << np.uint64(shift)
    words[1:] ^= -np.bitwise_xor.accumulate(words >> np.uint64(63))[:-1]
    return np.unpackbits(bits, count=len(quotes), bitorder="little").view(np.bool_)

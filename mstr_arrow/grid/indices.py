"""Matrices of element indices, read column by column and digit by digit from where their numbers end. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mstr_arrow.grid.places import BLOCK, bytes_of, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from mstr_arrow.grid.cut import Piece
    from mstr_arrow.grid.places import Places

_ZERO, _NINE, _COMMA = ord("0"), 9, ord(",")
_MOST_DIGITS = 9


def read_indices(piece: Piece, columns: int) -> list[pa.Array] | None:
    """Read a JSON array of equally long arrays of whole numbers from 0 to 999,999,999, without white space.

    None where it has other numbers, or is not surely one.
    """
    blocks = []
    for start, end in _blocks(piece):
        block = _read_rows(bytes_of(piece.page, start, end), columns, last=end == piece.end)
        if block is None:
            return None
        blocks.append(block)
    return [whole_numbers(np.concatenate(column)) for column in zip(*blocks, strict=True)]


def _blocks(piece: Piece) -> Iterator[tuple[int, int]]:
    """Divide a matrix between rows: each part ends with what stands behind a row, a comma or the last bracket."""
    start = piece.start + 1
    while start < piece.end:
        behind = piece.page.rfind(b"],[", start, start + BLOCK) + 2
        end = behind if behind > start and piece.end - start > BLOCK else piece.end
        yield start, end
        start = end


def _read_rows(text: NDArray[np.uint8], columns: int, *, last: bool) -> list[NDArray[np.int32]] | None:
    digits = text - _ZERO
    others = digits > _NINE
    marks = _marks(text, np.flatnonzero(others), columns, last=last)
    # In JSON no digit follows a zero that begins a number.
    if marks is None or ((digits[1:-1] == 0) & others[:-2] & ~others[2:]).any():
        return None
    result = []
    for number in range(columns):
        ends = marks[:, number + 1]
        lengths = ends - marks[:, number] - 1
        longest = int(lengths.max())
        if lengths.min() < 1 or longest > _MOST_DIGITS:
            return None
        result.append(_numbers(digits, ends, lengths.astype(np.uint8), longest))
    return result


def _marks(text: NDArray[np.uint8], found: Places, columns: int, *, last: bool) -> Places | None:
    """Arrange all that is no digit by rows: ``[``, a comma between each two numbers, ``]``, and a comma behind.

    None if there is anything else. Behind the last row stands a bracket.
    """
    rows, more = divmod(len(found), columns + 2)
    if more or not rows:
        return None
    kinds = text[found]
    if last and kinds[-1] == ord("]"):
        kinds[-1] = _COMMA
    if not (kinds == np.tile(np.frombuffer(b"[" + b"," * (columns - 1) + b"],", np.uint8), rows)).all():
        return None
    marks = found.reshape(rows, columns + 2)
    opening, closing, behind = marks[:, 0], marks[:, -2], marks[:, -1]
    beside = opening[0] == 0 and behind[-1] == len(text) - 1
    return marks if beside and (behind - closing == 1).all() and (opening[1:] - behind[:-1] == 1).all() else None


def _numbers(
    digits: NDArray[np.uint8], ends: Places, lengths: NDArray[np.uint8], longest: int
) -> NDArray[np.int32]:
    """Add up the digits of numbers that end before ``ends``, the last ones first."""
    at = ends - 1
    numbers = digits[at].astype(np.int32)
    for place in range(1, longest):
        at -= 1
        digit = digits[at]
        digit *= (lengths > place).view(np.uint8)
        numbers += np.multiply(digit, 10**place, dtype=np.int32)
    return numbers

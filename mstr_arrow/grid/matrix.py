"""The two matrices of a page, read column by column by Arrow's CSV reader.

Neither makes a Python object per cell or holds the interpreter lock. What is not certain to be read as JSON
means it raises `Unrecognised` or pa.ArrowInvalid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from mstr_arrow.grid.convert import parse_texts
from mstr_arrow.grid.cut import Piece, Unrecognised
from mstr_arrow.grid.quoted import QUOTE, copy_rows, end_lines, restore, to_lines
from mstr_arrow.grid.server_types import FLOAT64, STRING, is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BEYOND_JSON = (b"\n", b"\r", b"x", b"X")
"""With these Arrow would see other lines or hexadecimal numbers; other bytes that JSON has not make none."""
_SLICE = 2**20
"""Bytes of a matrix that are read together: rows enough to be quick, and few enough for the processor's cache."""
MARKED = pa.large_string()
"""Read values of several types as this, and give each its own with `cast_values`."""
_JSON_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"


def read_numbers(piece: Any, types: Sequence[pa.DataType]) -> list[pa.Array]:
    """Read a JSON array of equally long arrays of numbers and nulls."""
    if not isinstance(piece, Piece):
        raise Unrecognised("a matrix that was not cut")
    slices = []
    for start, end in _slices(piece):
        if any(piece.page.find(byte, start, end) >= 0 for byte in _BEYOND_JSON):
            raise Unrecognised("a matrix with more than numbers and nulls")
        slices.append(_read_lines(_lines_of_numbers(piece.page, start, end), types))
    return _join(slices, types)


def read_values(piece: Any, types: Sequence[pa.DataType]) -> list[pa.Array]:
    """Read a JSON array of equally long arrays of numbers, nulls, truth values and texts."""
    if not isinstance(piece, Piece):
        raise Unrecognised("a matrix that was not cut")
    raw = [to if is_number(to) or pa.types.is_boolean(to) or to == MARKED else STRING for to in types]
    arrays = _join([_read_lines(lines, raw) for lines in _lines_of_texts(piece)], raw)
    return [
        _cast_texts(array.dictionary_encode(), to) if array.type == STRING else array
        for array, to in zip(arrays, types, strict=True)
    ]


def _slices(piece: Piece) -> Iterator[tuple[int, int]]:
    """Divide a matrix between rows; the brackets of the rows are inside."""
    start = piece.start + 1
    while (end := piece.page.find(b"],[", start + _SLICE, piece.end)) >= 0:
        yield start, end + 1
        start = end + 2
    yield start, piece.end - 1


def _lines_of_numbers(page: bytes, start: int, end: int) -> pa.Buffer:
    lines, text = copy_rows(page, start, end)
    end_lines(text, np.flatnonzero(text == ord("]")))
    return lines


def _lines_of_texts(piece: Piece) -> Iterator[pa.Buffer]:
    """Write a matrix with texts as CSV, slice by slice."""
    start, size = piece.start + 1, _SLICE
    while start < piece.end:
        end = piece.page.find(b"],[", start + size, piece.end) + 1 or piece.end - 1
        lines = to_lines(piece.page, start, end)
        if lines is not None:
            yield lines
            start, size = end + 1, _SLICE
        elif end < piece.end - 1:
            size *= 2  # what seemed to be between two rows is in a text
        else:
            raise Unrecognised("a text that does not end")


def _read_lines(lines: pa.Buffer, types: Sequence[pa.DataType]) -> list[pa.ChunkedArray]:
    """Read CSV without quoting, whose columns, but for two empty ones in front of them, are of these types."""
    names = [str(number) for number in range(len(types))]
    table = pa.csv.read_csv(
        pa.BufferReader(lines),
        read_options=pa.csv.ReadOptions(
            use_threads=False, column_names=["empty", "empty too", *names], block_size=len(lines) + 1
        ),
        parse_options=pa.csv.ParseOptions(quote_char=False, double_quote=False, escape_char=False),
        convert_options=pa.csv.ConvertOptions(
            # Arrow's reader lets decimals out of range wrap around; parse_texts does not.
            column_types={
                name: pa.string() if pa.types.is_decimal(to) else to for name, to in zip(names, types, strict=True)
            },
            include_columns=names,
            null_values=["null"],
            true_values=["true", "1"],
            false_values=["false", "0"],
            strings_can_be_null=True,
        ),
    )
    return list(table.columns)


def _join(slices: Sequence[list[pa.ChunkedArray]], types: Sequence[pa.DataType]) -> list[pa.Array]:
    """Join what was read of the slices of a matrix, column by column."""
    arrays = []
    for columns, to in zip(zip(*slices, strict=True), types, strict=True):
        chunks = [chunk for column in columns for chunk in column.chunks]
        array = pa.chunked_array(chunks, columns[0].type).combine_chunks()
        arrays.append(_decimals(array, to) if array.type != to else array)
    return arrays


def _decimals(texts: pa.StringArray, to: pa.DataType) -> pa.Array:
    if pc.min(pc.binary_length(texts)).as_py() == 0:
        raise Unrecognised("a value is missing")
    return parse_texts(texts, to)


def _cast_texts(array: pa.DictionaryArray, to: pa.DataType) -> pa.Array:
    """Give texts their own characters and their type; numbers are texts only in a text column."""
    texts = _texts(array.dictionary, to)
    if not is_text(to):
        return parse_texts(texts, to).take(array.indices)
    if _spelt_once(array.dictionary):
        return pa.DictionaryArray.from_arrays(array.indices, texts)
    encoded = texts.dictionary_encode()
    indices = array.indices if len(encoded.dictionary) == len(texts) else encoded.indices.take(array.indices)
    return pa.DictionaryArray.from_arrays(indices, encoded.dictionary)


def _spelt_once(fields: pa.StringArray) -> bool:
    """Tell whether different fields are certainly different texts: no ``5`` and ``"5"``, no letter as an escape."""
    spelling = np.frombuffer(fields.buffers()[2] or b"", np.uint8)
    escapes = spelling[1:][spelling[:-1] == ord("\\")]
    several = ((escapes == ord("u")) | (escapes == ord("/"))).any()
    return not several and pc.all(pc.starts_with(fields, QUOTE)).as_py() is not False


def _texts(fields: pa.Array, to: pa.DataType) -> pa.Array:
    quoted = pc.starts_with(fields, QUOTE)
    if pc.all(quoted).as_py() is not False:
        return restore(fields)
    others = fields.filter(pc.invert(quoted))
    if not is_text(to) or not pc.all(pc.match_substring_regex(others, _JSON_NUMBER)).as_py():
        raise Unrecognised("texts among other values")
    return pc.replace_with_mask(fields, quoted, restore(fields.filter(quoted)))


def cast_values(array: pa.Array, to: pa.DataType) -> pa.Array:
    """Give values that were read as `MARKED` their type; errors: Unrecognised, pa.ArrowInvalid."""
    if not (is_number(to) or pa.types.is_boolean(to)):
        return _cast_texts(array.cast(pa.string()).dictionary_encode(), to)
    texts = array.cast(pa.string())
    if pc.any(pc.starts_with(texts, QUOTE)).as_py():
        raise Unrecognised("texts among numbers")
    result = pc.cast(pc.cast(texts, FLOAT64), to) if pa.types.is_floating(to) else parse_texts(texts, to)
    check_finite(result)
    return result


def check_finite(array: pa.Array) -> None:
    """Leave a number beyond the range of its type to the plain decoder; errors: Unrecognised."""
    if pa.types.is_floating(array.type) and pc.all(pc.is_finite(array)).as_py() is False:
        raise Unrecognised("a number beyond the range of its type")

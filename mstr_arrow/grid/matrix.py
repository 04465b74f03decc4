"""The two matrices of a page, read column by column: numbers by Arrow's CSV reader, texts by where their cells are.

Neither makes a Python object per cell. What is not certain to be read as JSON means it raises `Unrecognised` or
pa.ArrowInvalid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from mstr_arrow.arrays import make_array
from mstr_arrow.grid.cells import drop_gaps, read_rows
from mstr_arrow.grid.convert import parse_texts
from mstr_arrow.grid.cut import Piece, Unrecognised
from mstr_arrow.grid.places import bytes_of, whole_numbers
from mstr_arrow.grid.quoted import QUOTE, restore
from mstr_arrow.grid.server_types import FLOAT64, is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mstr_arrow.grid.cells import Rows
    from mstr_arrow.grid.places import Places

_BEYOND_JSON = (b"\n", b"\r", b"x", b"X")
"""With these Arrow would see other lines or hexadecimal numbers; other bytes that JSON has not make none."""
_SLICE = 2**20
"""Bytes of a matrix that are read together: rows enough to be quick, and few enough for the processor's cache."""
MARKED = pa.large_string()
"""Read values of several types as this, and give each its own with `cast_values`."""
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
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


def read_values(piece: Any, types: Sequence[pa.DataType], own: Sequence[Any] | None = None) -> list[pa.Array]:
    """Read a JSON array of equally long arrays of numbers, nulls, truth values and texts.

    Columns of texts or moments for which ``own`` has the same have one dictionary; without it each has its own.
    """
    if not isinstance(piece, Piece) or not types:
        raise Unrecognised("a matrix that was not cut")
    together: dict[tuple[pa.DataType, Any], list[int]] = {}
    for number, (to, mine) in enumerate(zip(types, own or range(len(types)), strict=True)):
        together.setdefault((to, None if _is_alike(to) else mine), []).append(number)
    read: dict[tuple[pa.DataType, Any], list[pa.Array]] = {key: [] for key in together}
    for rows in read_rows(piece, len(types)):
        for key, numbers in together.items():
            read[key].append(_read_cells(rows, numbers, key[0]))
    arrays: list[pa.Array] = [None] * len(types)
    for key, numbers in together.items():
        whole = _join_cells(read.pop(key), key[0])
        for number, array in zip(numbers, _by_column(whole, len(numbers)), strict=True):
            arrays[number] = array
    return arrays


def _is_alike(to: pa.DataType) -> bool:
    """Tell whether columns of a type are read alike whatever is in others; moments may have offsets, or not."""
    return is_number(to) or pa.types.is_boolean(to) or to == MARKED


def _read_cells(rows: Rows, columns: Sequence[int], to: pa.DataType) -> pa.Array:
    """Read the numbers in some columns; other cells wait for those of all rows."""
    fields = rows.fields(columns)
    if pa.types.is_decimal(to):
        return _decimals(drop_gaps(fields), to)
    if pa.types.is_integer(to) and (rows.second_letters(columns) | 0x20 == ord("x")).any():
        raise Unrecognised("hexadecimal numbers")
    return drop_gaps(pc.cast(fields, to)) if is_number(to) else fields


def _join_cells(parts: Sequence[pa.Array], to: pa.DataType) -> pa.Array:
    if is_number(to):
        return pa.concat_arrays(parts)
    if to == MARKED:
        fields = drop_gaps(pa.concat_arrays(parts))
        fields.validate(full=True)  # those of pages may be no UTF-8
        return fields.cast(MARKED)
    encoded = pa.chunked_array(parts).dictionary_encode().combine_chunks()
    encoded.dictionary.validate(full=True)
    indices = drop_gaps(encoded.indices)
    if not pa.types.is_boolean(to):
        return _cast_texts(pa.DictionaryArray.from_arrays(indices, encoded.dictionary), to)
    words = encoded.dictionary[: len(_TRUTHS) + 1].to_pylist()
    if not _TRUTHS.keys() >= set(words):
        raise Unrecognised("other values among truth values")
    return make_array([_TRUTHS[word] for word in words], to).take(indices)


def _by_column(array: pa.Array, columns: int) -> list[pa.Array]:
    """Divide values that follow each other row by row into columns."""
    if columns == 1:
        return [array]
    rows = len(array) // columns
    order = whole_numbers(np.arange(len(array), dtype=np.int32).reshape(rows, columns).T.ravel())
    array = pc.take(array, order, boundscheck=False)
    return [array.slice(number * rows, rows) for number in range(columns)]


def _slices(piece: Piece) -> Iterator[tuple[int, int]]:
    """Divide a matrix between rows; the brackets of the rows are inside."""
    start = piece.start + 1
    while (end := piece.page.find(b"],[", start + _SLICE, piece.end)) >= 0:
        yield start, end + 1
        start = end + 2
    yield start, piece.end - 1


def _lines_of_numbers(page: bytes, start: int, end: int) -> pa.Buffer:
    lines, text = _copy_rows(page, start, end)
    _end_lines(text, np.flatnonzero(text == ord("]")))
    return lines


def _copy_rows(page: bytes, start: int, end: int) -> tuple[pa.Buffer, NDArray[np.uint8]]:
    """Copy rows, and a comma before them, into memory of Arrow's, which is used again for the next ones."""
    lines = pa.allocate_buffer(end - start + 1)
    text = np.frombuffer(lines, np.uint8)
    text[1:] = bytes_of(page, start, end)
    text[0] = ord(",")
    return lines, text


def _end_lines(text: NDArray[np.uint8], ends: Places) -> None:
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
    fields = array.dictionary
    quoted = pc.starts_with(fields, QUOTE)
    all_quoted = pc.all(quoted).as_py() is not False
    texts = restore(fields) if all_quoted else _read_mixed(fields, quoted, to)
    if not is_text(to):
        return parse_texts(texts, to).take(array.indices)
    if all_quoted and _spelt_once(fields):
        return pa.DictionaryArray.from_arrays(array.indices, texts)
    encoded = texts.dictionary_encode()
    indices = array.indices if len(encoded.dictionary) == len(texts) else encoded.indices.take(array.indices)
    return pa.DictionaryArray.from_arrays(indices, encoded.dictionary)


def _spelt_once(fields: pa.StringArray) -> bool:
    """Tell whether different fields are certainly different texts: no letter is an escape."""
    spelling = np.frombuffer(fields.buffers()[2] or b"", np.uint8)
    escapes = spelling[np.flatnonzero(spelling[:-1] == ord("\\")) + 1]
    return not ((escapes == ord("u")) | (escapes == ord("/"))).any()


def _read_mixed(fields: pa.StringArray, quoted: pa.BooleanArray, to: pa.DataType) -> pa.StringArray:
    """Read texts among which are numbers; ``5`` and ``"5"`` are one text."""
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

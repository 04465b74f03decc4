"""The two matrices of a page, read column by column by Arrow's CSV reader.

Neither makes a Python object per cell or holds the interpreter lock. What is not certain to be read as JSON
means it raises `Unrecognised` or pa.ArrowInvalid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from mstr_arrow.grid.convert import parse_texts
from mstr_arrow.grid.cut import Piece, Unrecognised
from mstr_arrow.grid.quoted import MARK, restore, to_lines
from mstr_arrow.grid.types import FLOAT64, TEXT, is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Sequence

# ":[[1,null],[2,3]]" becomes ",1,null\n,2,3\n\n": a closing bracket ends a line, and the comma between two rows
# (for the first, the colon before the matrix) begins one as an empty column, which is left out: so no line is
# blank, for blank lines would be dropped. Any byte that no number or null is made of becomes "!".
_NUMBERS_TABLE = bytes(
    {ord("]"): 0x0A, ord(":"): ord(",")}.get(byte, byte if byte in b"0123456789.,-+eEnul" else ord("!"))
    for byte in range(256)
)
MARKED = pa.large_string()
"""Read values of several types as this, and give each its own with `typed_values`."""
_JSON_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$"


def read_numbers(piece: Any, types: Sequence[pa.DataType]) -> list[pa.Array]:
    """Read a JSON array of equally long arrays of numbers and nulls."""
    if not isinstance(piece, Piece):
        raise Unrecognised("a matrix that was not cut")
    lines = piece.page[piece.start - 1 : piece.end].translate(_NUMBERS_TABLE, b"[")
    if b"!" in lines:
        raise Unrecognised("a matrix with more than numbers and nulls")
    return _read_lines(lines, types, quote_char=False)


def read_values(piece: Any, types: Sequence[pa.DataType]) -> list[pa.Array]:
    """Read a JSON array of equally long arrays of numbers, nulls, truth values and texts."""
    if not isinstance(piece, Piece):
        raise Unrecognised("a matrix that was not cut")
    lines = to_lines(memoryview(piece.page)[piece.start : piece.end])
    raw = [to if is_number(to) or pa.types.is_boolean(to) or to == MARKED else TEXT for to in types]
    arrays = _read_lines(lines, raw, quote_char='"')
    return [_typed(array, to) if array.type == TEXT else array for array, to in zip(arrays, types, strict=True)]


def _read_lines(lines: bytes, types: Sequence[pa.DataType], *, quote_char: str | bool) -> list[pa.Array]:
    names = [str(number) for number in range(len(types))]
    # Arrow's reader lets decimals out of range wrap around; parse_texts does not.
    kinds = [pa.string() if pa.types.is_decimal(to) else to for to in types]
    table = pa.csv.read_csv(
        pa.BufferReader(lines),
        read_options=pa.csv.ReadOptions(use_threads=False, column_names=["", *names], block_size=len(lines) + 1),
        parse_options=pa.csv.ParseOptions(
            quote_char=quote_char, double_quote=False, escape_char=False, newlines_in_values=quote_char is not False
        ),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict(zip(names, kinds, strict=True)),
            include_columns=names,
            null_values=["null"],
            true_values=["true", "1"],
            false_values=["false", "0"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    arrays = [column.combine_chunks() for column in table.columns]
    return [_decimals(array, to) if array.type != to else array for array, to in zip(arrays, types, strict=True)]


def _decimals(texts: pa.StringArray, to: pa.DataType) -> pa.Array:
    if pc.min(pc.binary_length(texts)).as_py() == 0:
        raise Unrecognised("a value is missing")
    return parse_texts(texts, to)


def _typed(array: pa.DictionaryArray, to: pa.DataType) -> pa.Array:
    """Give texts their own characters and their type; numbers are texts only in a text column."""
    texts = _texts(array.dictionary, to)
    if not is_text(to):
        return parse_texts(texts, to).take(array.indices)
    # The text of a number may be that of another cell, too, and two spellings may be one text.
    encoded = texts.dictionary_encode()
    indices = array.indices if len(encoded.dictionary) == len(texts) else encoded.indices.take(array.indices)
    return pa.DictionaryArray.from_arrays(indices, encoded.dictionary)


def _texts(fields: pa.Array, to: pa.DataType) -> pa.Array:
    quoted = pc.starts_with(fields, MARK)
    if pc.all(quoted).as_py() is not False:
        return restore(fields)
    others = fields.filter(pc.invert(quoted))
    if not is_text(to) or not pc.all(pc.match_substring_regex(others, _JSON_NUMBER)).as_py():
        raise Unrecognised("texts among other values")
    return pc.replace_with_mask(fields, quoted, restore(fields.filter(quoted)))


def typed_values(array: pa.Array, to: pa.DataType) -> pa.Array:
    """Give values that were read as `MARKED` their type; errors: Unrecognised, pa.ArrowInvalid."""
    if not (is_number(to) or pa.types.is_boolean(to)):
        return _typed(array.cast(pa.string()).dictionary_encode(), to)
    texts = array.cast(pa.string())
    if pc.any(pc.starts_with(texts, MARK)).as_py():
        raise Unrecognised("texts among numbers")
    result = pc.cast(pc.cast(texts, FLOAT64), to) if pa.types.is_floating(to) else parse_texts(texts, to)
    check_finite(result)
    return result


def check_finite(array: pa.Array) -> None:
    """Leave a number beyond the range of its type to the plain decoder; errors: Unrecognised."""
    if pa.types.is_floating(array.type) and pc.all(pc.is_finite(array)).as_py() is False:
        raise Unrecognised("a number beyond the range of its type")

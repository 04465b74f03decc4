"""The fast decoder: a tabular page to arrays without a Python object per row, cell or element.

Element lists go through Arrow's JSON reader with a fixed schema, the matrices through its CSV reader. Both leave
the interpreter lock to others. Whatever is not certain raises `Unrecognised`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from mstr_arrow.grid.convert import parse_texts
from mstr_arrow.grid.cut import Unrecognised
from mstr_arrow.grid.matrix import read_numbers, read_values
from mstr_arrow.grid.types import DECIMAL, FLOAT64, TEXT, is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.grid.document import Document, Unit
    from mstr_arrow.grid.schema import Columns

_ELEMENT = pa.struct([("formValues", pa.list_(pa.string())), ("id", pa.string()), ("subtotal", pa.bool_())])
_ELEMENTS_SCHEMA = pa.schema([("elements", pa.list_(pa.list_(_ELEMENT)))])


@dataclass(frozen=True, slots=True)
class Matrices:
    """A decoded page: its columns, and the rows found in the two matrices."""

    arrays: list[pa.Array]
    header_rows: int | None
    raw_rows: int | None


def decode(document: Document, columns: Columns) -> Matrices:
    """Decode a page that was cut; errors: Unrecognised for whatever the plain decoder must judge."""
    arrays: list[pa.Array] = []
    header_rows = raw_rows = None
    try:
        if document.units:
            headers = read_numbers(document.headers, [pa.int32()] * len(document.units))
            header_rows = len(headers[0])
            for unit, indices in zip(document.units, headers, strict=True):
                types = [column.type for column in columns.all[len(arrays) : len(arrays) + len(unit.forms)]]
                arrays += _attribute(unit, types, indices)
        if document.metrics:
            metrics = _metrics(document.raw, [column.type for column in columns.metrics])
            raw_rows = len(metrics[0])
            arrays += metrics
    except (pa.ArrowException, KeyError, IndexError, TypeError, AttributeError, UnicodeError) as error:
        raise Unrecognised(str(error)) from error
    return Matrices(arrays, header_rows, raw_rows)


def _metrics(raw: Any, types: Sequence[pa.DataType]) -> list[pa.Array]:
    read = read_numbers if all(map(is_number, types)) else read_values
    # Rounded once to a double, as JSON says; a smaller type is then a matter of range.
    types_read = [FLOAT64 if pa.types.is_floating(to) else to for to in types]
    try:
        arrays = read(raw, types_read)
    except pa.ArrowInvalid:
        # Servers write whole numbers as 3.0 among 3: exact as decimals, if they are whole.
        arrays = read(raw, [DECIMAL if pa.types.is_integer(to) else to for to in types_read])
    arrays = [
        array if array.type == to or is_text(to) else pc.cast(array, to)
        for array, to in zip(arrays, types, strict=True)
    ]
    for array in arrays:
        if pa.types.is_floating(array.type) and pc.all(pc.is_finite(array)).as_py() is False:
            raise Unrecognised("a number beyond the range of its type")
    return arrays


def _attribute(unit: Unit, types: Sequence[pa.DataType], indices: pa.Array) -> list[pa.Array]:
    elements = _elements(unit.elements)
    values, ids = elements.field("formValues"), elements.field("id")
    if pc.any(elements.field("subtotal")).as_py():
        raise Unrecognised("subtotals")
    if ids.null_count or indices.null_count:
        raise Unrecognised("elements or rows of another shape")
    is_null = pc.starts_with(ids, "h\\N;")
    has_null = pc.any(is_null).as_py()
    if values.null_count or not _all_of_length(values, len(types)):
        values = _same_length(values, is_null, len(types))
    arrays = []
    for form, to in enumerate(types):
        texts = values.values if len(types) == 1 and not values.offset else pc.list_element(values, form)
        if has_null:
            texts = pc.if_else(is_null, pa.scalar(None, pa.string()), texts)
        arrays.append(_text_column(texts, indices) if is_text(to) else parse_texts(texts, to).take(indices))
    return arrays


def _all_of_length(values: pa.ListArray, length: int) -> bool:
    bounds = pc.min_max(pc.list_value_length(values)).as_py()
    return bounds["min"] == bounds["max"] == length or not len(values)


def _same_length(values: pa.ListArray, is_null: pa.BooleanArray, length: int) -> pa.ListArray:
    """Make the form values of null elements, which servers shorten, as many as those of the others."""
    others = values.filter(pc.invert(is_null))
    if others.null_count or not _all_of_length(others, length):
        raise Unrecognised("elements of another shape")
    nothing = pa.scalar([None] * length, values.type)
    return pc.if_else(is_null, nothing, values)


def _elements(elements: Any) -> pa.StructArray:
    if isinstance(elements, list):
        return pa.array(
            [{key: element.get(key) for key in ("formValues", "id", "subtotal")} for element in elements],
            _ELEMENT,
        )
    # Wrapped in an array of its own, a piece that ends too early or too late cannot be read.
    piece = memoryview(elements.page)[elements.start : elements.end]
    text = b"".join((b'{"elements":[', piece, b"]}"))
    table = pa.json.read_json(
        pa.BufferReader(text),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=pa.json.ParseOptions(explicit_schema=_ELEMENTS_SCHEMA, unexpected_field_behavior="ignore"),
    )
    lists = table.column(0).combine_chunks()
    if len(lists) != 1 or len(lists.values) != 1:
        raise Unrecognised("more than one list of elements")
    return lists.values.values


def _text_column(texts: pa.Array, indices: pa.Array) -> pa.DictionaryArray:
    """Gather texts by element, as a dictionary in which each text stands once."""
    encoded = texts.dictionary_encode()
    encoded.dictionary.validate(full=True)  # the JSON reader takes bytes that are no UTF-8
    if len(encoded.dictionary) < len(texts):
        indices = encoded.indices.take(indices)
    return pa.DictionaryArray.from_arrays(indices, encoded.dictionary).cast(TEXT)

"""The fast decoder: a page to arrays without a Python object per row, cell or element.

Element lists are read by the places of their quotes where their elements are written alike, and by Arrow's JSON
reader with a fixed schema where they are not; matrices of indices digit by digit, of other numbers through its CSV
reader, those with texts by where their cells are. All leave the interpreter lock to others, but for what a
quarter of a MiB of texts takes that have letters as escapes. Whatever is not certain raises `Unrecognised`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from mstr_arrow.arrays import make_array, make_scalar
from mstr_arrow.grid.alike import Slot, read_alike
from mstr_arrow.grid.convert import parse_texts
from mstr_arrow.grid.cut import Piece, Unrecognised
from mstr_arrow.grid.document import check_rows
from mstr_arrow.grid.indices import read_indices
from mstr_arrow.grid.matrix import MARKED, check_finite, read_numbers, read_values
from mstr_arrow.grid.page_arrays import Elements, PageArrays
from mstr_arrow.grid.schema import is_blank, totals_column
from mstr_arrow.grid.server_types import DECIMAL, FLOAT64, STRING, is_number, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mstr_arrow.grid.document import Document, Unit
    from mstr_arrow.grid.schema import Column, Columns

_ELEMENT = pa.struct(
    [
        *(("formValues", pa.list_(pa.string())), ("id", pa.string())),
        *(("subtotal", pa.bool_()), ("name", pa.string())),
    ]
)
_ELEMENTS_SCHEMA = pa.schema([("elements", pa.list_(pa.list_(_ELEMENT)))])
_BYTES_PER_COMMA, _FEW_COMMAS = 10, 100_000
"""Elements take at least so much of the text: Arrow takes a hundred bytes for one, be it `{}`."""


def read_arrays(document: Document, columns: Columns) -> PageArrays:
    """Decode a page that was cut; errors: Unrecognised for whatever the plain decoder must judge."""
    try:
        # The values first: where a page is for the plain decoder, it is nearly always for them.
        values = {
            part: _values(document, columns, part) if document.metrics else [] for part in columns.options.parts
        }
        headers = _row_headers(document)
        elements = iter(tuple(_elements_by_place(document, columns)))
    except (pa.ArrowException, KeyError, IndexError, TypeError, AttributeError, UnicodeError) as error:
        raise Unrecognised(str(error)) from error
    counts = [len(arrays[0]) for arrays in values.values() if arrays]
    count = check_rows(
        document,
        headers=len(headers[0]) if headers else None,
        values=next((rows for rows in counts if rows != document.paging.current), counts[0] if counts else None),
    )
    rows, metric_rows = [], None
    for place, indices in zip(document.row_places, headers, strict=True):
        if place.unit.is_metrics:
            metric_rows = indices
        else:
            rows.append((next(elements), indices))
    heads = [
        (next(elements), _column_indices(document, position))
        for position, place in enumerate(document.column_places)
        if not place.unit.is_metrics and columns.options.layout == "tidy"
    ]
    return PageArrays(count, rows, metric_rows, heads, values)


def _row_headers(document: Document) -> list[pa.Array]:
    """Read the headers of the rows, an array of element indices per place; null where a header is blank."""
    places = document.row_places
    if not places:
        return []
    headers = None
    if isinstance(document.row_headers, Piece):
        headers = read_indices(document.row_headers, len(places))
    if headers is None:
        headers = read_numbers(document.row_headers, [pa.int32()] * len(places))
    result = []
    for number, (place, indices) in enumerate(zip(places, headers, strict=True)):
        if indices.null_count:
            raise Unrecognised("rows of another shape")
        blank = pc.less(indices, make_scalar(0, pa.int32()))
        if place.level:
            blank = pc.or_(blank, pc.equal(indices, headers[number - 1]))
        if pc.any(blank).as_py():
            indices = pc.if_else(blank, make_scalar(None, pa.int32()), indices)  # noqa: PLW2901 - the same ones
        result.append(indices)
    return result


def _column_indices(document: Document, position: int) -> pa.Array:
    header = document.column_headers[position]
    indices = [None if is_blank(document, position, number) else index for number, index in enumerate(header)]
    return make_array(indices, pa.int32())


def _types(document: Document, columns: Columns, part: str) -> list[pa.DataType]:
    """Choose the type in which each data column is read: its metric's, or `MARKED` where it has several."""
    if part == "formatted":
        return [STRING] * document.data_columns
    wanted = [column.type for column in columns.metrics if column.part == part]
    numbers = range(document.data_columns)
    if columns.options.layout == "tidy":
        if document.metrics_on_rows:
            return [wanted[0] if len(set(wanted)) == 1 else MARKED for _ in numbers]
        slots = columns.slots(document)
        return [wanted[slots[document.metric_at(number) or 0]] for number in numbers]
    left = iter(wanted)
    drops = columns.options.subtotals == "drop"
    # A column of totals that is left out has no type of its own: as texts, whatever it holds can be read.
    return [MARKED if drops and totals_column(document, number) else next(left) for number in numbers]


def _values(document: Document, columns: Columns, part: str) -> list[pa.Array]:
    matrix, types = document.values[part], _types(document, columns, part)
    if all(map(is_number, types)):
        read = read_numbers
    else:
        # In a tidy result the data columns of one metric become one column.
        tidy = columns.options.layout == "tidy"
        own = [document.metric_at(number) if tidy else number for number in range(document.data_columns)]
        read = partial(read_values, own=own)
    # Rounded once to a double, as JSON says; a smaller type is then a matter of range.
    types_read = [FLOAT64 if pa.types.is_floating(to) else to for to in types]
    try:
        arrays = read(matrix, types_read)
    except pa.ArrowInvalid:
        # Servers write whole numbers as 3.0 among 3: exact as decimals, if they are whole.
        arrays = read(matrix, [DECIMAL if pa.types.is_integer(to) else to for to in types_read])
    arrays = [
        array if array.type == to or is_text(to) or to == MARKED else pc.cast(array, to)
        for array, to in zip(arrays, types, strict=True)
    ]
    for array in arrays:
        check_finite(array)
    return arrays


def _elements_by_place(document: Document, columns: Columns) -> Iterator[Elements]:
    """Decode the elements of every place that has columns in the result, in order, each unit's list once."""
    left = list(columns.attributes)
    for unit in (*document.rows, *(document.columns if columns.options.layout == "tidy" else ())):
        if unit.is_metrics:
            continue
        piece = unit.elements if isinstance(unit.elements, Piece) else _write_elements(unit.elements)
        alike = read_alike(piece)
        parsed = None
        for _ in range(unit.width):
            own, left = left[: len(unit.forms)], left[len(unit.forms) :]
            elements = None if alike is None else _elements_alike(unit, own, alike)
            if elements is None:
                parsed = _parse_elements(piece) if parsed is None else parsed
                elements = _elements(unit, own, parsed)
            yield elements


def _write_elements(elements: Any) -> Piece:
    """Write a short list again, which was not cut out, to read it as those that were."""
    text = orjson.dumps(elements)
    return Piece(text, 0, len(text))


def _elements_alike(unit: Unit, columns: Sequence[Column], members: Mapping[str, Any]) -> Elements | None:
    """Give the elements of a unit that are written alike their types; None where they are no ordinary ones."""
    values: Any = members.get("formValues")
    ids: Any = members.get("id")
    if unit.is_label:
        values = [members.get("name")] if values is None else values
        ids = members.get("name") if ids is None else ids
    if not isinstance(values, list) or len(values) != len(columns) or members.get("subtotal") not in {None, False}:
        return None
    if not all(isinstance(slot, Slot) for slot in (ids, *values)):
        return None
    nulls = None if unit.is_label else ids.nulls()
    forms = []
    for slot, column in zip(values, columns, strict=True):
        texts = slot.texts()
        if nulls is not None:
            texts = pc.if_else(nulls, make_scalar(None, pa.string()), texts)
        forms.append(parse_texts(texts, column.type))
    return Elements(unit.name, columns, forms, ids.texts, None)


def _elements(unit: Unit, columns: Sequence[Column], elements: pa.StructArray) -> Elements:
    values, ids, names = (elements.field(name) for name in ("formValues", "id", "name"))
    subtotal = pc.fill_null(elements.field("subtotal"), make_scalar(value=False, to=pa.bool_()))
    totals = bool(pc.any(subtotal).as_py())
    if unit.is_label:
        ids = pc.coalesce(ids, names)
        if values.null_count:
            if pc.any(pc.and_(pc.is_null(values), pc.is_null(names))).as_py():
                raise Unrecognised("elements without a text")
            alone = pa.ListArray.from_arrays(make_array(range(len(names) + 1), pa.int32()), names)
            values = pc.if_else(pc.is_valid(values), values, alone)
    if ids.null_count:
        raise Unrecognised("elements without ids")
    is_null = pc.and_(pc.starts_with(ids, "h\\N;"), make_scalar(not unit.is_label, pa.bool_()))
    has_null = bool(pc.any(is_null).as_py())
    if values.null_count or not _all_of_length(values, len(columns)):
        values = _same_length(values, is_null, subtotal, len(columns))
    forms = []
    for form, column in enumerate(columns):
        alone = len(columns) == 1 and not values.offset
        texts = values.values if alone else pc.list_element(values, make_scalar(form, pa.int32()))
        if has_null:
            texts = pc.if_else(is_null, make_scalar(None, pa.string()), texts)
        if totals:
            # One text for all forms, which only a text can show.
            first, nothing = make_scalar(0, pa.int32()), make_scalar(None, pa.string())
            text = pc.list_element(values, first) if is_text(column.type) else nothing
            texts = pc.if_else(subtotal, text, texts)
        forms.append(parse_texts(texts, column.type))
    return Elements(unit.name, columns, forms, lambda: ids, subtotal if totals else None)


def _all_of_length(values: pa.Array, length: int) -> bool:
    bounds = pc.min_max(pc.list_value_length(values)).as_py()
    return bounds["min"] == bounds["max"] == length or not len(values)


def _same_length(
    values: pa.ListArray, is_null: pa.BooleanArray, subtotal: pa.BooleanArray, length: int
) -> pa.FixedSizeListArray:
    """Give null elements and subtotals, which servers shorten, as many form values as the others have."""
    others = values.filter(pc.invert(pc.or_(is_null, subtotal)))
    if others.null_count or not _all_of_length(others, length):
        raise Unrecognised("elements of another shape")
    totals = values.filter(subtotal)
    if len(totals) and (totals.null_count or pc.min(pc.list_value_length(totals)).as_py() < 1):
        raise Unrecognised("a subtotal without a text")
    return pc.list_slice(values, 0, length, return_fixed_size_list=True)


def _parse_elements(piece: Piece) -> pa.StructArray:
    # Wrapped in an array of its own, a piece that ends too early or too late cannot be read.
    text = b"".join((b'{"elements":[', memoryview(piece.page)[piece.start : piece.end], b"]}"))
    if text.count(b",") > max(len(text) // _BYTES_PER_COMMA, _FEW_COMMAS):
        raise Unrecognised("more elements than texts")
    table = pa.json.read_json(
        pa.BufferReader(text),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=pa.json.ParseOptions(explicit_schema=_ELEMENTS_SCHEMA, unexpected_field_behavior="ignore"),
    )
    lists = table.column(0).combine_chunks()
    if len(lists) != 1 or len(lists.values) != 1:
        raise Unrecognised("more than one list of elements")
    return lists.values.values

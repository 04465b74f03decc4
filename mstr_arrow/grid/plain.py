"""The plain decoder: slow, obviously right, and the judge of the fast one.

It walks the page as the wire reference describes it (section 3.12), value by value, and is what reads pages that
the fast decoder does not recognise. Its errors are the ones people see.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.errors import DataMismatch, ProtocolError
from mstr_arrow.grid.convert import parse_texts, refuse
from mstr_arrow.grid.document import check_rows
from mstr_arrow.grid.schema import element_id, is_blank, totals_column
from mstr_arrow.grid.tidy import Laid, make_batch
from mstr_arrow.grid.types import TEXT, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mstr_arrow.grid.document import Document, Unit
    from mstr_arrow.grid.schema import Column, Columns


_LONGEST_INTEGER = 20
"""Characters of any 64-bit integer at most; what is longer may be too long for int()."""


class _Number(str):
    """The text of a JSON number, kept where a double would not hold it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def parse(text: bytes, *, exact: bool = False) -> Any:
    """Parse a page; ``exact`` keeps fractions and long integers as texts; errors: ProtocolError if not JSON."""
    try:
        if not exact:
            return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass  # also for numbers beyond the range of a double, which the exact reader can name
    try:
        return json.loads(text, parse_float=_Number, parse_int=_whole, parse_constant=_no_constant)
    except ValueError as error:
        start = text[:120].decode("utf-8", "replace").strip()
        raise ProtocolError(
            f"The server's page of {len(text)} bytes is not JSON ({error}); it starts with {start!r}.",
            hint="A gateway may have cut or replaced it. Try again, with smaller pages if it recurs.",
        ) from error


def _whole(digits: str) -> int | _Number:
    return _Number(digits) if digits == "-0" or len(digits) > _LONGEST_INTEGER else int(digits)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def needs_exact(document: Document, columns: Columns) -> bool:
    """Tell whether a column needs the text of its numbers, because a double may have rounded them."""
    if all(pa.types.is_floating(column.type) for column in columns.metrics if column.part == "raw"):
        return False
    return any(isinstance(value, float) for row in document.values.get("raw") or () for value in row)


def check_shape(document: Document, columns: Columns) -> None:
    """Check that the matrices have the rows that the server promised and each row its width.

    Errors: DataMismatch, ProtocolError.
    """
    places = document.row_places
    headers = document.row_headers if places else None
    matrices = {part: document.values[part] for part in columns.options.parts} if document.metrics else {}
    check_rows(document, headers=None if headers is None else len(headers), values=None)
    for matrix in matrices.values():
        check_rows(document, headers=None, values=len(matrix))
    _check_widths(document, "row headers", headers or (), [place.unit.name for place in places])
    for part, matrix in matrices.items():
        names = [metric.name for metric in document.metrics]
        across = names if len(names) == document.data_columns else ["…"] * document.data_columns
        _check_widths(document, f"{part} metric values" if part != "raw" else "metric values", matrix, across)


def _check_widths(document: Document, what: str, matrix: Sequence[Any], across: Sequence[str]) -> None:
    for row, cells in enumerate(matrix):
        if not isinstance(cells, list) or len(cells) != len(across):
            raise ProtocolError(
                f"Row {document.paging.offset + row} has not exactly {len(across)} {what}, "
                f"one for each of {', '.join(map(repr, across))}.",
                hint="This layout of a result cannot be read; please report it with the page.",
            )


@dataclass(slots=True)
class _Record:
    """One row of the result: what heads it, its values by metric and part, and the grid's row it is told by."""

    heads: list[tuple[Unit, int, int | None]]
    row: int
    row_key: str
    key: str
    values: dict[tuple[int, str], Any]
    cells: list[Any]
    metric_name: str | None = None


def lay_out(document: Document, columns: Columns) -> Laid:
    """Lay out a page that `parse` read; errors: ConversionError, ProtocolError, DataMismatch."""
    tidy = columns.options.layout == "tidy"
    records = list(_tidy(document, columns)) if tidy else list(_grid(document, columns))
    if tidy and document.columns_have_attributes and document.metrics:
        records = [record for record in records if any(value is not None for value in record.values.values())]
    totals = [_totals(record) for record in records]
    kept = [number for number, names in enumerate(totals) if _wanted(names, columns)]
    records, totals = [records[number] for number in kept], [totals[number] for number in kept]
    rows = [document.paging.offset + record.row for record in records]
    arrays, cell = [], 0
    for column in columns.all:
        if column.role == "subtotal":
            arrays.append(
                _array(column, [", ".join(names) or None for names in totals], partial(_parsed, column), rows)
            )
        elif column.role == "metric name":
            arrays.append(
                _array(column, [record.metric_name for record in records], partial(_parsed, column), rows)
            )
        elif column.role == "attribute":
            arrays.append(
                _array(column, [_value(record, column) for record in records], partial(_parsed, column), rows)
            )
        elif tidy:
            slot = cell // len(columns.options.parts)
            values = [record.values.get((slot, column.part)) for record in records]
            cell += 1
            arrays.append(_array(column, values, partial(_converted, column), rows))
        else:
            values = [record.cells[cell] for record in records]
            arrays.append(_array(column, values, partial(_converted, column), rows))
            cell += 1
    batch = make_batch(arrays, columns, len(records))
    if columns.whole_pages:
        return Laid(batch)
    keys = [pa.array([getattr(record, key) for record in records], pa.string()) for key in ("row_key", "key")]
    return Laid(batch, *keys)


def _wanted(totalled: list[str], columns: Columns) -> bool:
    return {"drop": not totalled, "keep": True, "only": bool(totalled)}[columns.options.subtotals]


def _grid(document: Document, columns: Columns) -> Iterator[_Record]:
    """Give a record for each row of the grid, its cells in the order of the data columns."""
    wanted = [
        number
        for number in range(document.data_columns)
        if not (columns.options.subtotals == "drop" and totals_column(document, number))
    ]
    for row in range(document.paging.current):
        heads, metric = _row_heads(document, row)
        cells = [document.values[part][row][number] for number in wanted for part in columns.options.parts]
        yield _Record(heads, row, "", "", {}, cells, document.metrics[metric].name if metric is not None else None)


def _tidy(document: Document, columns: Columns) -> Iterator[_Record]:
    """Give a record for each row of the grid, or each group of rows that differ in their metric, and each head."""
    groups: dict[object, dict[int | None, int]] = {}
    for row in range(document.paging.current):
        heads, metric = _row_heads(document, row)
        key = tuple(index for _, _, index in heads) if document.metrics_on_rows else row
        rows = groups.setdefault(key, {})
        if metric in rows:
            raise DataMismatch(
                f"The page at row {document.paging.offset} has two rows of one metric for the same attributes.",
                hint='Read it with layout="grid", which keeps the rows as they are.',
            )
        rows[metric] = row
    columns_by_head, slots = _columns_by_head(document), columns.slots(document)
    for rows in groups.values():
        first = next(iter(rows.values()))
        heads, _ = _row_heads(document, first)
        for number, numbers in columns_by_head:
            values: dict[tuple[int, str], Any] = {}
            for row_metric, row in rows.items():
                for metric, data_column in numbers.items():
                    which = slots[row_metric if row_metric is not None else metric or 0]
                    for part in columns.options.parts:
                        values[which, part] = document.values[part][row][data_column]
            across = _column_heads(document, number)
            yield _Record([*heads, *across], first, _key(heads), _key([*heads, *across]), values, [])


def _row_heads(document: Document, row: int) -> tuple[list[tuple[Unit, int, int | None]], int | None]:
    """Return unit, level and element of each header of a row, None for a blank one, and the row's metric."""
    heads: list[tuple[Unit, int, int | None]] = []
    metric = None
    header = document.row_headers[row] if document.row_places else []
    for position, place in enumerate(document.row_places):
        index = header[position]
        if not isinstance(index, int) or index >= len(place.unit.elements):
            known = len(place.unit.elements)
            raise ProtocolError(f"A row of {place.unit.name!r} refers to element {index!r} of {known}.")
        if place.unit.is_metrics:
            metric = index
        else:
            blank = index < 0 or (place.level > 0 and header[position - 1] == index)
            heads.append((place.unit, place.level, None if blank else index))
    return heads, metric


def _column_heads(document: Document, number: int | None) -> list[tuple[Unit, int, int | None]]:
    if number is None:
        return []
    return [
        (place.unit, place.level, None if is_blank(document, position, number) else header[number])
        for position, (place, header) in enumerate(
            zip(document.column_places, document.column_headers, strict=True)
        )
        if not place.unit.is_metrics
    ]


def _columns_by_head(document: Document) -> list[tuple[int | None, dict[int | None, int]]]:
    """Sort data columns by the attributes that head them: the first of each, and its data columns by metric."""
    if not document.columns_have_attributes:
        across = {document.metric_at(number): number for number in range(document.data_columns)}
        return [(None, across)]
    groups: dict[object, tuple[int, dict[int | None, int]]] = {}
    for number in range(document.data_columns):
        key = tuple(index for _, _, index in _column_heads(document, number))
        _, numbers = groups.setdefault(key, (number, {}))
        metric = document.metric_at(number)
        if metric in numbers:
            raise DataMismatch(
                "The result has two columns of one metric for the same attributes.",
                hint='Read it with layout="grid", which keeps the columns as they are.',
            )
        numbers[metric] = number
    return list(groups.values())


def _key(heads: Sequence[tuple[Unit, int, int | None]]) -> str:
    return "\x1f".join("" if index is None else element_id(unit.elements[index]) for unit, _, index in heads)


def _totals(record: _Record) -> list[str]:
    """Name the attributes that a record totals."""
    names = [
        unit.name for unit, _, index in record.heads if index is not None and unit.elements[index].get("subtotal")
    ]
    return list(dict.fromkeys(names))


def _value(record: _Record, column: Column) -> str | None:
    """Return the form value of a record for a column."""
    unit, index = next(
        (unit, index) for unit, level, index in record.heads if (unit.id, level) == (column.object_id, column.level)
    )
    if index is None:
        return None
    form = next(number for number, form in enumerate(unit.forms) if form.id == column.form_id)
    return _form_value(unit, unit.elements[index], form, column)


def _form_value(unit: Unit, element: dict[str, Any], form: int, column: Column) -> str | None:
    if not unit.is_label and element["id"].startswith("h\\N;"):
        return None
    values = element.get("formValues") or [element["name"]] if unit.is_label else element["formValues"]
    if element.get("subtotal"):
        if not values:
            raise ProtocolError(f"A subtotal of {unit.name!r} has no text.")
        return str(values[0]) if is_text(column.type) else None
    if not isinstance(values, list) or len(values) != len(unit.forms):
        raise ProtocolError(
            f"An element of {unit.name!r} has the form values {values!r}, not {len(unit.forms)} of them."
        )
    value = values[form]
    if value is not None and type(value) is not str:
        raise ProtocolError(f"An element of {unit.name!r} has the value {value!r}, which is no text.")
    return value


def _array(
    column: Column, values: Sequence[Any], make: Callable[[Sequence[Any]], pa.Array], rows: Sequence[int]
) -> pa.Array:
    """Make the array of a column, or name the first value that does not fit; errors: ConversionError."""
    try:
        return make(values)
    except UnicodeEncodeError:
        raise  # half a character, which no type holds: the page is at fault
    except (ValueError, OverflowError):  # pa.ArrowInvalid is a ValueError
        for row, value in zip(rows, values, strict=True):
            try:
                make([value])
            except (ValueError, OverflowError):
                raise refuse(column, value, row) from None
        raise


def _parsed(column: Column, texts: Sequence[str | None]) -> pa.Array:
    if is_text(column.type):
        return pa.array(texts, TEXT)
    return parse_texts(pa.array(texts, pa.string()), column.type)


def _converted(column: Column, values: Sequence[Any]) -> pa.Array:
    convert = _converter(column.type)
    converted = [None if value is None else convert(value) for value in values]
    if convert in (_text, _only_text):
        return _parsed(column, converted)
    array = pa.array(converted, column.type)
    if pa.types.is_floating(column.type) and pc.all(pc.is_finite(array)).as_py() is False:
        raise ValueError("beyond the range of the type")
    return array


def _converter(to: pa.DataType) -> Callable[[Any], Any]:
    if pa.types.is_integer(to):
        return _integer
    if pa.types.is_floating(to):
        return _double
    if pa.types.is_decimal(to):
        return _decimal
    if pa.types.is_boolean(to):
        return _boolean
    if is_text(to):
        return _text
    return _only_text


def _integer(value: Any) -> int:
    if isinstance(value, _Number):
        number = Decimal(value)
        if number.adjusted() >= _LONGEST_INTEGER or number != int(number):
            raise ValueError("not a whole number of 64 bits")
        return int(number)
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]+", value):
        raise ValueError("not a whole number")
    if not isinstance(value, (int, str)) or isinstance(value, bool):
        raise ValueError("not a number")
    return int(value)


def _double(value: Any) -> float:
    if not isinstance(value, (int, float, _Number)) or isinstance(value, bool):
        raise ValueError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("beyond the range of a double")
    return number


def _decimal(value: Any) -> Decimal:
    text = str(value)
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", text):
        raise ValueError("not a number")
    return Decimal(text)


def _boolean(value: Any) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    try:
        return known[str(value).lower()]
    except KeyError:
        raise ValueError("not a truth value") from None


def _text(value: Any) -> str:
    if not isinstance(value, (str, int)):
        raise ValueError("no single value")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _only_text(value: Any) -> str:
    if not isinstance(value, str) or isinstance(value, _Number):
        raise ValueError("not a text")
    return value

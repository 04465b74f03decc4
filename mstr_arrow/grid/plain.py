"""The plain decoder: slow, obviously right, and the judge of the fast one.

It walks the page as the wire reference describes it (section 3.12), value by value, and is what reads pages that
the fast decoder does not recognise. Its errors are the ones people see.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.errors import ProtocolError
from mstr_arrow.grid.convert import parse_texts, refuse
from mstr_arrow.grid.types import TEXT, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    inexact = [position for position, column in enumerate(columns.metrics) if not pa.types.is_floating(column.type)]
    return any(isinstance(value, float) for row in document.raw for value in map(row.__getitem__, inexact))


def check_widths(document: Document) -> None:
    """Check that each row has an index for every attribute and a value for every metric; errors: ProtocolError."""
    matrices = (
        ("row headers", document.headers, document.units),
        ("metric values", document.raw, document.metrics),
    )
    for what, matrix, across in matrices:
        for row, cells in enumerate(matrix if across else ()):
            if not isinstance(cells, list) or len(cells) != len(across):
                raise ProtocolError(
                    f"Row {document.paging.offset + row} has not exactly {len(across)} {what}, "
                    f"one for each of {', '.join(repr(unit.name) for unit in across)}.",
                    hint="This layout of a result cannot be read; please report it with the page.",
                )


def decode(document: Document, columns: Columns) -> list[pa.Array]:
    """Decode a page that `parse` read; errors: ConversionError, ProtocolError."""
    first = document.paging.offset
    arrays: list[pa.Array] = []
    for position, unit in enumerate(document.units):
        indices = [_index(unit, row[position]) for row in document.headers]
        for form in range(len(unit.forms)):
            arrays.append(_attribute(unit, form, columns.all[len(arrays)], indices, first))
    for position, column in enumerate(columns.metrics):
        arrays.append(_metric(column, [row[position] for row in document.raw], first))
    return arrays


def _index(unit: Unit, value: Any) -> int:
    """Check a reference to an element; a negative one means blank."""
    if not isinstance(value, int) or value >= len(unit.elements):
        raise ProtocolError(f"A row of {unit.name!r} refers to element {value!r} of {len(unit.elements)}.")
    return value


def _attribute(unit: Unit, form: int, column: Column, indices: Sequence[int], first: int) -> pa.Array:
    texts = [_form_value(unit, element, form) for element in unit.elements]
    values = [texts[index] if index >= 0 else None for index in indices]
    return _array(column, values, partial(_parsed, column), first)


def _form_value(unit: Unit, element: dict[str, Any], form: int) -> str | None:
    if element.get("subtotal"):
        raise ProtocolError(
            f"The result has subtotals of {unit.name!r}, which cannot be told from data yet.",
            hint="Turn the subtotals off in the object's definition.",
        )
    if element["id"].startswith("h\\N;"):
        return None
    values = element["formValues"]
    if len(values) != len(unit.forms):
        raise ProtocolError(f"An element of {unit.name!r} has {len(values)} values for {len(unit.forms)} forms.")
    value = values[form]
    if value is not None and type(value) is not str:
        raise ProtocolError(f"An element of {unit.name!r} has the value {value!r}, which is no text.")
    return value


def _metric(column: Column, values: Sequence[Any], first: int) -> pa.Array:
    return _array(column, values, partial(_converted, column), first)


def _array(
    column: Column, values: Sequence[Any], make: Callable[[Sequence[Any]], pa.Array], first: int
) -> pa.Array:
    """Make the array of a column, or name the first value that does not fit; errors: ConversionError."""
    try:
        return make(values)
    except UnicodeEncodeError:
        raise  # half a character, which no type holds: the page is at fault
    except (ValueError, OverflowError):  # pa.ArrowInvalid is a ValueError
        for row, value in enumerate(values):
            try:
                make([value])
            except (ValueError, OverflowError):
                raise refuse(column, value, first + row) from None
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

"""The plain decoder: slow, obviously right, and the judge of the fast one.

It walks the page as the wire reference describes it (section 3.12), value by value, and is what reads pages that
the fast decoder does not recognise. Its errors are the ones people see.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

from mstr_arrow.errors import ProtocolError
from mstr_arrow.grid.convert import parse_texts, refuse
from mstr_arrow.grid.types import TEXT, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mstr_arrow.grid.document import Document, Unit
    from mstr_arrow.grid.schema import Column, Columns


class _Number(str):
    """The text of a JSON number, kept where a double would not hold it."""

    __slots__ = ()


def parse(text: bytes, *, exact: bool = False) -> Any:
    """Parse a page; ``exact`` keeps numbers as their texts; errors: ProtocolError for what is not JSON."""
    try:
        if not exact:
            return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass  # also for numbers beyond the range of a double, which the exact reader can name
    try:
        return json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_no_constant)
    except ValueError as error:
        start = text[:120].decode("utf-8", "replace").strip()
        raise ProtocolError(
            f"The server's page of {len(text)} bytes is not JSON ({error}); it starts with {start!r}.",
            hint="A gateway may have cut or replaced it. Try again, with smaller pages if it recurs.",
        ) from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def needs_exact(columns: Columns) -> bool:
    """Tell whether a column needs the text of its numbers."""
    return any(pa.types.is_decimal(column.type) or is_text(column.type) for column in columns.metrics)


def decode(document: Document, columns: Columns) -> list[pa.Array]:
    """Decode a page that `parse` read; errors: ConversionError, ProtocolError."""
    first = int(document.paging.offset)
    arrays: list[pa.Array] = []
    for position, unit in enumerate(document.units):
        indices = [int(row[position]) for row in document.headers]
        for form in range(len(unit.forms)):
            arrays.append(_attribute(unit, form, columns.all[len(arrays)], indices, first))
    for position, column in enumerate(columns.metrics):
        arrays.append(_metric(column, [row[position] for row in document.raw], first))
    return arrays


def _attribute(unit: Unit, form: int, column: Column, indices: Sequence[int], first: int) -> pa.Array:
    texts = [_form_value(unit, element, form) for element in unit.elements]
    try:
        values = parse_texts(pa.array(texts, pa.string()), column.type).to_pylist()
    except pa.ArrowInvalid:
        raise _first_misfit(column, [texts[index] for index in indices], first) from None
    if indices and max(indices) >= len(values):
        raise ProtocolError(f"A row of {column.name!r} refers to element {max(indices)} of {len(values)}.")
    return pa.array([values[index] if index >= 0 else None for index in indices], _delivered(column))


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
    value: str | None = values[form]
    return value


def _first_misfit(column: Column, texts: Sequence[str | None], first: int) -> Exception:
    for row, text in enumerate(texts):
        try:
            parse_texts(pa.array([text], pa.string()), column.type)
        except pa.ArrowInvalid:
            return refuse(column, text, first + row)
    return ProtocolError(f"An element of {column.name!r} that no row refers to is no {column.type}.")


def _metric(column: Column, values: Sequence[Any], first: int) -> pa.Array:
    convert = _converter(column.type)
    converted = []
    for row, value in enumerate(values):
        try:
            converted.append(None if value is None else convert(value))
        except (ValueError, InvalidOperation):
            raise refuse(column, value, first + row) from None
    try:
        return pa.array(converted, _delivered(column))
    except (pa.ArrowInvalid, OverflowError):
        raise _first_unfit(column, values, converted, first) from None


def _first_unfit(column: Column, values: Sequence[Any], converted: Sequence[Any], first: int) -> Exception:
    for row, value in enumerate(converted):
        try:
            pa.array([value], _delivered(column))
        except (pa.ArrowInvalid, OverflowError):
            return refuse(column, values[row], first + row)
    return ProtocolError(f"The values of {column.name!r} do not form a column.")


def _delivered(column: Column) -> pa.DataType:
    return TEXT if is_text(column.type) else column.type


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
    return lambda value: parse_texts(pa.array([_only_text(value)]), to)[0].as_py()


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError("a truth value")
    if isinstance(value, str):
        number = Decimal(value) if isinstance(value, _Number) else Decimal(int(_only_digits(value)))
    else:
        number = Decimal(value)
    if number != int(number):
        raise ValueError("not whole")
    return int(number)


def _only_digits(text: str) -> str:
    if not re.fullmatch(r"-?[0-9]+", text):
        raise ValueError("not a whole number")
    return text


def _double(value: Any) -> float:
    if isinstance(value, bool) or (isinstance(value, str) and not isinstance(value, _Number)):
        raise ValueError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("beyond the range of a double")
    return number


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", str(value)):
        raise ValueError("not a number")
    return Decimal(str(value))


def _boolean(value: Any) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    try:
        return known[str(value).lower()]
    except KeyError:
        raise ValueError("not a truth value") from None


def _text(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _only_text(value: Any) -> str:
    if not isinstance(value, str) or isinstance(value, _Number):
        raise ValueError("not a text")
    return value

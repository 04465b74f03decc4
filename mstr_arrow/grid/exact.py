"""JSON and its values, one by one: exactly what the server wrote, or an error that names it.

What the plain decoder reads with. A number keeps its text where a double would not hold it.
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

    from mstr_arrow.grid.schema import Column


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


def form_array(
    column: Column, texts: Sequence[str | None], indices: Sequence[int | None], rows: Sequence[int]
) -> pa.Array:
    """Make the array of a form from the text of each element and an element, or None, per row.

    Errors: ConversionError, with the first of ``rows`` whose text does not fit.
    """
    try:
        used = pa.array(texts, pa.string()).take(pa.array(indices, pa.int64())).dictionary_encode()
        return (
            used.cast(TEXT)
            if is_text(column.type)
            else parse_texts(used.dictionary, column.type).take(used.indices)
        )
    except ValueError:  # pa.ArrowInvalid is one
        values = [None if index is None else texts[index] for index in indices]
        return _array(column, values, partial(_parsed, column), rows)


def value_array(column: Column, values: Sequence[Any], rows: Sequence[int]) -> pa.Array:
    """Make the array of a metric from its JSON values; errors: ConversionError, with the row of the first."""
    return _array(column, values, partial(_converted, column), rows)


def text_array(texts: Sequence[str | None]) -> pa.Array:
    """Make an array of texts as the decoder delivers them."""
    return pa.array(texts, pa.string()).dictionary_encode().cast(TEXT)


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
    return text_array(texts) if is_text(column.type) else parse_texts(pa.array(texts, pa.string()), column.type)


def _converted(column: Column, values: Sequence[Any]) -> pa.Array:
    convert = _converter(column.type)
    if not set(map(type, values)) <= _SERVED_AS.get(convert, _NOTHING):
        values = [None if value is None else convert(value) for value in values]
    if convert in (_text, _only_text):
        return _parsed(column, values)
    array = pa.array(values, column.type)
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


_NOTHING = frozenset({type(None)})
_SERVED_AS: dict[Callable[[Any], Any], frozenset[type]] = {
    _integer: _NOTHING | {int},
    _double: _NOTHING | {float},
    _text: _NOTHING | {str},
    _only_text: _NOTHING | {str},
}
"""The JSON values that need no conversion, because they have the type that is asked for."""

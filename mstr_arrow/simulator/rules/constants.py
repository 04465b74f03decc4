"""Constants of conditions: the texts of a request as typed values (Wire reference, section 5.2)."""

from __future__ import annotations

import re
import struct
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.bodies import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable

Value = Decimal | str | datetime | time

_FIRST_DAY = date(1899, 12, 30)
_WHOLE = re.compile(r"[+-]?[0-9]+")
_PLAIN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_PERCENT = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)(?P<sign>%?)")
_REAL = re.compile(_PLAIN.pattern + r"([eE][+-]?[0-9]{1,3})?")
_CLOCK = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]{1,3}))? (?P<half>AM|PM)"
)
_TIME = re.compile(_CLOCK)
_MOMENT = re.compile(rf"(?P<month>[0-9]{{1,2}})/(?P<day>[0-9]{{1,2}})/(?P<year>[0-9]{{4}})( {_CLOCK})?")


class Kind(Enum):
    """Kinds of values: those of one kind can be compared with each other."""

    NUMBER = "number"
    TEXT = "text"
    MOMENT = "date"
    TIME = "time"

    @classmethod
    def of(cls, dtype: pl.DataType) -> Kind:
        """Give the kind of a column's values."""
        if dtype == pl.Time:
            return cls.TIME
        if dtype.is_temporal():
            return cls.MOMENT
        return cls.TEXT if dtype == pl.String else cls.NUMBER


def read_constant(data_type: Any, text: Any, kind: Kind, *, of_metric: bool) -> Value:
    """Read a constant that a subject of this kind is compared with.

    ``Real`` is rounded to single precision; ``BigDecimal`` and ``Int64`` are exact and have no exponent. Dates and
    times are those of the locale en_us, ``1/31/2024``, ``10:20:30 AM`` with up to three decimals, and both with
    a blank between; a date is the first moment of its day. ``Int64`` is for metrics only. Raises the server's 400
    for everything else.
    """
    reader = _READERS.get(str(data_type))
    if reader is None:
        raise bad_request(f"Invalid data type - {data_type}")
    allowed, read = reader
    if kind is not allowed or (data_type == "Int64" and not of_metric):
        raise bad_request(f"A constant of data type {data_type} cannot be compared with a {kind.value}.")
    try:
        return read(text)
    except (ValueError, TypeError, OverflowError) as error:
        raise bad_request(f"Invalid constant value - {text}") from error


def read_rank(data_type: Any, text: Any) -> int:
    """Read a whole number that a rank is compared with."""
    value = read_constant(data_type, text, Kind.NUMBER, of_metric=True)
    if not isinstance(value, Decimal) or value != value.to_integral_value() or not 0 <= value < 2**31:
        raise bad_request(f"Invalid constant value - {text}")
    return int(value)


def read_percent(data_type: Any, text: Any, *, per: int) -> int:
    """Read a percentage, ``20%`` or ``0.2``, as so many of ``per``."""
    if data_type not in {"Real", "BigDecimal"}:
        raise bad_request(f"Invalid data type - {data_type}")
    found = _PERCENT.fullmatch(text) if isinstance(text, str) else None
    parts = Fraction(found["number"]) * per / (100 if found["sign"] else 1) if found else Fraction(-1)
    if not 0 <= parts <= per:
        raise bad_request(f"Invalid constant value - {text}")
    return round(parts)


def _real(text: str) -> Decimal:
    number = float(_match(_REAL, text)[0])
    (single,) = struct.unpack("<f", struct.pack("<f", number))
    return Decimal(single)


def _big_decimal(text: str) -> Decimal:
    return Decimal(_match(_PLAIN, text)[0])


def _int64(text: str) -> Decimal:
    number = int(_match(_WHOLE, text)[0])
    if not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return Decimal(number)


def _char(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(text)
    return text


def _date(text: str) -> datetime:
    found = _match(_MOMENT, text)
    if found["hour"] is not None:
        raise ValueError(text)
    return _moment(text)


def _moment(text: str) -> datetime:
    found = _match(_MOMENT, text)
    day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    if day < _FIRST_DAY:
        raise ValueError(text)
    return datetime.combine(day, time() if found["hour"] is None else _clock(found))


def _time(text: str) -> time:
    return _clock(_match(_TIME, text))


def _clock(found: re.Match[str]) -> time:
    hour = int(found["hour"])
    if not 1 <= hour <= 12:
        raise ValueError(found[0])
    microsecond = int((found["fraction"] or "0").ljust(6, "0"))
    return time(hour % 12 + 12 * (found["half"] == "PM"), int(found["minute"]), int(found["second"]), microsecond)


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found


_READERS: dict[str, tuple[Kind, Callable[[Any], Value]]] = {
    "Real": (Kind.NUMBER, _real),
    "BigDecimal": (Kind.NUMBER, _big_decimal),
    "Int64": (Kind.NUMBER, _int64),
    "Char": (Kind.TEXT, _char),
    "Date": (Kind.MOMENT, _date),
    "TimeStamp": (Kind.MOMENT, _moment),
    "Time": (Kind.TIME, _time),
}

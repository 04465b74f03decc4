"""The one rule of how what a server writes becomes a value of a column's type: exactly, or not at all. Pure.

It goes value by value. `convert` does the same to whole arrays, and takes nothing that is refused here;
docs/types.md has the rule as a table.
"""

from __future__ import annotations

import math
import re
import struct
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.arrays import make_array
from mstr_arrow.grid.server_types import is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<nan>nan|1\.#(?:qnan|snan|ind)0*)|inf(?:inity)?|1\.#inf0*)", re.IGNORECASE
)
_BOOLS = {"true": True, "1": True, "false": False, "0": False}
_CLOCK = (
    r"(?P<hours>[01][0-9]|2[0-3])"
    r"(?::(?P<minutes>[0-5][0-9])(?::(?P<seconds>[0-5][0-9])(?:\.(?P<fraction>[0-9]+))?)?)?"
    r"(?P<offset>[Zz]| ?(?P<sign>[+-])(?P<off_hours>[01][0-9]|2[0-3])(?::?(?P<off_minutes>[0-5][0-9]))?)?"
)
_STAMP = re.compile(rf"(?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[Tt ]{_CLOCK})?")
_TIME = re.compile(rf"(?=[0-9]{{2}}:){_CLOCK}")
_HALVES = re.compile("[\ud800-\udbff]|[\udc80-\udcff]+|[\udc00-\udc7f\udd00-\udfff]")

_NANOSECONDS = 10**9
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": _NANOSECONDS}
_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST_SECOND, _LAST_SECOND = ((day.toordinal() - _EPOCH) * _DAY for day in (date.min, date.max))
_LONGEST_INTEGER = 20
"""Digits of any integer of 64 bits at most; one that is longer may take too long to write out."""


class Number(str):
    """The text of a JSON number, kept where a double would not hold it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def reader_of(to: pa.DataType) -> Callable[[Any], Any]:
    """Choose the function that reads a JSON value for `array_of`, and raises ValueError for a bad one."""
    read = _reader_of(to)
    return read if is_text(to) else lambda value: None if value is None or value == "" else read(value)


def array_of(values: Sequence[Any], to: pa.DataType) -> pa.Array:
    """Make an array of what the reader of its type has read."""
    if pa.types.is_temporal(to):
        return make_array(values, pa.int32() if to.bit_width == 32 else pa.int64()).view(to)
    return make_array(values, to)


def has_offset(text: str) -> bool:
    """Tell whether a moment or time of day says how far it is from UTC.

    >>> has_offset("2024-01-31T10:20:30.000+0000"), has_offset("2024-01-31")
    (True, False)
    """
    match = _STAMP.fullmatch(text) or _TIME.fullmatch(text)
    return match is not None and match["offset"] is not None


def whole_text(text: str) -> str:
    r"""Put U+FFFD in place of every half of a character.

    >>> whole_text("A\ud83d") == "A\ufffd"
    True
    """
    return _HALVES.sub("\ufffd", text)


def is_whole(text: str) -> bool:
    """Tell whether a text has no half of a character in it."""
    return text.isascii() or _HALVES.search(text) is None


def _reader_of(to: pa.DataType) -> Callable[[Any], Any]:
    if is_text(to):
        return _text
    if pa.types.is_integer(to):
        span = 2**to.bit_width
        lowest = 0 if pa.types.is_unsigned_integer(to) else -span // 2
        return partial(_integer, lowest=lowest, highest=lowest + span - 1)
    if pa.types.is_floating(to):
        return partial(_double, single=pa.types.is_float32(to))
    if pa.types.is_decimal(to):
        return partial(_decimal, precision=to.precision, scale=to.scale)
    if pa.types.is_boolean(to):
        return _bool
    if pa.types.is_date(to):
        return partial(_date, units=1 if pa.types.is_date32(to) else _DAY * 1000)
    return partial(_time if pa.types.is_time(to) else _timestamp, unit=to.unit)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        raise ValueError("no single value")
    text = str(value)
    if not is_whole(text):
        raise ValueError("half of a character")
    return text


def _integer(value: Any, lowest: int, highest: int) -> int:
    number = _number(value)
    if number and number.adjusted() >= _LONGEST_INTEGER:
        raise ValueError("beyond the range of the type")
    whole = int(number) if number else 0
    if whole != number or not lowest <= whole <= highest:
        raise ValueError("not a whole number of the type")
    return whole


def _double(value: Any, *, single: bool) -> float:
    if isinstance(value, str) and (match := _NOT_FINITE.fullmatch(value)):
        return math.nan if match["nan"] else -math.inf if match["sign"] == "-" else math.inf
    _check_number(value)
    try:
        number = float(value)
        if single:
            struct.pack("<f", number)
    except OverflowError as error:
        raise ValueError("beyond the range of the type") from error
    if not math.isfinite(number):
        raise ValueError("beyond the range of a double")
    return number


def _decimal(value: Any, precision: int, scale: int) -> Decimal:
    number = _number(value)
    if not number:
        return Decimal(0)
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    last = int(exponent) + len(digits) - len(text)
    if last < -scale or number.adjusted() >= precision - scale:
        raise ValueError("beyond the digits of the type")
    exact = Decimal(f"{'-' if sign else ''}{text}e{last}")
    return Decimal(f"{exact:f}")


def _bool(value: Any) -> bool:
    try:
        return _BOOLS[str(value).lower()]
    except KeyError:
        raise ValueError("not a truth value") from None


def _number(value: Any) -> Decimal:
    _check_number(value)
    try:
        return Decimal(repr(value) if isinstance(value, float) else value)
    except ArithmeticError as error:
        raise ValueError("beyond the range of any number") from error


def _check_number(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("not a number")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError("not a number")


def _timestamp(value: Any, unit: str) -> int:
    match = _match(_STAMP, value)
    seconds, nanoseconds = _clock(match)
    seconds += _day(match) * _DAY - _offset(match)
    count = _in_units(seconds, nanoseconds, unit)
    if not _FIRST_SECOND <= seconds < _LAST_SECOND + _DAY or not -(2**63) <= count < 2**63:
        raise ValueError("beyond the range of the type")
    return count


def _date(value: Any, units: int) -> int:
    match = _match(_STAMP, value)
    if any(_clock(match)):
        raise ValueError("a date with a time of day")
    return _day(match) * units


def _time(value: Any, unit: str) -> int:
    match = _match(_TIME, value)
    seconds, nanoseconds = _clock(match)
    return _in_units((seconds - _offset(match)) % _DAY, nanoseconds, unit)


def _match(pattern: re.Pattern[str], value: Any) -> re.Match[str]:
    match = pattern.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("neither a date nor a time")
    return match


def _day(match: re.Match[str]) -> int:
    return date.fromisoformat(match["date"]).toordinal() - _EPOCH


def _clock(match: re.Match[str]) -> tuple[int, int]:
    """Return the seconds and nanoseconds since midnight, as they are written."""
    hours, minutes, seconds = (int(match[part] or 0) for part in ("hours", "minutes", "seconds"))
    fraction = (match["fraction"] or "").ljust(9, "0")
    if fraction[9:].strip("0"):
        raise ValueError("digits below the nanosecond")
    return hours * 3600 + minutes * 60 + seconds, int(fraction[:9])


def _offset(match: re.Match[str]) -> int:
    """Return by how many seconds a clock is ahead of UTC."""
    ahead = int(match["off_hours"] or 0) * 3600 + int(match["off_minutes"] or 0) * 60
    return -ahead if match["sign"] == "-" else ahead


def _in_units(seconds: int, nanoseconds: int, unit: str) -> int:
    count, rest = divmod(nanoseconds * _PER_SECOND[unit], _NANOSECONDS)
    if rest:
        raise ValueError("more digits than the type has")
    return seconds * _PER_SECOND[unit] + count

"""From the server's texts to typed Arrow arrays, all values at once: exactly, or not at all.

What is refused here may still have a meaning, which `values` says.
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.arrays import make_scalar
from mstr_arrow.grid.server_types import DECIMAL

_STAMP = pa.timestamp("us")
_EPOCH = date(1970, 1, 1)
_DAY = 86_400
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_OFFSET = r"(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
_WITH_OFFSET = rf"[T ][0-9:.]+{_OFFSET}$"


def parse_texts(texts: pa.Array, to: pa.DataType) -> pa.Array:
    """Convert texts to a type; an empty one is null, except in a text column. Errors: pa.ArrowInvalid.

    Moments with an offset from UTC are converted to UTC; where only some have one, all are refused.

    >>> parse_texts(pa.array(["7", "", None]), pa.int64()).to_pylist()
    [7, None, None]
    """
    if to == texts.type:
        return texts
    texts = pc.if_else(pc.equal(texts, make_scalar("", texts.type)), make_scalar(None, texts.type), texts)
    if pa.types.is_timestamp(to):
        return _timestamps(texts, to)
    if pa.types.is_date(to):
        return _dates(texts, to)
    if pa.types.is_time(to):
        return _times(texts, to)
    if pa.types.is_integer(to):
        return _integers(texts, to)
    if pa.types.is_decimal(to):
        return _decimals(texts, to)
    result = pc.cast(texts, to)
    if pa.types.is_floating(to) and pc.all(pc.is_finite(result)).as_py() is False:
        raise pa.ArrowInvalid("a number is not finite")
    return result


def _integers(texts: pa.Array, to: pa.DataType) -> pa.Array:
    if pc.any(pc.match_substring(texts, "x", ignore_case=True)).as_py():
        raise pa.ArrowInvalid("hexadecimal numbers are not expected")
    try:
        return pc.cast(texts, to)
    except pa.ArrowInvalid:
        return pc.cast(_decimals(texts, DECIMAL), to)  # 3.0 and 1e3 are whole numbers, too


def _decimals(texts: pa.Array, to: pa.DataType) -> pa.Array:
    """Convert numbers in the range of a decimal type: the cast itself may wrap around (Arrow 26)."""
    largest = pc.max(pc.abs(pc.cast(texts, pa.float64()))).as_py()
    if largest is not None and not largest <= 10.0 ** (to.precision - to.scale):
        raise pa.ArrowInvalid("a number beyond the range of its decimal type")
    return pc.cast(texts, to)


def _timestamps(texts: pa.Array, to: pa.DataType) -> pa.Array:
    if to.unit == "ns":
        # Arrow before 23 lets years beyond the range of nanoseconds wrap around.
        years = pc.utf8_slice_codeunits(texts, 0, 4)
        first, last = make_scalar("1678", years.type), make_scalar("2261", years.type)
        if pc.any(pc.or_(pc.less(years, first), pc.greater(years, last))).as_py():
            raise pa.ArrowInvalid("a year beyond the range of nanoseconds")
    naive = pa.timestamp(to.unit)
    zoned = pc.all(pc.ends_with(texts, "Z")).as_py()
    try:
        # Without its letter a moment is read many times faster than with an offset.
        parsed = pc.cast(pc.utf8_slice_codeunits(texts, 0, -1) if zoned else texts, naive)
    except pa.ArrowInvalid:
        parsed = _odd_timestamps(texts, naive)
    _check_years(parsed)
    return parsed if to.tz is None else parsed.view(pa.timestamp(to.unit, "UTC")).cast(to)


def _odd_timestamps(texts: pa.Array, naive: pa.DataType) -> pa.Array:
    """Convert moments with offsets, or with zeros below the unit, which lose nothing; other digits are refused."""
    offset = pc.all(pc.match_substring_regex(texts, _WITH_OFFSET)).as_py()
    digits = _DIGITS[naive.unit]
    zeros = rf"(\.[0-9]{{{digits}}})0+({_OFFSET}?)$" if digits else rf"()\.0+({_OFFSET}?)$"
    to = pa.timestamp(naive.unit, "UTC") if offset else naive
    return pc.cast(pc.replace_substring_regex(texts, zeros, r"\1\2"), to).view(naive)


def _check_years(stamps: pa.Array) -> None:
    """Refuse moments outside of the years 1 to 9999, which Python's own could not hold."""
    seconds = [(day - _EPOCH).days * _DAY for day in (date.min, date.max)]
    per_second = _PER_SECOND[stamps.type.unit]
    bounds = pc.min_max(stamps.view(pa.int64())).as_py()
    if bounds["min"] is not None and not (
        seconds[0] * per_second <= bounds["min"] and bounds["max"] < (seconds[1] + _DAY) * per_second
    ):
        raise pa.ArrowInvalid("a year beyond 1 to 9999")


def _dates(texts: pa.Array, to: pa.DataType) -> pa.Array:
    """Convert days as they are written, whatever the offset of their midnight."""
    try:
        days = pc.cast(texts, to)
        _check_years(days.cast(pa.timestamp("s")))
    except pa.ArrowInvalid:
        written = pc.replace_substring_regex(texts, rf"([T ][0-9:.]+){_OFFSET}$", r"\1")
        stamps = _timestamps(written, _STAMP)
        days = pc.cast(stamps, to, safe=False)
        if pc.all(pc.equal(pc.cast(days, _STAMP), stamps)).as_py() is False:
            raise pa.ArrowInvalid("a date has a time of day") from None
    return days


def _times(texts: pa.Array, to: pa.DataType) -> pa.Array:
    if pc.all(pc.match_substring_regex(texts, "^[0-9]{2}:")).as_py() is False:
        raise pa.ArrowInvalid("a time of day without minutes")
    unit = to.unit
    stamps = _timestamps(
        pc.binary_join_element_wise(make_scalar("1970-01-01T", texts.type), texts, make_scalar("", texts.type)),
        pa.timestamp(unit),
    ).view(pa.int64())
    day, midnight = (make_scalar(each, pa.int64()) for each in (_DAY * _PER_SECOND[unit], 0))
    # An offset may have led over midnight.
    stamps = pc.if_else(pc.less(stamps, midnight), pc.add(stamps, day), stamps)
    stamps = pc.if_else(pc.greater_equal(stamps, day), pc.subtract(stamps, day), stamps)
    return pc.cast(stamps, pa.int32() if to.bit_width == 32 else pa.int64()).view(to)

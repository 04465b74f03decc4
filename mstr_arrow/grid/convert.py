"""From the server's texts to typed Arrow arrays, exactly or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.errors import ConversionError
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from mstr_arrow.grid.schema import Column

_STAMP = pa.timestamp("us")


def parse_texts(texts: pa.Array, to: pa.DataType) -> pa.Array:
    """Convert form values, which are always texts, to a type; errors: pa.ArrowInvalid.

    A blank text is null, except in a text column: a number or a date has no other way to be blank.

    >>> parse_texts(pa.array(["7", "", None]), pa.int64()).to_pylist()
    [7, None, None]
    """
    if to == texts.type:
        return texts
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
    if pa.types.is_timestamp(to):
        return _timestamps(texts, to)
    if pa.types.is_date(to):
        return _dates(texts, to)
    if pa.types.is_time(to):
        on_epoch_day = pc.binary_join_element_wise("1970-01-01T", texts, "")
        return pc.cast(_timestamps(on_epoch_day, pa.timestamp(to.unit)), to)
    if pa.types.is_integer(to) and pc.any(pc.match_substring(texts, "x", ignore_case=True)).as_py():
        raise pa.ArrowInvalid("hexadecimal numbers are not expected")
    if pa.types.is_decimal(to):
        _refuse_overflow(texts, to)
    result = pc.cast(texts, to)
    if pa.types.is_floating(to) and not pc.all(pc.is_finite(result)).as_py() and len(result) > result.null_count:
        raise pa.ArrowInvalid("a number is not finite")
    return result


def _refuse_overflow(texts: pa.Array, to: pa.DataType) -> None:
    """Check that numbers are in the range of a decimal type: the cast itself may wrap around (Arrow 26)."""
    largest = pc.max(pc.abs(pc.cast(texts, pa.float64()))).as_py()
    if largest is not None and not largest <= 10.0 ** (to.precision - to.scale):
        raise pa.ArrowInvalid("a number beyond the range of its decimal type")


def _timestamps(texts: pa.Array, to: pa.DataType) -> pa.Array:
    local = pc.if_else(pc.ends_with(texts, "Z"), pc.utf8_slice_codeunits(texts, 0, -1), texts)
    naive = pa.timestamp(to.unit)
    if to.unit == "ns":
        # Arrow before 23 lets years beyond the range of nanoseconds wrap around.
        years = pc.utf8_slice_codeunits(local, 0, 4)
        if pc.any(pc.or_(pc.less(years, "1678"), pc.greater(years, "2261"))).as_py():
            raise pa.ArrowInvalid("a year beyond the range of nanoseconds")
    try:
        parsed = pc.cast(local, naive)
    except pa.ArrowInvalid:
        # Zeros below the unit lose nothing; other digits do, and fail again.
        digits = {"s": 0, "ms": 3, "us": 6, "ns": 9}[to.unit]
        pattern = rf"(\.\d{{{digits}}})0+$" if digits else r"()\.0+$"
        parsed = pc.cast(pc.replace_substring_regex(local, pattern, r"\1"), naive)
    return parsed if to.tz is None else pc.cast(pc.cast(parsed, pa.timestamp(to.unit, "UTC")), to)


def _dates(texts: pa.Array, to: pa.DataType) -> pa.Array:
    try:
        return pc.cast(texts, to)
    except pa.ArrowInvalid:
        stamps = _timestamps(texts, _STAMP)
        days = pc.cast(stamps, to, safe=False)
        if pc.all(pc.equal(pc.cast(days, _STAMP), stamps)).as_py() is False:
            raise pa.ArrowInvalid("a date has a time of day") from None
        return days


def refuse(column: Column, value: object, row: int) -> ConversionError:
    """Make the error that names column, row and value, and the way out."""
    shown = repr(value)
    if len(shown) > 80:
        shown = f"{shown[:77]}…"
    return ConversionError(
        f"{shown} in column {column.name!r}, row {row}, does not fit {column.type} exactly "
        f"(the server calls the column {column.data_type!r}).",
        column=column.name,
        row=row,
        hint=advice(
            "type the column",
            "Choose a type that holds it: types={{{column!r}: pa.string()}} takes any value.",
            column=column.name,
        ),
    )

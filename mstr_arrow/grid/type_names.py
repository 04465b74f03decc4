"""Arrow types by the names that Arrow writes them with. Pure."""

from __future__ import annotations

import re

import pyarrow as pa

from mstr_arrow.errors import UsageError

_DECIMAL = re.compile(r"decimal(?P<bits>128|256)?\(\s*(?P<precision>\d+)\s*,\s*(?P<scale>-?\d+)\s*\)")
_ZONED = re.compile(r"timestamp\[(?P<unit>s|ms|us|ns),\s*tz=(?P<zone>[^\]]+)\]")


def read_type(text: str) -> pa.DataType:
    """Read an Arrow type as Arrow writes it. Errors: UsageError.

    >>> read_type("decimal128(18, 2)")
    Decimal128Type(decimal128(18, 2))
    """
    try:
        if decimal := _DECIMAL.fullmatch(text):
            make = pa.decimal256 if decimal["bits"] == "256" else pa.decimal128
            return make(int(decimal["precision"]), int(decimal["scale"]))
        if zoned := _ZONED.fullmatch(text):
            return pa.timestamp(zoned["unit"], zoned["zone"])
        return pa.type_for_alias(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no Arrow type that can be asked for ({error}).",
            hint="Some that can: string, int64, float64, decimal128(18, 2), date32, timestamp[us], bool.",
        ) from None

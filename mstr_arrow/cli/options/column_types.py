"""Column types as they are written on the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_PAIR = re.compile(r"(?P<name>.+)=(?P<blank>\s*)(?P<type>\w+(?:[\[(][^\])]*[\])])?)\s*", re.DOTALL)
_DECIMAL = re.compile(r"decimal(?P<bits>128|256)?\(\s*(?P<precision>\d+)\s*,\s*(?P<scale>-?\d+)\s*\)")
_ZONED = re.compile(r"timestamp\[(?P<unit>s|ms|us|ns),\s*tz=(?P<zone>[^\]]+)\]")


def read_types(pairs: Iterable[str]) -> dict[str, pa.DataType]:
    """Read ``NAME=TYPE`` pairs; the last ``=`` before the type separates them. Errors: UsageError.

    Blanks before it count, unless there are some after it, too.

    >>> read_types(["Revenue=decimal128(18, 2)", "Zip=string", "A=B=timestamp[us, tz=UTC]"])
    {'Revenue': Decimal128Type(decimal128(18, 2)), 'Zip': DataType(string),
     'A=B': TimestampType(timestamp[us, tz=UTC])}
    """
    types = {}
    for pair in pairs:
        match = _PAIR.fullmatch(pair)
        if match is None:
            raise UsageError(
                f"--column-type {pair!r} is not NAME=TYPE.", hint="Write it like --column-type 'Zip=string'."
            )
        types[match["name"].rstrip() if match["blank"] else match["name"]] = read_type(match["type"])
    return types


def read_type(text: str) -> pa.DataType:
    """Read an Arrow type as Arrow writes it. Errors: UsageError."""
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

"""Column types as they are written on the command line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.grid.type_names import read_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

_PAIR = re.compile(r"(?P<name>.+)=(?P<blank>\s*)(?P<type>\w+(?:[\[(][^\])]*[\])])?)\s*", re.DOTALL)


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

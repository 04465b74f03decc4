"""Polars types that Arrow has nothing for, or a dataset on the server. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.upload.names import check_name
from mstr_arrow.upload.types import EXPLODE, MAP_KEYS, UNNEST

if TYPE_CHECKING:
    import polars as pl

_WIDE = "Cast it to Decimal(38, 0), or to Int64 if its values fit."
_HELP = {
    "Int128": _WIDE,
    "UInt128": _WIDE,
    "Object": "Make a column of a Polars type of its Python values, such as pl.Series(map(str, values)).",
    "Unknown": "Cast it to the type that it should have.",
    "List": EXPLODE,
    "Array": EXPLODE,
    "Struct": UNNEST,
    "Map": MAP_KEYS,
}
"""By the class of the type; what other types become is said of the Arrow types they have."""


def check_dtypes(table: str, schema: pl.Schema) -> None:
    """Raise UsageError for columns that do not become Arrow, with the cast that helps.

    For names, too: at one with a zero byte Polars ends the process when it makes Arrow of it.
    """
    for column, dtype in schema.items():
        check_name(f"column of table {table!r}", column)
        hint = _HELP.get(str(dtype.base_type()))
        if hint is not None:
            raise UsageError(
                f"Column {column!r} is of the Polars type {dtype}, which a dataset on the server cannot hold.",
                hint=hint,
            )

"""Polars types that Arrow has nothing for. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_WIDE = "Cast it to Decimal(38, 0), or to Int64 if its values fit."
_HELP = {
    "Int128": _WIDE,
    "UInt128": _WIDE,
    "Object": "Make a column of a Polars type of its Python values, such as pl.Series(map(str, values)).",
    "Unknown": "Cast it to the type that it should have.",
}
"""By the class of the type; what other types become is said of the Arrow types they have."""


def check_dtypes(schema: pl.Schema) -> None:
    """Raise UsageError for a column whose values Arrow cannot take, with the cast that helps."""
    for column, dtype in schema.items():
        hint = _HELP.get(str(dtype.base_type()))
        if hint is not None:
            raise UsageError(
                f"Column {column!r} is of the Polars type {dtype}, which Arrow does not have.", hint=hint
            )

"""The policies by which publishing changes the rows of a table (Wire reference, section 6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

REPLACE, ADD, UPDATE, UPSERT = "replace", "add", "update", "upsert"

Adding: TypeAlias = Literal["append", "ignore", "change"]
"""The effect of "add" on a row whose key is there: one more such row, nothing, or that of an update."""

_MOST_DIGITS = 38


def stack(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put frames of one table below each other; raise PolarsError as ``align`` does."""
    return pl.concat(align(frames))


def align(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Give the decimals of some frames as many places as the longest has.

    Raises PolarsError where a number would need more than 38 digits for that.
    """
    scales: dict[str, int] = {}
    for frame in frames:
        for name, dtype in frame.schema.items():
            if isinstance(dtype, pl.Decimal):
                scales[name] = max(scales.get(name, 0), dtype.scale)
    return [
        frame.with_columns(
            pl.col(name).cast(pl.Decimal(_MOST_DIGITS, scale)) for name, scale in scales.items() if name in frame
        )
        for frame in frames
    ]


def merge(
    current: pl.DataFrame,
    new: pl.DataFrame,
    policy: str,
    *,
    keys: Sequence[int],
    values: Sequence[int],
    adding: Adding = "append",
) -> pl.DataFrame:
    """Give the rows that a table has after an upload.

    Columns are named by their places; ``keys`` are those that tell rows apart, ``values`` those that an update
    may change. Of several new rows with one key, update and upsert take the last.
    """
    if policy == REPLACE:
        return new
    current, new = align([current, new])
    by = [str(place) for place in keys]
    if policy == ADD and (adding == "append" or not by):
        return pl.concat([current, new])
    if policy == ADD and adding == "ignore":
        return pl.concat([current, new.join(current, on=by, how="anti", nulls_equal=True, maintain_order="left")])
    last = new.unique(subset=by, keep="last", maintain_order=True)
    updated = _update(current, last, by=by, values=[str(place) for place in values])
    if policy == UPDATE:
        return updated
    return pl.concat([updated, last.join(current, on=by, how="anti", nulls_equal=True, maintain_order="left")])


def _update(current: pl.DataFrame, last: pl.DataFrame, *, by: list[str], values: list[str]) -> pl.DataFrame:
    changes = last.select(*by, *(pl.col(name).alias(f"new {name}") for name in values), changed=True)
    joined = current.join(changes, on=by, how="left", nulls_equal=True, maintain_order="left")
    changed = pl.col("changed").fill_null(value=False)
    return joined.select(
        pl.when(changed).then(pl.col(f"new {name}")).otherwise(pl.col(name)).alias(name) if name in values else name
        for name in current.columns
    )

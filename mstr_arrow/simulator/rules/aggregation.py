"""Rows added up at the level of fewer attributes (Wire reference, sections 3.7 and 5.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.simulator.model.cubes import Metric

_LARGEST_INT64 = 2**63 - 1


def aggregate(rows: pl.DataFrame, keys: Sequence[str], metrics: Sequence[Metric]) -> pl.DataFrame:
    """Group rows by element keys, in the order of the elements, and aggregate each metric by its own function.

    Integers are added exactly, doubles in an order that the rows alone decide. Without keys there is one row, or
    none where there are no rows at all.
    """
    totals = [total(rows.schema[metric.id], metric) for metric in metrics]
    if keys:
        groups = rows.group_by(keys, maintain_order=True).agg(totals).sort(keys, nulls_last=True)
    else:
        groups = rows.select(totals).head(len(rows))
    return groups.with_columns(narrow(groups[metric.id]) for metric in metrics)


def with_values(metric: Metric, values: pl.Series) -> Metric:
    """Give a metric these values, narrowed, row by row; a decimal that was an integer makes it a big decimal."""
    too_large = values.dtype.is_decimal() and metric.data_type.lower() != "bigdecimal"
    return replace(
        metric,
        data_type="bigDecimal" if too_large else metric.data_type,
        value=pl.lit(values).gather(pl.col("row")),
        json=None,
    )


def extremes(values: pl.DataFrame) -> pl.DataFrame:
    """Give the least and the greatest value of each numeric column, in two rows."""
    numeric = [name for name, dtype in values.schema.items() if dtype.is_numeric()]
    chosen = values.select(numeric)
    return pl.concat([chosen.min(), chosen.max()])


def total(dtype: pl.DataType, metric: Metric) -> pl.Expr:
    """Aggregate a metric without nulls, nothing but nulls as null; a single value stays as it is, bit by bit."""
    value = pl.col(metric.id)
    if metric.aggregation == "max" or not dtype.is_numeric():
        return value.max()
    added = value.cast(pl.Int128).sum() if dtype.is_integer() else value.sum()
    several = pl.when(value.count() > 0).then(added)
    return pl.when(pl.len() == 1).then(value.first()).otherwise(several).alias(metric.id)


def narrow(values: pl.Series) -> pl.Series:
    """Give sums the type that a page can show: int64, or a decimal where that is too small; no infinite doubles."""
    if values.dtype.is_float():
        return values.zip_with(values.is_finite(), pl.repeat(None, len(values), dtype=pl.Float64, eager=True))
    if values.dtype != pl.Int128:
        return values
    fits = values.abs().fill_null(0) <= _LARGEST_INT64
    return values.cast(pl.Int64) if fits.all() else values.cast(pl.Decimal(38, 0))

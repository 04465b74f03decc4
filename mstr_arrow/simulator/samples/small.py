"""Small cubes with an unusual shape, or an unusual name, each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from mstr_arrow.simulator.model.cubes import OLAP_CUBE, Attribute, Cube, Form, Metric, object_id, pick

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOURS = ("red", "green", "blue", None)


def small_cubes() -> list[Cube]:
    """Make the cubes that have only metrics, only attributes, no rows, one row, clashing names and so on."""
    number = _attribute("Number", "integer", range(1, 11), pl.Int64)
    colour = _attribute("Colour", "nVarChar", _COLOURS, pl.String)
    amount, weight = _metric("Amount", pl.col("row") * 2 + 1), _metric("Weight", pl.col("row") * 3)
    usual = _cube("One Row", [number, colour], [amount, weight], rows=1)
    return [
        usual,
        _cube("Only Metrics", [], [amount, weight], rows=1),
        _cube("Only Attributes", [number, colour], [], rows=10),
        _cube("No Rows", [number, colour], [amount, weight], rows=0),
        replace(_cube("Not Published", [number, colour], [amount], rows=10), published=False),
        _same_names(),
        _cube("Twice", [number], [amount], rows=2),
        _cube("Twice", [number], [weight], rows=3, folder=("Public Objects", "Archive")),
        _cube("Été & Größe 50 % +1 #☕", [number, colour], [amount], rows=10),
    ]


def _same_names() -> Cube:
    """Give an attribute, another attribute and a metric one name: only their ids tell them apart."""
    first = _attribute("Amount", "nVarChar", ("low", "high"), pl.String)
    second = replace(
        _attribute("Amount", "integer", range(100, 110), pl.Int64), id=object_id("attribute", "Amount", "second")
    )
    return _cube("Same Names", [first, second], [_metric("Amount", pl.col("row") * 5)], rows=10)


def _cube(
    name: str,
    attributes: Sequence[Attribute],
    metrics: Sequence[Metric],
    *,
    rows: int,
    folder: tuple[str, ...] = ("Public Objects", "Reports"),
) -> Cube:
    return Cube(
        name=name,
        attributes=tuple(attributes),
        metrics=tuple(metrics),
        total=rows,
        keys=frozenset(attribute.id for attribute in attributes if attribute.cardinality >= rows),
        folder=folder,
        subtype=OLAP_CUBE,
    )


def _attribute(name: str, data_type: str, values: Sequence[object], dtype: type[pl.DataType]) -> Attribute:
    value = pick(values, dtype, pl.col("key"))
    return Attribute(
        id=object_id("attribute", "small", name),
        name=name,
        forms=(Form(data_type=data_type, value=value),),
        key=pl.col("row") % len(values),
        element=value.cast(pl.String),
        cardinality=len(values),
    )


def _metric(name: str, value: pl.Expr) -> Metric:
    return Metric(id=object_id("metric", "small", name), name=name, data_type="integer", value=value)

"""Building blocks of sample reports: attributes, metrics and axes made of lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.model.cubes import DESC_FORM, Attribute, Form, Metric, object_id, pick
from mstr_arrow.simulator.model.reports import Axis, Unit, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Key = int | None


def axis_of(
    attributes: Sequence[Attribute | tuple[Attribute, str]],
    lines: Iterable[Sequence[Key]],
    *,
    widths: Sequence[int] | None = None,
    negative: bool = False,
    total: str = "Total",
) -> Axis:
    """Make an axis whose lines are listed: an element key for each header position."""
    held = list(lines)
    positions = [line_of([line[place] for line in held]) for place in range(sum(widths or [1] * len(attributes)))]
    units = []
    for item, width in zip(attributes, widths or [1] * len(attributes), strict=True):
        attribute, kind = item if isinstance(item, tuple) else (item, "attribute")
        own, positions = positions[:width], positions[width:]
        units.append(
            Unit(
                attribute=replace(attribute, key=own[0]),
                type=kind,
                levels=tuple(own[1:]),
                negative_blanks=negative,
                total=total,
            )
        )
    return Axis(units=tuple(units), count=len(held))


def texts(name: str, values: Sequence[str | None], *, scope: str = "report") -> Attribute:
    """Make an attribute of texts; ``scope`` tells its id from that of another attribute of the name."""
    form = Form(id=DESC_FORM, name="DESC", data_type="nVarChar", value=pick(values, pl.String, pl.col("key")))
    return of_forms(name, [form], nulls=[value is None for value in values], scope=scope)


def number_attribute(
    name: str, numbers: Sequence[int | None], values: Sequence[str | None], *, scope: str = "report"
) -> Attribute:
    """Make an attribute of numbers, its ID, with texts."""
    forms = [
        Form(data_type="integer", value=pick(numbers, pl.Int64, pl.col("key"))),
        Form(id=DESC_FORM, name="DESC", data_type="nVarChar", value=pick(values, pl.String, pl.col("key"))),
    ]
    return of_forms(name, forms, nulls=[number is None for number in numbers], scope=scope)


def dates(name: str, data_type: str, values: Sequence[Any], *, scope: str = "report") -> Attribute:
    """Make an attribute of dates or time stamps."""
    dtype = pl.Date if data_type == "date" else pl.Datetime("us")
    form = Form(data_type=data_type, value=pick(values, dtype, pl.col("key")))
    return of_forms(name, [form], nulls=[value is None for value in values], scope=scope)


def of_forms(name: str, forms: Sequence[Form], *, nulls: Sequence[bool], scope: str = "report") -> Attribute:
    """Make an attribute of forms with an element for each of ``nulls``, numbered from one on."""
    elements = [None if null else str(number) for number, null in enumerate(nulls, start=1)]
    return Attribute(
        id=object_id(f"{scope} attribute", name),
        name=name,
        forms=tuple(forms),
        key=pl.col("row"),
        element=pick(elements, pl.String, pl.col("key")),
        cardinality=len(elements),
    )


def attribute_of(name: str, data_type: str, value: pl.Expr, *, key: pl.Expr, cardinality: int) -> Attribute:
    """Make an attribute whose elements follow from their keys."""
    form = Form(data_type=data_type, value=value)
    element = pl.col("key").cast(pl.String)
    return Attribute(
        id=object_id("report attribute", name),
        name=name,
        forms=(form,),
        key=key,
        element=element,
        cardinality=cardinality,
    )


def metric_of(name: str, data_type: str, value: pl.Expr, *, scope: str = "report") -> Metric:
    """Make a metric."""
    return Metric(id=object_id(f"{scope} metric", name), name=name, data_type=data_type, value=value)

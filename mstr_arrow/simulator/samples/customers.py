"""A cube and a report of attributes that have more forms than their pages show."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.model.cubes import DESC_FORM, OLAP_CUBE, Attribute, Cube, Form, object_id, pick
from mstr_arrow.simulator.model.reports import Axis, Report, Unit

from .building import metric_of, of_forms

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS = 60
_NUMBERS = (101, 102, 103, 2**40, 105, None)
_NAMES = ("Ann", "Bob", "Ann", "Dörte", "", None)
_EMAILS = ("ann@example.com", "bob@example.com", "Ann@example.com", "", "bob@example.com", None)
_JOINED = (date(2019, 1, 1), date(2020, 2, 29), None, date(2024, 1, 31), date(2024, 1, 31), None)
_FIRST_CODES = ("a", "b", "c", "d", "e", None)
_SECOND_CODES = ("1", "2", "3", "4", "5", None)


def customer_cube() -> Cube:
    """Make the cube "Customers", where several customers share a name, and others an e-mail address."""
    return Cube(
        name="Customers",
        attributes=_attributes(),
        metrics=(
            metric_of("Revenue", "double", pl.col("row") * 1.5, scope="customers"),
            metric_of("Visits", "integer", pl.col("row") % 11, scope="customers"),
        ),
        total=_ROWS,
        subtype=OLAP_CUBE,
    )


def customer_reports() -> list[Report]:
    """Make the report "Customer Report" of the same rows, and "Customer Cross-tab" of customers and shops."""
    cube = customer_cube()
    units = tuple(Unit(attribute=attribute) for attribute in cube.attributes)
    shops = replace(cube.attributes[1], key=pl.col("row"))
    return [
        Report(name="Customer Report", rows=Axis(units=units, count=_ROWS), metrics=cube.metrics),
        Report(
            name="Customer Cross-tab",
            rows=Axis(units=units[:1], count=len(_NAMES)),
            columns=Axis(units=(Unit(attribute=shops),), count=2),
            metrics=cube.metrics,
            metrics_index=1,
        ),
    ]


def _attributes() -> tuple[Attribute, ...]:
    customer = _attribute(
        "Customer",
        shown=[_form(DESC_FORM, "DESC", "nVarChar", _NAMES, pl.String)],
        more=[
            Form(data_type="Int64", value=pick(_NUMBERS, pl.Int64, pl.col("key"))),
            _form(object_id("form", "Email"), "Email", "nVarChar", _EMAILS, pl.String),
            _form(object_id("form", "Joined"), "Joined", "date", _JOINED, pl.Date),
        ],
        key=pl.col("row") % len(_NAMES),
    )
    shop = _attribute(
        "Shop@Home",
        shown=[_form(DESC_FORM, "DESC", "nVarChar", ("North", "South"), pl.String)],
        more=[Form(data_type="integer", value=pick((1, 2), pl.Int64, pl.col("key")))],
        key=pl.col("row") % 2,
    )
    product = _attribute(
        "Product",
        shown=[
            Form(data_type="integer", value=pick((7, 8, 9, 10, 11, None), pl.Int64, pl.col("key"))),
            _form(DESC_FORM, "DESC", "nVarChar", ("pen", "ink", "pen", "cup", "", None), pl.String),
        ],
        more=[
            _form(object_id("form", "Code", "1"), "Code", "nVarChar", _FIRST_CODES, pl.String),
            _form(object_id("form", "Code", "2"), "Code", "nVarChar", _SECOND_CODES, pl.String),
        ],
        key=pl.col("row") // 6 % 6,
    )
    return customer, shop, product


def _attribute(name: str, *, shown: Sequence[Form], more: Sequence[Form], key: pl.Expr) -> Attribute:
    count = 2 if name == "Shop@Home" else len(_NAMES)
    nulls = [count > 2 and number == count - 1 for number in range(count)]
    attribute = of_forms(name, shown, nulls=nulls, scope="customers")
    return replace(attribute, more=tuple(more), key=key)


def _form(form_id: str, name: str, data_type: str, values: Sequence[Any], dtype: type[pl.DataType]) -> Form:
    return Form(id=form_id, name=name, data_type=data_type, value=pick(values, dtype, pl.col("key")))

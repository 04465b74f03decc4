"""Sorting of rows as the body of an instance request asks for it (Wire reference, section 5.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.model.cubes import Metric
from mstr_arrow.simulator.model.reports import ROWS

from .lookup import find_column, find_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.simulator.model.cubes import Attribute, Cube, Form
    from mstr_arrow.simulator.model.reports import Report

    from .collation import Collation

_ORDERS = ("ascending", "descending")


def sort_cube(cube: Cube, sorting: Any, collation: Collation) -> Cube:
    """Return the cube in the order that ``sorting`` names; as it is, where it names none.

    Holds the columns that it sorts by, whole, up to the first one whose values tell the rows apart.
    """
    entries = _row_entries(sorting)
    if not entries:
        return cube
    named = [entry for entry in entries if entry.keys() & {"attribute", "metric"}]
    columns = [_cube_column(cube, entry) for entry in named]
    keys: list[pl.Series] = []
    for column, form in columns:
        keys.append(_cube_values(cube, column, form))
        if keys[-1].dtype.is_integer() and keys[-1].n_unique() == cube.total:  # what follows decides nothing
            break
    places = _sort(keys, named[: len(keys)], collation)
    order = places if cube.order is None else cube.order.gather(places)
    return replace(cube, order=order, sorting=tuple(entries))


def sort_report(report: Report, sorting: Any, collation: Collation) -> Report:
    """Return the report in the order that ``sorting`` names: totals behind all other rows, or before them."""
    entries = _row_entries(sorting)
    if not entries:
        return report
    lines = report.rows.lines()
    keys: list[pl.Series] = []
    for entry in entries:
        if "metric" in entry:
            keys.append(_metric_values(report, entry, lines))
        elif "attribute" in entry:
            offered = tuple(unit.attribute for unit in report.rows.units)
            attribute = find_column(offered, entry["attribute"], "attribute")
            unit = next(unit for unit in report.rows.units if unit.attribute is attribute)
            keys.append(unit.values(_form(attribute, entry), unit.keys(lines)["0"]))
    first = any(entry.get("subtotalsPosition") == "first" for entry in entries)
    order = lines.gather(_sort(keys, entries, collation))
    totals = report.rows.totals(order)
    parts = [order.filter(~totals), order.filter(totals)]
    shown = pl.concat(parts[::-1] if first else parts)
    return replace(report, rows=replace(report.rows, order=shown), sorting=tuple(entries))


def _sort(keys: Sequence[pl.Series], entries: Sequence[dict[str, Any]], collation: Collation) -> pl.Series:
    """Give the places of the rows in sorted order; nulls come last, and equal rows stay as they are.

    Texts that are equal by the collation are equal here, and by what they are compared by, others are sorted.
    """
    descending = [
        entry.get("order") == "descending" for entry in entries if "metric" in entry or "attribute" in entry
    ]
    frame = pl.DataFrame([key.alias(str(number)) for number, key in enumerate(keys)])
    frame = frame.with_columns(collation.fold(pl.col(pl.String)))
    places = frame.select(pl.int_range(pl.len()).alias("place"), pl.all())
    by = [str(number) for number in range(len(keys))]
    return (
        places.sort(by, descending=descending, nulls_last=True, maintain_order=True)["place"]
        if by
        else places["place"]
    )


def _row_entries(sorting: Any) -> list[dict[str, Any]]:
    asked = json_object(sorting)
    if asked.get("columns") or asked.get("pageBy"):
        raise bad_request("The simulator sorts rows only.")
    entries = [json_object(entry) for entry in asked.get("rows") or []]
    for number, entry in enumerate(entries):
        if entry.get("order", "ascending") not in _ORDERS:
            raise bad_request(f"Invalid sorting order - {entry.get('order')}")
        if entry.get("type") == "subtotalsPosition" and number:
            raise bad_request("The position of subtotals can only be the first entry of a sorting.")
    return entries


def _cube_column(cube: Cube, entry: dict[str, Any]) -> tuple[Attribute | Metric, Form | None]:
    """Find what an entry sorts by; raise the server's 400 where the cube does not have it."""
    if "metric" in entry:
        return find_column(cube.metrics, entry["metric"], "metric"), None
    attribute = find_column(cube.attributes, entry["attribute"], "attribute")
    return attribute, _form(attribute, entry)


def _cube_values(cube: Cube, column: Attribute | Metric, form: Form | None) -> pl.Series:
    """Compute what the rows of a cube are sorted by."""
    if isinstance(column, Metric):
        return cube.project((), (column,)).rows(0, cube.total)[column.id]
    keys = cube.project((column,), ()).rows(0, cube.total)[column.id]
    return keys if form is None else keys.to_frame("key").select(form.value).to_series()


def _form(attribute: Attribute, entry: dict[str, Any]) -> Form:
    asked = entry.get("form")
    return attribute.forms[0] if asked is None else find_form(attribute, json_object(asked).get("id"))


def _metric_values(report: Report, entry: dict[str, Any], lines: pl.Series) -> pl.Series:
    metric = find_column(report.metrics, entry["metric"], "metric")
    if report.metrics_axis == ROWS:
        raise bad_request("The simulator sorts by a metric only where the metrics are on columns.")
    column = _column(report, entry)
    cells = (lines * report.columns.count + column).alias("row")
    return report.values(cells)[metric.id]


def _column(report: Report, entry: dict[str, Any]) -> int:
    """Find the line of the column axis that the entry names an element of each unit of."""
    if not report.columns.units:
        return 0
    wanted = {str(json_object(element).get("id")) for element in entry.get("elements") or []}
    columns = report.columns.lines()
    matches = pl.repeat(value=True, n=len(columns), eager=True)
    for unit in report.columns.units:
        element = (
            unit.keys(columns)["0"].to_frame("key").select(unit.attribute.element.fill_null("\\N")).to_series()
        )
        matches &= ("h" + element + f";{unit.attribute.id}").is_in(wanted)
    found = columns.filter(matches)
    if len(found) != 1:
        raise bad_request("The sorting of a cross-tab by a metric names one element of each attribute on columns.")
    return int(found[0])

"""The body of a report instance's request as a manipulated report (Wire reference, section 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from .bodies import bad_request, find_column, find_forms, json_object
from .sorting import sort_report

if TYPE_CHECKING:
    from .dialect import Dialect
    from .grids import Report, Unit

_MEMBERS = {"requestedObjects", "sorting", "subtotals"}


def manipulate(report: Report, body: Any, *, dialect: Dialect, uncrosstab: bool) -> Report:
    """Hide subtotals, choose objects and sort rows as a body asks.

    Objects that are asked for by name come as a table, attributes on rows and metrics on columns, unless
    ``uncrosstab`` is off and they are those of the report's own template. Raises the server's 400 for ids that the
    report does not have, and for what the simulator does not do: filters, page-by, and requests that would
    have to aggregate rows.
    """
    body = json_object(body)
    unknown = {name for name, value in body.items() if value} - _MEMBERS
    if unknown:
        raise bad_request(f"The simulator does not support {', '.join(sorted(unknown))} for reports yet.")
    visible = str(json_object(body.get("subtotals")).get("visible", "true")).lower() == "true"
    if dialect.subtotals and not visible:
        report = report.without_totals()
    if body.get("requestedObjects") is not None:
        report = _requested(report, json_object(body["requestedObjects"]), uncrosstab=uncrosstab)
    return sort_report(report, body.get("sorting"))


def _requested(report: Report, requested: dict[str, Any], *, uncrosstab: bool) -> Report:
    attributes = [_unit(report, item) for item in requested.get("attributes") or []]
    metrics = tuple(find_column(report.metrics, item, "metric") for item in requested.get("metrics") or [])
    asked = {unit.attribute.id for unit in attributes}
    groups = [unit for unit in report.units if not unit.has_forms and unit.attribute.id not in asked]
    if not uncrosstab and {u.attribute.id for u in report.units} == {
        u.attribute.id for u in (*attributes, *groups)
    }:
        return replace(report, metrics=tuple(metric for metric in report.metrics if metric in metrics))
    tidy = report.tidy()
    if not attributes and not metrics:
        return replace(tidy, rows=replace(tidy.rows, units=(), order=pl.Series([], dtype=pl.Int64)), metrics=())
    own = {unit.attribute.id: unit for unit in tidy.rows.units}
    units = [_with_forms(own[unit.attribute.id], unit) for unit in attributes]
    units += [own[unit.attribute.id] for unit in groups]
    chosen = replace(tidy, rows=replace(tidy.rows, units=tuple(units)), metrics=metrics)
    if len(units) < len(tidy.rows.units) and not _unique(chosen):
        raise bad_request("The simulator does not aggregate yet: request all attributes of the report.")
    return chosen


def _with_forms(unit: Unit, chosen: Unit) -> Unit:
    return replace(unit, attribute=replace(unit.attribute, forms=chosen.attribute.forms))


def _unit(report: Report, item: Any) -> Unit:
    offered = tuple(unit.attribute for unit in report.units)  # clients ask for groups as if they were attributes
    attribute = find_forms(find_column(offered, item, "attribute"), item)
    unit = next(unit for unit in report.units if unit.attribute.id == attribute.id)
    return replace(unit, attribute=attribute)


def _unique(report: Report) -> bool:
    lines = report.rows.lines()
    if not report.rows.units:
        return len(lines) <= 1
    keys = [
        series.alias(f"{number}:{series.name}")
        for number, unit in enumerate(report.rows.units)
        for series in unit.keys(lines)
    ]
    return not pl.DataFrame(keys).is_duplicated().any()

"""The body of a report instance's request as a manipulated report (Wire reference, section 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.model.reports import Axis

from .aggregation import aggregate, extremes, with_values
from .lookup import find_column, find_forms
from .sorting import sort_report

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.dialect import Dialect
    from mstr_arrow.simulator.model.reports import Report, Unit

    from .filtering import Filtering

_MEMBERS = {"requestedObjects", "viewFilter", "metricLimits", "sorting", "subtotals"}


def manipulate(report: Report, body: Any, filtering: Filtering, *, dialect: Dialect, uncrosstab: bool) -> Report:
    """Hide subtotals, filter, choose, aggregate, limit and sort as a body asks, in this order.

    Objects that are asked for by name come as a table, attributes on rows and metrics on columns, unless
    ``uncrosstab`` is off and they are those of the report's own template. Raises the server's 400 for ids that the
    report does not have, for filters of other layouts, and for what the simulator does not do: page-by, and
    conditions on rows, or their aggregation, where there are subtotals.
    """
    body = json_object(body)
    unknown = {name for name, value in body.items() if value} - _MEMBERS
    if unknown:
        raise bad_request(f"The simulator does not support {', '.join(sorted(unknown))} for reports yet.")
    visible = str(json_object(body.get("subtotals")).get("visible", "true")).lower() == "true"
    if dialect.subtotals and not visible:
        report = report.without_totals()
    report = filtering.filter_report(report, body.get("viewFilter"))
    if body.get("requestedObjects") is not None:
        report = _choose_requested(report, json_object(body["requestedObjects"]), uncrosstab=uncrosstab)
    report = filtering.limit_report(report, body.get("metricLimits"))
    return sort_report(report, body.get("sorting"), filtering.collation)


def _choose_requested(report: Report, requested: dict[str, Any], *, uncrosstab: bool) -> Report:
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
    return chosen if len(units) == len(tidy.rows.units) else _aggregate(chosen)


def _with_forms(unit: Unit, chosen: Unit) -> Unit:
    attribute = replace(unit.attribute, forms=chosen.attribute.forms, more=chosen.attribute.more)
    return replace(unit, attribute=attribute)


def _unit(report: Report, item: Any) -> Unit:
    offered = tuple(unit.attribute for unit in report.units)  # clients ask for groups as if they were attributes
    attribute = find_forms(find_column(offered, item, "attribute"), item)
    unit = next(unit for unit in report.units if unit.attribute.id == attribute.id)
    return replace(unit, attribute=attribute)


def _aggregate(report: Report) -> Report:
    """Make the table with a row for each combination of elements that occurs."""
    lines = report.rows.lines()
    if report.totals and report.visible:
        raise bad_request("The simulator aggregates a report only where its subtotals are hidden.")
    units = report.rows.units
    keys = [series.alias(f"{n}:{series.name}") for n, unit in enumerate(units) for series in unit.keys(lines)]
    names = [series.name for series in keys]
    groups = aggregate(
        pl.concat([pl.DataFrame(keys), report.values(lines)], how="horizontal"), names, report.metrics
    )
    rows = Axis(units=tuple(_hold(unit, n, groups) for n, unit in enumerate(units)), count=len(groups))
    metrics = tuple(with_values(metric, groups[metric.id]) for metric in report.metrics)
    summed = replace(report, rows=rows, metrics=metrics, present=None)
    return replace(summed, extremes=extremes(summed.values(rows.lines())))


def _hold(unit: Unit, number: int, groups: pl.DataFrame) -> Unit:
    """Give a unit the keys that its columns hold."""
    own, *further = (pl.lit(groups[f"{number}:{level}"]).gather(pl.col("row")) for level in range(unit.width))
    return replace(unit, attribute=replace(unit.attribute, key=own), levels=tuple(further), line=pl.col("row"))

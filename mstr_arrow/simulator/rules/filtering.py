"""The conditions of a request's body, carried out on cubes and reports (Wire reference, sections 5.1 and 5.2)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.bodies import bad_request
from mstr_arrow.simulator.model.reports import ROWS

from .aggregation import extremes
from .collation import Collation
from .conditions import element_column, form_column, metric_limits, view_filter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.simulator.model.cubes import Attribute, Cube
    from mstr_arrow.simulator.model.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtering:
    """How the server reads conditions: see ``Collation``, and ``view_filter`` for ``ignore_foreign_ids``."""

    collation: Collation = field(default_factory=Collation)
    ignore_foreign_ids: bool = False

    def filter_cube(self, cube: Cube, tree: Any) -> Cube:
        """Choose the rows of a cube that ``viewFilter`` keeps. Holds the columns that it names, whole."""
        found = view_filter(tree, _schema(cube), self.collation, ignore_foreign_ids=self.ignore_foreign_ids)
        return cube if found is None else _keep(cube, found)

    def limit_cube(self, cube: Cube, limits: Any) -> Cube:
        """Choose the rows of a cube that ``metricLimits`` keeps."""
        found = metric_limits(limits, _schema(cube), self.collation, ignore_foreign_ids=self.ignore_foreign_ids)
        return cube if found is None else _keep(cube, found)

    def filter_report(self, report: Report, tree: Any) -> Report:
        """Choose the rows of a report that ``viewFilter`` keeps; raise the server's 400 for other layouts."""
        if tree is None:
            return report
        frame = _report_frame(report)
        found = view_filter(tree, frame.schema, self.collation, ignore_foreign_ids=self.ignore_foreign_ids)
        return report if found is None else _keep_lines(report, frame, found)

    def limit_report(self, report: Report, limits: Any) -> Report:
        """Choose the rows of a report that ``metricLimits`` keeps; raise the server's 400 for other layouts."""
        if not limits:
            return report
        frame = _report_frame(report)
        found = metric_limits(limits, frame.schema, self.collation, ignore_foreign_ids=self.ignore_foreign_ids)
        return report if found is None else _keep_lines(report, frame, found)


def _schema(cube: Cube) -> Mapping[str, pl.DataType]:
    return _frame(cube, cube.rows(0, 0)).schema


def _frame(cube: Cube, rows: pl.DataFrame) -> pl.DataFrame:
    columns = [series for a in cube.attributes for series in _name(a, rows[a.id])]
    return pl.DataFrame([*columns, *(rows[metric.id] for metric in cube.metrics)])


def _name(attribute: Attribute, keys: pl.Series) -> list[pl.Series]:
    """Give the columns that conditions name an attribute's forms and elements by."""
    columns = [form.value.alias(form_column(attribute.id, form.id)) for form in attribute.known]
    columns.append(attribute.element.alias(element_column(attribute.id)))
    return keys.to_frame("key").select(columns).get_columns()


def _keep(cube: Cube, condition: pl.Expr) -> Cube:
    """Choose rows of a cube, looking only at what the condition needs."""
    needed = set(condition.meta.root_names())
    objects = {name.partition("@")[0] for name in needed}
    seen = cube.project(
        [attribute for attribute in cube.attributes if attribute.id in objects],
        [metric for metric in cube.metrics if metric.id in objects],
    )
    places = _frame(seen, seen.rows(0, cube.total)).select(condition.arg_true()).to_series()
    order = places.cast(pl.Int64) if cube.order is None else cube.order.gather(places)
    kept = replace(cube, order=order, total=len(order))
    return replace(kept, extremes=extremes(kept.project((), kept.metrics).rows(0, kept.total)))


def _report_frame(report: Report) -> pl.DataFrame:
    if report.columns.units or (report.metrics and report.metrics_axis == ROWS):
        raise bad_request("Only reports with attributes on rows and metrics on columns can be filtered.")
    if report.totals and report.visible:
        raise bad_request("The simulator filters a report only where its subtotals are hidden.")
    lines = report.rows.lines()
    units = [unit for unit in report.rows.units if unit.has_forms]
    columns = [series for unit in units for series in _name(unit.attribute, unit.keys(lines)["0"])]
    values = report.values(lines)
    return pl.DataFrame([*columns, *(values[metric.id] for metric in report.metrics)])


def _keep_lines(report: Report, frame: pl.DataFrame, condition: pl.Expr) -> Report:
    order = report.rows.lines().gather(frame.select(condition.arg_true()).to_series())
    return replace(report, rows=replace(report.rows, order=order), extremes=extremes(report.values(order)))

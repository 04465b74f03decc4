"""A report as the JSON of a page, in whatever layout it has (Wire reference, section 3.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.simulator.model.reports import COLUMNS, ROWS, TOTAL

from .page_parts import (
    METRICS_UNIT,
    Page,
    array,
    elements_json,
    extras_json,
    forms_json,
    matrix,
    metric_element,
    raw_json,
)
from .value_json import format_json

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.cubes import Attribute
    from mstr_arrow.simulator.model.reports import Axis, Report, ShownPage, Unit

    from .page_parts import PageOptions

_FEW = 1_000


def render_report(
    report: Report, *, offset: int, limit: int, echoed_limit: int, bounds: pl.DataFrame, options: PageOptions
) -> Page:
    """Render ``limit`` rows of a report from ``offset`` on.

    ``bounds`` are the report's (see ``Report.bounds``); ``echoed_limit`` is what ``paging`` says was asked for.
    """
    rows = report.headers(ROWS, offset, limit)
    columns = report.headers(COLUMNS)
    metrics = [metric_element(metric, bounds, options.dialect) for metric in report.metrics]
    turned = options.id_first and offset // max(1, limit) % 2 == 1
    row_units, row_places = _axis(report, ROWS, rows, metrics, options)
    column_units, column_places = _axis(report, COLUMNS, columns, metrics, options, turned=turned)
    data = {
        "currentPageBy": [] if report.page is None else list(report.page.keys),
        "paging": {"total": report.total, "current": len(rows), "offset": offset, "limit": echoed_limit},
        "headers": {
            "rows": matrix(row_places),
            "columns": [places.to_pylist() for places in column_places],
        },
        "metricValues": _metric_values(report, rows, columns, options),
    }
    pages = page_units(report.page, options)
    return Page(layout(report, rows=row_units, columns=column_units, pages=pages, options=options), data)


def page_units(page: ShownPage | None, options: PageOptions) -> list[dict[str, Any]]:
    """Describe page-by units with all their elements, whichever of them occur."""
    if page is None:
        return []
    if options not in page.described:
        page.described[options] = [
            _unit(unit, options)
            | {"elements": _elements(unit, pa.array(range(unit.attribute.cardinality), pa.int64()), options)}
            for unit in page.units
        ]
    return page.described[options]


def describe_axes(report: Report, options: PageOptions) -> dict[str, Any]:
    """Lay out a report as its definition does: units without elements."""
    axes: dict[str, list[dict[str, Any]]] = {}
    for name, axis in ((ROWS, report.rows), (COLUMNS, report.columns)):
        units = [_unit(unit, options) for unit in axis.units]
        if report.metrics and report.metrics_axis == name:
            metrics = [
                {"name": metric.name, "id": metric.id, "type": options.dialect.metric} for metric in report.metrics
            ]
            units.insert(report.metrics_index, _metrics_unit(metrics))
        axes[name] = units
    pages = [_unit(unit, options) for unit in (() if report.page is None else report.page.units)]
    return layout(report, rows=axes[ROWS], columns=axes[COLUMNS], pages=pages, options=options)


def layout(
    report: Report,
    *,
    rows: list[dict[str, Any]],
    columns: list[dict[str, Any]],
    pages: list[dict[str, Any]],
    options: PageOptions,
) -> dict[str, Any]:
    """Give the member ``definition`` with these units."""
    position = {"metricsPosition": {"axis": report.metrics_axis, "index": report.metrics_index}}
    subtotals = {"subtotals": {"defined": report.totals, "visible": report.totals and report.visible}}
    return {
        "grid": {
            "crossTab": report.crosstab,
            **(position if report.metrics else {}),
            "rows": rows,
            "columns": columns,
            "pageBy": pages,
            **(subtotals if options.dialect.subtotals else {}),
            "sorting": {"rows": list(report.sorting), "columns": [], "pageBy": []},
            "thresholds": [],
        }
    }


def _axis(
    report: Report,
    name: str,
    headers: pl.DataFrame,
    metrics: list[dict[str, Any]],
    options: PageOptions,
    *,
    turned: bool = False,
) -> tuple[list[dict[str, Any]], list[pa.Array]]:
    """Describe the units of an axis, and give the index at each header position of these lines.

    ``turned`` lists elements the other way round, so that a reader has to look them up page by page.
    """
    axis: Axis = report.rows if name == ROWS else report.columns
    units, places = [], []
    for unit in axis.units:
        keys = unit.keys(headers["line"])
        distinct = _distinct(keys, turned=turned)
        units.append(_unit(unit, options) | {"elements": _elements(unit, distinct, options)})
        places.append(_places(unit, keys, distinct))
    if report.metrics and report.metrics_axis == name:
        units.insert(report.metrics_index, _metrics_unit(metrics))
        places.insert(report.metrics_index, [headers["metric"].to_arrow()])
    return units, [positions for group in places for positions in group]


def _distinct(keys: pl.DataFrame, *, turned: bool) -> pa.Array:
    """List the elements that occur, in the order of their first appearance (or the other way round)."""
    several = keys.height and keys.width > 1
    every = keys.select(pl.concat_list(pl.all())).to_series().explode() if several else keys["0"]
    distinct = every.to_arrow().drop_null().unique()
    return distinct[::-1] if turned else distinct


def _places(unit: Unit, keys: pl.DataFrame, distinct: pa.Array) -> list[pa.Array]:
    places: list[pa.Array] = []
    for column in keys:
        found = pc.index_in(column.to_arrow(), distinct)
        if places:
            found = pc.coalesce(found, pa.scalar(-1, found.type) if unit.negative_blanks else places[-1])
        places.append(found)
    return places


def _unit(unit: Unit, options: PageOptions) -> dict[str, Any]:
    forms = {"forms": forms_json(unit.attribute.forms, options.dialect)} if unit.has_forms else {}
    wide = {"headerCount": unit.width} if unit.width > 1 else {}
    return {"name": unit.attribute.name, "id": unit.attribute.id, "type": unit.type, **forms, **wide}


def _metrics_unit(metrics: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "Metrics", "id": METRICS_UNIT, "type": "templateMetrics", "elements": metrics}


def _elements(unit: Unit, keys: pa.Array, options: PageOptions) -> orjson.Fragment:
    attribute = unit.attribute
    texts = _write(attribute, keys.filter(pc.not_equal(keys, TOTAL)), options).to_pylist()
    place = pc.index(keys, TOTAL).as_py()
    if place >= 0:
        total = {"formValues": [unit.total], "id": f"j1;{attribute.id}", "subtotal": True}
        texts.insert(place, orjson.dumps(total).decode())
    return array(pa.array(texts, pa.string()))


def _write(attribute: Attribute, keys: pa.Array, options: PageOptions) -> pa.Array:
    """Write elements; of an attribute that has few, all are written once."""

    def write(wanted: pl.Series) -> pa.Array:
        return elements_json(
            attribute,
            wanted,
            prefix="h",
            suffix=f";{attribute.id}",
            iso=options.iso_forms,
            id_first=options.id_first,
        ).to_arrow()

    if attribute.cardinality > _FEW:
        return write(pl.Series(keys))
    how = ("elements", options.iso_forms, options.id_first)
    if how not in attribute.kept:
        attribute.kept[how] = write(pl.int_range(attribute.cardinality, eager=True))
    return attribute.kept[how].take(keys)


def _metric_values(
    report: Report, rows: pl.DataFrame, columns: pl.DataFrame, options: PageOptions
) -> dict[str, Any]:
    if not report.metrics:
        asked = {"raw": options.raw, "formatted": options.formatted, "extras": options.extras}
        return {name: [] for name, wanted in asked.items() if wanted}
    across = report.columns.lines()
    pairs = rows.join(pl.DataFrame({"column": across}), how="cross", maintain_order="left_right")
    cells = pairs.select(row=pl.col("line") * report.columns.count + pl.col("column")).to_series()
    values = report.values(cells)
    writers = {
        "raw": lambda metric: raw_json(metric, values, options),
        "formatted": lambda metric: format_json(values[metric.id], currency=metric.currency, iso=options.iso_raw),
        "extras": lambda metric: extras_json(metric, values),
    }
    wanted = {"raw": options.raw, "formatted": options.formatted, "extras": options.extras}
    members: dict[str, Any] = {}
    for name in (name for name in writers if wanted[name]):
        texts = [writers[name](metric).alias(str(n)) for n, metric in enumerate(report.metrics)]
        spread = _spread(report, pl.DataFrame(texts), pairs["metric"], columns, across)
        members[name] = matrix([column.to_arrow() for column in spread])
    return members


def _spread(
    report: Report, texts: pl.DataFrame, metric: pl.Series, columns: pl.DataFrame, across: pl.Series
) -> list[pl.Series]:
    """Turn the texts of all cells, a column per metric, into a column per data column of the page."""
    if report.metrics_axis == ROWS:
        chosen = (pl.when(pl.lit(metric) == n).then(pl.col(str(n))) for n in range(texts.width))
        texts = texts.select(pl.coalesce(chosen).alias("0"))
    place = {line: n for n, line in enumerate(across)}
    return [texts[str(number or 0)].gather_every(len(across), place[line]) for line, number in columns.iter_rows()]

"""The rows of a cube as the JSON of a page (Wire reference, section 3.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

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
from .value_json import formatted_json

if TYPE_CHECKING:
    import orjson

    from mstr_arrow.simulator.model.cubes import Attribute, Cube, Metric
    from mstr_arrow.simulator.model.dialect import Dialect

    from .page_parts import PageOptions


def render(
    cube: Cube, *, offset: int, limit: int, echoed_limit: int, bounds: pl.DataFrame, options: PageOptions
) -> Page:
    """Render ``limit`` rows of a cube from ``offset`` on.

    ``bounds`` are the cube's (see ``Cube.bounds``); ``echoed_limit`` is what ``paging`` says was asked for.
    """
    rows = cube.rows(offset, limit)
    elements = {attribute.id: _elements(attribute, rows, options) for attribute in cube.attributes}
    count = max(0, min(cube.total, offset + limit) - offset)
    units = [_unit(attribute, elements[attribute.id][0], options.dialect) for attribute in cube.attributes]
    tuples = pl.DataFrame([elements[attribute.id][1] for attribute in cube.attributes])
    columns = [list(range(len(cube.metrics)))] if cube.metrics else []
    data = {
        "currentPageBy": [],
        "paging": {"total": cube.total, "current": count, "offset": offset, "limit": echoed_limit},
        "headers": {"rows": matrix(tuples), "columns": columns},
        "metricValues": _metric_values(cube.metrics, rows, options),
    }
    metrics = [metric_element(metric, bounds, options.dialect) for metric in cube.metrics]
    return Page(_grid(cube, rows=units, metrics=metrics, dialect=options.dialect), data)


def _grid(
    cube: Cube, *, rows: list[dict[str, Any]], metrics: list[dict[str, Any]], dialect: Dialect
) -> dict[str, Any]:
    """Lay out units and metrics as ``definition``: attributes on rows, metrics on columns."""
    position = {"metricsPosition": {"axis": "columns", "index": 0}} if cube.metrics else {}
    metrics_unit = {"name": "Metrics", "id": METRICS_UNIT, "type": "templateMetrics", "elements": metrics}
    subtotals = {"subtotals": {"defined": False, "visible": False}}
    return {
        "grid": {
            "crossTab": False,
            **position,
            "rows": rows,
            "columns": [metrics_unit] if cube.metrics else [],
            "pageBy": [],
            **(subtotals if dialect.subtotals else {}),
            "sorting": {"rows": list(cube.sorting), "columns": [], "pageBy": []},
            "thresholds": [],
        }
    }


def _elements(attribute: Attribute, rows: pl.DataFrame, options: PageOptions) -> tuple[orjson.Fragment, pl.Series]:
    """Give the page's elements in order of first appearance, and each row's index into them."""
    keys = rows[attribute.id]
    distinct = keys.unique(maintain_order=True)
    index = distinct.to_frame("key").with_row_index("index")
    places = keys.to_frame("key").join(index, on="key", how="left", maintain_order="left")["index"]
    texts = elements_json(
        attribute,
        distinct,
        prefix="h",
        suffix=f";{attribute.id}",
        iso=options.iso_forms,
        id_first=options.id_first,
    )
    return array(texts), places.alias(attribute.id)


def _unit(attribute: Attribute, elements: orjson.Fragment, dialect: Dialect) -> dict[str, Any]:
    return {
        "name": attribute.name,
        "id": attribute.id,
        "type": "attribute",
        "forms": forms_json(attribute.forms, dialect),
        "elements": elements,
    }


def _metric_values(metrics: tuple[Metric, ...], rows: pl.DataFrame, options: PageOptions) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if options.raw:
        members["raw"] = matrix(pl.DataFrame([raw_json(metric, rows, options) for metric in metrics]))
    if options.formatted:
        texts = [
            formatted_json(rows[metric.id], currency=metric.currency, iso=options.iso_raw).alias(metric.id)
            for metric in metrics
        ]
        members["formatted"] = matrix(pl.DataFrame(texts))
    if options.extras:
        members["extras"] = matrix(pl.DataFrame([extras_json(metric, rows) for metric in metrics]))
    return members

"""A frame of element keys and metric values as the JSON of a page (Wire reference, section 3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from mstr_arrow.simulator.model.dialect import Dialect

from .value_json import form_json, formatted_json, metric_json, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.simulator.model.cubes import Attribute, Cube, Metric

METRICS_UNIT = "0" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """How a page is written: members of ``metricValues``, ISO dates or en_us, order within an element, version."""

    raw: bool = True
    formatted: bool = True
    extras: bool = True
    iso_forms: bool = False
    iso_raw: bool = False
    id_first: bool = False
    dialect: Dialect = field(default_factory=Dialect)


@dataclass(frozen=True, slots=True)
class Page:
    """The two big members of a page's document: JSON trees whose large leaves are text already."""

    definition: dict[str, Any]
    data: dict[str, Any]


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


def forms_json(attribute: Attribute, dialect: Dialect) -> list[dict[str, str | int]]:
    """Describe the forms of an attribute."""
    return [
        {
            "id": form.id,
            "name": form.name,
            "dataType": dialect.data_type(form.data_type),
            "baseFormCategory": form.name,
            "baseFormType": dialect.form_type(form.base_type),
        }
        for form in attribute.forms
    ]


def available_objects(
    attributes: Iterable[Attribute], metrics: Iterable[Metric], dialect: Dialect
) -> dict[str, list[dict[str, Any]]]:
    """List the objects of a cube or report as definitions do."""
    return {
        "attributes": [
            {"name": a.name, "id": a.id, "type": "attribute", "forms": forms_json(a, dialect)} for a in attributes
        ],
        "metrics": [
            {"name": m.name, "id": m.id, "type": dialect.metric, "dataType": dialect.data_type(m.definition_type)}
            for m in metrics
        ],
        "customGroups": [],
        "consolidations": [],
        "hierarchies": [],
    }


def elements_json(
    attribute: Attribute, keys: pl.Series, *, prefix: str, suffix: str, iso: bool, id_first: bool
) -> pl.Series:
    """Write the elements with these keys as JSON objects, their ids as ``prefix + value + suffix``."""
    frame = keys.to_frame("key")
    values = [
        form_json(frame.select(form.value if form.text is None else form.text).to_series(), iso=iso)
        for form in attribute.forms
    ]
    ids = frame.select(pl.lit(prefix) + attribute.element.fill_null("\\N") + pl.lit(suffix)).to_series()
    cells = pl.DataFrame([value.alias(str(n)) for n, value in enumerate(values)])
    members = [
        pl.concat_str(pl.lit('"formValues":['), pl.concat_str(pl.all(), separator=","), pl.lit("]")),
        pl.concat_str(pl.lit('"id":'), quoted(ids)),
    ]
    ordered = members[::-1] if id_first else members
    element = pl.concat_str(pl.lit("{"), pl.concat_str(ordered, separator=","), pl.lit("}"))
    return cells.select(element).to_series()


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
        "forms": forms_json(attribute, dialect),
        "elements": elements,
    }


def metric_element(metric: Metric, bounds: pl.DataFrame, dialect: Dialect) -> dict[str, Any]:
    """Describe a metric as an element of the metrics unit."""
    element: dict[str, Any] = {"name": metric.name, "id": metric.id, "type": dialect.metric}
    if metric.id in bounds.columns and not bounds[metric.id].has_nulls():
        least, greatest = metric_json(bounds[metric.id], iso=True)
        element |= {"min": orjson.Fragment(least), "max": orjson.Fragment(greatest)}
    formatting = _money(metric.currency) if metric.currency else {"category": 9, "formatString": "General"}
    element |= {"dataType": dialect.data_type(metric.data_type), "numberFormatting": formatting}
    if metric.threshold is not None:
        condition = {"name": f"More than {metric.threshold:g}", "format": {"backgroundColor": "#FFD700"}}
        element["thresholds"] = [condition]
    return element


def _money(symbol: str) -> dict[str, Any]:
    return {
        "category": 1,
        "decimalPlaces": 2,
        "thousandSeparator": True,
        "currencySymbol": symbol,
        "currencyPosition": 0,
        "formatString": f'"{symbol}"#,##0.00',
        "negativeType": 1,
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


def raw_json(metric: Metric, rows: pl.DataFrame, options: PageOptions) -> pl.Series:
    """Write a metric's values as JSON."""
    if metric.json is not None:
        return rows[f"{metric.id}:json"].fill_null("null").alias(metric.id)
    return metric_json(rows[metric.id], iso=options.iso_raw).alias(metric.id)


def extras_json(metric: Metric, rows: pl.DataFrame) -> pl.Series:
    """Write the extras of a metric's values: which of its thresholds each has passed."""
    if metric.threshold is None:
        return pl.repeat("{}", len(rows), eager=True).alias(metric.id)
    passed = (rows[metric.id] > metric.threshold).fill_null(value=False)
    return pl.select(pl.when(passed).then(pl.lit('{"ti":0}')).otherwise(pl.lit("{}")).alias(metric.id)).to_series()


def matrix(cells: pl.DataFrame) -> orjson.Fragment:
    """Write columns of JSON values (or integers) as an array of row arrays; no columns, an empty array."""
    if not cells.width:
        return orjson.Fragment(b"[]")
    row = pl.concat_str(pl.lit("["), pl.concat_str(pl.all(), separator=","), pl.lit("]"))
    return array(cells.select(row).to_series())


def array(texts: pl.Series) -> orjson.Fragment:
    """Write JSON values as an array."""
    return orjson.Fragment(("[" + (texts.str.join(",").item() or "") + "]").encode())

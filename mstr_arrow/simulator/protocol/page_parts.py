"""The parts of pages of cubes and reports: forms, elements, metrics and their values as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.simulator.model.dialect import Dialect

from .value_json import form_json, metric_json, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mstr_arrow.simulator.model.cubes import Attribute, Form, Metric

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


def forms_json(forms: Iterable[Form], dialect: Dialect) -> list[dict[str, str | int]]:
    """Describe forms of an attribute."""
    return [
        {
            "id": form.id,
            "name": form.name,
            "dataType": dialect.data_type(form.data_type),
            "baseFormCategory": form.name,
            "baseFormType": dialect.form_type(form.base_type),
        }
        for form in forms
    ]


def available_objects(
    attributes: Iterable[Attribute], metrics: Iterable[Metric], dialect: Dialect
) -> dict[str, list[dict[str, Any]]]:
    """List the objects of a cube or report as definitions do."""
    return {
        "attributes": [
            {"name": a.name, "id": a.id, "type": "attribute", "forms": forms_json(a.known, dialect)}
            for a in attributes
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
        pl.concat_str(pl.lit('"id":'), quote(ids)),
    ]
    ordered = members[::-1] if id_first else members
    element = pl.concat_str(pl.lit("{"), pl.concat_str(ordered, separator=","), pl.lit("}"))
    return cells.select(element).to_series()


def metric_element(metric: Metric, bounds: pl.DataFrame, dialect: Dialect) -> dict[str, Any]:
    """Describe a metric as an element of the metrics unit."""
    element: dict[str, Any] = {"name": metric.name, "id": metric.id, "type": dialect.metric}
    if metric.id in bounds.columns and not bounds[metric.id].has_nulls():
        least, greatest = _write_bounds(metric, bounds[metric.id])
        element |= {"min": orjson.Fragment(least), "max": orjson.Fragment(greatest)}
    formatting = _money(metric.currency) if metric.currency else {"category": 9, "formatString": "General"}
    element |= {"dataType": dialect.data_type(metric.data_type), "numberFormatting": formatting}
    if metric.threshold is not None:
        condition = {"name": f"More than {metric.threshold:g}", "format": {"backgroundColor": "#FFD700"}}
        element["thresholds"] = [condition]
    return element


def _write_bounds(metric: Metric, bounds: pl.Series) -> tuple[str, str]:
    """Write the least and the greatest value as JSON, once for all pages."""
    key = ("bounds", repr(bounds.to_list()))
    if key not in metric.kept:
        metric.kept[key] = tuple(metric_json(bounds, iso=True))
    written: tuple[str, str] = metric.kept[key]
    return written


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


def matrix(cells: Sequence[pa.Array]) -> orjson.Fragment:
    """Write columns of JSON values (or integers) as an array of row arrays; no columns, an empty array."""
    if not cells:
        return orjson.Fragment(b"[]")
    rows = pc.binary_join_element_wise(*(column.cast(pa.string()) for column in cells), ",")
    return array(pc.binary_join_element_wise("[", rows, "]", ""))


def array(texts: pa.Array) -> orjson.Fragment:
    """Write JSON values as an array."""
    joined = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts.cast(pa.string())), ",")
    return orjson.Fragment(b"[" + joined.view(pa.binary())[0].as_py() + b"]")

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
from .value_json import format_json

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    import orjson
    import pyarrow as pa

    from mstr_arrow.simulator.model.cubes import Attribute, Cube, Metric
    from mstr_arrow.simulator.model.dialect import Dialect

    from .page_parts import PageOptions


def render(
    cube: Cube, *, offset: int, limit: int, echoed_limit: int, bounds: pl.DataFrame, options: PageOptions
) -> Page:
    """Render ``limit`` rows of a cube from ``offset`` on.

    ``bounds`` are the cube's (see ``Cube.bounds``); ``echoed_limit`` is what ``paging`` says was asked for.
    """
    rows = _Rows(cube, offset, limit)
    elements = [_elements(attribute, rows, options) for attribute in cube.attributes]
    units = [
        _unit(attribute, texts, options.dialect)
        for attribute, (texts, _) in zip(cube.attributes, elements, strict=True)
    ]
    columns = [list(range(len(cube.metrics)))] if cube.metrics else []
    data = {
        "currentPageBy": [],
        "paging": {"total": cube.total, "current": rows.count, "offset": offset, "limit": echoed_limit},
        "headers": {"rows": matrix([places for _, places in elements]), "columns": columns},
        "metricValues": _metric_values(cube.metrics, rows, options),
    }
    metrics = [metric_element(metric, bounds, options.dialect) for metric in cube.metrics]
    return Page(_grid(cube, rows=units, metrics=metrics, dialect=options.dialect), data)


class _Rows:
    """The rows of a page. A column of a small cube is written once, whole, and each page is cut out of it."""

    def __init__(self, cube: Cube, offset: int, limit: int) -> None:
        stop = min(cube.total, offset + limit)
        self._begin = min(offset, stop)
        self.count = stop - self._begin
        self._kept = cube.is_small
        self._numbers = cube.numbers
        self._order = None if cube.order is None else cube.order.slice(self._begin, self.count).to_arrow()
        self.known = cube.number_rows() if self._kept else cube.rows(offset, limit)

    def write_once(self, column: Attribute | Metric, how: Hashable, write: Callable[[], Any]) -> Any:
        """Give what ``write`` makes of the known rows of a column: of a small cube once for all its pages."""
        if not self._kept:
            return write()
        key = (self._numbers, how)
        if key not in column.kept:
            column.kept[key] = write()
        return column.kept[key]

    def cut(self, values: pa.Array) -> pa.Array:
        """Cut the page out of values of the known rows."""
        if not self._kept:
            return values
        return values.slice(self._begin, self.count) if self._order is None else values.take(self._order)


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


def _elements(attribute: Attribute, rows: _Rows, options: PageOptions) -> tuple[orjson.Fragment, pa.Array]:
    """Give the page's elements in order of first appearance, and each row's index into them."""

    def write() -> tuple[pa.Array, pa.Array]:
        keys = rows.known[attribute.id].to_arrow().dictionary_encode()
        texts = elements_json(
            attribute,
            pl.Series(keys.dictionary),
            prefix="h",
            suffix=f";{attribute.id}",
            iso=options.iso_forms,
            id_first=options.id_first,
        )
        return keys.indices, texts.to_arrow()

    numbers, texts = rows.write_once(attribute, (options.iso_forms, options.id_first), write)
    shown = rows.cut(numbers).dictionary_encode()
    return array(texts.take(shown.dictionary)), shown.indices


def _unit(attribute: Attribute, elements: orjson.Fragment, dialect: Dialect) -> dict[str, Any]:
    return {
        "name": attribute.name,
        "id": attribute.id,
        "type": "attribute",
        "forms": forms_json(attribute.forms, dialect),
        "elements": elements,
    }


def _metric_values(metrics: tuple[Metric, ...], rows: _Rows, options: PageOptions) -> dict[str, Any]:
    writers: dict[str, Callable[[Metric], pl.Series]] = {
        "raw": lambda metric: raw_json(metric, rows.known, options),
        "formatted": lambda metric: format_json(
            rows.known[metric.id], currency=metric.currency, iso=options.iso_raw
        ),
        "extras": lambda metric: extras_json(metric, rows.known),
    }

    def column(metric: Metric, member: str) -> pa.Array:
        how = (member, options.iso_raw)
        return rows.cut(rows.write_once(metric, how, lambda: writers[member](metric).to_arrow()))

    wanted = {"raw": options.raw, "formatted": options.formatted, "extras": options.extras}
    return {
        member: matrix([column(metric, member) for metric in metrics]) for member, asked in wanted.items() if asked
    }

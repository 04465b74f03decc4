"""The totals of a dataset: rows of its tables as the server counts them, all rows of the cube, and sums. Edge.

Wire reference, sections 3.2, 5.1 and 6.2.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING

from mstr_arrow.errors import MstrError, NotPublished
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.definition import ROW_COUNT
from mstr_arrow.upload.datasets import fetch_cube

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mstr_arrow.grid.decode import Page
    from mstr_arrow.session.project_http import ProjectHttp


@dataclass(frozen=True, slots=True)
class CubeTotals:
    """The totals of a cube, as far as they are known: the ``sums`` of metrics of numbers, and its ``rows``."""

    sums: Mapping[str, Fraction] = field(default_factory=dict)
    rows: int | None = None


async def fetch_row_counts(http: ProjectHttp, dataset_id: str) -> dict[str, int]:
    """Return the rows of each table that has a row count metric; nothing before the first publishing.

    GET /api/v2/cubes/{id} and POST …/instances for these metrics alone, which is one row: so small an instance is
    asked for again where the server is busy, as it may be just after publishing.
    """
    definition = await fetch_cube(http, dataset_id)
    counting = definition.may_count_rows
    if not counting:
        return {}
    try:
        page = await _first_row(http, dataset_id, [], [metric.id for metric in counting])
    except NotPublished:
        return {}
    rows = page.batch.to_pylist()
    counts = rows[0] if rows else {}
    return {metric.name.removeprefix(ROW_COUNT): int(counts.get(metric.name) or 0) for metric in counting}


async def fetch_totals(
    http: ProjectHttp, dataset_id: str, tables: Collection[str], metrics: Collection[str]
) -> CubeTotals:
    """Return the sums of these metrics and, for a dataset of one table, the rows of the cube.

    Two more instances of one row each. What the server does not tell is left out: a cube without these metrics, a
    result that is larger than the project allows.
    """
    definition = await fetch_cube(http, dataset_id)
    definition = definition.without_row_counts(tables)
    ids = [metric.id for metric in definition.metrics if metric.name in metrics]
    sums: dict[str, Fraction] = {}
    rows = None
    try:
        if ids:
            page = await _first_row(http, dataset_id, [], ids)
            first = page.batch.to_pylist()[:1]
            sums = {
                name: exact for row in first for name, value in row.items() if (exact := _exact(value)) is not None
            }
        if len(tables) == 1 and definition.attributes:
            attributes = [attribute.id for attribute in definition.attributes]
            page = await _first_row(http, dataset_id, attributes, [metric.id for metric in definition.metrics])
            rows = page.paging.total
    except MstrError:
        return CubeTotals(sums, rows)
    return CubeTotals(sums, rows)


async def _first_row(
    http: ProjectHttp, dataset_id: str, attributes: Collection[str], metrics: Collection[str]
) -> Page:
    asked = {"attributes": [{"id": it} for it in attributes], "metrics": [{"id": it} for it in metrics]}
    path, params = f"v2/cubes/{dataset_id}/instances", {"offset": 0, "limit": 1}
    body = {"requestedObjects": asked}
    response = await http.request("POST", path, params=params, json=body, safe=True, wait="execute")
    return decode_page(await asyncio.to_thread(response.text))


def _exact(value: object) -> Fraction | None:
    """Give a number as it is; None for what is none."""
    if isinstance(value, int | Decimal) or (isinstance(value, float) and isfinite(value)):
        return Fraction(value)
    return None

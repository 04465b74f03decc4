"""The rows of a dataset's tables, as the server counts them. Wire reference, sections 3.2, 5.1 and 6.2."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mstr_arrow.errors import NotPublished
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.definition import ROW_COUNT, read_definition

if TYPE_CHECKING:
    from mstr_arrow.transport.http import Http


async def row_counts(http: Http, dataset_id: str) -> dict[str, int]:
    """Return the rows of each table that has a row count metric; nothing before the first publishing.

    GET /api/v2/cubes/{id} and POST …/instances for these metrics alone, which is one row: so small an instance is
    asked for again where the server is busy, as it may be just after publishing.
    """
    definition = read_definition((await http.request("GET", f"v2/cubes/{dataset_id}")).json())
    if not definition.row_counts:
        return {}
    metrics = [{"id": metric.id} for metric in definition.row_counts]
    body = {"requestedObjects": {"attributes": [], "metrics": metrics}}
    path, params = f"v2/cubes/{dataset_id}/instances", {"offset": 0, "limit": 1}
    try:
        answer = await http.request("POST", path, params=params, json=body, safe=True, wait="execute")
    except NotPublished:
        return {}
    page = decode_page(await asyncio.to_thread(answer.content))
    rows = page.batch.to_pylist()
    counts = rows[0] if rows else {}
    return {
        metric.name.removeprefix(ROW_COUNT): int(counts.get(metric.name) or 0) for metric in definition.row_counts
    }

"""The total of each metric over all rows that a source asks for: one row, of an instance of its own."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.options import DEFAULTS
from mstr_arrow.instances.execute import execute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession

logger = logging.getLogger("mstr_arrow")


async def fetch_grand_totals(session: ProjectSession, source: Source) -> Mapping[str, Any] | None:
    """Ask for the totals of a cube's metrics, by metric id; None where the server does not tell.

    POST …/instances without attributes; conditions on metrics are left out, for they are of rows that are there no
    longer. The caller has a place in the working set. What the server says instead ends nothing.
    """
    requested: Any = source.body.get("requestedObjects") or {}
    metrics = requested.get("metrics")
    if source.kind != "cube" or not metrics:
        return None
    body: dict[str, Any] = {"requestedObjects": {"attributes": [], "metrics": metrics}}
    if (condition := without_metrics(source.body.get("viewFilter"))) is not None:
        body["viewFilter"] = condition
    bare = replace(source, body=body, over=None, ordered=False)
    place = await session.instances.spend(session.http, source.path)
    try:
        answer = await execute(session, bare, 1, DEFAULTS, lambda _: None, place=place)
        page = await asyncio.to_thread(decode_page, answer.text())
    except MstrError as error:
        logger.debug("grand totals were not told: %s", type(error).__name__)
        return None
    finally:
        place.release()
    rows = page.batch.to_pylist()
    return {column.object_id: rows[0][column.name] for column in page.columns.metrics} if len(rows) == 1 else None


def without_metrics(condition: Any) -> Any:
    """Return a view filter without its conditions on metrics; None if none is left.

    >>> without_metrics({"operator": "And", "operands": [{"operands": [{"type": "metric"}]}, {"operands": []}]})
    {'operator': 'And', 'operands': [{'operands': []}]}
    """
    if not _has_metric(condition):
        return condition
    if condition.get("operator") != "And":
        return None
    left = [each for each in condition["operands"] if not _has_metric(each)]
    return {**condition, "operands": left} if left else None


def _has_metric(node: Any) -> bool:
    if isinstance(node, dict):
        return node.get("type") == "metric" or any(map(_has_metric, node.values()))
    return isinstance(node, list) and any(map(_has_metric, node))

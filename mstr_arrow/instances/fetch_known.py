"""Asking what can be known of an object's data beside an instance: times, and the totals of metrics."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.grid_options import DEFAULTS
from mstr_arrow.instances.belonging import check_belongs
from mstr_arrow.instances.execute import execute
from mstr_arrow.instances.freshness import fetch_times
from mstr_arrow.instances.known import Known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession

logger = logging.getLogger("mstr_arrow")


async def fetch_known(session: ProjectSession, source: Source, *, before: Known | None = None) -> Known:
    """Ask what can be known beside an instance: times and grand totals, if a read may need them to go on.

    Only for rows in a total order that may take more than a page. What was not told ``before`` is not asked for.
    The caller has a place in the working set.
    """
    if not source.ordered or source.one_page or source.given is not None:
        return Known()
    published = before is None or bool(before.times.publication.caches)
    times = fetch_times(session.http, source, published=published)
    if before is not None and before.totals is None:
        return Known(await times)
    return Known(*await asyncio.gather(times, _fetch_grand_totals(session, source)))


async def _fetch_grand_totals(session: ProjectSession, source: Source) -> Mapping[str, float | str | None] | None:
    """Ask for the totals of a cube's metrics, by metric id; None where the server does not tell.

    POST …/instances without attributes; conditions on metrics are left out, for they are of rows that are there no
    longer. What the server says instead ends nothing.
    """
    requested: Any = source.body.get("requestedObjects") or {}
    metrics = requested.get("metrics")
    if source.kind != "cube" or not metrics:
        return None
    body: dict[str, Any] = {"requestedObjects": {"attributes": [], "metrics": metrics}}
    if (condition := without_metrics(source.body.get("viewFilter"))) is not None:
        body["viewFilter"] = condition
    if parameters := source.body.get("parameters"):  # values of a data model, without which it shows other data
        body["parameters"] = parameters
    bare = replace(source, body=body, over=None, ordered=False)
    place = await session.instances.spend(session.http, source.path)
    try:
        response = await execute(session, bare, 1, DEFAULTS, lambda _: None, place=place)
        page = await asyncio.to_thread(decode_page, response.text())
        check_belongs(page, source, place.instance_id)
    except MstrError as error:
        logger.debug("grand totals were not told: %s", type(error).__name__)
        return None
    finally:
        place.release()
    rows = page.batch.to_pylist()
    if len(rows) != 1:
        return None
    return {column.object_id: _scalar(rows[0][column.name]) for column in page.columns.metrics}


def _scalar(value: object) -> float | str | None:
    return value if value is None or isinstance(value, (int, float)) else str(value)


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

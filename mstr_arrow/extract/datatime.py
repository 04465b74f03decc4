"""When the data of a cube were last published: its cache's ``lastUpdateTime`` (wire reference, section 9.5)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError, PermissionDenied

if TYPE_CHECKING:
    from mstr_arrow.transport.http import Http

logger = logging.getLogger("mstr_arrow")

CACHES = 1000
"""Caches asked for at once, the most that the server lists."""


@dataclass(frozen=True, slots=True)
class DataTime:
    """When data were last published, as the server writes it; None with the reason where it does not tell."""

    moment: str | None
    why_not: str | None = None


async def fetch_data_time(http: Http, kind: str, object_id: str) -> DataTime:
    """Ask when an object's data were last published; never raises what the server says.

    A cube's modification time is not asked for: it may be that of its definition. GET /api/monitors/iServer/nodes
    and /api/monitors/caches/cubes of each node, which take the privilege to monitor caches.
    """
    if kind != "cube":
        return DataTime(None, "the server keeps no such time of reports")
    try:
        nodes = (await http.request("GET", "monitors/iServer/nodes")).json()
        found = [
            cache["lastUpdateTime"]
            for node in nodes["nodes"]
            for cache in await _caches(http, node["name"])
            if cache["source"]["id"].upper() == object_id.upper() and cache.get("lastUpdateTime")
        ]
    except PermissionDenied:
        return DataTime(None, "this login may not monitor the caches of cubes")
    except (MstrError, LookupError, TypeError, AttributeError) as error:
        logger.debug("the caches of cubes were not listed: %s", type(error).__name__)
        return DataTime(None, "the server does not list the caches of cubes")
    if not found:
        return DataTime(None, "the server lists no cache of this cube")
    # Every node has a cache of its own; where they differ, nobody knows which one was or will be read.
    return DataTime(" ".join(sorted(set(found))))


async def _caches(http: Http, node: str) -> list[dict[str, Any]]:
    """List the caches of a node in the project."""
    project = http.project
    params = {"clusterNode": node, "limit": CACHES, **({"projectIds": project.id} if project else {})}
    caches: list[dict[str, Any]] = []
    while True:
        page = (await http.request("GET", "monitors/caches/cubes", params={**params, "offset": len(caches)})).json()
        caches += page["cubeCaches"]
        if not page["cubeCaches"] or len(caches) >= page["total"]:
            return caches

"""When a cube was changed, and when its data were published (wire reference, sections 3.3 and 9.5)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError, PermissionDenied

if TYPE_CHECKING:
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.project_http import ProjectHttp

logger = logging.getLogger("mstr_arrow")

CACHES = 1000
"""Caches asked for at once, the most that the server lists."""


@dataclass(frozen=True, slots=True)
class DataTime:
    """When data were last published, as the server writes it; None with the reason where it does not tell."""

    moment: str | None
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """When an object was changed and its data published, as the server writes it; None where it does not tell."""

    changed: str | None
    published: str | None


async def fetch_times(http: ProjectHttp, source: Source, *, published: bool = True) -> Times:
    """Ask when an object was changed and, unless that is not wanted, when its data were published.

    GET /api/cubes?id=, and the calls of `fetch_data_time`. Never raises what the server says; of reports there are
    no such times.
    """
    if source.kind != "cube":
        return Times(None, None)
    if not published:
        return Times(await _changed(http, source.object_id), None)
    changed, data = await asyncio.gather(
        _changed(http, source.object_id), fetch_data_time(http, source.kind, source.object_id)
    )
    return Times(changed, data.moment)


async def _changed(http: ProjectHttp, cube_id: str) -> str | None:
    try:
        answer = await http.request("GET", "cubes", params={"id": cube_id})
        return str(answer.json()["cubesInfos"][0]["modificationTime"])
    except (MstrError, LookupError, TypeError):
        return None


async def fetch_data_time(http: ProjectHttp, kind: str, object_id: str) -> DataTime:
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


async def _caches(http: ProjectHttp, node: str) -> list[dict[str, Any]]:
    """List the caches of a node in the project."""
    project = http.project
    params = {"clusterNode": node, "limit": CACHES, **({"projectIds": project.id} if project else {})}
    caches: list[dict[str, Any]] = []
    while True:
        page = (await http.request("GET", "monitors/caches/cubes", params={**params, "offset": len(caches)})).json()
        caches += page["cubeCaches"]
        if not page["cubeCaches"] or len(caches) >= page["total"]:
            return caches

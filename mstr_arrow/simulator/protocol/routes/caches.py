"""The caches of cubes, which tell when the data were last published (Wire reference, section 9.5)."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.answers import Answer, Refusal, ok
from mstr_arrow.simulator.model.cubes import Cube
from mstr_arrow.simulator.protocol.call import Call, Route

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.encoded_cube import EncodedCube

_NODE = "simulated-node"
_ADDRESS = base64.b64encode(b"127.0.0.1").decode()
_FIRST = datetime(2026, 1, 15, 8, 30)  # noqa: DTZ001 - the server's time stamps have no zone
_MOST = 1000


def nodes(call: Call) -> Answer:
    """List the nodes of the cluster."""
    _check(call)
    return ok({"nodes": [{"name": _NODE, "ipAddress": "127.0.0.1", "status": "running"}]})


def caches(call: Call) -> Answer:
    """List the caches of the published cubes of the projects asked for."""
    _check(call)
    node, catalogue = call.query.get("clusterNode"), call.server.catalogue
    if node is None:
        raise Refusal(400, "ERR005", "The parameter 'clusterNode' is missing")
    if node != _NODE:
        raise Refusal(503, "ERR001", f"(The cluster node '{node}' is not available.)")
    offset, limit = int(call.query.get("offset", "0")), int(call.query.get("limit", str(_MOST)))
    if not 1 <= limit <= _MOST or offset < 0:
        raise Refusal(400, "ERR005", f"limit is from 1 to {_MOST}, offset from 0 on")
    projects = call.query.get("projectIds", catalogue.project_id).split(",")
    shown = catalogue.project_id in projects
    found = [cube for cube in catalogue.cubes.values() if shown and cube.published]
    listed = [_described(call, cube) for cube in found[offset : offset + limit]]
    return ok(
        {
            "offset": offset,
            "limit": limit,
            "total": len(found),
            "loaded": len(found),
            "unloaded": 0,
            "cubeCaches": listed,
        }
    )


def _check(call: Call) -> None:
    if not call.server.settings.monitors_caches:
        raise Refusal(403, "ERR0014", "(The user does not have the privilege to monitor caches.)")


def _described(call: Call, cube: Cube | EncodedCube) -> dict[str, Any]:
    project_id = call.server.catalogue.project_id
    edition = cube.edition if isinstance(cube, Cube) else 0
    updated = _FIRST + timedelta(minutes=edition)
    return {
        "id": f"{cube.id}:{project_id}:{_ADDRESS}",
        "projectId": project_id,
        "source": {"id": cube.id, "name": cube.name, "type": "cube"},
        "state": {"active": True, "dirty": False, "infoDirty": False, "persisted": True, "loadedState": "loaded"},
        "lastUpdateTime": updated.strftime("%Y-%m-%d %H:%M:%S"),
        "creationTime": _FIRST.strftime("%Y-%m-%d %H:%M:%S"),
        "lastUpdateJob": call.server.publications.last_job(cube),
        "rowCount": cube.total,
        "size": cube.total * 64 + 4096,
    }


ROUTES = (
    Route("GET", "/api/monitors/iServer/nodes", nodes),
    Route("GET", "/api/monitors/caches/cubes", caches),
)

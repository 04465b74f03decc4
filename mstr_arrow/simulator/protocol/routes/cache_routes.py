"""The caches of cubes: when data were published, and what is in memory (Wire reference, section 9.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.model.cubes import Cube
from mstr_arrow.simulator.protocol.call import Call, Needs, Route
from mstr_arrow.simulator.responses import Refusal, Response, ok

if TYPE_CHECKING:
    from mstr_arrow.simulator.state.caches import CubeCache

_FIRST = datetime(2026, 1, 15, 8, 30)  # noqa: DTZ001 - the server's time stamps have no zone
_MOST = 1000
_LOADED = {"loaded": True, "unloaded": False}


def list_nodes(call: Call) -> Response:
    """List the nodes of the cluster."""
    _check(call)
    listed = [{"name": name, "ipAddress": "127.0.0.1", "status": "running"} for name in call.server.caches.nodes]
    return ok({"nodes": listed})


def list_caches(call: Call) -> Response:
    """List the caches of the published cubes of the projects asked for."""
    _check(call)
    node, catalogue = call.query.get("clusterNode"), call.server.catalogue
    if node is None:
        raise Refusal(400, "ERR005", "The parameter 'clusterNode' is missing")
    offset, limit = call.integer("offset", 0), call.integer("limit", _MOST)
    if not 1 <= limit <= _MOST or offset < 0:
        raise Refusal(400, "ERR005", f"limit is from 1 to {_MOST}, offset from 0 on")
    projects = call.query.get("projectIds", catalogue.project_id).split(",")
    found = call.server.caches.on(node) if catalogue.project_id in projects else []
    wanted = call.query.get("state.loadedState")
    found = [cache for cache in found if wanted is None or _LOADED.get(wanted) == cache.loaded]
    return ok(
        {
            "offset": offset,
            "limit": limit,
            "total": len(found),
            "loaded": sum(cache.loaded for cache in found),
            "unloaded": sum(not cache.loaded for cache in found),
            "cubeCaches": [_describe(call, cache) for cache in found[offset : offset + limit]],
        },
        headers={"x-mstr-total-count": str(len(found))},
    )


def describe(call: Call) -> Response:
    """Describe a cache."""
    return ok(_describe(call, _find(call)))


def alter(call: Call) -> Response:
    """Begin to load or unload, activate or deactivate a cache."""
    cache, state = _find(call), json_object(json_object(call.json()).get("state"))
    if "respond-async" not in call.headers.get("Prefer", ""):
        raise bad_request("The header 'Prefer: respond-async' is missing.")
    loaded, active = state.get("loadedState"), state.get("active")
    if len(state) != 1 or (loaded is None) == (active is None):
        raise bad_request("Exactly one of 'active' and 'loadedState' is changed at a time.")
    if loaded not in {None, *_LOADED} or active not in {None, True, False}:
        raise bad_request("The state of a cache is 'loaded' or 'unloaded', and active or not.")
    made = call.server.caches.alter(
        cache,
        loaded=None if loaded is None else _LOADED[loaded],
        active=active,
        seconds=call.server.settings.cache_seconds,
        failure=call.failure,
    )
    return Response(status=202, body=orjson.dumps({"manipulationId": made.id, "status": "executing"}))


def tell_progress(call: Call) -> Response:
    """Tell how far a change of a cache is."""
    _check(call)
    made = call.server.caches.manipulations.get(call.places["manipulation"])
    if made is None:
        raise Refusal(404, "ERR004", "(The manipulation was not found.)")
    message = {} if made.status != "error" or made.failure is None else {"message": made.failure.message}
    return ok({"manipulationId": made.id, "status": made.status, **message})


def delete(call: Call) -> Response:
    """Delete a cache; without any, a cube is not published any more."""
    cache, catalogue = _find(call), call.server.catalogue
    if call.server.caches.delete(cache):
        cube = catalogue.cubes[cache.cube_id]
        if isinstance(cube, Cube):
            catalogue.cubes[cube.id] = replace(cube, published=False)
        else:
            cube.published = False
    return Response(status=204)


def _check(call: Call) -> None:
    if not call.server.settings.monitors_caches:
        raise Refusal(403, "ERR0014", "(The user does not have the privilege to monitor caches.)")


def _find(call: Call) -> CubeCache:
    _check(call)
    return call.server.caches.find(call.places["cache"])


def _describe(call: Call, cache: CubeCache) -> dict[str, Any]:
    server = call.server
    cube = server.catalogue.cubes[cache.cube_id]
    updated = _FIRST + timedelta(minutes=cube.edition if isinstance(cube, Cube) else 0)
    columns = len(cube.attributes) + len(cube.metrics) if isinstance(cube, Cube) else 1
    return {
        "id": cache.id,
        "projectId": server.catalogue.project_id,
        "source": {"id": cube.id, "name": cube.name, "type": "cube"},
        "state": {
            "active": cache.active,
            "dirty": False,
            "infoDirty": False,
            "persisted": True,
            "processing": server.publications.shows(cube.id),
            "loadedState": "loaded" if cache.loaded else "unloaded",
        },
        "lastUpdateTime": updated.strftime("%Y-%m-%d %H:%M:%S"),
        "creationTime": _FIRST.strftime("%Y-%m-%d %H:%M:%S"),
        "lastUpdateJob": server.publications.last_job(cube),
        "hitCount": cache.hits,
        "historicHitCount": cache.earlier + cache.hits,
        "openViewCount": 0,
        "rowCount": cube.total,
        "columnCount": columns,
        "size": cube.total * 64 + 4096,
        "fileName": f"{cube.id}.cub",
        "creatorId": "54F3D26011D2896560009A8E67019608",
        "creatorName": "Administrator",
        "databaseConnection": [],
        "dataLanguage": "en-US",
    }


ROUTES = (
    Route("GET", "/api/monitors/iServer/nodes", list_nodes, Needs.SESSION),
    Route("GET", "/api/monitors/caches/cubes", list_caches, Needs.SESSION),
    Route("GET", "/api/monitors/caches/cubes/manipulations/{manipulation}/status", tell_progress, Needs.SESSION),
    Route("GET", "/api/monitors/caches/cubes/{cache}", describe, Needs.SESSION),
    Route("PATCH", "/api/monitors/caches/cubes/{cache}", alter, Needs.SESSION),
    Route("DELETE", "/api/monitors/caches/cubes/{cache}", delete, Needs.SESSION),
)

"""Cubes: definition, status, information and publication (Wire reference, sections 3.2 to 3.4 and 7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.faults.effects import LostPublication
from mstr_arrow.simulator.model.cubes import SUPER_CUBE, Cube
from mstr_arrow.simulator.model.encoded_cube import EncodedCube
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.protocol.page_parts import available_objects
from mstr_arrow.simulator.push.uploads import RUNNING
from mstr_arrow.simulator.responses import Refusal, Response, ok

from .job_routes import job_id

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.dialect import Dialect
    from mstr_arrow.simulator.state.jobs import Job

_READY, _LOADED, _ACTIVE, _EMMA, _PROCESSING = 1024 + 64 + 8 + 4, 32, 2, 16384, 1


def describe(call: Call) -> Response:
    """Describe the attributes and metrics of a cube."""
    cube = call.catalogue.cube(call.places["id"])
    return ok({"id": cube.id, "name": cube.name, "definition": _definition(cube, call.server.settings.dialect)})


def list_info(call: Call) -> Response:
    """Tell size, status and path of cubes."""
    catalogue = call.catalogue
    cubes = [catalogue.cube(cube_id) for cube_id in call.query.getall("id", [])]
    return ok({"cubesInfos": [_info(call, cube) for cube in cubes]})


def tell_status(call: Call) -> Response:
    """Tell the status bits of a cube in a header."""
    cube = call.catalogue.cube(call.places["id"])
    return Response(status=204, headers={"X-MSTR-CubeStatus": str(_status(call, cube))})


def publish(call: Call) -> Response:
    """Start to publish a cube, and tell the job's number."""
    server, session = call.server, call.user_session
    cube = call.catalogue.cube(call.places["id"])
    if server.datasets.get(cube.id) is not None:
        raise Refusal(400, "ERR001", f"(The cube '{cube.name}' was made of pushed data: it has no source to ask.)")
    instance = server.create_instance(cube) if server.settings.names_publication else None

    def show_new_rows(_job: Job) -> None:
        if instance is not None:
            instance.base = instance.source = server.catalogue.cubes[cube.id]

    job = server.publications.start(
        cube,
        session=session.token,
        user=session.user,
        failure=call.failure,
        forgotten=isinstance(call.effect, LostPublication),
        done=show_new_rows,
    )
    body: dict[str, Any] = {"id": job_id(job), "jobId": job.number}
    if instance is not None:
        instance.job = job
        server.keep(instance, session)
        body["instanceId"] = instance.id
    return Response(status=202, body=orjson.dumps(body))


def _definition(cube: Cube | EncodedCube, dialect: Dialect) -> dict[str, Any]:
    if isinstance(cube, EncodedCube):
        return cube.definition
    return {"availableObjects": available_objects(cube.attributes, cube.metrics, dialect)}


def _info(call: Call, cube: Cube | EncodedCube) -> dict[str, Any]:
    return {
        "cubeName": cube.name,
        "cubeId": cube.id,
        "ownerId": "54F3D26011D2896560009A8E67019608",
        "path": "\\" + "\\".join((call.catalogue.project, *cube.folder, cube.name)),
        "modificationTime": "2026-01-15 08:30:00",
        "serverMode": 1,
        "size": cube.total * 64 + 4096,
        "status": _status(call, cube),
    }


def _status(call: Call, cube: Cube | EncodedCube) -> int:
    server = call.server
    uploads = any(u.dataset.id == cube.id and u.status == RUNNING for u in server.sessions.uploads())
    loads = server.refreshes.find_running(cube.id) is not None
    processing = _PROCESSING if uploads or loads or server.publications.shows(cube.id) else 0
    if not cube.published:
        return processing
    caches = list(server.caches.of(cube.id))
    loaded = _LOADED if any(cache.loaded for cache in caches) else 0
    active = _ACTIVE if any(cache.active for cache in caches) else 0
    return processing + _READY + loaded + active + (_EMMA if cube.subtype == SUPER_CUBE else 0)


ROUTES = (
    Route("GET", "/api/v2/cubes/{id}", describe),
    Route("GET", "/api/cubes", list_info),
    Route("HEAD", "/api/cubes/{id}", tell_status),
    Route("POST", "/api/v2/cubes/{id}", publish),
)

"""Cubes: definition, status and information (Wire reference, sections 3.2 to 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.answers import Answer, ok
from mstr_arrow.simulator.model.cubes import SUPER_CUBE, Cube
from mstr_arrow.simulator.model.encoded_cube import EncodedCube
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.protocol.page_parts import available_objects
from mstr_arrow.simulator.push.uploads import RUNNING

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.dialect import Dialect

_READY, _EMMA, _PROCESSING = 1024 + 64 + 32 + 8 + 4 + 2, 16384, 1


def definition(call: Call) -> Answer:
    """Describe the attributes and metrics of a cube."""
    cube = call.server.catalogue.cube(call.places["id"])
    return ok({"id": cube.id, "name": cube.name, "definition": _definition(cube, call.server.settings.dialect)})


def info(call: Call) -> Answer:
    """Tell size, status and path of cubes."""
    catalogue = call.server.catalogue
    cubes = [catalogue.cube(cube_id) for cube_id in call.query.getall("id", [])]
    return ok({"cubesInfos": [_info(catalogue.project, cube) for cube in cubes]})


def status(call: Call) -> Answer:
    """Tell the status bits of a cube in a header."""
    cube = call.server.catalogue.cube(call.places["id"])
    publishing = any(u.dataset.id == cube.id and u.status == RUNNING for u in call.server.sessions.uploads())
    publishing = publishing or call.server.refreshes.running(cube.id) is not None
    bits = _status(cube) | (_PROCESSING if publishing else 0)
    return Answer(status=204, headers={"X-MSTR-CubeStatus": str(bits)})


def _definition(cube: Cube | EncodedCube, dialect: Dialect) -> dict[str, Any]:
    if isinstance(cube, EncodedCube):
        return cube.definition
    return {"availableObjects": available_objects(cube.attributes, cube.metrics, dialect)}


def _info(project: str, cube: Cube | EncodedCube) -> dict[str, Any]:
    return {
        "cubeName": cube.name,
        "cubeId": cube.id,
        "ownerId": "54F3D26011D2896560009A8E67019608",
        "path": "\\" + "\\".join((project, *cube.folder, cube.name)),
        "modificationTime": "2026-01-15 08:30:00",
        "serverMode": 1,
        "size": cube.total * 64 + 4096,
        "status": _status(cube),
    }


def _status(cube: Cube | EncodedCube) -> int:
    if not cube.published:
        return 0
    return _READY + (_EMMA if cube.subtype == SUPER_CUBE else 0)


ROUTES = (
    Route("GET", "/api/v2/cubes/{id}", definition),
    Route("GET", "/api/cubes", info),
    Route("HEAD", "/api/cubes/{id}", status),
)

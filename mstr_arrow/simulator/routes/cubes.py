"""Cubes: definition, status and information (Wire reference, sections 3.2 to 3.4, 4.6 and 6.6)."""

from __future__ import annotations

from typing import Any

import polars as pl

from mstr_arrow.simulator.answers import Answer, Refusal, ok
from mstr_arrow.simulator.cubes import SUPER_CUBE, Attribute, Cube
from mstr_arrow.simulator.encoded import EncodedCube
from mstr_arrow.simulator.page import elements_json, forms_json

from .call import Call, Route
from .instances import ROUTES as INSTANCE_ROUTES

_READY, _EMMA = 1024 + 64 + 32 + 8 + 4 + 2, 16384
_TABLE_TYPE = 15


def definition(call: Call) -> Answer:
    """Describe the attributes and metrics of a cube."""
    cube = call.server.catalogue.cube(call.places["id"])
    return ok({"id": cube.id, "name": cube.name, "definition": _definition(cube)})


def info(call: Call) -> Answer:
    """Tell size, status and path of cubes."""
    catalogue = call.server.catalogue
    cubes = [catalogue.cube(cube_id) for cube_id in call.query.getall("id", [])]
    return ok({"cubesInfos": [_info(catalogue.project, cube) for cube in cubes]})


def status(call: Call) -> Answer:
    """Tell the status bits of a cube in a header."""
    cube = call.server.catalogue.cube(call.places["id"])
    return Answer(status=204, headers={"X-MSTR-CubeStatus": str(_status(cube))})


def elements(call: Call) -> Answer:
    """List the elements of an attribute of a cube."""
    cube = call.server.catalogue.cube(call.places["id"])
    attribute = find_attribute(cube, call.places["attribute"])
    offset, limit = call.integer("offset", 0), call.integer("limit", 1000)
    stop = attribute.cardinality if limit < 0 else min(attribute.cardinality, offset + limit)
    keys = pl.int_range(min(offset, stop), stop, eager=True)
    texts = elements_json(attribute, keys, prefix=f"{attribute.id}:", suffix="", iso=True, id_first=True)
    body = "[" + (texts.str.join(",").item() or "") + "]"
    return Answer(body=body.encode(), headers={"x-mstr-total-count": str(attribute.cardinality)})


def dataset(call: Call) -> Answer:
    """Describe the tables of a data import."""
    cube = call.server.catalogue.cube(call.places["id"])
    if cube.subtype != SUPER_CUBE:
        raise Refusal(500, "ERR001", "(The object is not a dataset.)")
    tables = [{"id": name, "name": name, "type": _TABLE_TYPE} for name in cube.tables]
    objects: dict[str, Any] = {"tables": tables, "columns": []}
    result = {"definition": {"availableObjects": objects}}
    return ok({"id": cube.id, "name": cube.name, "result": result})


def find_attribute(cube: Cube | EncodedCube, attribute_id: str) -> Attribute:
    """Find an attribute of a cube; raise the server's 400 where it has none of that id."""
    for attribute in cube.attributes if isinstance(cube, Cube) else ():
        if attribute.id == attribute_id.upper():
            return attribute
    raise Refusal(400, "ERR006", f"Failed to find the attribute {attribute_id} in the report or cube.")


def _definition(cube: Cube | EncodedCube) -> dict[str, Any]:
    if isinstance(cube, EncodedCube):
        return cube.definition
    attributes = [
        {"name": a.name, "id": a.id, "type": "attribute", "forms": forms_json(a)} for a in cube.attributes
    ]
    metrics = [{"name": m.name, "id": m.id, "type": "metric", "dataType": m.definition_type} for m in cube.metrics]
    rest: dict[str, Any] = {"customGroups": [], "consolidations": [], "hierarchies": []}
    return {"availableObjects": {"attributes": attributes, "metrics": metrics, **rest}}


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
    Route("GET", "/api/cubes/{id}/attributes/{attribute}/elements", elements),
    Route("GET", "/api/datasets/{id}", dataset),
    *INSTANCE_ROUTES,
)

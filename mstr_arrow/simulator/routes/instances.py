"""Instances of cubes and their pages (Wire reference, sections 3.5 to 3.8)."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.answers import NOT_PUBLISHED, Answer, Refusal
from mstr_arrow.simulator.cubes import Cube
from mstr_arrow.simulator.page import PageOptions, render
from mstr_arrow.simulator.projection import project

from .call import Call, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.simulator.encoded import EncodedCube
    from mstr_arrow.simulator.sessions import Instance

_DEFAULT_LIMIT = 1000
_MEMBERS = ("raw", "formatted", "extras")


def create(call: Call) -> Callable[[], Answer]:
    """Create an instance and answer with its first page."""
    cube = call.server.catalogue.cube(call.places["id"])
    if not cube.published:
        message = f"(The cube '{cube.name}' is not published.)"
        raise Refusal(500, "ERR001", message, iserver_code=NOT_PUBLISHED)
    if isinstance(cube, Cube):
        cube = project(cube, call.json())
    instance = call.server.create_instance(cube)
    call.user_session.add(instance)
    return _page(call, instance)


def read(call: Call) -> Callable[[], Answer]:
    """Answer with a page of an instance."""
    instance = call.user_session.instance(call.places["instance"])
    if instance.cube.id != call.places["id"].upper():
        raise Refusal(404, "ERR004", "(The instance does not belong to this cube.)")
    return _page(call, instance)


def _page(call: Call, instance: Instance) -> Callable[[], Answer]:
    offset, limit = call.integer("offset", 0), call.integer("limit", _DEFAULT_LIMIT)
    if offset < 0 or limit < -1:
        raise Refusal(400, "ERR006", "Invalid value of parameter 'offset' or 'limit'")
    rows = _allowed_rows(call, instance.cube, limit)
    if isinstance(instance.cube, Cube):
        return partial(_rendered, call, instance, instance.cube, offset=offset, limit=limit, rows=rows)
    return partial(_encoded, instance.cube, offset=offset, rows=rows)


def _allowed_rows(call: Call, cube: Cube | EncodedCube, limit: int) -> int:
    """Count the rows that a page may have: what was asked for, less what governor and faults take away."""
    rows = cube.total if limit < 0 else limit
    cells = call.server.settings.cells_per_page
    if cells is not None and isinstance(cube, Cube):
        rows = min(rows, max(1, cells // max(1, len(cube.attributes) + len(cube.metrics))))
    if call.altered is not None and call.altered.rows is not None:
        rows = min(rows, call.altered.rows)
    return rows


def _encoded(cube: EncodedCube, *, offset: int, rows: int) -> Answer:
    return Answer(body=cube.body(offset, rows), ready=True)


def _rendered(call: Call, instance: Instance, cube: Cube, *, offset: int, limit: int, rows: int) -> Answer:
    settings = call.server.settings
    options = _options(call)
    key = (cube.id, cube.shape, offset, limit, rows, options)
    big = call.server.pages.get(key)
    if big is None:
        page = render(
            cube, offset=offset, limit=rows, echoed_limit=limit, bounds=call.server.bounds(cube), options=options
        )
        if call.altered is not None:
            paging = page.data["paging"]
            page.data["paging"] = {name: value + call.altered.paging.get(name, 0) for name, value in paging.items()}
        tree = {"definition": page.definition, "data": page.data}
        big = orjson.dumps(_shuffled(tree, random.Random(offset)) if settings.shuffle_keys else tree)
        if settings.encode_once and call.altered is None:
            call.server.pages.put(key, big)
    small = orjson.dumps({"id": cube.id, "name": cube.name, "instanceId": instance.id, "status": 1})
    first, second = (big, small) if settings.shuffle_keys and offset % 2 == 0 else (small, big)
    return Answer(body=b"".join((first[:-1], b",", second[1:])))


def _options(call: Call) -> PageOptions:
    excluded = set(filter(None, call.query.get("fields", "").split(",")))
    if any(not path.startswith("-") for path in excluded):
        raise Refusal(400, "ERR006", "The parameter 'fields' only excludes here: each path starts with '-'.")
    raw, formatted, extras = (f"-data.metricValues.{member}" not in excluded for member in _MEMBERS)
    return PageOptions(
        raw=raw,
        formatted=formatted,
        extras=extras,
        iso_forms=call.flag("standardDateFormat"),
        iso_raw=call.flag("standardRawDateFormat"),
        id_first=call.server.settings.shuffle_keys,
    )


def _shuffled(value: Any, order: random.Random) -> Any:
    """Give the members of every JSON object another order."""
    if isinstance(value, dict):
        members = order.sample(list(value.items()), len(value))
        return {name: _shuffled(member, order) for name, member in members}
    return [_shuffled(item, order) for item in value] if isinstance(value, list) else value


ROUTES = (
    Route("POST", "/api/v2/cubes/{id}/instances", create),
    Route("GET", "/api/v2/cubes/{id}/instances/{instance}", read),
)

"""Instances of cubes and reports, and their pages (Wire reference, sections 3.5 to 3.9 and 4.1)."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.answers import NOT_PUBLISHED, Answer, Refusal, ok
from mstr_arrow.simulator.cubes import Cube
from mstr_arrow.simulator.encoded import EncodedCube
from mstr_arrow.simulator.gridpage import render_report
from mstr_arrow.simulator.grids import Report
from mstr_arrow.simulator.manipulate import manipulate
from mstr_arrow.simulator.page import PageOptions, render
from mstr_arrow.simulator.projection import project

from .call import Call, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.simulator.sessions import Instance

_DEFAULT_LIMIT = 1000
_READY, _RUNNING = 1, 4
_MEMBERS = ("raw", "formatted", "extras")


async def create(call: Call) -> Callable[[], Answer]:
    """Create an instance of a cube and answer with its first page."""
    cube = call.server.catalogue.cube(call.places["id"])
    if not cube.published:
        message = f"(The cube '{cube.name}' is not published.)"
        raise Refusal(500, "ERR001", message, iserver_code=NOT_PUBLISHED)
    instance = call.server.create_instance(await _manipulated(call, cube), variant=call.body)
    call.user_session.add(instance)
    return _page(call, instance)


async def create_report(call: Call) -> Answer | Callable[[], Answer]:
    """Create an instance of a report; answer with its first page, or at once where the request says so."""
    report = call.server.catalogue.report(call.places["id"])
    instance = call.server.create_instance(await _manipulated(call, report), variant=call.body)
    if "respond-async" not in call.headers.get("Prefer", ""):
        call.user_session.add(instance)
        return _page(call, instance)
    call.user_session.add(replace(instance, polls=call.server.settings.async_polls))
    return Answer(status=202, body=orjson.dumps(_state(report.id, instance, _RUNNING)))


def read(call: Call) -> Callable[[], Answer]:
    """Answer with a page of an instance."""
    return _page(call, _instance(call))


async def change(call: Call) -> Callable[[], Answer]:
    """Manipulate an instance anew and answer with its first page."""
    found = _instance(call)
    catalogue = call.server.catalogue
    source = (
        catalogue.report(found.source.id) if isinstance(found.source, Report) else catalogue.cube(found.source.id)
    )
    instance = replace(found, source=await _manipulated(call, source), variant=call.body)
    call.user_session.add(instance)
    return _page(call, instance)


def progress(call: Call) -> Answer:
    """Tell how far an instance that was asked for with ``Prefer: respond-async`` is."""
    instance = _instance(call)
    call.user_session.add(replace(instance, polls=max(0, instance.polls - 1)))
    running = instance.polls > 0
    body = orjson.dumps(_state(instance.source.id, instance, _RUNNING if running else _READY))
    return Answer(
        status=202 if running else 200, body=body, headers={"X-MSTR-IStatus": str(_RUNNING if running else _READY)}
    )


def page_by_elements(call: Call) -> Answer:
    """List the page-by combinations of a report: the simulator's have none."""
    _instance(call)
    paging = {"total": 0, "current": 0, "offset": call.integer("offset", 0), "limit": call.integer("limit", 1000)}
    return ok({"pageBy": [], "validPageByElements": {"paging": paging, "items": []}})


async def _manipulated(call: Call, source: Cube | EncodedCube | Report) -> Cube | EncodedCube | Report:
    """Carry out what the body asks for, in another thread: filters and sums look at every row."""
    settings, body = call.server.settings, call.json()
    if isinstance(source, EncodedCube):
        return source
    if isinstance(source, Cube):
        return await asyncio.to_thread(project, source, body, settings.filtering)
    dialect, uncrosstab = settings.dialect, settings.uncrosstab
    return await asyncio.to_thread(
        manipulate, source, body, settings.filtering, dialect=dialect, uncrosstab=uncrosstab
    )


def _instance(call: Call) -> Instance:
    instance = call.user_session.instance(call.places["instance"])
    if instance.source.id != call.places["id"].upper():
        raise Refusal(404, "ERR004", "(The instance does not belong to this object.)")
    return instance


def _state(source_id: str, instance: Instance, status: int) -> dict[str, Any]:
    return {"id": source_id, "instanceId": instance.id, "status": status}


def _page(call: Call, instance: Instance) -> Callable[[], Answer]:
    offset, limit = call.integer("offset", 0), call.integer("limit", _DEFAULT_LIMIT)
    if offset < 0 or limit < -1:
        raise Refusal(400, "ERR006", "Invalid value of parameter 'offset' or 'limit'")
    rows = _allowed_rows(call, instance.source, limit)
    if isinstance(instance.source, EncodedCube):
        return partial(_encoded, instance.source, offset=offset, rows=rows)
    return partial(_rendered, call, instance, instance.source, offset=offset, limit=limit, rows=rows)


def _allowed_rows(call: Call, source: Cube | EncodedCube | Report, limit: int) -> int:
    """Count the rows that a page may have: what was asked for, less what governor and faults take away."""
    rows = source.total if limit < 0 else limit
    cells = call.server.settings.cells_per_page
    if cells is not None and not isinstance(source, EncodedCube):
        rows = min(rows, max(1, cells // max(1, source.row_cells)))
    if call.altered is not None and call.altered.rows is not None:
        rows = min(rows, call.altered.rows)
    return rows


def _encoded(cube: EncodedCube, *, offset: int, rows: int) -> Answer:
    return Answer(body=cube.body(offset, rows), ready=True, rows=max(0, min(rows, cube.total - offset)))


def _rendered(
    call: Call, instance: Instance, source: Cube | Report, *, offset: int, limit: int, rows: int
) -> Answer:
    settings = call.server.settings
    options = page_options(call)
    key = (source.id, instance.variant, offset, limit, rows, options)
    big = call.server.pages.get(key)
    if big is None:
        bounds = call.server.bounds(source)
        place = {"offset": offset, "limit": rows, "echoed_limit": limit}
        if isinstance(source, Report):
            page = render_report(source, **place, bounds=bounds, options=options)
        else:
            page = render(source, **place, bounds=bounds, options=options)
        if call.altered is not None:
            paging = page.data["paging"]
            page.data["paging"] = {name: value + call.altered.paging.get(name, 0) for name, value in paging.items()}
        tree = {"definition": page.definition, "data": page.data}
        big = orjson.dumps(_shuffled(tree, random.Random(offset)) if settings.shuffle_keys else tree)
        if settings.encode_once and call.altered is None:
            call.server.pages.put(key, big)
    small = orjson.dumps({"id": source.id, "name": source.name, "instanceId": instance.id, "status": _READY})
    first, second = (big, small) if settings.shuffle_keys and offset % 2 == 0 else (small, big)
    body = b"".join((first[:-1], b",", second[1:]))
    return Answer(body=body, rows=max(0, min(rows, source.total - offset)))


def page_options(call: Call) -> PageOptions:
    """Read how a page is to be written; a server that is too old for ``fields`` pays no heed to it."""
    dialect = call.server.settings.dialect
    excluded = set(filter(None, call.query.get("fields", "").split(",")))
    if any(not path.startswith("-") for path in excluded):
        raise Refusal(400, "ERR006", "The parameter 'fields' only excludes here: each path starts with '-'.")
    excluded = excluded if dialect.fields else set()
    raw, formatted, extras = (f"-data.metricValues.{member}" not in excluded for member in _MEMBERS)
    return PageOptions(
        raw=raw,
        formatted=formatted,
        extras=extras,
        iso_forms=call.flag("standardDateFormat"),
        iso_raw=call.flag("standardRawDateFormat"),
        id_first=call.server.settings.shuffle_keys,
        dialect=dialect,
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
    Route("PUT", "/api/v2/cubes/{id}/instances/{instance}", change),
    Route("POST", "/api/v2/reports/{id}/instances", create_report),
    Route("GET", "/api/v2/reports/{id}/instances/{instance}", read),
    Route("PUT", "/api/v2/reports/{id}/instances/{instance}", change),
    Route("GET", "/api/v2/reports/{id}/instances/{instance}/pageBy/elements", page_by_elements),
    Route("GET", "/api/reports/{id}/instances/{instance}/status", progress),
)

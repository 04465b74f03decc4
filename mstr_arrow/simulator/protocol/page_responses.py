"""Pages of instances: which rows, written how (Wire reference, sections 3.5 to 3.8)."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.faults.effects import PageChange
from mstr_arrow.simulator.model.encoded_cube import EncodedCube
from mstr_arrow.simulator.model.reports import Report
from mstr_arrow.simulator.responses import Refusal, Response
from mstr_arrow.simulator.state.jobs import READY

from .cube_page import render
from .page_parts import PageOptions
from .report_page import render_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.simulator.model.cubes import Cube
    from mstr_arrow.simulator.state.instances import Instance

    from .call import Call

_DEFAULT_LIMIT = 1000
_MEMBERS = ("raw", "formatted", "extras")


def page(call: Call, instance: Instance) -> Callable[[], Response]:
    """Give the function that renders the page that a request asks for."""
    offset, limit = call.integer("offset", 0), call.integer("limit", _DEFAULT_LIMIT)
    if offset < 0 or limit < -1:
        raise Refusal(400, "ERR006", "Invalid value of parameter 'offset' or 'limit'")
    rows = _count_allowed_rows(call, instance.source, limit)
    if (change := call.effect_of(PageChange)) is not None:
        offset, rows = max(0, offset + change.shift), rows + change.more
    if isinstance(instance.source, EncodedCube):
        return partial(_send_encoded, instance.source, offset=offset, rows=rows)
    return partial(
        _render, call, (instance.id, instance.variant), instance.source, offset=offset, limit=limit, rows=rows
    )


def _count_allowed_rows(call: Call, source: Cube | EncodedCube | Report, limit: int) -> int:
    """Count the rows that a page may have: those of the request, less those that governor and faults withhold."""
    rows = source.total if limit < 0 else limit
    cells = call.server.settings.cells_per_page
    if cells is not None and not isinstance(source, EncodedCube):
        rows = min(rows, max(1, cells // max(1, source.row_cells)))
    change = call.effect_of(PageChange)
    if change is not None and change.rows is not None:
        rows = min(rows, change.rows)
    return rows


def _send_encoded(cube: EncodedCube, *, offset: int, rows: int) -> Response:
    return Response(body=cube.body(offset, rows), ready=True, rows=max(0, min(rows, cube.total - offset)))


def _render(
    call: Call, instance: tuple[str, bytes], source: Cube | Report, *, offset: int, limit: int, rows: int
) -> Response:
    settings, change = call.server.settings, call.effect_of(PageChange)
    options = page_options(call)
    instance_id, variant = instance
    key = (source.id, variant, offset, limit, rows, options)
    big = call.server.pages.get(key) if change is None else None
    if big is None:
        bounds = call.server.bounds(source)
        place = {"offset": offset, "limit": rows, "echoed_limit": limit}
        if isinstance(source, Report):
            rendered = render_report(source, **place, bounds=bounds, options=options)
        else:
            rendered = render(source, **place, bounds=bounds, options=options)
        if change is not None:
            paging = rendered.data["paging"]
            rendered.data["paging"] = {name: value + change.paging.get(name, 0) for name, value in paging.items()}
        tree = {"definition": rendered.definition, "data": rendered.data}
        big = orjson.dumps(_shuffle(tree, random.Random(offset)) if settings.shuffle_keys else tree)
        if settings.encode_once and change is None:
            call.server.pages.put(key, big)
    small = orjson.dumps({"id": source.id, "name": source.name, "instanceId": instance_id, "status": READY})
    first, second = (big, small) if settings.shuffle_keys and offset % 2 == 0 else (small, big)
    body = b"".join((first[:-1], b",", second[1:]))
    return Response(body=body, rows=max(0, min(rows, source.total - offset)))


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


def _shuffle(value: Any, order: random.Random) -> Any:
    """Give the members of every JSON object another order."""
    if isinstance(value, dict):
        members = order.sample(list(value.items()), len(value))
        return {name: _shuffle(member, order) for name, member in members}
    return [_shuffle(item, order) for item in value] if isinstance(value, list) else value

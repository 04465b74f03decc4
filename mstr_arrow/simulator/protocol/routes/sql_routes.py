"""The SQL that a report or a cube is made of, without running it (Wire reference, sections 3.1 and 4.4)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mstr_arrow.simulator.model.encoded_cube import EncodedCube
from mstr_arrow.simulator.model.reports import Report
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.protocol.execution import find_instance
from mstr_arrow.simulator.responses import NOT_SUPPORTED, Refusal, Response, ok

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.cubes import Cube


async def give_sql_of_instance(call: Call) -> Response:
    """Give the SQL of a report's instance, whether it has run or not."""
    instance = find_instance(call)
    _check(call)
    if instance.asks:
        raise Refusal(400, NOT_SUPPORTED, "The SQL cannot be told while prompts are open.")
    inquiry = instance.inquiry
    source = instance.base if inquiry is None else await asyncio.to_thread(inquiry.resolve)
    remark = "" if inquiry is None else f"\n/* {len(inquiry.answers)} prompts answered */"
    return ok({"sqlStatement": _statement(source) + remark})


def give_sql_of_cube(call: Call) -> Response:
    """Give the SQL of a cube."""
    cube = call.server.catalogue.cube(call.places["id"])
    _check(call)
    return ok({"sqlStatement": _statement(cube)})


def _check(call: Call) -> None:
    if not call.server.settings.views_sql:
        raise Refusal(403, "ERR0014", "(The user does not have the privilege to view the SQL.)")


def _statement(source: Cube | EncodedCube | Report) -> str:
    """Write a statement that names the columns: it is made up, as the warehouse is."""
    if isinstance(source, EncodedCube):
        return f'select *\nfrom "{source.name}"'
    attributes = [u.attribute for u in source.units] if isinstance(source, Report) else source.attributes
    columns = [f'a."{attribute.name}"' for attribute in attributes]
    sums = [f'sum(a."{metric.name}") "{metric.name}"' for metric in source.metrics]
    grouped = f"\ngroup by {', '.join(columns)}" if columns and sums else ""
    return f'select {", ".join([*columns, *sums])}\nfrom "{source.name}" a{grouped}'


ROUTES = (
    Route("GET", "/api/v2/reports/{id}/instances/{instance}/sqlView", give_sql_of_instance),
    Route("GET", "/api/v2/cubes/{id}/sqlView", give_sql_of_cube),
)

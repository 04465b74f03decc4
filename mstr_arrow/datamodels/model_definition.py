"""Asking for the tables and parameters of a data model (wire reference, sections 7.3 and 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.datamodels.parameters import read_parameters
from mstr_arrow.datamodels.tables import ModelTables, read_tables
from mstr_arrow.errors import NotFound, NotSupported, ProtocolError

if TYPE_CHECKING:
    from mstr_arrow.datamodels.parameters import ModelParameters
    from mstr_arrow.session.project_http import ProjectHttp

_ROUTE = "HTTP 40"
"""How the message begins of a route that a server does not have."""


async def fetch_tables(http: ProjectHttp, model_id: str) -> ModelTables:
    """Return the tables of a data model. GET /api/model/dataModels/{id}/tables, until all have come.

    Errors: NotSupported where the server has no such endpoint, ProtocolError where it lists fewer than it counts.
    """
    found = ModelTables()
    total: int | None = None
    while total is None or len(found) < total:
        params = {"offset": len(found), "limit": -1}
        try:
            part, total = await http.read(
                "GET",
                f"model/dataModels/{model_id}/tables",
                lambda response: read_tables(response.json()),
                params=params,
            )
        except NotFound as error:
            raise too_old(error, "the tables of data models") from error
        known = {table.id for table in found}
        new = [table for table in part if table.id not in known]
        found += new
        if total is None:
            break
        if not new and len(found) < total:
            raise ProtocolError(f"the server lists {len(found)} tables of the data model and counts {total}.")
    return found


async def fetch_parameters(http: ProjectHttp, model_id: str) -> ModelParameters:
    """Return the parameters of a data model. GET /api/model/dataModels/{id}/parameters.

    Errors: NotSupported where the server has no such endpoint.
    """
    try:
        return await http.read(
            "GET", f"model/dataModels/{model_id}/parameters", lambda response: read_parameters(response.json())
        )
    except NotFound as error:
        raise too_old(error, "the parameters of data models") from error


def too_old(error: NotFound, what: str) -> NotFound | NotSupported:
    """Say that the server has no such endpoint, where it is that and not the model that is missing."""
    if error.iserver_code is not None or (error.code is not None and not error.message.startswith(_ROUTE)):
        return error
    return NotSupported(
        f"this server does not know {what}.",
        status=error.status,
        code=error.code,
        method=error.method,
        path=error.path,
        hint="It is older than they are; ask the administrator about an update.",
    )

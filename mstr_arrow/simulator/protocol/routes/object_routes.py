"""Projects, objects and search (Wire reference, section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.simulator.model.catalogue import PROJECT_TYPE, REPORT_TYPE
from mstr_arrow.simulator.protocol.call import Call, Needs, Route
from mstr_arrow.simulator.responses import Refusal, Response, ok

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.catalogue import Entry

_CONTAINS = 4
_CERTIFIED = {"CERTIFIED_ONLY": True, "NOT_CERTIFIED_ONLY": False}


def list_projects(call: Call) -> Response:
    """List the projects, those that are not loaded, too."""
    return ok(call.server.projects.describe_all())


def describe_project(call: Call) -> Response:
    """Describe a project by its name."""
    return ok(call.server.projects.describe_named(call.places["name"]))


def search(call: Call) -> Response:
    """Search by name, a part of the hits at a time."""
    catalogue = call.catalogue
    found = find_objects(call)
    if call.server.settings.index_lags:
        found = [entry for entry in found if catalogue.indexed(entry)]
    ancestors = call.flag("getAncestors")
    part = [catalogue.info(entry, ancestors=ancestors) for entry in _part(call, found)]
    return ok({"totalItems": len(found), "result": part}, headers=_total(found))


def find_objects(call: Call) -> list[Entry]:
    """Find the objects that the parameters of a search ask for."""
    return call.catalogue.search(
        call.query.get("name", ""),
        pattern=call.integer("pattern", _CONTAINS),
        types=[int(text) for text in call.query.getall("type", [])],
        root=call.query.get("root"),
        certified=_CERTIFIED.get(call.query.get("certifiedStatus", "")),
    )


def describe(call: Call) -> Response:
    """Describe an object by id and type."""
    catalogue = call.catalogue
    kind = call.integer("type", REPORT_TYPE)
    if kind == PROJECT_TYPE and call.places["id"].upper() == catalogue.project_id:
        return ok(catalogue.project_info())
    return ok(catalogue.info(catalogue.entry(call.places["id"], kind), ancestors=True))


def delete(call: Call) -> Response:
    """Delete a dataset that a client pushed."""
    entry = call.catalogue.entry(call.places["id"], call.integer("type", REPORT_TYPE))
    call.server.datasets.delete(entry.id)
    return Response(status=204)


def certify(call: Call) -> Response:
    """Certify an object, or take that back."""
    catalogue = call.catalogue
    entry = catalogue.entry(call.places["id"], call.integer("type", REPORT_TYPE))
    certifier = call.user_session.user if call.flag("certify") else None
    return ok(catalogue.info(catalogue.certify(entry, certifier), ancestors=True))


def tell_project_settings(call: Call) -> Response:
    """Tell the project's settings to those who may see them."""
    if call.places["id"].upper() != call.server.catalogue.project_id:
        raise Refusal(404, "ERR004", f"(The project '{call.places['id']}' was not found.)")
    size = call.server.settings.max_data_upload_size
    if size is None:
        raise Refusal(403, "ERR0017", "(You do not have the privilege to read the project's settings.)")
    return ok({"maxDataUploadSize": {"value": size}})


def answer_part(call: Call, found: list[Entry], *, ancestors: bool = False) -> Response:
    """Answer with the part of some objects that the request asks for."""
    catalogue = call.catalogue
    return ok([catalogue.info(e, ancestors=ancestors) for e in _part(call, found)], headers=_total(found))


def _part(call: Call, found: list[Entry]) -> list[Entry]:
    offset, limit = call.integer("offset", 0), call.integer("limit", -1)
    return found[offset:] if limit < 0 else found[offset : offset + limit]


def _total(found: list[Entry]) -> dict[str, str]:
    return {"x-mstr-total-count": str(len(found))}


ROUTES = (
    Route("GET", "/api/projects", list_projects, Needs.SESSION),
    Route("GET", "/api/projects/{name}", describe_project, Needs.SESSION),
    Route("GET", "/api/searches/results", search),
    Route("GET", "/api/objects/{id}", describe),
    Route("DELETE", "/api/objects/{id}", delete),
    Route("PUT", "/api/objects/{id}/certify", certify),
    Route("GET", "/api/v2/projects/{id}/settings", tell_project_settings, Needs.SESSION),
)

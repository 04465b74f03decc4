"""Projects, objects, folders and search (Wire reference, section 9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.answers import Answer, Refusal, ok
from mstr_arrow.simulator.catalogue import FOLDER_TYPE, REPORT_TYPE

from .call import Call, Needs, Route

if TYPE_CHECKING:
    from mstr_arrow.simulator.catalogue import Entry

_CONTAINS = 4
_ROOT_FOLDER = 39


def projects(call: Call) -> Answer:
    """List the projects, which is one."""
    return ok([_project(call)])


def project(call: Call) -> Answer:
    """Describe a project by its name."""
    name = call.places["name"]
    if name != call.server.catalogue.project:
        raise Refusal(404, "ERR004", f"(The project '{name}' was not found.)")
    return ok(_project(call))


def search(call: Call) -> Answer:
    """Search by name, a part of the hits at a time."""
    catalogue = call.server.catalogue
    found = found_objects(call)
    ancestors = call.flag("getAncestors")
    part = [catalogue.info(entry, ancestors=ancestors) for entry in _part(call, found)]
    return ok({"totalItems": len(found), "result": part}, headers=_total(found))


def found_objects(call: Call) -> list[Entry]:
    """Find the objects that the parameters of a search ask for."""
    return call.server.catalogue.search(
        call.query.get("name", ""),
        pattern=call.integer("pattern", _CONTAINS),
        types=[int(text) for text in call.query.getall("type", [])],
        root=call.query.get("root"),
    )


def object_info(call: Call) -> Answer:
    """Describe an object by id and type."""
    catalogue = call.server.catalogue
    entry = catalogue.entry(call.places["id"], call.integer("type", REPORT_TYPE))
    return ok(catalogue.info(entry, ancestors=True))


def root_folders(call: Call) -> Answer:
    """List what lies in the project's root."""
    return _listing(call, call.server.catalogue.root_id)


def folder(call: Call) -> Answer:
    """List what lies in a folder."""
    return _listing(call, call.places["id"])


def predefined_folder(call: Call) -> Answer:
    """List what lies in one of the folders that every project has."""
    catalogue = call.server.catalogue
    if call.places["number"] == str(_ROOT_FOLDER):
        return _listing(call, catalogue.root_id)
    name = {"1": "Public Objects", "7": "Reports"}.get(call.places["number"], "")
    found = catalogue.search(name, pattern=2, types=[FOLDER_TYPE], root=None) if name else []
    return _listing(call, found[0].id) if found else ok([])


def listing(call: Call, found: list[Entry], *, ancestors: bool = False) -> Answer:
    """Answer with the part of some objects that the request asks for."""
    catalogue = call.server.catalogue
    return ok([catalogue.info(e, ancestors=ancestors) for e in _part(call, found)], headers=_total(found))


def _listing(call: Call, folder_id: str) -> Answer:
    return listing(call, call.server.catalogue.children(folder_id))


def _part(call: Call, found: list[Entry]) -> list[Entry]:
    offset, limit = call.integer("offset", 0), call.integer("limit", -1)
    return found[offset:] if limit < 0 else found[offset : offset + limit]


def _total(found: list[Entry]) -> dict[str, str]:
    return {"x-mstr-total-count": str(len(found))}


def _project(call: Call) -> dict[str, Any]:
    catalogue = call.server.catalogue
    return {"id": catalogue.project_id, "name": catalogue.project, "alias": "", "description": "", "status": 0}


ROUTES = (
    Route("GET", "/api/projects", projects, Needs.SESSION),
    Route("GET", "/api/projects/{name}", project, Needs.SESSION),
    Route("GET", "/api/searches/results", search),
    Route("GET", "/api/objects/{id}", object_info),
    Route("GET", "/api/folders", root_folders),
    Route("GET", "/api/folders/{id}", folder),
    Route("GET", "/api/folders/preDefined/{number}", predefined_folder),
)

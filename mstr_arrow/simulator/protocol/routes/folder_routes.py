"""Folders: what lies in them, and new ones (Wire reference, section 9.4)."""

from __future__ import annotations

import orjson

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.responses import Refusal, Response, ok

from .object_routes import answer_part

_MY_REPORTS = "20"
_PREDEFINED = {"1": ("Public Objects",), "7": ("Public Objects", "Reports"), "39": ()}


def list_root(call: Call) -> Response:
    """List what lies in the project's root."""
    return _list_folder(call, ())


def list_folder(call: Call) -> Response:
    """List what lies in a folder."""
    return _list_folder(call, call.catalogue.path(call.places["id"]))


def list_personal(call: Call) -> Response:
    """List what lies in the user's own folder."""
    return _list_folder(call, call.catalogue.personal(call.user_session.user))


def list_predefined(call: Call) -> Response:
    """List what lies in one of the folders that every project has."""
    number = call.places["number"]
    if number == _MY_REPORTS:
        return _list_folder(call, (*call.catalogue.personal(call.user_session.user), "My Reports"))
    return _list_folder(call, _PREDEFINED[number]) if number in _PREDEFINED else ok([])


def create_folder(call: Call) -> Response:
    """Make a folder."""
    catalogue = call.catalogue
    body = json_object(call.json())
    name, above = body.get("name"), catalogue.path(str(body.get("parent")))
    if not isinstance(name, str) or not name:
        raise bad_request("A folder has a name.")
    if catalogue.find_named(name, above):
        raise Refusal(400, "ERR0015", f"(An object with the name '{name}' exists in the folder.)")
    entry = catalogue.add_folder((*above, name))
    return Response(status=201, body=orjson.dumps(catalogue.info(entry, ancestors=True)))


def _list_folder(call: Call, path: tuple[str, ...]) -> Response:
    return answer_part(call, call.catalogue.children(path))


ROUTES = (
    Route("GET", "/api/folders", list_root),
    Route("POST", "/api/folders", create_folder),
    Route("GET", "/api/folders/myPersonalObjects", list_personal),
    Route("GET", "/api/folders/{id}", list_folder),
    Route("GET", "/api/folders/preDefined/{number}", list_predefined),
)

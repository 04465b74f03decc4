"""Folders: found by id or path, and what is in them. Wire reference, section 9.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.catalog.object_info import FOLDER, Objects, check_text, fetch_object, read_object
from mstr_arrow.errors import NotFound, UsageError
from mstr_arrow.names import find_named, suggestion
from mstr_arrow.responses import identity, items, number, reading, text, whole_number
from mstr_arrow.session.project import OBJECT_ID

if TYPE_CHECKING:
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp

MY_REPORTS = "preDefined/20"
"""Where the server keeps what a user makes without saying where."""

PAGE = 1000
"""Objects that a listing asks for at a time."""

SLASHES = 2
"""Slashes that the name of an object may have within a path."""

_GIVE_ID = "Give the id of the one that is meant."


async def folder_id(http: ProjectHttp, folder: str | None) -> str:
    """Return the id of a folder given by id or path; "" for None, which means the user's "My Reports".

    A path leads from the project's root, with or without the project: ``/Public Objects/Reports``. One GET
    /api/folders/{id} for each folder of the path. NotFound names the part that does not exist, and near names.
    """
    if folder is None:
        return ""
    check_text("folder", folder)
    if OBJECT_ID.fullmatch(folder.strip()):
        return folder.strip().upper()
    parts = [part for part in folder.split("/") if part]
    project = await http.require_project()
    if parts and find_named(parts[0], [project.name], str):
        parts = parts[1:]
    here = ""
    while parts:
        folders = [item for item in await contents(http, here) if item.get("type") == FOLDER]
        here, parts = _next(folders, parts, folder)
    if not here:
        raise NotFound(f"{folder!r} is no folder.", hint="Give its id, or its path: /Public Objects/Reports.")
    return here


def _next(folders: list[dict[str, Any]], parts: list[str], path: str) -> tuple[str, list[str]]:
    """Return the id of the folder that a path begins with, whose name may hold slashes, and the parts after it."""
    for length in range(1, min(len(parts), SLASHES + 1) + 1):
        found = find_named("/".join(parts[:length]), folders, lambda item: str(item["name"]))
        if len(found) > 1:
            each = ", ".join(f"{item['id']} {item['name']!r}" for item in found)
            raise UsageError(f"{len(found)} folders on the way to {path!r} are named alike: {each}.", hint=_GIVE_ID)
        if found:
            return found[0]["id"], parts[length:]
    names = [item["name"] for item in folders]
    raise NotFound(f"no folder {parts[0]!r} on the way to {path!r}.", hint=suggestion(parts[0], names))


async def list_path(http: ProjectHttp, folder: str | None) -> Objects:
    """List the objects in the folder of an id or path; None, "/" and the project's name mean the project's root.

    Errors: those of `folder_id`.
    """
    if folder is None:
        return await list_folder(http, "")
    check_text("folder", folder)
    name, project = folder.strip("/"), await http.require_project()
    at_root = not name or find_named(name, [project.name], str)
    return await list_folder(http, "" if at_root else await folder_id(http, folder))


async def list_folder(http: ProjectHttp, folder: str) -> Objects:
    """List the objects in the folder of that id, folders first, then by name; "" means the project's root.

    GET /api/objects/{id}?type=8 for the folder's path, and GET /api/folders/{id}.
    """
    project = await http.require_project()
    path = (await fetch_object(http, folder, FOLDER)).path if folder else f"/{project.name}"
    found = [read_object(item, path) for item in await contents(http, folder)]
    return Objects(sorted(found, key=lambda info: (info.type != FOLDER, info.name.casefold(), info.id)))


def _read(item: Any) -> dict[str, Any]:
    """Read the id, name and types of an object in a folder; its other members stay as they came."""
    known = {"id": identity(item, "id"), "name": text(item, "name"), "type": number(item, "type")}
    return {**item, **known, "subtype": whole_number(item.get("subtype"))}


async def contents(http: ProjectHttp, folder: str) -> list[dict[str, Any]]:
    """List the objects in a folder, "" for the project's root. GET /api/folders/{id}, page by page."""
    found: dict[str, dict[str, Any]] = {}
    path = f"folders/{folder}" if folder else "folders"
    offset = 0
    while True:
        page, total = await http.read("GET", path, _contents, params={"offset": offset, "limit": PAGE})
        before = len(found)
        found |= {item["id"]: item for item in page}
        offset += len(page)
        # A page that brings nothing new ends it, too: the list of roots may take no offset.
        if str(offset) == total or len(found) == before:
            return list(found.values())


def _contents(response: Response) -> tuple[list[dict[str, Any]], str | None]:
    """Read a page of what is in a folder, and how much there is in all, where that is told."""
    body = response.json()
    with reading(body, "a list of what is in a folder"):
        return [_read(item) for item in items(body)], response.headers.get("x-mstr-total-count")

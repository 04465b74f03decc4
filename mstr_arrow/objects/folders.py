"""Folders: found by id or path, and what is in them. Wire reference, section 9.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import NotFound, ProtocolError
from mstr_arrow.transport.projects import OBJECT_ID, listing, near_names

if TYPE_CHECKING:
    from mstr_arrow.transport.http import Http

FOLDER = 8
"""The object type of folders."""

MY_REPORTS = "preDefined/20"
"""Where the server keeps what a user makes without saying where."""

PAGE = 1000
"""Objects that a listing asks for at a time."""


async def folder_id(http: Http, folder: str | None) -> str:
    """Return the id of a folder given by id or path; "" for None, which is the user's "My Reports".

    A path leads from the project's root, named or not: ``/Public Objects/Reports``. One request for each
    folder in it. NotFound says which part of it is wrong, and what is near.
    """
    if folder is None:
        return ""
    if OBJECT_ID.fullmatch(folder.strip()):
        return folder.strip().upper()
    parts = [part for part in folder.split("/") if part]
    if http.project and parts and parts[0] == http.project.name:
        parts = parts[1:]
    here = ""
    for part in parts:
        folders = {item["name"]: item["id"] for item in await contents(http, here) if item.get("type") == FOLDER}
        if part not in folders:
            near = near_names(part, list(folders))
            hint = f"Did you mean {listing(near)}?" if near else f"There are: {listing(list(folders)) or 'none'}."
            raise NotFound(f"no folder {part!r} on the way to {folder!r}.", hint=hint)
        here = folders[part]
    if not here:
        raise NotFound(f"{folder!r} is no folder.", hint="Give its id, or its path: /Public Objects/Reports.")
    return here


async def contents(http: Http, folder: str) -> list[dict[str, Any]]:
    """Return what is in a folder, "" for the project's root. GET /api/folders/{id}, page by page."""
    found: list[dict[str, Any]] = []
    path = f"folders/{folder}" if folder else "folders"
    while True:
        page = (await http.request("GET", path, params={"offset": len(found), "limit": PAGE})).json()
        if not isinstance(page, list):
            raise ProtocolError("The server's answer is no content of a folder.")
        found += page
        if len(page) < PAGE:
            return found

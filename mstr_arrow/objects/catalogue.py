"""Find an object by id, name, path or browser URL. Wire reference, sections 9.2 and 9.4."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.errors import NotFound, UsageError
from mstr_arrow.transport.projects import OBJECT_ID, listing, near_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from mstr_arrow.transport.http import Http

REPORT_DEFINITION = 3
"""The object type that cubes and reports share; their subtypes tell them apart."""

EXACTLY = 2
CANDIDATES = 100
"""Objects of one name that are looked at."""

NEIGHBOURS = 1000
"""Objects of the wanted kind among which a near name is looked for."""

_KINDS = {
    768: "a grid report",
    769: "a graph report",
    774: "a grid and graph report",
    776: "an OLAP cube",
    777: "an incremental refresh report",
    779: "a super cube or data model",
    781: "a hyper card",
}


class ObjectInfo(NamedTuple):
    """What the catalogue knows of an object; ``path`` is ``/Folder/…/Name`` where the server tells it."""

    id: str
    name: str
    type: int
    subtype: int
    path: str


async def find(http: Http, name_or_id: str, *, subtypes: Collection[int], kind: str) -> ObjectInfo:
    """Return the one object of those subtypes with that id, name or path; ``kind`` names them in errors.

    A path (``/Shared Reports/Sales/Daily``, or its last parts) picks among objects of one name; of a
    browser URL the last id in it counts. Names match exactly, upper and lower case apart only where
    nothing matches otherwise. NotFound lists near names, or says what the id belongs to; UsageError lists
    id and path of each where several match. One request, two where a name matches nothing.
    """
    wanted = name_or_id.strip()
    ids = OBJECT_ID.findall(wanted) if "://" in wanted or OBJECT_ID.fullmatch(wanted) else []
    if ids:
        return await _by_id(http, ids[-1].upper(), subtypes, kind)
    parts = _parts(wanted)
    if not parts:
        raise UsageError(
            f"no {kind} can have the name {name_or_id!r}.", hint=f"Give the {kind}'s name, path or id."
        )
    found = [] if wanted.startswith("/") else await _named(http, wanted, subtypes)
    if not found and "/" in wanted:
        named = await _named(http, parts[-1], subtypes)
        found = [info for info in named if _parts(info.path) == parts] or [
            info for info in named if _parts(info.path)[-len(parts) :] == parts
        ]
    if len(found) == 1:
        return found[0]
    if found:
        each = "; ".join(f"{info.id} {info.path}" for info in found)
        raise UsageError(f"{len(found)} {kind}s are named {wanted!r}: {each}.", hint="Give the id or the path.")
    raise await _nothing(http, wanted, subtypes, kind)


async def _by_id(http: Http, object_id: str, subtypes: Collection[int], kind: str) -> ObjectInfo:
    """GET /api/objects/{id}?type=3."""
    try:
        answer = await http.request("GET", f"objects/{object_id}", params={"type": REPORT_DEFINITION})
    except NotFound as error:
        project = f" in project {http.project.name!r}" if http.project else ""
        raise NotFound(
            f"no {kind} has the id {object_id}{project}.",
            status=error.status,
            code=error.code,
            iserver_code=error.iserver_code,
            ticket_id=error.ticket_id,
            hint=f"Check the id and the project, or give the {kind}'s name.",
        ) from None
    info = _info(answer.json())
    if info.subtype not in subtypes:
        what = _KINDS.get(info.subtype, f"an object of subtype {info.subtype}")
        raise NotFound(f"{object_id} is no {kind} but {what}, {info.name!r}.")
    return info


async def _named(http: Http, name: str, subtypes: Collection[int]) -> list[ObjectInfo]:
    """Return the objects of that name; the search ignores case, so exact matches displace the others."""
    params = {"name": name, "pattern": EXACTLY, "type": sorted(subtypes), "limit": CANDIDATES}
    answer = await http.request("GET", "searches/results", params={**params, "getAncestors": True})
    found = [_info(item) for item in answer.json().get("result", [])]
    return [info for info in found if info.name == name] or [
        info for info in found if info.name.casefold() == name.casefold()
    ]


async def _nothing(http: Http, wanted: str, subtypes: Collection[int], kind: str) -> NotFound:
    """Return the error that says which names are near, or what there is."""
    params = {"type": sorted(subtypes), "limit": NEIGHBOURS}
    answer = await http.request("GET", "searches/results", params=params)
    names = sorted({str(item["name"]) for item in answer.json().get("result", [])})
    if near := near_names(_parts(wanted)[-1], names):
        hint = f"Did you mean {listing(near)}?"
    else:
        hint = f"There are: {listing(names)}." if names else f"This project shows you no {kind}s."
    where = f" in project {http.project.name!r}" if http.project else ""
    return NotFound(f"no {kind} {wanted!r}{where}.", hint=hint)


def _info(item: dict[str, Any]) -> ObjectInfo:
    """Read an object; its ancestors come root first."""
    folders = [str(ancestor["name"]) for ancestor in item.get("ancestors") or ()]
    path = "/" + "/".join([*folders, item["name"]])
    return ObjectInfo(item["id"], item["name"], int(item["type"]), int(item["subtype"]), path)


def _parts(path: str) -> list[str]:
    """Split a path; a doubled slash counts as one.

    >>> _parts("/Shared Reports//Sales")
    ['Shared Reports', 'Sales']
    """
    return [part for part in re.split("/+", path) if part]

"""Find one cube or report by id, name, folder path or browser URL. Wire reference, section 9.4."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from mstr_arrow.catalog.folders import folder_id, list_folder
from mstr_arrow.catalog.objects import (
    DOCUMENT,
    FOLDER,
    SHORTCUT,
    SUBTYPES,
    kinds_of,
    read_info,
    subtypes_of,
)
from mstr_arrow.catalog.search import EXACTLY, metadata_search, quick_search
from mstr_arrow.errors import NotFound, ServerError, UsageError
from mstr_arrow.names import listing, near_names
from mstr_arrow.session.project import OBJECT_ID, fetch_projects
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mstr_arrow.catalog.objects import Kind, ObjectInfo
    from mstr_arrow.session.project_http import ProjectHttp

    Named = Callable[[str], Awaitable[list[ObjectInfo]]]

CANDIDATES = 100
"""Objects of one name that are looked at."""

NEIGHBOURS = 1000
"""Objects of the wanted kind among which a near name is looked for."""

SLASHES = 2
"""Slashes that the name of an object may have within a path."""

_IN_QUERY = re.compile(r"[?&;#](?:report|object|document|cube)id=([0-9a-f]{32})", re.IGNORECASE)

_OTHERS = {777: "an incremental refresh report", 781: "a hyper card"}

_NOT_READ = {
    SHORTCUT: ("a shortcut", "The server does not say where it leads to: give the id or path of that object."),
    DOCUMENT: ("a document or dashboard", "Give the cube or the report that it shows."),
    FOLDER: ("a folder", advice("list the folder", "{Connection.contents()} lists what is in it.")),
}


class Address(NamedTuple):
    """The object that a URL of a browser shows, and its project, as far as the URL tells it."""

    object_id: str
    project_id: str | None = None


async def find(http: ProjectHttp, name_or_id: str, kind: Kind | None = None) -> ObjectInfo:
    """Return the one object with that id, name or path: a cube, a report, or either.

    A path leads from the project's root, named or not (``/Shared Reports/Sales/Daily``), or is the last parts of
    one; `read_url` says what of a browser's URL counts. Names match exactly, upper and lower case apart only where
    nothing matches otherwise. The index is searched; where it has nothing, the folder that the path leads to, or
    the metadata. NotFound lists near names, or says what the id belongs to; UsageError lists id and path of each
    where several match. One request, more for names that the index does not have.
    """
    kinds = kinds_of(kind)
    wanted = name_or_id.strip()
    if OBJECT_ID.fullmatch(wanted):
        return await _by_id(http, wanted.upper(), kinds)
    if address := read_url(wanted):
        await _check_project(http, address)
        return await _by_id(http, address.object_id, kinds)
    if "://" in wanted:
        raise UsageError(
            "the URL names no object.", hint="Copy it while the browser shows the object, or give a name."
        )
    if not _parts(wanted):
        word = _word(kinds)
        raise UsageError(f"no {word} can have the name {name_or_id!r}.", hint="Give a name, a path or an id.")
    found = await _candidates(partial(_indexed, http, kinds), wanted)
    if not found:
        in_folders = wanted.startswith("/")
        found = await (_in_folder(http, wanted, kinds) if in_folders else _in_metadata(http, wanted, kinds))
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(wanted, found)
    raise await _nothing(http, wanted, kinds)


async def fetch_definition(http: ProjectHttp, name_or_id: str, kind: Kind) -> Any:
    """Return the definition of a cube or report. GET /api/v2/{kind}s/{id}, after `find` where no id is given.

    Errors: those of `find`, which also says what an id belongs to that is no such object.
    """
    object_id = name_or_id.strip().upper()
    if not OBJECT_ID.fullmatch(object_id):
        object_id = (await find(http, name_or_id, kind)).id
    try:
        answer = await http.request("GET", f"v2/{kind}s/{object_id}")
    except NotFound:
        await find(http, object_id, kind)
        raise
    return answer.json()


def read_url(text: str) -> Address | None:
    """Return what the URL of a browser shows; None for text that is no URL, or one without an id.

    After ``/app/`` come the ids of a project and an object; elsewhere a parameter such as ``reportID`` names the
    object, or else the last id there is. The scheme may be missing.

    >>> read_url(f"https://bi.example.com/MicroStrategyLibrary/app/{'A' * 32}/{'b' * 32}/K53--K46/edit")[0][:4]
    'BBBB'
    """
    if "://" not in text and "/app/" not in text:
        return None
    text = unquote(text)
    ids = [each.upper() for each in re.findall(rf"(?<![0-9A-Fa-f]){OBJECT_ID.pattern}(?![0-9A-Fa-f])", text)]
    if "/app/" in text and len(ids) > 1:
        return Address(ids[1], ids[0])
    if named := _IN_QUERY.search(text):
        return Address(named.group(1).upper())
    return Address(ids[-1]) if ids else None


async def _check_project(http: ProjectHttp, address: Address) -> None:
    """Raise NotFound for an object of another project than the connection's."""
    if http.project is None or address.project_id in {None, http.project.id.upper()}:
        return
    others = [project for project in await fetch_projects(http.own) if project.id.upper() == address.project_id]
    name = others[0].name if others else address.project_id
    hint = "This login may not use it."
    if others:
        hint = advice("go to the project", "Use {Connection.in_project()} for {name!r}.", name=name)
    raise NotFound(f"the URL is of project {name!r}, not of {http.project.name!r}.", hint=hint)


async def _by_id(http: ProjectHttp, object_id: str, kinds: tuple[Kind, ...]) -> ObjectInfo:
    word = _word(kinds)
    try:
        info = await read_info(http, object_id)
    except NotFound as error:
        if other := await _not_read(http, object_id):
            raise _refused(word, other) from None
        raise NotFound(
            f"no {word} has the id {object_id}{_in_project(http)}.",
            status=error.status,
            code=error.code,
            iserver_code=error.iserver_code,
            ticket_id=error.ticket_id,
            hint="Check the id and the project, or give the name.",
        ) from None
    if info.kind not in kinds:
        raise _refused(word, info)
    return info


async def _not_read(http: ProjectHttp, object_id: str) -> ObjectInfo | None:
    """Return the object of that id which is of a type that cannot be read; None where there is none."""
    for object_type in _NOT_READ:
        try:
            return await read_info(http, object_id, object_type)
        except ServerError:
            continue
    return None


async def _candidates(named: Named, wanted: str) -> list[ObjectInfo]:
    """Return the objects of that name, or those at that path: whole, from the project's root, or its last parts."""
    if not wanted.startswith("/") and (found := _exact(await named(wanted), wanted)):
        return found
    parts = _parts(wanted)
    lengths = range(1, min(len(parts), SLASHES + 1) + 1) if "/" in wanted else ()
    for length in lengths:
        name = "/".join(parts[-length:])
        at_place = _placed(_exact(await named(name), name), parts)
        if at_place:
            return at_place
    return []


def _exact(found: list[ObjectInfo], name: str) -> list[ObjectInfo]:
    """Return what has the name; searches ignore case, so exact matches displace the others."""
    return [info for info in found if info.name == name] or [
        info for info in found if info.name.casefold() == name.casefold()
    ]


def _placed(found: list[ObjectInfo], parts: list[str]) -> list[ObjectInfo]:
    paths = [(_parts(info.path), info) for info in found]
    whole = [info for path, info in paths if path == parts]
    from_root = [info for path, info in paths if path[1:] == parts]
    return whole or from_root or [info for path, info in paths if path[-len(parts) :] == parts]


async def _indexed(http: ProjectHttp, kinds: tuple[Kind, ...], name: str) -> list[ObjectInfo]:
    params = {"name": name, "pattern": EXACTLY, "type": subtypes_of(kinds)}
    return await quick_search(http, params, CANDIDATES)


async def _in_metadata(http: ProjectHttp, wanted: str, kinds: tuple[Kind, ...]) -> list[ObjectInfo]:
    async def named(name: str) -> list[ObjectInfo]:
        params = {"name": name, "pattern": EXACTLY, "type": subtypes_of(kinds)}
        return await metadata_search(http, params, optional=True)

    return await _candidates(named, wanted)


async def _in_folder(http: ProjectHttp, path: str, kinds: tuple[Kind, ...]) -> list[ObjectInfo]:
    """Return what has that path, however new it is; errors: NotFound where its folder is no folder."""
    *folders, name = _parts(path)
    above = "/".join(folders)
    try:
        there = await list_folder(http, await folder_id(http, above) if folders else "")
    except NotFound as error:
        if error.status is not None:  # this server lists no folders
            return []
        raise
    found = _exact(there, name)
    if found and not any(info.kind in kinds for info in found):
        raise _refused(_word(kinds), found[0])
    if not found and (near := near_names(name, [info.name for info in there if info.kind in kinds])):
        raise NotFound(f"no {_word(kinds)} {name!r} in {above or '/'!r}.", hint=f"Did you mean {listing(near)}?")
    return [info for info in found if info.kind in kinds]


def _refused(word: str, info: ObjectInfo) -> NotFound:
    """Return the error that says what is no such object."""
    what, hint = _NOT_READ.get(info.type, (None, None))
    what = what or (
        f"a {info.kind}" if info.kind else _OTHERS.get(info.subtype, f"an object of subtype {info.subtype}")
    )
    return NotFound(f"{info.id} is no {word} but {what}, {info.name!r}.", hint=hint)


def _ambiguous(wanted: str, found: list[ObjectInfo]) -> UsageError:
    """Return the error that lists what has the same name."""
    kinds = tuple(kind for kind in SUBTYPES if any(info.kind == kind for info in found))
    each = "; ".join(f"{info.id} {info.path}{f' ({info.kind})' if len(kinds) > 1 else ''}" for info in found)
    hint = "Give the id or the path."
    if len(kinds) > 1:
        hint = advice("say the kind", "Give the id or the path, or say which it is: {Connection.find.kind}.")
    named = " and ".join(f"{kind}s" for kind in kinds)
    return UsageError(f"{len(found)} {named} are named {wanted!r}: {each}.", hint=hint)


async def _nothing(http: ProjectHttp, wanted: str, kinds: tuple[Kind, ...]) -> NotFound:
    """Return the error that says what else has the name, which names are near, or what there is."""
    name = _parts(wanted)[-1]
    others = {"name": name, "pattern": EXACTLY, "type": list(_NOT_READ)}
    for other in _exact(await quick_search(http, others, CANDIDATES), name):
        return _refused(_word(kinds), other)
    names = sorted({info.name for info in await quick_search(http, {"type": subtypes_of(kinds)}, NEIGHBOURS)})
    if near := near_names(name, names):
        hint = f"Did you mean {listing(near)}?"
    else:
        none = " and no ".join(f"{kind}s" for kind in kinds)
        hint = f"There are: {listing(names)}." if names else f"This project shows you no {none}."
    return NotFound(f"no {_word(kinds)} {wanted!r}{_in_project(http)}.", hint=hint)


def _in_project(http: ProjectHttp) -> str:
    return f" in project {http.project.name!r}" if http.project else ""


def _word(kinds: tuple[Kind, ...]) -> str:
    return " or ".join(kinds)


def _parts(path: str) -> list[str]:
    """Split a path; a doubled slash counts as one.

    >>> _parts("/Shared Reports//Sales")
    ['Shared Reports', 'Sales']
    """
    return [part for part in re.split("/+", path) if part]

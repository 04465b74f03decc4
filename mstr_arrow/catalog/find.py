"""Find one cube, report or data model by id, name, folder path or browser URL. Wire reference, section 9.4."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.catalog.address import Address, no_object, read_address
from mstr_arrow.catalog.folders import SLASHES, folder_id, list_folder
from mstr_arrow.catalog.object_info import (
    DOCUMENT,
    FOLDER,
    SHORTCUT,
    SUBTYPES,
    check_text,
    fetch_object,
    kinds_of,
    subtypes_of,
)
from mstr_arrow.catalog.search import CONTAINS, EXACTLY, metadata_search, quick_search
from mstr_arrow.errors import MstrError, NotFound, ServerError, UsageError
from mstr_arrow.names import find_named, listing, near_names
from mstr_arrow.session.project import OBJECT_ID, fetch_projects
from mstr_arrow.telemetry import trace
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from mstr_arrow.catalog.object_info import Kind, ObjectInfo
    from mstr_arrow.session.project_http import ProjectHttp

    Named = Callable[[str], Awaitable[list[ObjectInfo]]]
    Search = Callable[[Mapping[str, object]], Awaitable[list[ObjectInfo]]]

T = TypeVar("T")

CANDIDATES = 100
"""Objects of one name that are looked at."""

_ODD = re.compile(r"(?:^|/)\s|\s(?:/|$)|\s\s|[^\S ]|[*?\\\"~:<>|^!]")
"""Signs that a search may read in its own way: blanks that are not one between words, those of its language."""

NEIGHBOURS = 1000
"""Objects of the wanted kind among which a near name is looked for."""

_WEB = re.compile(r"https?://", re.IGNORECASE)

_READ_ALIKE: dict[Kind | None, tuple[Kind, ...]] = {"cube": ("data model",)}
"""Further kinds that are found where one is looked for."""

_OTHERS = {777: "an incremental refresh report", 781: "a hyper card"}

_NOT_READ = {
    SHORTCUT: ("a shortcut", "The server does not say where it leads to: give the id or path of that object."),
    DOCUMENT: ("a document or dashboard", "Give the cube or the report that it shows."),
    FOLDER: ("a folder", advice("list the folder", "{Connection.contents()} lists what is in it.")),
}


@trace("mstr_arrow.find", lambda _http, _name, kind=None: {"mstr.object.type": kind})
async def find(http: ProjectHttp, name_or_id: str, kind: Kind | None = None) -> ObjectInfo:
    """Find the one object with that id, name or path: a cube, a report, a data model, or any kind for None.

    A path leads from the project's root, with or without the project (``/Shared Reports/Sales/Daily``), or is the
    last parts of a longer path; `read_url` reads a browser's URL. A name counts as given first, even a name like an
    id, a path or a URL; then in any case; then with any number of blanks. A data model also counts as a cube.

    The function searches the index; where the index has no match, the path's folder, or the metadata. One request,
    more for names that the index does not have. NotFound lists near names, or tells which kind of object has the id
    or name; UsageError lists id and path of each match where several match.
    """
    kinds = (*kinds_of(kind), *_READ_ALIKE.get(kind, ()))
    word = _word(kinds)
    check_text(word, name_or_id)
    address = read_address(name_or_id.strip())
    if address is None and not _parts(name_or_id.strip()):
        raise UsageError(f"no {word} can have the name {name_or_id!r}.", hint="Give a name, a path or an id.")
    found = await (_by_name(http, name_or_id, kinds) if address is None else _at(http, address, name_or_id, kinds))
    if not found:
        there = await quick_search(http, {"type": subtypes_of(kinds)}, NEIGHBOURS)
        found = _of_kinds(find_named(name_or_id, there, _name), kinds)
        if not found:
            raise await _not_there(http, name_or_id, kinds, sorted({info.name for info in there}))
    if len(found) > 1 and kind is not None:
        found = [info for info in found if info.kind == kind] or found
    if len(found) > 1:
        raise _ambiguous(name_or_id, found)
    return found[0]


async def fetch_definition(http: ProjectHttp, name_or_id: str, kind: Kind, read: Callable[[Any], T]) -> T:
    """Fetch the definition of a cube or report; return what ``read`` makes of the body.

    GET /api/v2/{kind}s/{id}, after `find` where no id is given. Errors: those of `find`; for an id of another kind
    of object, NotFound names that kind.
    """
    check_text(kind, name_or_id)
    object_id = name_or_id.strip().upper()
    if not OBJECT_ID.fullmatch(object_id):
        object_id = (await find(http, name_or_id, kind)).id

    async def fetch(known_id: str) -> T:
        return await http.read("GET", f"v2/{kind}s/{known_id}", lambda response: read(response.json()))

    try:
        return await fetch(object_id)
    except NotFound:
        found = await find(http, name_or_id, kind)
        if found.id == object_id:
            raise
        return await fetch(found.id)


async def _at(http: ProjectHttp, address: Address, text: str, kinds: tuple[Kind, ...]) -> list[ObjectInfo]:
    """Return the object of that id; where there is none, what has a name that looks like one. Errors: NotFound."""
    await _check_project(http, address)
    try:
        return [await _by_id(http, address.object_id, kinds)]
    except NotFound as error:
        if error.status is None:  # the id is another object's
            raise
        try:
            found = await _by_name(http, text, kinds)
        except (ServerError, NotFound):
            found = []
        if not found:
            raise
        return found


async def _by_name(http: ProjectHttp, wanted: str, kinds: tuple[Kind, ...]) -> list[ObjectInfo]:
    """Return the objects of a name or path, as given or without the blanks around it, wherever they are found."""
    types, spellings = subtypes_of(kinds), list(dict.fromkeys((wanted, wanted.strip())))
    searches = (partial(_search_index, http), partial(metadata_search, http, optional=True))
    for named in _ways(searches[0], types, wanted):
        for spelling in spellings:
            if found := _of_kinds(await _candidates(named, spelling), kinds):
                return found
    if wanted.lstrip().startswith("/") and (found := await _in_folder(http, wanted.strip(), kinds)):
        return found
    for named in _ways(searches[1], types, wanted):
        for spelling in spellings:
            if found := _of_kinds(await _candidates(named, spelling), kinds):
                return found
    return []


def _of_kinds(found: list[ObjectInfo], kinds: Sequence[Kind]) -> list[ObjectInfo]:
    """Return those that are of these kinds; where the server does not tell data models, what may be one."""
    return [info for info in found if _is_one_of(info, kinds)]


def _is_one_of(info: ObjectInfo, kinds: Sequence[Kind]) -> bool:
    untold = info.ext_type is None and info.subtype in SUBTYPES["data model"]
    return info.kind in kinds or (untold and "data model" in kinds)


async def _search_index(http: ProjectHttp, params: Mapping[str, object]) -> list[ObjectInfo]:
    return await quick_search(http, params, CANDIDATES if params.get("pattern") == EXACTLY else None)


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
        info = await fetch_object(http, object_id)
    except NotFound as error:
        if other := await _not_read(http, object_id):
            raise _refuse(kinds, other, object_id) from None
        raise NotFound(
            f"no {word} has the id {object_id}{_in_project(http)}.",
            status=error.status,
            code=error.code,
            iserver_code=error.iserver_code,
            ticket_id=error.ticket_id,
            hint="Check the id and the project, or give the name.",
        ) from None
    if not _is_one_of(info, kinds):
        raise _refuse(kinds, info, object_id)
    return info


async def _not_read(http: ProjectHttp, object_id: str) -> ObjectInfo | None:
    """Return the object of that id which is of a type that cannot be read; None where there is none."""
    for object_type in _NOT_READ:
        try:
            return await fetch_object(http, object_id, object_type)
        except ServerError:
            continue
    return None


async def _candidates(named: Named, wanted: str) -> list[ObjectInfo]:
    """Return the objects of that name, or those at that path: whole, from the project's root, or its last parts."""
    if not wanted.startswith("/") and (found := find_named(wanted, await named(wanted), _name)):
        return found
    if "/" not in wanted:
        return []
    for name in _last_parts(wanted):
        if at_place := _match_paths(find_named(name, await named(name), _name), _parts(wanted)):
            return at_place
    return find_named(wanted, await named(wanted), _name) if wanted.startswith("/") else []


def _last_parts(path: str) -> list[str]:
    """Return the names that the object at a path may have: its last part, and those with slashes of their own.

    >>> _last_parts("/Sales/A/B")
    ['B', 'A/B', 'Sales/A/B']
    >>> _last_parts("/Sales//B/")
    ['B', 'Sales/B', 'B/', '/B/']
    """
    parts = _parts(path)
    pieces = path.removeprefix("/").split("/")
    lengths = range(1, SLASHES + 2)
    names = ["/".join(parts[-length:]) for length in lengths] + ["/".join(pieces[-length:]) for length in lengths]
    return list(dict.fromkeys(name for name in names if name))


def _name(info: ObjectInfo) -> str:
    return info.name


def _match_paths(found: list[ObjectInfo], parts: list[str]) -> list[ObjectInfo]:
    paths = [(_parts(info.path), info) for info in found]
    whole = [info for path, info in paths if path == parts]
    from_root = [info for path, info in paths if path[1:] == parts]
    return whole or from_root or [info for path, info in paths if path[-len(parts) :] == parts]


def _ways(search: Search, types: Sequence[int], wanted: str) -> list[Named]:
    """Return the ways to search for a name: by all of it; first by its longest word where that may be misread."""

    async def exactly(name: str) -> list[ObjectInfo]:
        return await search({"name": name, "pattern": EXACTLY, "type": types})

    async def by_word(name: str) -> list[ObjectInfo]:
        word = max(re.findall(r"\w+", name), key=len, default="")
        named = {"name": word, "pattern": CONTAINS} if word else {}
        return await search({**named, "type": types})

    return [by_word, exactly] if _ODD.search(wanted) else [exactly]


async def _in_folder(http: ProjectHttp, path: str, kinds: tuple[Kind, ...]) -> list[ObjectInfo]:
    """Return the objects of that path, however new they are; errors: NotFound where its folder is no folder."""
    project, parts = await http.require_project(), _parts(path)
    if len(parts) > 1 and find_named(parts[0], [project.name], str):
        parts = parts[1:]
    wrong: NotFound | None = None
    for length in range(1, min(len(parts), SLASHES + 1) + 1):
        above, name = "/".join(parts[:-length]), "/".join(parts[-length:])
        try:
            there = await list_folder(http, await folder_id(http, above) if above else "")
        except NotFound as error:
            if error.status is not None:  # this server lists no folders
                return []
            wrong = wrong or error
            continue
        found = find_named(name, there, _name)
        if found and not _of_kinds(found, kinds):
            raise _refuse(kinds, found[0], path)
        near = near_names(name, [info.name for info in _of_kinds(there, kinds)])
        if not found and above and near and wrong is None:
            wrong = NotFound(f"no {_word(kinds)} {name!r} in {above!r}.", hint=f"Did you mean {listing(near)}?")
        if found:
            return _of_kinds(found, kinds)
    if wrong is not None:
        raise wrong
    return []


async def _not_there(http: ProjectHttp, wanted: str, kinds: tuple[Kind, ...], names: Sequence[str]) -> MstrError:
    """Return the error that names objects of other kinds with the name, names like it, or all names."""
    other_kinds = tuple(kind for kind in SUBTYPES if kind not in kinds)
    others = [*subtypes_of(other_kinds), *_NOT_READ, *_OTHERS]
    for named in _ways(partial(_search_index, http), others, wanted):
        if found := await _candidates(named, wanted):
            return _refuse(kinds, min(found, key=lambda info: info.kind is None), wanted)
    if _WEB.match(wanted.strip()):
        return no_object()
    if near := near_names(_parts(wanted)[-1], names):
        hint = f"Did you mean {listing(near)}?"
    else:
        none = " and no ".join(f"{kind}s" for kind in _kinds_to_name(kinds))
        hint = f"There are: {listing(names)}." if names else f"This project shows you no {none}."
    return NotFound(f"no {_word(kinds)} {wanted!r}{_in_project(http)}.", hint=hint)


def _refuse(kinds: tuple[Kind, ...], info: ObjectInfo, given: str) -> NotFound:
    """Return the error that says what is no such object, though it has the id or name that was given."""
    what, hint = _NOT_READ.get(info.type, (None, "Only cubes, reports and data models can be read."))
    if info.kind == "report":
        what = "a report"
        hint = advice("it is a report", "Read it by {Connection.report()}: report({given!r}).", given=given)
    elif info.kind == "cube":
        what = "a cube"
        hint = advice("it is a cube", "Read it by {Connection.cube()}: cube({given!r}).", given=given)
    elif info.kind == "data model":
        what = "a data model"
        hint = advice(
            "it is a data model", "Read it by {Connection.data_model()}: data_model({given!r}).", given=given
        )
    what = what or _OTHERS.get(info.subtype, f"an object of subtype {info.subtype}")
    return NotFound(f"{info.id} is no {_word(kinds)} but {what}, {info.name!r}.", hint=hint)


def _ambiguous(wanted: str, found: list[ObjectInfo]) -> UsageError:
    """Return the error that lists what has the same name."""
    kinds = tuple(kind for kind in SUBTYPES if any(info.kind == kind for info in found))
    each = "; ".join(f"{info.id} {info.path}{f' ({info.kind})' if len(kinds) > 1 else ''}" for info in found)
    hint = "Give the id or the path."
    if len(kinds) > 1:
        hint = advice("say the kind", "Give the id or the path, or say which it is: {Connection.find.kind}.")
    named = " and ".join(f"{kind}s" for kind in kinds)
    return UsageError(f"{len(found)} {named} are named {wanted!r}: {each}.", hint=hint)


def _in_project(http: ProjectHttp) -> str:
    return f" in project {http.project.name!r}" if http.project else ""


def _word(kinds: tuple[Kind, ...]) -> str:
    return " or ".join(_kinds_to_name(kinds))


def _kinds_to_name(kinds: tuple[Kind, ...]) -> list[Kind]:
    """Return the kinds as they are told: data models are cubes where cubes are meant, too."""
    return [kind for kind in kinds if kind != "data model" or "cube" not in kinds]


def _parts(path: str) -> list[str]:
    """Split a path; a doubled slash counts as one.

    >>> _parts("/Shared Reports//Sales")
    ['Shared Reports', 'Sales']
    """
    return [part for part in re.split("/+", path) if part]

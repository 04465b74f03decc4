"""Find an object by id, name, path or browser URL, and list what there is. Wire reference, 9.2 and 9.4."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from mstr_arrow.errors import NotFound, ProtocolError, UsageError
from mstr_arrow.transport.projects import OBJECT_ID, listing, near_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.transport.http import Http

Kind = Literal["cube", "report"]
"""What can be read."""

SUBTYPES: dict[Kind, tuple[int, ...]] = {"cube": (776, 779), "report": (768, 769, 774)}
"""OLAP cubes, and the cubes of imported or pushed data and of data models; grids, graphs, grids with graphs."""

REPORT_DEFINITION = 3
"""The object type that cubes and reports share; their subtypes tell them apart."""

EXACTLY, CONTAINS = 2, 4
"""How the quick search compares names."""

CANDIDATES = 100
"""Objects of one name that are looked at."""

NEIGHBOURS = 1000
"""Objects of the wanted kind among which a near name is looked for."""

PAGE = 1000
"""Objects that a listing asks for at a time."""

_OTHERS = {777: "an incremental refresh report", 781: "a hyper card"}


class ObjectInfo(NamedTuple):
    """What the catalogue knows of an object.

    ``path`` is ``/Project/Folder/…/Name``, as far as the server tells it; ``modified`` when the object, not its
    data, was changed last.
    """

    id: str
    name: str
    type: int
    subtype: int
    path: str
    modified: datetime | None = None
    owner: str | None = None

    @property
    def kind(self) -> Kind | None:
        """Whether it is a cube or a report; None for what is neither."""
        return next((kind for kind, subtypes in SUBTYPES.items() if self.subtype in subtypes), None)


async def find(http: Http, name_or_id: str, kind: Kind | None = None) -> ObjectInfo:
    """Return the one object with that id, name or path: a cube, a report, or either.

    A path (``/Shared Reports/Sales/Daily``, or its last parts) picks among objects of one name; of a
    browser URL the last id in it counts. Names match exactly, upper and lower case apart only where
    nothing matches otherwise. NotFound lists near names, or says what the id belongs to; UsageError lists
    id and path of each where several match. One request, two where a name matches nothing.
    """
    kinds = _kinds(kind)
    wanted = name_or_id.strip()
    ids = OBJECT_ID.findall(wanted) if "://" in wanted or OBJECT_ID.fullmatch(wanted) else []
    if ids:
        return await _by_id(http, ids[-1].upper(), kinds)
    parts = _parts(wanted)
    if not parts:
        word = _word(kinds)
        raise UsageError(f"no {word} can have the name {name_or_id!r}.", hint="Give a name, a path or an id.")
    found = [] if wanted.startswith("/") else await _named(http, wanted, kinds)
    if not found and "/" in wanted:
        named = await _named(http, parts[-1], kinds)
        found = [info for info in named if _parts(info.path) == parts] or [
            info for info in named if _parts(info.path)[-len(parts) :] == parts
        ]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(wanted, found)
    raise await _nothing(http, wanted, kinds)


async def list_objects(http: Http, pattern: str | None = None, kind: Kind | None = None) -> list[ObjectInfo]:
    """Return the cubes and reports the user can see, by name. GET /api/searches/results, page by page.

    In ``pattern`` ``*`` stands for any text and ``?`` for one letter; without them it is the whole name. Upper
    and lower case are the same. The server is asked for names that contain the pattern's longest piece.
    """
    params: dict[str, object] = {"type": _subtypes(_kinds(kind)), "getAncestors": True, "limit": PAGE}
    if pattern is not None and (piece := max(re.split(r"[*?]+", pattern), key=len).strip()):
        params |= {"name": piece, "pattern": CONTAINS}
    found: dict[str, ObjectInfo] = {}
    offset = 0
    total: int | None = None
    while total is None or offset < total:
        items, total = await _search(http, {**params, "offset": offset})
        if not items:
            break
        found |= {info.id: info for info in items}
        offset += len(items)
    fits = _matcher(pattern)
    return sorted((info for info in found.values() if fits(info.name)), key=lambda i: (i.name.casefold(), i.path))


def _matcher(pattern: str | None) -> Callable[[str], bool]:
    """Make the function that tells whether a name fits a pattern.

    >>> [name for name in ("Sales Cube", "sales [1]", "Resales") if _matcher("sales*")(name)]
    ['Sales Cube', 'sales [1]']
    """
    if pattern is None:
        return lambda _: True
    words = {"*": ".*", "?": "."}
    compiled = re.compile(
        "".join(words.get(letter) or re.escape(letter) for letter in pattern.casefold()), re.DOTALL
    )
    return lambda name: compiled.fullmatch(name.casefold()) is not None


async def read_info(http: Http, object_id: str) -> ObjectInfo:
    """Return what the catalogue knows of the cube or report of that id. GET /api/objects/{id}?type=3."""
    answer = await http.request("GET", f"objects/{object_id}", params={"type": REPORT_DEFINITION})
    return _info(answer.json())


async def fetch_definition(http: Http, name_or_id: str, kind: Kind) -> Any:
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


async def _by_id(http: Http, object_id: str, kinds: tuple[Kind, ...]) -> ObjectInfo:
    word = _word(kinds)
    try:
        info = await read_info(http, object_id)
    except NotFound as error:
        project = f" in project {http.project.name!r}" if http.project else ""
        raise NotFound(
            f"no {word} has the id {object_id}{project}.",
            status=error.status,
            code=error.code,
            iserver_code=error.iserver_code,
            ticket_id=error.ticket_id,
            hint="Check the id and the project, or give the name.",
        ) from None
    if info.kind not in kinds:
        what = f"a {info.kind}" if info.kind else _OTHERS.get(info.subtype, f"an object of subtype {info.subtype}")
        raise NotFound(f"{object_id} is no {word} but {what}, {info.name!r}.")
    return info


async def _named(http: Http, name: str, kinds: tuple[Kind, ...]) -> list[ObjectInfo]:
    """Return the objects of that name; the search ignores case, so exact matches displace the others."""
    params = {"name": name, "pattern": EXACTLY, "type": _subtypes(kinds), "limit": CANDIDATES}
    found, _ = await _search(http, {**params, "getAncestors": True})
    return [info for info in found if info.name == name] or [
        info for info in found if info.name.casefold() == name.casefold()
    ]


async def _search(http: Http, params: dict[str, object]) -> tuple[list[ObjectInfo], int | None]:
    """Return a part of what the quick search finds, and how much it finds in all; errors: ProtocolError."""
    body = (await http.request("GET", "searches/results", params=params)).json()
    if not isinstance(body, dict):
        raise ProtocolError("The server's answer is no result of a search.")
    return [_info(item) for item in body.get("result") or ()], body.get("totalItems")


def _ambiguous(wanted: str, found: list[ObjectInfo]) -> UsageError:
    """Return the error that lists what has the same name."""
    kinds = tuple(kind for kind in SUBTYPES if any(info.kind == kind for info in found))
    each = "; ".join(f"{info.id} {info.path}{f' ({info.kind})' if len(kinds) > 1 else ''}" for info in found)
    further = ", or say which type: cube or report (--type)" if len(kinds) > 1 else ""
    named = " and ".join(f"{kind}s" for kind in kinds)
    return UsageError(
        f"{len(found)} {named} are named {wanted!r}: {each}.", hint=f"Give the id or the path{further}."
    )


async def _nothing(http: Http, wanted: str, kinds: tuple[Kind, ...]) -> NotFound:
    """Return the error that says which names are near, or what there is."""
    found, _ = await _search(http, {"type": _subtypes(kinds), "limit": NEIGHBOURS})
    names = sorted({info.name for info in found})
    if near := near_names(_parts(wanted)[-1], names):
        hint = f"Did you mean {listing(near)}?"
    else:
        none = " and no ".join(f"{kind}s" for kind in kinds)
        hint = f"There are: {listing(names)}." if names else f"This project shows you no {none}."
    where = f" in project {http.project.name!r}" if http.project else ""
    return NotFound(f"no {_word(kinds)} {wanted!r}{where}.", hint=hint)


def _kinds(kind: Kind | None) -> tuple[Kind, ...]:
    if kind is not None and kind not in SUBTYPES:
        raise UsageError(f"kind={kind!r} is not known.", hint="Choose 'cube', 'report' or None for both.")
    return get_args(Kind) if kind is None else (kind,)


def _word(kinds: tuple[Kind, ...]) -> str:
    return " or ".join(kinds)


def _subtypes(kinds: tuple[Kind, ...]) -> list[int]:
    return sorted(subtype for kind in kinds for subtype in SUBTYPES[kind])


def _info(item: dict[str, Any]) -> ObjectInfo:
    """Read an object; its ancestors come root first. Errors: ProtocolError."""
    try:
        folders = [str(ancestor["name"]) for ancestor in item.get("ancestors") or ()]
        return ObjectInfo(
            item["id"],
            item["name"],
            int(item["type"]),
            int(item["subtype"]),
            "/" + "/".join([*folders, item["name"]]),
            _moment(item.get("dateModified")),
            (item.get("owner") or {}).get("name"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError("The server's answer does not describe an object.") from error


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _parts(path: str) -> list[str]:
    """Split a path; a doubled slash counts as one.

    >>> _parts("/Shared Reports//Sales")
    ['Shared Reports', 'Sales']
    """
    return [part for part in re.split("/+", path) if part]

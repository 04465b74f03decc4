"""The catalogue's description of an object, and the numbers of types. Wire reference, section 9.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import pyarrow as pa

from mstr_arrow.arrays import make_table
from mstr_arrow.errors import UsageError
from mstr_arrow.names import suggestion
from mstr_arrow.responses import identity, iso_moment, items, number, optional_text, reading, text, whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp

Kind = Literal["cube", "report", "data model"]
"""Kinds that can be read; a data model is read as a cube is."""

SUBTYPES: dict[Kind, tuple[int, ...]] = {"cube": (776, 779), "report": (768, 769, 774), "data model": (779,)}
"""OLAP cubes, and the cubes of imported or pushed data and of data models; grids, graphs, grids with graphs."""

DATA_MODEL = 448
"""The extended type that tells data models from other cubes of their subtype."""

SERVE_MODES = {0x10000: "connect live", 0x40000: "off memory", 0x1000000: "linked"}
"""Bits of ``viewMedia`` that tell how a data model serves its data; without any it has them in memory."""

REPORT_DEFINITION, FOLDER, SHORTCUT, DOCUMENT = 3, 8, 18, 55
"""Object types; cubes and reports share the first: their subtypes tell them apart."""

TYPES = {
    "metric": 4,
    "folder": FOLDER,
    "attribute": 12,
    "shortcut": SHORTCUT,
    "project": 32,
    "user": 34,
    "search": 39,
    "dashboard": DOCUMENT,
    "document": DOCUMENT,
}
"""Types by name; dashboards and documents are of one type."""

ObjectType = Literal[
    "cube",
    "report",
    "data model",
    "metric",
    "folder",
    "attribute",
    "shortcut",
    "project",
    "user",
    "search",
    "dashboard",
    "document",
]
"""A type by name, as a search takes it; any other is given by its number."""

_SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "name": pa.string(),
        "type": pa.string(),
        "subtype": pa.int32(),
        "path": pa.string(),
        "modified": pa.timestamp("us", "UTC"),
        "owner": pa.string(),
        "certified": pa.bool_(),
    }
)


class ObjectInfo(NamedTuple):
    """The catalogue's description of an object; None for a value that the server leaves out.

    ``path`` is ``/Project/Folder/…/Name``, as far as the server tells. ``modified`` is the time of the last change
    of the object, not of the object's data. ``certified`` tells whether a user has certified the object.
    ``ext_type`` and ``view_media`` are the server's numbers that tell data models from cubes, and how a data model
    serves data.
    """

    id: str
    name: str
    type: int
    subtype: int
    path: str
    modified: datetime | None = None
    owner: str | None = None
    ext_type: int | None = None
    view_media: int | None = None
    certified: bool | None = None

    @property
    def kind(self) -> Kind | None:
        """The kind of the object: "cube", "report" or "data model"; None for any other type."""
        if self.subtype in SUBTYPES["data model"] and self.ext_type == DATA_MODEL:
            return "data model"
        return next((kind for kind, subtypes in SUBTYPES.items() if self.subtype in subtypes), None)

    @property
    def serve_mode(self) -> str | None:
        """How a data model serves data: "in memory", "connect live", …; None where the server does not tell."""
        if self.kind != "data model" or self.view_media is None:
            return None
        return next((mode for bit, mode in SERVE_MODES.items() if self.view_media & bit), "in memory")

    @property
    def type_name(self) -> str:
        """The type in a word: ``"cube"``, ``"folder"``, …; the server's number for a type without a name here."""
        named = next((name for name, number in TYPES.items() if number == self.type), None)
        return self.kind or named or str(self.type)


class Objects(list[ObjectInfo]):
    """A list of `ObjectInfo`, which can be laid out as a table."""

    def table(self) -> pa.Table:
        """Return a table with a row for each object: id, name, type, subtype, path, modified, owner, certified.

        >>> Objects([ObjectInfo("A1", "Sales", 3, 779, "/Retail/Sales")]).table()["type"].to_pylist()
        ['cube']
        """
        rows = [info._asdict() | {"type": info.type_name} for info in self]
        return make_table(rows, _SCHEMA)


async def fetch_object(http: ProjectHttp, object_id: str, object_type: int = REPORT_DEFINITION) -> ObjectInfo:
    """Return the description of the object of that id and type. GET /api/objects/{id}. Errors: NotFound."""

    def read(response: Response) -> ObjectInfo:
        return read_object(response.json())

    return await http.read("GET", f"objects/{object_id}", read, params={"type": object_type})


def read_object(item: Any, folder: str | None = None) -> ObjectInfo:
    """Read the description of an object. Errors: ProtocolError.

    The path follows from the ancestors, root first, or from ``folder``, the path above the object.

    >>> item = {"id": "A1", "name": "Sales", "type": 3, "subtype": 779, "ancestors": [{"name": "Retail"}]}
    >>> read_object(item).path
    '/Retail/Sales'
    """
    with reading(item, "a description of an object"):
        name = text(item, "name")
        above = "".join(f"/{text(ancestor, 'name')}" for ancestor in items(item.get("ancestors")))
        kind = number(item, "type")
        return ObjectInfo(
            identity(item, "id"),
            name,
            kind,
            _subtype(item, kind),
            f"{above if folder is None else folder}/{name}",
            iso_moment(optional_text(item, "dateModified")),
            optional_text(item.get("owner"), "name"),
            whole_number(item.get("extType")),
            whole_number(item.get("viewMedia")),
            is_certified(item),
        )


def is_certified(item: Any) -> bool | None:
    """Read whether an object is certified; None where the server does not tell.

    >>> is_certified({"certifiedInfo": {"certified": "true"}}), is_certified({"certifiedInfo": None})
    (True, None)
    """
    info = item.get("certifiedInfo") if isinstance(item, dict) else None
    told = info.get("certified") if isinstance(info, dict) else info
    return {"true": True, "1": True, "false": False, "0": False}.get(str(told).lower())


def _subtype(item: Any, kind: int) -> int:
    """Read a subtype; where it is missing, the first of the type, but of cubes and reports it tells which it is."""
    missing = item.get("subtype") is None and kind != REPORT_DEFINITION
    return kind << 8 if missing else number(item, "subtype")


def check_text(what: str, text: object) -> None:
    """Refuse what cannot be the name, path or id of anything; errors: UsageError.

    >>> check_text("cube", "Sales")
    """
    if isinstance(text, ObjectInfo):
        raise UsageError(f"the {what} is given as what a list says of it.", hint=f"Give its id: {text.id!r}")
    if not isinstance(text, str):
        raise UsageError(
            f"the {what} is given as {text!r}, which is no text.", hint=f"Give {str(text)!r} if that is its name."
        )
    if half := next((letter for letter in text if "\ud800" <= letter <= "\udfff"), None):
        raise UsageError(
            f"{text!r} holds half a character, {half!r}, which no name on the server has.",
            hint="Was it cut, or read in another encoding than its own? Give the id.",
        )


def kinds_of(kind: Kind | None) -> tuple[Kind, ...]:
    """Return one kind, or all for None; errors: UsageError."""
    if kind is not None and kind not in list(SUBTYPES):
        raise UsageError(
            f"kind={kind!r} is not known.", hint="Choose 'cube', 'report', 'data model' or None for all."
        )
    return get_args(Kind) if kind is None else (kind,)


def subtypes_of(kinds: Sequence[Kind]) -> list[int]:
    """Return the subtypes of these kinds; that of data models is one of cubes, too."""
    return sorted({subtype for kind in kinds for subtype in SUBTYPES[kind]})


def type_numbers(wanted: ObjectType | int | Sequence[ObjectType | int] | None) -> list[int]:
    """Return the numbers of types and subtypes given by name or number; none for None, which is all of them.

    >>> type_numbers(["cube", 12])
    [12, 776, 779]
    """
    given = [] if wanted is None else list(wanted) if isinstance(wanted, list | tuple | set) else [wanted]
    numbers: set[int] = set()
    for each in given:
        if isinstance(each, int):
            numbers.add(each)
        elif isinstance(each, str) and each in TYPES:
            numbers.add(TYPES[each])
        elif isinstance(each, str) and each in SUBTYPES:
            numbers.update(SUBTYPES[each])
        else:
            raise UsageError(f"type={each!r} is not known.", hint=suggestion(str(each), get_args(ObjectType)))
    return sorted(numbers)

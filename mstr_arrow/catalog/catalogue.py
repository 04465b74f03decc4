"""The objects of one or all projects, held in Arrow columns: the return value of `Connection.objects`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.arrays import make_array, make_scalar
from mstr_arrow.catalog.certify import certify
from mstr_arrow.catalog.columns import INFO, column_of
from mstr_arrow.catalog.details import CubeDetails
from mstr_arrow.catalog.object_info import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mstr_arrow.session.project import Project
    from mstr_arrow.session.session_client import Client

_DETAILS = pa.schema(
    {
        "size_bytes": pa.int64(),
        "rows": pa.int64(),
        "columns": pa.int64(),
        "data_updated": pa.timestamp("us"),
        "status": pa.string(),
    }
)
_SHOWN = ("id", "name", "type", "subtype", "path", "modified", "owner", "certified")
_SLICE = 1000
"""Objects that are made of rows at a time."""


@dataclass(frozen=True, slots=True)
class ListingProgress:
    """The progress of a listing: the number of objects that came, and the server's total, of one ``project``.

    ``total`` is None where the server does not tell.
    """

    objects: int
    total: int | None
    project: str


class CatalogueEntry(ObjectInfo):
    """An object of the catalogue, with the object's project, and with ``details`` if the caller asked for them."""

    project: str
    details: CubeDetails | None
    _project_id: str
    _client: Client

    def certify(self) -> None:
        """Certify the object in the user's name. PUT /api/objects/{id}/certify.

        Raises PermissionDenied for a user without the privilege.
        """
        self._client.run(self._certify(certified=True))

    async def certify_async(self) -> None:
        """Certify the object as `certify` does, without blocking the event loop."""
        await self._client.bridge(self._certify(certified=True))

    def decertify(self) -> None:
        """Take the object's certificate away. PUT /api/objects/{id}/certify."""
        self._client.run(self._certify(certified=False))

    async def decertify_async(self) -> None:
        """Take the certificate away as `decertify` does, without blocking the event loop."""
        await self._client.bridge(self._certify(certified=False))

    async def _certify(self, *, certified: bool) -> None:
        http = await self._client.http.beside_named(self._project_id)
        await certify(http, self.id, self.type, certified=certified)


class Catalogue(Sequence[CatalogueEntry]):
    """A sequence of objects, sorted by name and held in Arrow columns. Each access makes one `CatalogueEntry`."""

    def __init__(self, client: Client, held: pa.Table, *, several: bool) -> None:
        self._client = client
        self._held = held
        self._several = several

    def __repr__(self) -> str:
        return f"<Catalogue of {len(self):,} objects>"

    def table(self) -> pa.Table:
        """Return a table with a row for each object: id, name, type, subtype, path, modified, owner and certified.

        A catalogue of several projects has their names in the column ``project``. A catalogue with ``details=True``
        has the columns size_bytes, rows, columns, data_updated and status, too.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.objects("sales*", details=True).table().select(["name", "rows"]).to_pylist()
        [{'name': 'Sales Cube', 'rows': 2000}]
        """
        held = self._held
        columns = {name: held["type_name" if name == "type" else name] for name in _SHOWN}
        if self._several:
            columns = {"project": held["project"], **columns}
        return pa.table(columns | {name: held[name] for name in _DETAILS.names if name in held.column_names})

    def __len__(self) -> int:
        return int(self._held.num_rows)

    def __iter__(self) -> Iterator[CatalogueEntry]:
        for start in range(0, len(self), _SLICE):
            yield from map(self._entry, self._held.slice(start, _SLICE).to_pylist())

    @overload
    def __getitem__(self, index: int) -> CatalogueEntry: ...
    @overload
    def __getitem__(self, index: slice) -> Catalogue: ...
    def __getitem__(self, index: int | slice) -> CatalogueEntry | Catalogue:
        """Return one object for an index, a catalogue for a slice."""
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            held = self._held.slice(start, max(0, stop - start)) if step == 1 else None
            held = self._held.take(make_array(range(start, stop, step), pa.int64())) if held is None else held
            return Catalogue(self._client, held, several=self._several)
        place = range(len(self))[index]
        return self._entry(self._held.slice(place, 1).to_pylist()[0])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as of a list

    def _entry(self, row: Mapping[str, Any]) -> CatalogueEntry:
        entry = CatalogueEntry._make(row[name] for name in INFO.names)
        entry.project = row["project"]
        entry.details = (
            CubeDetails._make(row[name] for name in _DETAILS.names) if _DETAILS.names[0] in row else None
        )
        entry._project_id, entry._client = row["project_id"], self._client  # noqa: SLF001 - it is made here alone
        return entry


def in_project(listed: pa.Table, project: Project) -> pa.Table:
    """Add the columns that say in which project objects are."""
    for name, text in (("project", project.name), ("project_id", project.id)):
        listed = listed.append_column(name, pa.repeat(make_scalar(text, pa.string()), listed.num_rows))
    return listed


def by_name(parts: list[pa.Table]) -> pa.Table:
    """Sort the objects of projects by name in any case, then by path; empties the list, to hold little twice."""
    held = pa.concat_tables(parts)
    parts.clear()
    key = pa.table({"name": pc.utf8_lower(held["name"]), "path": held["path"]})
    order = pc.sort_indices(key, sort_keys=[("name", "ascending"), ("path", "ascending")])
    del key
    columns = {}
    for name in held.column_names:
        columns[name] = held[name].take(order)
        held = held.drop_columns([name])
    return pa.table(columns)


def with_details(held: pa.Table, known: Mapping[str, CubeDetails]) -> pa.Table:
    """Add the columns of what is known of cubes, by their ids."""
    nothing = CubeDetails()
    told = [known.get(each, nothing) for each in held["id"].to_pylist()]
    for place, field in enumerate(_DETAILS):
        held = held.append_column(field, column_of([each[place] for each in told], field))
    return held

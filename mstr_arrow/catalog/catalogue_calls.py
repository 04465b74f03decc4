"""Calls about the objects of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.catalog.find import find
from mstr_arrow.catalog.folders import folder_id, list_path
from mstr_arrow.catalog.object_info import FOLDER, Objects, type_numbers
from mstr_arrow.catalog.object_list import Listing, Wanted, warn_of
from mstr_arrow.catalog.search import search
from mstr_arrow.session.session_client import Connected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.catalog.catalogue import Catalogue
    from mstr_arrow.catalog.object_info import Kind, ObjectInfo, ObjectType
    from mstr_arrow.catalog.object_list import ListedKind, OnProgress


class CatalogueCalls(Connected):
    """The calls of a connection that list, search and find objects."""

    def objects(
        self,
        pattern: str | None = None,
        kind: ListedKind | None = None,
        *,
        projects: str | Sequence[str] | None = None,
        certified: bool | None = None,
        details: bool = False,
        complete: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Catalogue:
        """List the cubes, reports, data models and dashboards that this login can see, sorted by name.

        ``pattern`` and ``complete`` are those of `search`. ``kind`` is ``"cube"``, ``"report"``, ``"data
        model"``, ``"dashboard"``, or None for all kinds. ``projects`` are names or ids, or ``"all"`` for each
        project that is loaded and open to this login; None is the connection's project. ``certified=True`` keeps
        certified objects, False the others. ``details=True`` adds size, rows, columns, time of the data and status
        to cubes and data models.

        The client asks for pages of 1,000 objects, several at a time. The return value is a sequence in Arrow
        columns, some 300 bytes for each object, and makes a Python object only at access. A listing that lacks
        objects which the server counts is read again. One DataLossWarning names the objects that are missing then,
        and the columns that are null for lack of a privilege. The call passes a `ListingProgress` to
        ``on_progress`` after each page.

        Sends GET /api/searches/results; where the index has no match, or with ``complete=True``, POST and GET
        /api/metadataSearches/results. Details take GET /api/monitors/iServer/nodes and /api/monitors/caches/cubes,
        a request for each 1,000 caches on each node, and GET /api/cubes?id= for each cube without a cache, or for
        every cube where the login may not monitor caches. Raises UsageError for unknown arguments, NotFound for
        unknown projects.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     [(each.name, each.details.rows) for each in conn.objects("*sales*", kind="cube", details=True)]
        [('Sales Cube', 2000)]
        """
        listing = Listing(self._client, Wanted(pattern, kind, certified), on_progress)
        return warn_of(*self._client.run(listing.read(projects, complete=complete, details=details)))

    async def objects_async(
        self,
        pattern: str | None = None,
        kind: ListedKind | None = None,
        *,
        projects: str | Sequence[str] | None = None,
        certified: bool | None = None,
        details: bool = False,
        complete: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Catalogue:
        """List objects as `objects` does, without blocking the event loop."""
        listing = Listing(self._client, Wanted(pattern, kind, certified), on_progress)
        return warn_of(*await self._client.bridge(listing.read(projects, complete=complete, details=details)))

    def search(
        self,
        pattern: str | None = None,
        *,
        type: ObjectType | int | Sequence[ObjectType | int] | None = None,  # noqa: A002  what it is
        root: str | None = None,
        complete: bool = False,
    ) -> Objects:
        """Search the project for objects of any type that this login can see; return them sorted by name.

        ``pattern`` matches whole names, in upper or lower case: ``*`` stands for any text and ``?`` for one letter.
        ``type`` is one or several of `ObjectType`, or numbers of types and subtypes. ``root`` is the id or path of
        a folder; the search covers everything below the folder.

        The server's index answers at once, but may lag behind, and leaves hidden objects out. Where the index has
        no match, the call searches the metadata, one search of a session at a time; ``complete=True`` searches the
        metadata alone. GET /api/searches/results; POST and GET /api/metadataSearches/results. Raises UsageError for
        an unknown type, NotFound for an unknown folder. Warns with DataLossWarning where the server counts more
        objects than came.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     found = conn.search("*sales*", type=["cube", "folder"], root="/Public Objects")
        >>> found.table().select(["name", "type"]).to_pylist()
        [{'name': 'Sales Cube', 'type': 'cube'}]
        """
        return warn_of(*self._client.run(self._search(pattern, type_numbers(type), root, complete=complete)))

    async def search_async(
        self,
        pattern: str | None = None,
        *,
        type: ObjectType | int | Sequence[ObjectType | int] | None = None,  # noqa: A002  what it is
        root: str | None = None,
        complete: bool = False,
    ) -> Objects:
        """Search the project as `search` does, without blocking the event loop."""
        found = await self._client.bridge(self._search(pattern, type_numbers(type), root, complete=complete))
        return warn_of(*found)

    async def _search(
        self, pattern: str | None, types: list[int], root: str | None, *, complete: bool
    ) -> tuple[Objects, list[str]]:
        folder = None if root is None else await folder_id(self._client.http, root)
        return await search(self._client.http, pattern, types=types, root=folder, complete=complete)

    def contents(self, folder: str | None = None) -> Objects:
        """List the objects in a folder, folders first; None is the project's root.

        ``folder`` is an id, or a path from the root with or without the project: ``/Public Objects/Reports``. Sends
        one GET /api/folders/{id} for each part of the path and for each 1,000 objects. Raises NotFound, which names
        the part of the path that does not exist, and near names.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     [each.path for each in conn.contents("/Public Objects") if each.type_name == "folder"][0]
        '/Simulated Retail/Public Objects/Archive'
        """
        return self._client.run(self._contents(folder))

    async def contents_async(self, folder: str | None = None) -> Objects:
        """List the objects in a folder as `contents` does, without blocking the event loop."""
        return await self._client.bridge(self._contents(folder))

    def folders(self, folder: str | None = None) -> Objects:
        """List the folders in a folder; None is the project's root. Calls and errors are those of `contents`.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     "Public Objects" in [each.name for each in conn.folders()]
        True
        """
        return self._client.run(self._folders(folder))

    async def folders_async(self, folder: str | None = None) -> Objects:
        """List the folders in a folder as `folders` does, without blocking the event loop."""
        return await self._client.bridge(self._folders(folder))

    async def _contents(self, folder: str | None) -> Objects:
        return await list_path(self._client.http, folder)

    async def _folders(self, folder: str | None) -> Objects:
        return Objects(info for info in await self._contents(folder) if info.type == FOLDER)

    def find(self, name_or_id: str, kind: Kind | None = None) -> ObjectInfo:
        """Find one cube, report or data model by name, path, id or browser URL; return its catalogue entry.

        A path leads from the project's root, with or without the project, or is the last parts of a longer path.
        The call looks into the search index first; then into the path's folder, or into the metadata. The call
        follows no shortcuts, since the server does not tell where a shortcut leads. Raises NotFound with near
        names, UsageError where several objects match.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.find("/Public Objects/Reports/Sales Cube").kind
        'cube'
        """
        return self._client.run(find(self._client.http, name_or_id, kind))

    async def find_async(self, name_or_id: str, kind: Kind | None = None) -> ObjectInfo:
        """Find one object as `find` does, without blocking the event loop."""
        return await self._client.bridge(find(self._client.http, name_or_id, kind))

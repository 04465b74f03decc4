"""Calls about what there is in a project."""

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
    """What can be asked of a project's catalogue."""

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
        """Return the cubes, reports, data models and dashboards this login can see, by name; see :meth:`search`.

        ``kind`` is ``"cube"``, ``"report"``, ``"data model"``, ``"dashboard"`` or None for all. ``projects`` are
        names or ids, or ``"all"`` for each that is loaded and may be used; by default it is the connection's.
        ``certified`` chooses what somebody has vouched for, or, with False, has not.

        With ``details`` cubes and data models come with size, rows, columns, time of their data and status. These
        take a request for each thousand caches on each node; of cubes without a cache, and for a login that may not
        monitor caches, one request each tells size and status.

        Pages of a thousand are asked for side by side, as many as are worth it. The answer is a sequence, held in
        Arrow columns: some 300 bytes for each object, and a Python object only for each that is looked at. Pages
        that leave out what the server counts are asked for once more; what is missing then, and each column that
        is null for a right that the login lacks, is told in one DataLossWarning. ``on_progress`` is called with a
        `ListingProgress` after each page.

        GET /api/searches/results, or, where the index has nothing or with ``complete``, POST and GET
        /api/metadataSearches/results; /api/monitors/iServer/nodes and caches/cubes, /api/cubes?id=.

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
        """Do what :meth:`objects` does."""
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
        """Return the objects of any type that this login can see, by name.

        In ``pattern`` ``*`` stands for any text and ``?`` for one letter; without them it is the whole name. Upper
        and lower case are the same. ``type`` is one or several of `ObjectType`, or the numbers of types and
        subtypes; ``root`` the id or path of a folder above them.

        The server's index answers at once, but may lag behind, and leaves hidden objects out. So where it has
        nothing the metadata are searched, and with ``complete`` they alone, one search at a time. GET
        /api/searches/results; POST and GET /api/metadataSearches/results.

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
        """Do what :meth:`search` does."""
        found = await self._client.bridge(self._search(pattern, type_numbers(type), root, complete=complete))
        return warn_of(*found)

    async def _search(
        self, pattern: str | None, types: list[int], root: str | None, *, complete: bool
    ) -> tuple[Objects, list[str]]:
        folder = None if root is None else await folder_id(self._client.http, root)
        return await search(self._client.http, pattern, types=types, root=folder, complete=complete)

    def contents(self, folder: str | None = None) -> Objects:
        """Return what is in a folder, folders first; by default in the project's root.

        ``folder`` is an id or a path from the root, with or without the project: ``/Public Objects/Reports``. One
        GET /api/folders/{id} for each part of the path and each thousand objects. NotFound says which part is
        wrong, and what is near.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     [each.path for each in conn.contents("/Public Objects") if each.type_name == "folder"][0]
        '/Simulated Retail/Public Objects/Archive'
        """
        return self._client.run(self._contents(folder))

    async def contents_async(self, folder: str | None = None) -> Objects:
        """Do what :meth:`contents` does."""
        return await self._client.bridge(self._contents(folder))

    def folders(self, folder: str | None = None) -> Objects:
        """Return the folders that are in a folder, by default in the project's root; see :meth:`contents`.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     "Public Objects" in [each.name for each in conn.folders()]
        True
        """
        return self._client.run(self._folders(folder))

    async def folders_async(self, folder: str | None = None) -> Objects:
        """Do what :meth:`folders` does."""
        return await self._client.bridge(self._folders(folder))

    async def _contents(self, folder: str | None) -> Objects:
        return await list_path(self._client.http, folder)

    async def _folders(self, folder: str | None) -> Objects:
        return Objects(info for info in await self._contents(folder) if info.type == FOLDER)

    def find(self, name_or_id: str, kind: Kind | None = None) -> ObjectInfo:
        """Return what the catalogue knows of one cube, report or data model, by name, path, id or browser URL.

        A path leads from the project's root, named or not, or is the last parts of one. What the search index does
        not have yet is looked for in the folder, or in the metadata. Shortcuts are not followed, for the server
        does not say where they lead to. Raises NotFound with near names, UsageError where several match.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.find("/Public Objects/Reports/Sales Cube").kind
        'cube'
        """
        return self._client.run(find(self._client.http, name_or_id, kind))

    async def find_async(self, name_or_id: str, kind: Kind | None = None) -> ObjectInfo:
        """Do what :meth:`find` does."""
        return await self._client.bridge(find(self._client.http, name_or_id, kind))

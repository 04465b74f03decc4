"""List what can be read or looked at in projects: cubes, reports, data models, dashboards. Section 9.2."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, get_args

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.arrays import make_array
from mstr_arrow.catalog.catalogue import Catalogue, ListingProgress, by_name, in_project, with_details
from mstr_arrow.catalog.columns import Columns, read_page
from mstr_arrow.catalog.details import fetch_cached, fetch_each
from mstr_arrow.catalog.object_info import DOCUMENT, SUBTYPES, Kind, check_text
from mstr_arrow.catalog.paging import Gate, Pager, spread
from mstr_arrow.catalog.search import CONTAINS, metadata_pages, pages_of_index, piece_of
from mstr_arrow.catalog.skipped import Skipped
from mstr_arrow.errors import DataLossWarning, MstrError, NotFound, NotSupported, UsageError
from mstr_arrow.names import matcher
from mstr_arrow.session.project import choose, fetch_projects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mstr_arrow.catalog.paging import Ask, Page
    from mstr_arrow.session.project import Project
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.session.session_client import Client

    OnProgress = Callable[[ListingProgress], object]

ListedKind: TypeAlias = Kind | Literal["dashboard"]
"""Kinds that the catalogue lists: those that can be read, and dashboards, which are documents, too."""

Found = TypeVar("Found")

_KINDS = (*get_args(Kind), "dashboard")
_STATUS = {True: "CERTIFIED_ONLY", False: "NOT_CERTIFIED_ONLY"}


class Wanted:
    """The objects that a listing keeps. Errors: UsageError for unknown kinds and wrong patterns."""

    def __init__(self, pattern: str | None, kind: ListedKind | None, certified: bool | None) -> None:
        if pattern is not None:
            check_text("pattern", pattern)
        if kind is not None and kind not in _KINDS:
            listed = ", ".join(map(repr, _KINDS))
            raise UsageError(f"kind={kind!r} is not known.", hint=f"Choose one of {listed}, or None for all.")
        if certified not in {True, False, None}:
            raise UsageError(f"certified={certified!r} is not known.", hint="Choose True, False or None for all.")
        self._fits = None if pattern is None else matcher(pattern)
        self._kind = kind
        self._certified = certified
        types = {number for each in SUBTYPES for number in SUBTYPES[each] if kind in {each, None}}
        types |= {DOCUMENT} if kind in {"dashboard", None} else set()
        self.params: dict[str, object] = {"type": sorted(types)}
        if piece := piece_of(pattern):
            self.params |= {"name": piece, "pattern": CONTAINS}
        if certified is not None:
            self.params["certifiedStatus"] = _STATUS[certified]

    def of(self, listed: pa.Table) -> pa.Table:
        """Keep the wanted objects of a table; an object without a known certificate was chosen by the server."""
        if self._kind is not None:
            listed = listed.filter(pc.field("type_name") == self._kind)
        if self._certified is not None:
            listed = listed.filter(pc.field("certified").is_null() | (pc.field("certified") == self._certified))
        if self._fits is not None:
            listed = listed.filter(make_array(map(self._fits, listed["name"].to_pylist()), pa.bool_()))
        return listed


class Told:
    """Puts pages into columns, and reports the progress after each page."""

    def __init__(self, columns: Columns, project: str, on_progress: OnProgress | None) -> None:
        self._columns = columns
        self._project = project
        self._on_progress = on_progress
        self._came = 0

    def begin(self) -> None:
        """Begin a further pass over the list."""
        self._came = 0
        self._columns.begin()

    def add(self, page: Page) -> None:
        """Add a page."""
        if len(page.items):  # a page that was not asked for has no columns
            self._columns.add(page.items)
        self._came += len(page.items)
        if self._on_progress is not None:
            self._on_progress(ListingProgress(self._came, page.total, self._project))

    def count(self, *, all_passes: bool = False) -> int:
        """Return the number of different objects that came."""
        return self._columns.count(all_passes=all_passes)


class Listing:
    """Lists projects. ``remarks`` are sentences on objects and values that the list lacks."""

    def __init__(self, client: Client, wanted: Wanted, on_progress: OnProgress | None) -> None:
        self._client = client
        self._wanted = wanted
        self._on_progress = on_progress
        self._gate = Gate(client.http.settings.limits)
        self.remarks: list[str] = []

    async def read(
        self, projects: str | Sequence[str] | None, *, complete: bool, details: bool
    ) -> tuple[Catalogue, list[str]]:
        """Return the objects, sorted by name, and the remarks; arguments are those of `CatalogueCalls.objects`."""
        if projects == "all":
            return Catalogue(self._client, await self._all(complete, details), several=True), self.remarks
        chosen = await self._choose_projects(projects)
        parts = [await self._project(http, complete=complete, details=details) for http in chosen]
        held = by_name(parts)
        return Catalogue(self._client, held, several=projects is not None), self.remarks

    async def _choose_projects(self, projects: Sequence[str] | None) -> list[ProjectHttp]:
        """Return the way to each project, once; errors: UsageError, NotFound for names that none has."""
        http = self._client.http
        if projects is None:
            return [http]
        names = [projects] if isinstance(projects, str) else list(projects)
        if not names:
            raise UsageError("projects=[] names no project.", hint="Name some, or 'all', or leave it out.")
        there = await fetch_projects(http.own)
        return [http.beside(each) for each in dict.fromkeys(choose(there, name) for name in names)]

    async def _all(self, complete: bool, details: bool) -> pa.Table:
        """Return the lists of all projects, side by side; the remarks say which of them are missing, and why."""
        there = await fetch_projects(self._client.http.own)
        skipped = Skipped([each.name for each in there if not each.loaded])
        parts: dict[str, pa.Table] = {}

        async def read(project: Project) -> None:
            http = self._client.http.beside(project)
            try:
                parts[project.id] = await self._project(http, complete=complete, details=details)
            except MstrError as error:
                skipped.add(project.name, error)

        await spread((read(each) for each in there if each.loaded), self._gate.most)
        left_out = skipped.remarks(len(there))
        if not parts:
            raise NotFound("no project could be listed.", hint=_sentence(left_out) or "This login may use none.")
        self.remarks[:0] = left_out
        return by_name(list(parts.values()))

    async def _project(self, http: ProjectHttp, *, complete: bool, details: bool) -> pa.Table:
        project = await http.require_project()
        columns, indexed, listed = Columns(), False, None
        if not complete:
            with suppress(NotFound, NotSupported):  # a server without an index
                listed = await self._read_index(http, project, columns)
                indexed = True
        if listed is None or not listed.num_rows:
            listed = await self._read_metadata(http, project, columns, optional=indexed)
        return await self._with_details(http, listed, project) if details else listed

    async def _read_index(self, http: ProjectHttp, project: Project, columns: Columns) -> pa.Table:
        return await self._read(pages_of_index(http, self._wanted.params, read_page), project, columns)

    async def _read_metadata(
        self, http: ProjectHttp, project: Project, columns: Columns, *, optional: bool
    ) -> pa.Table:
        params = {name: value for name, value in self._wanted.params.items() if name != "certifiedStatus"}
        async with metadata_pages(http, params, read_page, optional=optional) as ask:
            return await self._read(ask, project, columns)

    async def _read(self, ask: Ask | None, project: Project, columns: Columns) -> pa.Table:
        """Return the columns of a list, whose pages are asked for by ``ask``; no rows where that is None."""
        if ask is not None:
            pager = Pager(self._gate, ask, Told(columns, project.name, self._on_progress))
            await pager.read()
            self.remarks += pager.remarks(f"objects that the server counts in {project.name!r}")
        listed = columns.take(whole=ask is None or pager.whole)
        return in_project(self._wanted.of(listed), project)

    async def _with_details(self, http: ProjectHttp, held: pa.Table, project: Project) -> pa.Table:
        cubes = [
            each
            for each, word in zip(held["id"].to_pylist(), held["type_name"].to_pylist(), strict=True)
            if word in {"cube", "data model"}
        ]
        if not cubes:
            return with_details(held, {})
        known, remarks = await fetch_cached(http, self._gate)
        self.remarks += remarks
        if known is None:
            self.remarks.append(
                f"rows, columns and times of the data of {len(cubes):,} cubes in {project.name!r} are null, for "
                "this login may not monitor the caches of cubes; the administrator grants that privilege"
            )
        known = known or {}
        more, remarks = await fetch_each(http, self._gate, [each for each in cubes if each not in known])
        self.remarks += remarks
        return with_details(held, known | more)


def warn_of(found: Found, remarks: Sequence[str]) -> Found:
    """Warn once, at the caller of the caller, with the remarks; return the result."""
    if remarks:
        warnings.warn(_sentence(remarks), DataLossWarning, stacklevel=3)
    return found


def _sentence(remarks: Sequence[str]) -> str:
    return f"{'; '.join(remarks)}." if remarks else ""

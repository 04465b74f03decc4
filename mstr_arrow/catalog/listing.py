"""List what can be read or looked at in projects: cubes, reports, data models, dashboards. Section 9.2."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import pyarrow as pa

from mstr_arrow.answers import fields, items, reading, whole_number
from mstr_arrow.catalog.catalogue import Catalogue, Columns, ListingProgress, by_name, with_details
from mstr_arrow.catalog.details import fetch_cached, fetch_each
from mstr_arrow.catalog.objects import DOCUMENT, SUBTYPES, Kind, check_text, object_info
from mstr_arrow.catalog.paging import Gate, Page, Pager, spread
from mstr_arrow.catalog.search import CONTAINS, metadata_pages, piece_of
from mstr_arrow.catalog.skipped import Skipped
from mstr_arrow.errors import DataLossWarning, MstrError, NotFound, NotSupported, UsageError
from mstr_arrow.names import matcher
from mstr_arrow.session.project import choose, fetch_projects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mstr_arrow.http.response import Answer
    from mstr_arrow.session.client import Client
    from mstr_arrow.session.project import Project
    from mstr_arrow.session.project_http import ProjectHttp

    OnProgress = Callable[[ListingProgress], object]

ListedKind: TypeAlias = Kind | Literal["dashboard"]
"""What the catalogue lists: what can be read, and dashboards, which are documents, too."""

_KINDS = (*get_args(Kind), "dashboard")
_STATUS = {True: "CERTIFIED_ONLY", False: "NOT_CERTIFIED_ONLY"}


class Wanted:
    """Which objects are listed; errors: UsageError for what cannot be."""

    def __init__(self, pattern: str | None, kind: ListedKind | None, certified: bool | None) -> None:
        if pattern is not None:
            check_text("pattern", pattern)
        if kind is not None and kind not in _KINDS:
            listed = ", ".join(map(repr, _KINDS))
            raise UsageError(f"kind={kind!r} is not known.", hint=f"Choose one of {listed}, or None for all.")
        if certified not in {True, False, None}:
            raise UsageError(f"certified={certified!r} is not known.", hint="Choose True, False or None for all.")
        self._fits = matcher(pattern)
        self._kind = kind
        self._certified = certified
        types = {number for each in SUBTYPES for number in SUBTYPES[each] if kind in {each, None}}
        types |= {DOCUMENT} if kind in {"dashboard", None} else set()
        self.params: dict[str, object] = {"type": sorted(types)}
        if piece := piece_of(pattern):
            self.params |= {"name": piece, "pattern": CONTAINS}
        if certified is not None:
            self.params["certifiedStatus"] = _STATUS[certified]

    def keeps(self, name: str, type_name: str, certified: bool | None) -> bool:
        """Tell whether an object is one; where the server does not tell that it is certified, it has chosen."""
        right = self._certified is None or certified is None or certified is self._certified
        return right and (self._kind is None or type_name == self._kind) and self._fits(name)


class Listing:
    """Lists projects; ``remarks`` say what is not there, though the server counts it or keeps it to itself."""

    def __init__(self, client: Client, wanted: Wanted, on_progress: OnProgress | None) -> None:
        self._client = client
        self._wanted = wanted
        self._on_progress = on_progress
        self._gate = Gate(client.http.settings.limits)
        self.remarks: list[str] = []

    async def read(
        self, projects: str | Sequence[str] | None, *, complete: bool, details: bool
    ) -> tuple[Catalogue, list[str]]:
        """Return what there is, by name, and the remarks; see `CatalogueCalls.objects`."""
        if projects == "all":
            return Catalogue(self._client, await self._all(complete, details), several=True), self.remarks
        chosen = await self._chosen(projects)
        parts = [await self._project(http, complete=complete, details=details) for http in chosen]
        held = parts[0] if len(parts) == 1 else by_name(pa.concat_tables(parts))
        return Catalogue(self._client, held, several=projects is not None), self.remarks

    async def _chosen(self, projects: Sequence[str] | None) -> list[ProjectHttp]:
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
        """Return what is in all projects, side by side; the remarks say which of them are not in it, and why."""
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
        return by_name(pa.concat_tables(parts.values()))

    async def _project(self, http: ProjectHttp, *, complete: bool, details: bool) -> pa.Table:
        project = await http.require_project()
        columns, indexed = Columns(project), False
        if not complete:
            with suppress(NotFound, NotSupported):  # a server without an index
                indexed = await self._indexed(http, project, columns)
        if not columns.table().num_rows:
            await self._stored(http, project, columns, optional=indexed)
        held = columns.table()
        return await self._with_details(http, held, project) if details else held

    async def _indexed(self, http: ProjectHttp, project: Project, columns: Columns) -> bool:
        async def ask(offset: int, limit: int) -> Page:
            part = {**self._wanted.params, "getAncestors": True, "offset": offset, "limit": limit}
            return await http.read("GET", "searches/results", results, params=part)

        pager = self._pager(ask, project, columns)
        await pager.read()
        self._told(pager, project)
        return True

    async def _stored(self, http: ProjectHttp, project: Project, columns: Columns, *, optional: bool) -> None:
        params = {name: value for name, value in self._wanted.params.items() if name != "certifiedStatus"}
        async with metadata_pages(http, params, optional=optional) as ask:
            if ask is not None:
                pager = self._pager(ask, project, columns)
                await pager.read()
                self._told(pager, project)

    def _pager(self, ask: Any, project: Project, columns: Columns) -> Pager:
        wanted = self._wanted

        def take(listed: list[Any]) -> int:
            infos = [object_info(item) for item in listed]
            kept = [wanted.keeps(info.name, info.type_name, info.certified) for info in infos]
            count = columns.add(infos, kept)
            if self._on_progress is not None:
                self._on_progress(ListingProgress(count, pager.total, project.name))
            return count

        return (pager := Pager(self._gate, ask, take))

    def _told(self, pager: Pager, project: Project) -> None:
        if pager.missing:
            how = "and then the first ones again" if pager.repeats else "asked twice"
            self.remarks.append(
                f"of {pager.total:,} objects that the server counts in {project.name!r} it listed all but "
                f"{pager.missing:,}, {how}"
            )

    async def _with_details(self, http: ProjectHttp, held: pa.Table, project: Project) -> pa.Table:
        cubes = [
            each
            for each, word in zip(held["id"].to_pylist(), held["type_name"].to_pylist(), strict=True)
            if word in {"cube", "data model"}
        ]
        if not cubes:
            return with_details(held, {})
        known = await fetch_cached(http, self._gate)
        if known is None:
            self.remarks.append(
                f"rows, columns and times of the data of {len(cubes):,} cubes in {project.name!r} are null, for "
                "this login may not monitor the caches of cubes; the administrator grants that privilege"
            )
        known = known or {}
        more = await fetch_each(http, self._gate, [each for each in cubes if each not in known])
        return with_details(held, known | more)


def told(catalogue: Catalogue, remarks: Sequence[str]) -> Catalogue:
    """Warn once, where the caller of the caller is, of what is not there."""
    if remarks:
        warnings.warn(_sentence(remarks), DataLossWarning, stacklevel=3)
    return catalogue


def _sentence(remarks: Sequence[str]) -> str:
    return f"{'; '.join(remarks)}." if remarks else ""


def results(answer: Answer) -> Page:
    """Read a page of a search: an object with a total, or a list with the total in a header, or nowhere."""
    body = answer.json()
    with reading(body, "a result of a search"):
        listed = body if isinstance(body, list) else items(fields(body).get("result"))
    total = whole_number(body.get("totalItems")) if isinstance(body, dict) else None
    header = whole_number(answer.headers.get("x-mstr-total-count"))
    return Page(listed, header if total is None else total, answer.busy)

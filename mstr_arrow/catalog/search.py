"""Search a project by name: its index, which is quick, or its metadata. Wire reference, sections 9.2 and 9.3."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mstr_arrow.catalog.columns import read_infos
from mstr_arrow.catalog.object_info import Objects, check_text, read_object
from mstr_arrow.catalog.paging import PAGE, Gate, Pager
from mstr_arrow.errors import NotFound, NotSupported, PermissionDenied, SessionExpired
from mstr_arrow.http.subject import Subject
from mstr_arrow.names import matcher
from mstr_arrow.responses import fields, items, reading, text, whole_number

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from mstr_arrow.catalog.object_info import ObjectInfo
    from mstr_arrow.catalog.paging import Ask, Page
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp

EXACTLY, CONTAINS = 2, 4
"""How a search compares names."""

PROJECT_DOMAIN = 2
"""A metadata search looks at the project's own objects."""

_STORED = "metadataSearches/results"

_NOT_OFFERED = (NotFound, NotSupported, PermissionDenied)


async def search(
    http: ProjectHttp,
    pattern: str | None = None,
    *,
    types: Sequence[int] = (),
    root: str | None = None,
    complete: bool = False,
) -> tuple[Objects, list[str]]:
    """Search for objects of these types and subtypes, of all types for none; return the objects and remarks.

    ``pattern`` matches whole names, in upper or lower case: ``*`` stands for any text and ``?`` for one letter. The
    server gets the longest piece of the pattern, as text that names contain. ``root`` is the id of a folder; the
    search covers everything below. The function asks the index; where the index has no match, or with ``complete``,
    the metadata. The remarks tell how the objects that came differ from the server's count.
    """
    if pattern is not None:
        check_text("pattern", pattern)
    params: dict[str, object] = {"type": list(types), "root": root}
    if piece := piece_of(pattern):
        params |= {"name": piece, "pattern": CONTAINS}
    gate, fits = Gate(http.settings.limits), matcher(pattern)
    found: list[ObjectInfo] = []
    remarks: list[str] = []
    indexed = False

    async def read(ask: Ask) -> list[ObjectInfo]:
        pager = Pager(gate, ask, into := _Infos())
        await pager.read()
        remarks.extend(pager.remarks("objects that the server counts"))
        return [info for info in into.collect(whole=pager.whole) if fits(info.name)]

    if not complete:
        try:
            found = await read(pages_of_index(http, params, read_infos))
            indexed = True
        except (NotFound, NotSupported):
            pass  # a server without an index, or a folder without an id: the metadata search says which
    if not found:
        async with metadata_pages(http, params, read_infos, optional=indexed) as ask:
            found = [] if ask is None else await read(ask)
    return Objects(sorted(found, key=lambda info: (info.name.casefold(), info.path))), remarks


class _Infos:
    """Gathers objects, each once."""

    def __init__(self) -> None:
        self._passes: list[dict[str, ObjectInfo]] = []

    def begin(self) -> None:
        self._passes.append({})

    def add(self, page: Page) -> None:
        self._passes[-1] |= {info.id: info for info in page.items}

    def count(self, *, all_passes: bool = False) -> int:
        return len(self.collect(whole=not all_passes))

    def collect(self, *, whole: bool) -> list[ObjectInfo]:
        """Return the rows of all passes; of the last alone if that is ``whole``."""
        passes = self._passes[-1:] if whole else self._passes
        return list({key: info for gathered in passes for key, info in gathered.items()}.values())


def piece_of(pattern: str | None) -> str:
    """Return the longest text that all names have which fit a pattern: the server searches for that.

    >>> piece_of("*sales c?be*")
    'sales c'
    """
    return "" if pattern is None else max(re.split(r"[*?]+", pattern), key=len).strip()


async def quick_search(
    http: ProjectHttp, params: Mapping[str, object], limit: int | None = None
) -> list[ObjectInfo]:
    """Return the objects that the index finds, at most ``limit``. GET /api/searches/results, page by page.

    The index lags behind and leaves hidden objects out. Errors: ProtocolError.
    """
    found: dict[str, ObjectInfo] = {}
    offset = 0
    total: int | None = None
    while total is None or offset < total:
        part = {**params, "getAncestors": True, "offset": offset, "limit": limit or PAGE}
        infos, total = await http.read("GET", "searches/results", _quick_results, params=part)
        before = len(found)
        found |= {info.id: info for info in infos}
        offset += len(infos)
        if len(found) == before or limit:
            break
    return list(found.values())


def _total(value: Any) -> int | None:
    """Read how much a search found; None where that is not told, or cannot be."""
    total = whole_number(value)
    return None if total is None or total < 0 else total


def _quick_results(response: Response) -> tuple[list[ObjectInfo], int | None]:
    """Read a page of what the index knows, and how much there is in all, where that is told."""
    body = response.json()
    with reading(body, "a result of a search"):
        listed = body if isinstance(body, list) else items(fields(body).get("result"))
        total = _total(body.get("totalItems")) if isinstance(body, dict) else None
    return [read_object(item) for item in listed], total


async def metadata_search(
    http: ProjectHttp, params: Mapping[str, object], *, optional: bool = False
) -> list[ObjectInfo]:
    """Return the objects that the metadata hold, hidden objects too. POST, then GET /api/metadataSearches/results.

    The function holds a lock of the session, since the server keeps the results of a few searches only, and
    searches again where the results are gone. If ``optional``, a server or user without the search finds nothing.
    """
    async with http.searching:
        try:
            search_id, total = await _store(http, params)
        except _NOT_OFFERED:
            if optional:
                return []
            raise
        try:
            return await _results(http, search_id, total)
        except (NotFound, SessionExpired):
            return await _results(http, *await _store(http, params))


async def _store(http: ProjectHttp, params: Mapping[str, object]) -> tuple[str, int | None]:
    """Have the server search and keep what it finds; return the search's id, and how much it found, where told."""
    stored = (await http.request("POST", _STORED, params={**params, "domain": PROJECT_DOMAIN})).json()
    with reading(stored, "a search that was stored"):
        return text(stored, "id", "searchId"), _total(stored.get("totalItems"))


async def _results(http: ProjectHttp, search_id: str, total: int | None) -> list[ObjectInfo]:
    found: dict[str, ObjectInfo] = {}
    offset = 0
    while total is None or offset < total:
        part = {"searchId": search_id, "offset": offset, "limit": PAGE}
        listed = await http.read("GET", _STORED, _read_results, params=part, subject=Subject.SEARCH)
        if not listed:
            break
        before = len(found)
        found |= {info.id: info for info in listed}
        if len(found) == before:  # the same again: a server that does not page, or counts what is not there
            break
        offset += len(listed)
    return list(found.values())


def _read_results(response: Response) -> list[ObjectInfo]:
    return [read_object(item) for item in _read_items(response)]


def _read_items(response: Response) -> list[Any]:
    body = response.json()
    with reading(body, "a result of a search"):
        return items(body["result"] if isinstance(body, dict) and "result" in body else body)


def pages_of_index(http: ProjectHttp, params: Mapping[str, object], read: Callable[[Response], Page]) -> Ask:
    """Return a function that asks the index for a page, and reads it in a thread. GET /api/searches/results."""
    one_at_a_time = asyncio.Lock()

    async def ask(offset: int, limit: int) -> Page:
        part = {**params, "getAncestors": True, "offset": offset, "limit": limit}
        return await _read_aside(http, "searches/results", read, one_at_a_time, params=part)

    return ask


@asynccontextmanager
async def metadata_pages(
    http: ProjectHttp, params: Mapping[str, object], read: Callable[[Response], Page], *, optional: bool
) -> AsyncIterator[Ask | None]:
    """Search the metadata, and give a function that asks for a page of the hits; see `metadata_search`.

    No other search of the session goes on meanwhile. It is None where the search is ``optional`` and not offered.
    Where the first page is asked for again, the server searches again: what it found before stays as it was.
    """
    async with http.searching:
        try:
            search = await _store(http, params)
        except _NOT_OFFERED:
            if not optional:
                raise
            yield None
            return
        renewed = begun = False
        one_at_a_time = asyncio.Lock()

        async def page(offset: int, limit: int) -> Page:
            search_id, total = search
            part = {"searchId": search_id, "offset": offset, "limit": limit}
            came = await _read_aside(http, _STORED, read, one_at_a_time, params=part, subject=Subject.SEARCH)
            return came if came.total is not None else came._replace(total=total)

        async def ask(offset: int, limit: int) -> Page:
            nonlocal search, renewed, begun
            if begun and not offset:
                search, renewed = await _store(http, params), False
            begun, used = True, search
            try:
                return await page(offset, limit)
            except (NotFound, SessionExpired):
                if renewed and used is search:
                    raise
            if used is search:
                search, renewed = await _store(http, params), True
            return await page(offset, limit)

        yield ask


async def _read_aside(
    http: ProjectHttp,
    path: str,
    read: Callable[[Response], Page],
    one_at_a_time: asyncio.Lock,
    *,
    params: Mapping[str, object],
    subject: Subject | None = None,
) -> Page:
    """GET a page, and read it in a thread, so that other answers can come in meanwhile.

    In one thread: each more would hold memory of its own, and one reads faster than servers list.
    """
    pages: list[Page] = []

    async def check(response: Response) -> None:
        async with one_at_a_time:
            pages.append(await asyncio.to_thread(read, response))

    await http.request("GET", path, check=check, params=params, subject=subject)
    return pages[-1]

"""The data of cubes as the server describes them without a read. Wire reference, sections 3.3, 3.4 and 9.5."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.caches.monitor import PATH, fetch_nodes, read_page
from mstr_arrow.catalog.paging import Page, Pager, spread
from mstr_arrow.catalog.skipped import raise_what_ends_all
from mstr_arrow.errors import MstrError, NotFound, NotSupported, PermissionDenied
from mstr_arrow.publishing.cube_status import CubeStatus
from mstr_arrow.responses import identity, items, local_moment, optional_text, reading, whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.catalog.paging import Gate
    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp

_STATES = {
    "processing": CubeStatus.PROCESSING,
    "active": CubeStatus.ACTIVE,
    "persisted": CubeStatus.PERSISTED,
    "infoDirty": CubeStatus.INFO_DIRTY,
    "dirty": CubeStatus.DIRTY,
}
_LOADING = {
    "loaded": CubeStatus.LOADED,
    "loadPending": CubeStatus.LOAD_PENDING,
    "unloadPending": CubeStatus.UNLOAD_PENDING,
}


class CubeDetails(NamedTuple):
    """The size, rows, columns, time and status of a cube's data; None for a value that the server does not tell.

    ``size_bytes`` is the size in the server's memory. ``data_updated`` is the time of the publication by the
    server's clock, without a time zone. ``status`` holds the words of `CubeStatus`. A login without the privilege
    to monitor caches gets fewer values.
    """

    size_bytes: int | None = None
    rows: int | None = None
    columns: int | None = None
    data_updated: datetime | None = None
    status: str | None = None


FAILURES = 100
"""Cubes whose details cannot be had, after which no more are asked for one by one."""

_Found = dict[str, CubeDetails]


class _Cached:
    """Gathers what the caches of a node tell, into what is known of other nodes."""

    def __init__(self, found: _Found) -> None:
        self._found = found
        self._passes: list[set[str]] = []

    def begin(self) -> None:
        self._passes.append(set())

    def add(self, page: Page) -> None:
        for cube_id, details in page.items:
            self._passes[-1].add(cube_id)
            if cube_id not in self._found or _moment_of(self._found[cube_id]) <= _moment_of(details):
                self._found[cube_id] = details

    def count(self, *, all_passes: bool = False) -> int:
        return len(set().union(*(self._passes if all_passes else self._passes[-1:])))


async def fetch_cached(http: ProjectHttp, gate: Gate) -> tuple[_Found | None, list[str]]:
    """Return the details of the project's cubes from their caches, by id, and remarks; None without the privilege.

    Where several nodes have a cache of a cube, the cache with the latest data counts. GET
    /api/monitors/iServer/nodes, and /api/monitors/caches/cubes of each node, 1,000 caches at a time.
    """
    found: _Found = {}
    remarks: list[str] = []
    project = await http.require_project()
    try:
        for node in await fetch_nodes(http):

            async def ask(offset: int, limit: int, node: str = node) -> Page:
                params = {"clusterNode": node, "projectIds": project.id, "offset": offset, "limit": limit}
                return await http.read("GET", PATH, _caches, params=params)

            pager = Pager(gate, ask, _Cached(found))
            await pager.read()
            remarks += pager.remarks(f"caches that the node {node!r} counts in {project.name!r}")
    except (PermissionDenied, NotSupported, NotFound):
        return None, []
    return found, remarks


async def fetch_each(http: ProjectHttp, gate: Gate, cube_ids: Sequence[str]) -> tuple[_Found, list[str]]:
    """Return size and status of cubes one by one, and remarks on the cubes of which the server tells neither.

    Sends as many requests at a time as are worth it. A cube that fails does not end the others; after `FAILURES`
    failures the function sends no more requests. GET /api/cubes?id=.
    """
    found: _Found = {}
    failed: list[MstrError] = []

    async def fetch(cube_id: str) -> None:
        async def ask(_offset: int, _limit: int) -> Page:
            if len(failed) < FAILURES:
                found[cube_id] = await http.read("GET", "cubes", _info, params={"id": cube_id})
            return Page([cube_id], None)

        try:
            await gate.send(ask, 0, 1)
        except MstrError as error:
            raise_what_ends_all(error)
            failed.append(error)

    await spread((fetch(cube_id) for cube_id in cube_ids), gate.most)
    if not failed:
        return found, []
    untold = len(cube_ids) - len(found)
    said = failed[0].message.rstrip(".")
    remark = (
        f"size and status of {untold:,} of {len(cube_ids):,} cubes without a visible cache are null, for the server"
    )
    return found, [f"{remark} does not tell them; of the first it says: {said}"]


def _caches(response: Response) -> Page:
    """Read of a page of caches what they tell of their cubes."""
    listed, total = read_page(response)
    with reading(listed, "a list of caches"):
        told = [(identity(cache["source"], "id"), _details(cache)) for cache in listed]
    return Page(told, total, response.busy, told[:1] or None)


def _details(cache: Any) -> CubeDetails:
    state = cache.get("state") or {}
    bits = sum(bit for name, bit in _STATES.items() if str(state.get(name)).lower() == "true")
    status = CubeStatus(bits) | _LOADING.get(str(state.get("loadedState")), CubeStatus(0))
    return CubeDetails(
        whole_number(cache.get("size")),
        whole_number(cache.get("rowCount")),
        whole_number(cache.get("columnCount")),
        local_moment(optional_text(cache, "lastUpdateTime")),
        str(status) if status else "unloaded",
    )


def _info(response: Response) -> CubeDetails:
    body = response.json()
    with reading(body, "an information about a cube"):
        info = items(body["cubesInfos"] if isinstance(body, dict) else body)[0]
        bits = whole_number(info.get("status"))
        size = whole_number(info.get("size"))
    return CubeDetails(size, status=None if bits is None else str(CubeStatus(bits)))


def _moment_of(details: CubeDetails) -> datetime:
    return details.data_updated or datetime.min  # noqa: DTZ901 - the server tells no zone

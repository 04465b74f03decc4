"""What is known of the data of cubes without reading them. Wire reference, sections 3.3, 3.4 and 9.5."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.answers import identity, items, local_moment, optional_text, reading, whole_number
from mstr_arrow.caches.listing import PATH, fetch_nodes, read_page
from mstr_arrow.catalog.paging import Page, Pager, spread
from mstr_arrow.errors import NotFound, NotSupported, PermissionDenied, ServerError
from mstr_arrow.publishing.cube_status import CubeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.catalog.paging import Gate
    from mstr_arrow.http.response import Answer
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
    """What is known of a cube's data; None for what the server does not tell, or not to this login.

    ``size_bytes`` is its size in the server's memory, ``data_updated`` when its data were published, as the clock
    of the server shows it, without a time zone; ``status`` are the words of `CubeStatus`.
    """

    size_bytes: int | None = None
    rows: int | None = None
    columns: int | None = None
    data_updated: datetime | None = None
    status: str | None = None


async def fetch_cached(http: ProjectHttp, gate: Gate) -> dict[str, CubeDetails] | None:
    """Return what the caches of the project tell of their cubes, by id; None where this login may not see them.

    Where nodes have a cache each, the one whose data are the latest counts. GET /api/monitors/iServer/nodes, and
    /api/monitors/caches/cubes of each node, a thousand at a time.
    """
    found: dict[str, CubeDetails] = {}
    seen: set[str] = set()
    project = await http.require_project()

    def take(listed: list[Any]) -> int:
        for cube_id, details in listed:
            seen.add(cube_id)
            if cube_id not in found or _moment_of(found[cube_id]) <= _moment_of(details):
                found[cube_id] = details
        return len(seen)

    try:
        for node in await fetch_nodes(http):
            seen.clear()

            async def ask(offset: int, limit: int, node: str = node) -> Page:
                params = {"clusterNode": node, "projectIds": project.id, "offset": offset, "limit": limit}
                return await http.read("GET", PATH, _caches, params=params)

            await Pager(gate, ask, take).read()
    except (PermissionDenied, NotSupported, NotFound):
        return None
    return found


async def fetch_each(http: ProjectHttp, gate: Gate, cube_ids: Iterable[str]) -> dict[str, CubeDetails]:
    """Return size and status of cubes one by one; those that may not be seen are left out. GET /api/cubes?id=."""
    found: dict[str, CubeDetails] = {}

    async def fetch(cube_id: str) -> None:
        async def ask(_offset: int, _limit: int) -> Page:
            return Page([await http.read("GET", "cubes", _info, params={"id": cube_id})], None)

        try:
            found[cube_id] = (await gate.send(ask, 0, 1)).items[0]
        except ServerError as error:
            if type(error) is not ServerError and not isinstance(error, NotFound | PermissionDenied):
                raise

    await spread((fetch(cube_id) for cube_id in cube_ids), gate.most)
    return found


def _caches(answer: Answer) -> Page:
    """Read of a page of caches what they tell of their cubes."""
    listed, total = read_page(answer)
    with reading(listed, "a list of caches"):
        told = [(identity(cache["source"], "id"), _details(cache)) for cache in listed]
    return Page(told, total, answer.busy)


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


def _info(answer: Answer) -> CubeDetails:
    body = answer.json()
    with reading(body, "an information about a cube"):
        info = items(body["cubesInfos"] if isinstance(body, dict) else body)[0]
        bits = whole_number(info.get("status"))
        size = whole_number(info.get("size"))
    return CubeDetails(size, status=None if bits is None else str(CubeStatus(bits)))


def _moment_of(details: CubeDetails) -> datetime:
    return details.data_updated or datetime.min  # noqa: DTZ901 - the server tells no zone

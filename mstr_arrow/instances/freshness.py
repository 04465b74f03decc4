"""When a cube was changed, and which publication its data are of (wire reference, sections 3.3 and 9.5)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.caches.monitor import fetch_listed, fetch_nodes
from mstr_arrow.errors import MstrError, PermissionDenied, ServerBusy
from mstr_arrow.http.response import Response
from mstr_arrow.responses import identity, reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.project_http import ProjectHttp

logger = logging.getLogger("mstr_arrow")


@dataclass(frozen=True, slots=True)
class Cache:
    """A copy of a cube's data on a node: when and by which job it was published; its rows, its bytes.

    All as the server writes it; None for what it leaves out.
    """

    moment: str | None
    job: str | None = None
    rows: str | None = None
    size: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """The data that a cube has now, as far as ``caches`` on all nodes tell; ``why_not`` if they tell nothing."""

    caches: tuple[Cache, ...] = ()
    why_not: str | None = None

    @property
    def moment(self) -> str | None:
        """When the data were published; several moments where nodes differ: nobody knows which one is read."""
        return " ".join(sorted({cache.moment for cache in self.caches if cache.moment})) or None

    @property
    def is_certain(self) -> bool:
        """Whether it can be told from every other one: one moment, and one job, on all nodes."""
        told = {(cache.moment, cache.job) for cache in self.caches}
        return len(told) == 1 and None not in next(iter(told))

    def difference(self, later: Published) -> str | None:
        """Say what tells that another publication came in between; None where nothing does."""
        for what, of in (("last at ", _moments), ("by job ", _jobs), ("with a number of rows of ", _rows)):
            then, since = of(self), of(later)
            if then and since and then != since:
                return (
                    f"published {what}{', '.join(then)}, and again {what.removeprefix('last ')}{', '.join(since)}"
                )
        return None

    def proves(self, later: Published) -> bool:
        """Tell whether both are certainly the same publication."""
        return self.is_certain and sorted(map(repr, self.caches)) == sorted(map(repr, later.caches))


def _moments(publication: Published) -> list[str]:
    return sorted({cache.moment for cache in publication.caches if cache.moment})


def _jobs(publication: Published) -> list[str]:
    return sorted({cache.job for cache in publication.caches if cache.job})


def _rows(publication: Published) -> list[str]:
    return sorted({cache.rows for cache in publication.caches if cache.rows})


@dataclass(frozen=True, slots=True)
class Times:
    """When an object was changed, as the server writes it or None, and the publication of its data."""

    changed: str | None = None
    publication: Published = Published()

    def difference(self, later: Times) -> str | None:
        """Say what tells that the object is another one; None where nothing does."""
        if None not in {self.changed, later.changed} and self.changed != later.changed:
            return f"it was changed last at {self.changed}, and again at {later.changed}"
        told = self.publication.difference(later.publication)
        return None if told is None else f"it was {told}"


async def fetch_times(http: ProjectHttp, source: Source, *, published: bool = True) -> Times:
    """Ask when an object was changed and, unless that is not wanted, for the publication of its data.

    GET /api/cubes?id=, and the calls of `fetch_publication`. Never raises what the server says; of reports there
    are no such times.
    """
    if source.kind != "cube":
        return Times()
    if not published:
        return Times(await _fetch_modified(http, source.object_id))
    return Times(
        *await asyncio.gather(
            _fetch_modified(http, source.object_id), fetch_publication(http, source.kind, source.object_id)
        )
    )


async def _fetch_modified(http: ProjectHttp, cube_id: str) -> str | None:
    try:
        body = await http.read("GET", "cubes", Response.json, params={"id": cube_id})
        return str(body["cubesInfos"][0]["modificationTime"])
    except (MstrError, LookupError, TypeError):
        return None


async def fetch_publication(http: ProjectHttp, kind: str, object_id: str) -> Published:
    """Ask when, and by which job, an object's data were last published; never raises what the server says.

    A cube's modification time is not asked for: it may be that of its definition. GET /api/monitors/iServer/nodes
    and /api/monitors/caches/cubes of each node, which take the privilege to monitor caches.
    """
    if kind != "cube":
        return Published(why_not="the server keeps no such time of reports")
    try:
        found = await fetch_caches(http, object_id)
    except PermissionDenied:
        return Published(why_not="this login may not monitor the caches of cubes")
    except MstrError as error:
        logger.debug("the caches of cubes were not listed: %s", type(error).__name__)
        return Published(why_not="the server does not list the caches of cubes")
    return Published(found, None if found else "the server lists no cache of this cube")


async def fetch_caches(http: ProjectHttp, cube_id: str, *, partial: bool = False) -> tuple[Cache, ...]:
    """Return the caches of a cube on all nodes; ``partial``: on those of them that answer, if one does.

    GET /api/monitors/iServer/nodes, and /api/monitors/caches/cubes of each. Errors: those of the server,
    PermissionDenied where the user may not monitor caches.
    """
    listed: list[dict[str, Any]] = []
    failures: list[MstrError] = []
    nodes = await fetch_nodes(http)
    for node in nodes:
        try:
            listed += await fetch_listed(http, node)
        except ServerBusy as error:
            failures.append(error)
    if failures and not (partial and len(failures) < len(nodes)):
        raise failures[0]
    with reading(listed, "a list of caches"):
        own = [cache for cache in listed if identity(cache["source"], "id") == cube_id.upper()]
        return tuple(_cache(cache) for cache in own if cache.get("lastUpdateTime"))


def _cache(told: Mapping[str, Any]) -> Cache:
    names = ("lastUpdateTime", "lastUpdateJob", "rowCount", "size")
    return Cache(*(_text(told.get(name)) for name in names))


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)

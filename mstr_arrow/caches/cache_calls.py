"""Calls about the caches of cubes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mstr_arrow.caches.cache import CubeCaches, read_cache
from mstr_arrow.caches.monitor import fetch_listed, fetch_nodes
from mstr_arrow.errors import NotFound
from mstr_arrow.names import listing, near_names
from mstr_arrow.session.session_client import Connected

if TYPE_CHECKING:
    from mstr_arrow.session.session_client import Client


class CacheCalls(Connected):
    """Calls for the caches of a project's cubes."""

    def caches(self, cube: str | None = None, *, node: str | None = None) -> CubeCaches:
        """Return the caches of the project's cubes, on all nodes or one: sizes, rows, hits, last update, states.

        ``cube`` is the name, in any case, or id of one cube. GET /api/monitors/iServer/nodes, then GET
        /api/monitors/caches/cubes for each node and thousand. Raises PermissionDenied for a login that may not
        monitor caches, NotFound for an unknown node.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     cache = conn.caches("Sales Cube")[0]
        ...     cache.rows, cache.unload().loaded, cache.load().loaded
        (2000, False, True)
        """
        return self._client.run(fetch_caches(self._client, cube, node))

    async def caches_async(self, cube: str | None = None, *, node: str | None = None) -> CubeCaches:
        """Return the caches as `caches` does, without blocking the event loop."""
        return await self._client.bridge(fetch_caches(self._client, cube, node))


async def fetch_caches(client: Client, cube: str | None, node: str | None) -> CubeCaches:
    """Return the caches of a cube, given by name or id, or of all, on a node or on all."""
    http = client.http
    await http.require_project()
    nodes = await fetch_nodes(http)
    if node is not None:
        nodes = [_choose_node(node, nodes)]
    listed = await asyncio.gather(*(fetch_listed(http, each) for each in nodes))
    found = [read_cache(body, each, client) for each, bodies in zip(nodes, listed, strict=True) for body in bodies]
    wanted = None if cube is None else cube.casefold()
    return CubeCaches(
        cache for cache in found if wanted is None or wanted in {cache.cube.casefold(), cache.cube_id.casefold()}
    )


def _choose_node(node: str, nodes: list[str]) -> str:
    for each in nodes:
        if each.casefold() == node.casefold():
            return each
    near = near_names(node, nodes)
    raise NotFound(
        f"the server has no node {node!r}.",
        hint=f"Did you mean {near[0]!r}?" if near else f"It has {listing(nodes)}.",
    )

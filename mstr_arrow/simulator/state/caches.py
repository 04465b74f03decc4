"""The caches of cubes: one for each published cube on each node, loaded or not, active or not (section 9.5)."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mstr_arrow.simulator.model.cubes import object_id
from mstr_arrow.simulator.responses import CUBE_OFFLINE, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mstr_arrow.simulator.model.catalogue import Catalogue
    from mstr_arrow.simulator.model.cubes import Cube
    from mstr_arrow.simulator.model.encoded_cube import EncodedCube


@dataclass(slots=True, eq=False, kw_only=True)
class CubeCache:
    """The copy of a cube's data on a node; ``hits`` since the last publication, ``earlier`` those before it."""

    id: str
    cube_id: str
    node: str
    loaded: bool = True
    active: bool = True
    hits: int = 0
    earlier: int = 0


@dataclass(slots=True, eq=False, kw_only=True)
class Manipulation:
    """A change of a cache, which takes effect or fails when its time is over, without a further request."""

    id: str
    cache: CubeCache
    loaded: bool | None
    active: bool | None
    failure: Refusal | None
    status: str = "executing"

    def end(self) -> None:
        """Let it take effect, or fail."""
        self.status = "error" if self.failure is not None else "ready"
        if self.failure is None:
            self.cache.loaded = self.cache.loaded if self.loaded is None else self.loaded
            self.cache.active = self.cache.active if self.active is None else self.active


@dataclass(slots=True)
class Caches:
    """All caches of the project's cubes; used by one event loop."""

    catalogue: Catalogue
    nodes: Sequence[str]
    manipulations: dict[str, Manipulation] = field(default_factory=dict)
    _found: dict[tuple[str, str], CubeCache] = field(default_factory=dict)
    _deleted: set[tuple[str, str]] = field(default_factory=set)

    def of(self, cube_id: str) -> Iterator[CubeCache]:
        """Yield the caches of a cube, one for each node; none where it is not published."""
        if not self.catalogue.cubes[cube_id].published:
            return
        for node in self.nodes:
            if (cube_id, node) in self._deleted:
                continue
            if (cube_id, node) not in self._found:
                address = base64.b64encode(node.encode()).decode()
                cache_id = f"{cube_id}:{self.catalogue.project_id}:{address}"
                self._found[cube_id, node] = CubeCache(id=cache_id, cube_id=cube_id, node=node)
            yield self._found[cube_id, node]

    def on(self, node: str) -> list[CubeCache]:
        """List the caches on a node; raise the server's 503 where there is no such node."""
        if node not in self.nodes:
            raise Refusal(503, "ERR001", f"(The cluster node '{node}' is not available.)")
        return [cache for cube_id in self.catalogue.cubes for cache in self.of(cube_id) if cache.node == node]

    def find(self, cache_id: str) -> CubeCache:
        """Find a cache; raise the server's 404 where there is none."""
        for cube_id in self.catalogue.cubes:
            for cache in self.of(cube_id):
                if cache.id == cache_id:
                    return cache
        raise Refusal(404, "ERR004", f"(The cache '{cache_id}' was not found.)")

    def read(self, cube: Cube | EncodedCube) -> None:
        """Count that a cube is read, which loads it; raise the server's 500 where no cache of it is active."""
        caches = list(self.of(cube.id))
        active = next((cache for cache in caches if cache.active), None)
        if active is not None:
            active.loaded, active.hits = True, active.hits + 1
        elif caches:
            raise Refusal(500, "ERR001", f"(The cube '{cube.name}' is offline.)", iserver_code=CUBE_OFFLINE)

    def note_publication(self, cube_id: str) -> None:
        """Note that a cube was published anew."""
        self._deleted -= {(cube_id, node) for node in self.nodes}
        for cache in self.of(cube_id):
            cache.loaded, cache.active = True, True
            cache.earlier, cache.hits = cache.earlier + cache.hits, 0

    def alter(
        self, cache: CubeCache, *, loaded: bool | None, active: bool | None, seconds: float, failure: Refusal | None
    ) -> Manipulation:
        """Begin to change a cache, which takes so many seconds."""
        made = Manipulation(
            id=object_id("manipulation", cache.id, str(len(self.manipulations))),
            cache=cache,
            loaded=loaded,
            active=active,
            failure=failure,
        )
        self.manipulations[made.id] = made
        asyncio.get_running_loop().call_later(seconds, made.end)
        return made

    def delete(self, cache: CubeCache) -> bool:
        """Delete a cache; tell whether it was the last one of its cube."""
        self._deleted.add((cache.cube_id, cache.node))
        return not list(self.of(cache.cube_id))

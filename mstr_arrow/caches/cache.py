"""A cache: the copy of a cube's data on a node, and what can be done to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.arrays import make_table
from mstr_arrow.caches.alter import alter, delete, fetch_one
from mstr_arrow.responses import fields, identity, local_moment, optional_text, reading, text, whole_number

if TYPE_CHECKING:
    from datetime import datetime

    from mstr_arrow.session.session_client import Client

_STATES = ("active", "dirty", "infoDirty", "persisted", "processing")
_SCHEMA = pa.schema(
    {
        "cube": pa.string(),
        "cube_id": pa.string(),
        "node": pa.string(),
        "loaded": pa.bool_(),
        "active": pa.bool_(),
        "states": pa.list_(pa.string()),
        "last_update": pa.timestamp("s"),
        "last_update_job": pa.int64(),
        "rows": pa.int64(),
        "columns": pa.int64(),
        "size_bytes": pa.int64(),
        "hits": pa.int64(),
        "historic_hits": pa.int64(),
        "open_views": pa.int64(),
        "created": pa.timestamp("s"),
        "creator": pa.string(),
        "language": pa.string(),
        "id": pa.string(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeCache:
    """The copy of a cube's data on a node, at the time of the request.

    ``last_update`` is the time of the data's publication by the server's clock, without a time zone,
    ``last_update_job`` the job that published them. ``hits`` counts the reads since then, ``historic_hits`` all.
    ``states`` are the server's words, "loaded" or "unloaded" among them. Fields that it leaves out are None.
    """

    id: str
    cube: str
    cube_id: str
    node: str
    loaded: bool
    active: bool
    states: tuple[str, ...]
    last_update: datetime | None
    last_update_job: int | None
    rows: int | None
    columns: int | None
    size_bytes: int | None
    hits: int | None
    historic_hits: int | None
    open_views: int | None
    created: datetime | None
    creator: str | None
    language: str | None
    _client: Client = field(repr=False, compare=False)

    def load(self) -> CubeCache:
        """Load it into memory, and return it as it is then; one that is loaded stays as it is.

        PATCH /api/monitors/caches/cubes/{id}, then GET …/manipulations/{id}/status until that has ended, at most
        ``Timeouts.execute`` seconds. Raises PermissionDenied, TimeoutExceeded, and ServerError where it fails.
        """
        return self._client.run(self._alter({"loadedState": "loaded"}))

    async def load_async(self) -> CubeCache:
        """Load the cache as `load` does, without blocking the event loop."""
        return await self._client.bridge(self._alter({"loadedState": "loaded"}))

    def unload(self) -> CubeCache:
        """Take it out of memory, and return it as it is then; the server loads it again when it is read."""
        return self._client.run(self._alter({"loadedState": "unloaded"}))

    async def unload_async(self) -> CubeCache:
        """Unload the cache as `unload` does, without blocking the event loop."""
        return await self._client.bridge(self._alter({"loadedState": "unloaded"}))

    def activate(self) -> CubeCache:
        """Let it be read, and return it as it is then."""
        return self._client.run(self._alter({"active": True}))

    async def activate_async(self) -> CubeCache:
        """Activate the cache as `activate` does, without blocking the event loop."""
        return await self._client.bridge(self._alter({"active": True}))

    def deactivate(self) -> CubeCache:
        """Let it not be read, and return it as it is then."""
        return self._client.run(self._alter({"active": False}))

    async def deactivate_async(self) -> CubeCache:
        """Deactivate the cache as `deactivate` does, without blocking the event loop."""
        return await self._client.bridge(self._alter({"active": False}))

    def delete(self) -> None:
        """Delete it: **a cube without a cache is not published** until it is refreshed. DELETE …/cubes/{id}.

        One that is gone already is no error.
        """
        self._client.run(delete(self._client.http, self.id))

    async def delete_async(self) -> None:
        """Delete the cache as `delete` does, without blocking the event loop."""
        await self._client.bridge(delete(self._client.http, self.id))

    async def _alter(self, state: dict[str, object]) -> CubeCache:
        wanted = next(iter(state.values())) in {True, "loaded"}

        def reached(body: Any) -> bool:
            now = read_cache(body, self.node, self._client)
            return (now.active if "active" in state else now.loaded) is wanted

        body = await fetch_one(self._client.http, self.id)
        if not reached(body):
            body = await alter(self._client.http, self.id, state, reached)
        return read_cache(body, self.node, self._client)


class CubeCaches(list[CubeCache]):
    """A list of caches."""

    def table(self) -> pa.Table:
        """Return a row for each cache."""
        rows = [{name: getattr(cache, name) for name in _SCHEMA.names} for cache in self]
        return make_table(rows, _SCHEMA)


def read_cache(body: Any, node: str, client: Client) -> CubeCache:
    """Read a cache as the monitor lists it; errors: ProtocolError."""
    with reading(body, "a cache of a cube"):
        told = fields(body)
        source, state = fields(told["source"]), fields(told.get("state") or {})
        loaded = optional_text(state, "loadedState") or "loaded"
        return CubeCache(
            id=text(told, "id"),
            cube=text(source, "name"),
            cube_id=identity(source, "id"),
            node=node,
            loaded=loaded == "loaded",
            active=_is_true(state.get("active", True)),
            states=(loaded, *(name for name in _STATES if _is_true(state.get(name)))),
            last_update=local_moment(optional_text(told, "lastUpdateTime")),
            last_update_job=whole_number(told.get("lastUpdateJob")),
            rows=whole_number(told.get("rowCount")),
            columns=whole_number(told.get("columnCount")),
            size_bytes=whole_number(told.get("size")),
            hits=whole_number(told.get("hitCount")),
            historic_hits=whole_number(told.get("historicHitCount")),
            open_views=whole_number(told.get("openViewCount")),
            created=local_moment(optional_text(told, "creationTime")),
            creator=optional_text(told, "creatorName"),
            language=optional_text(told, "dataLanguage"),
            _client=client,
        )


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in {"true", "1"}

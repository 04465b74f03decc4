"""Calls to any endpoint of the REST API, for what this package has no name for."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from mstr_arrow.transport.answers import parsed

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from typing import Unpack

    from mstr_arrow.transport.http import Http, Wait

T = TypeVar("T")

_ABOUT_SESSION = frozenset({"auth", "sessions", "status", "projects"})
"""First segments of paths that get no project header."""


@dataclass(frozen=True, slots=True)
class Response:
    """An endpoint's successful answer; ``headers`` is case-insensitive, ``content`` unpacked bytes."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Return the body parsed; a body that is not JSON is a ProtocolError."""
        return parsed(self.content)


class Options(TypedDict, total=False):
    """What :meth:`~.transport.http.Http.request` takes beside method and path."""

    params: Mapping[str, object] | None
    json: object
    data: bytes | str | None
    headers: Mapping[str, str] | None
    project: bool | str | None
    safe: bool | None
    wait: Wait


class Endpoints(ABC):
    """The verbs, for a connection that knows how to run them."""

    @property
    @abstractmethod
    def http(self) -> Http:
        """The HTTP session, for use on the background loop."""

    @abstractmethod
    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine that uses :attr:`http` and wait for its result."""

    @abstractmethod
    async def bridge(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine that uses :attr:`http` from any event loop."""

    def request(self, method: str, path: str, **options: Unpack[Options]) -> Response:
        """Call any endpoint; ``path`` with or without leading slash and ``/api``.

        The project is sent where there is one, except to endpoints about the session itself; ``project=``
        decides otherwise. ``safe=True`` allows repetitions, ``wait="execute"`` a slow first byte; see
        :meth:`~.transport.http.Http.request`. An answer other than 2xx is raised as the error it means.
        Holds the body in memory once, twice while it is unpacked.
        """
        return self.run(self._request(method, path, options))

    async def request_async(self, method: str, path: str, **options: Unpack[Options]) -> Response:
        """Do what :meth:`request` does."""
        return await self.bridge(self._request(method, path, options))

    async def _request(self, method: str, path: str, options: Options) -> Response:
        first = path.strip("/").removeprefix("api/").split("?")[0].split("/")[0]
        options.setdefault("project", False if first in _ABOUT_SESSION else None)
        answer = await self.http.request(method, path, **options)
        content = await asyncio.to_thread(answer.content) if answer.encoding else answer.body
        return Response(answer.status, answer.headers, content)

    def get(self, path: str, **options: Unpack[Options]) -> Response:
        """Send a GET; see :meth:`request`."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Unpack[Options]) -> Response:
        """Send a POST; see :meth:`request`."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Unpack[Options]) -> Response:
        """Send a PUT; see :meth:`request`."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[Options]) -> Response:
        """Send a PATCH; see :meth:`request`."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[Options]) -> Response:
        """Send a DELETE; see :meth:`request`."""
        return self.request("DELETE", path, **options)

    async def get_async(self, path: str, **options: Unpack[Options]) -> Response:
        """Do what :meth:`get` does."""
        return await self.request_async("GET", path, **options)

    async def post_async(self, path: str, **options: Unpack[Options]) -> Response:
        """Do what :meth:`post` does."""
        return await self.request_async("POST", path, **options)

    async def put_async(self, path: str, **options: Unpack[Options]) -> Response:
        """Do what :meth:`put` does."""
        return await self.request_async("PUT", path, **options)

    async def patch_async(self, path: str, **options: Unpack[Options]) -> Response:
        """Do what :meth:`patch` does."""
        return await self.request_async("PATCH", path, **options)

    async def delete_async(self, path: str, **options: Unpack[Options]) -> Response:
        """Do what :meth:`delete` does."""
        return await self.request_async("DELETE", path, **options)

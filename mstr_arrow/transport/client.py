"""A connection, as its own calls, scans and objects see it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mstr_arrow.transport.http import Http
    from mstr_arrow.transport.session import ServerSession

T = TypeVar("T")


class Client(Protocol):
    """What keeps a session open, and runs the coroutines that use it on the background loop."""

    @property
    @abstractmethod
    def session(self) -> ServerSession:
        """The session on the server, for use on the background loop."""

    @property
    @abstractmethod
    def http(self) -> Http:
        """The session's requests, for use on the background loop."""

    @property
    @abstractmethod
    def server_version(self) -> str | None:
        """The Intelligence Server's version, None where it is not known."""

    @abstractmethod
    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and wait for its result."""

    @abstractmethod
    async def bridge(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine from any event loop."""

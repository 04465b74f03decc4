"""The part of a connection that scans, objects and uploads hold: its session, its way to the background loop."""

from __future__ import annotations

import asyncio
import os
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow import background
from mstr_arrow.errors import MstrError
from mstr_arrow.given import check_type
from mstr_arrow.http.blotting import blot
from mstr_arrow.session.in_project import SharedSession

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.project_http import ProjectHttp

T = TypeVar("T")


class Client:
    """An open session, closed with a warning when the last holder is gone."""

    def __init__(self, session: ProjectSession) -> None:
        self.session = session
        """The session on the server, for use on the background loop."""
        self._reopening = asyncio.Lock()
        self._pid = os.getpid()

    def __repr__(self) -> str:
        project = f" project={self.http.project.name!r}" if self.http.project else ""
        return f"<Connection {self.http.own.base}{project}{' closed' if self.http.closed else ''}>"

    @property
    def http(self) -> ProjectHttp:
        """Requests about the project, for use on the background loop."""
        return self.session.http

    @property
    def server_version(self) -> str | None:
        """The Intelligence Server's version, None where the server does not tell it."""
        return self.session.version

    @property
    def is_open(self) -> bool:
        """Whether the session can be used and has to be closed; False in a forked child."""
        return os.getpid() == self._pid and not self.http.closed

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine that uses `http` and wait for its result; see `run`."""
        self._check(coroutine)
        with self._blot_errors():
            return background.run(coroutine)

    async def bridge(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine that uses `http` from any event loop; see `bridge`."""
        self._check(coroutine)
        with self._blot_errors():
            return await background.bridge(coroutine)

    @contextmanager
    def _blot_errors(self) -> Iterator[None]:
        """Take secrets out of errors, which may quote a page with the session's token in it."""
        before = self.http.own.keys
        try:
            yield
        except MstrError as error:
            blot(error, [*before.secrets, *self.http.own.keys.secrets])
            raise

    def _check(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        try:
            self.http.check_usable()
        except BaseException:
            coroutine.close()
            raise

    async def hold(self) -> None:
        """Keep the session alive until it is closed."""
        self.session.hold()

    async def reopen(self) -> None:
        """Open the session again where closed; an open session stays as it is. Errors: ForkedError."""
        async with self._reopening:
            if self._pid != os.getpid() or not self.http.closed:
                self.http.check_usable()
            else:
                await self.session.reopen()

    def __del__(self) -> None:
        if not hasattr(self, "_pid") or not self.is_open:
            return
        if isinstance(self.session, SharedSession):
            return  # the connection it was made from is closed, or warns
        warnings.warn(f"{self!r} was never closed", ResourceWarning, source=self, stacklevel=2)
        background.spawn(self.session.aclose())


class Connected:
    """A holder of a client: the base of a connection."""

    def __init__(self, client: Client) -> None:
        self._client = client


def client_of(connection: Connected) -> Client:
    """Return the client of a connection. Errors: UsageError for any other object."""
    check_type("the connection", connection, Connected, "what connect() returned")
    return connection._client  # noqa: SLF001 - the one place that opens it

"""One session on the server: opened, kept alive while something needs it, and given back."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any, Literal

from mstr_arrow.auth.login import log_in, log_out
from mstr_arrow.errors import MstrError, ServerError, SessionExpired
from mstr_arrow.transport import background, events
from mstr_arrow.transport.http import Http
from mstr_arrow.transport.workingset import WorkingSet

if TYPE_CHECKING:
    from mstr_arrow.config import Settings

logger = logging.getLogger("mstr_arrow")

IDLE_SECONDS = 1800.0
"""The session time-out assumed where the server does not tell its own."""

WORKING_SET = 10
"""The instances that a session is taken to keep where the server does not tell their number."""


class ServerSession:
    """What a connection holds on the server. Lives on the background loop; given back by :meth:`aclose`.

    Until then it is registered with the background loop, so that a process which ends closes it.
    """

    def __init__(self, http: Http, status: dict[str, Any]) -> None:
        self.http = http
        self.status = status
        self.uploads: dict[str, Any] = {}
        """The upload under way of each dataset, by its id: the server takes one at a time."""
        self.orientation: Literal["COLUMN", "ROW"] | None = None
        """The orientation of uploaded chunks that the server was seen to take."""
        self.id_text_operators = True
        """Whether the server takes conditions such as Contains on ID forms, as far as was seen."""
        self.instances = WorkingSet(http, self._working_set, patience=http.settings.timeouts.execute)
        """The instances of cubes and reports that the session has on the server."""
        self._info: asyncio.Task[dict[str, Any]] | None = None
        self._resources: dict[int, background.Closable] = {}
        self._holders = 0
        self._keep_alive: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._pid = os.getpid()

    @classmethod
    async def open(
        cls, base: str, body: dict[str, object], project: str | None, settings: Settings
    ) -> ServerSession:
        """Ask for the status, log in and find the project; a failure on the way leaves nothing open.

        The status comes first, so that no password is sent to what is not a Library.
        """
        session = cls(Http(base, settings), {})
        background.keep(session)
        try:
            session.status = await _status(session.http)
            await session._log_in(body)
            session.http.tell(lambda: events.SessionOpened(base, session.version))
            if project is not None:
                await session.http.select_project(project)
        except BaseException:
            await session.aclose()
            raise
        return session

    @property
    def version(self) -> str | None:
        """The Intelligence Server's version, None where the server does not tell it."""
        return self.status.get("iServerVersion")

    async def _log_in(self, body: dict[str, object]) -> None:
        """Log in; a cancellation waits for the answer, because only that tells which session to log out."""
        login = asyncio.ensure_future(log_in(self.http, body, self.version))
        try:
            await asyncio.shield(login)
        except asyncio.CancelledError:
            await asyncio.wait([login], timeout=self.http.settings.timeouts.logout)
            login.cancel()
            await asyncio.gather(login, return_exceptions=True)
            raise

    def register(self, resource: background.Closable) -> None:
        """Close ``resource`` before the log-out, last registered first."""
        self._resources[id(resource)] = resource

    def unregister(self, resource: background.Closable) -> None:
        """Forget ``resource``: it was closed."""
        self._resources.pop(id(resource), None)

    def hold(self) -> None:
        """Keep the session alive until as many :meth:`release` calls as ``hold`` calls were made."""
        self._holders += 1
        if self._keep_alive is None and self._closing is None:
            self._keep_alive = asyncio.ensure_future(self._stay_alive())

    def release(self) -> None:
        """End one :meth:`hold`."""
        self._holders -= 1
        if self._holders == 0 and self._keep_alive is not None:
            self._keep_alive.cancel()
            self._keep_alive = None

    async def _stay_alive(self) -> None:
        """Renew the session three times per time-out. Wire reference, section 1.4."""
        interval = await self._timeout() / 3
        while True:
            await asyncio.sleep(interval)
            try:
                await self.http.request("PUT", "sessions", project=False, safe=True)
                self.http.tell(lambda: events.SessionRenewed(self.http.base))
            except SessionExpired:
                logger.debug("the session expired; keep-alive ends")
                return
            except MstrError as error:
                logger.debug("keep-alive failed, will be tried again: %s", type(error).__name__)

    async def _timeout(self) -> float:
        seconds = _number((await self._told()).get("timeout"))
        return seconds if seconds > 0 else IDLE_SECONDS

    async def _working_set(self) -> int:
        size = int(_number((await self._told()).get("workingSet")))
        return size if size > 0 else WORKING_SET

    async def _told(self) -> dict[str, Any]:
        """Return what the server says about the session, asked once; nothing where it does not say."""
        if self._info is None:
            self._info = asyncio.ensure_future(_about(self.http))
        return await asyncio.shield(self._info)

    async def aclose(self) -> None:
        """Close what is registered, log out, close the connections; callable often, ends in bounded time."""
        if os.getpid() != self._pid:
            return
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    def abandon(self) -> None:
        """Forget the session in a forked child."""
        self.http.abandon()

    async def _close(self) -> None:
        limit = self.http.settings.timeouts.logout
        try:
            if self._keep_alive is not None:
                self._keep_alive.cancel()
            resources = [_closed(resource, limit) for resource in reversed(self._resources.values())]
            await asyncio.gather(*resources)
            opened, confirmed = self.http.token is not None, await log_out(self.http)
            if opened:
                self.http.tell(lambda: events.SessionClosed(self.http.base, confirmed))
        finally:
            await self.http.aclose()
            background.drop(self)


async def _closed(resource: background.Closable, limit: float) -> None:
    """Close one resource within ``limit`` seconds; its failure must not keep the session open."""
    try:
        async with asyncio.timeout(limit):
            await resource.aclose()
    except Exception as error:  # noqa: BLE001  whatever it is, the log-out comes next
        logger.debug("closing %s failed: %s", type(resource).__name__, type(error).__name__)


def _number(value: object) -> float:
    """Read a number that may come as text, or not at all: then it is 0."""
    try:
        return float(value)  # type: ignore[arg-type]  # anything JSON can hold may stand here
    except (TypeError, ValueError):
        return 0.0


async def _about(http: Http) -> dict[str, Any]:
    """Return what the server says about the session. GET /api/sessions, wire reference, section 1.4."""
    try:
        info = (await http.request("GET", "sessions", project=False)).json()
    except MstrError as error:
        logger.debug("the session's settings are not known: %s", type(error).__name__)
        return {}
    return info if isinstance(info, dict) else {}


async def _status(http: Http) -> dict[str, Any]:
    """Return the server's status; nothing where a guarded Library keeps it to itself. Section 1.7."""
    try:
        answer = await http.request("GET", "status", project=False)
    except ServerError as error:
        if error.status in {401, 403}:
            return {}
        raise
    status = answer.json()
    return status if isinstance(status, dict) else {}

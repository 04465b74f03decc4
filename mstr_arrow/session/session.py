"""One session on the server: opened, kept alive while in use, and closed."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, TypeVar

from mstr_arrow import background, events
from mstr_arrow.errors import SessionExpired
from mstr_arrow.http.client import Http
from mstr_arrow.http.cookies import SessionKeys
from mstr_arrow.http.subject import ENDED
from mstr_arrow.session.capabilities import Capabilities
from mstr_arrow.session.info import (
    ServerStatus,
    SessionInfo,
    fetch_session_info,
    fetch_status,
    find_session_info,
)
from mstr_arrow.session.keepalive import KeepAlive
from mstr_arrow.session.login import log_in, log_out
from mstr_arrow.session.renewal import Renewal
from mstr_arrow.session.working_set import WorkingSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.config import Settings
    from mstr_arrow.session.access import Access, Resolved
    from mstr_arrow.session.saved_session import SavedSession

T = TypeVar("T")

logger = logging.getLogger("mstr_arrow")

IDLE_SECONDS = 1800.0
"""The session time-out assumed where the server does not tell its own."""

WORKING_SET = 10
"""The instances that a session is taken to keep where the server does not tell their number."""


class ServerSession:
    """A session, in all projects where it is used. Lives on the background loop until `aclose`.

    The background loop knows each open session, so that a process that ends closes the session. When the server has
    ended the session, the next request opens a new one (see `Renewal`).
    """

    def __init__(self, access: Access, base: str, settings: Settings) -> None:
        self.http = Http(base, settings)
        self._access = access
        self._pid = os.getpid()
        self.handed_over = False
        """Whether others may use it, too: it was saved, or delegated."""
        self._resources: dict[int, tuple[background.Closable, Callable[[], object] | None]] = {}
        self._keep_alive = KeepAlive(self._timeout)
        self._begin()

    def _begin(self) -> None:
        """Set what is known of a session that is still to be opened."""
        self.status = ServerStatus()
        self.capabilities = Capabilities()
        self.instances = WorkingSet(
            self._ask_size, patience=self.http.settings.timeouts.execute, tell=self.http.tell
        )
        """The instances of cubes and reports that the session has on the server."""
        self.lost_uploads: set[str] = set()
        """The datasets of which the session may have an upload session that nobody knows: its answer was lost."""
        why_not = self._access.why_not_renewed
        log_in = None if why_not else self._log_in_again
        self._renewal = Renewal(self.http, log_in, self._log_out, why_not or "")
        self._left_open = False
        self._info: asyncio.Task[SessionInfo] | None = None
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, access: Access, resolved: Resolved, settings: Settings) -> ServerSession:
        """Fetch the status and log in; a failure leaves no session open. GET /api/status, POST /api/auth/login.

        The status comes first, so that no password goes to a server that is not a Library.
        """
        session = cls(access, resolved.base, settings)
        await session._open(resolved)
        return session

    async def open_another(self, settings: Settings | None = None) -> ServerSession | None:
        """Log in once more with the same credentials, fetched anew; None where the connection cannot.

        ``settings`` are by default those of this session.
        """
        if not self.owned:
            return None
        return await ServerSession.open(self._access, await self._access.resolve(), settings or self.http.settings)

    async def reopen(self) -> None:
        """Open the session again after `aclose`, with credentials fetched anew."""
        resolved = await self._access.resolve()
        self.http.reopen(resolved.base)
        self._begin()
        await self._open(resolved)

    async def _open(self, resolved: Resolved) -> None:
        background.keep(self)
        http = self.http
        try:
            self.status = await fetch_status(http, http.keys)
            if resolved.saved is None:
                await self._log_in(resolved)
            else:
                await self._take_over(resolved.saved)
            http.renew = self._renewal
            http.tell(lambda: events.SessionOpened(resolved.base, self.version))
            self._keep_alive.start(http)
        except BaseException:
            await self.aclose()
            raise

    @property
    def owned(self) -> bool:
        """Whether the connection opened the session, and logs out at the end."""
        return self._access.owned

    def leave_open(self) -> None:
        """Make `aclose` not log out by default, so that the server goes on with the session's work."""
        self._left_open = True

    @property
    def logs_out(self) -> bool:
        """Whether `aclose` logs out by default."""
        return self._access.owned and not self._left_open

    @property
    def version(self) -> str | None:
        """The Intelligence Server's version, None where the server does not tell it."""
        return self.status.server_version

    def register(self, resource: background.Closable, *, lost: Callable[[], object] | None = None) -> None:
        """Register ``resource``, to be closed before the log-out, last registered first.

        ``lost`` is called when the server has ended the session, and a new one was opened.
        """
        self._resources[id(resource)] = resource, lost

    def unregister(self, resource: background.Closable) -> None:
        """Forget ``resource``, which is closed."""
        self._resources.pop(id(resource), None)

    def resources_of(self, kind: type[T]) -> list[T]:
        """Return the registered resources of one kind."""
        return [resource for resource, _ in self._resources.values() if isinstance(resource, kind)]

    def hold(self) -> None:
        """Keep the session alive until as many `release` calls as ``hold`` calls were made."""
        self._keep_alive.hold()

    def release(self) -> None:
        """End one `hold`."""
        self._keep_alive.release()

    async def renew(self) -> None:
        """Log out and in again, with credentials fetched anew. Errors: UsageError where the user must do so."""
        await self._renewal.anew()

    async def aclose(self, *, log_out: bool | None = None) -> None:
        """Close the registered resources, log out, close the connections; in bounded time. May be called again.

        ``log_out`` is by default `logs_out`; the first call decides.
        """
        if os.getpid() != self._pid:
            return
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close(self.logs_out if log_out is None else log_out))
        await asyncio.shield(self._closing)

    def abandon(self) -> None:
        """Forget the session in a forked child."""
        self.http.abandon()

    async def _log_in(self, resolved: Resolved) -> None:
        """Log in; a cancellation waits for the answer, because only that tells which session to log out."""
        http = self.http
        login = asyncio.ensure_future(log_in(http, http.keys, resolved.body, self.version))
        try:
            await asyncio.shield(login)
        except asyncio.CancelledError:
            await asyncio.wait([login], timeout=http.settings.timeouts.logout)
            login.cancel()
            await asyncio.gather(login, return_exceptions=True)
            raise

    async def _log_in_again(self) -> SessionKeys:
        """Open another session, perhaps at another URL; nothing of the former one is left in it."""
        resolved = await self._access.resolve()
        keys = SessionKeys(resolved.base)
        if resolved.base != self.http.base:
            self.status = await fetch_status(self.http, keys)
            self.capabilities = Capabilities()
        await log_in(self.http, keys, resolved.body, self.version)
        for _, lost in list(self._resources.values()):
            if lost is not None:
                lost()
        self.instances.session_ended()
        self.lost_uploads.clear()
        self._info = None
        self.http.tell(lambda: events.SessionOpened(resolved.base, self.version))
        return keys

    async def _take_over(self, saved: SavedSession) -> None:
        """Use a session that was opened elsewhere, if it still lives."""
        self.http.keys.restore(saved.token, saved.cookies)
        try:
            await fetch_session_info(self.http, self.http.keys)
        except SessionExpired as error:
            raise SessionExpired(
                "the session that was given has ended, or its cookies are missing.",
                status=error.status,
                code=error.code,
                ticket_id=error.ticket_id,
                hint=f"Log in again, and save that session. {ENDED}",
            ) from error

    async def _timeout(self) -> float:
        return (await self._get_info()).timeout or IDLE_SECONDS

    async def _ask_size(self) -> int:
        return (await self._get_info()).working_set or WORKING_SET

    async def _get_info(self) -> SessionInfo:
        """Return the server's description of the session, asked once."""
        if self._info is None:
            self._info = asyncio.ensure_future(find_session_info(self.http))
        return await asyncio.shield(self._info)

    async def _log_out(self, keys: SessionKeys) -> None:
        if self._access.owned:
            await log_out(self.http, keys)

    async def _close(self, logging_out: bool) -> None:
        limit = self.http.settings.timeouts.logout
        try:
            self._keep_alive.stop()
            self.http.renew = None
            resources = [close_in_time(resource, limit) for resource, _ in reversed(self._resources.values())]
            await asyncio.gather(self._renewal.stop(limit), *resources)
            if self.http.token is not None:
                confirmed = logging_out and await log_out(self.http, self.http.keys)
                self.http.tell(lambda: events.SessionClosed(self.http.base, confirmed))
        finally:
            await self.http.aclose()
            background.drop(self)


async def close_in_time(resource: background.Closable, limit: float) -> None:
    """Close one resource within ``limit`` seconds; its failure must not keep the session open."""
    try:
        async with asyncio.timeout(limit):
            await resource.aclose()
    except Exception as error:  # noqa: BLE001  whatever it is, the log-out comes next
        logger.debug("closing %s failed: %s", type(resource).__name__, type(error).__name__)

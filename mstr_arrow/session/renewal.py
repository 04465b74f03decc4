"""A new session in place of an expired one, opened once for all requests that met the end of the old session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mstr_arrow.errors import LoginError, MstrError, SessionExpired, UsageError
from mstr_arrow.http.error_map import code_number
from mstr_arrow.http.subject import ENDED, facts
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mstr_arrow.http.client import Http
    from mstr_arrow.http.cookies import SessionKeys

    LogIn = Callable[[], Awaitable[SessionKeys]]
    LogOut = Callable[[SessionKeys], Awaitable[object]]

_EXPIRED = 9


class Renewal:
    """Opens a new session where the server refuses the keys of the present session; on the background loop only.

    ``log_in`` opens a session and returns the keys. Without ``log_in`` no renewal is possible, and ``why_not`` is
    the reason in the error. ``log_out`` ends the old session before the new session is opened, never after, since a
    log-out may end all sessions of the user. All refused requests wait for one log-in; later requests use the new
    keys. Refused credentials are not sent again before `anew` is called, since a repeated failure may lock
    the user out.
    """

    def __init__(self, http: Http, log_in: LogIn | None, log_out: LogOut, why_not: str = "") -> None:
        self._http = http
        self._log_in = log_in
        self._log_out = log_out
        self._why_not = why_not
        self._under_way: asyncio.Future[None] | None = None
        self._refused: tuple[SessionKeys, LoginError] | None = None

    async def __call__(self, refused: SessionKeys, error: SessionExpired) -> None:
        """Replace the keys that were ``refused``. Errors: SessionExpired where no new session can be opened."""
        if self._http.keys is not refused:
            return
        if self._log_in is None:
            raise SessionExpired(
                f"the session has ended, and {self._why_not}", **facts(error), hint=f"{ENDED} Connect anew."
            ) from None
        if self._refused is not None and self._refused[0] is refused:
            raise _not_again(error, self._refused[1]) from self._refused[1]
        try:
            await self._one_log_in(self._log_in, log_out=not _tells_the_end(error))
        except MstrError as failure:
            raise _not_again(error, failure) from failure

    async def anew(self) -> None:
        """End the present session, then open a new one, even after a renewal that failed."""
        if self._log_in is None:
            raise UsageError(
                naming("no other session can be opened: {why}", why=self._why_not), hint="Connect anew."
            )
        if self._under_way is not None:
            await asyncio.wait([self._under_way])
        self._refused = None
        await self._one_log_in(self._log_in, log_out=True)

    async def stop(self, seconds: float) -> None:
        """Wait for a log-in under way, whose response tells which session to log out; then stop."""
        if self._under_way is not None:
            await asyncio.wait([self._under_way], timeout=seconds)
        if self._under_way is not None:
            self._under_way.cancel()

    async def _one_log_in(self, log_in: LogIn, *, log_out: bool) -> None:
        """Take part in the log-in that is under way, or start one; it goes on when a caller gives up waiting."""
        if self._under_way is None:
            self._under_way = asyncio.ensure_future(self._replace_keys(log_in, log_out=log_out))
            self._under_way.add_done_callback(self._end)
        await asyncio.shield(self._under_way)

    def _end(self, future: asyncio.Future[None]) -> None:
        self._under_way = None
        if not future.cancelled():
            future.exception()  # looked at: its callers may have gone

    async def _replace_keys(self, log_in: LogIn, *, log_out: bool) -> None:
        old = self._http.keys
        if log_out:
            await self._log_out(old)
        try:
            self._http.keys = await log_in()
        except LoginError as refusal:
            self._refused = old, refusal
            raise


def _tells_the_end(error: SessionExpired) -> bool:
    """Say whether an error tells that the session has ended; a 401 of a gateway's leaves that open."""
    return code_number(error.code) == _EXPIRED


def _not_again(error: SessionExpired, failure: MstrError) -> SessionExpired:
    return SessionExpired(
        f"the session has ended, and no other could be opened: {failure}", **facts(error), hint=ENDED
    )

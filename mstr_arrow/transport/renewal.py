"""Another session in place of one that has expired: opened once for all requests that met its end."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import InstanceGone, LoginError, MstrError, SessionExpired, UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from mstr_arrow.transport.http import Http
    from mstr_arrow.transport.keys import SessionKeys

    LogIn = Callable[[], Awaitable[SessionKeys]]

ENDED = "It was idle for too long, or its user logged out elsewhere, which ends all sessions of a user."
"""What may have ended a session: the server tells the same of both (wire reference, section 1.4)."""

_OF_SESSION = re.compile(r"/(instances|uploadSessions)/[^/]+")
_HEADERS_OF_SESSION = frozenset({"x-mstr-ms-instance", "x-mstr-ms-changeset", "x-mstr-datamodelinstanceid"})


def lost_with_session(
    error: SessionExpired, params: Iterable[str] = (), headers: Iterable[str] = ()
) -> SessionExpired | InstanceGone | None:
    """Return the error of a request about something that was the dead session's; None where it was not.

    Instances, upload sessions, results of a search and instances of a data model end with their session. An
    instance that is gone is told like one that was evicted, because the same helps: make another.

    >>> expired = SessionExpired("expired", path="/api/v2/cubes/C1/instances/I1")
    >>> type(lost_with_session(expired)).__name__, lost_with_session(SessionExpired("x", path="/api/projects"))
    ('InstanceGone', None)
    """
    found = _OF_SESSION.search(error.path or "")
    searched = "searchId" in params
    if not found and not searched and _HEADERS_OF_SESSION.isdisjoint(map(str.lower, headers)):
        return None
    instance = found is not None and found.group(1) == "instances"
    what = "instance" if instance else "upload session" if found else "search" if searched else "model instance"
    return (InstanceGone if instance else SessionExpired)(
        f"the session expired, and with it the {what} that this request was about; another session was opened.",
        **_facts(error),
        hint=f"Start again. {ENDED}",
    )


class Renewal:
    """Opens another session where the server refuses the keys of the present one; on the background loop only.

    ``log_in`` opens one and returns its keys. Without it nobody can, and ``why_not`` is what is told then. All
    requests that were refused wait for one log-in; those that come later go on with the new keys. Credentials that
    were refused are not sent again, as that may lock the user out, before :meth:`anew` is called.
    """

    def __init__(self, http: Http, log_in: LogIn | None, why_not: str = "") -> None:
        self._http = http
        self._log_in = log_in
        self._why_not = why_not
        self._under_way: asyncio.Future[None] | None = None
        self._refused: tuple[SessionKeys, LoginError] | None = None

    async def __call__(self, refused: SessionKeys, error: SessionExpired) -> None:
        """Put other keys in place of those that were ``refused``; raises SessionExpired if it cannot."""
        if self._http.keys is not refused:
            return
        if self._log_in is None:
            raise SessionExpired(
                f"the session has ended, and {self._why_not}", **_facts(error), hint=f"{ENDED} Connect anew."
            ) from None
        if self._refused is not None and self._refused[0] is refused:
            raise _not_again(error, self._refused[1]) from self._refused[1]
        try:
            await self._one_log_in(self._log_in)
        except MstrError as failure:
            raise _not_again(error, failure) from failure

    async def anew(self, end: Callable[[SessionKeys], Awaitable[object]]) -> None:
        """Let ``end`` end the present session, then open another, whatever became of earlier tries."""
        if self._log_in is None:
            raise UsageError(f"no other session can be opened: {self._why_not}", hint="Connect anew.")
        if self._under_way is not None:
            await asyncio.wait([self._under_way])
        self._refused = None
        await self._one_log_in(self._log_in, end)

    async def stop(self, seconds: float) -> None:
        """Wait for a log-in that is under way, as only its answer tells which session to log out; then end it."""
        if self._under_way is not None:
            await asyncio.wait([self._under_way], timeout=seconds)
        if self._under_way is not None:
            self._under_way.cancel()

    async def _one_log_in(
        self, log_in: LogIn, end: Callable[[SessionKeys], Awaitable[object]] | None = None
    ) -> None:
        """Take part in the log-in that is under way, or start one; whoever gives up waiting does not end it."""
        if self._under_way is None:
            self._under_way = asyncio.ensure_future(self._replace_keys(log_in, end))
            self._under_way.add_done_callback(self._done)
        await asyncio.shield(self._under_way)

    def _done(self, future: asyncio.Future[None]) -> None:
        self._under_way = None
        if not future.cancelled():
            future.exception()  # looked at: whoever waited may have gone

    async def _replace_keys(self, log_in: LogIn, end: Callable[[SessionKeys], Awaitable[object]] | None) -> None:
        old = self._http.keys
        if end is not None:
            await end(old)
        try:
            self._http.keys = await log_in()
        except LoginError as refusal:
            self._refused = old, refusal
            raise


def _not_again(error: SessionExpired, failure: MstrError) -> SessionExpired:
    return SessionExpired(
        f"the session has ended, and no other could be opened: {failure}", **_facts(error), hint=ENDED
    )


def _facts(error: SessionExpired) -> dict[str, Any]:
    """Return what the server's answer told, for an error with another text."""
    return {
        name: getattr(error, name) for name in ("status", "code", "iserver_code", "ticket_id", "method", "path")
    }

"""Calls about the session, the session's user and the server."""

from __future__ import annotations

from mstr_arrow.errors import SessionExpired
from mstr_arrow.masked import Masked
from mstr_arrow.session.info import (
    ServerStatus,
    SessionInfo,
    UserInfo,
    fetch_session_info,
    fetch_status,
    fetch_user,
)
from mstr_arrow.session.session_client import Connected
from mstr_arrow.session.tokens import create_api_token, create_identity_token, validate_identity_token


class SessionCalls(Connected):
    """The calls of a connection about the session itself."""

    @property
    def has_session(self) -> bool:
        """Whether the server still knows the session. GET /api/sessions, without opening another session.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.has_session
        True
        """
        return not self._client.http.closed and self._client.run(self._has_session())

    async def has_session_async(self) -> bool:
        """Tell whether the session is known as `has_session` does, without blocking the event loop."""
        return not self._client.http.closed and await self._client.bridge(self._has_session())

    async def _has_session(self) -> bool:
        try:
            await fetch_session_info(self._client.http.own, self._client.http.own.keys)
        except SessionExpired:
            return False
        return True

    def status(self) -> ServerStatus:
        """Return the server's versions, and the time of the server's start. GET /api/status.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.status().server_version
        '11.5.0900.00123'
        """
        return self._client.run(self._status())

    async def status_async(self) -> ServerStatus:
        """Return the server's versions as `status` does, without blocking the event loop."""
        return await self._client.bridge(self._status())

    async def _status(self) -> ServerStatus:
        return await fetch_status(self._client.http.own, self._client.http.own.keys)

    def session_info(self) -> SessionInfo:
        """Return the session's idle time-out (seconds), working set (instances) and locales. GET /api/sessions.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     info = conn.session_info()
        ...     info.timeout, info.number_locale
        (1800.0, 'en_us')
        """
        return self._client.run(fetch_session_info(self._client.http.own))

    async def session_info_async(self) -> SessionInfo:
        """Return the description of the session as `session_info` does, without blocking the event loop."""
        return await self._client.bridge(fetch_session_info(self._client.http.own))

    def extend_session(self) -> None:
        """Restart the session's idle time; open a session that has ended again. PUT /api/sessions.

        Within the connection's context, and during a read or an upload, the client extends the session by itself.
        """
        self._client.run(self._extend())

    async def extend_session_async(self) -> None:
        """Restart the session's idle time as `extend_session` does, without blocking the event loop."""
        await self._client.bridge(self._extend())

    async def _extend(self) -> None:
        await self._client.http.own.request("PUT", "sessions", safe=True)

    def user_info(self) -> UserInfo:
        """Return the server's whole description of the user. GET /api/sessions/userInfo.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.user_info().in_metadata
        True
        """
        return self._client.run(fetch_user(self._client.http.own))

    async def user_info_async(self) -> UserInfo:
        """Return the description of the user as `user_info` does, without blocking the event loop."""
        return await self._client.bridge(fetch_user(self._client.http.own))

    def renew(self) -> None:
        """Log out and in again, with credentials fetched anew, as after a change of the password.

        The instances, uploads and publications of the former session are lost. An expired session needs no call:
        the next request logs in again. POST /api/auth/logout and /api/auth/login. Raises UsageError for a session
        that was opened elsewhere, and LoginError where the server refuses the credentials.
        """
        self._client.run(self._client.session.whole.renew())

    async def renew_async(self) -> None:
        """Log out and in again as `renew` does, without blocking the event loop."""
        await self._client.bridge(self._client.session.whole.renew())

    def identity_token(self) -> str:
        """Return a token that opens a session as this user elsewhere: a secret. POST /api/auth/identityToken.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     with ma.connect(url, identity_token=conn.identity_token()) as delegated:
        ...         delegated.user().name
        'demo'
        """
        return self._client.run(self._delegate())

    async def identity_token_async(self) -> str:
        """Return an identity token as `identity_token` does, without blocking the event loop."""
        return await self._client.bridge(self._delegate())

    async def _delegate(self) -> str:
        self._client.session.whole.handed_over = True
        return await create_identity_token(self._client.http.own)

    def validate_identity_token(self, token: str) -> bool:
        """Tell whether the server accepts an identity token. GET /api/auth/identityToken.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.validate_identity_token(conn.identity_token())
        True
        """
        masked, token = Masked(token), ""  # for tracebacks that show variables
        return self._client.run(validate_identity_token(self._client.http.own, masked))

    async def validate_identity_token_async(self, token: str) -> bool:
        """Check an identity token as `validate_identity_token` does, without blocking the event loop."""
        masked, token = Masked(token), ""
        return await self._client.bridge(validate_identity_token(self._client.http.own, masked))

    def create_api_token(self, user_id: str | None = None) -> str:
        """Return a token for ``connect(api_key=…)``, which is a secret. POST /api/auth/apiTokens.

        ``user_id`` is for administrators, who may make a token for another user. Servers have this call from April
        2025 on.
        """
        return self._client.run(create_api_token(self._client.http.own, user_id))

    async def create_api_token_async(self, user_id: str | None = None) -> str:
        """Return a token for log-ins as `create_api_token` does, without blocking the event loop."""
        return await self._client.bridge(create_api_token(self._client.http.own, user_id))

"""The way in: log in, by whatever credentials there are, and get an open connection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.config import Settings
from mstr_arrow.connection import Connection
from mstr_arrow.given import check_type
from mstr_arrow.http.url import base_url
from mstr_arrow.masked import mask
from mstr_arrow.session.access import access_from
from mstr_arrow.session.opening import open_session, open_session_async, warn_if_insecure
from mstr_arrow.session.session_client import Client

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from mstr_arrow.config import Credential
    from mstr_arrow.events import OnEvent
    from mstr_arrow.session.access import Access
    from mstr_arrow.session.saved_session import Source

DEFAULTS = Settings()


def connect(
    url: Credential | None = None,
    *,
    username: Credential | None = None,
    password: Credential | None = None,
    login_mode: int | None = None,
    api_key: Credential | None = None,
    identity_token: Credential | None = None,
    session: Source | None = None,
    project: str | None = None,
    settings: Settings = DEFAULTS,
    on_event: OnEvent | None = None,
) -> Connection:
    """Log in and return the open connection.

    ``url`` is the Library's, in any spelling: `base_url` lists them. What goes together:

    ==================================  ==============================================================
    ``username``, ``password``          a user of the server; with ``login_mode=16`` one of LDAP
    ``api_key``                         an API token, see `Connection.create_api_token`
    ``identity_token``                  a session like the one that made the token, which is never logged out
    ``session``                         a session that somebody else opened: what `Connection.save_session`
                                        returned, the JSON of mstr-rest-requests, or
                                        ``{"base_url": …, "token": …, "cookies": {…}}``, as a dict, as text or as
                                        the path of a file. It is not logged out either; ``url`` may be left out
    none of them                        a guest
    ==================================  ==============================================================

    The URL and each credential may be a function, plain or ``async``, such as those of `mstr_arrow.secrets`:
    it is called now, and again when the session has ended and another is opened. That happens by itself, once for
    all requests that meet the end, which then go on; see `Connection.renew`.

    ``project`` is a name or an id; without it, the only project the login may use, or a UsageError at the first
    call that needs one. ``on_event`` is told what happens on the network, see `mstr_arrow.events`.
    Calls GET /api/status, POST /api/auth/login (for an identity token …/delegate, for a session that is there GET
    /api/sessions) and, given a project, GET /api/projects.

    Raises UsageError for arguments that contradict each other, LoginError for wrong credentials, SessionExpired for
    a session that has ended, NotFound for a wrong project (its hint lists them) or a URL that is not a
    Library's, ConnectError, TlsError or TimeoutExceeded when nothing answers.

    >>> with ma.connect(url, username=user, password=lambda: password, project="Simulated Retail") as conn:
    ...     conn.project_name
    'Simulated Retail'
    """
    # For tracebacks that show variables: nothing from here on holds a secret as it is.
    password, api_key, identity_token = mask(password), mask(api_key), mask(identity_token)
    taken, session = mask(session), None
    access = access_from(
        url,
        username=username,
        password=password,
        login_mode=login_mode,
        api_key=api_key,
        identity_token=identity_token,
        session=taken,
    )
    settings = _complete(settings, access, on_event)
    return Connection(Client(open_session(access, project, settings)))


def connect_async(
    url: Credential | None = None,
    *,
    username: Credential | None = None,
    password: Credential | None = None,
    login_mode: int | None = None,
    api_key: Credential | None = None,
    identity_token: Credential | None = None,
    session: Source | None = None,
    project: str | None = None,
    settings: Settings = DEFAULTS,
    on_event: OnEvent | None = None,
) -> Opening:
    """Log in without blocking: await what this returns, or enter it with ``async with``.

    Arguments and errors are those of `connect`; a plain function runs in a thread.
    """
    # For tracebacks that show variables: nothing from here on holds a secret as it is.
    password, api_key, identity_token = mask(password), mask(api_key), mask(identity_token)
    taken, session = mask(session), None
    access = access_from(
        url,
        username=username,
        password=password,
        login_mode=login_mode,
        api_key=api_key,
        identity_token=identity_token,
        session=taken,
    )
    return Opening(access, project, _complete(settings, access, on_event))


def _complete(settings: Settings, access: Access, on_event: OnEvent | None) -> Settings:
    """Complete the settings, and warn the caller's caller before a password that others can read is asked for."""
    check_type("settings", settings, Settings, "a Settings")
    if isinstance(access.url, str):
        warn_if_insecure(base_url(access.url), settings, stacklevel=4)
    return settings if on_event is None else replace(settings, on_event=on_event)


class Opening:
    """A connection about to be opened: await it, or enter it."""

    def __init__(self, access: Access, project: str | None, settings: Settings) -> None:
        self._access = access
        self._project = project
        self._settings = settings
        self._connection: Connection | None = None

    def __await__(self) -> Generator[Any, None, Connection]:
        return self._open().__await__()

    async def _open(self) -> Connection:
        return Connection(Client(await open_session_async(self._access, self._project, self._settings)))

    async def __aenter__(self) -> Connection:
        self._connection = await self._open()
        return await self._connection.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await self._connection.__aexit__(kind, error, trace)

"""Log in and out. Wire reference, sections 1.3, 1.4 and 1.6."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mstr_arrow.errors import ProtocolError, ServerError
from mstr_arrow.http.blotting import blot_out
from mstr_arrow.http.cookies import TOKEN
from mstr_arrow.http.iserver import TOO_MANY_SESSIONS
from mstr_arrow.http.response import excerpt
from mstr_arrow.http.subject import Subject
from mstr_arrow.http.version import at_least
from mstr_arrow.session.login_modes import LoginMode

if TYPE_CHECKING:
    from mstr_arrow.http.client import Http
    from mstr_arrow.http.cookies import SessionKeys
    from mstr_arrow.http.response import Response

logger = logging.getLogger("mstr_arrow")

PYTHON_CLIENT = 76
WEB_CLIENT = 35
PYTHON_CLIENT_SINCE = "11.5.0600"

_LOST = (
    "The answer to a log-in was lost just now: the session that it may have opened counts until its own time-out."
)

LOCALE = {
    "displayLocale": "en_us",
    "numberLocale": "en_us",
    "messagesLocale": "en_us",
    "timeZone": "UTC",
}
"""Pinned so that texts of dates and numbers, and date constants in filters, mean the same for every user.

The locales of the metadata and of the warehouse's data are left to the user's own preference, or to
`SessionSettings`: they decide in which language names and elements come.
"""


async def log_in(http: Http, keys: SessionKeys, body: dict[str, object], version: str | None) -> None:
    """Open a session, and put the token and cookies into ``keys``. POST /api/auth/login.

    ``body`` comes from a login mode. A server that does not know the Python client's application type gets that of
    a web client. Where the response is lost, the function logs in once more, except by an identity token, which
    serves once; the session that may be open then lives until the server's time-out. Errors: LoginError,
    ProtocolError.
    """
    if body["loginMode"] == LoginMode.DELEGATED:
        await _post(http, keys, "auth/delegate", body)
        return
    lost = _Lost()
    try:
        await _log_in_as_client(http, keys, body, version, lost)
    except ServerError as error:
        if lost.times and error.iserver_code in TOO_MANY_SESSIONS:
            error.add_hint(_LOST)
        raise


class _Lost:
    """Log-ins whose answer was lost; one is repeated."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> bool:
        self.times += 1
        return self.times == 1


async def _log_in_as_client(
    http: Http, keys: SessionKeys, body: dict[str, object], version: str | None, lost: _Lost
) -> None:
    chosen = http.settings.session
    request = {**body, **LOCALE, **chosen.members()}
    if chosen.application_type is not None:
        await _post(http, keys, "auth/login", {**request, "applicationType": chosen.application_type}, lost)
        return
    python_client = at_least(version, PYTHON_CLIENT_SINCE)
    try:
        first = PYTHON_CLIENT if python_client else WEB_CLIENT
        await _post(http, keys, "auth/login", {**request, "applicationType": first}, lost)
    except ServerError as error:
        if not python_client or "constraint violation" not in error.message.lower():
            raise
        await _post(http, keys, "auth/login", {**request, "applicationType": WEB_CLIENT}, lost)


async def _post(
    http: Http, keys: SessionKeys, path: str, body: dict[str, object], lost: _Lost | None = None
) -> None:
    keys.token = await http.read(
        "POST", path, _token, json=body, subject=Subject.LOG_IN, wait="execute", keys=keys, lost=lost
    )


def _token(response: Response) -> str:
    """Return the token of a session that was opened; errors: ProtocolError."""
    token = response.headers.get(TOKEN)
    if not token:
        raise ProtocolError(
            f"the log-in was answered with HTTP {response.status}, without the header {TOKEN}{_start(response)}.",
            hint="Is the URL the Library's own, with no log-in page or gateway in front?",
        )
    return token


def _start(response: Response) -> str:
    """Show what came in place of a token: a log-in has no body."""
    try:
        start = excerpt(blot_out(response.content(), response.secrets))
    except ProtocolError:
        return ""
    return f", and with a body that starts with {start!r}" if start else ""


async def log_out(http: Http, keys: SessionKeys) -> bool:
    """Close a session; return whether the server confirmed. Raise no error of the server. POST /api/auth/logout.

    The function tries for ``timeouts.logout`` seconds, half of which one try may take, however often other requests
    are repeated, since a session left open counts against the user. A session that the server no longer knows is
    closed.
    """
    if keys.token is None:
        return False
    limit = http.settings.timeouts.logout
    try:
        async with asyncio.timeout(limit):
            await http.request("POST", "auth/logout", keys=keys, wait=limit / 2, patience=limit)
    except Exception as error:  # noqa: BLE001  whatever it is, it must not hide why the connection closes
        logger.debug("log-out failed: %s", type(error).__name__)
        return False
    return True

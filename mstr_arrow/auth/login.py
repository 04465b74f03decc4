"""Log in and out. Wire reference, sections 1.3 and 1.4."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mstr_arrow.errors import ProtocolError, ServerError
from mstr_arrow.transport.keys import TOKEN, SessionKeys
from mstr_arrow.transport.version import at_least

if TYPE_CHECKING:
    from mstr_arrow.transport.http import Http

logger = logging.getLogger("mstr_arrow")

PYTHON_CLIENT = 76
WEB_CLIENT = 35
PYTHON_CLIENT_SINCE = "11.5.0600"

LOCALE = {
    "displayLocale": "en_us",
    "numberLocale": "en_us",
    "messagesLocale": "en_us",
    "timeZone": "UTC",
}
"""Pinned so that texts of dates and numbers, and date constants in filters, mean the same for every user.

The locales of the metadata and of the warehouse's data are left to the user's own preference: they decide
in which language names and elements come.
"""


async def log_in(http: Http, body: dict[str, object], version: str | None) -> None:
    """Open a session and keep its token in ``http``; ``body`` comes from a login mode.

    Servers that do not know the Python client's application type are told they talk to a web client. Not
    repeated when it fails, unless the connection could not be opened.
    """
    python_client = at_least(version, PYTHON_CLIENT_SINCE)
    try:
        await _post(http, body, PYTHON_CLIENT if python_client else WEB_CLIENT)
    except ServerError as error:
        if not python_client or "constraint violation" not in error.message.lower():
            raise
        await _post(http, body, WEB_CLIENT)


async def _post(http: Http, body: dict[str, object], application_type: int) -> None:
    request = {**body, **LOCALE, "applicationType": application_type}
    hidden = [text for text in [body.get("password")] if isinstance(text, str)]
    answer = await http.request(
        "POST", "auth/login", json=request, project=False, wait="execute", keys=http.keys, hidden=hidden
    )
    token = answer.headers.get(TOKEN)
    if not token:
        raise ProtocolError(
            f"the log-in was answered without a token (HTTP {answer.status}).",
            hint="Is the URL the Library's own, with no log-in page or gateway in front?",
        )
    http.keys.token = token


async def log_out(http: Http) -> bool:
    """Close the session and say whether the server confirmed it; never raises what the server says.

    Bounded by ``timeouts.logout`` seconds. A session that is gone already is as good as closed.
    """
    confirmed = False
    if http.token is None:
        return confirmed
    try:
        async with asyncio.timeout(http.settings.timeouts.logout):
            await http.request("POST", "auth/logout", project=False, safe=True, keys=http.keys)
        confirmed = True
    except Exception as error:  # noqa: BLE001  whatever it is, it must not hide why the connection closes
        logger.debug("log-out failed: %s", type(error).__name__)
    finally:
        http.keys = SessionKeys(http.base)
    return confirmed

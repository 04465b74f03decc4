"""What the server tells of itself, of a session and of its user. Wire reference, sections 1.4 and 1.7."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.errors import MstrError, ServerError
from mstr_arrow.http.error_map import meant_status

if TYPE_CHECKING:
    from mstr_arrow.http.client import Http
    from mstr_arrow.http.cookies import SessionKeys

logger = logging.getLogger("mstr_arrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """Versions, and since when the server runs; what it keeps to itself is None."""

    server_version: str | None = None
    web_version: str | None = None
    up_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """The settings of a session; what the server does not tell is None.

    ``timeout`` is the number of idle seconds after which the session ends, ``working_set`` the number of instances
    that it keeps, ``max_search`` that of searches at once.
    """

    timeout: float | None = None
    working_set: int | None = None
    max_search: int | None = None
    metadata_locale: str | None = None
    data_locale: str | None = None
    display_locale: str | None = None
    messages_locale: str | None = None
    number_locale: str | None = None
    time_zone: str | None = None


class User(NamedTuple):
    """Who is logged in."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInfo:
    """What the server tells of who is logged in; ``in_metadata`` is false for guests and the like."""

    id: str
    name: str
    initials: str | None = None
    in_metadata: bool | None = None


async def fetch_status(http: Http, keys: SessionKeys) -> ServerStatus:
    """Return the server's status; nothing where a guarded Library keeps it to itself. GET /api/status."""
    try:
        body = (await http.request("GET", "status", keys=keys)).json()
    except ServerError as error:
        if meant_status(error) in {401, 403}:
            return ServerStatus()
        raise
    return read_status(body)


async def fetch_session_info(http: Http, keys: SessionKeys | None = None) -> SessionInfo:
    """Return the session's settings. GET /api/sessions."""
    return read_session_info((await http.request("GET", "sessions", keys=keys)).json())


async def known_session_info(http: Http) -> SessionInfo:
    """Return the settings of the session that is open, as far as the server tells them: no answer is no error."""
    try:
        return await fetch_session_info(http, http.keys)
    except MstrError as error:
        logger.debug("the session's settings are not known: %s", type(error).__name__)
        return SessionInfo()


async def fetch_user(http: Http) -> UserInfo:
    """Return who is logged in. GET /api/sessions/userInfo."""
    body = (await http.request("GET", "sessions/userInfo")).json()
    return UserInfo(
        id=body["id"], name=body["fullName"], initials=body.get("initials"), in_metadata=body.get("metadataUser")
    )


def read_status(body: Any) -> ServerStatus:
    """Read the body of a status.

    >>> read_status({"iServerVersion": "11.5.0900.00123", "upSince": 1767225600000}).up_since
    datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    fields = body if isinstance(body, dict) else {}
    since = _number(fields.get("upSince"))
    return ServerStatus(
        server_version=fields.get("iServerVersion"),
        web_version=fields.get("webVersion"),
        up_since=None if since is None else datetime.fromtimestamp(since / 1000, UTC),
    )


def read_session_info(body: Any) -> SessionInfo:
    """Read the settings of a session; numbers may come as text.

    >>> read_session_info({"timeout": "1800", "workingSet": 10, "timeZone": "UTC"}).timeout
    1800.0
    """
    fields = body if isinstance(body, dict) else {}
    return SessionInfo(
        timeout=_number(fields.get("timeout")),
        working_set=_count(fields.get("workingSet")),
        max_search=_count(fields.get("maxSearch")),
        metadata_locale=fields.get("metadataLocale"),
        data_locale=fields.get("warehouseDataLocale"),
        display_locale=fields.get("displayLocale"),
        messages_locale=fields.get("messagesLocale"),
        number_locale=fields.get("numberLocale"),
        time_zone=fields.get("timeZone"),
    )


def _number(value: Any) -> float | None:
    """Read a number above 0; None for what is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < float("inf") else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number) or None

"""The server, a session and its user, as the server describes them. Wire reference, sections 1.4 and 1.7."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.errors import MstrError, ServerError
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.responses import fields, identity, optional_text, reading, text

if TYPE_CHECKING:
    from mstr_arrow.http.client import Http
    from mstr_arrow.http.cookies import SessionKeys

logger = logging.getLogger("mstr_arrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """The server's versions, and the time of the server's start; None for a value that the server does not tell.

    ``simulated`` is True for the simulator of this package.
    """

    server_version: str | None = None
    web_version: str | None = None
    up_since: datetime | None = None
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInfo:
    """The settings of a session; None for a value that the server does not tell.

    ``timeout`` is the number of idle seconds after which the session ends, ``working_set`` the number of instances
    that the session keeps, ``max_search`` the number of searches at once.
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
    """The user of the session."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInfo:
    """The server's description of the session's user; ``in_metadata`` is False for a guest."""

    id: str
    name: str
    initials: str | None = None
    in_metadata: bool | None = None


async def fetch_status(http: Http, keys: SessionKeys) -> ServerStatus:
    """Return the server's status; empty where a guarded Library does not tell. GET /api/status."""
    try:
        return await http.read("GET", "status", lambda response: read_status(response.json()), keys=keys)
    except ServerError as error:
        if infer_status(error) in {401, 403}:
            return ServerStatus()
        raise


async def fetch_session_info(http: Http, keys: SessionKeys | None = None) -> SessionInfo:
    """Return the session's settings. GET /api/sessions."""
    return await http.read("GET", "sessions", lambda response: read_session_info(response.json()), keys=keys)


async def find_session_info(http: Http) -> SessionInfo:
    """Return the settings of the open session, as far as the server tells; an error means no settings."""
    try:
        return await fetch_session_info(http, http.keys)
    except MstrError as error:
        logger.debug("the session's settings are not known: %s", type(error).__name__)
        return SessionInfo()


async def fetch_user(http: Http) -> UserInfo:
    """Return the session's user. GET /api/sessions/userInfo."""
    return await http.read("GET", "sessions/userInfo", lambda response: read_user(response.json()))


def read_user(body: Any) -> UserInfo:
    """Read the user of a session. Errors: ProtocolError.

    >>> read_user({"id": "U1", "fullName": "Ann", "metadataUser": True}).name
    'Ann'
    """
    with reading(body, "a description of a user"):
        told = body.get("metadataUser")
        return UserInfo(
            id=identity(body, "id"),
            name=text(body, "fullName", "name", "username", "id"),
            initials=optional_text(body, "initials"),
            in_metadata=None if told is None else str(told).lower() == "true",
        )


def read_status(body: Any) -> ServerStatus:
    """Read the body of a status; errors: ProtocolError.

    >>> read_status({"iServerVersion": "11.5.0900.00123", "upSince": 1767225600000}).up_since
    datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    with reading(body, "a status of a server"):
        told = fields(body)
    return ServerStatus(
        server_version=optional_text(told, "iServerVersion"),
        web_version=optional_text(told, "webVersion"),
        up_since=_moment(told.get("upSince")),
        simulated=told.get("simulator") is True,
    )


def read_session_info(body: Any) -> SessionInfo:
    """Read the settings of a session; numbers may come as text. Errors: ProtocolError.

    >>> read_session_info({"timeout": "1800", "workingSet": 10, "timeZone": "UTC"}).timeout
    1800.0
    """
    with reading(body, "a description of a session"):
        told = fields({} if body == [] else body)
    return SessionInfo(
        timeout=_number(told.get("timeout")),
        working_set=_count(told.get("workingSet")),
        max_search=_count(told.get("maxSearch")),
        metadata_locale=optional_text(told, "metadataLocale"),
        data_locale=optional_text(told, "warehouseDataLocale"),
        display_locale=optional_text(told, "displayLocale"),
        messages_locale=optional_text(told, "messagesLocale"),
        number_locale=optional_text(told, "numberLocale"),
        time_zone=optional_text(told, "timeZone"),
    )


def _moment(milliseconds: Any) -> datetime | None:
    """Read milliseconds since 1970; None for what is no such time."""
    number = _number(milliseconds)
    try:
        return None if number is None else datetime.fromtimestamp(number / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _number(value: Any) -> float | None:
    """Read a number above 0; None for what is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 < number < float("inf") else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number) or None

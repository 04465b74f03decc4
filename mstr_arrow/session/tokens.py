"""Tokens that let others log in as this user. Wire reference, sections 1.5 and 1.6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import LoginError, ProtocolError, SessionExpired, UsageError
from mstr_arrow.given import check_type
from mstr_arrow.http.body import loads
from mstr_arrow.responses import protocol_error

if TYPE_CHECKING:
    from mstr_arrow.http.client import Http
    from mstr_arrow.masked import Masked

IDENTITY = "X-MSTR-IdentityToken"


async def create_identity_token(http: Http) -> str:
    """Return a token that opens a session as this user elsewhere. POST /api/auth/identityToken."""
    response = await http.request("POST", "auth/identityToken")
    token = response.headers.get(IDENTITY)
    if not token:
        raise ProtocolError(
            f"the answer (HTTP {response.status}) has no header {IDENTITY}, which the identity token comes in.",
            hint="Does something in front of the server take headers away? Other servers give no such tokens.",
        )
    return token


async def validate_identity_token(http: Http, token: Masked) -> bool:
    """Tell whether the server accepts an identity token. GET /api/auth/identityToken."""
    if not isinstance(token(), str):
        raise UsageError(f"an identity token is a str, not of type {type(token()).__name__}.")
    # The answer to an unknown token is that to an ended session: so one that has ended is replaced first.
    await http.request("GET", "sessions")
    try:
        await http.request(
            "GET",
            "auth/identityToken",
            headers={IDENTITY: token},
            keys=http.keys,
        )
    except (LoginError, SessionExpired):
        return False
    return True


async def create_api_token(http: Http, user_id: str | None) -> str:
    """Return a token that logs in as this user or, for administrators, another. POST /api/auth/apiTokens."""
    check_type("user_id", user_id, (str, type(None)), "a text")
    json = {} if user_id is None else {"userId": user_id}
    response = await http.request("POST", "auth/apiTokens", json=json)
    try:
        body = loads(response.text())
    except ValueError:
        body = None  # and no error that holds a part of it
    token = body.get("apiToken") if isinstance(body, dict) else None
    if not isinstance(token, str):
        raise protocol_error(body, "an API token")
    return token

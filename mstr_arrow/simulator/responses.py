"""Responses and refusals in the shapes that the REST server gives them (Wire reference, section 2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = "application/json;charset=UTF-8"

NOT_PUBLISHED = -2147072488
BEING_PUBLISHED = -2147072194
CUBE_OFFLINE = -2147072542
TOO_MANY_SESSIONS = -2147072486
PROJECT_NOT_LOADED = -2147209151
OBJECT_NOT_FOUND = -2147216373
INSTANCE_NOT_FOUND = -2147468986
LOGIN_FAILED = -2147216959

NOT_SUPPORTED = "ERR0010"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole HTTP response.

    ``cookies`` are values of ``Set-Cookie``, sent exactly as given. A ``ready`` body is sent as given, whatever
    compression the server is set to. ``rows`` is the number of data rows in the body.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    ready: bool = False
    rows: int = 0


class Refusal(Exception):
    """A refused request, raised anywhere below a handler and sent as a JSON error body."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        iserver_code: int | None = None,
        cookies: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.cookies = cookies
        self.status = status
        self.code = code
        self.message = message
        self.iserver_code = iserver_code

    def to_response(self, ticket: str) -> Response:
        """Return the response, with this ticket."""
        numbered = {} if self.iserver_code is None else {"iServerCode": self.iserver_code}
        body = {"code": self.code, **numbered, "message": self.message, "ticketId": ticket, "details": None}
        return Response(status=self.status, body=orjson.dumps(body), cookies=self.cookies)


def ok(value: Any, *, headers: dict[str, str] | None = None) -> Response:
    """Make a response with status 200 and a JSON body."""
    return Response(body=orjson.dumps(value), headers=headers or {})


def gateway(status: int) -> Response:
    """Make the HTML response of a gateway between client and server."""
    body = f"<html><head><title>{status}</title></head><body><h1>Gateway error</h1></body></html>"
    return Response(status=status, body=body.encode(), content_type="text/html")


def ticket(number: int) -> str:
    """Return the ticket id of the n-th request, which looks random and is the same in each run."""
    return hashlib.blake2b(number.to_bytes(8, "big"), digest_size=16, person=b"ticket").hexdigest()

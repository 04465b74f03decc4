"""From a status and a body to an answer or a typed error. Pure: wire reference, section 2."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from mstr_arrow.errors import (
    InstanceGone,
    LimitExceeded,
    LoginError,
    MstrError,
    NotFound,
    PermissionDenied,
    ProtocolError,
    ServerBusy,
    ServerError,
    SessionExpired,
)
from mstr_arrow.transport.iserver import ISERVER

if TYPE_CHECKING:
    from collections.abc import Mapping

EXCERPT = 200
"""Characters of an unreadable body that an error shows."""

_AGAIN = "Connect again; hold() keeps a connection alive between calls."
_CREDENTIALS = "Check user name, password and login mode."
_TOO_OLD = "Check the base URL; if it is right, the server is too old for this call."

_BY_CODE: dict[int, tuple[type[ServerError], str | None]] = {
    3: (LoginError, _CREDENTIALS),
    4: (NotFound, None),
    9: (SessionExpired, _AGAIN),
    14: (PermissionDenied, None),
    16: (ServerBusy, "Try again later."),
    17: (PermissionDenied, None),
}
_BY_STATUS: dict[int, tuple[type[ServerError], str | None]] = {
    401: (SessionExpired, _AGAIN),
    403: (PermissionDenied, None),
    404: (NotFound, _TOO_OLD),
    405: (NotFound, _TOO_OLD),
    407: (ServerError, "A proxy wants credentials; check HTTPS_PROXY and NO_PROXY in the environment."),
    413: (LimitExceeded, "Send or ask for less at once."),
    429: (ServerBusy, "Try again later, or with fewer requests in flight."),
    502: (ServerError, "A gateway in front of the server gave up."),
    503: (ServerBusy, "Try again later."),
    504: (ServerError, "A gateway in front of the server gave up waiting."),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer, its body as it came over the wire.

    ``headers`` is case-insensitive; ``encoding`` the content encoding (``""`` or ``"gzip"``); ``retries``
    counts the repetitions it took; ``seconds_waiting`` is the last attempt's time to the first byte and
    ``seconds_transferring`` the time from there to the last. Holds the body once, compressed if it came so.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    encoding: str = ""
    retries: int = 0
    seconds_waiting: float = 0.0
    seconds_transferring: float = 0.0

    def content(self) -> bytes:
        """Return the body, unpacked; a damaged one is a ProtocolError.

        Unpacking a page takes a while: do it in a worker thread.
        """
        return unpacked(self.body, self.encoding)

    def json(self) -> Any:
        """Return the body parsed; a body that is not JSON is a ProtocolError that shows its start."""
        return parsed(self.content())


def parsed(content: bytes) -> Any:
    """Return JSON parsed; what is not JSON is a ProtocolError that shows its start."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        start = excerpt(content)
        message = f"the server's answer is not JSON ({error.msg}); it starts with {start!r}."
        raise ProtocolError(message, hint=_page_hint(start)) from None


def unpacked(body: bytes, encoding: str) -> bytes:
    """Return ``body`` without its content encoding."""
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        raise ProtocolError(f"the answer is packed as {encoding!r}, which was not asked for.")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(body)
    except zlib.error as error:
        raise ProtocolError(f"the answer's gzip is damaged ({error}).") from None
    if not unpacker.eof:
        raise ProtocolError(f"the answer's gzip ends early, after {len(content)} bytes.")
    return content


def error_for(
    status: int, headers: Mapping[str, str], body: bytes, *, path: str, base_hint: str | None = None
) -> MstrError:
    """Return the typed error for an answer that is not a success.

    The I-Server's code decides before the REST server's, and that before the HTTP status. ``base_hint`` is
    added where the route itself was not found.
    """
    if 300 <= status < 400:
        return _redirected(status, headers.get("Location", ""), path)
    fields = _fields(body)
    message = str(fields.get("message") or "").strip()
    code = fields.get("code")
    number, iserver_code = _code_number(code), _int(fields.get("iServerCode"))
    error_class, hint = _BY_STATUS.get(status, (ServerError, None))
    unknown_route = status in {404, 405} and (not fields or message.startswith("HTTP "))
    if iserver_code in ISERVER:
        error_class, hint = ISERVER[iserver_code].error, ISERVER[iserver_code].hint
    elif unknown_route:
        hint = base_hint or _TOO_OLD
    elif number == 4 and "/instances/" in path:
        error_class, hint = InstanceGone, ISERVER[-2147468986].hint
    elif number in _BY_CODE:
        error_class, hint = _BY_CODE[number]
    elif status == 401 and path.startswith("/api/auth/login"):
        error_class, hint = LoginError, _CREDENTIALS
    return error_class(
        message or f"{path} was refused{_told(body)}.",
        status=status,
        code=str(code) if code else None,
        iserver_code=iserver_code,
        ticket_id=str(fields["ticketId"]) if fields.get("ticketId") else None,
        hint=hint,
    )


def _fields(body: bytes) -> dict[str, Any]:
    """Return the error object of a body, the first one of a list, or nothing for HTML and the like."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    if isinstance(parsed, dict) and isinstance(parsed.get("errors"), list):
        parsed = parsed["errors"][0] if parsed["errors"] else {}
    return parsed if isinstance(parsed, dict) else {}


def _code_number(code: object) -> int | None:
    """Return 9 for ``ERR009``, ``ERR09`` and ``ERR0009``; None for codes that are not ERR and digits."""
    found = re.fullmatch(r"ERR0*(\d+)", code) if isinstance(code, str) else None
    return int(found.group(1)) if found else None


def _int(value: object) -> int | None:
    """Read a number that some servers send as text."""
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]  # anything JSON can hold may stand here
    except (TypeError, ValueError):
        return None


def excerpt(body: bytes) -> str:
    """Return the start of a body as one line of text, without HTML tags."""
    text = body[: 20 * EXCERPT].decode(errors="replace")
    if _is_html(text):
        text = re.sub(r"<(style|script).*?(</\1>|$)|<[^>]*(>|$)", " ", text, flags=re.DOTALL | re.IGNORECASE)
        text = f"HTML: {text.strip()}"
    return " ".join(text.split())[:EXCERPT]


def _is_html(text: str) -> bool:
    return text.lstrip()[:9].lower().startswith(("<!doctype", "<html", "<head", "<body"))


def _told(body: bytes) -> str:
    return f': "{start}"' if (start := excerpt(body)) else ""


def _page_hint(start: str) -> str | None:
    if not start.startswith("HTML:"):
        return None
    return "A web page came: is the URL the Library's, and is there a proxy or log-in page in front of it?"


def _redirected(status: int, location: str, path: str) -> ProtocolError:
    """Say where a redirect led; it is not followed, because the token would go along."""
    target = urlsplit(location)
    where = f"to {target.scheme}://{target.hostname}" if target.hostname else "within the host"
    if target.path.casefold().rstrip("/").endswith(("login", "loginpage", "saml", "oidc", "authorize")):
        hint = "A log-in page stands in front of the REST API; this login mode does not pass it."
    elif target.scheme == "https":
        hint = "Use https:// and that host in the URL; redirects are not followed, for the token's sake."
    else:
        hint = "Redirects are not followed, for the token's sake: use the address they lead to."
    return ProtocolError(f"{path} was redirected {where} (HTTP {status}).", hint=hint)

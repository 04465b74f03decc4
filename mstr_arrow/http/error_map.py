"""From a status and a body to a typed error. Pure: wire reference, section 2."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mstr_arrow.errors import (
    AlreadyExists,
    InstanceGone,
    InvalidRequest,
    IServerUnreachable,
    LimitExceeded,
    LoginError,
    MstrError,
    NotFound,
    NotSupported,
    PermissionDenied,
    ProtocolError,
    ProxyError,
    ServerBusy,
    ServerError,
    SessionExpired,
)
from mstr_arrow.http.body import json_text, loads
from mstr_arrow.http.failures import PROXY_HINT
from mstr_arrow.http.iserver import ISERVER
from mstr_arrow.http.response import excerpt, page_hint
from mstr_arrow.http.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHOWN = 5
"""Further messages of one response that an error keeps."""

MESSAGE, CODE = 800, 100
"""Letters of a message, and of a code or a ticket, that an error keeps."""

_AGAIN = "Connect again; within its context a connection is kept alive."
_CREDENTIALS = "Check user name, password and login mode."
_TOO_OLD = "Check the base URL; if it is right, the server is too old for this call."
_LOG = "The administrator finds the reason in the server's log, by the ticket or the time."
_RIGHTS = "Ask the administrator for the privilege, or for access to the object."
_LATER = "Try again later."
_REQUEST = "The request itself was refused; the message says why."
_DOWN = "The Library runs, the Intelligence Server behind it does not answer; ask the administrator."

_Verdict = tuple[type[ServerError], str]

_BY_CODE: dict[int, _Verdict] = {
    3: (LoginError, _CREDENTIALS),
    4: (NotFound, "Check the id, and that the object is in this project; this login may not see it."),
    **dict.fromkeys((5, 6, 7), (InvalidRequest, _REQUEST)),
    8: (ServerBusy, "The result is not ready yet; try again soon."),
    9: (SessionExpired, _AGAIN),
    10: (NotSupported, "This server does not do that with this object."),
    13: (IServerUnreachable, _DOWN),
    14: (PermissionDenied, _RIGHTS),
    15: (AlreadyExists, "Choose another name or folder, or change the object that is there."),
    16: (ServerBusy, _LATER),
    17: (PermissionDenied, _RIGHTS),
}
"""The meaning of the digits after ``ERR``; ERR001 and those that are not here say less than the HTTP status."""

_STATUS_OF = {3: 401, 4: 404, **dict.fromkeys((5, 6, 7), 400), 9: 401, 13: 503, 14: 403, 15: 409, 16: 503, 17: 403}
"""The HTTP status that each of these codes comes with, where it comes with the right one."""

_BY_STATUS: dict[int, _Verdict] = {
    400: (InvalidRequest, _REQUEST),
    401: (SessionExpired, _AGAIN),
    403: (PermissionDenied, _RIGHTS),
    404: (NotFound, _TOO_OLD),
    405: (NotFound, _TOO_OLD),
    409: (AlreadyExists, "Something of that name is there already, or is being changed by somebody else."),
    413: (LimitExceeded, "Send or ask for less at once."),
    429: (ServerBusy, "Try again later, or with fewer requests in flight."),
    501: (NotSupported, "This server does not know how to do that."),
    502: (ServerError, "A gateway in front of the server gave up."),
    503: (ServerBusy, _LATER),
    504: (ServerError, "A gateway in front of the server gave up waiting."),
}


def error_for(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str,
    path: str,
    subject: Subject | None = None,
    base_hint: str | None = None,
) -> MstrError:
    """Return the typed error for a response that is not a success, or that is one by its status alone.

    The I-Server's code decides before the REST server's, and that before the HTTP status. Of several errors
    in one response the first decides, and the messages of the others are kept as ``details``. ``base_hint`` is
    given where the route itself was not found.

    >>> error_for(400, {}, b'{"code": "ERR0006", "message": "no name"}', method="POST", path="/api/datasets")
    InvalidRequest('no name')
    """
    if 300 <= status < 400:
        return _redirect_error(status, headers.get("Location", ""), path)
    if status == 407:
        return ProxyError(
            f"a proxy wants a user name and a password before it passes on {method} {path} (HTTP 407).",
            hint=PROXY_HINT,
        )
    told = list(_read_errors(body))
    fields = told[0] if told else {}
    message, *details = [text for each in told if (text := _text(each.get("message")))] or [""]
    code = fields.get("code")
    iserver_code = next((number for each in told if (number := iserver_code_of(each)) is not None), None)
    meant = _infer_status(status, code, message)
    unknown_route = meant in {404, 405} and (not fields or message.startswith("HTTP "))
    error_class, hint = _verdict(meant, code_number(code), iserver_code, subject)
    if unknown_route and iserver_code not in ISERVER:
        error_class, hint = NotFound, base_hint or _TOO_OLD
    if not told and 400 <= status < 404:  # what stands in front of the server refused, in its own words
        hint = page_hint(excerpt(body)) or hint
    return error_class(
        message or f"{path} was refused{_quote(body)}.",
        status=status,
        code=_text(code, CODE) or None,
        iserver_code=iserver_code,
        ticket_id=_text(fields.get("ticketId"), CODE) or None,
        method=method,
        path=path,
        details=list(dict.fromkeys(text for text in details if text != message))[:SHOWN],
        hint=hint,
    )


def _verdict(status: int, number: int | None, iserver_code: int | None, subject: Subject | None) -> _Verdict:
    """Judge a response by its codes, the most telling first, and by what the request was about."""
    if iserver_code in ISERVER:
        return ISERVER[iserver_code].error, ISERVER[iserver_code].hint
    if number == 4 and subject is Subject.INSTANCE:
        return InstanceGone, ISERVER[-2147468986].hint
    if number == 2 and iserver_code is None:
        return IServerUnreachable, _DOWN
    if number in _BY_CODE:
        return _BY_CODE[number]
    if status == 401 and subject is Subject.LOG_IN:
        return LoginError, _CREDENTIALS
    return _BY_STATUS.get(status, (ServerError, _LOG))


def _read_errors(body: bytes) -> Iterator[dict[str, Any]]:
    """Yield the error objects of a body, those of ``errors`` and ``subErrors`` too; none for HTML and the like."""
    try:
        waiting = deque([loads(json_text(body))])
    except ValueError:
        return
    while waiting:
        each = waiting.popleft()
        if not isinstance(each, dict):
            continue
        if not isinstance(each.get("errors"), list):
            yield each
        for name in ("errors", "subErrors"):
            inner = each.get(name)
            waiting += inner if isinstance(inner, list) else []


def _text(value: object, most: int = MESSAGE) -> str:
    """Return a text, of a list of them all, with ``most`` letters; "" for what is none."""
    if isinstance(value, list):
        value = "; ".join(each for each in value if isinstance(each, str))
    if not isinstance(value, (str, int, float)):
        return ""
    text = str(value or "").replace("\r\n", "\n").strip()
    return text if len(text) <= most else f"{text[:most]} … ({len(text):,} letters)"


def infer_status(error: ServerError) -> int | None:
    """Return the HTTP status of an error, or the one that its code belongs to where it came with a success's."""
    return None if error.status is None else _infer_status(error.status, error.code, error.message)


def _infer_status(status: int, code: object, message: str) -> int:
    if not 200 <= status < 300:
        return status
    named = re.match(r"HTTP ([45]\d\d)\b", message, re.ASCII)
    return int(named.group(1)) if named else _STATUS_OF.get(code_number(code) or 0, 500)


def code_number(code: object) -> int | None:
    """Return 9 for ``ERR009``, ``ERR09`` and ``ERR0009``; None for codes that are not ERR and digits."""
    found = re.fullmatch(r"ERR0*(\d{1,9})", code, re.ASCII) if isinstance(code, str) else None
    return int(found.group(1)) if found else None


def iserver_code_of(fields: Mapping[str, Any]) -> int | None:
    """Return the I-Server's code, a number or its text; some endpoints send it as ``code``, hexadecimal or not."""
    sent, code = fields.get("iServerCode"), fields.get("code")
    if isinstance(code, int) and -(2**31) <= code < 0 and not sent:
        return code
    if isinstance(code, str) and re.fullmatch(r"(0x)?8[0-9a-f]{7}", code, re.IGNORECASE) and not sent:
        return int(code, 16) - 2**32
    try:
        return int(sent)  # type: ignore[arg-type]  # anything that JSON can hold may stand here
    except (TypeError, ValueError, OverflowError):
        return None


def _quote(body: bytes) -> str:
    return f': "{start}"' if (start := excerpt(body)) else ""


def _redirect_error(status: int, location: str, path: str) -> ProtocolError:
    """Say where a redirect led; it is not followed, because the token would go along."""
    try:
        target = urlsplit(location)
    except ValueError:
        message = f"{path} was redirected to {location[:CODE]!r}, which is no address (HTTP {status})."
        return ProtocolError(message, hint="What stands between here and the server redirects to nowhere.")
    where = f"to {target.scheme}://{target.hostname[:CODE]}" if target.hostname else "within the host"
    if target.path.casefold().rstrip("/").endswith(("login", "loginpage", "saml", "oidc", "authorize")):
        hint = "A log-in page stands in front of the REST API; this login mode does not pass it."
    elif target.scheme == "https":
        hint = "Use https:// and that host in the URL; redirects are not followed, for the token's sake."
    else:
        hint = "Redirects are not followed, for the token's sake: use the address they lead to."
    return ProtocolError(f"{path} was redirected {where} (HTTP {status}).", hint=hint)

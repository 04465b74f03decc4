"""Base URLs as people type them, and the addresses of endpoints under them."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mstr_arrow.errors import UsageError
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARY = "MicroStrategyLibrary"
EXAMPLE = f"Give it like https://bi.example.com/{LIBRARY}."

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HOST = re.compile(r"[^\s/\\%<>\"'{}|^`]+")
_REST = frozenset({"auth", "sessions", "status", "projects", "v2", "cubes", "reports", "objects", "searches"})
"""First segments of REST paths; an ``/api`` before anything else may be a gateway's."""


def base_url(text: str) -> str:
    """Return the base URL without a trailing slash, from what a person types or copies from a browser.

    Without a scheme https is meant, and http for this machine (``localhost``, ``127.…``, ``[::1]``).
    Everything after a path segment ``MicroStrategyLibrary`` is dropped. Under another context path, a
    segment ``api`` that is the last one or starts a REST path is dropped with what follows, and so are the
    pages ``app/…`` and ``auth/ui/…``. Nothing else is cut: ``https://api.corp/apigw`` stays as it is.

    The text is never repeated in an error: it may hold a password.

    >>> base_url("bi.example.com/MicroStrategyLibrary//api/")
    'https://bi.example.com/MicroStrategyLibrary'
    >>> base_url("https://bi.example.com/MicroStrategyLibrary/auth/ui/loginPage?next=x#top")
    'https://bi.example.com/MicroStrategyLibrary'
    >>> base_url("localhost:8080/Custom/api")
    'http://localhost:8080/Custom'
    """
    text = text.strip()
    if "@" in text:
        raise UsageError(
            "the URL holds an '@'.",
            hint=naming(
                "Give credentials by {connect.username} and {connect.password}, never in the URL. {example}",
                example=EXAMPLE,
            ),
        )
    with_scheme = text if _SCHEME.match(text) else f"https://{text}"
    try:
        parts = urlsplit(with_scheme)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError("the URL cannot be read.", hint=EXAMPLE) from error
    if parts.scheme not in {"http", "https"}:
        raise UsageError("the URL starts with neither https:// nor http://.", hint=EXAMPLE)
    if not _HOST.fullmatch(host) or host in {"http", "https"} or not _is_name(host):
        raise UsageError("the URL names no host.", hint=EXAMPLE)
    scheme = "http" if with_scheme != text and is_loopback(host) else parts.scheme
    authority = f"[{host}]" if ":" in host else host
    if port is not None:
        authority = f"{authority}:{port}"
    return "/".join([f"{scheme}://{authority}", *_context(parts.path)])


def _is_name(host: str) -> bool:
    """Say whether the system for names could hold a name: its parts have up to 63 letters, none of them half."""
    try:
        return ":" in host or bool(host.encode("idna"))
    except UnicodeError:
        return False


def _context(path: str) -> list[str]:
    """Return the segments of ``path`` that belong to the Library's own address."""
    segments = [segment for segment in path.split("/") if segment]
    for index, segment in enumerate(segments):
        following = segments[index + 1] if index + 1 < len(segments) else None
        if segment.casefold() == LIBRARY.casefold():
            return segments[: index + 1]
        if LIBRARY.casefold() in (later.casefold() for later in segments[index:]):
            continue
        if segment == "api" and (following is None or following in _REST):
            return segments[:index]
        if index and (segment in {"app", "api-docs"} or (segment == "auth" and following == "ui")):
            return segments[:index]
    return segments


def is_loopback(host: str) -> bool:
    """Say whether ``host`` is this machine by name or number."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_of(base: str) -> str:
    """Return host and port of a base URL.

    >>> host_of("https://bi.example.com:8443/MicroStrategyLibrary")
    'bi.example.com:8443'
    """
    return urlsplit(base).netloc


def missing_context_hint(base: str) -> str | None:
    """Propose the usual context path when ``base`` has none, for servers that answer "not found".

    >>> missing_context_hint("https://bi.example.com")
    'Did you mean https://bi.example.com/MicroStrategyLibrary?'
    """
    return None if urlsplit(base).path else f"Did you mean {base}/{LIBRARY}?"


def endpoint(path: str) -> str:
    """Return the path under the base URL, from one with or without leading slash and ``/api``.

    A full URL is refused: the token would go wherever it points.

    >>> endpoint("sessions"), endpoint("/api/v2/cubes/1?limit=1")
    ('/api/sessions', '/api/v2/cubes/1?limit=1')
    """
    bare, question, query = path.partition("?")
    if "://" in bare or "#" in path:
        raise UsageError("a path is needed here, not a full URL.", hint="Give it like /api/v2/cubes/…")
    segments = [segment for segment in bare.split("/") if segment]
    if segments[:1] == ["api"]:
        segments = segments[1:]
    if not segments or not {".", ".."}.isdisjoint(segments):
        raise UsageError(f"{bare!r} is not a path under /api.", hint="Give it like /api/v2/cubes/…")
    return "/api/" + "/".join(segments) + question + query


def query_pairs(params: Mapping[str, object] | None) -> list[tuple[str, str]]:
    """Spell query parameters as the REST API does: lists repeat their name, None is left out.

    >>> query_pairs({"type": [776, 779], "getAncestors": True, "root": None})
    [('type', '776'), ('type', '779'), ('getAncestors', 'true')]
    """
    return [
        (name, str(item).lower() if isinstance(item, bool) else str(item))
        for name, value in (params or {}).items()
        for item in (value if isinstance(value, list | tuple) else [value])
        if item is not None
    ]

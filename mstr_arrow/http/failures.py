"""Failures on the way to the server, typed."""

from __future__ import annotations

import ast
import os
import re
import ssl

import aiohttp

from mstr_arrow.errors import (
    ConnectError,
    MstrError,
    ProtocolError,
    ProxyError,
    TimeoutExceeded,
    TlsError,
    UsageError,
)
from mstr_arrow.http import url
from mstr_arrow.wording import name_path, naming

PROXY_HINT = naming(
    "Check the proxy's user name and password: {Network.proxy=Proxy(url, username=…, password=…)}. Without that "
    "setting the proxy comes from HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
)
_NO_PROXY_HINT = naming(
    "Check the proxy's host and port, and whether it runs, or reach the server directly: {Network.no_proxy=…}. The "
    "proxy comes from {Proxy.url}; without that setting from HTTPS_PROXY, HTTP_PROXY and ALL_PROXY."
)
_STRAY = re.compile(r"b(?:'\{.*\}\s*'|\"\{.*\}\s*\")")
_CERTIFICATE_HINT = naming(
    "Give the issuing authority's PEM file as {Tls.ca_file=…}, or trust what the operating system trusts with "
    "{Tls.system_store=True}."
)
_CLIENT_HINT = naming("Does the server want a certificate of yours, {Tls.cert_file=…}, or an older TLS?")
_BROKEN = naming(
    "Try again; if it recurs, a gateway may cut long responses: ask for smaller pages ({Limits.page_rows})."
)


class ResponseStopped(TimeoutError):
    """A response had begun, and its rest did not come in time."""


def stray_body(error: Exception) -> bytes:
    """Return the JSON object behind a response without a body, such as 204, which aiohttp takes for a head."""
    found = _STRAY.search(error.message) if isinstance(error, aiohttp.ClientResponseError) else None
    try:
        return bytes(ast.literal_eval(found[0])) if found else b""
    except (ValueError, SyntaxError):
        return b""


def transport_error(
    error: Exception, what: str, host: str, *, wait: str, connect_seconds: float, proxy: str | None = None
) -> MstrError:
    """Type what aiohttp raised during ``what``, keeping only the parts of its text that cannot hold a header.

    ``host`` and ``proxy`` are host and port of the server, and of the proxy before it where there is one.
    """
    through = f" through the proxy {proxy}" if proxy else ""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return TimeoutExceeded(
            f"{host} did not accept a connection{through} within {connect_seconds:g} s.",
            hint=naming("Check host, port, VPN and proxy, or raise {Timeouts.connect}."),
        )
    if isinstance(error, TimeoutError):
        return _late(error, what, wait)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        where = _where(error, host, proxy)
        return TlsError(f"no TLS connection to {where}: {_reason(error)}.", hint=_CERTIFICATE_HINT)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _not_connected(error, host, proxy)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _not_passed_on(error.status, host, proxy)
    if isinstance(error.__cause__, ssl.SSLError) and "ALERT" in (error.__cause__.reason or ""):
        return TlsError(f"{host} ended the TLS connection: {_reason(error)}.", hint=_CLIENT_HINT)
    if isinstance(error, aiohttp.ClientResponseError):
        return ProtocolError(f"{what}: {host} does not answer in HTTP.", hint="Check host and port.")
    if isinstance(error, aiohttp.InvalidURL | UnicodeError):
        return UsageError(f"{host!r} cannot be a host's name.", hint=url.EXAMPLE)
    if isinstance(error, aiohttp.ClientPayloadError):
        return ConnectError(f"{what}: the response ended early.", hint=_BROKEN, cut=True)
    return ConnectError(f"{what}: the connection broke ({_reason(error)}).", hint=_BROKEN, cut=True)


def _late(error: TimeoutError, what: str, wait: str) -> TimeoutExceeded:
    if isinstance(error, ResponseStopped):
        return TimeoutExceeded(
            f"{what}: the response began, and its rest did not come in time.",
            hint=naming("Raise {Timeouts.read} if the network is only slow."),
            cut=True,
        )
    return TimeoutExceeded(
        f"{what}: no response in time.",
        hint=naming("Raise {wait} if the server is only slow.", wait=name_path(f"Timeouts.{wait}")),
    )


def _not_connected(error: aiohttp.ClientConnectorError, host: str, proxy: str | None) -> MstrError:
    where = _where(error, host, proxy)
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        alert = "ALERT" in (getattr(error.os_error, "reason", None) or "")
        hint = _CLIENT_HINT if alert else "Does this port speak TLS? If not, start the URL with http://."
        return TlsError(f"no TLS connection to {where}: {_reason(error)}.", hint=hint)
    hint = "Check host and port, and whether the server runs."
    if where != host:
        hint = _NO_PROXY_HINT
    elif isinstance(error, aiohttp.ClientConnectorDNSError):
        hint = "Check the spelling of the host, and DNS or VPN."
    return ConnectError(f"no connection to {where}: {_reason(error)}.", hint=hint)


def _where(
    error: aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError, host: str, proxy: str | None
) -> str:
    """Say whether it was the server or the proxy before it that could not be connected to."""
    at_proxy = proxy is not None and proxy in {error.host, f"{error.host}:{error.port}"}
    return f"the proxy {proxy}" if at_proxy or isinstance(error, aiohttp.ClientProxyConnectionError) else host


def _not_passed_on(status: int, host: str, proxy: str | None) -> MstrError:
    """Type the refusal of a proxy that was asked to connect to the server."""
    if status == 407:
        return ProxyError(
            f"the proxy {proxy} wants a user name and a password, or others than those it got (HTTP 407).",
            hint=PROXY_HINT,
        )
    if status < 500:
        return ProxyError(
            f"the proxy {proxy} refused to connect to {host} (HTTP {status}).",
            hint=naming("Ask who runs the proxy, or reach the server directly: {Network.no_proxy=…}."),
        )
    return ConnectError(
        f"the proxy {proxy} could not connect to {host} (HTTP {status}).",
        hint="Check host and port, and whether the server can be reached from there.",
    )


def _reason(error: Exception) -> str:
    """Return the words of the operating system or the TLS library."""
    inner = (
        error.__cause__ or getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error
    )
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message
    if isinstance(inner, ssl.SSLError):
        return inner.reason or "TLS failed"
    if isinstance(inner, OSError) and inner.errno:
        return os.strerror(inner.errno) if inner.errno > 0 else str(inner.strerror)
    return type(inner).__name__

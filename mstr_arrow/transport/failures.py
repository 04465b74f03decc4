"""What goes wrong on the way to the server, typed."""

from __future__ import annotations

import os
import ssl

import aiohttp

from mstr_arrow.errors import ConnectError, MstrError, ProtocolError, TimeoutExceeded, TlsError, UsageError
from mstr_arrow.transport import url

_BROKEN = "Try again; if it recurs, a gateway may cut long answers: ask for smaller pages."


def transport_error(error: Exception, what: str, host: str, wait: str, connect_seconds: float) -> MstrError:
    """Type what aiohttp raised during ``what``, keeping only the parts of its text that cannot hold a header."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return TimeoutExceeded(
            f"{host} did not accept a connection within {connect_seconds:g} s.",
            hint="Check host, port, VPN and proxy, or raise Timeouts.connect.",
        )
    if isinstance(error, TimeoutError):
        return TimeoutExceeded(
            f"{what}: no answer in time.", hint=f"Raise Timeouts.{wait} if the server is only slow."
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return TlsError(f"no TLS connection to {host}: {_reason(error)}.", hint=_tls_hint(error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return ConnectError(f"no connection to {host}: {_reason(error)}.", hint=_connect_hint(error))
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return ConnectError(f"the proxy refused to connect to {host} (HTTP {error.status}).")
    if isinstance(error, aiohttp.ClientResponseError):
        return ProtocolError(f"{what}: {host} does not answer in HTTP.", hint="Check host and port.")
    if isinstance(error, aiohttp.InvalidURL | UnicodeError):
        return UsageError(f"{host!r} cannot be a host's name.", hint=url.EXAMPLE)
    if isinstance(error, aiohttp.ClientPayloadError):
        return ConnectError(f"{what}: the answer ended early.", hint=_BROKEN)
    return ConnectError(f"{what}: the connection broke ({_reason(error)}).", hint=_BROKEN)


def _reason(error: Exception) -> str:
    """Return what the operating system or the TLS library said."""
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


def _tls_hint(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "Give the issuing authority's PEM file as Tls(ca_file=…)."
    return "Does this port speak TLS? If not, start the URL with http://."


def _connect_hint(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "Check the spelling of the host, and DNS or VPN."
    return "Check host and port, and whether the server runs."

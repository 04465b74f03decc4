"""The sockets of one login: how aiohttp is set up, TLS and proxies included."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import aiohttp
from yarl import URL

from mstr_arrow.errors import UsageError
from mstr_arrow.transport import url

if TYPE_CHECKING:
    from mstr_arrow.config import Settings, Tls

READ_BUFFER = 2**20
"""Bytes of an answer that wait to be taken before the socket is paused."""

HEADER_BYTES = 2**16
"""Bytes a header may have; those of single sign-on gateways outgrow the usual 8 KiB."""


def client_session(base: str, settings: Settings) -> aiohttp.ClientSession:
    """Make the session with every default of aiohttp that would hurt here set otherwise.

    Cookies are kept for numeric hosts and sent back unquoted; cookies marked Secure are sent over http
    where the user chose http; bodies stay packed; proxies come from the environment except for this machine.
    """
    address = URL(base)
    loopback = url.is_loopback(address.host or "")
    session = aiohttp.ClientSession(
        connector=_Connector(
            limit=0,
            ssl=_tls_context(settings.tls) if address.scheme == "https" else True,
        ),
        cookie_jar=aiohttp.CookieJar(unsafe=True, quote_cookie=False, treat_as_secure_origin=[address.origin()]),
        headers={"Accept": "application/json", "Accept-Encoding": "gzip"},
        timeout=aiohttp.ClientTimeout(
            total=None, connect=settings.timeouts.connect, sock_connect=settings.timeouts.connect
        ),
        auto_decompress=False,
        read_bufsize=READ_BUFFER,
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
        trust_env=bool(getproxies()) and not loopback,
    )
    # aiohttp would repeat a PUT or DELETE by itself, uncounted, when the server drops the connection.
    session._retry_connection = False  # noqa: SLF001  there is no public switch
    return session


class _Connector(aiohttp.TCPConnector):
    """A connector that a forked child does not close: the sockets and their poller are the parent's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pid = os.getpid()

    def __del__(self, *arguments: Any) -> None:
        if os.getpid() == self._pid:
            super().__del__(*arguments)


def _tls_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if tls.ca_file is not None:
        try:
            context.load_verify_locations(tls.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"Tls.ca_file {tls.ca_file!r} cannot be read: {error.strerror or 'not a PEM bundle'}."
            ) from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context

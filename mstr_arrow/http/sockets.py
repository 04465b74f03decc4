"""The sockets of one login: how aiohttp is set up, TLS and proxies included."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from base64 import b64encode
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
from yarl import URL

from mstr_arrow.credentials import resolve
from mstr_arrow.errors import UsageError
from mstr_arrow.http.proxies import choose_proxy
from mstr_arrow.masked import Masked
from mstr_arrow.paths import read_path
from mstr_arrow.wording import advice, name_path, naming

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.connector import Connection

    from mstr_arrow.config import Settings, Tls

READ_BUFFER = 2**20
"""Bytes of a response that wait to be taken before the socket is paused."""

HEADER_BYTES = 2**16
"""Bytes a header may have; those of single sign-on gateways outgrow the usual 8 KiB."""

CA_FILES = frozenset({".pem", ".crt", ".cer"})


def client_session(settings: Settings) -> aiohttp.ClientSession:
    """Make the session with every default of aiohttp that would hurt here set otherwise.

    Cookies are left to `SessionKeys`; bodies stay packed; proxies and certificates come
    from `find_route`, and no log-in is looked for in a ``.netrc``.
    """
    session = aiohttp.ClientSession(
        connector=_Connector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "application/json", "Accept-Encoding": "gzip"},
        timeout=aiohttp.ClientTimeout(
            total=None, connect=settings.timeouts.connect, sock_connect=settings.timeouts.connect
        ),
        auto_decompress=False,
        read_bufsize=READ_BUFFER,
        max_line_size=HEADER_BYTES,
        max_field_size=HEADER_BYTES,
        trust_env=False,
    )
    # aiohttp would repeat a PUT or DELETE by itself, uncounted, when the server drops the connection.
    session._retry_connection = False  # noqa: SLF001  there is no public switch
    return session


CONNECTING: ContextVar[float] = ContextVar("CONNECTING", default=0.0)
"""The seconds that the last request of a task waited for its socket: hardly any where one was open."""


class _Connector(aiohttp.TCPConnector):
    """A connector that tells the time it took, and that a forked child does not close.

    There the sockets and their poller are the parent's.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pid = os.getpid()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's
    ) -> Connection:
        began = time.monotonic()
        try:
            return await super().connect(req, traces, timeout)
        finally:
            CONNECTING.set(time.monotonic() - began)

    def __del__(self, *arguments: Any) -> None:
        if os.getpid() == self._pid:
            super().__del__(*arguments)


class Route(NamedTuple):
    """The way to one server: certificates, and the proxy with the headers that are for it alone."""

    ssl: ssl.SSLContext | bool
    proxy: URL | None
    headers: dict[str, str]
    secrets: tuple[Masked, ...]

    def __repr__(self) -> str:
        """Return what holds no secret, for tracebacks that show variables."""
        return f"<Route through {self.proxy}>" if self.proxy else "<Route>"

    @property
    def proxy_host(self) -> str | None:
        """The proxy's host and port, for messages."""
        return self.proxy.authority if self.proxy else None

    def options(self, address: URL, headers: dict[str, str]) -> dict[str, Any]:
        """Return what aiohttp takes for a request with ``headers``.

        Over a tunnel the proxy sees its own headers only; without one it takes them out of the request's.
        """
        if address.scheme == "https":
            return {"ssl": self.ssl, "headers": headers, "proxy": self.proxy, "proxy_headers": self.headers or None}
        return {"ssl": self.ssl, "headers": {**headers, **self.headers}, "proxy": self.proxy}


async def find_route(base: str, settings: Settings) -> Route:
    """Choose the proxy, ask for its password and the key's, and read the certificates in a thread.

    Errors: UsageError for a file that cannot be read or a proxy that cannot be used.
    """
    address = URL(base)
    proxy = choose_proxy(settings.network, address.scheme, address.host or "", address.port or 0)
    certificates: ssl.SSLContext | bool = True
    if address.scheme == "https" or (proxy is not None and proxy.url.startswith("https:")):
        tls = settings.tls
        given = tls.key_password
        key = None if given is None else Masked(await resolve(given, name_path("Tls.key_password")))
        certificates = await asyncio.to_thread(_tls_context, tls, key)
    if proxy is None or proxy.username is None:
        return Route(certificates, URL(proxy.url) if proxy else None, {}, ())
    password = Masked(await resolve(proxy.password or "", name_path("Proxy.password")))
    login = b64encode(f"{proxy.username}:{password()}".encode()).decode()
    return Route(certificates, URL(proxy.url), {"Proxy-Authorization": f"Basic {login}"}, (password, Masked(login)))


def _tls_context(tls: Tls, key_password: Masked | None) -> ssl.SSLContext:
    context = _system_context() if tls.system_store else ssl.create_default_context()
    if tls.ca_file is not None:
        _trust(context, "ca_file", read_path(tls.ca_file))
    if tls.ca_folder is not None:
        for file in _list_files(read_path(tls.ca_folder)):
            _trust(context, "ca_folder", file)
    if tls.cert_file is not None:
        _show(context, tls, key_password)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _system_context() -> ssl.SSLContext:
    try:
        import truststore
    except ModuleNotFoundError as error:
        raise UsageError(
            naming("{Tls.system_store} needs the package truststore."),
            hint="Run: pip install 'mstr-arrow[truststore]'",
        ) from error
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _list_files(folder: Path) -> list[Path]:
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in CA_FILES)
    except OSError as error:
        raise UsageError(
            naming("{Tls.ca_folder} {folder!r} cannot be read: {why}.", folder=str(folder), why=error.strerror)
        ) from error
    if not files:
        kinds = ", ".join(sorted(f"*{suffix}" for suffix in CA_FILES))
        raise UsageError(
            naming("{Tls.ca_folder} {folder!r} holds no certificate ({kinds}).", folder=str(folder), kinds=kinds)
        )
    return files


def _trust(context: ssl.SSLContext, field: str, file: Path) -> None:
    try:
        context.load_verify_locations(file)
    except (OSError, ssl.SSLError) as error:
        reason = "it holds no PEM certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise UsageError(
            naming(
                "{field}: {file!r} cannot be read: {reason}.",
                field=name_path(f"Tls.{field}"),
                file=str(file),
                reason=reason,
            )
        ) from error


def _show(context: ssl.SSLContext, tls: Tls, key_password: Masked | None) -> None:
    """Have the client's certificate shown; without a password OpenSSL would ask for one on the terminal."""
    asked = False

    def password() -> str:
        nonlocal asked
        asked = True
        return key_password() if key_password else ""

    where = naming("{Tls.cert_file} {file!r}", file=str(tls.cert_file))
    if tls.key_file is not None:
        where = naming("{certificate}, {Tls.key_file} {file!r}", certificate=where, file=str(tls.key_file))
    try:
        context.load_cert_chain(read_path(tls.cert_file or ""), tls.key_file and read_path(tls.key_file), password)
    except (OSError, ValueError) as error:
        reason: str | None = "the key does not belong to the certificate, or a file is no PEM"
        if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
            reason = error.strerror
        elif asked:
            reason = (
                "the key is encrypted, and the password does not open it" if key_password else "it needs a password"
            )
        raise UsageError(
            naming("{where} cannot be used: {reason}.", where=where, reason=reason),
            hint=_KEY_HINT if asked else None,
        ) from None


_KEY_HINT = advice("give the key's password", "Give it as {Tls.key_password=…}, a string or a function.")

"""The HTTP session of one login: cookies, token, time-outs, retries."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.request import getproxies

import aiohttp
import orjson
from yarl import URL

from mstr_arrow.errors import (
    ClosedError,
    ConnectError,
    ForkedError,
    MstrError,
    NotFound,
    ProtocolError,
    TimeoutExceeded,
    TlsError,
    UsageError,
)
from mstr_arrow.transport import url
from mstr_arrow.transport.answers import Answer, error_for, unpacked
from mstr_arrow.transport.projects import Project, choose
from mstr_arrow.transport.retry import Failed, attempts, is_transient, retry_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from mstr_arrow.config import Settings, Tls

TOKEN = "X-MSTR-AuthToken"  # noqa: S105  the header's name
PROJECT = "X-MSTR-ProjectID"
READ_BUFFER = 2**20
"""Bytes of an answer that wait to be taken before the socket is paused."""

SEND_BYTES = 2**18
"""Bytes of a request that are handed to the socket at once, so that a big body does not hold up the others."""

HEADER_BYTES = 2**16
"""Bytes a header may have; those of single sign-on gateways outgrow the usual 8 KiB."""

_BROKEN = "Try again; if it recurs, a gateway may cut long answers: ask for smaller pages."

Wait = Literal["read", "execute"]

logger = logging.getLogger("mstr_arrow")
logger.addHandler(logging.NullHandler())


class _Request(NamedTuple):
    """A request, ready to be sent as often as need be."""

    method: str
    address: URL
    params: list[tuple[str, str]]
    headers: dict[str, str]
    pieces: Sequence[bytes]
    wait: Wait


class Http:
    """Requests of one login; made and used on the background loop only.

    One cookie jar serves all its connections, because the token is worth nothing without the cookies that
    came with it (wire reference, section 1.3). The number of connections is not limited here: whoever
    sends many requests at once limits them.
    """

    def __init__(self, base: str, settings: Settings) -> None:
        self.base = base
        self.settings = settings
        self.host = url.host_of(base)
        self.token: str | None = None
        self.project: Project | None = None
        self.secrets: tuple[str, ...] = ()
        self._undecided = False
        self._pid = os.getpid()
        self._session = _client_session(base, settings)

    def __repr__(self) -> str:
        return f"<Http {self.base}>"

    @property
    def closed(self) -> bool:
        """Whether :meth:`aclose` was called."""
        return self._session.closed

    def check_usable(self) -> None:
        """Raise ForkedError in a child process of the one that connected, ClosedError after closing."""
        if os.getpid() != self._pid:
            raise ForkedError("this connection belongs to the parent process.", hint="Connect again in the child.")
        if self.closed:
            raise ClosedError("the connection is closed.", hint="Connect again.")

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        data: bytes | str | Sequence[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        project: bool | str | None = True,
        safe: bool | None = None,
        wait: Wait = "read",
    ) -> Answer:
        """Send a request and return its answer, 2xx, read to the end; anything else is a typed error.

        ``project``: True sends the connection's project and raises UsageError when none was chosen, None
        sends it where there is one, False sends none, a string is another project's id. ``safe`` says that
        the request may be repeated (by default GET and HEAD may); :func:`~.retry.is_transient` lists what
        for. ``wait="execute"`` allows ``timeouts.execute`` seconds for the first byte, counted from the last
        piece of the body that was sent. A big body may come as a sequence of pieces. The answer's body is held
        in memory once, as it came.
        """
        self.check_usable()
        method = method.upper()
        path = url.endpoint(path)
        address = URL(self.base + path)
        sent = {**await self._headers(project), **(headers or {})}
        if json is not None:
            data = orjson.dumps(json)
            sent.setdefault("Content-Type", "application/json")
        if pieces := _pieces(data):
            sent["Content-Length"] = str(sum(map(len, pieces)))
        request = _Request(method, address, url.query_pairs(params), sent, pieces, wait)
        safe = method in {"GET", "HEAD"} if safe is None else safe
        number = 0
        try:
            async for attempt in attempts(self.settings.retry):
                with attempt:
                    number = attempt.num
                    return await self._attempt(request, safe=safe, number=number)
        except Failed as failed:
            raise failed.error from None
        raise AssertionError("unreachable")

    async def projects(self) -> list[Project]:
        """Return the projects this login may use. Wire reference, section 9.1."""
        answer = await self.request("GET", "projects", project=False)
        return [Project(item["id"], item["name"]) for item in answer.json()]

    async def select_project(self, wanted: str | None) -> Project:
        """Choose the project of later requests by name or id, or the only one there is; see ``choose``."""
        self.project = choose(await self.projects(), wanted)
        return self.project

    async def aclose(self) -> None:
        """Close the connections, without a log-out; requests under way end with ClosedError."""
        await self._session.close()

    def abandon(self) -> None:
        """Let go of the connections without touching them: in a forked child they are the parent's."""
        self._session.detach()

    async def _headers(self, project: bool | str | None) -> dict[str, str]:
        headers = {TOKEN: self.token} if self.token else {}
        if project is True and self.project is None:
            await self.select_project(None)
        if project is None and self.project is None and not self._undecided:
            with suppress(UsageError, NotFound):
                await self.select_project(None)
            self._undecided = self.project is None
        if isinstance(project, str):
            headers[PROJECT] = project
        elif project is not False and self.project:
            headers[PROJECT] = self.project.id
        return headers

    async def _attempt(self, request: _Request, *, safe: bool, number: int) -> Answer:
        """Send a request once; a failure is raised as Failed, which says whether to go on."""
        began = time.monotonic()
        status: int | str = "no answer"
        try:
            answer = await self._exchange(request, number)
            status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:
            nothing_sent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
            typed = self._transport_error(error, request)
            repeatable = (safe or nothing_sent) and is_transient(typed)
            raise Failed(typed, repeatable=repeatable) from None
        finally:
            milliseconds = 1000 * (time.monotonic() - began)
            logger.debug("%s %s -> %s in %.0f ms", request.method, request.address.path, status, milliseconds)
        if 200 <= answer.status < 300:
            return answer
        refusal = self._refusal(answer, request.address.path)
        raise Failed(
            refusal,
            repeatable=safe and is_transient(refusal),
            retry_after=retry_after(answer.headers, time.time()),
        )

    async def _exchange(self, request: _Request, number: int) -> Answer:
        """Send a request and read its answer, with an end to each wait."""
        timeouts = self.settings.timeouts
        first_byte = timeouts.connect + (timeouts.execute if request.wait == "execute" else timeouts.read)
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(first_byte) as limit:

            async def body() -> AsyncIterator[bytes]:
                for piece in request.pieces:
                    for start in range(0, len(piece), SEND_BYTES):
                        yield piece[start : start + SEND_BYTES]
                        if not limit.expired():
                            limit.reschedule(loop.time() + first_byte)

            async with self._session.request(
                request.method,
                request.address,
                params=request.params,
                headers=request.headers,
                data=body() if request.pieces else None,
                allow_redirects=False,
            ) as response:
                started = loop.time()
                received = []
                while True:
                    limit.reschedule(loop.time() + timeouts.read)
                    piece = await response.content.readany()
                    if not piece:
                        break
                    received.append(piece)
        return Answer(
            status=response.status,
            headers=response.headers,
            body=b"".join(received),
            encoding=response.headers.get("Content-Encoding", "").lower(),
            retries=number - 1,
            seconds_waiting=started - began,
            seconds_transferring=loop.time() - started,
        )

    def _refusal(self, answer: Answer, path: str) -> MstrError:
        """Type an answer that is not a success; secrets that the body echoes are blotted out."""
        try:
            body = unpacked(answer.body, answer.encoding)
        except ProtocolError:
            body = b""
        for secret in filter(None, (self.token, *self.secrets)):
            for spelling in (orjson.dumps(secret)[1:-1], secret.encode()):
                body = body.replace(spelling, b"***")
        path = path.removeprefix(URL(self.base).path.rstrip("/"))
        hint = url.missing_context_hint(self.base)
        return error_for(answer.status, answer.headers, body, path=path, base_hint=hint)

    def _transport_error(self, error: Exception, request: _Request) -> MstrError:
        """Type what aiohttp raised, keeping only the parts of its text that cannot hold a header."""
        what = f"{request.method} {request.address.path}"
        if self.closed:
            return ClosedError(f"the connection was closed during {what}.")
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            seconds = self.settings.timeouts.connect
            return TimeoutExceeded(
                f"{self.host} did not accept a connection within {seconds:g} s.",
                hint="Check host, port, VPN and proxy, or raise Timeouts.connect.",
            )
        if isinstance(error, TimeoutError):
            return TimeoutExceeded(
                f"{what}: no answer in time.", hint=f"Raise Timeouts.{request.wait} if the server is only slow."
            )
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
            return TlsError(f"no TLS connection to {self.host}: {_reason(error)}.", hint=_tls_hint(error))
        if isinstance(error, aiohttp.ClientConnectorError):
            return ConnectError(f"no connection to {self.host}: {_reason(error)}.", hint=_connect_hint(error))
        if isinstance(error, aiohttp.ClientHttpProxyError):
            return ConnectError(f"the proxy refused to connect to {self.host} (HTTP {error.status}).")
        if isinstance(error, aiohttp.ClientResponseError):
            return ProtocolError(f"{what}: {self.host} does not answer in HTTP.", hint="Check host and port.")
        if isinstance(error, aiohttp.InvalidURL | UnicodeError):
            return UsageError(f"{self.host!r} cannot be a host's name.", hint=url.EXAMPLE)
        if isinstance(error, aiohttp.ClientPayloadError):
            return ConnectError(f"{what}: the answer ended early.", hint=_BROKEN)
        return ConnectError(f"{what}: the connection broke ({_reason(error)}).", hint=_BROKEN)


def _pieces(data: bytes | str | Sequence[bytes] | None) -> Sequence[bytes]:
    if not data:
        return ()
    if isinstance(data, str):
        return (data.encode(),)
    return (data,) if isinstance(data, bytes) else data


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


def _client_session(base: str, settings: Settings) -> aiohttp.ClientSession:
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

"""A request sent once: its pieces out, its answer in, and what went wrong in between, typed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, NamedTuple

from yarl import URL

from mstr_arrow.errors import MstrError, ProtocolError
from mstr_arrow.transport import url
from mstr_arrow.transport.answers import Answer, blotted, error_for, parsed, unpacked
from mstr_arrow.transport.failures import transport_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    import aiohttp

    from mstr_arrow.config import Timeouts
    from mstr_arrow.transport.keys import SessionKeys
    from mstr_arrow.transport.sockets import Route

SEND_BYTES = 2**18
"""Bytes of a request that are handed to the socket at once, so that a big body does not hold up the others."""

Wait = Literal["read", "execute"]


class Request(NamedTuple):
    """A request, ready to be sent as often as need be."""

    method: str
    path: str
    query: str
    params: list[tuple[str, str]]
    headers: dict[str, str]
    pieces: Sequence[bytes]
    wait: Wait | float
    hidden: Sequence[str]

    def __repr__(self) -> str:
        """Return what holds no secret, for tracebacks that show variables."""
        return f"<{self.method} {self.path}>"

    def address(self, base: str) -> URL:
        """Return where the request goes."""
        return URL(f"{base}{self.path}{self.query}")


def pieces_of(data: bytes | str | Sequence[bytes] | None) -> Sequence[bytes]:
    """Return the pieces of a body; none for no body."""
    if not data:
        return ()
    if isinstance(data, str):
        return (data.encode(),)
    return (data,) if isinstance(data, bytes) else data


async def exchange(
    session: aiohttp.ClientSession,
    request: Request,
    keys: SessionKeys,
    route: Route,
    timeouts: Timeouts,
    *,
    number: int,
) -> Answer:
    """Send a request and read its answer, with an end to each wait; raises what aiohttp does, and TimeoutError.

    ``number`` counts the attempts of the request, from 1.
    """
    waits = {"read": timeouts.read, "execute": timeouts.execute}
    first_byte = timeouts.connect + waits[request.wait] if isinstance(request.wait, str) else request.wait
    loop = asyncio.get_running_loop()
    began = loop.time()
    address = request.address(keys.base)
    async with asyncio.timeout(first_byte) as limit:

        async def body() -> AsyncIterator[bytes]:
            for piece in request.pieces:
                for start in range(0, len(piece), SEND_BYTES):
                    yield piece[start : start + SEND_BYTES]
                    if not limit.expired():
                        limit.reschedule(loop.time() + first_byte)

        async with session.request(
            request.method,
            address,
            params=request.params,
            data=body() if request.pieces else None,
            allow_redirects=False,
            **route.options(address, {**keys.headers(address), **request.headers}),
        ) as response:
            started = loop.time()
            keys.accept(response)
            received = []
            while True:
                limit.reschedule(loop.time() + timeouts.read)
                piece = await response.content.readany()
                if not piece:
                    break
                received.append(piece)
    if 200 <= response.status < 300:
        keys.used_at = started
    return Answer(
        status=response.status,
        headers=response.headers,
        body=b"".join(received),
        encoding=response.headers.get("Content-Encoding", "").lower(),
        retries=number - 1,
        seconds_waiting=started - began,
        seconds_transferring=loop.time() - started,
        secrets=(*keys.secrets, *request.hidden),
    )


def refusal(answer: Answer, request: Request, keys: SessionKeys, route: Route) -> tuple[MstrError, bool]:
    """Type an answer that is not a success, and say whether its reason came whole.

    Secrets that the body echoes are blotted out.
    """
    body, whole = b"", True
    try:
        body = unpacked(answer.body, answer.encoding)
        if body.startswith(b"{"):
            parsed(body, answer.secrets)
    except ProtocolError:
        whole = False
    body = blotted(body, [*answer.secrets, *route.secrets])
    hint = url.missing_context_hint(keys.base)
    method, path = request.method, request.path
    return error_for(answer.status, answer.headers, body, method=method, path=path, base_hint=hint), whole


def broken(
    error: Exception, request: Request, keys: SessionKeys, route: Route, *, connect_seconds: float
) -> MstrError:
    """Type what aiohttp raised."""
    return transport_error(
        error,
        f"{request.method} {request.address(keys.base).path}",
        url.host_of(keys.base),
        wait=request.wait if isinstance(request.wait, str) else "read",
        connect_seconds=connect_seconds,
        proxy=route.proxy_host,
    )

"""A request sent once: its pieces out, its response in, and what went wrong in between, typed."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

import aiohttp

from mstr_arrow.errors import ClosedError, MstrError, ProtocolError, ServerError
from mstr_arrow.http import url
from mstr_arrow.http.blotting import blot_out
from mstr_arrow.http.body import json_text, too_large, unpack
from mstr_arrow.http.disguised import error_within
from mstr_arrow.http.error_map import error_for
from mstr_arrow.http.failures import ResponseStopped, stray_body, transport_error
from mstr_arrow.http.response import Response, parse_json
from mstr_arrow.http.retry import Failed, is_overload, is_transient, retry_after, was_turned_away
from mstr_arrow.http.room import SMALL
from mstr_arrow.http.sockets import CONNECTING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from yarl import URL

    from mstr_arrow.config import Settings, Timeouts
    from mstr_arrow.http.cookies import SessionKeys
    from mstr_arrow.http.request import Request
    from mstr_arrow.http.room import Reservation, Room
    from mstr_arrow.http.sockets import Route
    from mstr_arrow.masked import Masked

SEND_BYTES = 2**18
"""Bytes of a request that are handed to the socket at once, so that a big body does not hold up the others."""

BEYOND_BUFFER = 2**26
"""Bytes that one response may have beyond ``Limits.buffer_bytes``: what is larger, packed or not, is not read."""

LARGEST_ERROR = 2**20
"""Bytes that are looked at of a response that is no success."""

SLOWEST = 100
"""Bytes in a second: a body that comes slower counts as silent."""

_NO_CONTENT = 204
_NOTHING_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request on its way, attempt by attempt: with the keys of one session, by one route.

    ``failures`` are the errors of the attempts so far.
    """

    request: Request
    keys: SessionKeys
    route: Route
    failures: list[MstrError] = field(default_factory=list)

    def __repr__(self) -> str:
        """Return what holds no secret, for tracebacks that show variables."""
        return f"<Delivery of {self.request!r}>"

    @property
    def address(self) -> URL:
        """Where the request goes."""
        return self.request.address(self.keys.base)

    @property
    def secrets(self) -> tuple[Masked, ...]:
        """The secrets that a response may not repeat."""
        return (*self.keys.secrets, *self.request.hidden)

    @property
    def number(self) -> int:
        """The number of the present attempt, from 1."""
        return len(self.failures) + 1

    @property
    def why(self) -> str | None:
        """The reason for the present attempt: the label of the error before it; None for the first."""
        return self.failures[-1].label if self.failures else None


async def exchange(session: aiohttp.ClientSession, delivery: Delivery, settings: Settings, room: Room) -> Response:
    """Send a request once and return its response, 2xx, read to the end, which takes of the ``room``.

    Anything else is raised as Failed, with the typed error, and whether another attempt is allowed; an error that
    comes with a 2xx, too.
    """
    if session.closed:  # between two attempts
        raise _closure(delivery)
    try:
        response = await _send(session, delivery, settings, room)
    except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:
        if session.closed:
            raise _closure(delivery) from None
        stray = Response(_NO_CONTENT, {}, stray_body(error), secrets=delivery.secrets)
        if (told := error_within(stray)) is not None:
            raise _failure(stray, told, delivery) from None
        raise _transport_failure(error, delivery, settings.timeouts) from None
    if not 200 <= response.status < 300:
        raise _refusal(response, delivery)
    if (told := error_within(response)) is not None:
        raise _failure(response, told, delivery)
    return response


def _closure(delivery: Delivery) -> Failed:
    message = f"the connection was closed during {delivery.request.method} {delivery.address.path}."
    return Failed(ClosedError(message), repeatable=False)


async def _send(session: aiohttp.ClientSession, delivery: Delivery, settings: Settings, room: Room) -> Response:
    """Send a request, read its response, with an end to each wait; raises what aiohttp does, and TimeoutError."""
    request, keys, address = delivery.request, delivery.keys, delivery.address
    timeouts, largest = settings.timeouts, settings.limits.buffer_bytes + BEYOND_BUFFER
    waits = {"read": timeouts.read, "execute": timeouts.execute}
    first_byte = timeouts.connect + waits[request.wait] if isinstance(request.wait, str) else request.wait
    loop = asyncio.get_running_loop()
    began = loop.time()
    started: float | None = None
    try:
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
                data=body() if request.size else None,
                allow_redirects=False,
                **delivery.route.options(address, {**keys.headers(address), **request.headers}),
            ) as response:
                started = loop.time()
                keys.accept(response)
                limit.reschedule(loop.time() + timeouts.read)
                with room.reserve() as reservation:
                    received = await _receive(response.content, reservation, limit, timeouts.read, largest)
    except TimeoutError as error:
        if started is None:
            raise
        raise ResponseStopped from error
    if 200 <= response.status < 300:
        keys.used_at = started
    return Response(
        status=response.status,
        headers=response.headers,
        body=received,
        encoding=response.headers.get("Content-Encoding", ""),
        retries=len(delivery.failures),
        busy=any(map(is_overload, delivery.failures)),
        seconds_connecting=CONNECTING.get(),
        seconds_waiting=started - began,
        seconds_transferring=loop.time() - started,
        largest=largest,
        reservation=reservation,
        secrets=delivery.secrets,
    )


async def _receive(
    content: aiohttp.StreamReader, reservation: Reservation, limit: asyncio.Timeout, seconds: float, largest: int
) -> bytes:
    """Read a body to its end, as far as there is room; raises Failed where it has more than ``largest`` bytes.

    ``limit`` ends the wait where so little came in ``seconds`` that it is as good as silence.
    """
    clock = asyncio.get_running_loop().time
    size, awaited = 0, SLOWEST * seconds
    with BytesIO() as body:  # closed at the end, or the traceback of an error holds what came
        while piece := await content.readany():
            body.write(piece)
            size += len(piece)
            if size > largest:
                raise Failed(too_large(largest), repeatable=False, size=size)
            if size > SMALL and not reservation.grow(size):
                await _wait_for_room(reservation, limit, seconds)
            if size >= awaited:
                awaited = size + SLOWEST * seconds
                limit.reschedule(clock() + seconds)
        return body.getvalue()  # which is what was written, not a copy


async def _wait_for_room(reservation: Reservation, limit: asyncio.Timeout, seconds: float) -> None:
    """Wait for more room; meanwhile it is not the server that is slow."""
    limit.reschedule(None)
    try:
        await reservation.wait(seconds)
    except ProtocolError as error:
        raise Failed(error, repeatable=False, size=reservation.size) from None
    limit.reschedule(asyncio.get_running_loop().time() + seconds)


def _transport_failure(error: Exception, delivery: Delivery, timeouts: Timeouts) -> Failed:
    """Type what aiohttp raised."""
    request, keys = delivery.request, delivery.keys
    typed = transport_error(
        error,
        f"{request.method} {delivery.address.path}",
        url.host_of(keys.base),
        wait=request.wait if isinstance(request.wait, str) else "read",
        connect_seconds=timeouts.connect,
        proxy=delivery.route.proxy_host,
    )
    harmless = request.safe is True or isinstance(error, _NOTHING_SENT)
    return Failed(typed, repeatable=harmless and is_transient(typed))


def _refusal(response: Response, delivery: Delivery) -> Failed:
    """Type a response that is not a success; secrets that its body echoes are blotted out."""
    body, whole = b"", True
    try:
        content = unpack(response.body, response.encoding, LARGEST_ERROR)
        body = json_text(content[:LARGEST_ERROR], response.headers.get("Content-Type", ""))
        if body.startswith(b"{"):
            parse_json(body, response.secrets)
    except ProtocolError:
        whole = False  # the reason did not come whole: it may do so the next time
    return _failure(response, body, delivery, whole=whole)


def _failure(response: Response, body: bytes, delivery: Delivery, *, whole: bool = True) -> Failed:
    """Type an error, of which ``body`` is the text as far as it came."""
    request = delivery.request
    error = error_for(
        response.status,
        response.headers,
        blot_out(body, [*response.secrets, *delivery.route.secrets]),
        method=request.method,
        path=request.path,
        subject=request.subject,
        base_hint=url.missing_context_hint(delivery.keys.base),
    )
    wait = retry_after(response.headers, time.time())
    if isinstance(error, ServerError):
        error.retry_after = wait
    if request.safe:
        repeatable = is_transient(error) or not whole
    else:
        repeatable = request.safe is None and was_turned_away(error, wait)
    return Failed(error, repeatable=repeatable, retry_after=wait, status=response.status, size=len(response.body))

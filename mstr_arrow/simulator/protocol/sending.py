"""Responses on their way to the socket: whole, streamed, or cut off as a fault says."""

from __future__ import annotations

import asyncio
import gzip
import math
import os
import socket
import struct
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mstr_arrow.simulator.faults.effects import CutRequest, CutResponse
    from mstr_arrow.simulator.responses import Response

_SEND_BUFFER = 256 * 2**10  # larger ones leave the processor's caches and halve the speed
_SEND_SECONDS = 60
_PIECE = 32 * 2**10
_TRICKLES = 10
_LOOK_SECONDS = 0.1
_HEADERS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Server": "MicroStrategy",
    "X-Content-Type-Options": "nosniff",
}


def to_aiohttp(response: Response) -> web.Response:
    """Make aiohttp's response that carries a response, whole."""
    stream = web.Response(status=response.status, body=response.body, headers=_HEADERS | response.headers)
    if response.body:
        stream.headers["Content-Type"] = response.content_type
    for cookie in response.cookies:
        stream.headers.add("Set-Cookie", cookie)
    return stream


def _stream_of(response: Response) -> web.StreamResponse:
    """Make aiohttp's response that carries a response piece by piece."""
    stream = web.StreamResponse(status=response.status, headers=_HEADERS | response.headers)
    stream.headers["Content-Type"] = response.content_type
    stream.content_length = len(response.body)
    for cookie in response.cookies:
        stream.headers.add("Set-Cookie", cookie)
    return stream


async def send_streamed(request: web.Request, response: Response) -> web.StreamResponse:
    """Send a big body by a thread that writes to the socket itself: asyncio copies what waits to be sent."""
    stream = _stream_of(response)
    transport = request.transport
    try:
        await stream.prepare(request)
        if transport is None or transport.get_write_buffer_size():
            await stream.write(response.body)
            return stream
    except ConnectionResetError:  # the client went away
        return stream
    descriptor = os.dup(transport.get_extra_info("socket").fileno())
    await asyncio.to_thread(_send, descriptor, response.body)
    return stream


def _send(descriptor: int, body: bytes) -> None:
    """Write the whole body to a socket of the event loop's, which does not block, and close the descriptor."""
    rest = memoryview(body)
    try:
        with socket.socket(fileno=descriptor) as connection:
            connection.settimeout(_SEND_SECONDS)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            connection.sendall(rest)
    except OSError:
        return  # the client went away; aiohttp sees the same and closes the connection


async def send_paced(
    request: web.Request, response: Response, carry: Callable[[int], Awaitable[None]]
) -> web.StreamResponse:
    """Send a response over a link, piece by piece: ``carry`` waits until so many bytes have gone."""
    stream = _stream_of(response)
    with suppress(ConnectionResetError):  # the client went away
        await stream.prepare(request)
        for start in range(0, len(response.body), _PIECE):
            piece = response.body[start : start + _PIECE]
            await carry(len(piece))
            await stream.write(piece)
    return stream


async def send_cut(request: web.Request, response: Response, cut: CutResponse) -> web.StreamResponse:
    """Send a part of the response and then do to the connection what the fault says."""
    part = response.body[: int(len(response.body) * (cut.part or 0))]
    if cut.ending == "damage":
        return to_aiohttp(_damage(response))
    if cut.ending == "complete":
        return to_aiohttp(replace(response, body=part))
    stream = _stream_of(response)
    with suppress(ConnectionResetError):  # the client went away
        if cut.part is not None:
            await stream.prepare(request)
            for piece in _pieces(part, _TRICKLES if cut.ending == "trickle" else 1):
                await stream.write(piece)
                await asyncio.sleep(cut.seconds / _TRICKLES if cut.ending == "trickle" else 0)
    if cut.ending == "trickle":
        return stream
    if cut.ending == "stall":
        await _silence(request, cut.seconds)
    transport = request.transport
    if transport is not None and cut.ending == "reset":
        _reset(transport)
    elif transport is not None:
        transport.close()
    return stream


async def _silence(request: web.Request, seconds: float) -> None:
    """Wait so long, or until the client has gone."""
    for _ in range(math.ceil(seconds / _LOOK_SECONDS)):
        if request.transport is None:
            break
        await asyncio.sleep(_LOOK_SECONDS)


def _pieces(body: bytes, number: int) -> list[bytes]:
    size = max(1, -(-len(body) // number))
    return [body[start : start + size] for start in range(0, len(body), size)]


def _damage(response: Response) -> Response:
    """Pack a response, if it is not, and change bytes in the middle of it."""
    packed = response.body if "Content-Encoding" in response.headers else gzip.compress(response.body, mtime=0)
    middle = len(packed) // 2
    spoilt = packed[:middle] + bytes(byte ^ 0xFF for byte in packed[middle : middle + 8]) + packed[middle + 8 :]
    return replace(response, body=spoilt, headers={**response.headers, "Content-Encoding": "gzip"})


async def cut_off(request: web.Request, cut: CutRequest) -> web.StreamResponse:
    """Reset the connection when a part of the request's body has come."""
    received = 0
    while received < cut.after and not request.content.at_eof():
        received += len(await request.content.read(cut.after - received))
    if request.transport is not None:
        _reset(request.transport)
    return web.Response()


def _reset(transport: asyncio.Transport) -> None:
    """Make closing the connection send RST in place of FIN."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()

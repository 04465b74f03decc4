"""Answers on their way to the socket: whole, streamed, or cut off as a fault says."""

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

    from mstr_arrow.simulator.answers import Answer
    from mstr_arrow.simulator.faults.fault import Cut, CutRequest

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


def response_of(answer: Answer) -> web.Response:
    """Make the response that carries an answer, whole."""
    response = web.Response(status=answer.status, body=answer.body, headers=_HEADERS | answer.headers)
    if answer.body:
        response.headers["Content-Type"] = answer.content_type
    for cookie in answer.cookies:
        response.headers.add("Set-Cookie", cookie)
    return response


def _stream_of(answer: Answer) -> web.StreamResponse:
    """Make the response that carries an answer piece by piece."""
    response = web.StreamResponse(status=answer.status, headers=_HEADERS | answer.headers)
    response.headers["Content-Type"] = answer.content_type
    response.content_length = len(answer.body)
    for cookie in answer.cookies:
        response.headers.add("Set-Cookie", cookie)
    return response


async def send_streamed(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send a big body by a thread that writes to the socket itself: asyncio copies what waits to be sent."""
    response = _stream_of(answer)
    transport = request.transport
    try:
        await response.prepare(request)
        if transport is None or transport.get_write_buffer_size():
            await response.write(answer.body)
            return response
    except ConnectionResetError:  # the client went away
        return response
    descriptor = os.dup(transport.get_extra_info("socket").fileno())
    await asyncio.to_thread(_send, descriptor, answer.body)
    return response


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
    request: web.Request, answer: Answer, carry: Callable[[int], Awaitable[None]]
) -> web.StreamResponse:
    """Send an answer over a link, piece by piece: ``carry`` waits until so many bytes have gone."""
    response = _stream_of(answer)
    with suppress(ConnectionResetError):  # the client went away
        await response.prepare(request)
        for start in range(0, len(answer.body), _PIECE):
            piece = answer.body[start : start + _PIECE]
            await carry(len(piece))
            await response.write(piece)
    return response


async def send_cut(request: web.Request, answer: Answer, cut: Cut) -> web.StreamResponse:
    """Send a part of the answer and then do to the connection what the fault says."""
    part = answer.body[: int(len(answer.body) * (cut.part or 0))]
    if cut.ending == "damage":
        return response_of(_damage(answer))
    if cut.ending == "complete":
        return response_of(replace(answer, body=part))
    response = _stream_of(answer)
    with suppress(ConnectionResetError):  # the client went away
        if cut.part is not None:
            await response.prepare(request)
            for piece in _pieces(part, _TRICKLES if cut.ending == "trickle" else 1):
                await response.write(piece)
                await asyncio.sleep(cut.seconds / _TRICKLES if cut.ending == "trickle" else 0)
    if cut.ending == "trickle":
        return response
    if cut.ending == "stall":
        await _silence(request, cut.seconds)
    transport = request.transport
    if transport is not None and cut.ending == "reset":
        _reset(transport)
    elif transport is not None:
        transport.close()
    return response


async def _silence(request: web.Request, seconds: float) -> None:
    """Wait so long, or until the client has gone."""
    for _ in range(math.ceil(seconds / _LOOK_SECONDS)):
        if request.transport is None:
            break
        await asyncio.sleep(_LOOK_SECONDS)


def _pieces(body: bytes, number: int) -> list[bytes]:
    size = max(1, -(-len(body) // number))
    return [body[start : start + size] for start in range(0, len(body), size)]


def _damage(answer: Answer) -> Answer:
    """Pack an answer, if it is not, and change bytes in the middle of it."""
    packed = answer.body if "Content-Encoding" in answer.headers else gzip.compress(answer.body, mtime=0)
    middle = len(packed) // 2
    spoilt = packed[:middle] + bytes(byte ^ 0xFF for byte in packed[middle : middle + 8]) + packed[middle + 8 :]
    return replace(answer, body=spoilt, headers={**answer.headers, "Content-Encoding": "gzip"})


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

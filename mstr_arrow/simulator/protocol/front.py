"""Requests to handlers, and their responses back: checks, errors, recording, compression, faults."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mstr_arrow.simulator.faults.effects import (
    BodyRewrite,
    CutRequest,
    CutResponse,
    Delay,
    ErrorResponse,
    GatewayTimeout,
    InstanceEviction,
    OtherResponse,
    SessionEnd,
)
from mstr_arrow.simulator.responses import Refusal, Response, gateway, ticket
from mstr_arrow.simulator.settings.server_settings import CONTEXT
from mstr_arrow.simulator.state.iserver import RecordedRequest
from mstr_arrow.simulator.state.sessions import expiry_error, parse_cookies

from .call import PROJECT, Call, Needs, Route
from .routing import TABLE
from .sending import cut_off, send_cut, send_paced, send_streamed, to_aiohttp

if TYPE_CHECKING:
    from mstr_arrow.simulator.faults.effects import Effect
    from mstr_arrow.simulator.state.iserver import IServer
    from mstr_arrow.simulator.state.sessions import Session

_LARGEST_UPLOAD = 2**30
_WORTH_COMPRESSING = 1024
_WORTH_RECORDING = 2**20


def application(server: IServer) -> web.Application:
    """Make the web application that serves all routes below the context path."""
    app = web.Application(client_max_size=_LARGEST_UPLOAD)
    app.router.add_route("*", "/{path:.*}", _Front(server).serve)
    return app


class _Front:
    """The front between aiohttp and the handlers."""

    def __init__(self, server: IServer) -> None:
        self._server = server
        self._behind: set[asyncio.Task[Response]] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, whatever it is."""
        path = request.path.removeprefix(CONTEXT)
        project = self._server.projects.catalogue(request.headers.get(PROJECT)).project
        fault = self._server.faults.take(request.method, path, project)
        effect = None if fault is None else fault.effect
        if isinstance(effect, CutRequest):
            return await cut_off(request, effect)
        body = await _body(request, self._server.settings.max_upload_bytes or _LARGEST_UPLOAD)
        self._server.arrived += 1
        try:
            response = gateway(413) if body is None else await self._in_time(self._answer(request, body, effect))
        except Refusal as refusal:
            response = refusal.to_response(ticket(self._server.arrived))
        if isinstance(effect, GatewayTimeout):
            response = effect.response
        if isinstance(effect, BodyRewrite):
            response = replace(response, body=effect.rewrite(response.body), ready=False)
        plain, response = response, await self._compress(request, response)
        self._record(request, path, body or b"", plain, wire_bytes=len(response.body))
        if isinstance(effect, CutResponse):
            return await send_cut(request, response, effect)
        if self._server.workload.model.bytes_per_second:
            return await send_paced(request, response, self._server.workload.carry)
        if response.ready:
            return await send_streamed(request, response)
        whole = to_aiohttp(response)
        if self._server.settings.chunked and response.body:
            whole.enable_chunked_encoding()
        return whole

    async def _in_time(self, responding: Coroutine[Any, Any, Response]) -> Response:
        """Wait as long as the gateway does; what takes longer goes on behind it."""
        seconds = self._server.settings.gateway_seconds
        if seconds is None:
            return await responding
        task = asyncio.create_task(responding)
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if task in done:
            return task.result()
        self._behind.add(task)
        task.add_done_callback(self._forget)
        return gateway(504)

    def _forget(self, task: asyncio.Task[Response]) -> None:
        self._behind.discard(task)
        if not task.cancelled():
            task.exception()  # nobody is told

    async def _answer(self, request: web.Request, body: bytes, effect: Effect | None) -> Response:
        if isinstance(effect, Delay):
            await asyncio.sleep(effect.seconds)
        if isinstance(effect, OtherResponse):
            return effect.response
        if isinstance(effect, ErrorResponse):
            refused = effect.refusal.to_response(ticket(self._server.arrived))
            return replace(refused, headers=dict(effect.headers))
        route, places = TABLE.find(request.method, request.rel_url.raw_path)
        call = Call(
            server=self._server,
            places=places,
            query=request.query,
            content_type=request.content_type,
            body=body,
            session=None if route.needs is Needs.NOTHING else self._session(request, route.needs),
            effect=effect,
            headers=request.headers,
        )
        if isinstance(effect, SessionEnd):
            if call.session is not None:
                self._server.logout(call.session)
            raise expiry_error()
        if isinstance(effect, InstanceEviction) and call.session is not None:
            call.session.drop_instances()
        if route.needs is not Needs.PROJECT:
            return await _work_out(route, call)
        asked_for = (route.path, call.places.get("id"), call.query.get("offset"))  # by whichever instance
        async with self._server.workload.place(call.user_session.token, asked_for) as take_time:
            response = await _work_out(route, call)
            await take_time(response.rows)
            return response

    def _session(self, request: web.Request, needs: Needs) -> Session:
        sessions = self._server.sessions
        cookies = parse_cookies(request.headers.getall("Cookie", []))
        session = sessions.authenticate(request.headers.get("X-MSTR-AuthToken"), cookies)
        if needs is Needs.PROJECT:
            project = request.headers.get(PROJECT)
            if not project:
                raise Refusal(400, "ERR005", f"The header '{PROJECT}' is missing")
            self._server.projects.enter(project, session.user)
            sessions.enter(session, project.upper())
        return session

    def _record(self, request: web.Request, path: str, body: bytes, response: Response, *, wire_bytes: int) -> None:
        self._server.requests.append(
            RecordedRequest(
                method=request.method,
                path=path,
                query=dict(request.query),
                status=response.status,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body if len(body) <= _WORTH_RECORDING else b"",
                size=len(body),
                answer_rows=response.rows,
                answer_bytes=len(response.body),
                wire_bytes=wire_bytes,
            )
        )

    async def _compress(self, request: web.Request, response: Response) -> Response:
        accepted = "gzip" in request.headers.get("Accept-Encoding", "")
        worth_it = len(response.body) >= _WORTH_COMPRESSING and not response.ready
        if not (self._server.settings.gzip and accepted and worth_it):
            return response
        body = await asyncio.to_thread(gzip.compress, response.body, 1, mtime=0)
        return replace(response, body=body, headers=response.headers | {"Content-Encoding": "gzip"})


async def _body(request: web.Request, limit: int) -> bytes | None:
    """Read the body, to its end even where it is larger than the limit: it is None then."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size > limit:
            pieces.clear()
        else:
            pieces.append(piece)
    return b"".join(pieces) if size <= limit else None


async def _work_out(route: Route, call: Call) -> Response:
    handled = route.handler(call)
    response = await handled if isinstance(handled, Awaitable) else handled
    return response if isinstance(response, Response) else await asyncio.to_thread(response)

"""Requests to handlers, and their answers back: checks, errors, recording, compression, faults."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mstr_arrow.simulator.answers import Answer, Refusal, gateway, ticket
from mstr_arrow.simulator.faults.fault import (
    Altered,
    Cut,
    CutRequest,
    Delayed,
    DeliveryEnds,
    Evicted,
    ExecutionFails,
    Forgotten,
    LoggedOut,
    Outwaited,
    PublishEnds,
    Refused,
    Replaced,
    Rewritten,
)
from mstr_arrow.simulator.settings.server_settings import CONTEXT
from mstr_arrow.simulator.state.iserver import RecordedRequest
from mstr_arrow.simulator.state.sessions import expired, parse_cookies

from .call import PROJECT, Call, Needs, Route
from .routing import TABLE
from .sending import cut_off, response_of, send_cut, send_paced, send_streamed

if TYPE_CHECKING:
    from mstr_arrow.simulator.faults.fault import Fault
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
    """What stands between aiohttp and the handlers."""

    def __init__(self, server: IServer) -> None:
        self._server = server
        self._behind: set[asyncio.Task[Answer]] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, whatever it is."""
        path = request.path.removeprefix(CONTEXT)
        project = self._server.projects.catalogue(request.headers.get(PROJECT)).project
        fault = self._server.faults.take(request.method, path, project)
        if fault is not None and isinstance(fault.effect, CutRequest):
            return await cut_off(request, fault.effect)
        body = await _body(request, self._server.settings.max_upload_bytes or _LARGEST_UPLOAD)
        self._server.arrived += 1
        try:
            answer = gateway(413) if body is None else await self._in_time(self._answer(request, body, fault))
        except Refusal as refusal:
            answer = refusal.answer(ticket(self._server.arrived))
        if fault is not None and isinstance(fault.effect, Outwaited):
            answer = fault.effect.answer
        if fault is not None and isinstance(fault.effect, Rewritten):
            answer = replace(answer, body=fault.effect.rewrite(answer.body), ready=False)
        plain, answer = answer, await self._compress(request, answer)
        self._record(request, path, body or b"", plain, wire_bytes=len(answer.body))
        if fault is not None and isinstance(fault.effect, Cut):
            return await send_cut(request, answer, fault.effect)
        if self._server.workload.model.bytes_per_second:
            return await send_paced(request, answer, self._server.workload.carry)
        if answer.ready:
            return await send_streamed(request, answer)
        response = response_of(answer)
        if self._server.settings.chunked and answer.body:
            response.enable_chunked_encoding()
        return response

    async def _in_time(self, answering: Coroutine[Any, Any, Answer]) -> Answer:
        """Wait as long as the gateway does; what takes longer goes on behind it."""
        seconds = self._server.settings.gateway_seconds
        if seconds is None:
            return await answering
        task = asyncio.create_task(answering)
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if task in done:
            return task.result()
        self._behind.add(task)
        task.add_done_callback(self._forget)
        return gateway(504)

    def _forget(self, task: asyncio.Task[Answer]) -> None:
        self._behind.discard(task)
        if not task.cancelled():
            task.exception()  # nobody is told

    async def _answer(self, request: web.Request, body: bytes, fault: Fault | None) -> Answer:
        effect = None if fault is None else fault.effect
        if isinstance(effect, Delayed):
            await asyncio.sleep(effect.seconds)
        if isinstance(effect, Replaced):
            return effect.answer
        if isinstance(effect, Refused):
            refused = effect.refusal.answer(ticket(self._server.arrived))
            return replace(refused, headers=dict(effect.headers))
        route, places = TABLE.find(request.method, request.rel_url.raw_path)
        call = Call(
            server=self._server,
            places=places,
            query=request.query,
            content_type=request.content_type,
            body=body,
            session=None if route.needs is Needs.NOTHING else self._session(request, route.needs),
            altered=effect if isinstance(effect, Altered) else None,
            ending=effect if isinstance(effect, PublishEnds) else None,
            failing=effect if isinstance(effect, ExecutionFails) else None,
            delivering=effect if isinstance(effect, DeliveryEnds) else None,
            forgotten=isinstance(effect, Forgotten),
            headers=request.headers,
        )
        if isinstance(effect, LoggedOut):
            if call.session is not None:
                self._server.logout(call.session)
            raise expired()
        if isinstance(effect, Evicted) and call.session is not None:
            call.session.drop_instances()
        if route.needs is not Needs.PROJECT:
            return await _work_out(route, call)
        asked_for = (route.path, call.places.get("id"), call.query.get("offset"))  # by whichever instance
        async with self._server.workload.place(call.user_session.token, asked_for) as take_time:
            answer = await _work_out(route, call)
            await take_time(answer.rows)
            return answer

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

    def _record(self, request: web.Request, path: str, body: bytes, answer: Answer, *, wire_bytes: int) -> None:
        self._server.requests.append(
            RecordedRequest(
                method=request.method,
                path=path,
                query=dict(request.query),
                status=answer.status,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body if len(body) <= _WORTH_RECORDING else b"",
                size=len(body),
                answer_rows=answer.rows,
                answer_bytes=len(answer.body),
                wire_bytes=wire_bytes,
            )
        )

    async def _compress(self, request: web.Request, answer: Answer) -> Answer:
        accepted = "gzip" in request.headers.get("Accept-Encoding", "")
        worth_it = len(answer.body) >= _WORTH_COMPRESSING and not answer.ready
        if not (self._server.settings.gzip and accepted and worth_it):
            return answer
        body = await asyncio.to_thread(gzip.compress, answer.body, 1, mtime=0)
        return replace(answer, body=body, headers=answer.headers | {"Content-Encoding": "gzip"})


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


async def _work_out(route: Route, call: Call) -> Answer:
    handled = route.handler(call)
    answer = await handled if isinstance(handled, Awaitable) else handled
    return answer if isinstance(answer, Answer) else await asyncio.to_thread(answer)

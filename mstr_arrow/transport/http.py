"""The HTTP session of one login: cookies, token, time-outs, retries."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
import orjson

from mstr_arrow import events
from mstr_arrow.errors import (
    ClosedError,
    ForkedError,
    MstrError,
    NotFound,
    SessionExpired,
    TimeoutExceeded,
    UsageError,
)
from mstr_arrow.transport import url
from mstr_arrow.transport.exchange import Request, broken, exchange, pieces_of, refusal
from mstr_arrow.transport.keys import PROJECT, SessionKeys
from mstr_arrow.transport.projects import OBJECT_ID, Project, choose, read_projects
from mstr_arrow.transport.renewal import lost_with_session
from mstr_arrow.transport.retry import Failed, attempts, is_overload, is_transient, retry_after, was_turned_away
from mstr_arrow.transport.sockets import client_session, find_route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from mstr_arrow.config import Settings
    from mstr_arrow.transport.answers import Answer
    from mstr_arrow.transport.exchange import Wait
    from mstr_arrow.transport.sockets import Route

_NOTHING_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)

logging.getLogger("mstr_arrow").addHandler(logging.NullHandler())
requests = logging.getLogger("mstr_arrow.requests")


class Http:
    """Requests of one connection; made and used on the background loop only.

    They carry the ``keys`` of its session. How many requests are on their way at once is limited by
    ``Network.connections`` alone: whoever sends many limits them.
    """

    def __init__(self, base: str, settings: Settings) -> None:
        self.settings = settings
        self.keys = SessionKeys(base)
        self.renew: Callable[[SessionKeys, SessionExpired], Awaitable[None]] | None = None
        """Puts keys of a new session in place of those that the server refused, or raises why it cannot."""
        self.searching = asyncio.Lock()
        """Held during a metadata search: a session keeps the results of a few, and drops older ones."""
        self.project: Project | None = None
        self._undecided = False
        self._project_ids: dict[str, str] = {}
        self._pid = os.getpid()
        self._session = client_session(settings)
        self._routes: dict[str, Route] = {}
        self._routing = asyncio.Lock()
        connections = settings.network.connections
        self._places = asyncio.Semaphore(connections) if connections else nullcontext()

    def __repr__(self) -> str:
        return f"<Http {self.base}>"

    @property
    def base(self) -> str:
        """The base URL of the session's server."""
        return self.keys.base

    @property
    def token(self) -> str | None:
        """The session's token; None where there is none."""
        return self.keys.token

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
        wait: Wait | float = "read",
        keys: SessionKeys | None = None,
        hidden: Sequence[str] = (),
    ) -> Answer:
        """Send a request and return its answer, 2xx, read to the end; anything else is a typed error.

        ``project``: True sends the connection's project and raises UsageError when none was chosen, None
        sends it where there is one, False sends none, a string is another project's id. ``safe=True`` says
        that the request may be repeated, as GET and HEAD are; :func:`~.retry.is_transient` lists what for.
        Others are repeated where the server turned them away (:func:`~.retry.was_turned_away`), and with
        ``safe=False`` not even then. ``wait="execute"`` allows ``timeouts.execute`` seconds for the first
        byte, counted from the last piece of the body that was sent; a number allows that many. A big body
        may come as a sequence of pieces.
        The answer's body is held in memory once, as it came.

        Where the session has expired, :attr:`renew` opens another and the request is sent once more, unless it is
        about something of the old one. ``keys`` are those of a session that is used as it is, expired or not.
        ``hidden`` are secrets in the request, which an answer may not repeat.
        """
        self.check_usable()
        method = method.upper()
        path, question, query = url.endpoint(path).partition("?")
        sent = {**await self._headers(project), **(headers or {})}
        if json is not None:
            data = orjson.dumps(json)
            sent.setdefault("Content-Type", "application/json")
        if pieces := pieces_of(data):
            sent["Content-Length"] = str(sum(map(len, pieces)))
        request = Request(method, path, question + query, url.query_pairs(params), sent, pieces, wait, hidden)
        if method in {"GET", "HEAD"} and safe is None:
            safe = True
        seconds = self.settings.timeouts.total
        try:
            async with asyncio.timeout(seconds) as limit:
                if keys is None:
                    return await self._in_session(request, safe=safe)
                return await self._attempts(request, keys, safe=safe)
        except TimeoutError:
            if not limit.expired():
                raise
            message = f"{method} {path} was not done within {seconds:g} s, repetitions included."
            raise TimeoutExceeded(
                message, hint="Raise Timeouts.total, or find out why the server is slow."
            ) from None

    async def projects(self) -> list[Project]:
        """Return the projects this login may use. Wire reference, section 9.1."""
        return read_projects((await self.request("GET", "projects", project=False)).json())

    async def project_id(self, wanted: str) -> str:
        """Return the id of a project given by id or name; a name is looked up once. Errors: NotFound."""
        if OBJECT_ID.fullmatch(wanted):
            return wanted.upper()
        if wanted not in self._project_ids:
            self._project_ids[wanted] = choose(await self.projects(), wanted).id
        return self._project_ids[wanted]

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
        headers: dict[str, str] = {}
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

    async def _in_session(self, request: Request, *, safe: bool | None) -> Answer:
        """Send a request, and once more in a new session where the one it was sent in has expired.

        An answer 401 says that nothing was done, so any request may be sent again.
        """
        keys = self.keys
        try:
            return await self._attempts(request, keys, safe=safe)
        except SessionExpired as error:
            if self.renew is None or keys.token is None:
                raise
            await self.renew(keys, error)
            if lost := lost_with_session(error, [name for name, _ in request.params], request.headers):
                raise lost from error
            if error.status != 401 and not safe:
                raise
        return await self._attempts(request, self.keys, safe=safe)

    async def _attempts(self, request: Request, keys: SessionKeys, *, safe: bool | None) -> Answer:
        """Send a request until it succeeds or its error is final."""
        route = await self._way(keys.base)
        why: str | None = None
        busy = False
        try:
            async for attempt in attempts(self.settings.retry):
                with attempt:
                    try:
                        async with self._places:
                            answer = await self._told(request, keys, route, attempt.num, why, safe=safe)
                            return replace(answer, busy=busy)
                    except Failed as failed:
                        why = failed.error.label
                        busy = busy or is_overload(failed.error)
                        raise
        except Failed as failed:
            raise failed.error from None
        raise AssertionError("unreachable")

    async def _way(self, base: str) -> Route:
        """Find the route at the first request, and again where that failed."""
        async with self._routing:
            if base not in self._routes:
                self._routes[base] = await find_route(base, self.settings)
            return self._routes[base]

    async def _told(
        self, request: Request, keys: SessionKeys, route: Route, number: int, why: str | None, *, safe: bool | None
    ) -> Answer:
        """Send a request once, and tell whoever listens."""
        method, path = request.method, request.path
        began = time.monotonic()
        status, error, size = None, None, 0
        self.tell(lambda: events.RequestStarted(method, path, number, why, sum(map(len, request.pieces))))
        try:
            answer = await self._attempt(request, keys, route, number, safe=safe)
            status, size = answer.status, len(answer.body)
        except Failed as failed:
            status, size, error = failed.status, failed.size, failed.error.label
            raise
        except BaseException as interruption:
            error = type(interruption).__name__
            raise
        else:
            return answer
        finally:
            seconds = time.monotonic() - began
            full_path = request.address(keys.base).path
            requests.debug("%s %s -> %s in %.0f ms", method, full_path, status or error, 1000 * seconds)
            self.tell(lambda: events.RequestFinished(method, path, number, status, error, seconds, size))

    def tell(self, make_event: Callable[[], events.Event]) -> None:
        """Give an event to the function that was given for them; without one it is not even made."""
        if self.settings.on_event is not None:
            events.tell(self.settings.on_event, make_event())

    async def _attempt(
        self, request: Request, keys: SessionKeys, route: Route, number: int, *, safe: bool | None
    ) -> Answer:
        """Send a request once; a failure is raised as Failed, which says whether to go on."""
        try:
            answer = await exchange(self._session, request, keys, route, self.settings.timeouts, number=number)
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:
            nothing_sent = isinstance(error, _NOTHING_SENT)
            typed = self._broken(error, request, keys, route)
            repeatable = (safe is True or nothing_sent) and is_transient(typed)
            raise Failed(typed, repeatable=repeatable) from None
        if 200 <= answer.status < 300:
            return answer
        refused, whole = refusal(answer, request, keys, route)
        wait = retry_after(answer.headers, time.time())
        passing = is_transient(refused) or not whole
        raise Failed(
            refused,
            repeatable=passing if safe else safe is None and was_turned_away(refused, wait),
            retry_after=wait,
            status=answer.status,
            size=len(answer.body),
        )

    def _broken(self, error: Exception, request: Request, keys: SessionKeys, route: Route) -> MstrError:
        if self.closed:
            return ClosedError(
                f"the connection was closed during {request.method} {request.address(keys.base).path}."
            )
        return broken(error, request, keys, route, connect_seconds=self.settings.timeouts.connect)

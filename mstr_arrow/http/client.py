"""The requests of one session, in whatever project: cookies, token, time-outs, retries."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeVar

from mstr_arrow import events, telemetry
from mstr_arrow.config import Retry
from mstr_arrow.errors import (
    ClosedError,
    ForkedError,
    LoginError,
    SessionExpired,
    TimeoutExceeded,
    UsageError,
)
from mstr_arrow.http.again import check_response, may_go_again, read_by
from mstr_arrow.http.cookies import SessionKeys
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.http.exchange import Delivery, exchange
from mstr_arrow.http.request import make_request
from mstr_arrow.http.retry import Failed, attempts
from mstr_arrow.http.room import Room
from mstr_arrow.http.sockets import client_session, find_route
from mstr_arrow.http.subject import loss_with_session
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Unpack

    from mstr_arrow.config import Settings
    from mstr_arrow.http.request import Options, Request
    from mstr_arrow.http.response import Response
    from mstr_arrow.http.sockets import Route

logging.getLogger("mstr_arrow").addHandler(logging.NullHandler())
requests = logging.getLogger("mstr_arrow.requests")

T = TypeVar("T")

_NOTHING_DONE = 401
_FINAL = (SessionExpired, LoginError, UsageError)
"""Errors that no patience helps against: there is no such session, or nothing was sent."""

_ENDLESS = 10_000


class Http:
    """Requests of one connection; made and used on the background loop only.

    They carry the ``keys`` of its session. How many requests are on their way at once is limited by
    ``Network.connections`` alone: a sender of many limits them.
    """

    def __init__(self, base: str, settings: Settings) -> None:
        self.settings = settings
        self.keys = SessionKeys(base)
        self.room = Room(settings.limits.buffer_bytes)
        listeners = (settings.on_event, telemetry.observer(lambda: self.base))
        self._listeners = [each for each in listeners if each is not None]
        self.renew: Callable[[SessionKeys, SessionExpired], Awaitable[None]] | None = None
        """Puts keys of a new session in place of those that the server refused, or raises why it cannot."""
        self.worth_in_flight: int | None = None
        """Requests in flight that a read has learned to be worth it; one read at a time takes that."""
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
        """Whether `aclose` was called."""
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
        keys: SessionKeys | None = None,
        **options: Unpack[Options],
    ) -> Response:
        """Send a request and return its response, 2xx, read to the end; anything else is a typed error.

        ``keys`` are those of a session that is used as it is, expired or not; `Options` lists the ``options``. The
        response's body is held in memory once, as it came.

        Where the session has expired, `renew` opens another and the request is sent once more, unless it is
        about something of the old one.
        """
        self.check_usable()
        request = make_request(method, path, **options)
        seconds = self.settings.timeouts.total
        try:
            async with asyncio.timeout(seconds) as limit:
                return await (self._in_session(request) if keys is None else self._deliver(request, keys))
        except TimeoutError:
            if not limit.expired():
                raise
            message = f"{request.method} {request.path} was not done within {seconds:g} s, repetitions included."
            raise TimeoutExceeded(
                message, hint=naming("Raise {Timeouts.total}, or find out why the server is slow.")
            ) from None

    async def read(
        self,
        method: str,
        path: str,
        reader: Callable[[Response], T],
        *,
        keys: SessionKeys | None = None,
        **options: Unpack[Options],
    ) -> T:
        """Send a request as `request` does, and return the response as ``reader`` reads it.

        Where it raises ProtocolError, what is safe is sent once more; `Options` says what becomes of the rest.
        """
        return await read_by(self.request, method, path, reader, keys=keys, **options)

    async def aclose(self) -> None:
        """Close the connections, without a log-out; requests under way end with ClosedError."""
        await self._session.close()

    def reopen(self, base: str) -> None:
        """Begin anew after `aclose`, for another session at ``base``."""
        self.keys = SessionKeys(base)
        self._session = client_session(self.settings)

    def abandon(self) -> None:
        """Let go of the connections without touching them: in a forked child they are the parent's."""
        self._session.detach()

    async def _in_session(self, request: Request) -> Response:
        """Send a request, and once more in a new session where the one it was sent in has expired.

        A response 401, or a code that belongs to it, says that nothing was done: any request may be sent again.
        """
        keys = self.keys
        try:
            return await self._deliver(request, keys)
        except SessionExpired as error:
            if self.renew is None or keys.token is None:
                raise
            await self.renew(keys, error)
            if lost := loss_with_session(error, request.subject):
                raise lost from error
            if infer_status(error) != _NOTHING_DONE and not request.safe:
                raise
        return await self._deliver(request, self.keys)

    async def _deliver(self, request: Request, keys: SessionKeys) -> Response:
        """Send a request until it succeeds or its error is final."""
        delivery = Delivery(request, keys, await self._way(keys.base))
        try:
            async for attempt in attempts(self._retry(request)):
                with attempt:
                    try:
                        return await self._send_and_check(delivery)
                    except Failed as failed:
                        if request.patience is not None:
                            failed.repeatable = not isinstance(failed.error, _FINAL)
                            failed.retry_after = None
                        elif not failed.repeatable:
                            failed.repeatable = await may_go_again(failed, delivery)
                        delivery.failures.append(failed.error)
                        raise
        except Failed as failed:
            raise failed.error from None
        raise AssertionError("unreachable")

    async def _send_and_check(self, delivery: Delivery) -> Response:
        """Send a request once, and have its sender read the response."""
        async with self._places:
            response = await self._attempt(delivery)
        try:
            await check_response(response, delivery.request)
            return response
        finally:
            del response  # or the error's traceback holds it while another is asked for

    def _retry(self, request: Request) -> Retry:
        if request.patience is None:
            return self.settings.retry
        return Retry(attempts=_ENDLESS, seconds=request.patience, wait_initial=0.05, wait_max=1.0)

    async def _way(self, base: str) -> Route:
        """Find the route at the first request, and again where that failed."""
        async with self._routing:
            if base not in self._routes:
                self._routes[base] = await find_route(base, self.settings)
            return self._routes[base]

    async def _attempt(self, delivery: Delivery) -> Response:
        """Send a request once, and tell the listeners."""
        method, path, size = delivery.request.method, delivery.request.path, delivery.request.size
        number, why = delivery.number, delivery.why
        began = time.monotonic()
        status, error, received = None, None, 0
        self.tell(lambda: events.RequestStarted(method, path, number, why, size))
        try:
            response = await exchange(self._session, delivery, self.settings, self.room)
            status, received = response.status, len(response.body)
        except Failed as failed:
            status, received, error = failed.status, failed.size, failed.error.label
            raise
        except BaseException as interruption:
            error = type(interruption).__name__
            raise
        else:
            return response
        finally:
            seconds = time.monotonic() - began
            full_path = delivery.address.path
            requests.debug("%s %s -> %s in %.0f ms", method, full_path, status or error, 1000 * seconds)
            self.tell(lambda: events.RequestFinished(method, path, number, status, error, seconds, received))

    def tell(self, make_event: Callable[[], events.Event]) -> None:
        """Give an event to the listeners, tracing among them; without any it is not even made."""
        for listener in self._listeners:
            events.tell(listener, make_event())

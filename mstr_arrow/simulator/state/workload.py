"""How long the server takes: a settable model of time, so that a client's concurrency has something to find.

A request that needs a project waits for a place among its session's requests, then for one of the server's
workers, and holds both while its answer is worked out and for the model's time after that. The time is
slept, so that it costs no processor.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeModel:
    """What answers cost.

    ``request_ms`` milliseconds for every request and one second for every ``rows_per_second`` rows of data;
    ``workers`` requests are served at once, ``session_limit`` of them for one session: the rest waits in the
    order of arrival. None sets no limit.
    """

    request_ms: float = 0.0
    rows_per_second: float | None = None
    workers: int | None = None
    session_limit: int | None = None

    def seconds(self, rows: int) -> float:
        """Give the time that an answer with this many rows takes."""
        return self.request_ms / 1000 + (rows / self.rows_per_second if self.rows_per_second else 0.0)


class Workload:
    """The requests that are being served; used by one event loop."""

    def __init__(self, model: TimeModel, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._model = model
        self._sleep = sleep
        self._workers = asyncio.Semaphore(model.workers) if model.workers else None
        limit = model.session_limit
        self._sessions: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(limit or 1))

    @asynccontextmanager
    async def place(self, session: str) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        """Hold a place for a request of a session; gives the function to await with the answer's rows."""
        async with AsyncExitStack() as held:
            if self._model.session_limit:
                await held.enter_async_context(self._sessions[session])
            if self._workers is not None:
                await held.enter_async_context(self._workers)
            yield self._take_time

    async def _take_time(self, rows: int) -> None:
        seconds = self._model.seconds(rows)
        if seconds > 0:
            await self._sleep(seconds)

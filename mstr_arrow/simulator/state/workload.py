"""The requests that are being served, as long as the model of time says, so that concurrency has something to find.

The time is slept, so that it costs no processor.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict, deque
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Hashable

    from mstr_arrow.simulator.settings.time_model import TimeModel


class Gate:
    """Lets so many through at once, in the order of arrival; the number may change while they wait."""

    def __init__(self) -> None:
        self.inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @asynccontextmanager
    async def place(self, limit: Callable[[], int | None]) -> AsyncIterator[None]:
        """Wait for a place and hold it; ``limit`` tells how many there are at the time, None for any number."""
        await self._enter(limit)
        try:
            yield
        finally:
            self.inside -= 1
            self.admit(limit)

    def admit(self, limit: Callable[[], int | None]) -> None:
        """Let in those that have room now."""
        while self._waiting and _room(self.inside, limit()):
            first = self._waiting.popleft()
            if not first.done():
                self.inside += 1
                first.set_result(None)

    async def _enter(self, limit: Callable[[], int | None]) -> None:
        if not self._waiting and _room(self.inside, limit()):
            self.inside += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was let in, and will not come
                self.inside -= 1
                self.admit(limit)
            raise


def _room(inside: int, limit: int | None) -> bool:
    return limit is None or inside < limit


class Workload:
    """The requests that are being served; used by one event loop."""

    def __init__(
        self,
        model: TimeModel,
        *,
        seed: int = 0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._sleep = sleep
        self._clock = clock
        self._began = clock()
        self._luck = random.Random(seed)
        self._workers = Gate()
        self._sessions: defaultdict[str, Gate] = defaultdict(Gate)
        self._lock = asyncio.Lock()
        self._warm: set[Hashable] = set()
        self._link_free = 0.0

    @property
    def model(self) -> TimeModel:
        """The model that holds now; another holds from the next request on, and for those that wait."""
        return self._model

    @model.setter
    def model(self, model: TimeModel) -> None:
        self._model = model
        self._workers.admit(self._worker_limit)
        for gate in self._sessions.values():
            gate.admit(self._session_limit)

    @asynccontextmanager
    async def place(self, session: str, what: Hashable = None) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        """Hold a place for a request of a session for ``what``, which is cold at first.

        Gives the function to await with the answer's rows.
        """
        if self._model.gateway_ms:
            await self._sleep(self._model.gateway_ms / 1000)
        cold = what not in self._warm
        self._warm.add(what)

        async def take_time(rows: int) -> None:
            await self._take_time(rows, cold=cold)

        async with AsyncExitStack() as held:
            await held.enter_async_context(self._sessions[session].place(self._session_limit))
            await held.enter_async_context(self._workers.place(self._worker_limit))
            yield take_time

    async def carry(self, size: int) -> None:
        """Wait until so many bytes have gone over the link, behind all that was given to it before."""
        if not self._model.bytes_per_second:
            return
        now = self._clock()
        self._link_free = max(now, self._link_free) + size / self._model.bytes_per_second
        await self._sleep(self._link_free - now)

    def _session_limit(self) -> int | None:
        return self._model.session_limit

    def _worker_limit(self) -> int | None:
        model = self._model
        crowded = (
            model.halves_above is not None and self._workers.inside + self._workers.waiting > model.halves_above
        )
        return max(1, model.workers // 2) if model.workers and crowded else model.workers

    async def _take_time(self, rows: int, *, cold: bool) -> None:
        model = self._model
        stalled = model.seconds_of_stall(self._clock() - self._began)
        if stalled:
            await self._sleep(stalled)
        if model.lock_ms:
            async with self._lock:
                await self._sleep(model.lock_ms / 1000)
        seconds = model.draw_seconds(rows, self._luck) + (model.cold_ms / 1000 if cold else 0.0)
        if seconds > 0:
            await self._sleep(seconds)

"""A sweep: loads put on a server in turn, each request noted, and everything given back at the end."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.session.client import Client
from mstr_arrow.throughput.about import About
from mstr_arrow.throughput.estimate import LEAST
from mstr_arrow.throughput.figures import measured, percentiles_of
from mstr_arrow.throughput.log import Sent, table_of
from mstr_arrow.throughput.loops import keep_in_flight, keep_rate
from mstr_arrow.throughput.result import Sweep
from mstr_arrow.throughput.target import Pages, open_target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mstr_arrow.throughput.figures import Round
    from mstr_arrow.throughput.loads import Bounds, Load, Rounds
    from mstr_arrow.throughput.loops import Ending
    from mstr_arrow.throughput.target import Target

LAG_INTERVAL = 0.01

BACKLOG = 2
"""Pages for each decoding thread, beside those in flight, that may wait to be decoded."""

OPEN_IN_FLIGHT = 256
"""Requests of an open loop that may be in flight at once."""


@dataclass(slots=True)
class Sweeper:
    """Puts the loads of ``rounds`` on the server that ``client`` is connected to, within ``bounds``.

    ``on_load`` is told what was measured, after each measurement. What is measured is there at any moment: an
    interruption loses the measurement under way alone.
    """

    client: Client
    rounds: Rounds
    bounds: Bounds
    on_load: Callable[[Load, Sweep], object] | None = None
    about: About = field(default_factory=About)
    clock: Callable[[], float] = time.monotonic
    requests: list[Sent] = field(default_factory=list)
    rounds_of: dict[Load, list[Round]] = field(default_factory=lambda: defaultdict(list))
    left_out: dict[Load, str] = field(default_factory=dict)
    _loads: list[Load] = field(default_factory=list)
    _targets: dict[str, list[Target]] = field(default_factory=lambda: defaultdict(list))
    _clients: list[Client] = field(default_factory=list)
    _began: float = 0.0

    async def run(self) -> None:
        """Measure all loads; sessions that were opened for it are logged out on every way out."""
        self._began = self.clock()
        self.client.session.hold()
        try:
            async with AsyncExitStack() as opened:
                self._clients.append(self.client)
                with ThreadPoolExecutor(
                    self.client.http.settings.limits.decode_threads, "mstr-arrow-decode"
                ) as pool:
                    for number, load in self.rounds:
                        if self._spent():
                            break
                        await self._log_in(load.sessions, opened)
                        await self._measure(number, load, pool)
        finally:
            self.client.session.release()

    def result(self) -> Sweep:
        """Give what was measured so far."""
        return Sweep(
            table_of(self.requests), list(self._loads), dict(self.rounds_of), dict(self.left_out), self.about
        )

    def _spent(self) -> bool:
        """Tell whether the budget of the sweep is used up."""
        seconds, size = self.clock() - self._began, sum(each.wire_bytes for each in self.requests)
        return seconds >= self.bounds.most_seconds or size >= self.bounds.most_bytes

    async def _log_in(self, sessions: int, opened: AsyncExitStack) -> None:
        while len(self._clients) < sessions:
            another = await self.client.session.open_another()
            if another is None:
                raise UsageError(
                    "the credentials of this connection serve for one log-in only.",
                    hint="Measure with one session, or connect with a name and password.",
                )
            opened.push_async_callback(another.aclose)
            another.hold()
            self._clients.append(Client(another))

    async def _targets_of(self, load: Load) -> list[Target]:
        """Make an instance of the object in each session, where there is none yet."""
        known = self._targets[load.name]
        warm = known[0].warm if known else set[tuple[int, int]]()
        for client in self._clients[len(known) : load.sessions]:
            known.append(await open_target(client, load.name, warm))
        return known[: load.sessions]

    async def _measure(self, number: int, load: Load, pool: ThreadPoolExecutor) -> None:
        """Put one load on the server, note its requests, and leave out stronger ones where it was too much."""
        targets = await self._targets_of(load)
        if load not in self._loads:
            self._loads.append(load)
        waiting = (load.concurrency or OPEN_IN_FLIGHT) + BACKLOG * self.client.http.settings.limits.decode_threads
        pages, mine = Pages(targets, load.page_rows, pool, waiting), list[Sent]()

        async def send(due: float) -> None:
            mine.append(Sent(self._loads.index(load), number, due))
            await pages.send(mine[-1], self._now, full=load.concurrency or 1)

        began, cpu, lags = self._now(), time.process_time(), list[float]()
        watch = asyncio.create_task(_watch_lag(lags))
        try:
            ended = self._ending(began, load)
            if load.concurrency:
                await keep_in_flight(load.concurrency, send, ended, self._now)
            else:
                await keep_rate(load.rate, send, ended, self._now)
            await pages.finish()
        finally:
            watch.cancel()
            self.requests += mine
        cpu = (time.process_time() - cpu) / (self._now() - began)
        one = measured(table_of(mine), full=began if pages.full is None else pages.full, cpu=cpu, lag=late(lags))
        if one is not None:
            self.rounds_of[load].append(one)
        self._refuse_more(load, mine)
        if self.on_load is not None:
            self.on_load(load, self.result())

    def _refuse_more(self, load: Load, requests: Sequence[Sent]) -> None:
        """Try nothing stronger after too many errors, or answers that take too long."""
        took = [each.last_byte - each.due for each in requests if each.last_byte is not None]
        failed = 1 - len(took) / max(1, len(requests))
        latency = percentiles_of(took)[0].get(95.0, 0.0)
        if failed > self.bounds.errors:
            why = f"{failed:.0%} of the requests of {load} failed"
        elif latency > self.bounds.latency:
            why = f"the 95th percentile of {load} was {latency:.1f} s"
        else:
            return
        self.left_out.update(dict.fromkeys(self.rounds.refuse(load), why))

    def _ending(self, began: float, load: Load) -> Ending:
        """Say when a load has been on for long enough: at least three requests for each of its places."""

        def ended(sent: int) -> bool:
            if self.bounds.requests is not None:
                return sent >= self.bounds.requests
            return self._now() - began >= self.bounds.seconds and sent >= LEAST * load.concurrency

        return ended

    def _now(self) -> float:
        return self.clock() - self._began


def late(lags: Sequence[float]) -> float:
    """Give the 95th percentile of how late the event loop woke up."""
    return sorted(lags)[int(0.95 * len(lags))] if lags else 0.0


async def _watch_lag(lags: list[float]) -> None:
    """Note, until cancelled, how late the event loop wakes up."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_INTERVAL
        await asyncio.sleep(LAG_INTERVAL)
        lags.append(max(0.0, loop.time() - due))

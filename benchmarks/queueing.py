"""A server in simulated time: requests queue for its workers, and nobody waits for them. Pure."""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mstr_arrow.http.limiter import Limiter, Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Queueing:
    """A server with a knee: ``workers`` requests are served at once, the rest waits in the order of arrival.

    A request takes ``seconds`` on the median, drawn from a log-normal distribution of width ``noise``, and now and
    then (``outliers`` of them) eight times as long. From the request of number ``then_at`` on there are
    ``then_workers``, and each request takes ``then_slower`` times as long.
    """

    workers: int
    seconds: float = 0.1
    noise: float = 0.0
    outliers: float = 0.0
    then_at: float = math.inf
    then_workers: int | None = None
    then_slower: float = 1.0

    def workers_at(self, number: int) -> int:
        """Give the workers there are once so many requests were answered."""
        return self.then_workers if self.then_workers and number >= self.then_at else self.workers

    def takes(self, number: int, luck: random.Random) -> float:
        """Draw the seconds of work in a request."""
        seconds = self.seconds * luck.lognormvariate(0.0, self.noise)
        if luck.random() < self.outliers:
            seconds *= 8
        return seconds * (self.then_slower if number >= self.then_at else 1.0)


@dataclass(frozen=True, slots=True)
class Served:
    """A request that was answered: when, after how many seconds, with how many others in flight when it started."""

    at: float
    seconds: float
    in_flight: int


def served(server: Queueing, limiter: Limiter, *, rows: int = 1_000, seed: int = 0) -> Iterator[Served]:
    """Serve a client that always has work and keeps as many requests in flight as its limiter says, without end."""
    luck = random.Random(seed)
    now, answered, in_flight = 0.0, 0, 0
    queue: deque[tuple[float, Ticket]] = deque()
    working: list[tuple[float, int, float, Ticket]] = []
    while True:
        while in_flight < limiter.limit:
            in_flight += 1
            queue.append((now, limiter.on_start(in_flight)))
        while queue and len(working) < server.workers_at(answered):
            began, ticket = queue.popleft()
            ends = now + server.takes(answered, luck)
            heapq.heappush(working, (ends, answered + len(working), began, ticket))
        now, _, began, ticket = heapq.heappop(working)
        answered += 1
        in_flight -= 1
        limiter.on_done(ticket, seconds=now - began, rows=rows)
        yield Served(now, now - began, ticket.in_flight)

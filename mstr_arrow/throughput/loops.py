"""The two ways to put a load on a server: closed, so many in flight; open, so many due in a second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine


class Ending(Protocol):
    """Says whether a load has been on for long enough, from the requests that were sent so far."""

    def __call__(self, sent: int) -> bool:
        """Tell whether no more requests are sent."""


async def keep_in_flight(
    number: int, send: Callable[[float], Awaitable[object]], ended: Ending, clock: Callable[[], float]
) -> None:
    """Keep ``number`` requests in flight until ``ended``; wait for all.

    ``send`` is given the moment at which its request was due: when the one before it in its place was answered.
    """
    sent = 0

    async def place() -> None:
        nonlocal sent
        while not ended(sent):
            sent += 1
            await send(clock())

    async with asyncio.TaskGroup() as group:
        for _ in range(number):
            group.create_task(place())


async def keep_rate(
    rate: float,
    send: Callable[[float], Coroutine[Any, Any, object]],
    ended: Ending,
    clock: Callable[[], float],
    *,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Send ``rate`` requests a second until ``ended``, answered or not; wait for all.

    ``send`` is given the moment at which its request was due, be it sent later: so a server that stands still is
    not asked less, and what it kept waiting is counted.
    """
    began, sent = clock(), 0
    async with asyncio.TaskGroup() as group:
        while not ended(sent):
            due = began + sent / rate
            await sleep(max(0.0, due - clock()))
            sent += 1
            group.create_task(send(due))

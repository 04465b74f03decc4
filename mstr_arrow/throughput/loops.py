"""The two kinds of load: closed loops with a number of requests in flight, open loops with a rate."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine


class Ending(Protocol):
    """Decides from the requests sent so far whether a load ends."""

    def __call__(self, sent: int) -> bool:
        """Tell whether to send no more requests."""


async def keep_in_flight(
    number: int, send: Callable[[float], Awaitable[object]], ended: Ending, clock: Callable[[], float]
) -> None:
    """Keep ``number`` requests in flight until ``ended``; wait for the last responses.

    ``send`` gets the due time of the request, which is the time of the response before it in the same place.
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
    """Send ``rate`` requests a second until ``ended``, without waiting for responses; wait for the last responses.

    ``send`` gets the due time of the request, even where the request is sent later. So a server that stands still
    gets no fewer requests, and the delay counts as latency.
    """
    began, sent = clock(), 0
    async with asyncio.TaskGroup() as group:
        while not ended(sent):
            due = began + sent / rate
            await sleep(max(0.0, due - clock()))
            sent += 1
            group.create_task(send(due))

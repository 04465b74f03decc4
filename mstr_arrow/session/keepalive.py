"""The keep-alive: a session in use does not end for lack of requests."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mstr_arrow import events
from mstr_arrow.errors import MstrError, SessionExpired

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mstr_arrow.http.client import Http

logger = logging.getLogger("mstr_arrow")

PART = 1 / 3
"""The part of the session's time-out that may pass without a request, so that two that fail do no harm."""

SHORTEST = 0.3
"""Seconds between two extensions at least, whatever time-out the server tells."""


class KeepAlive:
    """Extends a session that is held and idle; on the background loop only.

    ``timeout`` returns the session's idle time-out in seconds, and is called at the first hold. Idle time counts
    from the last request of any kind that the server answered, so that a busy session costs no further request.
    """

    def __init__(self, timeout: Callable[[], Awaitable[float]]) -> None:
        self._timeout = timeout
        self._holders = 0
        self._http: Http | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, http: Http) -> None:
        """Begin to watch an open session."""
        self._http = http
        self._adapt()

    def stop(self) -> None:
        """End, before the session is closed."""
        self._http = None
        self._adapt()

    def hold(self) -> None:
        """Keep the session alive until as many `release` calls as ``hold`` calls were made."""
        self._holders += 1
        self._adapt()

    def release(self) -> None:
        """End one `hold`."""
        self._holders -= 1
        self._adapt()

    def _adapt(self) -> None:
        """Run while the session is open and held, and at no other time."""
        if self._http is not None and self._holders:
            self._task = self._task or asyncio.ensure_future(self._stay_alive(self._http))
        elif self._task is not None:
            self._task.cancel()
            self._task = None

    async def _stay_alive(self, http: Http) -> None:
        clock = asyncio.get_running_loop().time
        ended = None
        while True:
            longest = max(await self._timeout() * PART, SHORTEST)
            keys = http.keys
            left = longest if keys is ended else keys.used_at + longest - clock()
            if left > 0:
                await asyncio.sleep(left)
                continue
            try:
                await http.request("PUT", "sessions", safe=True, keys=keys)
                http.tell(lambda: events.SessionRenewed(http.base))
            except SessionExpired:
                # The next request opens another session; without one nothing needs it.
                logger.debug("the session expired; keep-alive waits for another")
                ended = keys
            except MstrError as error:
                logger.debug("keep-alive failed, will be tried again: %s", type(error).__name__)
                await asyncio.sleep(longest / 2)

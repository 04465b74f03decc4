"""The end of the time that a read may take."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from mstr_arrow.errors import TimeoutExceeded
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Awaitable

R = TypeVar("R")


class Deadline:
    """So many seconds from now, over all that is awaited within it; None never ends."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    async def within(self, work: Awaitable[R]) -> R:
        """Await something; errors: TimeoutExceeded when the time is over."""
        if self._end is None:
            return await work
        left = self._end - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, left)) as limit:
                return await work
        except TimeoutError:
            if not limit.expired():
                raise
        raise TimeoutExceeded(
            f"the read was not done within {self._seconds:g} s.",
            hint=naming(
                "Raise or leave away {Scan.with_options.deadline}, or read less; an extraction that resumes goes "
                "on later."
            ),
        )

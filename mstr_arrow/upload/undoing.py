"""Make things on the server, and undo them where the caller gave up meanwhile."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.errors import MstrError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")

logger = logging.getLogger("mstr_arrow")


async def undo_if_cancelled(
    making: Coroutine[Any, Any, T], undo: Callable[[T], Awaitable[object]], seconds: float
) -> T:
    """Await what makes something; a cancellation waits ``seconds`` for its answer, and has what was made undone.

    Only the answer tells what that is.
    """
    made = asyncio.ensure_future(making)
    try:
        return await asyncio.shield(made)
    except asyncio.CancelledError:
        await asyncio.wait([made], timeout=seconds)
        made.cancel()
        try:
            async with asyncio.timeout(seconds):
                await undo(await made)
        except (MstrError, TimeoutError, asyncio.CancelledError) as error:
            logger.debug("what was made just now could not be undone: %s", type(error).__name__)
        raise

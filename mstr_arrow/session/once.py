"""Create and delete exactly once, though responses get lost: look whether it is done before it is sent again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from mstr_arrow.errors import MstrError, ProtocolError, TimeoutExceeded
from mstr_arrow.http.retry import leaves_open

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp

T = TypeVar("T")

UNDO_SECONDS = 5.0
"""Seconds in which what was perhaps made is looked for and deleted, when the wait for its answer is given up."""


async def create(
    http: ProjectHttp,
    path: str,
    body: object,
    read: Callable[[Response], T],
    *,
    look: Callable[[], Awaitable[T | None]],
    undo: Callable[[T], Awaitable[object]],
    how_to_see: str,
) -> T:
    """Create an object by POST; return what ``read`` makes of the response.

    Where the response is lost or cannot be read, ``look`` finds the created object; only without one is the request
    sent again. When the wait is cancelled, as by Ctrl-C, an object created meanwhile is deleted. After an error
    that leaves the outcome open, no object is left behind; where the client cannot know, the error says
    ``how_to_see`` the object.
    """
    doubt = _Doubt(look, how_to_see)
    try:
        return await http.read("POST", path, read, json=body, lost=doubt.may_send_again)
    except MstrError as error:
        if (there := await doubt.settle(error)) is None:
            raise
        return there
    except asyncio.CancelledError:
        with suppress(MstrError, TimeoutError):
            async with asyncio.timeout(UNDO_SECONDS):
                if not http.closed and (made := await look()) is not None:
                    await undo(made)
        raise


async def delete(http: ProjectHttp, path: str, *, is_there: Callable[[], Awaitable[bool]], how_to_see: str) -> None:
    """Delete an object; where the response is lost, ``is_there`` decides whether the request is sent again."""

    async def find_gone() -> bool | None:
        return None if await is_there() else True

    doubt = _Doubt(find_gone, how_to_see)
    try:
        await http.read("DELETE", path, check_done, lost=doubt.may_send_again)
    except MstrError as error:
        if await doubt.settle(error) is None:
            raise


def check_done(response: Response) -> None:
    """Check a response that says no more than "done". Errors: ProtocolError for a page of another server."""
    if response.body.strip():
        response.json()


def is_open(error: MstrError) -> bool:
    """Tell whether the server may have carried out a request that ended with an error."""
    return isinstance(error, TimeoutExceeded | ProtocolError) or leaves_open(error)


class _Doubt(Generic[T]):
    """The effect that a request may have had: ``look`` returns it, None where there is none."""

    def __init__(self, look: Callable[[], Awaitable[T | None]], how_to_see: str) -> None:
        self._look = look
        self._how_to_see = how_to_see
        self._found: T | None = None
        self._seen = False

    async def may_send_again(self) -> bool:
        """Look, and say whether the request goes again: if there is certainly nothing of it."""
        self._seen = False
        with suppress(MstrError):
            self._found = await self._look()
            self._seen = True
        return self._seen and self._found is None

    async def settle(self, error: MstrError) -> T | None:
        """Return what was done after all; add to an error that leaves it open how that is seen.

        After a time-out nobody has looked, and the server may still be at it.
        """
        if not is_open(error):
            return None
        late = isinstance(error, TimeoutExceeded)
        if late:
            await self.may_send_again()
        if self._found is None and (late or not self._seen):
            error.add_hint(self._how_to_see)
        return self._found

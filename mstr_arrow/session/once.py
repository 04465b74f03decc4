"""Things that are made and deleted once, though answers get lost: what is there is looked at before all else."""

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
    """Have the server make something, by POST, and return what ``read`` makes of the answer.

    Where the answer is lost or cannot be read, ``look`` finds what was made; only if that is nothing the request is
    sent again. When the wait is given up, as by Ctrl-C, what was made meanwhile is undone. After an error that
    leaves it open nothing of it is there; where that cannot be known, the error says ``how_to_see`` it.
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
    """Have the server delete something; where the answer is lost, ``is_there`` says whether it is sent again."""

    async def find_gone() -> bool | None:
        return None if await is_there() else True

    doubt = _Doubt(find_gone, how_to_see)
    try:
        await http.read("DELETE", path, check_done, lost=doubt.may_send_again)
    except MstrError as error:
        if await doubt.settle(error) is None:
            raise


def check_done(response: Response) -> None:
    """Take an answer that says no more than that something was done; errors: ProtocolError for a page of others."""
    if response.body.strip():
        response.json()


def is_open(error: MstrError) -> bool:
    """Say whether the server may have done what it was asked, though there is an error."""
    return isinstance(error, TimeoutExceeded | ProtocolError) or leaves_open(error)


class _Doubt(Generic[T]):
    """What a request may have done: ``look`` returns it, None where there is nothing of it."""

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

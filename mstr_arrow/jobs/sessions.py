"""The sessions of a run: opened at first need, noted where the next run finds them, and logged out at the end."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from copy import copy
from typing import TYPE_CHECKING

from mstr_arrow.errors import LoginError
from mstr_arrow.extract.borrowed import Borrowed, log_out, read_borrowed, write_borrowed
from mstr_arrow.files.sinks import in_thread
from mstr_arrow.session.saved_session import snapshot_session
from mstr_arrow.session.session_client import client_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from mstr_arrow.connection import Connection

    Open = Callable[[str | None], AbstractAsyncContextManager[Connection]]

NAME = ".sessions.json"
"""A file for its owner alone: the sessions of runs, to be logged out by the next one if this one is killed."""


class Sessions:
    """Connections by server, ``at_once`` for each, of which each job gets one; on the background loop only.

    They are noted in ``folder``; without one they are not, and those of other runs are left alone. ``needed`` gives
    the private files of extractions, whose sessions these take over themselves.

    A log-in that a server refuses is not tried again for each job, which might lock the user out.
    """

    def __init__(
        self, opening: Open, at_once: int, folder: Path | None, needed: Callable[[], Iterable[Path]]
    ) -> None:
        self._opening = opening
        self._at_once = at_once
        self._private = None if folder is None else folder / NAME
        self._needed = needed
        self._stack = AsyncExitStack()
        self._locks: dict[tuple[str | None, int], asyncio.Lock] = {}
        self._noting = asyncio.Lock()
        self._opened: dict[tuple[str | None, int], Connection] = {}
        self._refused: dict[str | None, LoginError] = {}
        self._within: dict[tuple[str | None, int, str], Connection] = {}
        self._former: list[Borrowed] = []
        self._next = 0

    async def __aenter__(self) -> Self:
        if self._private is not None:
            self._former = await in_thread(read_borrowed, self._private)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end_former()
        await self._stack.__aexit__(kind, error, trace)
        await self._note(over=True)

    async def connection(self, server: str | None, project: str | None) -> Connection:
        """Return a connection to a server, and to a project of it if one is named; the session is one of a few."""
        key = server, self._next % self._at_once
        self._next += 1
        async with self._locks.setdefault(key, asyncio.Lock()):  # a server that does not answer holds up no other
            if key not in self._opened:
                await self._open(key)
            connection = self._opened[key]
            if project is None:
                return connection
            within = (*key, project)
            if within not in self._within:
                self._within[within] = await connection.in_project_async(project)
            return self._within[within]

    async def _open(self, key: tuple[str | None, int]) -> None:
        if (refused := self._refused.get(key[0])) is not None:
            raise copy(refused)
        try:
            connection = await self._stack.enter_async_context(self._opening(key[0]))
        except LoginError as error:
            self._refused[key[0]] = copy(error)
            raise
        self._opened[key] = connection
        async with self._noting:
            await self._note()
            await self._end_former()

    async def _end_former(self) -> None:
        """Log out the sessions of killed runs that no extraction wants to go on in."""
        if not self._former:
            return
        wanted = {each.session.token for each in await in_thread(self._read_needed) if each.instance}
        for former in [each for each in self._former if each.session.token not in wanted]:
            for connection in self._opened.values():
                session = client_of(connection).session
                if session.http.own.base == former.session.base:
                    await log_out(former, session)
                    self._former.remove(former)
                    break
        await self._note()

    def _read_needed(self) -> list[Borrowed]:
        return [each for path in self._needed() for each in read_borrowed(path)]

    async def _note(self, *, over: bool = False) -> None:
        private = self._private
        if private is None:
            return
        sessions = [] if over else [client_of(each).session for each in self._opened.values()]
        noted = [Borrowed(snapshot_session(each.http), each.owned) for each in sessions]
        if noted or self._former:
            await in_thread(write_borrowed, private, [*noted, *self._former])
        else:
            await in_thread(lambda: private.unlink(missing_ok=True))

"""The sessions of an extraction while it runs: its own, those that former runs left, and the one taken over."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from mstr_arrow.errors import InstanceGone, SessionExpired
from mstr_arrow.extract.borrowed import Borrowed, Restored, log_out, read_borrowed, take_over, write_borrowed
from mstr_arrow.files.sinks import in_thread
from mstr_arrow.instances.probe import probe
from mstr_arrow.session.saved_session import snapshot_session

if TYPE_CHECKING:
    from mstr_arrow.extract.folder import Folder
    from mstr_arrow.grid.grid_options import GridOptions
    from mstr_arrow.instances.execute import Watch
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.in_project import ProjectSession


class ExtractionSessions:
    """The sessions that an extraction has to end or to note; on the background loop only."""

    def __init__(self, own: ProjectSession, folder: Folder, watch: Watch) -> None:
        self._own = own
        self._folder = folder
        self._watch = watch
        self._restored: Restored | None = None
        self._former: list[Borrowed] = []
        self._noted: list[Borrowed] = []

    @property
    def current(self) -> ProjectSession:
        """The session whose instance is read."""
        return self._own if self._restored is None else self._restored.session

    @property
    def took_over(self) -> bool:
        """Whether that is a former run's."""
        return self._restored is not None

    async def read_former(self) -> None:
        """Read which sessions former runs have noted."""
        self._former = await in_thread(read_borrowed, self._folder.private)

    async def find_living(self, source: Source, grid: GridOptions) -> Instance | None:
        """Look for the instance of a former run: in its session, which is taken over, or in our own."""
        for former in [each for each in self._former if each.instance is not None]:
            given = replace(source, given=former.instance, over=None)
            own = former.session.token == self._own.http.own.keys.token
            session = self._own if own else await take_over(former, self._own)
            if session is None:
                continue
            if not own:
                self._former.remove(former)
                self._restored = Restored(session, owned=former.owned)
                self._own.register(self._restored)
            with suppress(InstanceGone, SessionExpired):
                return await probe(session, given, grid, self._watch)
            await self.let_go()
        return None

    async def end_former(self, *, idle: bool = False) -> None:
        """Log the sessions of former runs out, or those in which nothing was read."""
        former = [each for each in self._former if not (idle and each.instance)]
        self._former = [each for each in self._former if each not in former]
        for each in former:
            if each.session.token != self._own.http.own.keys.token:
                await log_out(each, self._own)

    async def let_go(self) -> None:
        """End the session that was taken over."""
        restored, self._restored = self._restored, None
        if restored is not None:
            self._own.unregister(restored)
            await restored.aclose()

    async def note(self, instance_id: str | None) -> None:
        """Write down the sessions that a next run has to end, and the instance that it can read."""
        restored = self._restored
        own = Borrowed(snapshot_session(self._own.http), self._own.owned, instance_id if restored is None else None)
        noted = [own, *(each for each in self._former if each.session.token != own.session.token)]
        if restored is not None:
            noted.insert(0, Borrowed(snapshot_session(restored.session.http), restored.owned, instance_id))
        if noted != self._noted:
            await in_thread(write_borrowed, self._folder.private, noted)
            self._noted = noted

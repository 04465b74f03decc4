"""The requests of one project: a small client that names the project in each request."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from mstr_arrow.errors import ClosedError, NotFound, UsageError
from mstr_arrow.http.again import read_by
from mstr_arrow.session.project import OBJECT_ID, PROJECT, Project, choose, fetch_projects

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    from mstr_arrow.config import Settings
    from mstr_arrow.http.client import Http
    from mstr_arrow.http.cookies import SessionKeys
    from mstr_arrow.http.request import Options
    from mstr_arrow.http.response import Response

T = TypeVar("T")


class ProjectHttp:
    """Sends requests about one project; on the background loop only.

    Without a ``project``, the first request chooses the only project of the login. ``own`` sends requests of the
    session itself, which name no project. ``searching`` is a lock for metadata searches in all projects: a session
    keeps the results of a few searches, and drops older results.
    """

    def __init__(self, own: Http, project: Project | None = None, searching: asyncio.Lock | None = None) -> None:
        self.own = own
        self.project = project
        self.searching = searching or asyncio.Lock()
        self._left = False
        self._none_to_choose = False
        self._others: dict[str, ProjectHttp] = {}

    def __repr__(self) -> str:
        return f"<ProjectHttp {self.own.base} project={self.project.name if self.project else None!r}>"

    @property
    def settings(self) -> Settings:
        """The connection's settings."""
        return self.own.settings

    @property
    def closed(self) -> bool:
        """Whether `leave` was called, or the session closed."""
        return self._left or self.own.closed

    def check_usable(self) -> None:
        """Raise ForkedError in a child process of the one that connected, ClosedError after closing."""
        self.own.check_usable()
        if self._left:
            raise ClosedError("the connection is closed.", hint="Connect again.")

    def leave(self) -> None:
        """Refuse further requests, while those of other projects go on, until `enter` is called."""
        self._left = True

    def enter(self) -> None:
        """Go on after `leave`."""
        self._left = False

    async def request(
        self, method: str, path: str, *, keys: SessionKeys | None = None, **options: Unpack[Options]
    ) -> Response:
        """Send a request that names the project, as `request` does.

        Errors: UsageError where no project was chosen and there are several.
        """
        self.check_usable()
        project = await self.require_project()
        options["headers"] = {PROJECT: project.id, **(options.get("headers") or {})}
        return await self.own.request(method, path, keys=keys, **options)

    async def read(
        self,
        method: str,
        path: str,
        reader: Callable[[Response], T],
        *,
        keys: SessionKeys | None = None,
        **options: Unpack[Options],
    ) -> T:
        """Send a request as `request` does, and read the response, as `Http.read` does."""
        return await read_by(self.request, method, path, reader, keys=keys, **options)

    async def choose(self, wanted: str | None) -> Project:
        """Choose the project of later requests by name or id; None is the only project. See `choose`."""
        self.project = choose(await fetch_projects(self.own), wanted)
        return self.project

    async def require_project(self) -> Project:
        """Return the project, or choose the only one. Errors: UsageError, NotFound."""
        return self.project or await self.choose(None)

    async def find_project(self) -> Project | None:
        """Return the project; None where `require_project` fails, which is not tried again."""
        if self.project is None and not self._none_to_choose:
            with suppress(UsageError, NotFound):
                await self.choose(None)
            self._none_to_choose = self.project is None
        return self.project

    def beside(self, project: Project) -> ProjectHttp:
        """Return the client of another project in the same session."""
        return ProjectHttp(self.own, project, self.searching)

    async def beside_named(self, wanted: str) -> ProjectHttp:
        """Return the client of another project: by id, which is not checked, or by name, looked up once."""
        if wanted not in self._others:
            if OBJECT_ID.fullmatch(wanted):
                project = Project(wanted.upper(), wanted)
            else:
                project = choose(await fetch_projects(self.own), wanted)
            self._others[wanted] = self.beside(project)
        return self._others[wanted]

"""A session as the scans, uploads and objects of one project use it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from mstr_arrow.errors import UsageError
from mstr_arrow.session.project_http import ProjectHttp
from mstr_arrow.session.session import ServerSession, close_in_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from mstr_arrow.background import Closable
    from mstr_arrow.config import Settings
    from mstr_arrow.session.access import Access, Resolved
    from mstr_arrow.session.capabilities import Capabilities
    from mstr_arrow.session.project import Project
    from mstr_arrow.session.working_set import WorkingSet

T = TypeVar("T")


class ProjectSession:
    """A session together with the project of the connection that opened the session, and that closes it.

    ``http`` sends requests about the project. ``whole`` is the session itself, which holds, registers and learns.
    """

    def __init__(self, whole: ServerSession, http: ProjectHttp) -> None:
        self.whole = whole
        self.http = http

    @classmethod
    async def open(cls, access: Access, resolved: Resolved, project: str | None, settings: Settings) -> Self:
        """Open a session and find the project; a failure leaves no session open."""
        whole = await ServerSession.open(access, resolved, settings)
        session = cls(whole, ProjectHttp(whole.http))
        if project is None and resolved.saved is not None:
            project = resolved.saved.project_id
        await session._choose(project)
        return session

    async def _choose(self, project: str | None) -> None:
        if project is None:
            return
        try:
            await self.http.choose(project)
        except BaseException:
            await self.whole.aclose()
            raise

    async def open_another(self, settings: Settings | None = None) -> ProjectSession | None:
        """Log in once more, for the same project; None where the connection cannot. The caller closes the result.

        ``settings`` are by default those of this session.
        """
        whole = await self.whole.open_another(settings)
        return None if whole is None else ProjectSession(whole, ProjectHttp(whole.http, self.http.project))

    @property
    def instances(self) -> WorkingSet:
        """The session's instances on the server, in all projects."""
        return self.whole.instances

    @property
    def capabilities(self) -> Capabilities:
        """The abilities of the server, learned by trying."""
        return self.whole.capabilities

    @property
    def owned(self) -> bool:
        """Whether the connection opened the session, and logs out at the end."""
        return self.whole.owned

    @property
    def version(self) -> str | None:
        """The Intelligence Server's version, None where the server does not tell it."""
        return self.whole.version

    def register(self, resource: Closable, *, lost: Callable[[], object] | None = None) -> None:
        """Register ``resource``, to be closed before the session; see `ServerSession.register`."""
        self.whole.register(resource, lost=lost)

    def unregister(self, resource: Closable) -> None:
        """Forget ``resource``, which is closed."""
        self.whole.unregister(resource)

    def resources_of(self, kind: type[T]) -> list[T]:
        """Return the registered resources of one kind, in all projects."""
        return self.whole.resources_of(kind)

    def hold(self) -> None:
        """Keep the session alive until as many `release` calls as ``hold`` calls were made."""
        self.whole.hold()

    def release(self) -> None:
        """End one `hold`."""
        self.whole.release()

    async def aclose(self, *, log_out: bool | None = None) -> None:
        """Close the session; see `ServerSession.aclose`."""
        await self.whole.aclose(log_out=log_out)

    async def reopen(self) -> None:
        """Open the session again after `aclose`, in the same project."""
        await self.whole.reopen()
        await self._choose(self.http.project and self.http.project.id)


class SharedSession(ProjectSession):
    """The session of another connection, with a project of its own.

    Closing this object closes and releases what was registered and held here; the session goes on.
    """

    def __init__(self, whole: ServerSession, http: ProjectHttp) -> None:
        super().__init__(whole, http)
        self._opened: dict[int, Closable] = {}
        self._holds = 0

    @classmethod
    def of(cls, session: ProjectSession, project: Project) -> SharedSession:
        """Return the same session in another project."""
        return cls(session.whole, session.http.beside(project))

    def register(self, resource: Closable, *, lost: Callable[[], object] | None = None) -> None:
        """Register ``resource``, to be closed before this object and before the log-out."""
        self._opened[id(resource)] = resource
        super().register(resource, lost=lost)

    def unregister(self, resource: Closable) -> None:
        """Forget ``resource``, which is closed."""
        self._opened.pop(id(resource), None)
        super().unregister(resource)

    def hold(self) -> None:
        """Keep the session alive until this object is closed, or `release` was called as often."""
        self._holds += 1
        super().hold()

    def release(self) -> None:
        """End one `hold`."""
        self._holds -= 1
        super().release()

    async def aclose(self, *, log_out: bool | None = None) -> None:
        """Close the resources that were registered here; the session goes on."""
        if log_out:
            raise UsageError(
                "this connection shares its session with another.", hint="Log out with the one it was made from."
            )
        limit = self.http.settings.timeouts.logout
        opened = list(self._opened.values())
        await asyncio.gather(*(close_in_time(each, limit) for each in reversed(opened)))
        for each in opened:
            self.unregister(each)
        self.http.leave()
        while self._holds > 0:
            self.release()

    async def reopen(self) -> None:
        """Go on after `aclose`, if the session is open. Errors: ClosedError."""
        self.whole.http.check_usable()
        self.http.enter()

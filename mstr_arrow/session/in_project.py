"""A session as another project sees it: the same session, whose requests name that project."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.http.client import Http
from mstr_arrow.session.session import ServerSession, close_in_time

if TYPE_CHECKING:
    from mstr_arrow import background
    from mstr_arrow.session.project import Project


class HttpInProject(Http):
    """Requests in another project; keys, connections and whatever else there is are those of ``whole``."""

    def __init__(self, whole: Http, project: Project) -> None:
        vars(self).update(_whole=whole, _left=False, project=project)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_whole"], name)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "project":
            vars(self)[name] = value
        else:
            setattr(self._whole, name, value)

    @property
    def closed(self) -> bool:
        """Whether this or the whole was closed."""
        return bool(self._left or self._whole.closed)

    async def aclose(self) -> None:
        """Refuse further requests, while the others of the session go on."""
        vars(self)["_left"] = True


class SessionInProject(ServerSession):
    """``whole`` as another project sees it; what is registered and held here is let go when it is closed."""

    def __init__(self, whole: ServerSession, project: Project) -> None:
        vars(self).update(_whole=whole, _opened={}, _holds=0, http=HttpInProject(whole.http, project))

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_whole"], name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in vars(self):
            vars(self)[name] = value
        else:
            setattr(self._whole, name, value)

    @classmethod
    def of(cls, session: ServerSession, project: Project) -> SessionInProject:
        """Return a session in another project; one in a project leads to the whole."""
        return cls(session._whole if isinstance(session, SessionInProject) else session, project)  # noqa: SLF001

    def register(self, resource: background.Closable) -> None:
        """Close ``resource`` before this is closed, and before the log-out."""
        self._opened[id(resource)] = resource
        self._whole.register(resource)

    def unregister(self, resource: background.Closable) -> None:
        """Forget ``resource``: it was closed."""
        self._opened.pop(id(resource), None)
        self._whole.unregister(resource)

    def hold(self) -> None:
        """Keep the session alive until as many :meth:`release` calls as ``hold`` calls were made."""
        self._holds += 1
        self._whole.hold()

    def release(self) -> None:
        """End one :meth:`hold`."""
        self._holds -= 1
        self._whole.release()

    async def aclose(self, *, log_out: bool | None = None) -> None:
        """Close what was registered here; the session goes on."""
        if log_out:
            raise UsageError(
                "this connection shares its session with another.", hint="Log out with the one it was made from."
            )
        limit = self.http.settings.timeouts.logout
        opened = list(self._opened.values())
        await asyncio.gather(*(close_in_time(each, limit) for each in reversed(opened)))
        for each in opened:
            self.unregister(each)
        await self.http.aclose()
        while self._holds > 0:
            self.release()

    async def reopen(self) -> None:
        """Go on after :meth:`aclose`, if the whole is open. Errors: ClosedError."""
        self._whole.http.check_usable()
        project = self.http.project
        if project is not None:
            self.http = HttpInProject(self._whole.http, project)

"""The way in: a connection to one server, opened at once and logged out on every way out."""

from __future__ import annotations

import asyncio
import os
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mstr_arrow.auth.modes import LoginMode, mode_from
from mstr_arrow.config import Settings
from mstr_arrow.errors import InsecureWarning
from mstr_arrow.objects.catalogue import find, list_objects
from mstr_arrow.objects.cube import open_cube
from mstr_arrow.objects.push import write
from mstr_arrow.objects.report import open_report
from mstr_arrow.objects.supercube import warned
from mstr_arrow.scan.options import ReadOptions
from mstr_arrow.transport import background
from mstr_arrow.transport.endpoints import Endpoints
from mstr_arrow.transport.session import ServerSession
from mstr_arrow.transport.url import base_url

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator
    from types import TracebackType
    from typing import Self, Unpack

    from mstr_arrow.objects.catalogue import Kind, ObjectInfo
    from mstr_arrow.objects.cube import Cube
    from mstr_arrow.objects.pushoptions import WriteOptions
    from mstr_arrow.objects.report import Report
    from mstr_arrow.scan.options import ScanOptions
    from mstr_arrow.transport.events import OnEvent
    from mstr_arrow.transport.http import Http
    from mstr_arrow.transport.projects import Project
    from mstr_arrow.upload.result import WriteResult

T = TypeVar("T")

DEFAULTS = Settings()


def connect(
    url: str,
    *,
    username: str | None = None,
    password: str | Callable[[], str] | None = None,
    project: str | None = None,
    settings: Settings = DEFAULTS,
    on_event: OnEvent | None = None,
) -> Connection:
    """Log in and return the open connection; without user name and password, as a guest.

    ``url`` is the Library's, in any spelling: :func:`~.transport.url.base_url` lists them. ``password`` may
    be a function, called once. ``project`` is a name or an id; without it, the only project the login may
    use, or a UsageError at the first call that needs one. ``on_event`` is told what happens on the network, see
    :mod:`mstr_arrow.transport.events`. Calls GET /api/status, POST /api/auth/login and,
    given a project, GET /api/projects.

    Raises LoginError for wrong credentials, NotFound for a wrong project (its hint lists what there is) or
    a URL that is not a Library's, ConnectError, TlsError or TimeoutExceeded when nothing answers.
    """
    base, mode = base_url(url), mode_from(username, password)
    settings = _with_hook(settings, base, on_event)
    body = mode.body()
    opened: list[ServerSession] = []
    try:
        background.run(_open(opened, base, body, project, settings))
    except BaseException:
        _abandon(opened)
        raise
    return Connection(opened[0])


def connect_async(
    url: str,
    *,
    username: str | None = None,
    password: str | Callable[[], str] | None = None,
    project: str | None = None,
    settings: Settings = DEFAULTS,
    on_event: OnEvent | None = None,
) -> Opening:
    """Log in without blocking: await what this returns, or enter it with ``async with``.

    Arguments and errors are those of :func:`connect`; a function as ``password`` runs in a thread.
    """
    base, mode = base_url(url), mode_from(username, password)
    return Opening(base, mode, project, _with_hook(settings, base, on_event))


def _with_hook(settings: Settings, base: str, on_event: OnEvent | None) -> Settings:
    """Complete the settings, and warn the caller's caller of a connection whose certificates are not checked."""
    if base.startswith("https:") and not settings.tls.verify:
        message = f"certificates of {base} are not checked; whoever is in between can read the password"
        warnings.warn(message, InsecureWarning, stacklevel=3)
    return settings if on_event is None else replace(settings, on_event=on_event)


async def _open(
    opened: list[ServerSession],
    base: str,
    body: dict[str, object],
    project: str | None,
    settings: Settings,
) -> None:
    """Open a session into ``opened``, where one that is ready just as its caller gives up can be found."""
    opened.append(await ServerSession.open(base, body, project, settings))


def _abandon(opened: list[ServerSession]) -> None:
    for session in opened:
        background.spawn(session.aclose())


class Opening:
    """A connection about to be opened: await it, or enter it."""

    def __init__(self, base: str, mode: LoginMode, project: str | None, settings: Settings) -> None:
        self._base = base
        self._mode = mode
        self._project = project
        self._settings = settings
        self._connection: Connection | None = None

    def __await__(self) -> Generator[Any, None, Connection]:
        return self._open().__await__()

    async def _open(self) -> Connection:
        body = await asyncio.to_thread(self._mode.body)
        opened: list[ServerSession] = []
        try:
            await background.bridge(_open(opened, self._base, body, self._project, self._settings))
        except BaseException:
            _abandon(opened)
            raise
        return Connection(opened[0])

    async def __aenter__(self) -> Connection:
        self._connection = await self._open()
        return await self._connection.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await self._connection.__aexit__(kind, error, trace)


class User(NamedTuple):
    """Who is logged in."""

    id: str
    name: str


class Connection(Endpoints):
    """An open session on one server; made by :func:`connect` and :func:`connect_async`.

    Leaving its context closes it; so does the end of the process. Within the context the session is kept
    alive. It may be used from several threads and event loops, but not in a forked child. :meth:`request`
    and its kin reach every endpoint of the REST API.
    """

    def __init__(self, session: ServerSession) -> None:
        self._session = session
        self._pid = os.getpid()

    def __repr__(self) -> str:
        project = f" project={self.http.project.name!r}" if self.http.project else ""
        return f"<Connection {self.http.base}{project}{' closed' if self.closed else ''}>"

    # Closing

    @property
    def closed(self) -> bool:
        """Whether the connection was closed."""
        return self.http.closed

    def close(self) -> None:
        """End open reads, log out and close; a failing log-out is only logged.

        Does nothing when called again, or in a forked child.
        """
        if os.getpid() == self._pid and not self.closed:
            background.run(self._session.aclose())

    async def close_async(self) -> None:
        """Do what :meth:`close` does."""
        if os.getpid() == self._pid and not self.closed:
            await background.bridge(self._session.aclose())

    def __enter__(self) -> Self:
        self.run(self._hold())
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        await self.bridge(self._hold())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close_async()

    def __del__(self) -> None:
        if not hasattr(self, "_pid") or os.getpid() != self._pid or self.closed:
            return
        warnings.warn(f"{self!r} was never closed", ResourceWarning, source=self, stacklevel=2)
        background.spawn(self._session.aclose())

    # What cubes, scans and uploads build on

    @property
    def http(self) -> Http:
        """The HTTP session, for use on the background loop."""
        return self._session.http

    @property
    def session(self) -> ServerSession:
        """The session on the server, for use on the background loop."""
        return self._session

    @property
    def settings(self) -> Settings:
        """The settings the connection was made with."""
        return self.http.settings

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine that uses :attr:`http` and wait for its result; see :func:`~.background.run`."""
        self._check(coroutine)
        return background.run(coroutine)

    async def bridge(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await a coroutine that uses :attr:`http` from any event loop; see :func:`~.background.bridge`."""
        self._check(coroutine)
        return await background.bridge(coroutine)

    def _check(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        try:
            self.http.check_usable()
        except BaseException:
            coroutine.close()
            raise

    def register(self, resource: background.Closable) -> None:
        """Have ``resource.aclose()`` called, on the background loop, before the log-out."""
        self._session.register(resource)

    def unregister(self, resource: background.Closable) -> None:
        """Forget a resource that was closed."""
        self._session.unregister(resource)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep the session alive meanwhile: PUT /api/sessions, three times per time-out."""
        self.run(self._hold())
        try:
            yield
        finally:
            if not self.closed and os.getpid() == self._pid:
                background.run(self._release())

    async def _hold(self) -> None:
        self._session.hold()

    async def _release(self) -> None:
        self._session.release()

    # Server, user, projects

    @property
    def server_version(self) -> str | None:
        """The Intelligence Server's version; None where the server keeps it to itself."""
        return self._session.version

    def user(self) -> User:
        """Return who is logged in. GET /api/sessions/userInfo."""
        return self.run(self._user())

    async def user_async(self) -> User:
        """Do what :meth:`user` does."""
        return await self.bridge(self._user())

    async def _user(self) -> User:
        info = (await self.http.request("GET", "sessions/userInfo", project=False)).json()
        return User(info["id"], info["fullName"])

    def projects(self) -> list[Project]:
        """Return the projects this login may use. GET /api/projects."""
        return self.run(self.http.projects())

    async def projects_async(self) -> list[Project]:
        """Do what :meth:`projects` does."""
        return await self.bridge(self.http.projects())

    @property
    def project_id(self) -> str:
        """The project's id; where none was chosen, that of the only project there is."""
        return self._project().id

    @property
    def project_name(self) -> str:
        """The project's name; where none was chosen, that of the only project there is."""
        return self._project().name

    def _project(self) -> Project:
        return self.http.project or self.run(self.http.select_project(None))

    # Objects

    def objects(self, pattern: str | None = None, kind: Kind | None = None) -> list[ObjectInfo]:
        """Return the cubes and reports this login can see, by name. GET /api/searches/results.

        In ``pattern`` ``*`` stands for any text and ``?`` for one letter; without them it is the whole name.
        Upper and lower case are the same. ``kind`` is ``"cube"``, ``"report"`` or None for both.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     [each.name for each in conn.objects("*sales*", kind="cube")]
        ['Sales Cube']
        """
        return self.run(list_objects(self.http, pattern, kind))

    async def objects_async(self, pattern: str | None = None, kind: Kind | None = None) -> list[ObjectInfo]:
        """Do what :meth:`objects` does."""
        return await self.bridge(list_objects(self.http, pattern, kind))

    def find(self, name_or_id: str, kind: Kind | None = None) -> ObjectInfo:
        """Return what the catalogue knows of one cube or report, by name, path, id or browser URL.

        Raises NotFound with near names, UsageError where several match. One request, or two.
        """
        return self.run(find(self.http, name_or_id, kind))

    async def find_async(self, name_or_id: str, kind: Kind | None = None) -> ObjectInfo:
        """Do what :meth:`find` does."""
        return await self.bridge(find(self.http, name_or_id, kind))

    def cube(
        self,
        name_or_id: str,
        *,
        row_counts: bool = False,
        instance_id: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> Cube:
        """Find a cube by name, path, id or browser URL, ready to be read.

        ``row_counts`` adds the server's own "Row Count - …" metrics; :class:`ScanOptions` lists the
        ``options``. With ``instance_id`` an instance that this session has already is read, as it is. Calls
        GET /api/v2/cubes/{id}, and the search before it where no id is given. Raises
        NotFound with near names, UsageError where several match.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").schema.names[:3]
        ['Order', 'Region', 'Store@ID']
        """
        return self.run(self._cube(name_or_id, options, row_counts=row_counts, instance_id=instance_id))

    async def cube_async(
        self,
        name_or_id: str,
        *,
        row_counts: bool = False,
        instance_id: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> Cube:
        """Do what :meth:`cube` does."""
        return await self.bridge(self._cube(name_or_id, options, row_counts=row_counts, instance_id=instance_id))

    async def _cube(
        self, name_or_id: str, options: ScanOptions, *, row_counts: bool, instance_id: str | None
    ) -> Cube:
        chosen = ReadOptions(limits=self.settings.limits).changed(options)
        return await open_cube(self, name_or_id, chosen, row_counts=row_counts, instance_id=instance_id)

    def report(self, name_or_id: str, *, instance_id: str | None = None, **options: Unpack[ScanOptions]) -> Report:
        """Find a report by name, path, id or browser URL, ready to be read.

        :class:`ScanOptions` lists the ``options``. With ``instance_id`` an instance that this session has already
        is read, as it is; none is made, and conditions run here. Calls GET /api/v2/reports/{id}, and the search
        before it where no id is given. Raises NotFound with near names, UsageError where several match.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.report("Cross-tab Metrics Last").to_arrow().num_columns > 0
        True
        """
        return self.run(self._report(name_or_id, options, instance_id))

    async def report_async(
        self, name_or_id: str, *, instance_id: str | None = None, **options: Unpack[ScanOptions]
    ) -> Report:
        """Do what :meth:`report` does."""
        return await self.bridge(self._report(name_or_id, options, instance_id))

    async def _report(self, name_or_id: str, options: ScanOptions, instance_id: str | None) -> Report:
        chosen = ReadOptions(limits=self.settings.limits).changed(options)
        return await open_report(self, name_or_id, chosen, instance_id=instance_id)

    # Writing

    def write(self, name: str, data: Any, **options: Unpack[WriteOptions]) -> WriteResult:
        """Write tables to a SuperCube: find the dataset by name and update it, or create it, and publish.

        ``data`` is a table, or a dict of several by name: anything with ``__arrow_c_stream__``, a Polars
        LazyFrame or a pyarrow Dataset, which are read while they are sent, never collected. `WriteOptions` lists
        the ``options``; `SuperCube` does the same step by step, and lists the calls and the errors.

        A single table is called as the dataset's only table is, or as the dataset. Holds two request bodies
        (``chunk_bytes``) and a slice of the data.

        >>> stores = pl.DataFrame({"store": ["Lyon", "Paris"], "opened": [2019, 2021], "revenue": [1.5, 2.0]})
        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     result = conn.write("Store Analysis", stores, attributes=["opened"], verify=True)
        ...     result.rows, result.verified
        (2, True)
        """
        return warned(self.run(write(self, name, data, **options)))

    async def write_async(self, name: str, data: Any, **options: Unpack[WriteOptions]) -> WriteResult:
        """Do what :meth:`write` does."""
        return warned(await self.bridge(write(self, name, data, **options)))

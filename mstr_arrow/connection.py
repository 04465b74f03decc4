"""A connection to one server: an open session, logged out on every way out, that hands out objects."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mstr_arrow import background
from mstr_arrow.caches.cache_calls import CacheCalls
from mstr_arrow.catalog.catalogue_calls import CatalogueCalls
from mstr_arrow.config import Settings
from mstr_arrow.fetch.read_options import ReadOptions, ScanOptions
from mstr_arrow.masked import Masked
from mstr_arrow.objects.cube import open_cube
from mstr_arrow.objects.data_model import open_data_model
from mstr_arrow.objects.report import open_report
from mstr_arrow.publishing.following import settle
from mstr_arrow.session.access import access_from
from mstr_arrow.session.account import SessionCalls
from mstr_arrow.session.in_project import SharedSession
from mstr_arrow.session.opening import open_session
from mstr_arrow.session.project import choose, fetch_projects
from mstr_arrow.session.rest import Endpoints
from mstr_arrow.session.saved_session import save, snapshot_session
from mstr_arrow.session.session_client import Client
from mstr_arrow.signatures import takes
from mstr_arrow.subscriptions.subscription_calls import SubscriptionCalls
from mstr_arrow.upload.push_options import WriteOptions
from mstr_arrow.users.user_calls import UserCalls

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Self, Unpack

    from mstr_arrow.objects.cube import Cube
    from mstr_arrow.objects.data_model import DataModel
    from mstr_arrow.objects.report import Report
    from mstr_arrow.session.project import Project
    from mstr_arrow.session.saved_session import Format, Source
    from mstr_arrow.upload.write_result import WriteResult


class Connection(SessionCalls, UserCalls, CatalogueCalls, CacheCalls, SubscriptionCalls, Endpoints):
    """An open session on one server; made by `connect` and `connect_async`.

    Leaving the context closes the connection; so does the end of the process. Within the context the session is
    kept alive; if a session ends all the same, the next request opens another with the same credentials. Instances
    and uploads of the former session are gone then, and the error says so.

    Several threads and event loops may use a connection, a forked child may not. `request` and its kin reach every
    endpoint of the REST API.
    """

    @classmethod
    def from_session(
        cls, session: Source, *, project: str | None = None, settings: Settings | None = None
    ) -> Connection:
        """Use a session that somebody else opened; ``connect(session=…)`` does the same.

        `close` leaves the session open unless ``log_out`` is True. ``session`` is the result or the file of
        `save_session`, or the JSON of mstr-rest-requests. GET /api/sessions.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     with ma.Connection.from_session(conn.save_session()) as other:
        ...         other.user().name
        'demo'
        """
        masked, session = Masked(session), ""  # for tracebacks that show variables
        return cls(Client(open_session(access_from(None, session=masked), project, settings or Settings())))

    def __repr__(self) -> str:
        return repr(self._client)

    @property
    def settings(self) -> Settings:
        """The settings given to `connect`."""
        return self._client.http.settings

    # Closing

    @property
    def closed(self) -> bool:
        """Whether the connection was closed."""
        return self._client.http.closed

    def close(self, *, log_out: bool | None = None) -> None:
        """End open reads, log out and close; a failing log-out is only logged.

        Closing waits for a publication that is under way, as long as `Publication.wait` would. A session that was
        delegated, or opened by somebody else, stays open unless ``log_out`` is True, for a log-out may end all
        sessions of the user; with False the connection's own session stays open, too, for a process that has it
        from `save_session`. A second call does nothing, nor does a call in a forked child.
        """
        if self._client.is_open:
            background.run(self._close(log_out=log_out))

    async def close_async(self, *, log_out: bool | None = None) -> None:
        """Close the connection as `close` does, without blocking the event loop."""
        if self._client.is_open:
            await background.bridge(self._close(log_out=log_out))

    async def _close(self, *, log_out: bool | None = None, interrupted: bool = False) -> None:
        session = self._client.session
        try:
            await settle(session, log_out=log_out, interrupted=interrupted)
        finally:
            await session.aclose(log_out=log_out)

    def connect(self) -> None:
        """Open a closed connection again, with the same arguments; an open connection stays as it is.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.close()
        ...     conn.connect()
        ...     conn.has_session
        True
        """
        background.run(self._client.reopen())

    async def connect_async(self) -> None:
        """Open a closed connection again as `connect` does, without blocking the event loop."""
        await background.bridge(self._client.reopen())

    def __enter__(self) -> Self:
        self._client.run(self._client.hold())
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._client.is_open:
            background.run(self._close(interrupted=_interrupts(kind)))

    async def __aenter__(self) -> Self:
        await self._client.bridge(self._client.hold())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._client.is_open:
            await background.bridge(self._close(interrupted=_interrupts(kind)))

    # Server, session, projects

    def save_session(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        format: Format = "mstr_arrow",  # noqa: A002  what it is
    ) -> dict[str, Any]:
        """Return the session's token, cookies and URL for another process, and write them to ``path`` if given.

        They are a secret: any holder acts as the user until the session ends. Only the owner can read the file.
        The other process calls ``connect(session=…)``, this one ``close(log_out=False)``.
        ``format="mstr-rest-requests"`` writes the JSON of that package.
        """
        return self._client.run(self._save(path, format))

    async def save_session_async(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        format: Format = "mstr_arrow",  # noqa: A002  what it is
    ) -> dict[str, Any]:
        """Return the session for another process as `save_session` does, without blocking the event loop."""
        return await self._client.bridge(self._save(path, format))

    async def _save(self, path: str | os.PathLike[str] | None, layout: Format) -> dict[str, Any]:
        document = snapshot_session(self._client.http).document(layout)
        self._client.session.whole.handed_over = True
        if path is not None:
            await asyncio.to_thread(save, path, document)
        return document

    @property
    def server_version(self) -> str | None:
        """The Intelligence Server's version; None where the server does not tell it."""
        return self._client.server_version

    def projects(self) -> list[Project]:
        """Return the projects this login may use. GET /api/projects."""
        return self._client.run(fetch_projects(self._client.http.own))

    async def projects_async(self) -> list[Project]:
        """Return the projects as `projects` does, without blocking the event loop."""
        return await self._client.bridge(fetch_projects(self._client.http.own))

    def project(self, name_or_id: str) -> Project:
        """Return the project of a name, in any case, or id; NotFound lists near names. GET /api/projects.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.project("Simulated Retail").loaded
        True
        """
        return self._client.run(self._choose_project(name_or_id))

    async def project_async(self, name_or_id: str) -> Project:
        """Return one project as `project` does, without blocking the event loop."""
        return await self._client.bridge(self._choose_project(name_or_id))

    def in_project(self, name_or_id: str) -> Connection:
        """Return a connection that works in another project, over the same session. GET /api/projects.

        Closing the returned connection ends its own reads and is optional; the session ends with this connection.
        Both may be used at the same time, and share the limits of the session, such as its number of instances.
        Raises NotFound as `project` does.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.in_project("Simulated Retail").cube("Sales Cube").count_rows()
        2000
        """
        return self._client.run(self._in_project(name_or_id))

    async def in_project_async(self, name_or_id: str) -> Connection:
        """Return a connection in another project as `in_project` does, without blocking the event loop."""
        return await self._client.bridge(self._in_project(name_or_id))

    async def _choose_project(self, name_or_id: str) -> Project:
        return choose(await fetch_projects(self._client.http.own), name_or_id)

    async def _in_project(self, name_or_id: str) -> Connection:
        return Connection(Client(SharedSession.of(self._client.session, await self._choose_project(name_or_id))))

    @property
    def project_id(self) -> str:
        """The project's id; where none was chosen, that of the only project there is."""
        return self._project().id

    @property
    def project_name(self) -> str:
        """The project's name; where none was chosen, that of the only project there is."""
        return self._project().name

    def _project(self) -> Project:
        return self._client.http.project or self._client.run(self._client.http.require_project())

    # Objects

    @takes(ScanOptions)
    def cube(
        self,
        name_or_id: str,
        *,
        row_counts: bool = False,
        instance_id: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> Cube:
        """Find a cube by name, path, id or browser URL, ready to be read.

        ``row_counts`` adds the metrics "Row Count - …", the server's counts of the rows of a dataset's tables,
        which ``Cube.row_counts`` lists; `ScanOptions` lists the ``options``. With ``instance_id`` an instance of
        this session is read, as it is. Calls GET /api/v2/cubes/{id}, the search before it
        where no id is given, and GET /api/datasets/{id} where a metric may be a row count. Raises NotFound with
        near names, UsageError where several match.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").schema.names[:3]
        ['Order', 'Region', 'Store@ID']
        """
        return self._client.run(self._cube(name_or_id, options, row_counts=row_counts, instance_id=instance_id))

    @takes(ScanOptions)
    async def cube_async(
        self,
        name_or_id: str,
        *,
        row_counts: bool = False,
        instance_id: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> Cube:
        """Find a cube as `cube` does, without blocking the event loop."""
        cube = self._cube(name_or_id, options, row_counts=row_counts, instance_id=instance_id)
        return await self._client.bridge(cube)

    async def _cube(
        self, name_or_id: str, options: ScanOptions, *, row_counts: bool, instance_id: str | None
    ) -> Cube:
        chosen = ReadOptions(limits=self.settings.limits).with_options(options)
        return await open_cube(self._client, name_or_id, chosen, row_counts=row_counts, instance_id=instance_id)

    @takes(ScanOptions)
    def data_model(
        self,
        name_or_id: str,
        *,
        parameters: Mapping[str, object] | None = None,
        row_counts: bool = False,
        instance_id: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> DataModel:
        """Find a data model by name, path, id or browser URL, ready to be read as a cube is, and to be refreshed.

        ``parameters`` are values by name or id, each checked against its definition before an instance is made;
        None keeps a parameter's default. The other arguments are those of `cube`, which reads data
        models, too. Calls GET /api/objects/{id} or the search, GET /api/v2/cubes/{id}, and GET
        /api/model/dataModels/{id}/parameters where values are given. Raises NotFound with near names, UsageError
        for values that are not allowed, NotSupported where the server is too old for parameters.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     model = conn.data_model("Retail Model", parameters={"City": "Rome", "Currency": "USD"})
        ...     model.to_arrow().column_names, model.count_rows()
        (['Day', 'City', 'YTD Sales', 'Month Sales', 'Planned Sales'], 8)
        """
        model = self._data_model(name_or_id, options, parameters, row_counts=row_counts, instance_id=instance_id)
        return self._client.run(model)

    @takes(ScanOptions)
    async def data_model_async(
        self,
        name_or_id: str,
        *,
        parameters: Mapping[str, object] | None = None,
        row_counts: bool = False,
        instance_id: str | None = None,
        **options: Unpack[ScanOptions],
    ) -> DataModel:
        """Find a data model as `data_model` does, without blocking the event loop."""
        model = self._data_model(name_or_id, options, parameters, row_counts=row_counts, instance_id=instance_id)
        return await self._client.bridge(model)

    async def _data_model(
        self,
        name_or_id: str,
        options: ScanOptions,
        parameters: Mapping[str, object] | None,
        *,
        row_counts: bool,
        instance_id: str | None,
    ) -> DataModel:
        chosen = ReadOptions(limits=self.settings.limits).with_options(options)
        return await open_data_model(
            self._client,
            name_or_id,
            chosen,
            parameters=parameters,
            row_counts=row_counts,
            instance_id=instance_id,
        )

    @takes(ScanOptions)
    def report(self, name_or_id: str, *, instance_id: str | None = None, **options: Unpack[ScanOptions]) -> Report:
        """Find a report by name, path, id or browser URL, ready to be read.

        `ScanOptions` lists the ``options``. With ``instance_id`` an instance of this session is read, as it is;
        none is made, and conditions run here. Calls GET /api/v2/reports/{id}, and the search
        before it where no id is given. Raises NotFound with near names, UsageError where several match.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.report("Cross-tab Metrics Last").to_arrow().num_columns > 0
        True
        """
        return self._client.run(self._report(name_or_id, options, instance_id))

    @takes(ScanOptions)
    async def report_async(
        self, name_or_id: str, *, instance_id: str | None = None, **options: Unpack[ScanOptions]
    ) -> Report:
        """Find a report as `report` does, without blocking the event loop."""
        return await self._client.bridge(self._report(name_or_id, options, instance_id))

    async def _report(self, name_or_id: str, options: ScanOptions, instance_id: str | None) -> Report:
        chosen = ReadOptions(limits=self.settings.limits).with_options(options)
        return await open_report(self._client, name_or_id, chosen, instance_id=instance_id)

    # Writing

    @takes(WriteOptions)
    def write(self, name: str, data: Any, **options: Unpack[WriteOptions]) -> WriteResult:
        """Write tables to a SuperCube: find the dataset by name and update it, or create it, and publish.

        ``data`` is a table, or a dict of several by name: anything with ``__arrow_c_stream__``, a Polars
        LazyFrame or a pyarrow Dataset, which are read while they are sent, never collected. `WriteOptions` lists
        the ``options``; `SuperCube` does the same step by step, and lists the calls and the errors.

        A single table has the name of the dataset's only table, or else of the dataset. Holds two request bodies
        (``chunk_bytes``) and a slice of the data.

        >>> stores = pl.DataFrame({"store": ["Lyon", "Paris"], "opened": [2019, 2021], "revenue": [1.5, 2.0]})
        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     result = conn.write("Store Analysis", stores, attributes=["opened"], verify=True)
        ...     result.rows, result.verified
        (2, True)
        """
        from mstr_arrow.objects.supercube import warn_of_result  # noqa: PLC0415 - no read needs what writes
        from mstr_arrow.upload.dataset_writer import write  # noqa: PLC0415 - no read needs it

        return warn_of_result(self._client.run(write(self._client, name, data, **options)), stacklevel=4)

    @takes(WriteOptions)
    async def write_async(self, name: str, data: Any, **options: Unpack[WriteOptions]) -> WriteResult:
        """Write tables to a SuperCube as `write` does, without blocking the event loop."""
        from mstr_arrow.objects.supercube import warn_of_result  # noqa: PLC0415 - no read needs what writes
        from mstr_arrow.upload.dataset_writer import write  # noqa: PLC0415 - no read needs it

        return warn_of_result(await self._client.bridge(write(self._client, name, data, **options)), stacklevel=4)


def _interrupts(kind: type[BaseException] | None) -> bool:
    """Say whether what leaves a context wants it left at once: Ctrl-C, or the end of a task."""
    return kind is not None and issubclass(kind, KeyboardInterrupt | asyncio.CancelledError)

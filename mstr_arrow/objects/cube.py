"""A cube: what the server says of a cube, and a scan of all its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mstr_arrow.catalog.find import fetch_definition
from mstr_arrow.catalog.object_info import fetch_object
from mstr_arrow.errors import (
    InvalidRequest,
    MstrError,
    NotFound,
    NotSupported,
    PermissionDenied,
    PublishFailed,
    ServerError,
    UsageError,
)
from mstr_arrow.grid.definition import Definition, read_definition
from mstr_arrow.instances.source import Source
from mstr_arrow.objects.described import Described, as_dicts
from mstr_arrow.publishing.cube_publisher import CubePublisher, fetch_status
from mstr_arrow.publishing.publication import publish, warn_of_publication
from mstr_arrow.responses import identity, items, optional_text, reading, text, whole_number
from mstr_arrow.upload.existing import read_dataset
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.publishing.cube_status import CubeStatus
    from mstr_arrow.publishing.following import OnProgress
    from mstr_arrow.publishing.publication import Publication
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.session.session_client import Client

_READY = 64
_OF_PUSHED = {InvalidRequest, NotSupported, PublishFailed, ServerError}
_PUSHED = naming(
    "If the cube was made of tables that are pushed, there is no source to have it published from: "
    "{Connection.write()} brings it new data."
)
_NO_DATASET = "ERR001"
"""The server's words for a cube that was not made of tables, with HTTP 500."""


@dataclass(frozen=True, slots=True)
class CubeInfo:
    """The server's description of a cube, which takes no instance.

    ``size_bytes`` is the cube's size in the server's memory. ``modified`` is the time of the last modification as
    the server shows it, without a time zone. ``ready`` tells whether the cube can be read now. ``rows`` is the
    number of rows of the instance that this object opened last, None before the first one.
    """

    id: str
    name: str
    path: str
    size_bytes: int | None
    modified: datetime | None
    ready: bool
    rows: int | None


class Cube(Described):
    """A cube: a scan of all attributes and metrics, and the server's description of the cube."""

    def __init__(
        self,
        client: Client,
        definition: Definition,
        options: ReadOptions,
        *,
        row_counts: bool,
        instance_id: str | None = None,
        parameters: Sequence[Mapping[str, str]] = (),
    ) -> None:
        body = definition.request(row_counts=row_counts)
        source = Source(
            "cube",
            definition.id,
            {**body, "parameters": list(parameters)} if parameters else body,
            client.server_version,
            given=instance_id,
            attributes=definition.attributes,
            metrics=tuple(
                metric.id for metric in (*definition.metrics, *(definition.row_counts if row_counts else ()))
            ),
        )
        super().__init__(client, source, options, definition)
        self._reads_row_counts = row_counts

    def __repr__(self) -> str:
        return f"<Cube {self.name!r} {self.id}>"

    @property
    def metrics(self) -> list[dict[str, str]]:
        """The metrics that a read delivers, each a dict with ``id`` and ``name``.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     [each["name"] for each in conn.cube("Sales Cube").metrics][:3]
        ['Revenue', 'Units', 'Cost']
        """
        return super().metrics + (self.row_counts if self._reads_row_counts else [])

    @property
    def row_counts(self) -> list[dict[str, str]]:
        """The metrics by which the server counts rows, one for each table, as dicts with ``id`` and ``name``.

        A read leaves these metrics out unless the cube was opened with ``row_counts=True``.
        """
        return as_dicts(self._definition.row_counts)

    @property
    def info(self) -> CubeInfo:
        """The server's description of the cube. GET /api/cubes?id=.

        Errors: those of every call, such as NotFound for a cube that was deleted.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").info.ready
        True
        """
        return self._client.run(self._info())

    async def info_async(self) -> CubeInfo:
        """Return `info`."""
        return await self._client.bridge(self._info())

    @property
    def status(self) -> CubeStatus:
        """The status bits of the cube's data, with the server's word for each. HEAD /api/cubes/{id}.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").status.names[:3]
        ('active', 'persisted', 'info dirty')
        """
        return self._client.run(fetch_status(self._client.http, self.id))

    async def status_async(self) -> CubeStatus:
        """Return `status`."""
        return await self._client.bridge(fetch_status(self._client.http, self.id))

    def refresh(
        self,
        *,
        wait: bool = True,
        timeout: float | None = None,
        on_progress: OnProgress = None,
    ) -> Publication:
        """Publish the cube anew; return the publication, by default once the new data are there.

        The publication is done when the server proves that the data are new, as far as this login may see: by a
        later time of the data, or by the number of the job that made them; otherwise by the status, which showed a
        publication and shows none any more, together with a new instance. ``Publication.proof`` names the proof. A
        publication that another user has started is followed in place of a second one.

        With ``wait=False`` the publication goes on in the background: `Publication.wait` waits for the end, and so
        does closing the connection. ``timeout`` is in seconds, by default ``Timeouts.publish``. After the time-out,
        and after Ctrl-C, the job is cancelled. The call passes each `PublicationStatus` to ``on_progress``.

        Sends POST /api/v2/cubes/{id}; then HEAD /api/cubes/{id}, GET /api/v2/monitors/jobs/{id} and
        /api/monitors/caches/cubes until the end; then POST …/instances. Raises PublishFailed where the data are not
        new, TimeoutExceeded, and the server's own error where the server refuses to begin, as for a cube of pushed
        tables. Warns where nothing that this login may see proves that the data are new.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").refresh().proof
        'data time'
        """
        return warn_of_publication(self._client.run(self._refresh(wait, timeout, on_progress)))

    async def refresh_async(
        self,
        *,
        wait: bool = True,
        timeout: float | None = None,  # noqa: ASYNC109 - as its twin has it
        on_progress: OnProgress = None,
    ) -> Publication:
        """Publish the cube anew as `refresh` does, without blocking the event loop."""
        return warn_of_publication(await self._client.bridge(self._refresh(wait, timeout, on_progress)))

    async def _refresh(self, wait: bool, seconds: float | None, on_progress: OnProgress) -> Publication:
        resolver = self._resolver
        await _refuse_data_model(self._client.http, self.id)
        source = Source("cube", self.id, {}, resolver.source.server_version)
        try:
            publisher = await CubePublisher.start(resolver.session, source, self.name)
            self._resolver, self._schema = resolver.anew(), None
            return await publish(self._client, publisher, wait=wait, seconds=seconds, on_progress=on_progress)
        except (InvalidRequest, NotSupported, PublishFailed, ServerError) as error:
            if type(error) in _OF_PUSHED and await _tables(self._client.http, self.id):
                error.add_hint(_PUSHED)
            raise

    async def _info(self) -> CubeInfo:
        whole = self._resolver.whole.instance
        known_rows = whole.total if whole else self.stats.total_rows if self.stats else None

        return await self._client.http.read(
            "GET", "cubes", lambda response: read_info(response.json(), known_rows), params={"id": self.id}
        )


def read_info(body: Any, rows: int | None) -> CubeInfo:
    """Read the body of GET /api/cubes?id= (wire reference, section 3.3). Errors: ProtocolError."""
    with reading(body, "an information about a cube"):
        info = items(body["cubesInfos"] if isinstance(body, dict) else body)[0]
        return CubeInfo(
            id=identity(info, "cubeId", "id"),
            name=text(info, "cubeName", "name"),
            path=optional_text(info, "path") or "",
            size_bytes=whole_number(info.get("size")),
            modified=_moment(optional_text(info, "modificationTime")),
            ready=bool((whole_number(info.get("status")) or 0) & _READY),
            rows=rows,
        )


def _moment(text: str | None) -> datetime | None:
    for form in ("%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M:%S"):
        try:
            return datetime.strptime(text or "", form)  # noqa: DTZ007 - the server tells no zone
        except ValueError:
            continue
    return None


async def open_cube(
    client: Client, name_or_id: str, options: ReadOptions, *, row_counts: bool, instance_id: str | None = None
) -> Cube:
    """Find a cube and read the definition. Errors: those of `cube_definition`."""
    definition = await cube_definition(client.http, name_or_id)
    return Cube(client, definition, options, row_counts=row_counts, instance_id=instance_id)


async def cube_definition(http: ProjectHttp, name_or_id: str) -> Definition:
    """Find a cube and read the definition, and the names of the tables where metrics may count rows.

    GET /api/v2/cubes/{id}, and GET /api/datasets/{id} for the tables. Errors: NotFound, UsageError, ProtocolError.
    """
    definition = await fetch_definition(http, name_or_id, "cube", read_definition)
    if definition.may_count_rows:
        definition = definition.without_row_counts(await _tables(http, definition.id))
    return definition


async def _refuse_data_model(http: ProjectHttp, cube_id: str) -> None:
    """Refuse to publish a data model as if it were a cube, which its own publications would collide with.

    GET /api/objects/{id}; a server that does not tell is believed. Errors: UsageError.
    """
    try:
        found = await fetch_object(http, cube_id)
    except MstrError:
        return
    if found.kind == "data model":
        raise UsageError(
            f"{found.name!r} is a data model, which is refreshed table by table.",
            hint=advice("refresh it as a data model", "Open it by {Connection.data_model()}, and refresh that."),
        )


async def _tables(http: ProjectHttp, cube_id: str) -> list[str]:
    """Return the names of a dataset's tables, none where the server knows no dataset. GET /api/datasets/{id}."""
    params = {"fields": "tables,columns"}
    try:
        return await http.read(
            "GET",
            f"datasets/{cube_id}",
            lambda response: list(read_dataset(response.json()).tables),
            params=params,
            safe=False,
        )
    except ServerError as error:
        no_dataset = type(error) is ServerError and error.code == _NO_DATASET
        if no_dataset or isinstance(error, NotFound | PermissionDenied):
            return []
        raise

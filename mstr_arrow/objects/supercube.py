"""A SuperCube: a cube of pushed tables, built step by step."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import DataLossWarning
from mstr_arrow.session.session_client import client_of
from mstr_arrow.signatures import takes
from mstr_arrow.upload.dataset_writer import DatasetWriter
from mstr_arrow.upload.push_options import CreateOptions, UpdateOptions
from mstr_arrow.upload.source import source_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Unpack

    from mstr_arrow.session.session_client import Connected
    from mstr_arrow.upload.options import Policy
    from mstr_arrow.upload.upload_session import PublishStatus
    from mstr_arrow.upload.write_result import WriteResult


class SuperCube:
    """A cube of tables that a client pushes to the server.

    ``name`` is the name of a new cube, or of the cube that `update` looks for; ``id`` the id of a cube that exists.
    The constructor sends nothing.

    `create` and `update` raise UsageError, before a request, for names, types and roles that cannot be uploaded
    (`mstr_arrow.upload.types` maps Arrow types to the server's). Later they raise UploadFailed, which names table,
    chunk and rows; the upload session is deleted then, and nothing is published. A thread reads and encodes the
    next chunk while the last one is sent, which holds two request bodies (``chunk_bytes``) and a slice of the data.

    >>> stores = pl.DataFrame({"store": ["Lyon", "Paris"], "revenue": [1.5, 2.0]})
    >>> with ma.connect(url, username=user, password=password) as conn:
    ...     cube = ma.SuperCube(conn, name="Stores")
    ...     cube.add_table("stores", stores)
    ...     created = cube.create()
    ...     conn.cube(created.cube_id).to_polars().to_dicts()
    [{'store': 'Lyon', 'revenue': 1.5}, {'store': 'Paris', 'revenue': 2.0}]
    """

    def __init__(
        self,
        connection: Connected,
        name: str | None = None,
        *,
        id: str | None = None,  # noqa: A002 - what everybody calls it
        description: str = "",
    ) -> None:
        self._client = client_of(connection)
        self._writer = DatasetWriter(self._client, name, id, description)

    def __repr__(self) -> str:
        name = "" if self.name is None else f"{self.name!r} "
        return f"<SuperCube {name}{self.id or '(no id)'}>"

    @property
    def id(self) -> str | None:
        """The cube's id; None before the cube is created or found."""
        return self._writer.id

    @property
    def name(self) -> str | None:
        """The cube's name; None where the cube was given by id and no request was sent yet."""
        return self._writer.name

    # Tables

    def add_table(
        self,
        name: str,
        data: Any,
        update_policy: Policy = "replace",
        to_attribute: Collection[str] = (),
        to_metric: Collection[str] = (),
    ) -> None:
        """Add a table, in place of an added table of the same name. Send nothing.

        ``data`` is any object with ``__arrow_c_stream__``, a Polars LazyFrame or a pyarrow Dataset; an upload reads
        ``data`` while sending. Numbers become metrics and other columns attributes, unless ``to_attribute`` or
        ``to_metric`` names the column; `WriteOptions` has the options for forms. ``update_policy`` decides about
        the rows in the cube: ``replace`` removes them; ``add`` keeps them; ``update`` changes the metrics of rows
        with the same attributes and ignores new rows; ``upsert`` adds new rows. A new cube takes all rows, whatever
        the policy. Raises UsageError for data that cannot be read as Arrow.
        """
        self._writer.add(name, source_of(data, name), update_policy, to_attribute, to_metric)

    def remove_table(self, name: str) -> None:
        """Take back an added table; the server's table stays as it is. Raise UsageError for an unknown table."""
        self._writer.remove(name)

    # On the server

    @takes(CreateOptions)
    def create(self, folder_id: str | None = None, **options: Unpack[CreateOptions]) -> WriteResult:
        """Create the cube, send all tables and publish them; return a `WriteResult`.

        ``folder_id`` is a folder's id or path, by default "My Reports"; `CreateOptions` lists the other options. A
        new cube whose upload fails is deleted. POST /api/datasets/models, then the calls and errors of `update`.
        """
        return warn_of_result(self._client.run(self._writer.create(folder_id, **options)), stacklevel=4)

    @takes(CreateOptions)
    async def create_async(self, folder_id: str | None = None, **options: Unpack[CreateOptions]) -> WriteResult:
        """Create the cube as `create` does, without blocking the event loop."""
        return warn_of_result(await self._client.bridge(self._writer.create(folder_id, **options)), stacklevel=4)

    @takes(UpdateOptions)
    def update(self, **options: Unpack[UpdateOptions]) -> WriteResult:
        """Send the tables to an existing cube, each by the table's update policy, and publish them.

        Returns a `WriteResult`. `UpdateOptions` lists the options. Tables of the cube that were not added stay as
        they are. Sends GET /api/datasets/{id} and GET /api/v2/cubes/{id} to compare columns; then POST
        …/uploadSessions, PUT …/uploadSessions/{id} per chunk, POST …/publish, GET …/publishStatus until the end,
        DELETE …/uploadSessions/{id}. Raises UsageError, NotFound, and the errors of `publish`.
        """
        return warn_of_result(self._client.run(self._writer.update(**options)), stacklevel=4)

    @takes(UpdateOptions)
    async def update_async(self, **options: Unpack[UpdateOptions]) -> WriteResult:
        """Send the tables to an existing cube as `update` does, without blocking the event loop."""
        return warn_of_result(await self._client.bridge(self._writer.update(**options)), stacklevel=4)

    def publish(self) -> WriteResult:
        """Publish the rows sent with ``auto_publish=False``, and wait for the end; return a `WriteResult`.

        POST …/publish, GET …/publishStatus until the end. Raises UsageError where no rows wait to be published,
        UploadFailed where the server does not publish, TimeoutExceeded, DataMismatch where rows are missing or
        doubled.
        """
        return warn_of_result(self._client.run(self._writer.publish()))

    async def publish_async(self) -> WriteResult:
        """Publish the rows as `publish` does, without blocking the event loop."""
        return warn_of_result(await self._client.bridge(self._writer.publish()))

    def publish_status(self) -> PublishStatus | None:
        """Return the state of the publication, None before the first. GET …/publishStatus, during a session."""
        return self._client.run(self._writer.publish_status())

    async def publish_status_async(self) -> PublishStatus | None:
        """Return the state of the publication as `publish_status` does, without blocking the event loop."""
        return await self._client.bridge(self._writer.publish_status())

    def discard(self) -> None:
        """Delete the upload session with all rows that were not published. Without a session, do nothing."""
        self._client.run(self._writer.discard())

    async def discard_async(self) -> None:
        """Delete the upload session as `discard` does, without blocking the event loop."""
        await self._client.bridge(self._writer.discard())

    def certify(self, certified: bool = True) -> None:
        """Certify the cube in the user's name, or take the certificate away. PUT /api/objects/{id}/certify.

        Raises PermissionDenied for a user without the privilege.
        """
        self._client.run(self._writer.certify(certified=certified))

    async def certify_async(self, certified: bool = True) -> None:
        """Certify the cube as `certify` does, without blocking the event loop."""
        await self._client.bridge(self._writer.certify(certified=certified))

    def decertify(self) -> None:
        """Take the cube's certificate away. PUT /api/objects/{id}/certify."""
        self.certify(certified=False)

    async def decertify_async(self) -> None:
        """Take the certificate away as `decertify` does, without blocking the event loop."""
        await self.certify_async(certified=False)

    def delete(self) -> None:
        """Delete the cube and its data. DELETE /api/objects/{id}?type=3."""
        self._client.run(self._writer.delete())

    async def delete_async(self) -> None:
        """Delete the cube as `delete` does, without blocking the event loop."""
        await self._client.bridge(self._writer.delete())


def warn_of_result(result: WriteResult, *, stacklevel: int = 3) -> WriteResult:
    """Warn, at the caller of the caller, of values that could not be written in full; return the result."""
    if result.losses:
        warnings.warn(f"{result.name}: {result.losses}.", DataLossWarning, stacklevel=stacklevel)
    return result

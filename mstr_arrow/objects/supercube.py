"""A SuperCube: a cube made of tables that are pushed, step by step."""

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
    """A cube made of tables that are pushed to the server.

    ``name`` is that of a new one, or of one that `update` finds; ``id`` that of one there is. Nothing is sent
    before `create` or `update`.

    Both raise UsageError before anything is sent for names, types and roles that cannot be uploaded (`mstr_arrow.
    upload.types` lists what becomes of each Arrow type), and UploadFailed, which names table, chunk and rows,
    afterwards: then the upload session was deleted and nothing was published. Between two chunks the data are read
    and encoded in a thread while the last one is sent; this holds two request bodies (``chunk_bytes``) and a slice
    of the data.

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
        """The cube's id; None before it is created or found."""
        return self._writer.id

    @property
    def name(self) -> str | None:
        """The cube's name; None where it was given by its id and nothing was sent yet."""
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
        """Add a table to be sent, in place of one of the same name.

        ``data`` is anything with ``__arrow_c_stream__``, a Polars LazyFrame or a pyarrow Dataset, which are read
        while they are sent. Numbers become metrics and the rest attributes, but for the columns that
        ``to_attribute`` and ``to_metric`` name, and for forms (`WriteOptions`). ``update_policy`` says what becomes
        of the rows there are: ``replace`` removes them, ``add`` keeps them; ``update`` changes the metrics of rows
        with the same attributes and ignores others, ``upsert`` adds those. A new cube takes all rows, whatever the
        policy.
        """
        self._writer.add(name, source_of(data, name), update_policy, to_attribute, to_metric)

    def remove_table(self, name: str) -> None:
        """Take back a table that was added; what the server has of it is left alone."""
        self._writer.remove(name)

    # On the server

    @takes(CreateOptions)
    def create(self, folder_id: str | None = None, **options: Unpack[CreateOptions]) -> WriteResult:
        """Create the cube, send its tables and publish them; returns what was done.

        ``folder_id`` is a folder's id or path, by default "My Reports". `CreateOptions` lists the others. A new
        cube whose upload fails is deleted again. POST /api/datasets/models, then as `update`.
        """
        return warn_of_result(self._client.run(self._writer.create(folder_id, **options)), stacklevel=4)

    @takes(CreateOptions)
    async def create_async(self, folder_id: str | None = None, **options: Unpack[CreateOptions]) -> WriteResult:
        """Do what `create` does."""
        return warn_of_result(await self._client.bridge(self._writer.create(folder_id, **options)), stacklevel=4)

    @takes(UpdateOptions)
    def update(self, **options: Unpack[UpdateOptions]) -> WriteResult:
        """Send the tables to a cube there is, each by its update policy, and publish them.

        `UpdateOptions` lists the options. Tables that were not added stay as they are. Calls GET /api/datasets/{id}
        and GET /api/v2/cubes/{id} to compare columns; then POST …/uploadSessions, PUT …/uploadSessions/{id} per
        chunk, POST …/publish, GET …/publishStatus until it ends, DELETE …/uploadSessions/{id}.
        """
        return warn_of_result(self._client.run(self._writer.update(**options)), stacklevel=4)

    @takes(UpdateOptions)
    async def update_async(self, **options: Unpack[UpdateOptions]) -> WriteResult:
        """Do what `update` does."""
        return warn_of_result(await self._client.bridge(self._writer.update(**options)), stacklevel=4)

    def publish(self) -> WriteResult:
        """Publish what was sent with ``auto_publish=False``, and wait for the end; returns all that was done."""
        return warn_of_result(self._client.run(self._writer.publish()))

    async def publish_async(self) -> WriteResult:
        """Do what `publish` does."""
        return warn_of_result(await self._client.bridge(self._writer.publish()))

    def publish_status(self) -> PublishStatus | None:
        """Return how far publishing is, None before it began. GET …/publishStatus while there is a session."""
        return self._client.run(self._writer.publish_status())

    async def publish_status_async(self) -> PublishStatus | None:
        """Do what `publish_status` does."""
        return await self._client.bridge(self._writer.publish_status())

    def discard(self) -> None:
        """Take back what was sent and not published; does nothing when there is nothing."""
        self._client.run(self._writer.discard())

    async def discard_async(self) -> None:
        """Do what `discard` does."""
        await self._client.bridge(self._writer.discard())

    def certify(self, certified: bool = True) -> None:
        """Certify the cube, or take its certificate away. PUT /api/objects/{id}/certify."""
        self._client.run(self._writer.certify(certified=certified))

    async def certify_async(self, certified: bool = True) -> None:
        """Do what `certify` does."""
        await self._client.bridge(self._writer.certify(certified=certified))

    def decertify(self) -> None:
        """Take the cube's certificate away."""
        self.certify(certified=False)

    async def decertify_async(self) -> None:
        """Do what `decertify` does."""
        await self.certify_async(certified=False)

    def delete(self) -> None:
        """Delete the cube and its data. DELETE /api/objects/{id}?type=3."""
        self._client.run(self._writer.delete())

    async def delete_async(self) -> None:
        """Do what `delete` does."""
        await self._client.bridge(self._writer.delete())


def warn_of_result(result: WriteResult, *, stacklevel: int = 3) -> WriteResult:
    """Warn, where the caller of the caller is, of what could not be written in full."""
    if result.losses:
        warnings.warn(f"{result.name}: {result.losses}.", DataLossWarning, stacklevel=stacklevel)
    return result

"""A data model: a cube of tables that are loaded one by one, with parameters that change the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.catalog.find import find
from mstr_arrow.datamodels.model_definition import fetch_parameters, fetch_tables
from mstr_arrow.datamodels.model_publisher import ModelPublisher
from mstr_arrow.datamodels.parameters import check_given, values_to_send
from mstr_arrow.datamodels.steps import Order
from mstr_arrow.datamodels.tables import check_policies, choose
from mstr_arrow.errors import UsageError
from mstr_arrow.instances.source import Source
from mstr_arrow.objects.cube import Cube, cube_definition
from mstr_arrow.publishing.publication import publish, warn_of_publication
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.catalog.object_info import ObjectInfo
    from mstr_arrow.datamodels.parameters import ModelParameters
    from mstr_arrow.datamodels.tables import ModelTables, Policies
    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.grid.definition import Definition
    from mstr_arrow.publishing.following import OnProgress
    from mstr_arrow.publishing.publication import Publication
    from mstr_arrow.session.session_client import Client


class DataModel(Cube):
    """A data model: a scan of all attributes and metrics, with the model's tables and parameters."""

    def __init__(
        self,
        client: Client,
        definition: Definition,
        options: ReadOptions,
        info: ObjectInfo,
        *,
        row_counts: bool,
        instance_id: str | None = None,
        parameters: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(
            client, definition, options, row_counts=row_counts, instance_id=instance_id, parameters=parameters
        )
        self._found = info

    def __repr__(self) -> str:
        return f"<DataModel {self.name!r} {self.id}>"

    @property
    def serve_mode(self) -> str | None:
        """How the model serves data: "in memory", "connect live", …; None where the server does not tell.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.data_model("Retail Model").serve_mode
        'in memory'
        """
        return self._found.serve_mode

    def refresh(
        self,
        tables: Policies = "replace",
        *,
        wait: bool = True,
        timeout: float | None = None,
        on_progress: OnProgress = None,
    ) -> Publication:
        """Load tables of the model anew; return the publication, by default once all tables are loaded.

        ``tables`` maps names or ids of tables to policies, or is one policy for all tables. ``"replace"`` puts the
        source's rows in the place of the table's rows, ``"add"`` keeps the table's rows, ``"update"`` changes rows
        with the same keys, ``"upsert"`` also adds rows with new keys. ``"delete"`` and ``"ignore"`` mean what the
        server makes of them.

        The publication is done when the server calls each table loaded and, where this login may see the time of
        the data, the data are newer than before. ``Publication.proof`` names the proof. A publication of another
        user is waited for first, since the server does not tell which tables the other publication loads. ``wait``,
        ``timeout`` (seconds) and ``on_progress`` are those of `Cube.refresh`. The call deletes the model's instance
        on the server on every way out, except after `Publication.detach`.

        Sends GET /api/model/dataModels/{id}/tables, POST /api/dataModels/{id}/instances and …/publish, GET
        …/publishStatus until the end, DELETE …/instances/{id}; HEAD /api/cubes/{id} and GET
        /api/monitors/caches/cubes for the proof. Before the server begins, raises NotFound for an unknown table,
        UsageError for an unknown policy and for a model that is connected live, NotSupported for a server that is
        too old. Afterwards raises PublishFailed with the server's reason, and TimeoutExceeded.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     model = conn.data_model("Retail Model")
        ...     model.refresh({"ytd_day": "replace", "city_mnth_sls": "upsert"}).proof
        'data time'
        """
        return warn_of_publication(self._client.run(self._refresh_tables(tables, wait, timeout, on_progress)))

    async def refresh_async(
        self,
        tables: Policies = "replace",
        *,
        wait: bool = True,
        timeout: float | None = None,  # noqa: ASYNC109 - as its twin has it
        on_progress: OnProgress = None,
    ) -> Publication:
        """Load tables of the model anew as `refresh` does, without blocking the event loop."""
        return warn_of_publication(
            await self._client.bridge(self._refresh_tables(tables, wait, timeout, on_progress))
        )

    async def _refresh_tables(
        self, wanted: Policies, wait: bool, seconds: float | None, on_progress: OnProgress
    ) -> Publication:
        check_policies(wanted)
        if self.serve_mode == "connect live":
            raise UsageError(
                f"the data model {self.name!r} is connected live: it has no data of its own to refresh.",
                hint="Read it as it is: what it shows is what its sources have now.",
            )
        resolver, http = self._resolver, self._client.http
        tables = await fetch_tables(http, self.id)
        source = Source("cube", self.id, {}, resolver.source.server_version)
        order = Order(source, self.name, choose(tables, wanted, self.name), tables)
        publisher = await ModelPublisher.start(resolver.session, order)
        self._resolver, self._schema = resolver.anew(), None
        return await publish(self._client, publisher, wait=wait, seconds=seconds, on_progress=on_progress)

    def tables(self) -> ModelTables:
        """Return the tables of the model. GET /api/model/dataModels/{id}/tables.

        Raises NotSupported where the server has no data models.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.data_model("Retail Model").tables().table()["name"].to_pylist()
        ['ytd_day', 'city_mnth_sls']
        """
        return self._client.run(fetch_tables(self._client.http, self.id))

    async def tables_async(self) -> ModelTables:
        """Return the tables as `tables` does, without blocking the event loop."""
        return await self._client.bridge(fetch_tables(self._client.http, self.id))

    def parameters(self) -> ModelParameters:
        """Return the parameters of the model. GET /api/model/dataModels/{id}/parameters.

        Raises NotSupported where the server is too old for parameters.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     [f"{each.name}: {each.takes}" for each in conn.data_model("Retail Model").parameters()][1:]
        ["Currency: one of 'EUR', 'USD', 'GBP'", 'Growth: from 0 to 100 in steps of 5']
        """
        return self._client.run(fetch_parameters(self._client.http, self.id))

    async def parameters_async(self) -> ModelParameters:
        """Return the parameters as `parameters` does, without blocking the event loop."""
        return await self._client.bridge(fetch_parameters(self._client.http, self.id))


async def open_data_model(
    client: Client,
    name_or_id: str,
    options: ReadOptions,
    *,
    parameters: Mapping[str, object] | None,
    row_counts: bool,
    instance_id: str | None = None,
) -> DataModel:
    """Find a data model, read the definition, and check the values of parameters before an instance is made."""
    if parameters is not None:
        check_given(parameters)
    if parameters and instance_id is not None:
        raise UsageError(
            naming(
                "{Connection.data_model.instance_id} and {Connection.data_model.parameters} exclude each other: an "
                "instance that is there is read as it is."
            ),
            hint="Leave one of them away.",
        )
    info = await find(client.http, name_or_id, "data model")
    definition = await cube_definition(client.http, info.id)
    values: tuple[Mapping[str, str], ...] = ()
    if parameters:
        values = values_to_send(await fetch_parameters(client.http, info.id), parameters, definition.name)
    return DataModel(
        client, definition, options, info, row_counts=row_counts, instance_id=instance_id, parameters=values
    )

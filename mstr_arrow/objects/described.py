"""The definition of cubes and reports, and the elements of their attributes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.catalog.certify import certify
from mstr_arrow.objects.element_table import read_elements
from mstr_arrow.objects.sql_behind import Sql
from mstr_arrow.scan.remarks import warn_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mstr_arrow.fetch.bad_values import BadValues
    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.grid.definition import Attribute, Definition, Metric
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.session_client import Client


class Described(Sql):
    """A scan of an object whose definition names attributes, metrics and forms."""

    def __init__(
        self,
        client: Client,
        source: Source,
        options: ReadOptions,
        definition: Definition,
    ) -> None:
        super().__init__(client, source, options)
        self._definition = definition

    @property
    def id(self) -> str:
        """The object's id, 32 hexadecimal digits."""
        return self._definition.id

    @property
    def name(self) -> str:
        """The object's name."""
        return self._definition.name

    def certify(self) -> None:
        """Certify the object in the user's name; `Connection.find` and lists of objects show the certificate.

        PUT /api/objects/{id}/certify. Raises PermissionDenied for a user without the privilege.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     cube = conn.cube("Sales Cube")
        ...     cube.certify()
        ...     [each.name for each in conn.objects(certified=True)]
        ...     cube.decertify()
        ['Sales Cube']
        """
        self._client.run(certify(self._client.http, self.id))

    async def certify_async(self) -> None:
        """Certify the object as `certify` does, without blocking the event loop."""
        await self._client.bridge(certify(self._client.http, self.id))

    def decertify(self) -> None:
        """Take the object's certificate away. PUT /api/objects/{id}/certify, with the errors of `certify`."""
        self._client.run(certify(self._client.http, self.id, certified=False))

    async def decertify_async(self) -> None:
        """Take the certificate away as `decertify` does, without blocking the event loop."""
        await self._client.bridge(certify(self._client.http, self.id, certified=False))

    @property
    def attributes(self) -> list[dict[str, Any]]:
        """All attributes of the definition, shown or not, each a dict with ``id``, ``name`` and ``forms``.

        A form is a dict with ``id``, ``name`` and the server's ``data_type``. `schema` lists the forms that a read
        delivers, `other_forms` the forms that a read leaves out.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     order = conn.cube("Sales Cube").attributes[0]
        >>> order["name"], [form["name"] for form in order["forms"]]
        ('Order', ['ID'])
        """
        return [
            {"id": each.id, "name": each.name, "forms": [asdict(form) for form in each.forms]}
            for each in self._definition.attributes
        ]

    @property
    def metrics(self) -> list[dict[str, str]]:
        """All metrics of the definition, each a dict with ``id`` and ``name``."""
        return as_dicts(self._definition.metrics)

    @property
    def other_forms(self) -> pa.Schema:
        """The forms of attributes that a read leaves out, as the `pyarrow.Schema` that `select` would give them.

        Every call takes the names of these forms, and ``forms="all"`` delivers them too; see `ScanOptions`. The
        first use creates an instance, as `schema` does: POST …/instances.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     customers = conn.cube("Customers")
        ...     customers.schema.names[0], customers.other_forms.names[:3]
        ('Customer', ['Customer@ID', 'Customer@Email', 'Customer@Joined'])
        """
        return self._client.run(self._other_forms())

    async def other_forms_async(self) -> pa.Schema:
        """Return `other_forms`."""
        return await self._client.bridge(self._other_forms())

    async def _other_forms(self) -> pa.Schema:
        columns = await self._resolver.whole_columns()
        return pa.schema([column.field for column in columns.others])

    def elements(self, attribute: str) -> pa.Table:
        """Return the elements of an attribute as a table: the ids in ``id``, and a column for each form.

        ``attribute`` is a name or id, as in `Scan.aggregate`. Sends POST …/instances for the types of the forms,
        then GET …/attributes/{id}/elements, 10,000 elements at a time. Raises UsageError, with near names, for an
        unknown attribute, and ConversionError for values that do not fit the types.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").elements("Store").column_names
        ['id', 'Store@ID', 'Store@DESC']
        """
        return _pass_on(*self._client.run(read_elements(self._resolver, attribute)))

    async def elements_async(self, attribute: str) -> pa.Table:
        """Return the elements of an attribute as `elements` does, without blocking the event loop."""
        return _pass_on(*await self._client.bridge(read_elements(self._resolver, attribute)))


def _pass_on(table: pa.Table, found: Mapping[str, BadValues]) -> pa.Table:
    """Warn of bad values, where the caller of the caller is."""
    warn_of(found, None, stacklevel=3)
    return table


def as_dicts(objects: Iterable[Attribute | Metric]) -> list[dict[str, str]]:
    """Return objects of a definition as dicts of their ids and names."""
    return [{"id": each.id, "name": each.name} for each in objects]

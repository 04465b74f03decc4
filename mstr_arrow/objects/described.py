"""What a definition tells of cubes and reports, and the elements of their attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.objects.elements import read_elements
from mstr_arrow.objects.sql_view import Sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from mstr_arrow.fetch.options import ReadOptions
    from mstr_arrow.grid.definition import Available
    from mstr_arrow.instances.source import Source
    from mstr_arrow.session.client import Client


class Described(Sql):
    """A scan of an object that says what it offers."""

    def __init__(
        self,
        client: Client,
        source: Source,
        options: ReadOptions,
        attributes: Sequence[Available],
        metrics: Sequence[Available],
    ) -> None:
        super().__init__(client, source, options)
        self._attributes = tuple(attributes)
        self._metrics = tuple(metrics)

    @property
    def attributes(self) -> list[dict[str, str]]:
        """The attributes there are, each with ``id`` and ``name``."""
        return [{"id": each.id, "name": each.name} for each in self._attributes]

    @property
    def metrics(self) -> list[dict[str, str]]:
        """The metrics there are, each with ``id`` and ``name``."""
        return [{"id": each.id, "name": each.name} for each in self._metrics]

    def elements(self, attribute: str) -> pa.Table:
        """Return the elements of an attribute: their ids in ``id``, and a column for each form.

        The attribute is named as for `Scan.aggregate`. GET …/attributes/{id}/elements, 10,000 at a time; an
        instance is made first, for the types of the forms. Errors: UsageError with near names.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.cube("Sales Cube").elements("Store").column_names
        ['id', 'Store@ID', 'Store@DESC']
        """
        return self._client.run(read_elements(self._asking, attribute))

    async def elements_async(self, attribute: str) -> pa.Table:
        """Do what `elements` does."""
        return await self._client.bridge(read_elements(self._asking, attribute))

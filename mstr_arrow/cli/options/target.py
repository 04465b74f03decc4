"""The cube that is pushed to, as it is before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.catalog.folders import folder_id
from mstr_arrow.names import listing
from mstr_arrow.session.project import OBJECT_ID
from mstr_arrow.session.session_client import client_of
from mstr_arrow.upload import datasets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mstr_arrow.connection import Connection
    from mstr_arrow.grid.definition import Definition
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.upload.existing import Dataset


def look_at(connection: Connection, name: str, folder: str | None) -> tuple[Dataset, Definition | None] | None:
    """Read the tables of the dataset of that name or id, and its cube's attributes and metrics.

    None where there is no such dataset; the second is None where it was never published. Errors: those of
    `find_dataset`, `read`, `folder_id`.
    """
    client = client_of(connection)
    return client.run(_look_at(client.http, name, folder))


async def _look_at(http: ProjectHttp, name: str, folder: str | None) -> tuple[Dataset, Definition | None] | None:
    if OBJECT_ID.fullmatch(name):
        return await datasets.read(http, name)
    found = await datasets.find_dataset(http, name, await folder_id(http, folder))
    return await datasets.read(http, found) if found else None


def name_like(tables: Mapping[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Call a single table, whose name nobody chose, as the dataset calls its single table."""
    if len(tables) == len(dataset.tables) == 1:
        return dict(zip(dataset.tables, tables.values(), strict=True))
    return dict(tables)


def say_keys(mode: str, table: str, columns: Iterable[str], definition: Definition) -> str:
    """Say which columns find the rows that an update changes, and which it changes.

    >>> from mstr_arrow.grid.definition import Attribute, Definition, Metric
    >>> cube = Definition("A1", "Sales", (Attribute("B2", "Region"),), (Metric("C3", "Revenue"),))
    >>> say_keys("upsert", "sales", ["Region", "Revenue"], cube)
    "upsert: rows of table 'sales' are found by 'Region'; only metrics change: 'Revenue'"
    """
    metrics = {metric.name for metric in definition.metrics}
    keys = [column for column in columns if column not in metrics]
    changed = [column for column in columns if column in metrics]
    found_by = listing(keys) or "nothing, as it has no attributes"
    changes = f"only metrics change: {listing(changed)}" if changed else "only metrics change, and it has none"
    return f"{mode}: rows of table {table!r} are found by {found_by}; {changes}"

"""A dataset that is on the server, compared with what is to be uploaded. Wire reference, section 6.6. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.responses import fields, identity, items, reading, text, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mstr_arrow.upload.model import TableModel

_KINDS = {
    **dict.fromkeys((1, 2, 3, 4, 5, 6, 7, 21, 22, 30, 34), "number"),
    **dict.fromkeys((8, 9, 10, 17, 18, 23, 33), "text"),
    **dict.fromkeys((14, 15, 16), "date or time"),
    24: "truth value",
}
"""EnumDSSXMLDataType (wire reference, Appendix A); of a type that is not here nothing is assumed."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset's tables: the numeric data type of each column, by table and column."""

    id: str
    name: str
    tables: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Differences:
    """Where data and dataset differ, a sentence each: ``added`` by the data, ``missing`` in them, ``changed``."""

    added: tuple[str, ...]
    missing: tuple[str, ...]
    changed: tuple[str, ...]

    def __iter__(self) -> Iterator[str]:
        return iter(self.added + self.missing + self.changed)


def read_dataset(body: Any) -> Dataset:
    """Read the body of GET /api/datasets/{id}?fields=tables,columns; errors: ProtocolError."""
    with reading(body, "a definition of a dataset"):
        objects = fields(fields(body.get("result") or body)["definition"])["availableObjects"]
        tables: dict[str, dict[str, int]] = {text(table, "name"): {} for table in items(objects.get("tables"))}
        for column in items(objects.get("columns")):
            table = tables.setdefault(text(column, "tableName"), {})
            table[text(column, "columnName")] = whole_number(column.get("dataType")) or 0
        return Dataset(identity(body, "id"), text(body, "name"), tables)


def compare(tables: Iterable[TableModel], dataset: Dataset) -> Differences:
    """Say where the tables to be uploaded differ from the dataset's; others are left alone."""
    added, missing, changed = [], [], []
    for table in tables:
        known = dataset.tables.get(table.name)
        if known is None:
            added.append(f"the table {table.name!r} is not in the dataset")
            continue
        for column in table.columns:
            kind = _KINDS.get(known.get(column.name, -1))
            if column.name not in known:
                added.append(f"the column {column.name!r} of table {table.name!r} is not in the dataset")
            elif kind not in {None, column.kind} and {kind, column.kind} != {"number", "truth value"}:
                changed.append(
                    f"the column {column.name!r} of table {table.name!r} is a {column.kind} and was a {kind}"
                )
        missing += [
            f"the dataset's column {name!r} of table {table.name!r} is not in the data"
            for name in known
            if table.column(name) is None
        ]
    return Differences(tuple(added), tuple(missing), tuple(changed))

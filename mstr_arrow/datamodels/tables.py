"""The tables of a data model, and by which policy each is refreshed (wire reference, section 7.3). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

import pyarrow as pa

from mstr_arrow.arrays import make_table
from mstr_arrow.errors import NotFound, UsageError
from mstr_arrow.names import find_named, listing, only, suggestion
from mstr_arrow.responses import fields, identity, iso_moment, items, optional_text, reading, text, whole_number
from mstr_arrow.session.project import OBJECT_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

RefreshPolicy: TypeAlias = Literal["replace", "add", "update", "upsert", "delete", "ignore"]
"""The treatment of the rows of a table when it is loaded again."""

Policies: TypeAlias = "RefreshPolicy | Mapping[str, RefreshPolicy]"
"""One policy for all tables, or those of some by name or id."""

REPEATABLE = frozenset({"replace", "update", "upsert", "delete", "ignore"})
"""Policies that give the same rows when a table is loaded twice."""

_SCHEMA = pa.schema({"id": pa.string(), "name": pa.string(), "modified": pa.timestamp("us", "UTC")})


class ModelTable(NamedTuple):
    """A table of a data model; ``modified`` is when its definition, not its data, was changed last."""

    id: str
    name: str
    modified: datetime | None = None


class ModelTables(list[ModelTable]):
    """The tables of a data model."""

    def table(self) -> pa.Table:
        """Return a row for each table: id, name and modified.

        >>> ModelTables([ModelTable("A1", "sales")]).table()["name"].to_pylist()
        ['sales']
        """
        return make_table([each._asdict() for each in self], _SCHEMA)


def read_tables(body: Any) -> tuple[list[ModelTable], int | None]:
    """Read a part of the list of tables, and how many there are, where that is told; errors: ProtocolError.

    >>> read_tables({"total": 1, "tables": [{"information": {"objectId": "A1", "name": "sales"}}]})
    ([ModelTable(id='A1', name='sales', modified=None)], 1)
    """
    with reading(body, "a list of tables"):
        listed = body if isinstance(body, list) else items(fields(body)["tables"])
        total = whole_number(body.get("total")) if isinstance(body, dict) else None
        return [_table(fields(item)) for item in listed], total


def _table(item: dict[str, Any]) -> ModelTable:
    told = item["information"] if isinstance(item.get("information"), dict) else item
    changed = iso_moment(optional_text(told, "dateModified"))
    return ModelTable(identity(told, "objectId", "id"), text(told, "name"), changed)


def check_policies(wanted: object) -> None:
    """Refuse what is no policy, and no mapping of names to policies; errors: UsageError.

    >>> check_policies({"sales": "replace"})
    """
    given = list(wanted.items()) if isinstance(wanted, dict) else [(None, wanted)]
    if not given:
        raise UsageError(
            "no table is named that is to be refreshed.", hint="Name some, or give one policy for all: 'replace'."
        )
    for name, policy in given:
        if name is not None and not isinstance(name, str):
            raise UsageError(f"a table is given as {name!r}, which is no text.", hint="Give its name or its id.")
        if policy not in get_args(RefreshPolicy):
            of = "" if name is None else f" of table {name!r}"
            raise UsageError(
                f"the policy{of} is {policy!r}, which is none.",
                hint=suggestion(str(policy), get_args(RefreshPolicy)),
            )


def choose(tables: Sequence[ModelTable], wanted: Policies, model: str) -> dict[str, RefreshPolicy]:
    """Return the policy of each table that is to be refreshed, by id.

    Errors: those of `check_policies`, NotFound with near names, UsageError for a name that several tables have, or
    a table that is named twice.

    >>> choose([ModelTable("A1", "Sales"), ModelTable("B2", "Stores")], {"sales": "add"}, "Retail")
    {'A1': 'add'}
    """
    check_policies(wanted)
    if isinstance(wanted, str):
        if not tables:
            raise NotFound(f"the data model {model!r} has no tables to refresh.")
        return dict.fromkeys((table.id for table in tables), wanted)
    chosen: dict[str, RefreshPolicy] = {}
    for name, policy in wanted.items():
        table = _find_table(tables, name, model)
        if table.id in chosen:
            raise UsageError(f"the table {table.name!r} is named twice.", hint="Leave one of them away.")
        chosen[table.id] = policy
    return chosen


def _find_table(tables: Sequence[ModelTable], name: str, model: str) -> ModelTable:
    found = find_named(name, tables, lambda table: table.name)
    chosen = only(found, "tables", name, lambda table: table.id, hint="Give the id of one.")
    if chosen is not None:
        return chosen
    if OBJECT_ID.fullmatch(name.strip()):
        for table in tables:
            if table.id == name.strip().upper():
                return table
    names = [table.name for table in tables]
    raise NotFound(f"no table {name!r} in the data model {model!r}.", hint=suggestion(name, names))


def describe(policies: Mapping[str, str], tables: Sequence[ModelTable]) -> str:
    """Say which tables are refreshed, and how.

    >>> describe({"A1": "add"}, [ModelTable("A1", "sales")])
    "'sales' (add)"
    """
    names = {table.id: table.name for table in tables}
    return ", ".join(f"{listing([names.get(key, key)])} ({policy})" for key, policy in policies.items())

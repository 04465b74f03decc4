"""May these tables go into that dataset? Checked before anything is sent. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.http.version import at_least
from mstr_arrow.upload.existing import compare
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.grid.definition import Definition
    from mstr_arrow.upload.existing import Dataset
    from mstr_arrow.upload.model import TableModel, TableRoles

_OVERWRITES_SINCE = "11.2.0300"


def check_schema(
    tables: Sequence[TableModel],
    dataset: Dataset,
    policies: Mapping[str, str],
    *,
    schema_mode: str,
    server_version: str | None,
) -> bool:
    """Say whether the dataset must be made anew to take these tables; errors: UsageError naming each difference."""
    if schema_mode not in {"strict", "add"}:
        raise UsageError(f"the schema mode {schema_mode!r} is not known.", hint="Choose 'strict' or 'add'.")
    differences = compare(tables, dataset)
    listed = "; ".join(differences)
    if not listed:
        return False
    problem = f"the data differ from the dataset {dataset.name!r}: {listed}."
    if schema_mode == "strict":
        only_added = not differences.missing and not differences.changed
        hint = "Change the data."
        if only_added:
            hint = naming("Change the data, or allow additions with {Connection.write.schema_mode='add'}.")
        raise UsageError(problem, hint=hint)
    if differences.missing or differences.changed:
        raise UsageError(
            problem,
            hint=naming(
                "{Connection.write.schema_mode='add'} only adds; for other changes overwrite it, or delete it."
            ),
        )
    if any(policy != "replace" for policy in policies.values()):
        raise UsageError(problem, hint="Columns and tables can be added only while all tables are replaced.")
    if left := sorted(set(dataset.tables) - {table.name for table in tables}):
        raise UsageError(problem, hint=f"To add to a dataset give all its tables; these are not given: {left}.")
    if not at_least(server_version, _OVERWRITES_SINCE):
        raise UsageError(problem, hint=f"Servers before {_OVERWRITES_SINCE} cannot add to a dataset.")
    return True


def check_roles(
    tables: Sequence[TableModel],
    roles: Mapping[str, TableRoles],
    definition: Definition,
) -> None:
    """Raise UsageError where a role is asked for that a column does not have."""
    metrics = {metric.name for metric in definition.metrics}
    attributes = {attribute.name for attribute in definition.attributes}
    for table in tables:
        for wanted, there, names, others in (
            ("an attribute", "a metric", roles[table.name].attributes, metrics),
            ("a metric", "an attribute", roles[table.name].metrics, attributes),
        ):
            for name in names:
                if name in others:
                    raise UsageError(
                        f"the column {name!r} is {there} of {definition.name!r}, and cannot become {wanted}.",
                        hint="Roles are given when a dataset is created.",
                    )


def idle_tables(
    tables: Sequence[TableModel], policies: Mapping[str, str], definition: Definition
) -> frozenset[str]:
    """Name the tables no row of which can change anything: "update" changes metrics only, and they have none."""
    metrics = {metric.name for metric in definition.metrics}
    updated = [table for table in tables if policies[table.name] == "update"]
    return frozenset(table.name for table in updated if not metrics & {column.name for column in table.columns})


def overwritten_roles(
    roles: Mapping[str, TableRoles],
    dataset: Dataset,
    definition: Definition | None,
    forms: Mapping[str, Mapping[str, str]],
) -> dict[str, TableRoles]:
    """Return the roles with which a dataset is made anew: old columns keep theirs, new ones have those given.

    UsageError where an old column is neither an attribute nor a metric by its name, for then attributes have
    several forms, and only the caller can say which.
    """
    if definition is None:
        return dict(roles)
    attributes = {attribute.name for attribute in definition.attributes}
    metrics = {metric.name for metric in definition.metrics}
    in_forms = {column for categories in forms.values() for column in categories.values()}
    kept = {}
    for name, table in roles.items():
        old = set(dataset.tables.get(name, ()))
        if lost := sorted(old - attributes - metrics - in_forms):
            raise UsageError(
                f"the columns {lost} of {dataset.name!r} are forms of an attribute.",
                hint="Give the forms of all attributes to have the dataset made anew.",
            )
        kept[name] = replace(
            table,
            attributes={*table.attributes, *(old & attributes)} - metrics,
            metrics={*table.metrics, *(old & metrics)},
        )
    return kept

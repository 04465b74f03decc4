"""The model of a SuperCube, from the schemas of its tables. Wire reference, section 6.2. Pure.

Numbers become metrics and everything else attributes, unless said otherwise, or implied. An attribute has the form
``ID`` and may have more; columns of one name that are attributes in several tables are one attribute, and join
them. A metric belongs to one table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.names import listing, near_names
from mstr_arrow.upload.names import check_name, check_names
from mstr_arrow.upload.types import fate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import pyarrow as pa

ID = "ID"
"""The category of the form that every attribute has."""

KINDS = {
    "INTEGER": "number",
    "BIGINTEGER": "number",
    "DOUBLE": "number",
    "BIGDECIMAL": "number",
    "BOOL": "truth value",
    "DATE": "date or time",
    "TIME": "date or time",
    "DATETIME": "date or time",
    "STRING": "text",
}
"""The kind of a data type's values; a column keeps to one kind."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and its data type as the server names it."""

    name: str
    data_type: str

    @property
    def kind(self) -> str:
        """The kind of its values: number, text, date or time, truth value."""
        return KINDS[self.data_type]


@dataclass(frozen=True, slots=True)
class TableModel:
    """A table: its columns in order."""

    name: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """Return the column of that name; None where there is none."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Form:
    """A form of an attribute: its category, and the column that holds it in each table, as (table, column)."""

    category: str
    expressions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute with its forms, ``ID`` first."""

    name: str
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric and the table whose column of the same name it sums."""

    name: str
    table: str


@dataclass(frozen=True, slots=True)
class Model:
    """A SuperCube's tables, attributes and metrics."""

    tables: tuple[TableModel, ...]
    attributes: tuple[Attribute, ...]
    metrics: tuple[Metric, ...]

    def body(self, name: str, description: str, folder_id: str) -> dict[str, object]:
        """Make the body of POST /api/datasets/models."""
        return {
            "name": name,
            "description": description,
            "folderId": folder_id,
            "tables": [
                {
                    "name": table.name,
                    "columnHeaders": [
                        {"name": column.name, "dataType": column.data_type} for column in table.columns
                    ],
                }
                for table in self.tables
            ],
            "attributes": [
                {
                    "name": attribute.name,
                    "attributeForms": [
                        {"category": form.category, "expressions": _expressions(form.expressions)}
                        for form in attribute.forms
                    ],
                }
                for attribute in self.attributes
            ],
            "metrics": [
                {"name": metric.name, "expressions": _expressions([(metric.table, metric.name)])}
                for metric in self.metrics
            ],
        }


@dataclass(frozen=True, slots=True)
class TableRoles:
    """The roles that a table's columns are given: those that are attributes, those that are metrics."""

    schema: pa.Schema
    attributes: Collection[str] = ()
    metrics: Collection[str] = ()


def build_model(tables: Mapping[str, TableRoles], forms: Mapping[str, Mapping[str, str]] | None = None) -> Model:
    """Make the model of these tables, by name.

    ``forms`` gives attributes their forms, each a category and the column that holds it:
    ``{"Store": {"ID": "store_id", "DESC": "store_name"}}``. Raises UsageError for a type that cannot be
    uploaded, a name the server may refuse, and roles that contradict each other.

    >>> import pyarrow as pa
    >>> roles = TableRoles(pa.schema({"store": pa.string(), "year": pa.int64(), "units": pa.int64()}), ["year"])
    >>> model = build_model({"Sales": roles})
    >>> [attribute.name for attribute in model.attributes], [metric.name for metric in model.metrics]
    (['store', 'year'], ['units'])
    """
    if not tables:
        raise UsageError("there is no table to upload.", hint="Add one.")
    models = table_models({name: roles.schema for name, roles in tables.items()})
    forms = {name: dict(categories) for name, categories in (forms or {}).items()}
    _check_forms(forms, models)
    in_forms = {column for categories in forms.values() for column in categories.values()}
    attribute_columns: dict[str, None] = {}
    metrics: list[Metric] = []
    for table in models:
        for column in _attributes_of(table, tables[table.name], in_forms):
            attribute_columns[column] = None
        metrics += [
            Metric(column.name, table.name)
            for column in table.columns
            if column.name in _metrics_of(table, tables[table.name], in_forms)
        ]
    categories = forms | {name: {ID: name} for name in attribute_columns if name not in in_forms}
    order = {column: number for number, column in enumerate(attribute_columns)}
    attributes = tuple(
        _attribute(name, categories[name], models, metrics)
        for name in sorted(categories, key=lambda name: min(order[it] for it in categories[name].values()))
    )
    _check_metrics(metrics)
    check_names("attribute or metric", [*(a.name for a in attributes), *(m.name for m in metrics)])
    return Model(models, attributes, tuple(metrics))


def table_models(schemas: Mapping[str, pa.Schema]) -> tuple[TableModel, ...]:
    """Make the models of tables, by name; errors: UsageError for names and types that cannot be uploaded."""
    check_names("table", schemas)
    return tuple(_table(name, schema) for name, schema in schemas.items())


def _table(name: str, schema: pa.Schema) -> TableModel:
    if not schema.names:
        raise UsageError(f"the table {name!r} has no columns.")
    check_names(f"column of table {name!r}", schema.names)
    return TableModel(name, tuple(Column(field.name, fate(field.name, field.type).wire) for field in schema))


def _attributes_of(table: TableModel, roles: TableRoles, in_forms: set[str]) -> list[str]:
    for role, columns in (("attribute", roles.attributes), ("metric", roles.metrics)):
        for name in columns:
            if table.column(name) is None:
                raise unknown_column(
                    name,
                    [column.name for column in table.columns],
                    f"to be {'an' if role == 'attribute' else 'a'} {role}",
                )
    if both := sorted(set(roles.attributes) & set(roles.metrics)):
        raise UsageError(f"the column {both[0]!r} of table {table.name!r} cannot be attribute and metric.")
    if both := sorted(in_forms & set(roles.metrics)):
        raise UsageError(f"the column {both[0]!r} of table {table.name!r} cannot be a form and a metric.")
    metrics = _metrics_of(table, roles, in_forms)
    return [column.name for column in table.columns if column.name not in metrics]


def _metrics_of(table: TableModel, roles: TableRoles, in_forms: set[str]) -> set[str]:
    numbers = {column.name for column in table.columns if column.kind == "number"}
    return (numbers | set(roles.metrics)) - set(roles.attributes) - in_forms


def _check_forms(forms: Mapping[str, Mapping[str, str]], tables: Iterable[TableModel]) -> None:
    names = list(dict.fromkeys(column.name for table in tables for column in table.columns))
    for attribute, categories in forms.items():
        check_names(f"form of attribute {attribute!r}", categories)
        if ID not in categories:
            raise UsageError(f"the attribute {attribute!r} has no form {ID}.", hint="Say which column is its ID.")
        for column in categories.values():
            if column not in names:
                raise unknown_column(column, names, f"to be a form of {attribute!r}")


def _attribute(
    name: str, categories: Mapping[str, str], tables: Iterable[TableModel], metrics: Iterable[Metric]
) -> Attribute:
    """Make an attribute of columns that may be in several tables; errors: UsageError where they disagree."""
    forms = []
    for category in sorted(categories, key=lambda category: category != ID):
        column = categories[category]
        found = {table.name: table.column(column) for table in tables}
        kinds = {table: each.kind for table, each in found.items() if each is not None}
        if len(set(kinds.values())) > 1:
            each = ", ".join(f"{kind} in {table!r}" for table, kind in kinds.items())
            raise UsageError(f"the column {column!r} is {each}.", hint="Cast one of them, or rename it.")
        elsewhere = [metric.table for metric in metrics if metric.name == column]
        if elsewhere:
            table = next(table for table in kinds if table not in elsewhere)
            raise UsageError(
                f"the column {column!r} is an attribute in table {table!r} and a metric in {elsewhere[0]!r}.",
                hint="Make it an attribute in both, or rename one of them.",
            )
        forms.append(Form(category, tuple((table, column) for table in kinds)))
    _check_keys(name, forms)
    check_name("attribute", name)
    return Attribute(name, tuple(forms))


def _check_keys(attribute: str, forms: Iterable[Form]) -> None:
    """Raise UsageError for a table that has a form of an attribute, and not its ID."""
    key, *others = forms
    with_key, (_, key_column) = {table for table, _ in key.expressions}, key.expressions[0]
    for form in others:
        for table, column in form.expressions:
            if table not in with_key:
                raise UsageError(
                    f"the table {table!r} has the form {form.category} of {attribute!r}, its column {column!r}, "
                    f"and not the form {ID}, {key_column!r}, which tells what it belongs to.",
                    hint=f"Add the column {key_column!r}, or rename {column!r} to make it an attribute of its own.",
                )


def _check_metrics(metrics: Iterable[Metric]) -> None:
    tables: dict[str, str] = {}
    for metric in metrics:
        if metric.name in tables:
            raise UsageError(
                f"the metric {metric.name!r} is in table {tables[metric.name]!r} and in {metric.table!r}.",
                hint="Rename one of them, or make both attributes, which join the tables.",
            )
        tables[metric.name] = metric.table


def unknown_column(name: str, names: list[str], purpose: str) -> UsageError:
    """Return the error for a column that is in no table."""
    near = near_names(str(name), names)
    hint = f"Did you mean {listing(near)}?" if near else f"There are: {listing(names)}."
    return UsageError(f"there is no column {name!r} {purpose}.", hint=hint)


def _expressions(expressions: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"tableName": table, "columnName": column} for table, column in expressions]

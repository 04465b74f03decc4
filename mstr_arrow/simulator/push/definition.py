"""The definition of a pushed dataset, as a strict server reads it (Wire reference, section 6.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.bodies import bad_request
from mstr_arrow.simulator.model.cubes import DESC_FORM, ID_FORM, object_id

if TYPE_CHECKING:
    from collections.abc import Iterable

DATA_TYPES = {
    "STRING": "nVarChar",
    "INTEGER": "integer",
    "BIGINTEGER": "Int64",
    "DOUBLE": "double",
    "BIGDECIMAL": "bigDecimal",
    "BOOL": "bool",
    "DATE": "date",
    "TIME": "time",
    "DATETIME": "timeStamp",
}
"""Data types that a column may be declared as, and their names in pages."""

NUMBERS = ("INTEGER", "BIGINTEGER", "DOUBLE", "BIGDECIMAL")

_LONGEST_NAME = 250
_FORBIDDEN = '\\"[]'
_SYSTEM_FORMS = {"ID": ID_FORM, "DESC": DESC_FORM}


@dataclass(frozen=True, slots=True)
class PushedColumn:
    """A column of a table; ``data_type`` in capitals."""

    name: str
    data_type: str


@dataclass(frozen=True, slots=True)
class PushedTable:
    """A table with its columns in the order of the definition."""

    name: str
    columns: tuple[PushedColumn, ...]

    def place(self, column: str) -> int:
        """Give the number of a column; raise the server's 400 where the table has none of that name."""
        for place, found in enumerate(self.columns):
            if found.name == column:
                return place
        raise bad_request(f"The table '{self.name}' has no column '{column}'.")


@dataclass(frozen=True, slots=True)
class PushedForm:
    """A form of an attribute; ``columns`` are the places of its columns by the names of their tables."""

    id: str
    category: str
    data_type: str
    columns: dict[str, int]

    @property
    def is_key(self) -> bool:
        """Whether the form tells the attribute's elements apart."""
        return self.category.upper() == "ID"


@dataclass(frozen=True, slots=True)
class PushedAttribute:
    """An attribute with its forms, the ID first."""

    name: str
    forms: tuple[PushedForm, ...]

    @property
    def tables(self) -> set[str]:
        """The names of the tables that have the attribute, which are those that have its ID."""
        return set().union(*(form.columns for form in self.forms if form.is_key))


@dataclass(frozen=True, slots=True)
class PushedMetric:
    """A metric and the column that it sums."""

    name: str
    data_type: str
    table: str
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PushModel:
    """Everything that a dataset is made of, but for its rows."""

    name: str
    description: str
    tables: dict[str, PushedTable]
    attributes: tuple[PushedAttribute, ...]
    metrics: tuple[PushedMetric, ...]

    def keys(self, table: str) -> list[int]:
        """List the columns of a table that tell its rows apart: the ID forms of its attributes."""
        return self._columns(table, keys_only=True)

    def values(self, table: str) -> list[int]:
        """List the columns of a table that only metrics use."""
        taken = self._columns(table, keys_only=False)
        return [place for place in range(len(self.tables[table].columns)) if place not in taken]

    def _columns(self, table: str, *, keys_only: bool) -> list[int]:
        forms = (form for attribute in self.attributes for form in attribute.forms)
        return sorted({f.columns[table] for f in forms if table in f.columns and (f.is_key or not keys_only)})


def read_model(body: Any) -> PushModel:
    """Read the body of a request that defines a dataset; raise the server's 400 for a wrong body."""
    body = _object(body, "the definition")
    tables = [_table(item) for item in _list(body.get("tables"), "tables")]
    if not tables:
        raise bad_request("A dataset has at least one table.")
    _unique((table.name for table in tables), "table")
    by_name = {table.name: table for table in tables}
    attributes = _attributes(body.get("attributes"), by_name)
    metrics = tuple(_metric(item, by_name) for item in _list(body.get("metrics"), "metrics"))
    _unique((metric.name for metric in metrics), "metric")
    model = PushModel(
        name=_name(body.get("name"), "dataset"),
        description=_description(body.get("description")),
        tables=by_name,
        attributes=attributes,
        metrics=metrics,
    )
    _check_every_column_is_used(model)
    return model


def _table(item: Any) -> PushedTable:
    item = _object(item, "a table")
    name = _name(item.get("name"), "table")
    headers = [_object(header, "a column header") for header in _list(item.get("columnHeaders"), "columnHeaders")]
    columns = tuple(
        PushedColumn(_name(header.get("name"), "column"), _data_type(header, table=name)) for header in headers
    )
    if not columns:
        raise bad_request(f"The table '{name}' has no columns.")
    _unique((column.name for column in columns), f"column of the table '{name}'")
    return PushedTable(name, columns)


def _data_type(header: dict[str, Any], *, table: str) -> str:
    data_type = str(header.get("dataType")).upper()
    if data_type not in DATA_TYPES:
        raise bad_request(
            f"Unknown data type '{header.get('dataType')}' of column '{header.get('name')}' in table '{table}'."
        )
    return data_type


def _attributes(value: Any, tables: dict[str, PushedTable]) -> tuple[PushedAttribute, ...]:
    """Read the attributes; those of one name are one: mstrio-py lists an attribute again for each of its tables."""
    forms: dict[str, dict[str, list[Any]]] = {}
    for entry in _list(value, "attributes"):
        item = _object(entry, "an attribute")
        name = _name(item.get("name"), "attribute")
        own = [_object(form, "an attribute form") for form in _list(item.get("attributeForms"), "attributeForms")]
        categories = [_name(form.get("category"), "form category") for form in own]
        _unique(categories, f"form of the attribute '{name}'")
        known = forms.setdefault(name, {})
        for category, form in zip(categories, own, strict=True):
            known.setdefault(category, []).extend(_list(form.get("expressions"), "expressions"))
    _unique(forms, "attribute")
    return tuple(_attribute(name, categories, tables) for name, categories in forms.items())


def _attribute(name: str, categories: dict[str, list[Any]], tables: dict[str, PushedTable]) -> PushedAttribute:
    forms = [_form(category, expressions, name, tables) for category, expressions in categories.items()]
    if not any(form.is_key for form in forms):
        raise bad_request(f"The attribute '{name}' has no form of the category ID.")
    attribute = PushedAttribute(name, tuple(sorted(forms, key=lambda form: not form.is_key)))
    for form in forms:
        for table in form.columns.keys() - attribute.tables:
            raise bad_request(f"The table '{table}' has no ID of the attribute '{name}'.")
    return attribute


def _form(category: str, expressions: list[Any], attribute: str, tables: dict[str, PushedTable]) -> PushedForm:
    what = f"form {category} of the attribute '{attribute}'"
    columns = _expressions(expressions, what, tables)
    types = {tables[table].columns[place].data_type for table, place in columns.items()}
    if len(types) > 1 and types != {"INTEGER", "BIGINTEGER"}:
        raise bad_request(f"The columns of the {what} are of different types: {', '.join(sorted(types))}.")
    form_id = _SYSTEM_FORMS.get(category.upper()) or object_id("form", category)
    return PushedForm(form_id, category, min(types), columns)  # BIGINTEGER comes before INTEGER


def _metric(item: Any, tables: dict[str, PushedTable]) -> PushedMetric:
    item = _object(item, "a metric")
    name = _name(item.get("name"), "metric")
    columns = _expressions(_list(item.get("expressions"), "expressions"), f"metric '{name}'", tables)
    if len(columns) > 1:
        raise bad_request(f"The metric '{name}' has more than one expression.")
    ((table, place),) = columns.items()
    column = tables[table].columns[place]
    if column.data_type not in NUMBERS:
        raise bad_request(f"The metric '{name}' cannot sum the column '{column.name}' of type {column.data_type}.")
    return PushedMetric(name, column.data_type, table, place)


def _expressions(expressions: list[Any], what: str, tables: dict[str, PushedTable]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for expression in expressions:
        named = _object(expression, "an expression")
        table = tables.get(str(named.get("tableName")))
        if table is None:
            raise bad_request(f"The {what} names the table '{named.get('tableName')}', which does not exist.")
        if table.name in columns:
            raise bad_request(f"The {what} has two expressions for the table '{table.name}'.")
        columns[table.name] = table.place(str(named.get("columnName")))
    if not columns:
        raise bad_request(f"The {what} has no expression.")
    return columns


def _check_every_column_is_used(model: PushModel) -> None:
    used = {(metric.table, metric.column) for metric in model.metrics}
    for attribute in model.attributes:
        used.update(place for form in attribute.forms for place in form.columns.items())
    for table in model.tables.values():
        for place, column in enumerate(table.columns):
            if (table.name, place) not in used:
                raise bad_request(f"Nothing uses the column '{column.name}' of the table '{table.name}'.")


def _name(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise bad_request(f"The {what} name is missing.")
    if len(value) > _LONGEST_NAME:
        raise bad_request(f"The {what} name is longer than {_LONGEST_NAME} characters: '{value[:40]}…'")
    if any(character in value for character in _FORBIDDEN):
        raise bad_request(f"The {what} name has a character that is not allowed: '{value}'")
    return value


def _description(value: Any) -> str:
    text = "" if value is None else value
    if not isinstance(text, str) or len(text) > _LONGEST_NAME:
        raise bad_request(f"The description is a text of at most {_LONGEST_NAME} characters.")
    return text


def _unique(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise bad_request(f"There is more than one {what} named '{name}'.")
        seen.add(name.casefold())


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_request(f"Not a JSON object: {what}.")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_request(f"Not a JSON array: '{what}'.")
    return value

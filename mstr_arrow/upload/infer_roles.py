"""Roles and forms that columns imply: by the metadata of a table this package has read, or by their names. Pure.

A column whose field says ``mstr.role = attribute`` is the form ``mstr.form`` of the attribute ``mstr.attribute``.
Frames of Polars and pandas have no such metadata; there, and in any column without, ``A@ID`` and ``A@DESC`` are
forms of the attribute ``A``, and so is ``A@F`` beside one of them. An attribute without the form ID has another one
as ID, since the server wants one. A single form whose column was renamed is called like the column.

What the caller says goes first, column by column. What an Arrow type contradicts is ignored: a metric that is no
number becomes an attribute. Names of metrics and of subtotals are attributes, too. Where a column would take the
name or the form of another one, it becomes an attribute of its own, called like the column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mstr_arrow.upload.model import ID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import pyarrow as pa

    from mstr_arrow.upload.model import TableRoles

_ID_FORM = b"45C11FA478E745FEA08D781CEA190FE5"
"""The id of the form ID on every server, whatever word its language has for it."""
_KEY_FORMS = (ID, "DESC")
_NAMED = re.compile(r"(?P<attribute>.+)@(?P<form>[^@]+?)(?P<number> \(\d+\))?", re.DOTALL)
"""A form's column; one of two attributes of one name has a number behind it."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A column as a form of an attribute; ``named`` says whether only its name says so."""

    column: str
    attribute: str
    form: str
    named: bool = False


def infer_roles(
    tables: Mapping[str, TableRoles], forms: Mapping[str, Mapping[str, str]] | None
) -> tuple[dict[str, TableRoles], dict[str, dict[str, str]]]:
    """Add to the roles and forms that are given those that columns imply.

    >>> import pyarrow as pa
    >>> from mstr_arrow.upload.model import TableRoles
    >>> sales = TableRoles(pa.schema({"Store@ID": pa.int64(), "Store@DESC": pa.string(), "Units": pa.int64()}))
    >>> infer_roles({"Sales": sales}, None)[1]
    {'Store': {'ID': 'Store@ID', 'DESC': 'Store@DESC'}}
    """
    all_forms = {name: dict(categories) for name, categories in (forms or {}).items()}
    said = {column for categories in all_forms.values() for column in categories.values()}
    said.update(column for roles in tables.values() for column in roles.metrics)
    by_table = {name: list(_parts(roles.schema, said)) for name, roles in tables.items()}
    parts = _forms_only([part for each in by_table.values() for part in each])
    columns = {part.column for part in parts}
    taken = {name.casefold() for roles in tables.values() for name in roles.schema.names if name not in columns}
    for name, categories in _attributes(parts).items():
        if name.casefold() not in taken and list(categories.values()) != [name]:
            given = all_forms.get(name, {})
            all_forms[name] = given | {form: it for form, it in categories.items() if form not in given}
    roles = {
        name: replace(roles, attributes={*roles.attributes, *(columns & set(roles.schema.names) - said)})
        for name, roles in tables.items()
    }
    return roles, all_forms


def _parts(schema: pa.Schema, said: Collection[str]) -> Iterator[_Part]:
    """Read the metadata and names of a table's columns, but for those of which more is said."""
    ids: dict[str, list[bytes]] = {}
    for field in schema:
        metadata = field.metadata or {}
        role, attribute = metadata.get(b"mstr.role"), metadata.get(b"mstr.attribute", b"").decode()
        if field.name in said:
            continue
        if role == b"attribute" and attribute:
            same = ids.setdefault(attribute, [])
            if metadata.get(b"mstr.id", b"") not in same:
                same.append(metadata.get(b"mstr.id", b""))
            number = same.index(metadata.get(b"mstr.id", b"")) + 1
            form = ID if metadata.get(b"mstr.form_id") == _ID_FORM else metadata.get(b"mstr.form", b"").decode()
            yield _Part(field.name, attribute if number == 1 else f"{attribute} ({number})", form or ID)
        elif role is None and (match := _NAMED.fullmatch(field.name)):
            yield _Part(field.name, match["attribute"] + (match["number"] or ""), match["form"], named=True)


def _forms_only(parts: list[_Part]) -> list[_Part]:
    """Leave out columns that are called like a form, and stand beside none that is surely one."""
    sure = {part.attribute for part in parts if not part.named or part.form.upper() in _KEY_FORMS}
    return [part for part in parts if part.attribute in sure]


def _attributes(parts: list[_Part]) -> dict[str, dict[str, str]]:
    """Give each attribute the columns of its forms by category, ``ID`` among them."""
    groups: dict[str, dict[str, _Part]] = {}
    for part in parts:
        category = ID if part.form.upper() == ID else part.form
        same = groups.setdefault(part.attribute, {})
        if category.casefold() not in {known.casefold() for known in same}:
            same[category] = part
    return dict(_name_attribute(attribute, group) for attribute, group in groups.items())


def _name_attribute(attribute: str, group: dict[str, _Part]) -> tuple[str, dict[str, str]]:
    first, *others = group.values()
    renamed = first.column not in {attribute, f"{attribute}@{first.form}"} and not first.named
    columns = {category: part.column for category, part in group.items()}
    if ID not in columns:
        key = next((category for category in columns if category.upper() in _KEY_FORMS), next(iter(columns)))
        columns = {ID if category == key else category: column for category, column in columns.items()}
    return (first.column if renamed and not others else attribute), columns

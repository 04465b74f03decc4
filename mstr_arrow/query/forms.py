"""Forms of attributes that an object does not show: columns that it may be asked for. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from mstr_arrow.errors import DataMismatch
from mstr_arrow.grid.schema import Column, distinct_names
from mstr_arrow.grid.server_types import attribute_type, override_type
from mstr_arrow.names import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

    from mstr_arrow.grid.definition import Attribute
    from mstr_arrow.grid.schema import Columns


def other_forms(
    columns: Columns, attributes: Iterable[Attribute], types: Mapping[str, pa.DataType]
) -> tuple[Column, ...]:
    """Make a column for each form of a definition's attributes that a result does not show.

    It is named ``Attribute@FORM``, or after the form's id where the attribute has several forms of that name.
    """
    found = [
        column
        for attribute in attributes
        if (shown := [c for c in columns.attributes if _is_of(c, attribute) and c.form_id and not c.level])
        for column in _others(attribute, shown)
    ]
    taken = [column.name for column in columns.all]
    names = distinct_names([*taken, *(column.name for column in found)])[len(taken) :]
    return tuple(_name_column(column, name, types) for column, name in zip(found, names, strict=True))


def check_all_shown(columns: Columns, attributes: Iterable[Attribute]) -> None:
    """Check that a result shows all forms of its attributes, as it was asked to; errors: DataMismatch."""
    if missing := other_forms(columns, attributes, {}):
        raise not_shown([column.name for column in missing], columns.schema.names)


def not_shown(missing: Sequence[str], shown: Sequence[str]) -> DataMismatch:
    """Make the error for forms that a server was asked for and does not show."""
    return DataMismatch(
        f"the server was asked for {listing(missing)}, and answers with the columns {listing(shown)}.",
        hint="It may be too old to show other forms than those of the object: have these shown there.",
    )


def _is_of(column: Column, attribute: Attribute) -> bool:
    return column.object_id.upper() == attribute.id.upper()


def _others(attribute: Attribute, shown: Sequence[Column]) -> Iterable[Column]:
    there = {(column.form_id or "").upper() for column in shown}
    counts = Counter(form.name for form in attribute.forms)
    owner = shown[0].name if len(shown) == 1 else shown[0].attribute or attribute.name
    for form in attribute.forms:
        if form.id.upper() not in there:
            yield Column(
                f"{owner}@{form.name if counts[form.name] == 1 else form.id}",
                "attribute",
                shown[0].object_id,
                form.id,
                form.data_type,
                attribute_type(form.data_type),
                attribute=shown[0].attribute or attribute.name,
                form=form.name,
            )


def _name_column(column: Column, name: str, types: Mapping[str, pa.DataType]) -> Column:
    asked = override_type(name, types[name]) if name in types else column.type
    return replace(column, name=name, type=asked)

"""The columns of a result: names, types and metadata, fixed by the first page of an instance."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from mstr_arrow.errors import DataMismatch, UsageError
from mstr_arrow.grid.types import TEXT, attribute_type, is_text, metric_type, override_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mstr_arrow.grid.document import Document

Role = Literal["attribute", "metric"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result.

    ``type`` is the type of its values, ``pa.string()`` for texts however they are delivered; ``data_type``
    is the server's name for it; ``form_id`` is None for a metric.
    """

    name: str
    role: Role
    object_id: str
    form_id: str | None
    data_type: str
    type: pa.DataType

    @property
    def field(self) -> pa.Field:
        """The Arrow field as the decoder delivers it: texts are dictionaries."""
        metadata = {"mstr.role": self.role, "mstr.id": self.object_id, "mstr.data_type": self.data_type}
        if self.form_id is not None:
            metadata["mstr.form_id"] = self.form_id
        return pa.field(self.name, TEXT if is_text(self.type) else self.type, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns of a result in order: the forms of each attribute, then the metrics."""

    all: tuple[Column, ...]
    forms: tuple[int, ...]
    """Number of forms of each attribute on the rows."""

    @property
    def metrics(self) -> tuple[Column, ...]:
        """The metrics only."""
        return self.all[sum(self.forms) :]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of every batch of this result."""
        return pa.schema([column.field for column in self.all])


def columns_of(document: Document, types: Mapping[str, pa.DataType] | None = None) -> Columns:
    """Fix the columns of a result from its first page.

    A form is named after its attribute, ``Attribute@FORM`` if the attribute shows several; a name that occurs
    again gets `` (2)``, `` (3)`` … ``types`` overrides the type of columns by name; errors: UsageError for a
    name that no column has and for a type that no column can have.
    """
    overrides = {name: override_type(name, to) for name, to in (types or {}).items()}
    forms = [(unit, form) for unit in document.units for form in unit.forms]
    names = _distinct(
        [unit.name if len(unit.forms) == 1 else f"{unit.name}@{form.name}" for unit, form in forms]
        + [metric.name for metric in document.metrics]
    )
    _refuse_unknown(overrides, names)
    columns = []
    for name, (unit, form) in zip(names, forms, strict=False):
        arrow_type = overrides.get(name, attribute_type(form.data_type))
        columns.append(Column(name, "attribute", unit.id, form.id, form.data_type, arrow_type))
    for name, metric in zip(names[len(forms) :], document.metrics, strict=True):
        arrow_type = overrides.get(name, metric_type(metric.data_type))
        columns.append(Column(name, "metric", metric.id, None, metric.data_type, arrow_type))
    return Columns(tuple(columns), tuple(len(unit.forms) for unit in document.units))


def check_columns(document: Document, columns: Columns) -> None:
    """Check that a later page has the columns of the first; errors: DataMismatch."""
    found: list[tuple[str, str | None]] = [(unit.id, form.id) for unit in document.units for form in unit.forms]
    found += [(metric.id, None) for metric in document.metrics]
    expected = [(column.object_id, column.form_id) for column in columns.all]
    if found != expected:
        raise DataMismatch(
            f"The page at row {document.paging.offset} has other columns than the first page of the same instance.",
            hint="Read again; if it recurs, the object was changed on the server while it was read.",
        )


def _distinct(names: Iterable[str]) -> list[str]:
    """Make names unique, keeping the first of each.

    >>> _distinct(["Sales", "Sales", "Sales (2)"])
    ['Sales', 'Sales (2)', 'Sales (2) (2)']
    """
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, count = name, 1
        while candidate in taken:
            count += 1
            candidate = f"{name} ({count})"
        taken.add(candidate)
        result.append(candidate)
    return result


def _refuse_unknown(overrides: Mapping[str, object], names: list[str]) -> None:
    for name in overrides:
        if name not in names:
            near = get_close_matches(name, names)
            raise UsageError(
                f"types= names {name!r}, which is no column of this result.",
                hint=f"Did you mean {' or '.join(map(repr, near))}?"
                if near
                else f"Its columns are {', '.join(names)}.",
            )

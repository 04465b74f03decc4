"""Columns that conditions may name: those of a result, and how people name them. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from mstr_arrow.errors import UsageError
from mstr_arrow.grid.schema import ID_FORM
from mstr_arrow.grid.server_types import attribute_type, metric_type
from mstr_arrow.lazy import pl
from mstr_arrow.names import as_it_looks, listing, suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mstr_arrow.grid.schema import Column, Columns

Kind = Literal[
    "integer", "double", "decimal", "text", "date", "timestamp", "zoned timestamp", "time", "bool", "other"
]

NUMBERS: frozenset[Kind] = frozenset(("integer", "double", "decimal"))

FORM_NAMES = {"ID": ID_FORM, "DESC": "CCFBE2A5EADB4F50941FB879CCF1721C"}
_OBJECT_ID = re.compile(r"[0-9A-Fa-f]{32}")
_COMPARED_AS_TEXT = {"char", "varchar", "nchar", "nvarchar", "mbchar", "utf8char"}


@dataclass(frozen=True, slots=True)
class Subject:
    """A column that conditions may speak of.

    ``form_id`` is None for a metric; ``unasked`` says why the server cannot be asked about this column, None
    where it can. ``nulled``: bad values of it, which are values to the server, are null here. ``attribute`` and
    ``form`` are the names of what an attribute's column holds; one that is not ``shown`` comes only where it is
    named.
    """

    name: str
    kind: Kind
    type: pa.DataType
    role: str
    object_id: str
    form_id: str | None
    unasked: str | None
    attribute: str = ""
    form: str = ""
    shown: bool = True
    nulled: bool = False

    @property
    def dtype(self) -> pl.DataType:
        """The type of the column in a Polars frame, texts as plain strings."""
        return pl.String() if self.kind == "text" else pl.Series(pl.from_arrow(pa.nulls(0, self.type))).dtype


@dataclass(frozen=True, slots=True)
class Subjects:
    """The columns of one result, found by any of their names."""

    all: tuple[Subject, ...]

    def find(self, name: str) -> Subject:
        """Find a column by its name, ``Attribute@FORM`` or id; errors: UsageError with the choices.

        An id is that of a metric, of an attribute with one form, or ``<attribute id>@<form id>``.
        """
        found = self._find_named(name)
        if len(found) == 1:
            return found[0]
        names = [subject.name for subject in found or self.all]
        if found:
            raise UsageError(f"{name!r} is more than one column.", hint=f"Say which: {listing(names)}.")
        raise UsageError(f"no column {name!r} in this result.", hint=suggestion(name, names))

    def find_all(self, name: str) -> list[Subject]:
        """Find the columns that a name stands for: all shown forms of an attribute; errors: UsageError."""
        found = self._find_named(name)
        one = len({subject.object_id for subject in found}) == 1
        return found if one and (len(found) == 1 or self._of_object(name)) else [self.find(name)]

    def find_attribute(self, name: str) -> Subject:
        """Find any column of an attribute; errors: UsageError."""
        found = self._find_named(name) or [self.find(name)]
        if found[0].role != "attribute" or len({subject.object_id for subject in found}) > 1:
            names = [subject.name for subject in self.all if subject.role == "attribute"]
            raise UsageError(
                f"{name!r} is not one attribute, so it has no elements.",
                hint=f"There are: {listing(names) or 'none'}.",
            )
        return found[0]

    def _find_named(self, name: str) -> list[Subject]:
        """Return the columns a name may mean: those of the first way to read it that finds any."""
        named = [subject for subject in self.all if subject.name == name]
        found = named or [subject for subject in self._of_object(name) if subject.shown] or self._forms(name)
        return found or [subject for subject in self.all if as_it_looks(subject.name) == as_it_looks(name)]

    def _of_object(self, name: str) -> list[Subject]:
        """Return the columns of an attribute or metric, by its id or name."""
        named = [
            subject
            for subject in self.all
            if subject.name == name or (subject.role == "attribute" and subject.attribute == name)
        ]
        if named or not _OBJECT_ID.fullmatch(name):
            return named
        return [subject for subject in self.all if subject.object_id.upper() == name.upper()]

    def _forms(self, name: str) -> list[Subject]:
        """Return the columns that ``Attribute@FORM`` may mean; both names may have the sign in them."""
        for place in reversed([place for place, letter in enumerate(name) if letter == "@"]):
            attribute, form = name[:place], name[place + 1 :]
            if found := [subject for subject in self._of_object(attribute) if _is_form(subject, form)]:
                return found
        return []


def subjects_in(columns: Columns, *, unasked: Mapping[str, str] | None = None) -> Subjects:
    """Take the columns of an object, and the forms of its attributes that it may be asked for besides."""
    shown = subjects_of(columns.schema, unasked=unasked, nulled=columns.nulled)
    fields = pa.schema([column.field for column in columns.others])
    nulled = fields.names if columns.options.on_bad_value == "null" else columns.nulled
    others = subjects_of(fields, unasked=unasked, nulled=nulled)
    return Subjects((*shown.all, *(replace(each, shown=False) for each in others.all)))


def subjects_of(
    schema: pa.Schema, *, unasked: Mapping[str, str] | None = None, nulled: Collection[str] = ()
) -> Subjects:
    """Take the columns of a result from its schema, as `grid.schema` makes it.

    ``unasked`` gives, for columns about which the server cannot be asked, the reason by name: derived metrics,
    data columns of a cross-tab, columns the request does not have. Of columns ``nulled``, bad values are null.
    """
    found = [_subject(field, (unasked or {}).get(field.name)) for field in schema]
    found = [replace(each, nulled=each.name in nulled and each.kind != "text") for each in found]
    counts = Counter(subject.object_id for subject in found if subject.role == "attribute")
    return Subjects(tuple(_name_apart(subject, several=counts[subject.object_id] > 1) for subject in found))


def _name_apart(subject: Subject, *, several: bool) -> Subject:
    """Take the names of attribute and form from a column's name, where its metadata do not tell them."""
    if subject.role != "attribute" or subject.attribute:
        return subject
    attribute, _, form = subject.name.rpartition("@") if several else (subject.name, "", "")
    return replace(subject, attribute=attribute, form=form)


def _subject(field: pa.Field, unasked: str | None) -> Subject:
    metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    role, data_type = metadata.get("mstr.role", ""), metadata.get("mstr.data_type", "unknown")
    values = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    kind = kind_of(values)
    served = kind_of(metric_type(data_type) if role == "metric" else attribute_type(data_type))
    form_id = metadata.get("mstr.form_id")
    return Subject(
        field.name,
        kind,
        values,
        role,
        metadata.get("mstr.id", ""),
        form_id,
        unasked or _why_unasked(role, kind, served, data_type, values),
        metadata.get("mstr.attribute", ""),
        metadata.get("mstr.form", ""),
    )


def _why_unasked(role: str, kind: Kind, served: Kind, data_type: str, values: pa.DataType) -> str | None:
    """Say why the server cannot be asked about a column; None where it can."""
    if role not in {"attribute", "metric"}:
        return "the server does not know this column"
    if kind != served or pa.types.is_float32(values):
        return f"the server holds {data_type} values in place of {values}"
    if kind in {"bool", "other"}:
        return f"the server has no certain way to compare {data_type} values"
    if role == "metric" and kind not in NUMBERS:
        return "the server compares metrics as numbers only"
    if kind == "text" and data_type not in _COMPARED_AS_TEXT:
        return f"the server has no certain way to compare {data_type} values"
    return None


def kind_of(data_type: pa.DataType) -> Kind:
    """Say what kind of values a type has.

    >>> kind_of(pa.int16()), kind_of(pa.timestamp("us")), kind_of(pa.binary())
    ('integer', 'timestamp', 'other')
    """
    if pa.types.is_timestamp(data_type):
        return "zoned timestamp" if data_type.tz is not None else "timestamp"
    tests: dict[Kind, bool] = {
        "integer": pa.types.is_integer(data_type),
        "double": pa.types.is_floating(data_type),
        "decimal": pa.types.is_decimal(data_type),
        "text": pa.types.is_string(data_type) or pa.types.is_large_string(data_type),
        "date": pa.types.is_date(data_type),
        "time": pa.types.is_time(data_type),
        "bool": pa.types.is_boolean(data_type),
    }
    return next((kind for kind, holds in tests.items() if holds), "other")


def is_other_form(column: Column | Subject) -> bool:
    """Tell a form that is neither ID nor DESC, on which servers are not documented to take conditions."""
    form_id = column.form_id
    return bool(form_id) and str(form_id).upper() not in FORM_NAMES.values()


def _is_form(subject: Subject, form: str) -> bool:
    """Tell whether a form, by name or id, is that of a column."""
    wanted = FORM_NAMES.get(form, form).upper()
    return (subject.form_id or "").upper() == wanted or subject.form == form

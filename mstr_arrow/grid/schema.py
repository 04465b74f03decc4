"""The columns of a result: names, types and metadata, fixed by the first page of an instance."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from mstr_arrow.errors import DataMismatch, UsageError
from mstr_arrow.grid.elements import element_id, is_subtotal, label
from mstr_arrow.grid.grid_options import DEFAULTS, GridOptions
from mstr_arrow.grid.server_types import (
    FLOAT64,
    STRING,
    TEXT,
    attribute_type,
    is_number,
    is_text,
    metric_type,
    override_type,
)
from mstr_arrow.names import suggestion
from mstr_arrow.wording import name_path, naming

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mstr_arrow.grid.document import Document, Metric, Place

Role = Literal["attribute", "metric", "metric name", "subtotal"]

ID_FORM = "45C11FA478E745FEA08D781CEA190FE5"
"""The form of an attribute that is its ID, everywhere."""

SUBTOTAL = "Subtotal Of"
"""The column that names the attributes a row totals."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result.

    ``type`` is the type of its values, ``pa.string()`` for texts however they are delivered; ``data_type``
    is the server's name for it. An attribute's column is of one form of one position (``level``) of its unit; a
    metric's of the ``part`` "raw" or "formatted", and in layout "grid" of the data column whose header has the
    elements ``header``. ``attribute`` and ``form`` are the names of what an attribute's column shows.
    """

    name: str
    role: Role
    object_id: str
    form_id: str | None
    data_type: str
    type: pa.DataType
    level: int = 0
    part: str = "raw"
    header: tuple[str | None, ...] = ()
    attribute: str | None = None
    form: str | None = None

    @property
    def field(self) -> pa.Field:
        """The Arrow field as the decoder delivers it: texts are dictionaries."""
        metadata = {"mstr.role": self.role, "mstr.id": self.object_id, "mstr.data_type": self.data_type}
        if self.form_id is not None:
            metadata["mstr.form_id"] = self.form_id
        if self.attribute is not None:
            metadata["mstr.attribute"] = self.attribute
        if self.form is not None:
            metadata["mstr.form"] = self.form
        return pa.field(self.name, TEXT if is_text(self.type) else self.type, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns of a result in order, and the options they follow from.

    First the attributes of the rows, then (in layout "tidy") those of the columns, then the metrics.
    """

    all: tuple[Column, ...]
    options: GridOptions = field(default_factory=GridOptions)
    streams: bool = True
    """Whether the rows of a page make whole rows of the result, but for the last ones."""
    whole_pages: bool = True
    """Whether no row of the result spans two pages."""
    crossed: bool = False
    """Whether a row of the result is where a row and a column of the grid meet with data."""
    others: tuple[Column, ...] = ()
    """Forms of the attributes that are not shown, and may be asked for."""

    @property
    def metrics(self) -> tuple[Column, ...]:
        """The columns of metrics only."""
        return tuple(column for column in self.all if column.role == "metric")

    @property
    def nulled(self) -> frozenset[str]:
        """The columns of which values that do not fit are null."""
        chosen = self.options.on_bad_value
        if not isinstance(chosen, str):
            return frozenset(name for name, choice in chosen.items() if choice == "null")
        return frozenset(column.name for column in self.all if chosen == "null" and not self.is_key(column))

    def is_key(self, column: Column) -> bool:
        """Tell whether a form tells elements apart: it is the ID, or the only one that is shown."""
        if column.role != "attribute":
            return False
        shown = sum((each.object_id, each.level) == (column.object_id, column.level) for each in self.attributes)
        return shown == 1 or (column.form_id or "").upper() == ID_FORM

    def slots(self, document: Document) -> list[int]:
        """Return, for each metric of a page, its number among the metrics of a tidy result."""
        mine = [column.object_id for column in self.metrics[:: len(self.options.parts)]]
        theirs = [metric.id for metric in document.metrics]
        return list(range(len(mine))) if mine == theirs else [mine.index(metric) for metric in theirs]

    @property
    def attributes(self) -> tuple[Column, ...]:
        """The columns of attributes only."""
        return tuple(column for column in self.all if column.role == "attribute")

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of every batch of this result."""
        return pa.schema([column.field for column in self.all])


def columns_of(document: Document, options: GridOptions = DEFAULTS) -> Columns:
    """Fix the columns of a result from its first page.

    A form is named after its attribute, ``Attribute@FORM`` if the attribute shows several; a name that occurs
    again gets `` (2)``, `` (3)`` … In layout "grid", a data column is named by its headers, outermost first,
    joined by `` | ``, the forms of one header by a blank. ``options.types`` overrides the type of columns by
    name. Errors: UsageError for a name in the options that no column has, and for a type that no column can have.
    """
    columns = [_like(column, options) for column in _list_columns(document, options)]
    names = distinct_names(column.name for column in columns)
    overrides = {name: override_type(name, to) for name, to in options.types.items()}
    if options.whole and not options.like:
        refuse_unknown(options, names)
    named = tuple(
        replace(column, name=name, type=overrides.get(name, column.type))
        for column, name in zip(columns, names, strict=True)
    )
    tidy = options.layout == "tidy"
    pivoted = tidy and document.metrics_on_rows
    return Columns(
        named,
        options,
        streams=not pivoted or document.streams,
        whole_pages=not pivoted,
        crossed=tidy and document.columns_have_attributes and bool(document.metrics),
    )


def _list_columns(document: Document, options: GridOptions) -> list[Column]:
    """List the columns of a page as the page alone names them."""
    tidy = options.layout == "tidy"
    places = document.row_places + (document.column_places if tidy else ())
    columns = [column for place in places for column in columns_of_place(place, in_rows=not tidy)]
    columns += _metrics(document, options) if tidy else _data_columns(document, options)
    if options.subtotals != "drop":
        columns.append(Column(SUBTOTAL, "subtotal", "", None, "nvarchar", STRING))
    return columns


def check_columns(document: Document, columns: Columns) -> None:
    """Check that a later page has the columns of the first; errors: DataMismatch.

    Where metrics are on the rows, a page may lack some of them.
    """
    found = _list_columns(document, columns.options)
    expected = [_identity(column) for column in columns.all]
    identities = [_identity(column) for column in found]
    if identities == expected:
        return
    heads, heads_expected = (
        [_identity(column) for column in some if column.role != "metric"] for some in (found, columns.all)
    )
    if not document.metrics_on_rows or heads != heads_expected or not set(identities) <= set(expected):
        raise DataMismatch(
            f"The page at row {document.paging.offset} has other columns than the first page of the same instance.",
            hint="Read again; if it recurs, the object was changed on the server while it was read.",
        )


def _identity(column: Column) -> tuple[object, ...]:
    return (column.role, column.object_id, column.form_id, column.level, column.part, column.header)


def columns_of_place(place: Place, *, in_rows: bool) -> list[Column]:
    """Make a column for each form of an attribute, or for the names of metrics that stay ``in_rows``."""
    unit = place.unit
    if unit.is_metrics:
        return [Column(unit.name, "metric name", unit.id, None, "nvarchar", STRING)] if in_rows else []
    return [
        Column(
            unit.name if len(unit.forms) == 1 else f"{unit.name}@{form.name}",
            "attribute",
            unit.id,
            form.id,
            form.data_type,
            attribute_type(form.data_type),
            level=place.level,
            attribute=unit.name,
            form=form.name,
        )
        for form in unit.forms
    ]


def _metrics(document: Document, options: GridOptions) -> list[Column]:
    columns = [
        Column(metric.name, "metric", metric.id, None, metric.data_type, metric_type(metric.data_type))
        for metric in document.metrics
    ]
    return [each for column in columns for each in _parts(column, options)]


def _parts(column: Column, options: GridOptions) -> list[Column]:
    """Return the column of a metric's values, of their texts, or both."""
    name = f"{column.name} (formatted)" if options.values == "both" else column.name
    return [
        column if part == "raw" else replace(column, name=name, type=STRING, part="formatted")
        for part in options.parts
    ]


def _data_columns(document: Document, options: GridOptions) -> list[Column]:
    columns = []
    for number in range(document.data_columns):
        header = header_ids(document, number)
        if options.subtotals == "drop" and totals_column(document, number):
            continue
        metric = metric_of(document, number)
        name = " | ".join(_labels(document, number)) or (metric.name if metric else "Value")
        object_id = metric.id if metric else ""
        kinds = [metric] if metric else document.metrics
        arrow_type = _common([metric_type(kind.data_type) for kind in kinds])
        data_type = metric.data_type if metric else "unknown"
        column = Column(name, "metric", object_id, None, data_type, arrow_type, header=header)
        columns += _parts(column, options)
    return columns


def _common(types: Sequence[pa.DataType]) -> pa.DataType:
    """Choose the type of a column that holds values of several metrics."""
    if len(set(types)) == 1:
        return types[0]
    return FLOAT64 if types and all(map(is_number, types)) else STRING


def metric_of(document: Document, number: int) -> Metric | None:
    """Return the metric of a data column; None where metrics are on the rows."""
    at = document.metric_at(number)
    return None if at is None else document.metrics[at]


def header_ids(document: Document, number: int) -> tuple[str | None, ...]:
    """Return the ids of the elements that head a data column, None where the header is blank."""
    return tuple(
        None if is_blank(document, position, number) else element_id(place.unit.elements[header[number]])
        for position, (place, header) in enumerate(
            zip(document.column_places, document.column_headers, strict=True)
        )
    )


def is_blank(document: Document, position: int, number: int) -> bool:
    """Tell whether a header of a data column is blank: negative, or repeated within its unit."""
    headers, place = document.column_headers, document.column_places[position]
    index = headers[position][number]
    return index < 0 or (place.level > 0 and headers[position - 1][number] == index)


def totals_column(document: Document, number: int) -> bool:
    """Tell whether a data column totals others."""
    return any(
        header[number] >= 0 and is_subtotal(place.unit.elements[header[number]])
        for place, header in zip(document.column_places, document.column_headers, strict=True)
    )


def _labels(document: Document, number: int) -> list[str]:
    labels = []
    for position, (place, header) in enumerate(zip(document.column_places, document.column_headers, strict=True)):
        if not is_blank(document, position, number):
            labels.append(label(place.unit.elements[header[number]]))
    return labels


def _like(column: Column, options: GridOptions) -> Column:
    """Give a column the name and type that it has in the whole object."""
    name, to = options.like.get((column.object_id, column.form_id, column.part), (column.name, None))
    return replace(column, name=name, type=to or column.type)


def distinct_names(names: Iterable[str]) -> list[str]:
    """Make names unique, keeping the first of each.

    >>> distinct_names(["Sales", "Sales", "Sales (2)"])
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


def refuse_unknown(options: GridOptions, names: list[str]) -> None:
    """Refuse to be told of columns that there are not; errors: UsageError with near names."""
    unknown = [
        *((name_path("Scan.with_options.types"), name) for name in options.types if name not in names),
        *((name_path("Scan.with_options.on_bad_value"), name) for name in options.named_bad if name not in names),
    ]
    for option, name in unknown:
        raise UsageError(
            naming("{option} names {name!r}, which is no column of this result.", option=option, name=name),
            hint=suggestion(name, names),
        )

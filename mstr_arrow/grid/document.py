"""A page as the server describes it: axes, units, headers (wire reference, section 3.6). Pure."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import DataMismatch, ProtocolError
from mstr_arrow.grid.completion import METRICS, complete
from mstr_arrow.grid.server_types import type_name
from mstr_arrow.grid.value_rule import whole_text
from mstr_arrow.responses import HINT, LONGEST, describe_value, protocol_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

READY = 1
PROMPT = 2

MOST_ROWS = 2**53
MOST_POSITIONS = 256
"""The entries of one unit in a header: hierarchies and custom groups have as many as they have levels."""


@dataclass(frozen=True, slots=True)
class Form:
    """One attribute form; ``data_type`` is the server's name of it, in lower case."""

    id: str
    name: str
    data_type: str


_LABEL = Form("", "", "nvarchar")
"""The form of a unit that has none: custom groups, consolidations, hierarchies."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of an axis: an attribute, something else with a text per element, or the metrics.

    ``elements`` is what stands in the document, not yet decoded; ``width`` the positions the unit takes in
    each header (``headerCount``).
    """

    id: str
    name: str
    forms: tuple[Form, ...]
    elements: Any
    width: int = 1
    is_metrics: bool = False

    @property
    def is_label(self) -> bool:
        """Whether the unit has no forms, so that its elements are texts."""
        return self.forms == (_LABEL,)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of the metrics unit; ``least`` and ``greatest`` of its values in the whole result, if told."""

    id: str
    name: str
    data_type: str
    least: object = None
    greatest: object = None


@dataclass(frozen=True, slots=True)
class Paging:
    """The paging of a page, as the server tells it: ``current`` rows from ``offset`` of ``total``."""

    total: int
    current: int
    offset: int


@dataclass(frozen=True, slots=True)
class Place:
    """One position of an axis's headers: the unit that fills it and which of its positions this is."""

    unit: Unit
    level: int


@dataclass(frozen=True, slots=True)
class Document:
    """A page; ``row_headers`` and ``values`` are not yet decoded.

    ``row_places`` and ``column_places`` are the positions of the header of a row, and of a data column, in order.
    ``values`` holds the members of ``metricValues``: ``raw``, ``formatted``. ``column_headers`` has a list for
    each position of the column axis, each as long as there are data columns.
    """

    instance_id: str
    object_id: str
    rows: tuple[Unit, ...]
    columns: tuple[Unit, ...]
    row_places: tuple[Place, ...]
    column_places: tuple[Place, ...]
    metrics: tuple[Metric, ...]
    paging: Paging
    row_headers: Any
    column_headers: tuple[list[int], ...]
    values: Mapping[str, Any]

    @property
    def is_empty(self) -> bool:
        """Whether it has no rows, by what it says and by what it brings."""
        matrices = (self.row_headers, *self.values.values())
        return self.paging.current == 0 and all(matrix in ([], None) for matrix in matrices)

    @property
    def metrics_on_rows(self) -> bool:
        """Whether each row of the grid is of one metric."""
        return any(unit.is_metrics for unit in self.rows)

    @property
    def streams(self) -> bool:
        """Whether the rows that make up one tidy row follow each other."""
        return not self.metrics_on_rows or self.rows[-1].is_metrics

    @property
    def columns_have_attributes(self) -> bool:
        """Whether the grid is a cross-tab: something else than metrics heads its data columns."""
        return any(not unit.is_metrics for unit in self.columns)

    def metric_at(self, number: int) -> int | None:
        """Return the position of the metric that heads a data column; None where none does."""
        for place, header in zip(self.column_places, self.column_headers, strict=True):
            if place.unit.is_metrics:
                return header[number]
        return None

    @property
    def data_columns(self) -> int:
        """The number of values in a row of the grid."""
        if self.column_headers:
            return len(self.column_headers[0])
        return 1 if self.metrics_on_rows else 0


def read_document(page: Any, offset: int = 0) -> Document:
    """Read the members of a parsed page of the rows from ``offset``; errors: ProtocolError for what is none."""
    if not isinstance(page, dict):
        raise protocol_error(page, "a page of data")
    with page_shape():
        complete(page, offset)
        return _read(page)


@contextmanager
def page_shape() -> Iterator[None]:
    """Turn the stumble over a part that is missing or of another kind into a ProtocolError."""
    try:
        yield
    except KeyError as error:
        raise ProtocolError(f"The page of data that came lacks a part: {error}.", hint=HINT) from error
    except (TypeError, UnicodeEncodeError, AttributeError, IndexError) as error:
        raise ProtocolError(
            f"The page of data that came lacks a part, or has it in another form: {error}.",
            hint=HINT,
        ) from error


def _read(page: dict[str, Any]) -> Document:
    status = page.get("status", READY)
    if status == PROMPT:
        raise ProtocolError("The object has prompts, which have to be answered before it gives data.")
    if not isinstance(page.get("data"), dict):
        told = f", and says {page['message']!r}" if page.get("message") else ""
        raise ProtocolError(
            f"The server answered without data (status {status}{told}): {describe_value(page)}.", hint=HINT
        )
    grid, data = page["definition"]["grid"], page["data"]
    rows = tuple(read_unit(unit) for unit in grid["rows"])
    columns = tuple(read_unit(unit) for unit in grid["columns"])
    column_places = _places(columns)
    paging = data["paging"]
    return Document(
        instance_id=str(page["instanceId"] or ""),
        object_id=str(page.get("id") or ""),
        rows=rows,
        columns=columns,
        row_places=_places(rows),
        column_places=column_places,
        metrics=_metrics((*rows, *columns)),
        paging=Paging(_count(paging["total"]), _count(paging["current"]), _count(paging["offset"])),
        row_headers=data["headers"]["rows"],
        column_headers=_column_headers(data["headers"].get("columns") or [], column_places, rows=paging["total"]),
        values=data.get("metricValues") or {},
    )


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{describe_value(value)} stands where a number of rows is due")
    if not 0 <= value <= MOST_ROWS:
        raise TypeError(f"{value} is no number of rows")
    return value


def _width(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_POSITIONS:
        raise TypeError(
            f"{describe_value(value)} stands where a number of positions from 1 to {MOST_POSITIONS} is due"
        )
    return value


def read_unit(unit: dict[str, Any]) -> Unit:
    """Read a unit of an axis, or of page-by, that is complete."""
    elements = unit["elements"]
    if str(unit["type"]).lower() == METRICS:
        return Unit(unit.get("id", ""), _name(unit.get("name", "Metrics")), (), elements, is_metrics=True)
    name, unit_id = unit["name"], unit["id"]
    forms = tuple(_form(form) for form in unit.get("forms") or ()) or (_LABEL,)
    return Unit(unit_id, _name(name), forms, elements, _width(unit.get("headerCount") or 1))


def _form(form: dict[str, Any]) -> Form:
    return Form(form["id"], _name(form["name"]), type_name(form.get("dataType")))


def _name(value: Any) -> str:
    if len(value) > LONGEST:
        raise TypeError(f"{describe_value(value)} stands where a name of at most {LONGEST:,} is due")
    return whole_text(value)


def _metrics(units: tuple[Unit, ...]) -> tuple[Metric, ...]:
    found = [unit for unit in units if unit.is_metrics]
    if len(found) > 1:
        raise ProtocolError("The result has its metrics in two places, a layout that is not known.")
    return tuple(
        Metric(
            metric["id"],
            _name(metric["name"]),
            type_name(metric.get("dataType")),
            metric.get("min"),
            metric.get("max"),
        )
        for unit in found
        for metric in unit.elements
    )


def _places(units: tuple[Unit, ...]) -> tuple[Place, ...]:
    return tuple(Place(unit, level) for unit in units for level in range(unit.width))


def _column_headers(headers: list[Any], places: tuple[Place, ...], rows: int) -> tuple[list[int], ...]:
    """Check the headers of the data columns: a list for each position, all equally long, of known elements."""
    if len(headers) != len(places) or len({len(header) for header in headers}) > 1:
        if len(places) == 1 and places[0].unit.is_metrics and not any(headers):
            return (list(range(len(places[0].unit.elements))),)
        if not rows or not any(headers):  # without data, servers may shorten them
            return tuple([] for _ in places)
        raise ProtocolError(f"The result has {len(headers)} headers for {len(places)} positions of its columns.")
    for place, header in zip(places, headers, strict=True):
        known = len(place.unit.elements) if isinstance(place.unit.elements, list) else None
        least = 0 if place.unit.is_metrics else -math.inf
        for index in header:
            if type(index) is not int or (known is not None and index >= known) or index < least:
                raise ProtocolError(f"A column of {place.unit.name!r} refers to element {index!r} of {known}.")
    return tuple(headers)


def check_rows(document: Document, *, headers: int | None, values: int | None) -> int:
    """Count the rows of a page and hold the count against what the server says; errors: DataMismatch.

    ``headers`` and ``values`` are the rows of the matrices, None for one that this grid does not have.
    """
    current = document.paging.current
    for what, rows in (("row headers", headers), ("metric values", values)):
        if rows is not None and rows != current:
            raise DataMismatch(
                f"The page at row {document.paging.offset} says it has {current} rows but brings {rows} {what}.",
                hint="Nothing was delivered from this page; read again.",
            )
    return current

"""The parts of a page's JSON document that both decoders need (wire reference, section 3.6)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import DataMismatch, ProtocolError
from mstr_arrow.grid.types import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_REPORT = "If this server is newer or older than this package knows, please report it with the page."

READY = 1
PROMPT = 2


@dataclass(frozen=True, slots=True)
class Form:
    """One attribute form; ``data_type`` is the server's name of it, in lower case."""

    id: str
    name: str
    data_type: str


@dataclass(frozen=True, slots=True)
class Unit:
    """One attribute on the row axis; ``elements`` is what stands in the document, not yet decoded."""

    id: str
    name: str
    forms: tuple[Form, ...]
    elements: Any


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric on the column axis."""

    id: str
    name: str
    data_type: str


@dataclass(frozen=True, slots=True)
class Paging:
    """What the server says about a page: ``current`` rows from ``offset`` of ``total``."""

    total: int
    current: int
    offset: int


@dataclass(frozen=True, slots=True)
class Document:
    """A page as the server describes it; ``headers`` and ``raw`` are not yet decoded."""

    instance_id: str
    units: tuple[Unit, ...]
    metrics: tuple[Metric, ...]
    paging: Paging
    headers: Any
    raw: Any


def read_document(page: Any) -> Document:
    """Read the members of a parsed page; errors: ProtocolError for what is no page of a tabular grid."""
    if not isinstance(page, dict):
        raise ProtocolError("The server answered with JSON that is no page of data.", hint=_REPORT)
    with page_shape():
        return _read(page)


@contextmanager
def page_shape() -> Iterator[None]:
    """Turn the stumble over a part that is missing or of another kind into a ProtocolError."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError, UnicodeEncodeError) as error:
        raise ProtocolError(
            f"The server answered with a page that lacks a part every page has ({type(error).__name__}: {error}).",
            hint=_REPORT,
        ) from error


def _read(page: dict[str, Any]) -> Document:
    status = page.get("status", READY)
    if status == PROMPT:
        raise ProtocolError("The object has prompts, which have to be answered before it gives data.")
    if "data" not in page:
        raise ProtocolError(f"The server answered without data (status {status}).", hint=_REPORT)
    grid, data = page["definition"]["grid"], page["data"]
    units = tuple(_unit(unit) for unit in grid["rows"])
    metrics = _metrics(grid)
    paging = data["paging"]
    values = data.get("metricValues") or {}
    return Document(
        instance_id=page["instanceId"],
        units=units,
        metrics=metrics,
        paging=Paging(_count(paging["total"]), _count(paging["current"]), _count(paging["offset"])),
        headers=data["headers"]["rows"],
        raw=values.get("raw", []),
    )


def _count(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no number of rows")
    return value


def _unit(unit: dict[str, Any]) -> Unit:
    if unit["type"] != "attribute" or unit.get("headerCount", 1) != 1:
        raise ProtocolError(
            f"{unit['name']!r} is a {unit['type']} on the rows, a layout that cannot be read yet.",
            hint="Select its attributes instead.",
        )
    forms = tuple(_form(form) for form in unit["forms"])
    return Unit(unit["id"], unit["name"], forms, unit["elements"])


def _form(form: dict[str, Any]) -> Form:
    return Form(form["id"], form["name"], type_name(form.get("dataType")))


def _metrics(grid: dict[str, Any]) -> tuple[Metric, ...]:
    columns = grid["columns"]
    if not columns:
        return ()
    if len(columns) > 1 or columns[0]["type"] != "templateMetrics":
        raise ProtocolError("The result is a cross-tab, a layout that cannot be read yet.")
    return tuple(
        Metric(metric["id"], metric["name"], type_name(metric.get("dataType"))) for metric in columns[0]["elements"]
    )


def check_rows(document: Document, *, headers: int | None, raw: int | None) -> int:
    """Count the rows of a page and hold the count against what the server says; errors: DataMismatch.

    ``headers`` and ``raw`` are the rows of the two matrices, None for one that this grid does not have.
    """
    current = document.paging.current
    for what, rows in (("row headers", headers), ("metric values", raw)):
        if rows is not None and rows != current:
            raise DataMismatch(
                f"The page at row {document.paging.offset} says it has {current} rows but brings {rows} {what}.",
                hint="Nothing was delivered from this page; read again.",
            )
    return current

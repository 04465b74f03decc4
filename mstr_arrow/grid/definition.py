"""A cube's or report's definition: the objects it offers (wire reference, sections 3.2 and 4.1). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.grid.server_types import type_name
from mstr_arrow.responses import fields, identity, items, reading, text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

ROW_COUNT = "Row Count - "
"""The beginning of the name of a table's row count; the table's name follows."""

_OF_COUNTS = {"reserved", "unknown"}


@dataclass(frozen=True, slots=True)
class Form:
    """A form of an attribute; ``data_type`` is the server's word for the type of its values."""

    id: str
    name: str
    data_type: str = "unknown"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that is offered, with all its forms; ``shown`` are the ids of those it shows, None if untold."""

    id: str
    name: str
    forms: tuple[Form, ...] = ()
    shown: frozenset[str] | None = None

    @property
    def may_show_more(self) -> bool:
        """Whether it may have forms beside those it shows."""
        return len(self.forms) > (1 if self.shown is None else len(self.shown))


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that is offered; ``data_type`` is often "unknown" in a definition."""

    id: str
    name: str
    data_type: str = "unknown"


@dataclass(frozen=True, slots=True)
class Definition:
    """The attributes and metrics of a cube or report, in the server's order.

    ``row_counts`` are the metrics the server adds to each table of imported data; they are asked for only on
    request. ``groups``: a report's template has custom groups or consolidations.
    """

    id: str
    name: str
    attributes: tuple[Attribute, ...]
    metrics: tuple[Metric, ...]
    row_counts: tuple[Metric, ...] = ()
    groups: bool = False

    @property
    def may_count_rows(self) -> tuple[Metric, ...]:
        """The metrics that may be row counts, by name and type; the dataset's tables tell which are."""
        return tuple(
            each for each in self.metrics if each.name.startswith(ROW_COUNT) and each.data_type in _OF_COUNTS
        )

    def without_row_counts(self, tables: Collection[str]) -> Definition:
        """Set the row counts of these tables apart from the metrics.

        Of several metrics with the name of one, that of a reserved type is it; where that does not tell, all stay.
        """
        counts = [
            count for table in tables if (count := _only(self.may_count_rows, f"{ROW_COUNT}{table}")) is not None
        ]
        kept = tuple(metric for metric in self.metrics if metric not in counts)
        return replace(self, metrics=kept, row_counts=(*self.row_counts, *counts))

    def request(self, *, row_counts: bool = False) -> dict[str, object]:
        """Make the body that asks for every attribute and metric (wire reference, section 5).

        >>> cube = Definition("A1", "Sales", (Attribute("B2", "Region"),), (Metric("C3", "Revenue"),))
        >>> cube.request()
        {'requestedObjects': {'attributes': [{'id': 'B2'}], 'metrics': [{'id': 'C3'}]}}
        """
        metrics = self.metrics + (self.row_counts if row_counts else ())
        return {
            "requestedObjects": {
                "attributes": [{"id": attribute.id} for attribute in self.attributes],
                "metrics": [{"id": metric.id} for metric in metrics],
            }
        }


def _only(metrics: Iterable[Metric], name: str) -> Metric | None:
    """Return the one metric of that name, or the one of a reserved type among several."""
    named = [metric for metric in metrics if metric.name == name]
    reserved = [metric for metric in named if metric.data_type == "reserved"]
    found = reserved or named
    return found[0] if len(found) == 1 else None


def read_definition(body: Any) -> Definition:
    """Read the body of GET /api/v2/cubes/{id}; errors: ProtocolError."""
    with reading(body, "a definition of a cube"):
        objects = fields(fields(body["definition"])["availableObjects"])
        return Definition(
            identity(body, "id"),
            text(body, "name", "id"),
            read_attributes(items(objects.get("attributes"))),
            read_metrics(items(objects.get("metrics"))),
        )


def read_attributes(attributes: Iterable[Any]) -> tuple[Attribute, ...]:
    """Read attributes with their forms; raises KeyError or TypeError for what is none."""
    return tuple(
        Attribute(identity(each, "id"), text(each, "name", "id"), _forms(items(each.get("forms"))))
        for each in attributes
    )


def read_metrics(metrics: Iterable[Any]) -> tuple[Metric, ...]:
    """Read metrics; raises KeyError or TypeError for what is none."""
    return tuple(
        Metric(identity(each, "id"), text(each, "name", "id"), type_name(each.get("dataType"))) for each in metrics
    )


def _forms(forms: Iterable[Any]) -> tuple[Form, ...]:
    return tuple(
        Form(identity(each, "id"), text(each, "name", "id"), type_name(each.get("dataType"))) for each in forms
    )

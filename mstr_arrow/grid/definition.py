"""A cube's definition: the objects it offers (wire reference, section 3.2). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mstr_arrow.errors import ProtocolError
from mstr_arrow.grid.types import type_name

ROW_COUNT = "Row Count - "
"""What the name of a table's row count starts with; the table's name follows."""


@dataclass(frozen=True, slots=True)
class Available:
    """An attribute or metric that a cube offers."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Definition:
    """The attributes and metrics of a cube, in the server's order.

    ``row_counts`` are the metrics the server adds to each table of imported data; they are asked for only on
    request.
    """

    id: str
    name: str
    attributes: tuple[Available, ...]
    metrics: tuple[Available, ...]
    row_counts: tuple[Available, ...]

    def request(self, *, row_counts: bool = False) -> dict[str, object]:
        """Make the body that asks for every attribute and metric (wire reference, section 5).

        >>> cube = Definition("A1", "Sales", (Available("B2", "Region"),), (Available("C3", "Revenue"),), ())
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


def read_definition(body: Any) -> Definition:
    """Read the body of GET /api/v2/cubes/{id}; errors: ProtocolError."""
    try:
        objects = body["definition"]["availableObjects"]
        attributes = tuple(Available(item["id"], item["name"]) for item in objects.get("attributes") or ())
        metrics = objects.get("metrics") or ()
        hidden = [item for item in metrics if _is_row_count(item)]
        return Definition(
            body["id"],
            body["name"],
            attributes,
            tuple(Available(item["id"], item["name"]) for item in metrics if item not in hidden),
            tuple(Available(item["id"], item["name"]) for item in hidden),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ProtocolError("The server's answer is no definition of a cube.") from error


def _is_row_count(metric: dict[str, Any]) -> bool:
    """Tell the server's row counts: a reserved type, or their name where the type is not known."""
    data_type = type_name(metric.get("dataType"))
    return data_type == "reserved" or (data_type == "unknown" and metric["name"].startswith(ROW_COUNT))

"""How the server is asked to sort (wire reference, section 5.4), and when its order is ours. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.query.columns import NUMBERS, subjects_of
from mstr_arrow.query.query import SortKey
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.query.columns import Subject

_SORTED_THERE = NUMBERS | {"date", "timestamp", "time"}
_SHOWN_WHOLE = {"integer", "date"}


def sorts_there(keys: Sequence[Subject]) -> bool:
    """Tell whether the server's order is ours, but for rows that are equal here.

    It may hold more digits of a number or moment than it shows. Rows that look equal would come in the order of
    these digits, not in that of a key behind.
    """
    kinds = [key.kind for key in keys if key.unasked is None and not key.nulled]
    return len(kinds) == len(keys) > 0 and kinds[-1] in _SORTED_THERE and set(kinds[:-1]) <= _SHOWN_WHOLE


def write_sort_key(key: SortKey, subject: Subject) -> dict[str, Any]:
    """Write a column to sort by as the server takes it."""
    order = "descending" if key.descending else "ascending"
    if subject.role == "metric":
        return {"type": "metric", "metric": {"id": subject.object_id}, "order": order}
    if subject.form_id is None:
        return {"type": "attribute", "attribute": {"id": subject.object_id}}
    return {
        "type": "form",
        "attribute": {"id": subject.object_id},
        "form": {"id": subject.form_id},
        "order": order,
    }


def in_total_order(body: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """Return a body that asks for the same rows, sorted by all their attributes, behind what they are sorted by."""
    ordered = dict(body)
    order_totally(ordered, subjects_of(columns.schema).all, None)
    return ordered


def order_totally(body: dict[str, Any], shown: Iterable[Subject], refusal: str | None) -> None:
    """Have the rows sorted by all their attributes, behind what they are sorted by already."""
    if refusal is not None:
        raise UsageError(
            f"rows cannot be put in a total order: {refusal}.",
            hint=advice(
                "read in no total order",
                "Read without {Scan.with_options.total_order=True}; a read that loses its instance then starts "
                "again, or ends.",
            ),
        )
    entries = list(body.get("sorting", {}).get("rows", []))
    forms = [write_sort_key(SortKey(subject.name), subject) for subject in shown if subject.role == "attribute"]
    there = [(entry.get("attribute"), entry.get("form")) for entry in entries]
    entries += [entry for entry in forms if (entry["attribute"], entry.get("form")) not in there]
    if entries:
        body["sorting"] = {"rows": entries}

"""Bodies that ask for fewer columns than a question's own, to be used where they make as many rows. Pure.

With fewer attributes the server merges rows, unless those that are left tell the rows apart; with fewer metrics it
may leave out rows in which none of them has a value. Neither adds rows: as many rows are the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.grid.schema import Column, Columns
    from mstr_arrow.query.columns import Subject


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A body that asks for fewer columns, and what to tell people when it is used."""

    body: Mapping[str, Any]
    note: str


def narrowings(
    body: Mapping[str, Any],
    needed: Sequence[Subject],
    columns: Columns,
    *,
    others: Sequence[Subject] = (),
    any_order: bool,
) -> tuple[Narrowing, ...]:
    """Return what to try in place of a body that asks for all columns, where only some are needed: the least first.

    Rows keep their order while all attributes stay: only with ``any_order`` are attributes left out. Without any
    of them everything would be added up. ``others`` are forms that the whole does not show, and that are needed.
    """
    shown = [column for column in columns.all if column.role == "attribute"]
    metrics = [column for column in columns.all if column.role == "metric"]
    if len(shown) + len(metrics) < len(columns.all) or any(form.form_id is None for form in shown):
        return ()
    forms: list[Subject | Column] = [*shown, *others]
    used = [subject for subject in needed if subject.role == "attribute"]
    values = [subject for subject in needed if subject.role == "metric"]
    unused = {metric.object_id for metric in metrics} - {value.object_id for value in values}
    found = []
    if any_order and 0 < len(used) < len(forms):
        asked = request_objects([*used, *values], columns)
        found.append(Narrowing({**body, "requestedObjects": asked}, _FEWER_COLUMNS))
    if forms and unused:
        asked = request_objects([*forms, *values], columns)
        found.append(Narrowing({**body, "requestedObjects": asked}, _FEWER_METRICS))
    return tuple(found)


_FEWER_COLUMNS = "only the columns that are needed are asked for, as they make as many rows as all do"
_FEWER_METRICS = "of the metrics only those that are needed are asked for, as they make as many rows as all do"


def request_objects(needed: Sequence[Subject | Column], columns: Columns) -> dict[str, Any]:
    """Make ``requestedObjects``: attributes with the forms that are needed, metrics; each in this order.

    Forms are not named where those that the object shows by itself are needed.
    """
    forms: dict[str, dict[str, None]] = {}
    metrics: dict[str, None] = {}
    for each in needed:
        if each.role == "metric":
            metrics[each.object_id] = None
        elif each.role == "attribute" and each.form_id is not None:
            forms.setdefault(each.object_id, {})[each.form_id] = None
    shown: dict[str, set[str | None]] = {}
    for column in columns.attributes:
        shown.setdefault(column.object_id, set()).add(column.form_id)
    by_themselves = columns.options.forms == "shown"
    attributes: list[dict[str, Any]] = [
        {"id": attribute}
        if by_themselves and chosen.keys() == shown[attribute]
        else {"id": attribute, "forms": [{"id": form} for form in chosen]}
        for attribute, chosen in forms.items()
    ]
    return {"attributes": attributes, "metrics": [{"id": metric} for metric in metrics]}

"""The page of a result without rows, made from the object's definition where the server sends none. Pure.

Wire reference, sections 3.2, 3.7 and 4.5: an Intelligence Server may say that there are no data in place of a page,
or send one that does not name the columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.grid.completion import METRICS, METRICS_ID, complete_unit
from mstr_arrow.grid.server_types import UNTOLD, type_name
from mstr_arrow.responses import items, object_id, protocol_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mstr_arrow.grid.schema import Columns

_WANTED = "a definition that tells the columns of a result without rows"


def blank_page(
    definition: Any, body: Mapping[str, Any], whole: Columns | None = None, *, instance_id: str | None = None
) -> bytes:
    """Make the page of an instance of ``body`` that has no rows.

    ``definition`` is the answer to GET /api/v2/cubes/{id} or /api/v2/reports/{id}; ``whole`` are the columns of the
    object without conditions, where they are known: they tell the forms that are shown and the types of metrics.
    Errors: ProtocolError for a definition that does not tell the columns.
    """
    try:
        defined = definition["definition"]
        grid, objects = defined.get("grid"), defined.get("availableObjects") or {}
        axes = {axis: [dict(unit) for unit in items((grid or {}).get(axis))] for axis in ("rows", "columns")}
        units = [unit for axis in axes.values() for unit in axis]
        for unit in units:
            unit["elements"] = items(unit.get("elements")) if _is_metrics(unit) else []
            complete_unit(unit)
        offered = [{**each, "offered": each.get("forms")} for each in items(objects.get("attributes"))]
        attributes = _by_id(offered, (unit for unit in units if not _is_metrics(unit)))
        on_grid = [metric for unit in units if _is_metrics(unit) for metric in unit["elements"]]
        metrics = _by_id(items(objects.get("metrics")), on_grid)
        _settle(attributes, metrics, whole)
        requested = body.get("requestedObjects")
        if requested is None and grid is None:
            requested = {"attributes": list(attributes.values()), "metrics": list(metrics.values())}
        if requested is None:
            for unit in units:
                if _is_metrics(unit):
                    unit["elements"] = [metrics[object_id(each["id"])] for each in unit["elements"]] or [
                        *metrics.values()
                    ]
        else:
            axes = _lay_out(requested, attributes, metrics)
    except (KeyError, TypeError, AttributeError) as error:
        raise protocol_error(
            definition, "a definition that tells the columns of a result without rows", error
        ) from error
    page = {
        "instanceId": instance_id or "",
        "status": 1,
        "definition": {"grid": axes},
        "data": {"paging": {"total": 0, "current": 0, "offset": 0}},
    }
    return orjson.dumps(page)


def _is_metrics(unit: Mapping[str, Any]) -> bool:
    return str(unit.get("type")).lower() == METRICS


def _by_id(*listed: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Merge the descriptions of each object; later ones count more."""
    found: dict[str, dict[str, Any]] = {}
    for each in (each for some in listed for each in some):
        found.setdefault(object_id(each.get("id", each.get("name"))), {}).update(each)
    return found


def _settle(
    attributes: dict[str, dict[str, Any]], metrics: dict[str, dict[str, Any]], whole: Columns | None
) -> None:
    """Give attributes the forms, and metrics the types, that the whole object was seen to have."""
    shown: dict[str, list[str | None]] = {}
    for column in () if whole is None else whole.all:
        if column.role == "metric" and type_name(metrics.get(column.object_id, {}).get("dataType")) in UNTOLD:
            metrics.setdefault(column.object_id, {"id": column.object_id, "name": column.name})
            metrics[column.object_id]["dataType"] = column.data_type
        elif column.role == "attribute" and not column.level:
            shown.setdefault(column.object_id, []).append(column.form_id)
    for attribute_id, form_ids in shown.items():
        forms = {object_id(form["id"]): form for form in items(attributes.get(attribute_id, {}).get("forms"))}
        if set(form_ids) <= forms.keys():
            attributes[attribute_id]["forms"] = [forms[str(form_id)] for form_id in form_ids]


def _lay_out(
    requested: Mapping[str, Any], attributes: Mapping[str, dict[str, Any]], metrics: Mapping[str, dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Lay out the requested objects as a table: attributes on the rows, metrics on the columns."""
    rows = []
    for wanted in items(requested.get("attributes")):
        unit = {"type": "attribute", **attributes[object_id(wanted["id"])], "elements": []}
        if form_ids := [object_id(form["id"]) for form in items(wanted.get("forms"))]:
            told = (*items(unit.get("offered")), *items(unit.get("forms")))
            forms = {object_id(form["id"]): form for form in told}
            unit["forms"] = [forms[form_id] for form_id in form_ids]
        rows.append(unit)
    values = [metrics[object_id(wanted["id"])] for wanted in items(requested.get("metrics"))]
    unit = {"type": "templateMetrics", "id": METRICS_ID, "name": "Metrics", "elements": values}
    return {"rows": rows, "columns": [unit] if values else []}

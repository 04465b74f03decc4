"""Reports: their definition (Wire reference, sections 4.1 and 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.protocol.page_parts import available_objects
from mstr_arrow.simulator.protocol.page_responses import page_options
from mstr_arrow.simulator.protocol.report_page import describe_axes
from mstr_arrow.simulator.responses import Response, ok
from mstr_arrow.simulator.rules.page_by import template

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.dialect import Dialect
    from mstr_arrow.simulator.model.reports import Report

_KINDS = {"customgroup": "customGroups", "consolidation": "consolidations", "hierarchy": "hierarchies"}


def describe(call: Call) -> Response:
    """Describe a report's template, without elements, and the objects that it may show."""
    report = call.server.catalogue.report(call.places["id"])
    options = page_options(call)
    objects = _objects(report, options.dialect)
    described = describe_axes(template(report), options) | {"availableObjects": objects}
    return ok({"id": report.id, "name": report.name, "definition": described})


def _objects(report: Report, dialect: Dialect) -> dict[str, Any]:
    attributes = tuple(unit.attribute for unit in report.units if unit.has_forms)
    objects = available_objects(attributes, report.metrics, dialect)
    for unit in report.units:
        if not unit.has_forms:
            found = {"name": unit.attribute.name, "id": unit.attribute.id, "type": unit.type}
            objects[_KINDS[unit.type]].append(found)
    return objects


ROUTES = (Route("GET", "/api/v2/reports/{id}", describe),)

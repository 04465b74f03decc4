"""The elements of an attribute of a cube or a report (Wire reference, section 4.6).

``baseFormIds`` chooses forms; ``searchTerm``, as servers have it beside the reference, searches their values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mstr_arrow.simulator.model.cubes import Cube
from mstr_arrow.simulator.model.texts import plain
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.protocol.page_parts import elements_json
from mstr_arrow.simulator.responses import Refusal, Response
from mstr_arrow.simulator.rules.lookup import find_forms
from mstr_arrow.simulator.settings.server_settings import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.simulator.model.cubes import Attribute

_DEFAULT_LIMIT = 1000


def list_of_cube(call: Call) -> Response:
    """List a part of the elements of an attribute of a cube."""
    cube = call.catalogue.cube(call.places["id"])
    return _elements(call, "cubes", cube.attributes if isinstance(cube, Cube) else ())


def list_of_report(call: Call) -> Response:
    """List a part of the elements of an attribute of a report."""
    report = call.catalogue.report(call.places["id"])
    return _elements(call, "reports", (unit.attribute for unit in report.units if unit.has_forms))


def _elements(call: Call, kind: str, attributes: Iterable[Attribute]) -> Response:
    attribute = _find(attributes, call.places["attribute"])
    chosen = [{"id": form} for form in call.query.get("baseFormIds", "").split(",") if form]
    attribute = find_forms(attribute, {"forms": chosen})
    found = _search(attribute, call.query.get("searchTerm", ""))
    total = len(found)
    offset, limit = call.integer("offset", 0), call.integer("limit", _DEFAULT_LIMIT)
    keys = found.slice(offset, None if limit < 0 else limit)
    texts = elements_json(attribute, keys, prefix=f"{attribute.id}:", suffix="", iso=True, id_first=True)
    body = "[" + (texts.str.join(",").item() or "") + "]"
    path = f"{CONTEXT}/api/{kind}/{call.places['id']}/attributes/{attribute.id}/elements"
    headers = {"x-mstr-total-count": str(total), "Link": _link(path, limit if limit > 0 else max(1, total), total)}
    return Response(body=body.encode(), headers=headers, rows=len(keys))


def _search(attribute: Attribute, term: str) -> pl.Series:
    """List the keys of the elements one of whose form values holds the term, in any case; no term, all."""
    keys = pl.int_range(attribute.cardinality, eager=True).alias("key")
    if not term:
        return keys
    values = [keys.to_frame().select(form.value).to_series() for form in attribute.forms]
    texts = pl.DataFrame([plain(value, iso=True).alias(str(n)) for n, value in enumerate(values)])
    holds = pl.all().str.to_lowercase().str.contains(term.lower(), literal=True)
    return keys.filter(texts.select(pl.any_horizontal(holds).fill_null(value=False)).to_series())


def _find(attributes: Iterable[Attribute], attribute_id: str) -> Attribute:
    for attribute in attributes:
        if attribute.id == attribute_id.upper():
            return attribute
    raise Refusal(400, "ERR006", f"Failed to find the attribute {attribute_id} in the report or cube.")


def _link(path: str, limit: int, total: int) -> str:
    last = max(0, total - 1) // limit * limit
    return f'<{path}?limit={limit}&offset=0>; rel="first", <{path}?limit={limit}&offset={last}>; rel="last"'


ROUTES = (
    Route("GET", "/api/cubes/{id}/attributes/{attribute}/elements", list_of_cube),
    Route("GET", "/api/reports/{id}/attributes/{attribute}/elements", list_of_report),
)

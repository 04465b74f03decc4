"""``requestedObjects`` as columns of a cube (Wire reference, section 5.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from .answers import Refusal

if TYPE_CHECKING:
    from .cubes import Attribute, Cube, Form, Metric

_Column = TypeVar("_Column", "Attribute", "Metric")
_MEMBERS = {"requestedObjects", "sorting", "subtotals"}


def project(cube: Cube, body: Any) -> Cube:
    """Choose and order the columns that the body of an instance request asks for; none means all.

    Raises the server's 400 for ids that the cube does not have, and for what the simulator does not do:
    filters, and projections that would have to aggregate rows.
    """
    body = _object(body)
    unknown = {name for name, value in body.items() if value} - _MEMBERS
    if unknown:
        raise _bad(f"The simulator does not support {', '.join(sorted(unknown))} yet.")
    if body.get("requestedObjects") is None:
        return cube
    requested = _object(body["requestedObjects"])
    attributes = [_attribute(cube, item) for item in requested.get("attributes") or []]
    metrics = [_find(cube.metrics, item, "metric") for item in requested.get("metrics") or []]
    if not attributes and not metrics:
        return replace(cube.project((), ()), total=0)
    if not _keeps_rows(cube, attributes):
        names = " or ".join(a.name for a in cube.attributes if a.id in cube.keys) or "all attributes"
        raise _bad(f"The simulator does not aggregate yet: request {names} too, so that each row stays one row.")
    return cube.project(attributes, metrics)


def _keeps_rows(cube: Cube, attributes: list[Attribute]) -> bool:
    kept = {attribute.id for attribute in attributes}
    return cube.total <= 1 or bool(kept & cube.keys) or kept == {attribute.id for attribute in cube.attributes}


def _attribute(cube: Cube, item: Any) -> Attribute:
    attribute = _find(cube.attributes, item, "attribute")
    wanted = _object(item).get("forms")
    if not wanted:
        return attribute
    return replace(attribute, forms=tuple(_form(attribute, _object(form).get("id")) for form in wanted))


def _form(attribute: Attribute, form_id: Any) -> Form:
    for form in attribute.forms:
        if form.id == form_id:
            return form
    raise _bad(f"Invalid attribute form id - {form_id}")


def _find(objects: tuple[_Column, ...], item: Any, kind: str) -> _Column:
    wanted = _object(item).get("id")
    for found in objects:
        if found.id == wanted:
            return found
    raise _bad(f"Failed to find the {kind} {wanted} in the report or cube.")


def _object(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _bad("The body of an instance request is made of JSON objects")
    return value


def _bad(message: str) -> Refusal:
    return Refusal(400, "ERR006", message)

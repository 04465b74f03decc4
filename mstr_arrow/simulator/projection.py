"""``requestedObjects`` as columns of a cube (Wire reference, section 5.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .bodies import bad_request, find_column, find_forms, json_object
from .sorting import sort_cube

if TYPE_CHECKING:
    from .cubes import Attribute, Cube

_MEMBERS = {"requestedObjects", "sorting", "subtotals"}


def project(cube: Cube, body: Any) -> Cube:
    """Choose, order and sort what the body of an instance request asks for; no columns means all.

    Raises the server's 400 for ids that the cube does not have, and for what the simulator does not do:
    filters, and projections that would have to aggregate rows.
    """
    body = json_object(body)
    unknown = {name for name, value in body.items() if value} - _MEMBERS
    if unknown:
        raise bad_request(f"The simulator does not support {', '.join(sorted(unknown))} yet.")
    if body.get("requestedObjects") is not None:
        cube = _requested(cube, body)
    return sort_cube(cube.evaluated(), body.get("sorting"))


def _requested(cube: Cube, body: dict[str, Any]) -> Cube:
    requested = json_object(body["requestedObjects"])
    found = [(find_column(cube.attributes, item, "attribute"), item) for item in requested.get("attributes") or []]
    attributes = [find_forms(attribute, item) for attribute, item in found]
    metrics = [find_column(cube.metrics, item, "metric") for item in requested.get("metrics") or []]
    if not attributes and not metrics:
        return replace(cube.project((), ()), total=0, evaluate=None)
    if cube.evaluate is None and not _keeps_rows(cube, attributes):
        names = " or ".join(a.name for a in cube.attributes if a.id in cube.keys) or "all attributes"
        raise bad_request(
            f"The simulator does not aggregate yet: request {names} too, so that each row stays one row."
        )
    return cube.project(attributes, metrics)


def _keeps_rows(cube: Cube, attributes: list[Attribute]) -> bool:
    kept = {attribute.id for attribute in attributes}
    return cube.total <= 1 or bool(kept & cube.keys) or kept == {attribute.id for attribute in cube.attributes}

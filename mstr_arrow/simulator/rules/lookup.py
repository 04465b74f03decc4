"""Attributes, forms and metrics that the body of an instance request names by id; the server's 400 for others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.simulator.bodies import bad_request, json_object

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.cubes import Attribute, Form, Metric

_Column = TypeVar("_Column", "Attribute", "Metric")


def find_forms(attribute: Attribute, item: Any) -> Attribute:
    """Choose the forms of an attribute that an item asks for; none means those it shows."""
    wanted = json_object(item).get("forms")
    if not wanted:
        return attribute
    chosen = tuple(find_form(attribute, json_object(form).get("id")) for form in wanted)
    if chosen not in attribute.kept:
        more = tuple(form for form in attribute.known if form not in chosen)
        attribute.kept[chosen] = replace(attribute, forms=chosen, more=more)
    shown: Attribute = attribute.kept[chosen]
    return shown


def find_form(attribute: Attribute, form_id: Any) -> Form:
    """Find a form by its id; raise the server's 400 where the attribute has none of that id."""
    for form in attribute.known:
        if form.id == form_id:
            return form
    raise bad_request(f"Invalid attribute form id - {form_id}")


def find_column(objects: tuple[_Column, ...], item: Any, kind: str) -> _Column:
    """Find the attribute or metric that an item names by id; raise the server's 400 where there is none."""
    wanted = json_object(item).get("id")
    for found in objects:
        if found.id == wanted:
            return found
    raise bad_request(f"Failed to find the {kind} {wanted} in the report or cube.")

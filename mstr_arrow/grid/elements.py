"""One element of a unit: its identity, its texts, whether it stands for nothing or totals others. Pure.

Every variant that has one meaning is read; docs/types.md lists them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import ProtocolError
from mstr_arrow.grid.server_types import is_text
from mstr_arrow.grid.value_rule import whole_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from mstr_arrow.grid.document import Form, Unit

    Element = Mapping[str, Any]

_NULL = "h\\N;"
_ORDINARY = re.compile("h|[0-9A-Fa-f]{32}:")
"""The beginnings of the ids of elements that have a value for each form; those of derived elements do not."""


def element_id(element: Element) -> str:
    """Return the key of an element, which tells it from others of its unit."""
    for key in ("id", "name", "formValues"):
        if element.get(key) is not None:
            return str(element[key])
    return ""


def is_subtotal(element: Element) -> bool:
    """Tell whether an element totals others."""
    return element.get("subtotal") in {True, "true"}


def is_null(element: Element, unit: Unit) -> bool:
    """Tell whether an element stands for no value."""
    return str(element.get("id")).startswith(_NULL) and not unit.is_label


def label(element: Element) -> str:
    """Return a person's name for an element: the texts of its forms, or its name."""
    values = element.get("formValues")
    if isinstance(values, dict):
        values = list(values.values())
    if values in (None, []):
        values = element.get("name") or ""
    texts = values if isinstance(values, list) else [values]
    return whole_text(" ".join("" if text is None else str(_text(text)) for text in texts))


def form_texts(element: Element, forms: Sequence[Form], named: str) -> list[str | None]:
    """Return a text for each form of an element that is ``named`` so, or the one text that it has for all of them.

    Errors: ProtocolError where values are missing, or more than the forms.
    """
    values = _values(element, forms)
    alone = is_subtotal(element) or not (element.get("id") is None or _ORDINARY.match(str(element["id"])))
    if len(values) != len(forms) and not (alone and (len(values) == 1 or (values and is_subtotal(element)))):
        given = element.get("formValues")
        raise ProtocolError(f"An element of {named!r} has the form values {given!r}, not {len(forms)} of them.")
    texts = [_text(value) for value in values]
    wrong = next((text for text in texts if text is not None and not isinstance(text, str)), None)
    if wrong is not None:
        raise ProtocolError(f"An element of {named!r} has the value {wrong!r}, which is no text.")
    return texts


def texts_of_form(unit: Unit, form: int, types: Sequence[pa.DataType]) -> list[str | None]:
    """List the text of one form, given by its number, for each element of a unit whose forms are read as ``types``.

    None stands for no value. The one text of a subtotal is that of each text form, the one of a derived element
    that of the first; other forms have none.
    """
    text_forms = [number for number, to in enumerate(types) if is_text(to)]
    first = text_forms[0] if text_forms else 0
    forms = len(unit.forms)
    texts: list[str | None] = []
    for element in unit.elements:
        values = element.get("formValues")
        if is_null(element, unit):
            texts.append(None)
            continue
        if (
            type(values) is list
            and len(values) == forms
            and type(values[form]) is str
            and "subtotal" not in element
        ):
            texts.append(values[form])  # as nearly always
            continue
        own = form_texts(element, unit.forms, unit.name)
        if is_subtotal(element):
            texts.append(own[0] if form in text_forms else None)
        elif len(own) < len(unit.forms):
            texts.append(own[0] if form == first else None)
        else:
            texts.append(own[form])
    return texts


def _values(element: Element, forms: Sequence[Form]) -> list[Any]:
    """Return the values of the forms, in their order; those of a unit without forms may be its name."""
    values = element.get("formValues")
    if values in (None, []):
        return [] if element.get("name") is None else [element["name"]]
    if isinstance(values, dict):
        keys = [form.id if form.id in values else form.name for form in forms]
        return [values[key] for key in keys] if values.keys() == set(keys) else [values]
    return values if isinstance(values, list) else [values]


def _text(value: Any) -> Any:
    """Return a value as text: a number or truth value as JSON writes it, what an object holds as its ``value``."""
    if isinstance(value, dict) and "value" in value:
        value = value["value"]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float)) else value

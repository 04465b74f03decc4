"""Prompts for what is chosen from a list: elements, objects, conditions on objects, levels.

Pure. What the reference (section 4.3) leaves open is decided so:

* Elements come by id, in either spelling, or by name, the first one of the name; an id that the prompt does not
  offer is left out in silence.
* An expression has the grammar of ``viewFilter`` and speaks of the objects that are offered; it is counted in
  conditions. Its member ``level`` is taken and not heeded.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl

from mstr_arrow.simulator.bodies import bad_request, json_object

from .cubes import DESC_FORM, ID_FORM
from .prompts import REQUIRED, Effect, Prompt, constant, form_operand
from .texts import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .cubes import Attribute, Form, Metric

_OBJECT_TYPES = {"metric": 4, "attribute": 12}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ElementsPrompt(Prompt):
    """Asks for elements of an attribute, of those with these ``keys`` only where they are given.

    ``operator`` compares the attribute's ID with that of the one element chosen; without, the elements are kept.
    """

    kind: ClassVar[str] = "ELEMENTS"

    attribute: Attribute
    keys: tuple[int, ...] | None = None
    operator: str = "In"

    def describe(self, *, names: bool = True) -> dict[str, Any]:
        """Describe it, with the attribute."""
        del names
        source = {"id": self.attribute.id, "name": self.attribute.name, "type": _OBJECT_TYPES["attribute"]}
        return {**Prompt.describe(self), "source": source, "defaultAnswer": self.default or []}

    def elements(self) -> pl.DataFrame:
        """List the elements that may be chosen: ``id`` and ``name``."""
        return element_names(self.attribute, self.keys)

    def read(self, answer: Any) -> Effect:
        """Read a list of elements."""
        chosen = self.read_elements(answer)
        if not chosen:
            if self.required:
                raise bad_request(REQUIRED)
            return Effect()
        self.check_count(len(chosen), "attribute elements")
        if self.operator == "In":
            elements = {"type": "elements", "elements": [{"id": element} for element in chosen]}
            subject = {"type": "attribute", "id": self.attribute.id}
            return Effect(conditions=({"operator": "In", "operands": [subject, elements]},))
        (value,) = self._numbers(chosen)
        operands = [form_operand(self.attribute, ID_FORM), constant(Decimal(value))]
        return Effect(conditions=({"operator": self.operator, "operands": operands},))

    def read_elements(self, answer: Any) -> list[str]:
        """Read a list of elements as their ids."""
        if not isinstance(answer, list):
            raise bad_request(f"The answers of {self.label} are a list of elements.")
        offered = self.elements()
        ids, by_name = (
            set(offered["id"]),
            dict(zip(reversed(offered["name"]), reversed(offered["id"]), strict=True)),
        )
        chosen: dict[str, None] = {}
        for item in answer:
            element = json_object(item)
            if element.get("id") is not None:
                chosen |= {found: None for found in [_spell(str(element["id"]))] if found in ids}
            elif element.get("name") in by_name:
                chosen[by_name[element["name"]]] = None
            else:
                raise bad_request(f"Unable to find elements that match {element.get('name')} for {self.label}.")
        return list(chosen)

    def _numbers(self, chosen: Sequence[str]) -> list[int]:
        keys = pl.int_range(self.attribute.cardinality, eager=True).alias("key").to_frame()
        form = next(form for form in self.attribute.forms if form.id == ID_FORM)
        values = keys.select(element=self.attribute.element, value=form.value)
        known = dict(values.iter_rows())
        return [known[element.removeprefix("h").partition(";")[0]] for element in chosen]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ObjectsPrompt(Prompt):
    """Asks which of these attributes, or of these metrics, are shown."""

    kind: ClassVar[str] = "OBJECTS"

    offered: tuple[Attribute, ...] | tuple[Metric, ...]
    shows: str

    def objects(self, *, names: bool = True) -> list[dict[str, Any]]:
        """List the objects that may be chosen."""
        return [_object(found, self.shows, names=names) for found in self.offered]

    def describe(self, *, names: bool = True) -> dict[str, Any]:
        """Describe it; the default names objects as the list of them does."""
        described = Prompt.describe(self)
        if self.default:
            by_id = {found["id"]: found for found in self.objects(names=names)}
            described["defaultAnswer"] = [by_id[item["id"]] for item in self.default]
        return described

    def read(self, answer: Any) -> Effect:
        """Read a list of objects."""
        if not isinstance(answer, list):
            raise bad_request(f"The answers of {self.label} are a list of objects.")
        known = {found.id for found in self.offered}
        chosen = tuple(dict.fromkeys(str(json_object(item).get("id")).upper() for item in answer))
        types = {json_object(item).get("type", self.shows) for item in answer}
        if missing := [found for found in chosen if found not in known]:
            raise bad_request(f"Unable to find object {missing[0]} for {self.label}.")
        if wrong := types - {self.shows, _OBJECT_TYPES[self.shows], str(_OBJECT_TYPES[self.shows])}:
            raise bad_request(f"The object type {wrong.pop()} does not match for {self.label}.")
        self.check_count(len(chosen), "objects")
        return Effect(metrics=chosen) if self.shows == "metric" else Effect(attributes=chosen)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ExpressionPrompt(Prompt):
    """Asks for a condition that speaks of these attributes or metrics."""

    kind: ClassVar[str] = "EXPRESSION"

    offered: tuple[Attribute, ...] | tuple[Metric, ...]
    shows: str

    def objects(self, *, names: bool = True) -> list[dict[str, Any]]:
        """List the objects that a condition may speak of, attributes with their forms."""
        return [
            _object(found, self.shows, names=names)
            | (
                {"forms": [_form(form) for form in getattr(found, "forms", ())]}
                if self.shows == "attribute"
                else {}
            )
            for found in self.offered
        ]

    def read(self, answer: Any) -> Effect:
        """Read a condition; that it fits the report is seen when it is carried out."""
        tree = dict(json_object(json_object(answer).get("expression")))
        if not tree:
            raise bad_request(f"The answers of {self.label} have no expression.")
        tree.pop("level", None)
        known = {found.id for found in self.offered}
        if foreign := next((found for found in _list_ids(tree) if found not in known), None):
            raise bad_request(f"Unable to find object {foreign} for {self.label}.")
        self.check_count(_conditions(tree), "qualifications")
        return Effect(conditions=(tree,))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LevelPrompt(Prompt):
    """Asks for the attributes at whose level the report's level metric is summed."""

    kind: ClassVar[str] = "LEVEL"

    offered: tuple[Attribute, ...]

    def objects(self, *, names: bool = True) -> list[dict[str, Any]]:
        """List the attributes that may be chosen."""
        del names
        return [{"id": found.id, "name": found.name, "type": "ATTRIBUTE"} for found in self.offered]

    def read(self, answer: Any) -> Effect:
        """Read the units of a level."""
        units = json_object(answer).get("units")
        if not isinstance(units, list) or not units:
            raise bad_request(f"The answers of {self.label} have no units.")
        chosen = tuple(dict.fromkeys(str(json_object(unit).get("id")).upper() for unit in units))
        known = {found.id for found in self.offered}
        if missing := [found for found in chosen if found not in known]:
            raise bad_request(f"Unable to find object {missing[0]} for {self.label}.")
        self.check_count(len(chosen), "units")
        return Effect(level=chosen)


def element_names(attribute: Attribute, keys: Sequence[int] | None = None) -> pl.DataFrame:
    """List elements of an attribute by ``id`` (``h<element>;<attribute>``) and ``name``, the text or the ID."""
    numbers = pl.int_range(attribute.cardinality, eager=True) if keys is None else pl.Series(keys, dtype=pl.Int64)
    frame = numbers.alias("key").to_frame()
    shown = next((form for form in attribute.forms if form.id == DESC_FORM), attribute.forms[0])
    names = plain(frame.select(shown.value).to_series(), iso=True).fill_null("").alias("name")
    ids = frame.select(id=pl.lit("h") + attribute.element.fill_null("\\N") + pl.lit(f";{attribute.id}"))
    return ids.with_columns(names)


def _object(found: Attribute | Metric, kind: str, *, names: bool) -> dict[str, Any]:
    return {"id": found.id, "name": found.name, "type": kind if names else _OBJECT_TYPES[kind]}


def _form(form: Form) -> dict[str, str]:
    return {"id": form.id, "name": form.name}


def _spell(element_id: str) -> str:
    """Give an element id the spelling ``h<element>;<attribute>``, without a display text behind it."""
    if ";" in element_id:
        return ";".join(element_id.split(";")[:2])
    attribute, _, element = element_id.partition(":")
    return f"h{element};{attribute}"


def _conditions(tree: Any) -> int:
    """Count the conditions of an expression, those inside others apart."""
    inner = [operand for operand in json_object(tree).get("operands") or [] if "operator" in json_object(operand)]
    return sum(map(_conditions, inner)) or 1


def _list_ids(tree: Any) -> list[str]:
    """List the ids of the attributes and metrics that an expression names."""
    found: list[str] = []
    for operand in map(json_object, json_object(tree).get("operands") or []):
        if "operator" in operand:
            found += _list_ids(operand)
        elif operand.get("type") in {"attribute", "metric"}:
            found.append(str(operand.get("id")))
        elif operand.get("type") == "form":
            found.append(str(json_object(operand.get("attribute")).get("id")))
    return found

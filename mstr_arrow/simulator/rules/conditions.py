"""``viewFilter`` and ``metricLimits`` as Polars expressions (Wire reference, section 5.2).

The frame that they are for has a column for each object that a condition may speak of: ``<attribute id>@<form id>``
the typed values of a form, ``<attribute id>@`` the middle of the element ids as text (null for the null element),
``<metric id>`` a metric. Its schema says which ids there are; ``meta.root_names()`` of an expression says which
columns it needs. What the reference leaves open is decided so:

* A condition on a null is neither true nor false; see ``Collation.nulls_in_negations``.
* ``And`` and ``Or`` have two operands or more, lists of elements and of constants at least one.
* ``Like`` knows the wildcards ``%`` and ``_`` and no escape; the other text operators take every character as
  it is.
* Ranks are counted over all rows of the frame that have a value, the greatest first; equal values share the best
  rank, so ``Rank.Top`` 2 of 5, 3, 3, 1 keeps three rows. ``Bottom`` counts from the other end. A percentage is
  compared with rank / number of values, to nine decimals.
* Two metrics of different types are compared as doubles where one is a double, else as decimals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.bodies import bad_request
from mstr_arrow.simulator.model.cubes import DESC_FORM, ID_FORM

from .comparisons import Subject, compare, compare_columns, compare_rank, matches, within
from .constants import Kind, read_constant, read_percent, read_rank
from .operands import (
    NULL_ELEMENT,
    element_parts,
    expect_operands,
    invalid_operator,
    leaf_operand,
    member_id,
    node_parts,
    object_key,
    wrong_count,
    wrong_operands,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .collation import Collation
    from .constants import Value

_NEGATIONS = {
    "NotEqual": "Equals",
    "NotBetween": "Between",
    "NotIn": "In",
    "IsNotNull": "IsNull",
    "NotLike": "Like",
    "NotContains": "Contains",
    "NotBeginsWith": "BeginsWith",
    "NotEndsWith": "EndsWith",
    "DifferentFrom": "Equals",
    "ExcludeTop": "Top",
    "ExcludeBottom": "Bottom",
}
_LOGICAL = {"And", "Or", "Not"}
_COMPARISONS = {
    *("Equals", "NotEqual", "Greater", "Less", "GreaterEqual", "LessEqual"),
    *("Between", "NotBetween", "IsNull", "IsNotNull", "In", "NotIn"),
}
_TEXT_OPERATORS = {
    *("Like", "NotLike", "Contains", "NotContains", "BeginsWith", "NotBeginsWith", "EndsWith", "NotEndsWith"),
}
_RANKS = {
    *("Equals", "DifferentFrom", "Between", "NotBetween", "Top", "Bottom", "ExcludeTop", "ExcludeBottom"),
}
_MEASURES = ("Rank", "Percent")
_IN_FILTERS = frozenset(
    _LOGICAL | _COMPARISONS | _TEXT_OPERATORS | {f"{measure}.{name}" for measure in _MEASURES for name in _RANKS}
)
_IN_LIMITS = frozenset(
    _LOGICAL | _COMPARISONS | {f"{measure}.{name}" for measure in _MEASURES for name in ("Top", "Bottom")}
)
_PER_UNIT = 10**9


def view_filter(
    tree: Any,
    schema: Mapping[str, pl.DataType],
    collation: Collation,
    *,
    ignore_foreign_ids: bool = False,
) -> pl.Expr | None:
    """Make a condition on rows, true or false in each, of ``viewFilter``; None where it asks for nothing.

    ``ignore_foreign_ids`` leaves out what names a well-formed id that the frame does not have. Raises the server's
    400 for everything that is not in the grammar.
    """
    if tree is None:
        return None
    found = _Reader(schema, collation, ignore_foreign_ids).condition(tree)
    return None if found is None else found.fill_null(value=False)


def metric_limits(
    limits: Any,
    schema: Mapping[str, pl.DataType],
    collation: Collation,
    *,
    ignore_foreign_ids: bool = False,
) -> pl.Expr | None:
    """Make a condition on rows of ``metricLimits``, all of which hold; otherwise as ``view_filter``."""
    if not isinstance(limits or {}, dict):
        raise bad_request("metricLimits is a JSON object of conditions by metric id")
    reader = _Reader(schema, collation, ignore_foreign_ids)
    found = [reader.limit(metric_id, tree) for metric_id, tree in (limits or {}).items()]
    kept = [condition for condition in found if condition is not None]
    return pl.all_horizontal(kept).fill_null(value=False) if kept else None


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A condition with no further ones in it, stated positively: ``Rank.ExcludeTop`` as ``Top`` by ``Rank``."""

    node: dict[str, Any]
    measure: str
    operator: str
    operands: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, node: dict[str, Any], operator: str, operands: Sequence[Any]) -> _Leaf:
        """Read the operands; raise the server's 400 for a wrong number of them."""
        measure, _, name = operator.rpartition(".")
        positive = _NEGATIONS.get(name, name)
        expect_operands(operator, operands, {"IsNull": 1, "Between": 3}.get(positive, 2))
        return cls(node, measure, positive, tuple(leaf_operand(operand) for operand in operands))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads conditions; ``limited`` is the one metric that they may speak of. None is a condition left out."""

    schema: Mapping[str, pl.DataType]
    collation: Collation
    ignore_foreign_ids: bool
    operators: frozenset[str] = _IN_FILTERS
    limited: str | None = None

    def limit(self, metric_id: str, tree: Any) -> pl.Expr | None:
        """Read the limit of a metric."""
        column = self.column("metric", metric_id)
        return None if column is None else replace(self, operators=_IN_LIMITS, limited=column).condition(tree)

    def condition(self, node: Any) -> pl.Expr | None:
        """Read a node of the tree; the expression is null where it is neither true nor false."""
        operator, operands = node_parts(node)
        if operator not in self.operators:
            raise invalid_operator(node)
        if operator in _LOGICAL:
            return self.logical(operator, operands)
        positive = self.leaf(_Leaf.of(node, operator, operands))
        if positive is None:
            return None
        if self.collation.nulls_in_negations:
            positive = positive.fill_null(value=False)
        return ~positive if operator.rpartition(".")[2] in _NEGATIONS else positive

    def logical(self, operator: str, operands: list[Any]) -> pl.Expr | None:
        """Join conditions; those that are left out do not count."""
        if operator == "Not":
            expect_operands(operator, operands, 1)
        elif len(operands) < 2:
            raise wrong_count(operator, 2)
        found = [self.condition(operand) for operand in operands]
        kept = [condition for condition in found if condition is not None]
        if not kept:
            return None
        if operator == "Not":
            return ~kept[0]
        return pl.all_horizontal(kept) if operator == "And" else pl.any_horizontal(kept)

    def leaf(self, leaf: _Leaf) -> pl.Expr | None:
        """Read a condition on elements, a form or a metric."""
        match leaf.operands[0]["type"]:
            case "attribute" if leaf.operator == "In" and self.limited is None:
                return self.elements(leaf)
            case "form" if not leaf.measure and self.limited is None:
                subject = self.form(leaf)
            case "metric" if leaf.operator not in _TEXT_OPERATORS:
                subject = self.metric(leaf.operands[0])
            case _:
                raise wrong_operands(leaf.node)
        return None if subject is None else self.comparison(leaf, subject)

    def elements(self, leaf: _Leaf) -> pl.Expr | None:
        """Read a condition on elements given by their ids."""
        attribute, listed = leaf.operands
        column = self.column("attribute", attribute.get("id"))
        if listed["type"] != "elements" or not isinstance(listed.get("elements"), list) or not listed["elements"]:
            raise wrong_operands(leaf.node)
        own = []
        for item in listed["elements"]:
            owner, value = element_parts(item)
            if owner == attribute["id"].upper():
                own.append(value)
            elif not self.ignore_foreign_ids:
                raise bad_request(f"Invalid element id - {item['id']}")
        if column is None or not own:
            return None
        values = pl.Series([value for value in own if value != NULL_ELEMENT], dtype=pl.String)
        named = pl.col(column).is_in(values.implode())
        return named.fill_null(value=True) if NULL_ELEMENT in own else named

    def form(self, leaf: _Leaf) -> Subject | None:
        """Find the form that the first operand of a condition names."""
        attribute_id = object_key(member_id(leaf.operands[0], "attribute"), "attribute")
        form_id = object_key(member_id(leaf.operands[0], "form"), "attribute form")
        if self.column("attribute", attribute_id) is None:
            return None
        if form_id not in {ID_FORM, DESC_FORM} and not self.collation.any_form:
            raise bad_request(f"Invalid attribute form id - {form_id}")
        column = form_column(attribute_id, form_id)
        if column not in self.schema:
            if self.ignore_foreign_ids:
                return None
            raise bad_request("Index out of range")
        subject = Subject.of(column, self.schema[column], self.collation, is_metric=False)
        on_text = subject.kind is Kind.TEXT and (form_id != ID_FORM or self.collation.id_text_operators)
        if leaf.operator in _TEXT_OPERATORS and not on_text:
            raise invalid_operator(leaf.node)
        return subject

    def metric(self, operand: dict[str, Any]) -> Subject | None:
        """Find the metric that an operand names."""
        column = self.column("metric", operand.get("id"))
        if column is None:
            return None
        if self.limited not in {None, column}:
            raise bad_request(f"The limit of the metric {self.limited} names another metric - {column}")
        return Subject.of(column, self.schema[column], self.collation, is_metric=True)

    def comparison(self, leaf: _Leaf, subject: Subject) -> pl.Expr | None:
        """Compare a form or a metric with what the operands behind it are."""
        operands = leaf.operands[1:]
        if leaf.operator == "IsNull":
            return subject.values.is_null()
        if leaf.operator == "In":
            values = operands[0].get("values")
            if operands[0]["type"] != "constants" or not isinstance(values, list) or not values:
                raise wrong_operands(leaf.node)
            return within(subject, [self.constant(operands[0].get("dataType"), v, subject) for v in values])
        plain = leaf.measure or leaf.operator in _TEXT_OPERATORS or not subject.is_metric
        if not {operand["type"] for operand in operands} <= ({"constant"} if plain else {"constant", "metric"}):
            raise wrong_operands(leaf.node)
        if leaf.measure:
            return _compare_rank(leaf, subject)
        if leaf.operator in _TEXT_OPERATORS:
            text = self.constant(operands[0].get("dataType"), operands[0].get("value"), subject)
            return subject.constantly(None) if text is None else matches(leaf.operator, subject, str(text))
        names = ("GreaterEqual", "LessEqual") if leaf.operator == "Between" else (leaf.operator,)
        sides = [self.side(name, subject, operand) for name, operand in zip(names, operands, strict=True)]
        kept = [side for side in sides if side is not None]
        return pl.all_horizontal(kept) if len(kept) == len(sides) else None

    def side(self, operator: str, subject: Subject, operand: dict[str, Any]) -> pl.Expr | None:
        """Compare with one constant or, a metric, with another metric."""
        if operand["type"] == "constant":
            value = self.constant(operand.get("dataType"), operand.get("value"), subject)
            return compare(operator, subject, value)
        other = self.metric(operand)
        return None if other is None else compare_columns(operator, subject, other)

    def constant(self, data_type: Any, text: Any, subject: Subject) -> Value | None:
        """Read a constant for a subject; None for a text that counts as null."""
        value = read_constant(data_type, text, subject.kind, of_metric=subject.is_metric)
        return self.collation.fold_text(value) if isinstance(value, str) else value

    def column(self, kind: str, object_id: Any) -> str | None:
        """Find the column of a metric, or of an attribute's elements; None for an id that is to be ignored."""
        key = object_key(object_id, kind)
        column = key if kind == "metric" else element_column(key)
        if column in self.schema:
            return column
        if self.ignore_foreign_ids:
            return None
        raise bad_request(f"Failed to find the {kind} {object_id} in the report or cube.")


def _compare_rank(leaf: _Leaf, subject: Subject) -> pl.Expr:
    """Compare a metric's rank, or the part of the values that it is, with constants."""
    texts = [(operand.get("dataType"), operand.get("value")) for operand in leaf.operands[1:]]
    if leaf.measure == "Rank":
        return compare_rank(leaf.operator, subject, [read_rank(*text) for text in texts], per=None)
    parts = [read_percent(*text, per=_PER_UNIT) for text in texts]
    return compare_rank(leaf.operator, subject, parts, per=_PER_UNIT)


def form_column(attribute_id: str, form_id: str) -> str:
    """Name the column of a form's values."""
    return f"{attribute_id}@{form_id}"


def element_column(attribute_id: str) -> str:
    """Name the column of the middle of an attribute's element ids."""
    return f"{attribute_id}@"

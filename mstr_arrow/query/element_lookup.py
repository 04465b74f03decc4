"""Texts as lists of elements, which no collation of the server's widens. Pure.

A condition on an attribute that `Scan.aggregate` leaves out has to be decided by the server, for rows that were
added up do not show it. The server compares texts by its collation, which may let in more; elements have ids.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mstr_arrow.lazy import pl
from mstr_arrow.query.columns import subjects_in
from mstr_arrow.query.expressions import (
    And,
    Between,
    Comparison,
    Elements,
    Match,
    Membership,
    Or,
    PolarsCondition,
    leaves,
    needs_all_rows,
)
from mstr_arrow.query.local_filter import predicate
from mstr_arrow.query.planner import find_undecided, groups
from mstr_arrow.query.polars_conditions import resolve
from mstr_arrow.query.server_filter import push_where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.query.columns import Subjects
    from mstr_arrow.query.expressions import Expression, Leaf
    from mstr_arrow.query.query import Query

MOST_ELEMENTS = 10_000
"""Elements of an attribute that are looked through at most."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element: its id as conditions take it, and the text of each form, None where it has no value."""

    id: str
    texts: tuple[str | None, ...]


def texts_in_the_way(query: Query, columns: Columns, *, id_text_operators: bool = True) -> list[Leaf]:
    """Return the conditions on texts that keep rows from being added up, bound to their columns."""
    if query.aggregate is None or query.where is None:
        return []
    subjects = subjects_in(columns)
    kept = groups(query.aggregate, subjects)
    if kept is None:
        return []
    parts = find_undecided(
        push_where(resolve(query.where, subjects), subjects, id_text_operators=id_text_operators), kept
    )
    found: dict[Leaf, None] = {}
    for part in parts:
        texts = [leaf for leaf in leaves(part.expression) if _is_on_text(leaf, subjects)]
        others = [leaf for leaf in leaves(part.expression) if leaf not in texts]
        if not needs_all_rows(part.expression) and all(push_where(leaf, subjects).exact for leaf in others):
            found |= dict.fromkeys(texts)
    return list(found)


def _is_on_text(leaf: Leaf, subjects: Subjects) -> bool:
    subject = subjects.find(leaf.column)
    on_text = subject.role == "attribute" and subject.kind == "text"
    return on_text and isinstance(leaf, (Comparison, Between, Membership, Match))


def as_elements(leaf: Leaf, elements: Sequence[Element], columns: Columns) -> Expression | None:
    """Return a condition as the elements for which it holds; None where there are no elements to name.

    ``elements`` are all that the attribute has, with the text of the one form that the condition is on.
    """
    texts = pl.Series(leaf.column, [element.texts[0] for element in elements], dtype=pl.String)
    holds = texts.to_frame().select(predicate(leaf, subjects_in(columns))).to_series()
    ids = tuple(element.id for element, found in zip(elements, holds, strict=True) if found)
    if ids or not elements:
        return Elements(leaf.column, ids) if ids else None
    some = Elements(leaf.column, (elements[0].id,))
    return And((some, ~some))  # holds for no row


def with_elements(query: Query, columns: Columns, found: Mapping[Leaf, Expression]) -> Query:
    """Put elements in the place of the conditions that they were found for."""
    if not found or query.where is None:
        return query
    return replace(query, where=_replace(resolve(query.where, subjects_in(columns)), found))


def notes(found: Mapping[Leaf, Expression]) -> list[str]:
    """Say what elements were found for, for people."""
    counts = [len(each.ids) if isinstance(each, Elements) else 0 for each in found.values()]
    return [
        f"{leaf!r} is sent as the elements that it holds for, {count} in all: a collation could let in more"
        for leaf, count in zip(found, counts, strict=True)
    ]


def _replace(expression: Expression, found: Mapping[Leaf, Expression]) -> Expression:
    if isinstance(expression, (And, Or)):
        return type(expression)(tuple(_replace(part, found) for part in expression.parts))
    if isinstance(expression, PolarsCondition) and expression.known is not None:
        known = _replace(expression.known, found)
        return expression if known == expression.known else known
    return found.get(expression, expression)  # type: ignore[call-overload,no-any-return]  # all others are leaves

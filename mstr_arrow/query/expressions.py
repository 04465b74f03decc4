"""Conditions on rows, as values: what `col` makes, and what Polars' own expressions become.

A condition is true, false, or unknown where it meets an empty value; rows are kept where it is true. There is no
"not" among the nodes: ``~`` turns a condition into its opposite at once, and what was unknown stays unknown, as in
SQL and Polars.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from mstr_arrow.errors import UsageError
from mstr_arrow.lazy import pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Value = str | bool | int | float | Decimal | date | datetime | time
Operator = Literal["==", "!=", "<", "<=", ">", ">="]
Pattern = Literal["contains", "starts_with", "ends_with"]
Ranking = Literal["top", "bottom", "top_percent", "bottom_percent"]

_OPPOSITE: dict[Operator, Operator] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class Expression:
    """A condition on rows; combine conditions by ``&``, ``|`` and ``~``, with Polars expressions on the right."""

    __slots__ = ()

    def __and__(self, other: Expression | pl.Expr) -> Expression:
        return _join(And, self, other)

    def __or__(self, other: Expression | pl.Expr) -> Expression:
        return _join(Or, self, other)

    def __invert__(self) -> Expression:
        raise NotImplementedError

    def __bool__(self) -> bool:
        raise no_truth(f"The condition {self!r}")


@dataclass(frozen=True, slots=True, repr=False)
class And(Expression):
    """True where all parts are."""

    parts: tuple[Expression, ...]

    def __invert__(self) -> Expression:
        return Or(tuple(~part for part in self.parts))

    def __repr__(self) -> str:
        return " & ".join(map(_operand, self.parts))


@dataclass(frozen=True, slots=True, repr=False)
class Or(Expression):
    """True where a part is."""

    parts: tuple[Expression, ...]

    def __invert__(self) -> Expression:
        return And(tuple(~part for part in self.parts))

    def __repr__(self) -> str:
        return " | ".join(map(_operand, self.parts))


@dataclass(frozen=True, slots=True, repr=False)
class Leaf(Expression):
    """A condition on one column."""

    column: str


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Leaf):
    """A column compared with a constant."""

    operator: Operator
    value: Value

    def __invert__(self) -> Expression:
        return replace(self, operator=_OPPOSITE[self.operator])

    def __repr__(self) -> str:
        return f"{self.column} {self.operator} {_display(self.value)}"


@dataclass(frozen=True, slots=True, repr=False)
class ColumnComparison(Leaf):
    """A column compared with another."""

    operator: Operator
    other: str

    def __invert__(self) -> Expression:
        return replace(self, operator=_OPPOSITE[self.operator])

    def __repr__(self) -> str:
        return f"{self.column} {self.operator} {self.other}"


@dataclass(frozen=True, slots=True, repr=False)
class Between(Leaf):
    """A column between two constants, both included."""

    low: Value
    high: Value

    def __invert__(self) -> Expression:
        return Or((Comparison(self.column, "<", self.low), Comparison(self.column, ">", self.high)))

    def __repr__(self) -> str:
        return f"{self.column}.between({_display(self.low)}, {_display(self.high)})"


@dataclass(frozen=True, slots=True, repr=False)
class Membership(Leaf):
    """A column that is one of some constants; ``negated``: none of them. Unknown where the column is empty."""

    values: tuple[Value, ...]
    negated: bool = False

    def __invert__(self) -> Expression:
        return replace(self, negated=not self.negated)

    def __repr__(self) -> str:
        return f"{self.column}.{'not_in' if self.negated else 'is_in'}({_list_values(self.values)})"


@dataclass(frozen=True, slots=True, repr=False)
class Null(Leaf):
    """A column without a value; ``negated``: with one. Never unknown."""

    negated: bool = False

    def __invert__(self) -> Expression:
        return replace(self, negated=not self.negated)

    def __repr__(self) -> str:
        return f"{self.column}.{'is_not_null' if self.negated else 'is_null'}()"


@dataclass(frozen=True, slots=True, repr=False)
class Match(Leaf):
    """A text that contains, starts with or ends with another, to the letter."""

    pattern: Pattern
    text: str
    negated: bool = False

    def __invert__(self) -> Expression:
        return replace(self, negated=not self.negated)

    def __repr__(self) -> str:
        positive = f"{self.column}.{self.pattern}({self.text!r})"
        return f"~{positive}" if self.negated else positive


@dataclass(frozen=True, slots=True, repr=False)
class Rank(Leaf):
    """A metric among the greatest or least of all rows: ``amount`` of them, or percent of those with a value.

    Equal values share the best rank, so that the top 2 of 5, 3, 3, 1 are three rows. Unknown where the metric is
    empty.
    """

    ranking: Ranking
    amount: int | float
    negated: bool = False

    def __invert__(self) -> Expression:
        return replace(self, negated=not self.negated)

    def __repr__(self) -> str:
        positive = f"{self.column}.{self.ranking}({self.amount})"
        return f"~{positive}" if self.negated else positive


@dataclass(frozen=True, slots=True, repr=False)
class Elements(Leaf):
    """An attribute that has one of some elements, by their ids; only the server can tell."""

    ids: tuple[str, ...]
    negated: bool = False

    def __invert__(self) -> Expression:
        return replace(self, negated=not self.negated)

    def __repr__(self) -> str:
        return f"{self.column}.{'lacks_elements' if self.negated else 'has_elements'}({_list_values(self.ids)})"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PolarsCondition(Expression):
    """A condition that Polars decides about, row by row; ``known`` says the same in our words, if there are any."""

    expr: pl.Expr
    known: Expression | None = None

    def __invert__(self) -> Expression:
        return PolarsCondition(~self.expr)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PolarsCondition) and self.expr.meta.eq(other.expr)

    def __hash__(self) -> int:
        return hash(str(self.expr))

    def __repr__(self) -> str:
        return " ".join(str(self.expr).split("\n")) if self.known is None else repr(self.known)

    @property
    def digest(self) -> str:
        """A key that tells it from others, whose text may be the same: Polars shortens constants there."""
        try:
            return hashlib.sha256(self.expr.meta.serialize()).hexdigest()
        except pl.exceptions.PolarsError:  # functions of Python's cannot always be written down
            return str(self.expr)


def as_condition(value: object) -> Expression | None:
    """Return a condition or a Polars expression as a condition, None for anything else."""
    if isinstance(value, Expression):
        return value
    return PolarsCondition(value) if isinstance(value, pl.Expr) else None


def conjuncts(expression: Expression) -> tuple[Expression, ...]:
    """Return the conditions that must all hold."""
    return expression.parts if isinstance(expression, And) else (expression,)


def all_of(parts: Iterable[Expression]) -> Expression | None:
    """Join conditions that must all hold; None of none."""
    listed = tuple(item for part in parts for item in conjuncts(part))
    return And(listed) if len(listed) > 1 else next(iter(listed), None)


def leaves(expression: Expression) -> Iterator[Leaf]:
    """Go through the conditions on single columns, from left to right; those of Polars as far as they are known."""
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case PolarsCondition(known=Expression() as known):
            yield from leaves(known)
        case Leaf():
            yield expression


def polars_conditions(expression: Expression) -> Iterator[PolarsCondition]:
    """Go through the conditions that Polars decides about, from left to right."""
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from polars_conditions(part)
        case PolarsCondition():
            yield expression


def column_names(expression: Expression) -> list[str]:
    """Return the columns a condition speaks of, each once, in order."""
    match expression:
        case And(parts) | Or(parts):
            names = [name for part in parts for name in column_names(part)]
        case PolarsCondition(expr):
            names = expr.meta.root_names()
        case ColumnComparison(column, _, other):
            names = [column, other]
        case Leaf(column):
            names = [column]
        case _:
            names = []
    return list(dict.fromkeys(names))


def needs_all_rows(expression: Expression) -> bool:
    """Tell whether a condition on one row depends on the others."""
    return any(isinstance(leaf, Rank) for leaf in leaves(expression))


def _join(kind: type[And | Or], left: Expression, right: object) -> Expression:
    other = as_condition(right)
    if other is None:
        symbol = "&" if kind is And else "|"
        raise UsageError(
            f"{left!r} {symbol} {right!r}: the second is no condition.",
            hint=f"Put each comparison in parentheses: (col('A') > 1) {symbol} (col('B') > 2).",
        )
    return kind(
        tuple(item for side in (left, other) for item in (side.parts if isinstance(side, kind) else (side,)))
    )


def no_truth(subject: str) -> UsageError:
    """Make the error for Python's own logic, with what to write in its place."""
    return UsageError(
        f"{subject} is neither true nor false by itself: it holds for some rows.",
        hint="Use & for 'and', | for 'or', ~ for 'not', .is_in([...]) for 'in' and .between(low, high) for "
        "'low <= x <= high', with each comparison in parentheses.",
    )


def _operand(part: Expression) -> str:
    plain = isinstance(part, Leaf) and not isinstance(part, (Comparison, ColumnComparison))
    return repr(part) if plain else f"({part!r})"


def _display(value: Value) -> str:
    """Write a constant as short as it stays clear."""
    return f"'{value.isoformat()}'" if isinstance(value, (date, time)) else repr(value)


def _list_values(values: tuple[Value, ...]) -> str:
    more = [f"… {len(values) - 10} more"] if len(values) > 12 else []
    shown = values[:10] if more else values
    return f"[{', '.join([_display(value) for value in shown] + more)}]"

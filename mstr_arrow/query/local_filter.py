"""Conditions as Polars expressions over the delivered columns: what decides about every row in the end."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.lazy import pl
from mstr_arrow.query.expressions import (
    And,
    Between,
    ColumnComparison,
    Comparison,
    Elements,
    Leaf,
    Match,
    Membership,
    Null,
    Or,
    PolarsCondition,
    Rank,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.query.columns import Subject, Subjects
    from mstr_arrow.query.expressions import Expression, Operator, Value

_OPERATORS: dict[Operator, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_PER_UNIT = 10**9


def predicate(expression: Expression, subjects: Subjects) -> pl.Expr:
    """Make the Polars predicate of a bound condition: true, false, or null where it is unknown.

    Its columns are named as in the schema, texts may be plain or dictionaries. Where `needs_all_rows` holds, it
    is to be evaluated over the whole result at once. Errors: UsageError for conditions on elements, which only the
    server can tell.
    """
    match expression:
        case And(parts):
            return reduce(operator.and_, [predicate(part, subjects) for part in parts])
        case Or(parts):
            return reduce(operator.or_, [predicate(part, subjects) for part in parts])
        case PolarsCondition(expr):
            return expr
        case ColumnComparison():
            sides = [_values(subjects.find(name)) for name in (expression.column, expression.other)]
            return _OPERATORS[expression.operator](*sides)
        case Elements():
            raise UsageError(
                f"{expression!r} can only be decided by the server: rows do not hold the ids of their elements.",
                hint="Compare the attribute's values in its place, such as col('Region') == 'East'.",
            )
        case Leaf():
            return _condition(expression, subjects.find(expression.column))
    raise TypeError(type(expression).__name__)


def _condition(leaf: Leaf, subject: Subject) -> pl.Expr:
    values = _values(subject)
    match leaf:
        case Comparison():
            return _OPERATORS[leaf.operator](values, _literal(leaf.value, subject))
        case Between():
            return (values >= _literal(leaf.low, subject)) & (values <= _literal(leaf.high, subject))
        case Membership():
            within = values.is_in(pl.Series(leaf.values, dtype=_type_to_compare(subject), strict=True).implode())
            return ~within if leaf.negated else within
        case Null():
            return values.is_not_null() if leaf.negated else values.is_null()
        case Match():
            found = _match(values, leaf)
            return ~found if leaf.negated else found
        case Rank():
            ranked = _rank(values, leaf)
            return ~ranked if leaf.negated else ranked
    raise TypeError(type(leaf).__name__)


def _values(subject: Subject) -> pl.Expr:
    """Return a column as it is compared: texts as strings, moments with a zone as UTC."""
    values = pl.col(subject.name)
    if subject.kind == "text":
        return values.cast(pl.String)
    if subject.kind == "zoned timestamp":
        return values.dt.convert_time_zone("UTC")
    return values


def _literal(value: Value, subject: Subject) -> pl.Expr:
    return pl.lit(value, dtype=_type_to_compare(subject))


def _type_to_compare(subject: Subject) -> pl.DataType:
    dtype = subject.dtype
    return pl.Datetime(dtype.time_unit, "UTC") if isinstance(dtype, pl.Datetime) and dtype.time_zone else dtype


def _match(values: pl.Expr, match: Match) -> pl.Expr:
    if match.pattern == "contains":
        return values.str.contains(match.text, literal=True)
    return (
        values.str.starts_with(match.text) if match.pattern == "starts_with" else values.str.ends_with(match.text)
    )


def _rank(values: pl.Expr, rank: Rank) -> pl.Expr:
    """Compare ranks; equal values share the best one, and percentages are exact to nine decimals."""
    position = values.rank("min", descending=rank.ranking.startswith("top")).cast(pl.Int64)
    if not rank.ranking.endswith("percent"):
        return position <= int(rank.amount)
    return position * _PER_UNIT <= values.count().cast(pl.Int64) * round(rank.amount * _PER_UNIT / 100)

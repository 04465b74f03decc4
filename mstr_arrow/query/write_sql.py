"""Conditions as SQL writes them after WHERE. Pure."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.query.expressions import (
    And,
    Between,
    ColumnComparison,
    Comparison,
    Match,
    Membership,
    Null,
    Or,
)

if TYPE_CHECKING:
    from mstr_arrow.query.expressions import Expression, Operator, Value

_OPERATORS: dict[Operator, str] = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def quote(name: str) -> str:
    """Write the name of a column, table or schema.

    >>> quote('a "b" c')
    '"a ""b"" c"'
    """
    return '"' + name.replace('"', '""') + '"'


def to_sql(expression: Expression) -> str:
    """Write a condition as SQL does.

    Errors: UsageError for ranks, elements and Polars' expressions, which it has no words for.

    >>> from mstr_arrow.query.reference import col
    >>> print(to_sql((col("Year") >= 2024) & ~col("Region").is_in(["East", "O'Hare"])))
    ("Year" >= 2024 AND "Region" NOT IN ('East', 'O''Hare'))
    """
    match expression:
        case And(parts):
            return f"({' AND '.join(map(to_sql, parts))})"
        case Or(parts):
            return f"({' OR '.join(map(to_sql, parts))})"
        case Comparison(column, operator, value):
            return f"{quote(column)} {_OPERATORS[operator]} {_literal(value)}"
        case ColumnComparison(column, operator, other):
            return f"{quote(column)} {_OPERATORS[operator]} {quote(other)}"
        case Between(column, low, high):
            return f"{quote(column)} BETWEEN {_literal(low)} AND {_literal(high)}"
        case Membership(column, (), negated):
            return f"{quote(column)} IS NOT NULL" if negated else "FALSE"
        case Membership(column, values, negated):
            listed = ", ".join(map(_literal, values))
            return f"{quote(column)} {'NOT ' if negated else ''}IN ({listed})"
        case Null(column, negated):
            return f"{quote(column)} IS {'NOT ' if negated else ''}NULL"
        case Match(column, pattern, text, negated):
            return f"{quote(column)} {'NOT ' if negated else ''}LIKE {_pattern(pattern, text)}"
    raise UsageError(
        f"{expression!r} cannot be said in SQL.",
        hint="Compare columns with constants: by ==, <, is_in, between, is_null, contains.",
    )


def _pattern(pattern: str, text: str) -> str:
    if any(letter in text for letter in "%_\\"):
        raise UsageError(
            f"{text!r} holds a letter that stands for others in SQL's LIKE.",
            hint="Compare the whole text by == or is_in.",
        )
    before = "" if pattern == "starts_with" else "%"
    after = "" if pattern == "ends_with" else "%"
    return _literal(f"{before}{text}{after}")


def _literal(value: Value) -> str:
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            text = f"'{value.isoformat(sep=' ')}'"
            # Of three digits more than columns have, as TIMESTAMP '…' may be, it is not compared with statistics.
            return text if value.tzinfo else f"CAST({text} AS TIMESTAMP(6))"
        case date():
            return f"DATE '{value.isoformat()}'"
        case time():
            return f"TIME '{value.isoformat()}'"
    return str(value)

"""Conditions as SQL has them after WHERE, read and written: ``Region in ('East', 'West') and Revenue > 100``. Pure.

Reading needs the extra ``sql``.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.given import check_type
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
from mstr_arrow.query.reference import col
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.query.expressions import Expression, Operator, Value
    from mstr_arrow.query.reference import ColumnReference

_OPERATORS: dict[str, Operator] = {"eq": "==", "neq": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_SIGNS: dict[Operator, str] = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_MIRRORED: dict[Operator, Operator] = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PATTERN = re.compile(r"(?P<before>%?)(?P<text>[^%_]*)(?P<after>%?)", re.DOTALL)
_ARGUMENTS = {"this", "expression", "expressions", "low", "high", "negate", "quoted", "is_string", "to"}
_TEMPORAL: tuple[tuple[str, Callable[[str], Value]], ...] = (
    ("DATETIME", datetime.fromisoformat),
    ("TIMESTAMP", datetime.fromisoformat),
    ("DATE", date.fromisoformat),
    ("TIME", time.fromisoformat),
)
_ZONED = ("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
_GRAMMAR = (
    "It takes = <> < <= > >=, IN, BETWEEN, IS NULL, LIKE with % at the ends, AND, OR, NOT and parentheses, over "
    "columns (\"in quotes\" where a name is no word), numbers, 'texts', TRUE, FALSE, DATE '2024-01-31', TIMESTAMP "
    "and TIME."
)


def from_sql(text: str) -> Expression:
    """Read a condition as SQL writes it after WHERE, in the spelling of DuckDB and PostgreSQL.

    Errors: UsageError for what is not SQL, or has no counterpart among conditions, naming that part; also where
    sqlglot is not installed.
    """
    check_type("the condition", text, str, "a text")
    try:
        import sqlglot  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            "sqlglot is not installed, which reads conditions as SQL.",
            hint=advice("install sqlglot", "pip install 'mstr-arrow[sql]', or use {col()}."),
        ) from error
    try:
        parsed = sqlglot.Dialect.get_or_raise("duckdb").parse_into(sqlglot.exp.Condition, text)
        if len(parsed) == 1 and parsed[0] is not None:
            return _condition(parsed[0])
    except sqlglot.errors.SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        where = f" at {details[0]['highlight']!r}" if details[0].get("highlight") else ""
        raise UsageError(f"the condition {text!r} is no SQL{where}.", hint=_GRAMMAR) from error
    except RecursionError as error:
        raise UsageError("the condition is nested too deeply.", hint="Use fewer parentheses.") from error
    raise UsageError(f"the condition {text!r} is not one condition.", hint=_GRAMMAR)


def _condition(node: Any) -> Expression:
    """Read a node of the parser's tree."""
    if node.args.get("negate"):  # how newer versions write NOT LIKE
        positive = node.copy()
        positive.set("negate", None)
        return ~_condition(positive)
    match _key(node):
        case "paren":
            return _condition(node.this)
        case "not":
            return ~_condition(node.this)
        case "and":
            return reduce(and_, map(_condition, node.flatten()))
        case "or":
            return reduce(or_, map(_condition, node.flatten()))
        case "column":
            return _column(node) == True  # noqa: E712 - a condition
    return _test(node)


def _test(node: Any) -> Expression:
    """Read what tests one column."""
    match _key(node):
        case "is" if _key(node.expression) == "null":
            return _column(node.this).is_null()
        case "in" if node.expressions:
            return _column(node.this).is_in([_value(item) for item in node.expressions])
        case "between":
            return _column(node.this).between(_value(node.args["low"]), _value(node.args["high"]))
        case "like":
            return _like(node)
        case key if key in _OPERATORS:
            return _comparison(_OPERATORS[key], node.this, node.expression)
    raise _unknown(node)


def _comparison(operator: Operator, left: Any, right: Any) -> Expression:
    if _key(_bare(left)) != "column":
        left, right, operator = right, left, _MIRRORED[operator]
    other = _column(right) if _key(_bare(right)) == "column" else _value(right)
    return _column(left).compare(operator, other)


def _like(node: Any) -> Expression:
    column, pattern = _column(node.this), _value(node.expression)
    found = _PATTERN.fullmatch(pattern) if isinstance(pattern, str) else None
    if found is None:
        raise _unknown(node)
    match bool(found["before"]), bool(found["after"]):
        case True, True:
            return column.contains(found["text"])
        case True, False:
            return column.ends_with(found["text"])
        case False, True:
            return column.starts_with(found["text"])
    return column == found["text"]


def _column(node: Any) -> ColumnReference:
    bare = _bare(node)
    if _key(bare) != "column":
        raise _unknown(node)
    return col(bare.name)


def _value(node: Any) -> Value:
    """Read a constant."""
    bare = _bare(node)
    if _key(bare) == "cast" and _key(bare.this) == "literal" and bare.this.is_string:
        return _moment(bare)
    try:
        match _key(bare):
            case "literal" if bare.is_string:
                return str(bare.this)
            case "literal":
                return _number(bare.this)
            case "neg" if _key(bare.this) == "literal" and not bare.this.is_string:
                return -_number(bare.this.this)
            case "boolean":
                return bool(bare.this)
    except (ValueError, ArithmeticError) as error:
        raise _unknown(node) from error
    raise _unknown(node)


def _moment(node: Any) -> Value:
    """Read a date, timestamp or time of day; one in a zone has to name it."""
    name = node.args["to"].sql()
    parse = next((parse for prefix, parse in _TEMPORAL if name.startswith(prefix)), None)
    if parse is None:
        raise _unknown(node)
    try:
        value = parse(node.this.this)
    except ValueError as error:
        raise _unknown(node) from error
    if name.startswith(_ZONED) and getattr(value, "tzinfo", None) is None:
        raise UsageError(
            f"{node.sql(dialect='duckdb')!r} is a moment in a zone that it does not name.",
            hint="Add an offset, as in TIMESTAMPTZ '2024-01-31 10:20:00+02:00', or write TIMESTAMP.",
        )
    return value


def _number(text: str) -> int | float | Decimal:
    """Read a number, as a decimal only where a double would not be just the same."""
    if text.isdecimal():
        return int(text)
    number, exact = float(text), Decimal(text)
    return number if Decimal(repr(number)) == exact else exact


def _bare(node: Any) -> Any:
    while _key(node) == "paren":
        node = node.this
    return node


def _key(node: Any) -> str:
    """Name the kind of a node; "" for one with clauses that have no counterpart, such as a table's name."""
    return node.key if {name for name, value in node.args.items() if value} <= _ARGUMENTS else ""


def _unknown(node: Any) -> UsageError:
    return UsageError(f"{node.sql(dialect='duckdb')!r} is no condition that is known here.", hint=_GRAMMAR)


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
            return f"{quote(column)} {_SIGNS[operator]} {_literal(value)}"
        case ColumnComparison(column, operator, other):
            return f"{quote(column)} {_SIGNS[operator]} {quote(other)}"
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
            return f"{quote(column)} {'NOT ' if negated else ''}LIKE {_like_pattern(pattern, text)}"
    raise UsageError(
        f"{expression!r} cannot be said in SQL.",
        hint="Compare columns with constants: by ==, <, is_in, between, is_null, contains.",
    )


def _like_pattern(pattern: str, text: str) -> str:
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

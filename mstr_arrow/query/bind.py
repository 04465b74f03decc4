"""Conditions checked against the columns of a result: real names, and constants of the columns' own types.

After this a condition is free of surprises: a column of whole numbers is compared with whole numbers only, one of
dates with dates only, because a constant between two values that the column can hold is moved to its neighbour.
``Year > 2019.5`` becomes ``Year > 2019``, which keeps the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from mstr_arrow.errors import UsageError
from mstr_arrow.query.columns import NUMBERS
from mstr_arrow.query.expressions import (
    And,
    Between,
    ColumnComparison,
    Comparison,
    Elements,
    Expression,
    Leaf,
    Match,
    Membership,
    Or,
    PolarsCondition,
    Rank,
)
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.query.columns import Kind, Subject, Subjects
    from mstr_arrow.query.expressions import Operator, Value

_EXACT = Context(prec=1000)
_INSTANTS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 1}
"""Microseconds between two values of a timestamp, as far as Python's own can tell."""
_NANOSECONDS = (datetime(1677, 9, 21, 0, 12, 44), datetime(2262, 4, 11, 23, 47, 16))  # noqa: DTZ001 - naive, too
"""The range of timestamps in nanoseconds, to the second."""

_WORDS: dict[Kind, tuple[str, str]] = {
    "integer": ("whole numbers", "a number, such as 7"),
    "double": ("numbers", "a number, such as 7.5"),
    "decimal": ("decimal numbers", "a number, such as 7.5 or Decimal('7.5')"),
    "text": ("texts", "a text, such as 'East'"),
    "date": ("dates", "a date, such as datetime.date(2024, 1, 31) or '2024-01-31'"),
    "timestamp": ("timestamps", "a datetime without a zone, such as datetime(2024, 1, 31, 10, 20) or its ISO text"),
    "zoned timestamp": ("timestamps with a zone", "a datetime with a zone, or its ISO text with an offset"),
    "time": ("times of day", "a time, such as datetime.time(10, 20) or '10:20'"),
    "bool": ("bools", "True or False"),
    "other": (
        "values that nothing can be compared with",
        naming("{ColumnReference.is_null()} or {ColumnReference.is_not_null()}"),
    ),
}


def bind(expression: Expression, subjects: Subjects) -> Expression:
    """Resolve the names of a condition and fit its constants to their columns.

    Errors: UsageError for an unknown or ambiguous name, an operator that the column's type does not have, and a
    constant of another type.
    """
    match expression:
        case And(parts) | Or(parts):
            return _flat(type(expression), [bind(part, subjects) for part in parts])
        case PolarsCondition():
            return expression  # `polars_conditions` has seen to it
        case Elements():
            return _elements(expression, subjects.find_attribute(expression.column))
        case ColumnComparison():
            return _columns(expression, subjects.find(expression.column), subjects.find(expression.other))
        case Leaf():
            return _leaf(expression, subjects.find(expression.column))
        case _:
            raise UsageError(f"{expression!r} is no condition.", hint=naming("Make conditions with {col()}."))


def _flat(kind: type[And | Or], parts: list[Expression]) -> Expression:
    return kind(tuple(item for part in parts for item in (part.parts if isinstance(part, kind) else (part,))))


def _leaf(leaf: Leaf, subject: Subject) -> Expression:
    named = replace(leaf, column=subject.name)
    match named:
        case Comparison():
            return _comparison(named, subject)
        case Between():
            low = _bind_order(Comparison(named.column, ">=", named.low), subject)
            high = _bind_order(Comparison(named.column, "<=", named.high), subject)
            if low.operator == ">=" and high.operator == "<=":
                return Between(named.column, low.value, high.value)
            return And((low, high))
        case Membership():
            points = [_point(subject, value, named) for value in named.values]
            return replace(named, values=tuple(point.value for point in points if point.side == 0))
        case Match() if subject.kind != "text":
            raise _misfit(named, subject, f"{named.pattern} is for texts.")
        case Rank() if subject.role != "metric" or subject.kind not in NUMBERS:
            raise _misfit(named, subject, f"{named.ranking} is for metrics that are numbers.")
        case _:
            return named


def _elements(elements: Elements, subject: Subject) -> Expression:
    for item in elements.ids:
        owner = subject.object_id.upper()
        if not (item.upper().endswith(f";{owner}") or item.upper().startswith(f"{owner}:")):
            raise UsageError(
                f"{item!r} is no element of {elements.column!r}, whose id is {subject.object_id}.",
                hint=f"Its elements have ids such as 'h1;{subject.object_id}' or '{subject.object_id}:1'.",
            )
    return replace(elements, column=subject.name)


def _columns(comparison: ColumnComparison, left: Subject, right: Subject) -> Expression:
    named = replace(comparison, column=left.name, other=right.name)
    if left.kind != right.kind and not {left.kind, right.kind} <= NUMBERS:
        words = " and ".join(_WORDS[each.kind][0] for each in (left, right))
        raise UsageError(
            f"{named!r} compares {words}.", hint="Columns are compared with columns of their own kind."
        )
    if left.kind == "other" or (left.kind == "bool" and named.operator not in {"==", "!="}):
        raise _misfit(named, left, "They have no order.")
    return named


def _comparison(comparison: Comparison, subject: Subject) -> Expression:
    if comparison.operator not in {"==", "!="}:
        return _bind_order(comparison, subject)
    point = _point(subject, comparison.value, comparison)
    if point.side:
        return Membership(comparison.column, (), negated=comparison.operator == "!=")
    return replace(comparison, value=point.value)


def _bind_order(comparison: Comparison, subject: Subject) -> Comparison:
    """Fit a comparison by order, with the neighbour of the constant where the column cannot hold it."""
    if subject.kind == "bool":
        raise _misfit(comparison, subject, "They have no order.")
    point = _point(subject, comparison.value, comparison)
    operator = comparison.operator
    if point.side:
        beside: tuple[Operator, Operator] = ("<=", ">") if point.side > 0 else ("<", ">=")
        operator = beside[operator in {">", ">="}]
    return replace(comparison, operator=operator, value=point.value)


@dataclass(frozen=True, slots=True)
class _Point:
    """A value a column can hold; the constant is it (``side`` 0), or just above it (1), or just below it (-1)."""

    value: Any
    side: Literal[-1, 0, 1] = 0


def _point(subject: Subject, value: Value, leaf: Leaf) -> _Point:
    """Fit a constant to a column; errors: UsageError where its type is another."""
    match subject.kind:
        case "integer" | "double" | "decimal" if isinstance(value, (int, float, Decimal)) and not isinstance(
            value, bool
        ):
            return _number(subject, value)
        case "text" if isinstance(value, str):
            return _Point(value)
        case "bool" if isinstance(value, bool):
            return _Point(value)
        case "date" | "timestamp" | "zoned timestamp":
            return _moment(subject, _parse(datetime.fromisoformat, value, subject, leaf), leaf)
        case "time":
            clock = _parse(time.fromisoformat, value, subject, leaf)
            if isinstance(clock, time) and clock.tzinfo is not None:
                raise _misfit(leaf, subject, f"{clock.isoformat()!r} has a zone.")
            if isinstance(clock, time):
                step = _INSTANTS[subject.type.unit]
                rest = clock.microsecond % step
                return _Point(clock.replace(microsecond=clock.microsecond - rest), 1 if rest else 0)
    raise _misfit(leaf, subject, f"{value!r} is {_article(value)}.")


def _number(subject: Subject, value: float | Decimal) -> _Point:
    if subject.kind == "double":
        return _Point(float(value))
    if subject.kind == "integer":
        values = 2**subject.type.bit_width
        low = 0 if pa.types.is_unsigned_integer(subject.type) else -values // 2
        return _whole(Decimal(value), low, low + values - 1)
    largest = 10**subject.type.precision - 1
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    point = _whole(number.scaleb(subject.type.scale, _EXACT), -largest, largest)
    return replace(point, value=Decimal(point.value).scaleb(-subject.type.scale, _EXACT))


def _whole(number: Decimal, low: int, high: int) -> _Point:
    """Find the whole number at or just below a number, or the limit nearest to it."""
    if number < low:
        return _Point(low, -1)
    floor = int(number.to_integral_value(ROUND_FLOOR))
    return _Point(floor, 1 if number > floor else 0) if floor <= high else _Point(high, 1)


def _moment(subject: Subject, value: Value, leaf: Leaf) -> _Point:
    """Fit a date or datetime to a column of dates or timestamps; a date is the first moment of its day."""
    if not isinstance(value, date):
        raise _misfit(leaf, subject, f"{value!r} is {_article(value)}.")
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    zoned = subject.kind == "zoned timestamp"
    if subject.kind == "timestamp" and moment.tzinfo is not None:
        raise _without_zone(leaf, subject, moment)
    if zoned is (moment.tzinfo is None):
        raise _misfit(leaf, subject, f"{value.isoformat()!r} has {'no' if zoned else 'a'} zone.")
    if subject.kind == "date":
        return _Point(moment.date(), 1 if moment.time() != time() else 0)
    zone = UTC if zoned else None
    if zoned:
        moment = moment.astimezone(UTC)
    if subject.type.unit == "ns":
        first, last = (limit.replace(tzinfo=zone) for limit in _NANOSECONDS)
        if not first <= moment <= last:
            return _Point(first, -1) if moment < first else _Point(last, 1)
    rest = moment.microsecond % _INSTANTS[subject.type.unit]
    return _Point(moment - timedelta(microseconds=rest), 1 if rest else 0)


def _without_zone(leaf: Leaf, subject: Subject, moment: datetime) -> UsageError:
    """Make the error for a moment that is compared with what a server's clock shows, in a zone it does not tell."""
    return UsageError(
        f"{leaf!r} names a moment in a zone, and the column {subject.name!r} holds timestamps without one, as the "
        "server writes them.",
        hint=advice(
            "compare by the server's clock",
            "Give it by the clock of the server, which is {utc!r} if that shows UTC; or say that the column is in "
            "UTC: types={{{name!r}: pa.timestamp('us', 'UTC')}}.",
            utc=moment.astimezone(UTC).replace(tzinfo=None).isoformat(),
            name=subject.name,
        ),
    )


def _parse(parse: Callable[[str], Value], value: Value, subject: Subject, leaf: Leaf) -> Value:
    """Read a constant given as ISO text."""
    if not isinstance(value, str):
        return value
    try:
        return parse(value)
    except ValueError as error:
        raise _misfit(leaf, subject, f"{value!r} is none ({error}).") from error


def _article(value: Value) -> str:
    """Name the kind of a constant."""
    kinds: dict[type, str] = {
        bool: "a bool",
        str: "a text",
        datetime: "a datetime",
        date: "a date",
        time: "a time of day",
    }
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), "a number")


def _misfit(leaf: Leaf, subject: Subject, why: str) -> UsageError:
    holds, wanted = _WORDS[subject.kind]
    return UsageError(
        f"{leaf!r} does not fit the column {subject.name!r}, which holds {holds}: {why}",
        hint=naming("It takes {wanted}.", wanted=wanted),
    )

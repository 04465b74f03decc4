"""Columns to make conditions of: ``(col("Year") >= 2024) & col("Region").is_in(["East", "West"])``."""

from __future__ import annotations

import math
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from mstr_arrow.errors import UsageError
from mstr_arrow.lazy import pl
from mstr_arrow.query.expressions import (
    Between,
    ColumnComparison,
    Comparison,
    Elements,
    Expression,
    Match,
    Membership,
    Null,
    Rank,
    Value,
    as_condition,
    no_truth,
)
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mstr_arrow.query.expressions import Operator
    from mstr_arrow.wording import Wording

_LARGEST = int(sys.float_info.max)
"""Beyond this there are no doubles, and comparisons would only waste memory."""


def names_of(columns: Sequence[object], call: Wording) -> tuple[str, ...]:
    """Read the columns that a call names: texts, references made by `col`, or one list of them.

    Errors: UsageError for anything else, for a name that is there twice, and for none.

    >>> names_of([["Region", col("Units")]], naming("{Scan.select()}"))
    ('Region', 'Units')
    """
    if len(columns) == 1 and isinstance(columns[0], list | tuple):
        columns = columns[0]
    names = [column.name if isinstance(column, ColumnReference) else column for column in columns]
    if not names:
        raise UsageError(naming("{call} names no column.", call=call), hint="Name at least one.")
    for name in names:
        if not isinstance(name, str):
            kind = "Polars expression" if isinstance(name, pl.Expr) else type(name).__name__
            raise UsageError(
                naming("{call} takes names of columns; {name!r} is a {kind}.", call=call, kind=kind, name=name),
                hint=naming("Name columns, as texts or by {col()}; {Scan.lazy()} takes Polars expressions."),
            )
        if names.count(name) > 1:
            raise UsageError(f"the column {name!r} is asked for twice.", hint="Name it once.")
    return tuple(map(str, names))


def conditions_of(given: Sequence[object]) -> list[Expression]:
    """Read the conditions that a call is given: those made by `col`, and Polars expressions.

    Errors: UsageError for anything else, with what takes it.

    >>> conditions_of([col("Units") > 3, pl.col("Region") == "East"])
    [Units > 3, [(col("Region")) == ("East")]]
    """
    found: list[Expression] = []
    for each in given:
        condition = as_condition(each)
        if condition is None:
            hint = naming("Make conditions of {col()}, as in col('Units') > 3.")
            if isinstance(each, str):
                hint = naming("{Scan.filter_sql()} takes conditions as texts.")
            raise UsageError(
                naming("{Scan.filter()} takes conditions, not {condition!r}.", condition=each), hint=hint
            )
        found.append(condition)
    return found


class ColumnReference:
    """A column to make conditions of; see `col`."""

    __slots__ = ("name",)
    name: str

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise UsageError(
                f"col() takes the name of a column, not {name!r}.",
                hint="A name, Attribute@FORM or an id, as a str.",
            )
        object.__setattr__(self, "name", name)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a column reference is not changed; {name!r} was to be set")

    def __repr__(self) -> str:
        return f"col({self.name!r})"

    __hash__ = None  # type: ignore[assignment]  # `==` makes a condition, so no dict or set could find it

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]  # a condition, as in Polars
        return self.compare("==", other)

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]  # a condition, as in Polars
        return self.compare("!=", other)

    def __lt__(self, other: object) -> Expression:
        return self.compare("<", other)

    def __le__(self, other: object) -> Expression:
        return self.compare("<=", other)

    def __gt__(self, other: object) -> Expression:
        return self.compare(">", other)

    def __ge__(self, other: object) -> Expression:
        return self.compare(">=", other)

    def __bool__(self) -> bool:
        raise no_truth(f"The column {self.name!r}")

    def __contains__(self, item: object) -> NoReturn:
        raise UsageError(
            f"{item!r} in {self!r} is no condition.", hint=f"Write {self!r}.contains(...) or {self!r}.is_in([...])."
        )

    def __iter__(self) -> Iterator[object]:
        raise UsageError(f"{self!r} has no rows to go through; it stands for a column in conditions.")

    def _refuse_combining(self, _: object) -> NoReturn:
        raise UsageError(
            f"{self!r} stands beside & or |, but is no condition.",
            hint="Put each comparison in parentheses, (col('A') > 1) & (col('B') > 2); compare bools with == True.",
        )

    __and__ = __rand__ = __or__ = __ror__ = _refuse_combining

    def __invert__(self) -> NoReturn:
        raise UsageError(
            f"~{self!r} has no meaning.", hint=f"Write {self!r} == False, or put ~ before a condition."
        )

    def compare(self, operator: Operator, other: object) -> Expression:
        """Compare by an operator given by name, with a constant or another column."""
        if isinstance(other, ColumnReference):
            return ColumnComparison(self.name, operator, other.name)
        return Comparison(self.name, operator, self._value(other))

    def is_in(self, values: Iterable[object]) -> Expression:
        """Hold where the value is one of these: a list, a set, a Series, an Arrow array."""
        return Membership(self.name, self._values(values))

    def not_in(self, values: Iterable[object]) -> Expression:
        """Hold where there is a value, and it is none of these."""
        return Membership(self.name, self._values(values), negated=True)

    def between(self, low: object, high: object) -> Expression:
        """Hold from ``low`` to ``high``, both included."""
        return Between(self.name, self._value(low), self._value(high))

    def is_null(self) -> Expression:
        """Hold where there is no value."""
        return Null(self.name)

    def is_not_null(self) -> Expression:
        """Hold where there is a value."""
        return Null(self.name, negated=True)

    def contains(self, text: str) -> Expression:
        """Hold where the text has this one in it, to the letter: no wildcards, no regular expression."""
        return Match(self.name, "contains", self._text(text))

    def starts_with(self, text: str) -> Expression:
        """Hold where the text starts with this one."""
        return Match(self.name, "starts_with", self._text(text))

    def ends_with(self, text: str) -> Expression:
        """Hold where the text ends with this one."""
        return Match(self.name, "ends_with", self._text(text))

    def top(self, rows: int) -> Expression:
        """Hold for the greatest values of a metric among all rows; equal ones are kept together."""
        return Rank(self.name, "top", self._rows(rows))

    def bottom(self, rows: int) -> Expression:
        """Hold for the least values of a metric among all rows; equal ones are kept together."""
        return Rank(self.name, "bottom", self._rows(rows))

    def top_percent(self, percent: float) -> Expression:
        """Hold for the greatest values of a metric, as many as ``percent`` of the rows that have a value."""
        return Rank(self.name, "top_percent", self._percent(percent))

    def bottom_percent(self, percent: float) -> Expression:
        """Hold for the least values of a metric, as many as ``percent`` of the rows that have a value."""
        return Rank(self.name, "bottom_percent", self._percent(percent))

    def has_elements(self, ids: Iterable[str]) -> Expression:
        """Hold where the attribute has one of these elements, by ids such as ``"h1;8D67…"`` or ``"8D67…:1"``."""
        return Elements(self.name, self._ids(ids))

    def lacks_elements(self, ids: Iterable[str]) -> Expression:
        """Hold where the attribute has none of these elements."""
        return Elements(self.name, self._ids(ids), negated=True)

    def _value(self, value: object) -> Value:
        """Check a constant; scalars of other libraries become Python's own."""
        if isinstance(value, pl.Expr):
            raise UsageError(
                f"the column {self.name!r} is compared with the Polars expression {str(value)!r}.",
                hint="Make both sides by the same col: mstr_arrow's, or Polars' own.",
            )
        for convert in ("as_py", "item"):  # of Arrow, of numpy
            if not isinstance(value, Value) and hasattr(value, convert):
                value = getattr(value, convert)()
        if value is None:
            raise UsageError(
                f"the column {self.name!r} is compared with None.",
                hint=naming("Use {ColumnReference.is_null()} or {ColumnReference.is_not_null()}."),
            )
        if isinstance(value, Expression) or not isinstance(value, Value):
            kind = "a condition" if isinstance(value, Expression) else f"a {type(value).__name__}"
            raise UsageError(
                f"the column {self.name!r} is compared with {kind}, {value!r}.",
                hint="Compare it with a number, text, bool, date, datetime, time or another column; "
                "put each comparison in parentheses: (col('A') > 1) & (col('B') > 2).",
            )
        if isinstance(value, int | float | Decimal) and not _is_held(value):
            raise UsageError(f"the column {self.name!r} is compared with a number that no column holds.")
        return value

    def _values(self, values: Iterable[object]) -> tuple[Value, ...]:
        if isinstance(values, (str, bytes, ColumnReference)) or not hasattr(values, "__iter__"):
            raise UsageError(
                f"is_in and not_in of the column {self.name!r} take a list of values, not {values!r}.",
                hint="For one value, use == or !=.",
            )
        checked = tuple(map(self._value, values))
        # The order of a set differs from run to run; a request should not.
        return tuple(sorted(checked, key=repr)) if isinstance(values, set | frozenset) else checked

    def _text(self, text: object) -> str:
        if not isinstance(text, str):
            raise UsageError(f"the column {self.name!r} is searched for {text!r}, which is no text.")
        return text

    def _rows(self, rows: object) -> int:
        if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
            raise UsageError(f"a rank of {self.name!r} takes a number of rows of at least 1, not {rows!r}.")
        return rows

    def _percent(self, percent: float) -> float:
        if not isinstance(percent, (int, float)) or isinstance(percent, bool) or not 0 < percent <= 100:
            raise UsageError(f"a rank of {self.name!r} takes a percentage above 0, at most 100, not {percent!r}.")
        return percent

    def _ids(self, ids: Iterable[str]) -> tuple[str, ...]:
        listed = () if isinstance(ids, str) else tuple(ids)
        if not listed or not all(isinstance(item, str) for item in listed):
            raise UsageError(
                f"elements of {self.name!r} are given as a list of at least one id, not {ids!r}.",
                hint="An element's id is 'h1;<id of the attribute>' or '<id of the attribute>:1'.",
            )
        return listed


def _is_held(number: float | Decimal) -> bool:
    finite = isinstance(number, int) or math.isfinite(number)
    return finite and -_LARGEST <= number <= _LARGEST


def col(name: str) -> ColumnReference:
    """Name a column to make conditions of: its name, ``Attribute@FORM``, or an id.

    Errors: UsageError for values that no column holds, and for ``and``, ``or``, ``not``, ``in`` and chained
    comparisons, which Python gives no way to mean a condition.

    >>> (col("Year") >= 2024) & ~col("Region").is_in(["East", "West"])
    (Year >= 2024) & Region.not_in(['East', 'West'])
    """
    return ColumnReference(name)

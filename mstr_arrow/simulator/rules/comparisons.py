"""Typed comparisons of columns with constants and with each other, and ranks, as Polars expressions.

Every comparison is null where the subject is.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from mstr_arrow.simulator.bodies import bad_request

from .constants import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .collation import Collation
    from .constants import Value

_MOMENT = pl.Datetime("us")
_DECIMAL = pl.Decimal(38, 18)
_DECIMAL_SCALE = 18
_RANGES = {0: range(-(2**63), 2**63), _DECIMAL_SCALE: range(1 - 10**38, 10**38)}
"""The range of a number column that is no double, in units of its last place, by the number of its places."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A column as it is compared: texts by their collation, integers as Int64, other numbers as they are."""

    values: pl.Expr
    dtype: pl.DataType
    is_metric: bool

    @classmethod
    def of(cls, column: str, dtype: pl.DataType, collation: Collation, *, is_metric: bool) -> Subject:
        """Make a column comparable."""
        values = pl.col(column)
        if dtype == pl.String:
            return cls(collation.fold(values), dtype, is_metric)
        common: pl.DataType = _MOMENT
        if dtype == pl.Boolean or dtype.is_integer():
            common = pl.Int64()
        elif dtype.is_float():
            common = pl.Float64()
        elif dtype.is_decimal():
            common = _DECIMAL
        elif dtype == pl.Time:
            common = pl.Time()
        return cls(values.cast(common), common, is_metric)

    @property
    def kind(self) -> Kind:
        """The kind of values that the column can be compared with."""
        return Kind.of(self.dtype)

    def constantly(self, answer: bool | None) -> pl.Expr:
        """Give one answer for every row with a value."""
        return pl.when(self.values.is_not_null()).then(pl.lit(answer, dtype=pl.Boolean))


def compare(operator: str, subject: Subject, value: Value | None) -> pl.Expr:
    """Compare with a constant by ``Equals``, ``Less``, ``LessEqual``, ``Greater`` or ``GreaterEqual``.

    Integers and big decimals are compared exactly, doubles with the double next to the constant. None is a
    constant that counts as null: the comparison is null everywhere.
    """
    if value is None:
        return subject.constantly(None)
    if not isinstance(value, Decimal):
        return _compare_in_order(operator, subject.values, pl.lit(value, dtype=subject.dtype))
    if subject.dtype.is_float():
        return _compare_in_order(operator, subject.values, pl.lit(float(value)))
    places = _places(subject)
    below, above = _neighbours(value, places)
    if operator == "Equals" and below != above:
        return subject.constantly(False)
    bound = above if operator in {"Less", "GreaterEqual"} else below
    if bound not in _RANGES[places]:
        return subject.constantly(operator.startswith("Greater" if bound < 0 else "Less"))
    return _compare_in_order(operator, subject.values, _literal(bound, subject))


def within(subject: Subject, values: Sequence[Value | None]) -> pl.Expr:
    """Tell whether the subject is one of these constants; one that counts as null leaves the others' no open."""
    known = [value for value in values if value is not None]
    found = _is_in(subject, _leave_out_unequal(subject, known))
    return found if len(known) == len(values) else pl.when(found).then(pl.lit(value=True))


def compare_columns(operator: str, left: Subject, right: Subject) -> pl.Expr:
    """Compare two columns; where one is a double, as doubles."""
    if left.kind is not right.kind:
        raise bad_request(f"A {left.kind.value} cannot be compared with a {right.kind.value}.")
    if left.dtype == right.dtype:
        return _compare_in_order(operator, left.values, right.values)
    common = pl.Float64() if left.dtype.is_float() or right.dtype.is_float() else _DECIMAL
    return _compare_in_order(operator, left.values.cast(common), right.values.cast(common))


def _compare_in_order(operator: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    match operator:
        case "Equals":
            return left == right
        case "Less":
            return left < right
        case "LessEqual":
            return left <= right
        case "Greater":
            return left > right
        case _:
            return left >= right


def _is_in(subject: Subject, values: Sequence[object]) -> pl.Expr:
    return subject.values.is_in(pl.Series(values, dtype=subject.dtype, strict=True).implode())


def _leave_out_unequal(subject: Subject, values: Sequence[Value]) -> Sequence[object]:
    """Leave out the numbers that no value of the column can be equal to."""
    numbers = [value for value in values if isinstance(value, Decimal)]
    if len(numbers) < len(values):
        return values
    if subject.dtype.is_float():
        return [float(number) for number in numbers]
    places = _places(subject)
    pairs = [_neighbours(number, places) for number in numbers]
    return [_plain(below, places) for below, above in pairs if below == above and below in _RANGES[places]]


def _places(subject: Subject) -> int:
    return _DECIMAL_SCALE if subject.dtype.is_decimal() else 0


def _neighbours(value: Decimal, places: int) -> tuple[int, int]:
    """Give the greatest number not above a constant and the least not below it, in units of the last place."""
    scaled = Fraction(value) * 10**places
    return math.floor(scaled), math.ceil(scaled)


def _literal(units: int, subject: Subject) -> pl.Expr:
    return pl.lit(_plain(units, _places(subject)), dtype=subject.dtype)


def _plain(units: int, places: int) -> int | Decimal:
    if not places:
        return units
    digits = tuple(int(digit) for digit in str(abs(units)))
    return Decimal((int(units < 0), digits, -places))


def matches(operator: str, subject: Subject, text: str) -> pl.Expr:
    """Look for a text by ``Contains``, ``BeginsWith``, ``EndsWith`` or ``Like``."""
    match operator:
        case "Contains":
            return subject.values.str.contains(text, literal=True)
        case "BeginsWith":
            return subject.values.str.starts_with(text)
        case "EndsWith":
            return subject.values.str.ends_with(text)
        case _:
            wild = {"%": ".*", "_": "."}
            pattern = "".join(wild.get(part) or pl.escape_regex(part) for part in re.split("([%_])", text))
            return subject.values.str.contains(f"(?s)^{pattern}$")


def compare_rank(operator: str, subject: Subject, bounds: Sequence[int], *, per: int | None) -> pl.Expr:
    """Compare the rank of each value with whole numbers by ``Equals``, ``Between``, ``Top`` or ``Bottom``.

    ``per`` makes them parts of the number of values: so many of ``per``.
    """
    if subject.kind not in {Kind.NUMBER, Kind.MOMENT}:
        raise bad_request(f"A {subject.kind.value} has no rank.")
    rank = subject.values.rank("min", descending=operator != "Bottom").cast(pl.Int64) * (per or 1)
    unit = pl.lit(1, dtype=pl.Int64) if per is None else subject.values.count().cast(pl.Int64)
    first, last = (pl.lit(bound, dtype=pl.Int64) * unit for bound in (bounds[0], bounds[-1]))
    match operator:
        case "Equals":
            return rank == first
        case "Between":
            return (rank >= first) & (rank <= last)
        case _:
            return rank <= last

"""The sums of metrics, exactly. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import frexp, isfinite, ldexp
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types as kinds

from mstr_arrow.upload.types import value_type
from mstr_arrow.upload.values import comparable

if TYPE_CHECKING:
    from collections.abc import Sequence

_MANTISSA = 52
_HALF = 2**26
_PASSES = 4
_LARGEST = 1023
_LEAST = 1074
"""A double is a whole number of units of 2 to the power of minus this."""
_TOO_LARGE = {"integer": 2**63, "double": 2**1023, "decimal": 10**20}
_ROUNDING = Fraction(1, 2**51)
"""The difference that a sum of doubles may have, per number, as a part of the sum of their absolute values."""


@dataclass(slots=True)
class Sum:
    """An exact sum; ``absolute`` is that of the numbers without their signs."""

    value: Fraction = Fraction()
    absolute: Fraction = Fraction()
    count: int = 0
    kind: str = "integer"

    @property
    def fits(self) -> bool:
        """Whether a server can be asked for it: decimals are read with 20 digits before the point."""
        return self.absolute < _TOO_LARGE[self.kind]

    def is_like(self, number: Fraction, *, beside: Fraction = Fraction()) -> bool:
        """Say whether a server may get this number, in doubles and any order, ``beside`` what it had before."""
        return abs(number - self.value) <= (self.absolute + beside) * _ROUNDING * (self.count + 1)


@dataclass(slots=True)
class Sums:
    """The sums of some columns, as their rows come."""

    columns: Sequence[str]
    sums: dict[str, Sum] = field(default_factory=dict)

    def add(self, rows: pa.Table) -> None:
        """Take the next rows."""
        for column in self.columns:
            kind = _kind(value_type(rows.schema.field(column).type))
            if kind is None:
                continue
            total = self.sums.setdefault(column, Sum(kind=kind))
            for array in rows.column(column).chunks:
                value, absolute, count = _add_up(array)
                total.value += value
                total.absolute += absolute
                total.count += count


def _kind(dtype: pa.DataType) -> str | None:
    """Say as what a server adds it up; None for what is no number."""
    if kinds.is_floating(dtype):
        return "double"
    if kinds.is_decimal(dtype) or kinds.is_uint64(dtype):
        return "decimal"
    return "integer" if kinds.is_integer(dtype) or kinds.is_boolean(dtype) else None


def _add_up(array: pa.Array) -> tuple[Fraction, Fraction, int]:
    dtype = value_type(array.type)
    values = comparable(array, time_zone="UTC").drop_nulls()
    if kinds.is_floating(dtype):
        return _doubles(values)
    if kinds.is_integer(dtype) or kinds.is_boolean(dtype):
        wide = values.cast(pl.Int128)
        return Fraction(int(wide.sum())), Fraction(int(wide.abs().sum())), len(values)
    exact = values.to_arrow()
    if not kinds.is_decimal(exact.type):
        exact = exact.cast(pa.string())
    exact = exact.cast(pa.decimal256(76, dtype.scale))
    total, absolute = pc.sum(exact).as_py() or 0, pc.sum(pc.abs(exact)).as_py() or 0
    return Fraction(total), Fraction(absolute), len(values)


def _doubles(values: pl.Series) -> tuple[Fraction, Fraction, int]:
    """Add up doubles without rounding.

    Beside a number that is larger than all of them together, doubles keep only their upper digits, whose sum is
    exact in any order; so do those of what is left, until nothing is.
    """
    total, rest = Fraction(), values
    for _ in range(_PASSES):
        largest = rest.abs().max()
        if not largest:
            break
        exponent = frexp(largest)[1] + len(values).bit_length() + 1  # type: ignore[arg-type]  # it is a float
        if exponent >= _LARGEST:
            break
        beside = ldexp(1.0, exponent)
        upper = (rest + beside) - beside
        total += Fraction(upper.sum())
        rest -= upper
    return total + _by_exponent(rest.filter(rest != 0)), _absolute(values), len(values)


def _absolute(values: pl.Series) -> Fraction:
    whole = values.abs().sum()
    return Fraction(whole) if isfinite(whole) else Fraction(2) ** _LARGEST


def _by_exponent(values: pl.Series) -> Fraction:
    """Add up doubles of any size: the mantissas of one exponent are whole numbers."""
    bits = pl.Series(values.to_arrow().view(pa.uint64()))
    parts = pl.DataFrame({"head": bits // 2**_MANTISSA, "tail": bits % 2**_MANTISSA})
    groups = parts.group_by("head").agg(
        high=(pl.col("tail") // _HALF).sum(), low=(pl.col("tail") % _HALF).sum(), count=pl.len()
    )
    total = 0
    for head, high, low, count in groups.iter_rows():
        exponent = head % 2**11
        whole = (high * _HALF + low + (count << _MANTISSA if exponent else 0)) << max(exponent, 1) - 1
        total += -whole if head >= 2**11 else whole
    return Fraction(total, 2**_LEAST)

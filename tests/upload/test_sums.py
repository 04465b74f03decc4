"""Sums are exact, whatever is added up."""

import math
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.upload.sums import Sums


def added(array):
    sums = Sums(["x"])
    half = len(array) // 2
    for part in (array[:half], array[half:]):
        sums.add(pa.table({"x": part}))
    return sums.sums["x"]


@given(st.lists(st.none() | st.floats()))
def test_doubles_are_added_up_exactly(numbers):
    exact = sum((Fraction(x) for x in numbers if x is not None and math.isfinite(x)), Fraction())
    total = added(pa.array(numbers, pa.float64()))
    assert total.value == exact
    assert total.is_like(exact)


def test_doubles_of_one_size_and_of_very_different_ones():
    numbers = [0.1 * n for n in range(5_000)] + [1e16, 1.0, -1e16, 5e-324, 1.7e308, -1.7e308]
    assert added(pa.array(numbers)).value == sum(map(Fraction, numbers))


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (pa.array([2**63 - 1] * 3), 3 * (2**63 - 1)),
        (pa.array([-(2**63)] * 3), -3 * 2**63),
        (pa.array([2**64 - 1, None, 1], pa.uint64()), 2**64),
        (pa.array([1, 2, 3], pa.int8()).dictionary_encode(), 6),
        (pa.array([0.5, 0.25], pa.float32()), Fraction(3, 4)),
        (pa.array([Decimal("9" * 30 + ".5")] * 2, pa.decimal128(38, 2)), 2 * 10**30 - 1),
        (pa.array([Decimal("9" * 45 + ".5")] * 2, pa.decimal256(60, 2)), 2 * 10**45 - 1),
        (pa.array([Decimal("-1.5")], pa.decimal128(5, 1)), Fraction(-3, 2)),
        (pa.array([None], pa.int64()), 0),
    ],
)
def test_numbers_of_every_kind(array, value):
    assert added(array).value == value


def test_what_is_no_number_has_no_sum():
    sums = Sums(["x"])
    sums.add(pa.table({"x": ["a"]}))
    assert sums.sums == {}


def test_a_sum_is_alike_to_rounding_and_no_further():
    total = added(pa.array([0.1] * 1000))
    assert total.is_like(Fraction(sum([0.1] * 1000)))
    assert not total.is_like(Fraction(sum([0.1] * 999)))
    assert not added(pa.array([3] * 10)).is_like(Fraction(29))


def test_a_sum_that_is_too_large_is_not_asked_for():
    assert not added(pa.array([2**62] * 3)).fits
    assert not added(pa.array([Decimal(10**20)], pa.decimal128(38, 0))).fits
    assert added(pa.array([1e300])).fits

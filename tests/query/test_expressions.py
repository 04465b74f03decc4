"""How conditions are made and read, and what Python's own logic is refused with."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import UsageError
from mstr_arrow.query.expressions import all_of, column_names, conjuncts, needs_all_rows
from mstr_arrow.query.reference import col

year, region = col("Year"), col("Region")


def test_conditions_read_as_they_are_written():
    assert ma.col is col
    cases = {
        "(Year >= 2024) & Region.is_in(['East', 'West'])": (year >= 2024) & region.is_in(["East", "West"]),
        "Day < '2024-01-31'": col("Day") < dt.date(2024, 1, 31),
        "Revenue > Cost": col("Revenue") > col("Cost"),
        "Year > 3": 3 < year,  # noqa: SIM300 - what Python turns around
        "Weight == Decimal('1.50')": col("Weight") == Decimal("1.50"),
        "Flag == True": col("Flag") == True,  # noqa: E712 - a condition
        "((Year == 1) | (Year == 2)) & Region.is_not_null()": ((year == 1) | (year == 2)) & region.is_not_null(),
        "(Year == 1) & (Year == 2) & (Year == 3)": (year == 1) & ((year == 2) & (year == 3)),
        "Revenue.top_percent(2.5)": col("Revenue").top_percent(2.5),
        "Region.lacks_elements(['h1;A'])": ~region.has_elements(["h1;A"]),
        "Year.is_in([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … 90 more])": year.is_in(range(100)),
    }
    assert {repr(expression): name for name, expression in cases.items()} == {name: name for name in cases}


def test_opposites_are_drawn_at_once():
    cases = {
        "Year != 1": ~(year == 1),
        "Year >= 1": ~(year < 1),
        "Year > 1": ~(year <= 1),
        "Year > Units": ~(year <= col("Units")),
        "(Year < 1) | (Year > 2)": ~year.between(1, 2),
        "Year.not_in([1])": ~year.is_in([1]),
        "Year.is_null()": ~year.is_not_null(),
        "~Region.contains('a')": ~region.contains("a"),
        "~Revenue.top(3)": ~col("Revenue").top(3),
        "(Year != 1) | Region.is_null()": ~((year == 1) & region.is_not_null()),
        "(Year != 1) & (Year != 2)": ~((year == 1) | (year == 2)),
    }
    for text, expression in cases.items():
        assert repr(expression) == text
        assert repr(~~expression) == text


def test_equal_conditions_are_equal():
    assert (year > 1) & region.is_null() == (col("Year") > 1) & col("Region").is_null()
    assert (year > 1) != (year > 2)
    assert len({year > 1, col("Year") > 1, year >= 1}) == 2


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: 1 < year < 3,
        lambda: year > 1 and year < 3,
        lambda: year > 1 or year < 3,
        lambda: not year.is_null(),
        lambda: not year,
        lambda: year in [1, 2],
        lambda: "a" in region,
        lambda: list(region),
        lambda: 1 & year,
        lambda: year > 1 & col("Units"),
        lambda: year | (year > 1),
        lambda: ~col("Flag"),
        lambda: (year > 1) & True,
        lambda: (year > 1) | "x",
        lambda: year > (year > 1),
    ],
)
def test_python_logic_is_refused_with_what_to_write(mistake):
    with pytest.raises(UsageError) as caught:
        mistake()
    assert caught.value.hint or "has no rows" in caught.value.message


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        (lambda: year == None, r"None. Use is_null\(\) or is_not_null\(\)"),  # noqa: E711 - the mistake
        (lambda: year.is_in([1, None]), "None"),
        (lambda: year == b"x", "a bytes"),
        (lambda: year == dt.timedelta(1), "a timedelta"),
        (lambda: year == pl.col("x"), "the Polars expression"),
        (lambda: year > float("-inf"), "no column holds"),
        (lambda: year > float("inf"), "no column holds"),
        (lambda: year > 10**5000, "no column holds"),
        (lambda: year > Decimal("NaN"), "no column holds"),
        (lambda: year.is_in("East"), "a list of values, not 'East'. For one value, use =="),
        (lambda: year.is_in(3), "a list of values"),
        (lambda: year.is_in(region), "a list of values"),
        (lambda: region.contains(3), "no text"),
        (lambda: year.top(0), "at least 1"),
        (lambda: year.top(2.5), "at least 1"),
        (lambda: year.top_percent(0), "above 0, at most 100"),
        (lambda: year.top_percent(101), "above 0, at most 100"),
        (lambda: region.has_elements("h1;A"), "list of at least one id"),
        (lambda: region.has_elements([]), "list of at least one id"),
        (lambda: col(3), "the name of a column, not 3"),
    ],
)
def test_values_no_column_could_hold_are_refused(mistake, said):
    with pytest.raises(UsageError, match=said):
        mistake()


def test_values_of_other_libraries_become_pythons():
    class Scalar:
        def item(self):
            return 7

    assert (year == Scalar()) == (year == 7)
    assert (year == pa.scalar(7)) == (year == 7)
    assert year.is_in(pa.array([1, 2])) == year.is_in([1, 2])
    assert year.is_in(pl.Series([1, 2])) == year.is_in(range(1, 3))
    assert year.is_in({3, 1, 2}) == year.is_in([1, 2, 3])


def test_a_reference_is_not_changed():
    with pytest.raises(AttributeError):
        year.name = "Month"
    with pytest.raises(TypeError):
        hash(year)


def test_conditions_are_taken_apart_and_joined():
    tree = (year > 1) & (region.is_null() | (col("Revenue") > col("Cost"))) & col("Revenue").top(3)
    assert all_of(conjuncts(tree)) == tree
    assert all_of([]) is None
    assert all_of([year > 1]) == (year > 1)
    assert column_names(tree) == ["Year", "Region", "Revenue", "Cost"]
    assert needs_all_rows(tree)
    assert not needs_all_rows(year > 1)

"""Calls mean what they say in the order in which they stand, or are refused with the order that works."""

import polars as pl
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.query.query import Query, SortKey
from mstr_arrow.query.reference import col, conditions_of, names_of
from mstr_arrow.wording import name_path

UNITS, RANK = col("Units") > 1, col("Units").top(3)


def test_a_filter_before_aggregate_is_about_rows_and_after_it_about_sums():
    query = Query().filtered([UNITS]).aggregated(("Region", "Units")).filtered([col("Units") > 9])
    assert (query.where, query.having) == (UNITS, col("Units") > 9)


def test_a_later_sort_decides_first():
    query = Query().sorted_by((SortKey("Region"),)).sorted_by((SortKey("Units", descending=True),))
    assert query.sort == (SortKey("Units", descending=True), SortKey("Region"))


def test_a_selection_is_among_the_columns_of_the_one_before():
    query = Query().selected(("Region", "Units"), any_order=True).selected(("Units",))
    assert (query.select, query.within, query.any_order) == (("Units",), (("Region", "Units"),), True)


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: Query().first(5).filtered([UNITS]), r"Call filter\(\) first, or use lazy\(\)"),
        (lambda: Query().first(5).sorted_by((SortKey("Units"),)), r"Call sort\(\) first, or use lazy\(\)"),
        (lambda: Query().first(5).aggregated(("Region",)), r"Call aggregate\(\) first, or use lazy\(\)"),
        (lambda: Query().aggregated(("Region",)).aggregated(("Region",)), r"in one aggregate\(\)"),
        (lambda: Query().selected(("Region",)).aggregated(("Region",)), r"before select\(\), or group lazy\(\)"),
        (
            lambda: Query().sorted_by((SortKey("Units"),)).aggregated(("Region",)),
            r"before sort\(\), or group lazy\(\)",
        ),
        (
            lambda: Query().filtered([UNITS]).filtered([RANK]).filtered([RANK]),
            r"in one filter\(\), or use lazy\(\)",
        ),
        (lambda: Query().aggregated(("Region",)).filtered([UNITS]).filtered([RANK]), r"in one filter\(\)"),
        (lambda: Query().filtered([UNITS]).filtered([RANK]).aggregated(("Region",)), r"Group lazy\(\)"),
    ],
)
def test_an_order_that_no_query_stands_for_is_refused_with_one_that_works(call, hint):
    with pytest.raises(UsageError, match=hint):
        call()


@pytest.mark.parametrize("columns", [("Region", "Units"), (["Region", "Units"],), (col("Region"), "Units")])
def test_columns_are_names_references_or_one_list(columns):
    assert names_of(columns, name_path("Scan.select()")) == ("Region", "Units")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("Region", "Region"), r"'Region' is asked for twice. Name it once"),
        (("Region", col("Region")), "asked for twice"),
        ((pl.col("Region"),), r"is a Polars expression\. .* lazy\(\) takes"),
        ((UNITS,), "is a Comparison"),
        ((7,), "7 is a int"),
        (([],), "names no column"),
    ],
)
def test_anything_else_is_refused(columns, message):
    with pytest.raises(UsageError, match=message):
        names_of(columns, name_path("Scan.select()"))


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("Units > 1", r"filter_sql\(\) takes conditions as texts"),
        (True, r"as in col\('Units'\) > 3"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_takes_it(condition, hint):
    assert conditions_of([UNITS, RANK]) == [UNITS, RANK]
    with pytest.raises(UsageError, match=hint):
        conditions_of([UNITS, condition])

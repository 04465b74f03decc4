"""Polars expressions as conditions: which are taken, what is made of them, what is refused and with what hint."""

from __future__ import annotations

import copy
import datetime as dt
import pickle

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.errors import UsageError
from mstr_arrow.query.expressions import column_names
from mstr_arrow.query.local_filter import predicate
from mstr_arrow.query.polars_conditions import resolve
from mstr_arrow.query.query import Query
from mstr_arrow.query.reference import col, conditions_of
from mstr_arrow.query.residual import Residual
from mstr_arrow.query.server_filter import push_where

YEAR, REGION, UNITS = pl.col("Year"), pl.col("Region"), pl.col("Units")

needs_to_tell = pytest.mark.skipif(
    not hasattr(YEAR.meta, "is_row_separable"), reason="this Polars does not tell what looks at one row"
)

KNOWN = [
    (REGION == "East", "Region == 'East'"),
    ((REGION == "East") & (YEAR > 2020), "(Region == 'East') & (Year > 2020)"),
    ((REGION == "East") | (YEAR > 2020), "(Region == 'East') | (Year > 2020)"),
    (~((REGION == "East") | (YEAR > 2020)), "(Region != 'East') & (Year <= 2020)"),
    (REGION.is_in(pl.Series(["East", "West"]).implode()), "Region.is_in(['East', 'West'])"),
    (
        ~pl.col("Flag") & pl.col("Flag").is_not_null() & (YEAR > 1),
        "(Flag != True) & (Flag.is_not_null()) & (Year > 1)",
    ),
    (
        pl.col("Day").is_between(dt.date(2024, 1, 1), dt.date(2024, 1, 31)),
        "(Day >= '2024-01-01') & (Day <= '2024-01-31')",
    ),
]

ROW_BY_ROW = [
    REGION.str.to_lowercase() == "east",
    REGION.str.to_lowercase().is_in(["east", "west"]),
    REGION.str.to_lowercase().is_in(pl.Series(["east", "west"]).implode()),
    pl.concat_str("Region", "Store@DESC", separator=" ").str.contains("a.*b"),
    pl.coalesce("Store@DESC", "Region").str.len_chars() > 3,
    (YEAR % 4 == 0) & (pl.col("Revenue") > pl.col("Cost") * 1.2),
    pl.when(YEAR > 2020).then(pl.col("Flag")).otherwise(REGION.is_null()),
    UNITS.fill_null(0).eq_missing(0),
    pl.col("Opened").dt.hour().is_between(8, 17),
    pl.col("Day").dt.weekday().is_in([6, 7]),
    REGION.str.to_date("%Y", strict=False) > dt.date(2024, 1, 1),
    (UNITS > 3).alias("many"),
    pl.struct("Year", "Units").struct.field("Units") > 1,
    UNITS.is_in(YEAR),
    pl.lit(value=True),
]

SEES_OTHERS = [
    UNITS.max() < UNITS,
    UNITS.sum() > 3,
    UNITS.mean().over("Region") > 3,
    UNITS.shift() < UNITS,
    UNITS.cum_sum() < 10,
    UNITS.rank() <= 3,
    UNITS.forward_fill() > 3,
    UNITS.diff().fill_null(0) > 0,
    UNITS.is_duplicated(),
    UNITS.is_first_distinct(),
    (UNITS > 3).any(),
    pl.len() > 3,
    pl.int_range(pl.len()) < 3,
    REGION.str.to_date() > dt.date(2024, 1, 1),  # the format is that of the first row
    UNITS.is_in(YEAR.implode()),
    pl.Series([1, 2, 3]) < UNITS,
    UNITS.sample(fraction=1.0) > 3,
    UNITS.shuffle() > 3,
    UNITS.drop_nulls() > 3,
    UNITS.filter(YEAR > 3) > 3,
    UNITS.head(1) > 3,
    UNITS.sort() > 3,
    UNITS.reverse() > 3,
    UNITS.gather([0]) > 3,
    UNITS.interpolate() > 3,
    REGION.str.split(" ").explode() == "East",
    pl.concat_list("Units", "Year").list.sample(n=1).list.first() > 3,
    pl.struct("Year", UNITS.max().alias("most")).struct.field("most") > 3,
    (REGION == "East") & (UNITS.max() < UNITS),
    (REGION == "East") | (UNITS.max() < UNITS),
]


def pickled(value):
    return pickle.loads(pickle.dumps(value))


def asked(condition, subjects):
    return resolve(conditions_of([condition])[0], subjects)


def names(case):
    return str(case)[:60]


@pytest.mark.parametrize(("condition", "expected"), KNOWN, ids=names)
def test_what_has_a_counterpart_is_said_in_the_words_of_the_server(condition, expected, subjects):
    found = asked(condition, subjects)
    assert repr(found) == expected
    assert push_where(found, subjects).view_filter is not None


@needs_to_tell
@pytest.mark.parametrize("condition", ROW_BY_ROW, ids=names)
def test_what_looks_at_one_row_is_taken_and_stays_here(condition, subjects):
    found = asked(condition, subjects)
    assert push_where(found, subjects).view_filter is None
    assert set(column_names(found)) == set(condition.meta.root_names())


@pytest.mark.parametrize("condition", SEES_OTHERS, ids=names)
def test_what_sees_other_rows_is_refused_with_a_way_out(condition, subjects):
    refused = r"one row at a time.*ilter lazy\(\), which takes every Polars"
    if not hasattr(YEAR.meta, "is_row_separable"):  # then what does not even run over no rows says so first
        refused += "|cannot run over these columns"
    with pytest.raises(UsageError, match=refused):
        asked(condition, subjects)


def test_functions_of_python_are_refused(subjects):
    written = UNITS.map_batches(lambda values: values > 3, return_dtype=pl.Boolean)
    with pytest.raises(UsageError, match=r"filter lazy\(\)|Filter lazy\(\)"):
        asked(written, subjects)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (pl.col("Regoin") == "East", r"no column 'Regoin' in this result\. Did you mean 'Region'\?"),
        (pl.col("Store") == "East", r"'Store' is more than one column\. Say which: 'Store@ID', 'Store@DESC'"),
        (pl.col("Region@DESC") == "East", r"as the result does\. Write pl\.col\('Region'\)"),
        (pl.all_horizontal(pl.all().is_not_null()), "by a pattern or a selector. Name each column"),
        (cs.string().is_not_null(), "by a pattern or a selector. Name each column"),
        (pl.col("^Reg.*$") == "East", "by a pattern or a selector. Name each column"),
        (pl.col("Region", "Year").is_null(), "by a pattern or a selector. Name each column"),
    ],
    ids=names,
)
def test_what_is_no_condition_on_these_columns_says_why(condition, message, subjects):
    with pytest.raises(UsageError, match=message):
        asked(condition, subjects)


@needs_to_tell
@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (YEAR == "East", r"cannot run over these columns: .*compare"),
        (pl.col("Flag").str.len_chars() > 3, "cannot run over these columns: "),
        (YEAR + 1, "is no condition: it gives Int64"),
        (pl.lit(None), "is no condition: it gives Null"),
    ],
    ids=names,
)
def test_what_gives_no_bool_for_these_columns_says_why(condition, message, subjects):
    with pytest.raises(UsageError, match=message):
        asked(condition, subjects)


MOMENT = dt.datetime(2024, 1, 31, 10, 20, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "condition",
    [
        pl.col("Opened") > MOMENT,
        pl.col("Opened") == pl.lit(MOMENT),
        pytest.param(pl.col("Opened").is_in([MOMENT]), marks=needs_to_tell),
        pl.col("Opened").is_between(MOMENT, MOMENT),
        (YEAR > 2020) & (pl.col("Opened") < MOMENT),
    ],
    ids=names,
)
def test_moments_in_a_zone_are_refused_with_what_to_write(condition, subjects):
    with pytest.raises(
        UsageError, match=r"'Opened' holds timestamps without a zone.*pl\.col\('Opened'\)\.dt\.repl"
    ):
        asked(condition, subjects)


@needs_to_tell
def test_a_column_may_be_given_its_zone(subjects):
    condition = pl.col("Opened").dt.replace_time_zone("UTC") > MOMENT
    assert push_where(asked(condition, subjects), subjects).view_filter is None


@needs_to_tell
def test_both_kinds_of_conditions_are_joined(subjects):
    ours, theirs, opaque = col("Year") > 2020, REGION == "East", REGION.str.len_chars() > 3
    assert repr(asked(ours & theirs, subjects)) == "(Year > 2020) & (Region == 'East')"
    assert repr(asked(~(ours & theirs), subjects)) == "(Year <= 2020) | (Region != 'East')"
    pushed = push_where(asked(ours & opaque, subjects), subjects)
    assert list(map(repr, pushed.pushed)) == ["Year > 2020"]
    assert [reason for _, reason in pushed.local] == ["it is a Polars expression that the server has no words for"]
    assert push_where(asked(ours | opaque, subjects), subjects).view_filter is None
    assert push_where(asked((ours & opaque) | theirs, subjects), subjects).view_filter is not None


def test_comparing_a_column_with_one_of_polars_is_refused():
    with pytest.raises(UsageError, match="Make both sides by the same col"):
        col("Year") == UNITS  # noqa: B015 - refused


@given(data=st.data())
def test_rows_are_those_that_polars_keeps(data, drawn, frame, subjects):
    """Bound conditions, written as Polars' own, negated and joined, over rows with empty values."""
    first, second = (predicate(resolve(data.draw(drawn.trees()), subjects), subjects) for _ in range(2))
    rows = frame(data.draw(drawn.rows))
    for condition in (first, ~first, first & second, first | ~second):
        assert rows.filter(predicate(asked(condition, subjects), subjects)).equals(rows.filter(condition))


@needs_to_tell
@given(data=st.data())
def test_rows_are_those_that_polars_keeps_by_its_functions(data, drawn, frame, subjects):
    rows = frame(data.draw(drawn.rows))
    condition = data.draw(st.sampled_from(ROW_BY_ROW))
    for each in (condition, ~condition, condition | (YEAR > 2020)):
        residual = Residual(filters=(predicate(asked(each, subjects), subjects),))
        kept = residual.rows(rows.to_arrow().to_batches()[0]) if rows.height else None
        expected = rows.filter(each)
        assert kept is None or pl.DataFrame(pl.from_arrow(kept))["row"].to_list() == expected["row"].to_list()


def test_numbers_are_compared_as_polars_does(subjects):
    """Beside a double Polars compares whole numbers as doubles; what is sent must not keep rows back."""
    condition = YEAR == 2.0**60
    found = asked(condition, subjects)
    rows = pl.DataFrame({"Year": [2**60, 2**60 + 1, 2**61]})
    assert rows.filter(predicate(found, subjects)).equals(rows.filter(condition))
    low, high = (int(each["value"]) for each in push_where(found, subjects).view_filter["operands"][1:])
    assert low < 2**60 - 2**8
    assert high > 2**60 + 2**8


def test_a_condition_that_fails_over_a_row_says_what_polars_says():
    residual = Residual(filters=(REGION.cast(pl.Int64) > 3,))
    with pytest.raises(UsageError, match=r"cannot be decided for these rows: conversion .*strict=False"):
        residual.rows(pa.record_batch({"Region": ["12", "East"]}))


def test_conditions_are_values(subjects):
    """They are compared, copied and pickled, before and after they were bound; long lists do not look alike."""
    condition = conditions_of([(REGION == "East") & (YEAR > 2020)])[0]
    for each in (condition, asked(condition, subjects), Query().filtered([condition])):
        assert pickled(each) == copy.deepcopy(each) == each
        assert repr(pickled(each)) == repr(each)
    few, many = (Query().filtered(conditions_of([YEAR.is_in([0, *range(5, end), 999])])) for end in (500, 600))
    assert few != many
    assert few.polars_digests != many.polars_digests
    assert few.polars_digests == pickled(few).polars_digests
    assert hash(condition) == hash(pickled(condition))


def test_without_a_word_from_polars_only_what_is_known_is_taken(subjects, monkeypatch):
    monkeypatch.delattr(type(YEAR.meta), "is_row_separable", raising=False)
    assert repr(asked(REGION == "East", subjects)) == "Region == 'East'"
    with pytest.raises(UsageError, match=r"cannot tell whether .* Update Polars, or filter lazy\(\)"):
        asked(REGION.str.len_chars() > 3, subjects)

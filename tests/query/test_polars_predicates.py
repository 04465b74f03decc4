"""Polars predicates as conditions: those an IO source is handed, and those a person writes."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from io import StringIO

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.io.plugins import register_io_source

from mstr_arrow.query.bind import bind
from mstr_arrow.query.columns import subjects_of
from mstr_arrow.query.local_filter import predicate
from mstr_arrow.query.parse_polars import from_polars, without_hints
from mstr_arrow.query.reference import col
from mstr_arrow.query.server_filter import push_where

DAY = dt.date(2024, 1, 31)
MOMENT = dt.datetime.combine(DAY, dt.time(10, 20))


@pytest.fixture
def handed(frame):
    """What an IO source is handed for a filter, None where Polars keeps it to itself."""
    empty = frame([]).drop("row")

    def hand(*conditions):
        seen = []

        def source(with_columns, predicate, _n_rows, _batch_size):
            seen.append(predicate)
            yield empty if with_columns is None else empty.select(with_columns)

        register_io_source(source, schema=empty.schema).filter(*conditions).collect()
        return seen[0]

    return hand


CASES = [
    (pl.col("Year") > 2024, "Year > 2024"),
    (pl.lit(2024) > pl.col("Year"), "Year < 2024"),
    (pl.col("Year") == 2024.0, "Year == 2024"),
    (pl.col("Year") != -1, "Year != -1"),
    (pl.col("Revenue") <= 100, "Revenue <= 100.0"),
    (pl.col("Weight") < Decimal("1.5"), "Weight < Decimal('1.500000000000000000')"),
    (pl.col("Region") == "East", "Region == 'East'"),
    (pl.col("Day") >= pl.date(2024, 1, 31), "Day >= '2024-01-31'"),
    (pl.col("Day") >= DAY, "Day >= '2024-01-31'"),
    (pl.col("Day") >= MOMENT, "Day > '2024-01-31'"),
    (pl.col("Day").is_in([DAY]), "Day.is_in(['2024-01-31'])"),
    (pl.col("Opened") < MOMENT, "Opened < '2024-01-31T10:20:00'"),
    (pl.col("Opened") < DAY, "Opened < '2024-01-31T00:00:00'"),
    (pl.col("Opened") < pl.datetime(2024, 1, 31), "Opened < '2024-01-31T00:00:00'"),
    (pl.col("Hour") == dt.time(10, 20), "Hour == '10:20:00'"),
    (pl.col("Flag"), "Flag == True"),
    (~pl.col("Flag"), "Flag != True"),
    (pl.col("Region").is_in(["East", None]), "Region.is_in(['East'])"),
    (~pl.col("Region").is_in(["East", None]), "Region.not_in(['East'])"),
    (pl.col("Region").is_in(pl.Series(["East", "West"]).implode()), "Region.is_in(['East', 'West'])"),
    (pl.col("Year").is_between(1, 3), "(Year >= 1) & (Year <= 3)"),
    (pl.col("Year").is_between(1, 3, closed="left"), "(Year >= 1) & (Year < 3)"),
    (pl.col("Year").is_between(1, 3, closed="right"), "(Year > 1) & (Year <= 3)"),
    (pl.col("Year").is_between(1, 3, closed="none"), "(Year > 1) & (Year < 3)"),
    (pl.col("Region").str.contains("a.b", literal=True), "Region.contains('a.b')"),
    (pl.col("Region").str.contains("ab"), "Region.contains('ab')"),
    (pl.col("Region").str.starts_with("a"), "Region.starts_with('a')"),
    (pl.col("Region").str.ends_with("a"), "Region.ends_with('a')"),
    (~pl.col("Region").str.ends_with("a"), "~Region.ends_with('a')"),
    (pl.col("Year").is_null(), "Year.is_null()"),
    (~pl.col("Year").is_null(), "Year.is_not_null()"),
    (pl.col("Revenue") > pl.col("Cost"), "Revenue > Cost"),
    (pl.col("Revenue") > pl.col("Units"), "Revenue > Units"),
    (
        ((pl.col("Year") > 1) & (pl.col("Region") == "a")) | ~(pl.col("Units") > 1),
        "((Year > 1) & (Region == 'a')) | (Units <= 1)",
    ),
]


@pytest.mark.parametrize(("condition", "expected"), CASES, ids=lambda case: str(case)[:60])
def test_conditions_are_understood_as_written_and_as_handed_over(condition, expected, handed, subjects):
    assert repr(from_polars(condition, subjects).expression) == expected
    over = handed(condition)
    if over is not None:  # Polars 1.30 keeps some to itself
        assert repr(from_polars(over, subjects).expression) == expected


def test_most_conditions_are_handed_over(handed):
    assert sum(handed(condition) is not None for condition, _ in CASES) >= len(CASES) - 4


@pytest.mark.parametrize(
    "condition",
    [
        pl.col("Year").is_in([1], nulls_equal=True),
        pl.col("Year").eq_missing(1),
        pl.col("Year") == pl.lit(None),
        pl.col("Year") + 1 > 2,
        pl.col("Year").cast(pl.Int32) > 2,
        pl.col("Year").cast(pl.String) == "2",
        pl.col("Opened").cast(pl.Date) == DAY,
        pl.col("Region").cast(pl.Categorical) == "East",
        pl.col("Region").str.to_lowercase() == "east",
        pl.col("Region").str.contains("a.b"),
        pl.col("Region").str.contains(pl.col("Note")),
        pl.col("Region") == 1,
        pl.col("Revenue").is_nan(),
        pl.col("Revenue") > pl.lit("nan").cast(pl.Float64),
        pl.col("Revenue") > pl.col("Revenue").max(),
        pl.col("Opened") > pl.lit(1, dtype=pl.Datetime("ns")),
        pl.col("Flag") ^ pl.col("Flag"),
        pl.col("no such column") > 1,
        pl.col("^R.*$") > 1,
        pl.lit(value=True),
        pl.col("Year").map_elements(repr, return_dtype=pl.String) == "1",
        pl.when(pl.col("Year") > 1).then(pl.col("Flag")).otherwise(statement=True),
    ],
    ids=lambda case: str(case)[:60],
)
def test_what_is_not_understood_is_reported_and_raises_nothing(condition, subjects):
    found = from_polars(condition, subjects)
    assert found.expression is None
    assert len(found.unknown) == 1
    beside = from_polars((pl.col("Units") > 1) & condition & (pl.col("Units") < 9), subjects)
    assert (repr(beside.expression), len(beside.unknown)) in {("(Units > 1) & (Units < 9)", 1), ("None", 1)}
    either = from_polars((pl.col("Units") > 1) | condition, subjects)
    assert (either.expression, len(either.unknown)) == (None, 1)


def test_a_broken_expression_is_not_understood(subjects):
    class Broken:
        @property
        def meta(self):
            raise pl.exceptions.ComputeError("no")

    assert from_polars(Broken(), subjects).expression is None


def test_columns_are_found_by_their_names_alone(subjects, object_id):
    for name in ("Store", object_id("Year"), "Region@DESC"):
        assert from_polars(pl.col(name) == 1, subjects).expression is None


@given(data=st.data())
def test_conditions_survive_the_way_through_polars(data, drawn, frame, subjects):
    bound = bind(data.draw(drawn.trees()), subjects)
    there = predicate(bound, subjects)
    found = from_polars(there, subjects)
    rows = frame(data.draw(drawn.rows))
    assert found.expression is not None
    assert not found.unknown
    assert rows.filter(predicate(found.expression, subjects)).equals(rows.filter(there))


@given(data=st.data())
def test_what_is_understood_of_a_query_keeps_its_rows(data, drawn, frame, subjects):
    """With what the optimizer makes of conditions on the way to the source."""
    bound = bind(data.draw(drawn.trees()), subjects)
    rows = frame(data.draw(drawn.rows))
    seen = []

    def source(with_columns, predicate, _n_rows, _batch_size):
        seen.append(predicate)
        kept = rows if predicate is None else rows.filter(predicate)
        yield kept if with_columns is None else kept.select(with_columns)

    result = register_io_source(source, schema=rows.schema).filter(predicate(bound, subjects)).collect()
    if seen and seen[0] is not None:
        found = from_polars(seen[0], subjects)
        if found.expression is not None:
            kept = rows.filter(predicate(found.expression, subjects))
            assert set(result["row"]) <= set(kept["row"])
            if not found.unknown:
                assert kept["row"].to_list() == result["row"].to_list()


def test_casts_that_compare_numbers_change_no_row_that_is_sent_for(subjects):
    within = from_polars(pl.col("Year").cast(pl.Float64) >= 2.0**60, subjects)
    body = push_where(within.expression, subjects).view_filter
    assert int(body["operands"][1]["value"]) < 2**60 - 2**8  # all whole numbers that become this double


def test_narrow_integers_are_seen_through():
    schema = pl.DataFrame(schema={"n": pl.Int8}).to_arrow().schema
    found = from_polars(pl.col("n").cast(pl.Int64) > 5, subjects_of(schema))
    assert found.expression == (col("n") > 5)
    assert from_polars(pl.col("n").cast(pl.UInt8) > 5, subjects_of(schema)).expression is None


@pytest.mark.parametrize("empty", [pl.lit(None, dtype=pl.Boolean), pl.lit(None).cast(pl.Boolean)])
def test_a_list_of_values_as_duckdb_writes_it(schema, empty):
    column = pl.col("Region")
    written = pl.when(column.is_null()).then(empty).otherwise(column.is_in(["East", "West"]))
    subjects = subjects_of(schema)
    assert repr(from_polars(written, subjects).expression) == "Region.is_in(['East', 'West'])"
    assert repr(from_polars(~written, subjects).expression) == "Region.not_in(['East', 'West'])"
    other = pl.when(pl.col("Year").is_null()).then(empty).otherwise(column.is_in(["East", "West"]))
    assert from_polars(other, subjects).expression is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_are_read_to_the_last_digit(schema, value):
    for constant in (pl.lit(value), pl.lit(value, dtype=pl.Float64)):
        understood = from_polars(pl.col("Revenue") == constant, subjects_of(schema)).expression
        assert understood.value == value


def hint():
    node = {"Display": {"inputs": [{"Column": "Units"}], "fmt_str": "dynamic_pred: 1-2"}}
    try:
        return pl.Expr.deserialize(StringIO(json.dumps(node)), format="json")
    except pl.exceptions.ComputeError:
        pytest.skip("this Polars has none")


def test_hints_of_a_sort_are_dropped():
    first, second = pl.col("Units") > 3848.2897557414644, pl.col("Region").str.contains("dynamic_pred")
    frame = pl.DataFrame({"Units": [3848.2897557414644, 4000.0, 4000.0], "Region": ["dynamic_pred"] * 2 + ["b"]})
    assert without_hints(hint()) is None
    assert frame.filter(without_hints((first & hint()) & second)).equals(frame.filter(first, second))
    assert without_hints(second).meta.eq(second)
    assert without_hints(None) is None

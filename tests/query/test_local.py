"""What a condition keeps, against a plain reading of it, row by row."""

from __future__ import annotations

import datetime as dt
import operator
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.errors import UsageError
from mstr_arrow.query.bind import bind
from mstr_arrow.query.columns import subjects_of
from mstr_arrow.query.expressions import (
    And,
    Between,
    ColumnComparison,
    Comparison,
    Match,
    Membership,
    Null,
    Or,
    Rank,
)
from mstr_arrow.query.local_filter import predicate
from mstr_arrow.query.reference import col

COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SEARCH = {"contains": operator.contains, "starts_with": str.startswith, "ends_with": str.endswith}
RANKED = {"Revenue", "Units"}


@given(data=st.data())
def test_a_condition_keeps_the_rows_where_it_is_true(data, drawn, frame, subjects):
    expression, rows = data.draw(drawn.trees(ranks=True)), data.draw(drawn.rows)
    kept = frame(rows).filter(predicate(bind(expression, subjects), subjects))
    assert kept["row"].to_list() == [at for at, row in enumerate(rows) if holds(expression, row, rows)]


@given(data=st.data())
def test_a_condition_or_its_opposite_or_neither_keeps_a_row(data, drawn, frame, subjects):
    expression, rows = data.draw(drawn.trees(ranks=True)), frame(data.draw(drawn.rows))
    answers = [
        rows.select(x=predicate(bind(each, subjects), subjects))["x"].to_list()
        for each in (expression, ~expression)
    ]
    assert [None if answer is None else not answer for answer in answers[0]] == answers[1]


def holds(expression, row, rows):
    """Tell whether a condition is true in a row, None where it is unknown."""
    match expression:
        case And(parts):
            found = {holds(part, row, rows) for part in parts}
            return False if False in found else None if None in found else True
        case Or(parts):
            found = {holds(part, row, rows) for part in parts}
            return True if True in found else None if None in found else False
        case Null(name, negated):
            return (row[name] is None) is not negated
        case ColumnComparison(name, compare, other):
            values = row[name], row[other]
            if None in values:
                return None
            pair = values if type(values[0]) is type(values[1]) else tuple(map(float, values))
            return COMPARE[compare](*pair)
        case Rank():
            return ranked(expression, row, rows)
    return None if row[expression.column] is None else fits(expression, row[expression.column])


def fits(leaf, value):
    match leaf:
        case Comparison(_, compare, constant):
            return COMPARE[compare](*alike(value, constant))
        case Between(_, low, high):
            return operator.ge(*alike(value, low)) and operator.le(*alike(value, high))
        case Membership(_, values, negated):
            return any(operator.eq(*alike(value, constant)) for constant in values) is not negated
        case Match(_, pattern, text, negated):
            return SEARCH[pattern](value, text) is not negated
    raise AssertionError(leaf)


def alike(value, constant):
    """Make a value and a constant comparable, as a person would expect."""
    if isinstance(constant, str) and not isinstance(value, str):
        constant = (
            dt.time.fromisoformat(constant) if isinstance(value, dt.time) else dt.datetime.fromisoformat(constant)
        )
    if isinstance(value, dt.date):
        return tuple(
            each if isinstance(each, dt.datetime) else dt.datetime.combine(each, dt.time())
            for each in (value, constant)
        )
    if isinstance(value, float):
        return value, float(constant)
    if isinstance(value, Decimal) and isinstance(constant, float):
        return value, Decimal(repr(constant))
    return value, constant


def ranked(rank, row, rows):
    values = [each[rank.column] for each in rows if each[rank.column] is not None]
    if row[rank.column] is None:
        return None
    better = operator.gt if rank.ranking.startswith("top") else operator.lt
    place = 1 + sum(better(value, row[rank.column]) for value in values)
    among = rank.amount / 100 * len(values) if rank.ranking.endswith("percent") else rank.amount
    return (place <= among + 1e-9) is not rank.negated


def test_equal_values_share_a_rank(subjects):
    rows = pl.DataFrame({"Units": [5, 3, 3, 1, None]})
    keep = {
        "top": col("Units").top(2),
        "bottom": col("Units").bottom(1),
        "others": ~col("Units").top(2),
        "half": col("Units").top_percent(25),
    }
    kept = {
        name: rows.filter(predicate(expression, subjects))["Units"].to_list() for name, expression in keep.items()
    }
    assert kept == {"top": [5, 3, 3], "bottom": [1], "others": [1], "half": [5]}


def test_dictionaries_are_compared_as_their_texts(subjects):
    texts = pl.DataFrame({"Region": pl.Series(["b", "a", None]).cast(pl.Categorical)})
    for expression, kept in [
        (col("Region") > "a", ["b"]),
        (col("Region").is_in(["a"]), ["a"]),
        (col("Region").contains("b"), ["b"]),
    ]:
        assert texts.filter(predicate(expression, subjects))["Region"].to_list() == kept


def test_moments_are_compared_across_zones():
    schema = pa.schema([("At", pa.timestamp("us", "Europe/Berlin"))])
    subjects = subjects_of(schema)
    noon = dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)
    rows = pl.DataFrame({"At": [noon, noon + dt.timedelta(hours=1)]}).with_columns(
        pl.col("At").dt.convert_time_zone("Europe/Berlin")
    )
    for expression in (col("At") > "2024-01-31T13:00+01:00", col("At").not_in([noon]), col("At") > noon):
        assert rows.filter(predicate(bind(expression, subjects), subjects)).height == 1
    with pytest.raises(UsageError, match="has no zone"):
        bind(col("At") > "2024-01-31T13:00", subjects)


@pytest.mark.parametrize(
    ("arrow_type", "value", "constant"),
    [
        (pa.uint64(), 2**64 - 1, 2**64 - 1),
        (pa.int8(), 7, 7.0),
        (pa.float32(), 0.1, 0.1),
        (pa.timestamp("s"), dt.datetime.fromisoformat("2024-01-31T10:00"), "2024-01-31T10:00"),
        (pa.timestamp("ns"), dt.datetime.fromisoformat("2024-01-31T10:00"), "2024-01-31T10:00"),
        (pa.decimal128(10, 2), Decimal("1.25"), 1.25),
    ],
    ids=str,
)
def test_types_that_the_caller_chose_are_compared_as_they_are(arrow_type, value, constant):
    subjects = subjects_of(pa.schema([("x", arrow_type)]))
    rows = pl.DataFrame(pl.from_arrow(pa.table({"x": pa.array([value, None], arrow_type)})))
    lowest, highest = ("0001-01-01", "9999-12-31") if pa.types.is_timestamp(arrow_type) else (-(10**30), 10**30)
    for expression in (
        col("x") == constant,
        col("x").is_in([constant]),
        col("x").between(constant, constant),
        col("x").between(lowest, highest),
        col("x") > lowest,
        col("x") < highest,
        col("x") != highest,
    ):
        assert rows.filter(predicate(bind(expression, subjects), subjects)).height == 1, expression
        assert rows.filter(predicate(bind(~expression, subjects), subjects)).height == 0, expression


def test_only_the_server_decides_about_elements(subjects, object_id):
    with pytest.raises(UsageError, match="can only be decided by the server"):
        predicate(col("Region").has_elements([f"h1;{object_id('Region')}"]), subjects)

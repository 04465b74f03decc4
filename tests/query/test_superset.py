"""The rule of all push-down: the server returns every row that the predicate keeps, whatever its collation."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from functools import reduce
from operator import and_

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mstr_arrow.query.bind import bind
from mstr_arrow.query.expressions import (
    And,
    Between,
    ColumnComparison,
    Comparison,
    Match,
    Membership,
    Null,
    Or,
    conjuncts,
)
from mstr_arrow.query.local_filter import predicate
from mstr_arrow.query.reference import col
from mstr_arrow.query.server_filter import push_having, push_where
from mstr_arrow.simulator.rules.collation import Collation
from mstr_arrow.simulator.rules.conditions import metric_limits, view_filter

SWITCHES = ("case_insensitive", "ignore_trailing_blanks", "empty_text_is_null", "nulls_in_negations")
COLLATIONS = [
    Collation(**dict(zip(SWITCHES, chosen, strict=True))) for chosen in itertools.product((False, True), repeat=4)
]
METRICS = ("Revenue", "Cost", "Units", "Visits")
WHOLE = {"Year", "Units", "Visits"}
TEXTS = {"Region", "Store@ID", "Store@DESC"}


@pytest.fixture(scope="session")
def held(subjects):
    """Make the frame the server holds, of the one that is delivered."""

    def columns(subject):
        name = subject.object_id.upper()
        return f"{name}@{subject.form_id.upper()}" if subject.form_id else name

    def make(delivered):
        forms = [pl.col(subject.name).alias(columns(subject)) for subject in subjects.all]
        owners = {subject.object_id.upper() for subject in subjects.all if subject.role == "attribute"}
        elements = [pl.lit("1").alias(f"{owner}@") for owner in sorted(owners)]
        return delivered.select("row", *forms, *elements)

    return make


@given(data=st.data(), collation=st.sampled_from(COLLATIONS))
def test_rows_before_aggregation(data, collation, drawn, frame, held, subjects):
    expression = bind(data.draw(drawn.trees(ranks=data.draw(st.booleans()))), subjects)
    check(push_where(expression, subjects), expression, frame(data.draw(drawn.rows)), held, collation, subjects)


@given(data=st.data(), collation=st.sampled_from(COLLATIONS))
def test_rows_after_aggregation(data, collation, drawn, frame, held, subjects):
    expression = bind(data.draw(drawn.trees(METRICS, ranks=data.draw(st.booleans()))), subjects)
    check(push_having(expression, subjects), expression, frame(data.draw(drawn.rows)), held, collation, subjects)


@given(data=st.data(), divide=st.sampled_from([push_where, push_having]))
def test_ranks_beside_other_conditions(data, divide, drawn, frame, held, subjects):
    others = data.draw(st.lists(st.one_of(drawn.ranks, drawn.trees(("Units", "Visits"))), max_size=2))
    expression = bind(reduce(and_, others, data.draw(drawn.ranks)), subjects)
    delivered = frame(data.draw(drawn.rows)).with_columns(pl.col("Units", "Revenue") % 3)
    check(divide(expression, subjects), expression, delivered, held, Collation(), subjects)


@given(data=st.data())
def test_a_server_that_holds_more_digits_than_it_shows(data, drawn, frame, held, subjects):
    expression = bind(data.draw(drawn.trees(("Area", "Revenue", "Cost", "Opened", "Hour"))), subjects)
    more = data.draw(st.sampled_from([-4e-15, 4e-15]))
    exact = frame(data.draw(drawn.rows)).with_columns(
        pl.col("Area", "Revenue", "Cost") * (1 + more), pl.col("Opened") + dt.timedelta(microseconds=400)
    )
    shown = exact.with_columns(
        pl.col("Area", "Revenue", "Cost").map_elements(lambda value: float(f"{value:.13g}"), pl.Float64),
        pl.col("Opened").dt.truncate("1s"),
        pl.col("Hour").cast(pl.Int64).floordiv(10**9).mul(10**9).cast(pl.Time),
    )
    pushed = push_where(expression, subjects)
    kept = shown.filter(predicate(expression, subjects))["row"]
    assert set(kept) <= set(served(pushed, held(exact), Collation())["row"])


def check(pushed, expression, delivered, held, collation, subjects):
    """Check that no row is lost, that none is added by running the predicate again, and what "exact" says."""
    kept = delivered.filter(predicate(expression, subjects))["row"].to_list()
    returned = served(pushed, held(delivered), collation)["row"].to_list()
    assert set(kept) <= set(returned)
    again = delivered.filter(pl.col("row").is_in(returned)).filter(predicate(pushed.residual, subjects))
    assert again["row"].to_list() == kept
    if pushed.exact:
        assert returned == kept


def served(pushed, rows, collation):
    """Return the rows that the server answers with."""
    wanted = [
        view_filter(pushed.view_filter, rows.schema, collation),
        metric_limits(pushed.metric_limits, rows.schema, collation),
    ]
    for condition in wanted:
        if condition is not None:
            rows = rows.filter(condition)
    return rows


def test_the_server_takes_conditions_on_elements(frame, held, subjects, object_id):
    rows = held(frame([{}, {}]))
    ids = [f"h1;{object_id('Store')}", f"{object_id('Store')}:2"]
    for expression, kept in [(col("Store").has_elements(ids), 2), (col("Store").lacks_elements(ids), 0)]:
        pushed = push_where(bind(expression, subjects), subjects)
        assert (served(pushed, rows, Collation()).height, pushed.exact, pushed.residual) == (kept, True, None)


def test_at_least_nine_in_ten_of_what_may_be_sent_is(drawn, subjects):
    counted = Counter()

    @settings(max_examples=500, deadline=None, derandomize=True, database=None)
    @given(expression=drawn.trees())
    def count(expression):
        bound = bind(expression, subjects)
        for part in push_where(bound, subjects).parts:
            allowed = may_be_sent(part.expression)
            counted[allowed, part.sent] += 1

    count()
    assert counted[True, True] + counted[True, False] > 300
    assert counted[True, True] >= 0.9 * (counted[True, True] + counted[True, False])
    assert counted[False, True] == 0


def may_be_sent(expression):
    """Restate the rule without regard to how constants are written."""
    match expression:
        case And(parts):
            return any(map(may_be_sent, parts))
        case Or(parts):
            return all(map(may_be_sent, parts))
        case ColumnComparison(left, operator, right):
            return operator in {"<", ">"} or {left, right} <= WHOLE
    return expression.column not in {"Flag", "Note"} and leaf_may_be_sent(expression, expression.column)


def leaf_may_be_sent(leaf, name):
    match leaf:
        case Null(_, negated):
            return name not in TEXTS if negated else name not in METRICS
        case Match(_, _, text, negated):
            return not negated and speakable(text) and not set(text) & set("%_'Σ")
        case Comparison(_, operator, value) if name in TEXTS:
            return operator == "==" and speakable(value)
        case Comparison(_, "!=", value):
            return name in {"Day"} | WHOLE and precise(value)
        case Membership(_, values, negated) if name in TEXTS:
            return not negated and bool(values) and all(map(speakable, values))
        case Membership(_, values, False):
            return bool(values)
        case Membership(_, values, True):
            return not values or (name in {"Day"} | WHOLE and all(map(precise, values)))
    return name not in TEXTS if isinstance(leaf, Between) else True


def speakable(text):
    return bool(text) and text == text.strip() and "\n" not in text


def precise(value):
    return not isinstance(value, int) or abs(value) < 10**15


def test_conjuncts_of_the_generated_trees_are_of_every_outcome(drawn, subjects):
    seen = set()

    @settings(max_examples=300, deadline=None, derandomize=True, database=None)
    @given(expression=drawn.trees())
    def look(expression):
        bound = bind(expression, subjects)
        pushed = push_where(bound, subjects)
        assert [part.expression for part in pushed.parts] == list(conjuncts(bound))
        seen.update((part.sent, part.reason is None) for part in pushed.parts)

    look()
    assert seen == {(True, True), (True, False), (False, False)}

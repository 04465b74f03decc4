"""Conditions written as SQL."""

from __future__ import annotations

import sys
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import assume, given
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
)
from mstr_arrow.query.sql_conditions import from_sql

TYPES = {"Day": "DATE", "Opened": "TIMESTAMP", "Hour": "TIME"}


@pytest.fixture(autouse=True)
def _parser():
    pytest.importorskip("sqlglot")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("Region in ('East') and Revenue > 100", "Region.is_in(['East']) & (Revenue > 100)"),
        ("\"Store@ID\" = 'it''s'", 'Store@ID == "it\'s"'),
        ("Day >= DATE '2024-01-31'", "Day >= '2024-01-31'"),
        ("Opened < TIMESTAMP '2024-01-31 10:20:30'", "Opened < '2024-01-31T10:20:30'"),
        ("Hour = TIME '10:20'", "Hour == '10:20:00'"),
        ("Year between -1 and 2.5", "Year.between(-1, 2.5)"),
        ("Year not between 1 and 2", "(Year < 1) | (Year > 2)"),
        ("Region like 'a%'", "Region.starts_with('a')"),
        ("Region like '%a'", "Region.ends_with('a')"),
        ("Region not like '%a b%'", "~Region.contains('a b')"),
        ("Region like 'abc'", "Region == 'abc'"),
        ("Region is null or Region is not null", "Region.is_null() | Region.is_not_null()"),
        ("not (Year = 1 or Year <> 2)", "(Year != 1) & (Year == 2)"),
        ("Year not in (1, 2)", "Year.not_in([1, 2])"),
        ("100 < Revenue and 0.5 >= Cost", "(Revenue > 100) & (Cost <= 0.5)"),
        ("Revenue > Cost", "Revenue > Cost"),
        ("Flag and not Flag = false", "(Flag == True) & (Flag != False)"),
        ("(Year) = (-1) -- why", "Year == -1"),
        ("Weight > 12345678901234567890.125", "Weight > Decimal('12345678901234567890.125')"),
        ("Revenue > 1.5e3", "Revenue > 1500.0"),
        (" or ".join(f"Year = {year}" for year in range(3_000)), None),
    ],
)
def test_sql_is_read_as_conditions(text, condition):
    found = from_sql(text)
    assert len(found.parts) == 3_000 if condition is None else repr(found) == condition


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "''"),
        ("Year >", "Year >"),
        ("Year = 1 Region = 2", "Region"),
        ("'x", "'x"),
        ("select 1", "select"),
        ("Year = 1; Region = 2", "Region = 2"),
        ("Region ilike 'x'", "Region ILIKE 'x'"),
        ("Region like 'x_'", "Region LIKE 'x_'"),
        ("Region like 'a%b'", "Region LIKE 'a%b'"),
        ("Region like 'a!%' escape '!'", "ESCAPE"),
        ("lower(Region) = 'x'", "LOWER(Region)"),
        ("Year + 1 = 2", "Year + 1"),
        ("Year in (select 1)", "SELECT 1"),
        ("Year in (Region)", "Region"),
        ("Year = null", "NULL"),
        ("Year is true", "Year IS TRUE"),
        ("sales.Year = 1", "sales.Year"),
        ("Year::int = 1", "CAST(Year AS INT)"),
        ("Day > DATE '2024-13-01'", "2024-13-01"),
        ("Opened > TIMESTAMPTZ '2024-01-31 10:20:00'", "a moment in a zone that it does not name"),
        ("Opened > TIMESTAMP WITH TIME ZONE '2024-01-31'", "a moment in a zone that it does not name"),
        ("Opened > TIMESTAMP '2024-01-31 10:20' AT TIME ZONE 'UTC'", "AT TIME ZONE"),
        ("Year = ?", "?"),
        ("Year is distinct from 1", "IS DISTINCT FROM"),
        ("(" * 3_000 + "Year = 1" + ")" * 3_000, "nested too deeply"),
    ],
    ids=lambda text: text[:40],
)
def test_one_error_names_what_is_not_known(text, named):
    with pytest.raises(UsageError) as caught:
        from_sql(text)
    assert named in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "written",
    [
        "TIMESTAMPTZ '2024-01-31 10:20:00+02'",
        "TIMESTAMP WITH TIME ZONE '2024-01-31 10:20:00+02:00'",
        "TIMESTAMP '2024-01-31 10:20:00+02:00'",
        "'2024-01-31T08:20:00Z'::TIMESTAMPTZ",
        "'2024-01-31T08:20:00Z'",
    ],
)
def test_moments_in_a_zone_are_read_and_compared_where_the_column_has_one(written, subjects):
    condition = from_sql(f"Opened > {written}")
    zoned = subjects_of(pa.schema([("Opened", pa.timestamp("us", "UTC"))]))
    assert repr(bind(condition, zoned)) == "Opened > '2024-01-31T08:20:00+00:00'"
    with pytest.raises(UsageError, match="which is '2024-01-31T08:20:00' if that shows UTC"):
        bind(condition, subjects)


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    with pytest.raises(UsageError, match=r"pip install 'mstr-arrow\[sql\]'"):
        from_sql("Year = 1")


@given(data=st.data())
def test_conditions_survive_the_way_through_sql(data, drawn, subjects):
    bound = bind(data.draw(drawn.trees()), subjects)
    assume(writable(bound))
    assert bind(from_sql(written(bound)), subjects) == bound


def writable(expression):
    """Tell whether SQL has a text for a condition: none for empty lists, nor for %, _ or nothing in a LIKE."""
    match expression:
        case And(parts) | Or(parts):
            return all(map(writable, parts))
        case Match(_, _, text):
            return bool(text) and not set(text) & set("%_")
        case Membership(_, values):
            return all(isinstance(value, (int, str)) for value in values) and len(values) > 0
        case Comparison(_, _, value) | Between(_, value, _):
            return not isinstance(value, float) or value == int(value)
    return True


def written(expression):
    """Write a bound condition as SQL."""
    match expression:
        case And(parts) | Or(parts):
            return f" {type(expression).__name__} ".join(f"({written(part)})" for part in parts)
        case ColumnComparison(name, operator, other):
            return f'"{name}" {operator} "{other}"'
    name = f'"{expression.column}"'
    match expression:
        case Null(_, negated):
            return f"{name} is {'not ' * negated}null"
        case Comparison(_, operator, value):
            return f"{name} {operator} {constant(expression.column, value)}"
        case Between(column, low, high):
            return f"{name} between {constant(column, low)} and {constant(column, high)}"
        case Membership(column, values, negated):
            return f"{name} {'not ' * negated}in ({', '.join(constant(column, value) for value in values)})"
        case Match(column, pattern, text, negated):
            before, after = (
                mark * (pattern != without) for mark, without in (("%", "starts_with"), ("%", "ends_with"))
            )
            return f"{name} {'not ' * negated}like {constant(column, before + text + after)}"
    raise AssertionError(expression)


def constant(column, value):
    if column in TYPES:
        return f"{TYPES[column]} '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"{value:f}" if isinstance(value, Decimal) else repr(value)

"""Names and constants of conditions against the columns there are: refused before anything is sent."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.query.bind import bind
from mstr_arrow.query.columns import subjects_of
from mstr_arrow.query.reference import col
from mstr_arrow.query.server_filter import push_where


def test_columns_are_found_by_name_form_and_id(subjects, object_id):
    desc = "CCFBE2A5EADB4F50941FB879CCF1721C"
    cases = {
        "Year": "Year",
        "Year@ID": "Year",
        "Region@DESC": "Region",
        f"Region@{desc.lower()}": "Region",
        object_id("Revenue"): "Revenue",
        object_id("Year").lower(): "Year",
        f"{object_id('Store')}@{desc}": "Store@DESC",
        f"{object_id('Store')}@ID": "Store@ID",
        "Store@ID": "Store@ID",
    }
    assert {name: subjects.find(name).name for name in cases} == cases


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Yaer", "no column 'Yaer' in this result. Did you mean 'Year'?"),
        ("zzzzzz", "There are: 'Region', 'Year', 'Store@ID'"),
        ("Store", "'Store' is more than one column. Say which: 'Store@ID', 'Store@DESC'."),
        ("Region@ID", "no column 'Region@ID' in this result. Did you mean 'Region'"),
        ("F" * 32, "no column"),
        ("Revenue@ID", "no column"),
        ("year", "Did you mean 'Year'"),
    ],
)
def test_names_that_mean_nothing_or_too_much_are_refused(name, said, subjects):
    with pytest.raises(UsageError) as caught:
        bind((col("Year") > 1) & col(name).is_null(), subjects)
    assert said in str(caught.value)


def test_an_attribute_with_several_forms_has_elements(subjects, object_id):
    for name in ("Store", object_id("Store"), "Store@DESC"):
        bound = bind(col(name).has_elements([f"h1;{object_id('Store')}"]), subjects)
        assert bound.column.startswith("Store@")
    with pytest.raises(UsageError, match="'Revenue' is not one attribute"):
        bind(col("Revenue").has_elements(["h1;A"]), subjects)


MOMENT = dt.datetime(2024, 1, 31, 10, 20, tzinfo=dt.timezone(dt.timedelta(hours=2)))
ZONED = [
    col("Opened") > MOMENT,
    col("Opened") == MOMENT,
    col("Opened").between(MOMENT, dt.datetime(2024, 2, 1)),
    col("Opened").is_in([MOMENT]),
    col("Opened") <= "2024-01-31T10:20:00+02:00",
]
"""Moments in a zone, for a column of timestamps without one."""


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (
            col("Year") == "2024",
            "does not fit the column 'Year', which holds whole numbers: '2024' is a text",
        ),
        (col("Year") > dt.date(2024, 1, 1), "is a date"),
        (col("Year") == True, "True is a bool. It takes a number"),  # noqa: E712 - a condition
        (col("Revenue").is_in([1, "x"]), "'x' is a text"),
        (col("Region") > 5, "which holds texts: 5 is a number. It takes a text"),
        (col("Region").between("A", 5), "5 is a number"),
        (col("Day") > "2024-13-01", "'2024-13-01' is none"),
        (col("Day") > "tomorrow", "'tomorrow' is none"),
        (col("Day") > 20240131, "20240131 is a number. It takes a date"),
        (col("Day") > dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "has a zone"),
        (col("Day") == "2024-01-31T10:20:00+02:00", "'2024-01-31T10:20:00+02:00' has a zone. It takes a date"),
        *((condition, "holds timestamps without one, as the server writes them") for condition in ZONED),
        *((condition, "which is '2024-01-31T08:20:00' if that shows UTC; or say") for condition in ZONED),
        (col("Hour") > dt.time(10, 20, tzinfo=dt.UTC), "'10:20:00+00:00' has a zone. It takes a time"),
        (col("Hour") > "25:00", "'25:00' is none"),
        (col("Hour") > dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "is a datetime"),
        (col("Opened") > dt.time(10), "is a time of day"),
        (col("Flag") > True, "They have no order"),
        (col("Flag") == 1, "1 is a number. It takes True or False"),
        (col("Year").contains("2"), "contains is for texts"),
        (col("Year").top(3), "top is for metrics that are numbers"),
        (col("Note").bottom(3), "bottom is for metrics that are numbers"),
        (col("Revenue") > col("Region"), "compares numbers and texts"),
        (col("Flag") < col("Flag"), "They have no order"),
        (col("Day") < col("Opened"), "compares dates and timestamps"),
    ],
    ids=repr,
)
def test_constants_and_operators_of_another_type_are_refused(expression, said, subjects):
    for wrapped in (expression, ~expression, (col("Year") > 1) | expression):
        with pytest.raises(UsageError) as caught:
            bind(wrapped, subjects)
        assert said in str(caught.value)
        assert caught.value.hint


@pytest.mark.parametrize(
    ("written", "bound"),
    [
        (col("Year") > 2019.5, "Year > 2019"),
        (col("Year") >= 2019.5, "Year > 2019"),
        (col("Year") < 2019.5, "Year <= 2019"),
        (col("Year") == 2019.5, "Year.is_in([])"),
        (col("Year") != 2019.5, "Year.not_in([])"),
        (col("Year").is_in([2019.5, 2020.0]), "Year.is_in([2020])"),
        (col("Year").between(0.5, 3), "(Year > 0) & (Year <= 3)"),
        (col("Year").between(1.0, 3.0), "Year.between(1, 3)"),
        (col("Year") > 2**70, f"Year > {2**63 - 1}"),
        (col("Year") <= 2**70, f"Year <= {2**63 - 1}"),
        (col("Year") >= -(2**70), f"Year >= {-(2**63)}"),
        (col("Revenue") > 1, "Revenue > 1.0"),
        (col("Weight") == 0.1, "Weight == Decimal('0.100000000000000000')"),
        (col("Weight") > 1e-19, "Weight > Decimal('0E-18')"),
        (col("Day") > "2024-01-31", "Day > '2024-01-31'"),
        (col("Opened") > "2024-01-31", "Opened > '2024-01-31T00:00:00'"),
        (col("Hour") > "10:20", "Hour > '10:20:00'"),
    ],
)
def test_constants_become_what_the_column_can_hold(written, bound, subjects):
    assert repr(bind(written, subjects)) == bound
    assert repr(bind(bind(written, subjects), subjects)) == bound


def test_whatever_is_no_condition_is_refused(subjects):
    with pytest.raises(UsageError, match="True is no condition"):
        bind(True, subjects)


def test_columns_the_server_cannot_be_asked_about_say_why(schema):
    odd = pa.schema(
        [
            schema.field("Year").with_type(pa.string()),
            schema.field("Revenue").with_type(pa.float32()),
            pa.field("Made here", pa.int64()),
            pa.field("Raw", pa.string(), metadata={**schema.field("Region").metadata, b"mstr.data_type": "varbin"}),
            schema.field("Units"),
        ]
    )
    subjects = subjects_of(odd, unasked={"Units": "the metric is derived"})
    expected = {
        "Year": "the server holds integer values in place of string",
        "Revenue": "the server holds double values in place of float",
        "Made here": "the server does not know this column",
        "Raw": "the server has no certain way to compare varbin values",
        "Units": "the metric is derived",
    }
    assert {subject.name: subject.unasked for subject in subjects.all} == expected
    for name, reason in expected.items():
        pushed = push_where(bind(col(name).is_not_null(), subjects), subjects)
        assert (pushed.view_filter, pushed.local[0][1]) == (None, reason)

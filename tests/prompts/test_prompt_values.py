from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.prompts.kinds import read_kind
from mstr_arrow.prompts.values import value_text


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("number", 2024, "2024"),
        ("number", "2024", "2024"),
        ("number", 0.1, "0.1"),
        ("number", 1e20, "100000000000000000000"),
        ("number", Decimal("12345678901234567890.12"), "12345678901234567890.12"),
        ("text", "Été", "Été"),
        ("text", 2024, "2024"),
        ("text", "", ""),
        ("date", date(2024, 1, 31), "2024-01-31T00:00:00.000+0000"),
        ("date", "2024-01-31", "2024-01-31T00:00:00.000+0000"),
        ("date", "2017-09-27T23:37:39.000+0000", "2017-09-27T23:37:39.000+0000"),
        ("moment", datetime(2024, 1, 31, 10, 20, 30, 456789), "2024-01-31T10:20:30.456+0000"),
        ("moment", datetime(2024, 1, 31, 1, tzinfo=timezone(timedelta(hours=2))), "2024-01-30T23:00:00.000+0000"),
        ("time", time(10, 20, 30), "10:20:30"),
        ("time", "10:20", "10:20:00"),
        (None, 2024, "2024"),
        (None, "any", "any"),
        (None, date(2024, 1, 31), "2024-01-31T00:00:00.000+0000"),
    ],
)
def test_a_value_is_written_as_its_prompt_takes_it(ask, kind, value, text):
    assert value_text(value, ask(kind=kind)) == text


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("number", "East", "takes a number, not 'East'"),
        ("number", "nan", "takes a number"),
        ("number", date(2024, 1, 31), "takes a number"),
        ("text", date(2024, 1, 31), "takes a text"),
        ("text", 1.5, "takes a text"),
        ("date", "31.01.2024", "takes a date, not '31.01.2024'"),
        ("date", 20240131, "takes a date"),
        ("moment", time(1), "takes a date and time"),
        ("time", "noon", "takes a time of day"),
        ("time", 3, "takes a time of day"),
    ],
)
def test_a_value_of_another_kind_is_refused(ask, kind, value, message):
    with pytest.raises(UsageError, match=message) as caught:
        value_text(value, ask("When", kind=kind))
    assert "'When'" in caught.value.message


@pytest.mark.parametrize(
    ("limits", "value", "message"),
    [
        ({"kind": "number", "minimum": 0.25, "maximum": 50}, 0, "at least 0.25, not 0"),
        ({"kind": "number", "minimum": "0.25", "maximum": 50}, "50.01", "at most 50, not 50.01"),
        ({"kind": "text", "minimum": 2, "maximum": 5}, "a", "at least 2 characters, not 1"),
        ({"kind": "text", "minimum": 1, "maximum": 5}, "abcdef", "at most 5 characters, not 6"),
        ({"kind": "date", "minimum": "2018-09-26T04:00:00.000+0000"}, "2018-09-25", "at least 2018-09-26"),
        (
            {"kind": "moment", "maximum": "2018-09-26T04:00:00.000+0000"},
            "2018-09-26T04:00:01",
            "at most 2018-09-26",
        ),
    ],
)
def test_a_value_beyond_the_limits_is_refused(ask, limits, value, message):
    with pytest.raises(UsageError, match=message):
        value_text(value, ask(**limits))


@pytest.mark.parametrize(
    ("limits", "value"),
    [
        ({"kind": "number", "minimum": 0.25, "maximum": 50}, 50),
        ({"kind": "text", "minimum": -1, "maximum": -1}, "any length"),
        ({"kind": "date", "minimum": "2018-09-26T04:00:00.000+0000"}, date(2018, 9, 26)),
        ({"kind": "number", "minimum": "", "maximum": "much"}, -5),
        ({"kind": "moment", "minimum": datetime(2018, 1, 1, tzinfo=UTC)}, datetime(2018, 1, 1)),
    ],
)
def test_limits_include_themselves_and_unreadable_ones_do_not_count(ask, limits, value):
    assert value_text(value, ask(**limits))


def test_data_types_come_as_names_and_numbers():
    assert [read_kind(kind) for kind in ("TEXT", 8, "9", "Date", 14, 16, 3, "bigDecimal", 15)] == [
        "text",
        "text",
        "text",
        "date",
        "date",
        "moment",
        "number",
        "number",
        "time",
    ]
    assert read_kind("blob") is None

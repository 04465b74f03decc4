"""What came since: conditions from a value and an overlap, and what is refused of either."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import UsageError
from mstr_arrow.query.since import read_overlap, read_since

DAY = date(2024, 3, 1)
NOON = datetime(2024, 3, 1, 12)


@pytest.mark.parametrize(
    ("value", "overlap", "low"),
    [
        (DAY, None, DAY),
        (DAY, "1 day", date(2024, 2, 29)),
        ("2024-03-01", "1 day", date(2024, 2, 29)),
        ("2024-03-01", None, "2024-03-01"),
        (NOON, "90 minutes", datetime(2024, 3, 1, 10, 30)),
        (NOON.replace(tzinfo=UTC), timedelta(hours=12), datetime(2024, 3, 1, tzinfo=UTC)),
        (5_000, "1000", 4_000),
        (5_000, 0.5, Decimal("4999.5")),
        (2.5, Decimal(1), 1.5),
        (Decimal("2.5"), 1, Decimal("1.5")),
        (pa.scalar(DAY), None, DAY),
    ],
)
def test_rows_are_those_from_a_value_on(value, overlap, low):
    assert repr(read_since("Day", value, overlap, inclusive=True).condition()) == repr(ma.col("Day") >= low)
    assert repr(read_since("Day", value, overlap, inclusive=False).condition()) == repr(ma.col("Day") > low)


def test_without_a_value_all_rows_are_wanted():
    assert read_since("Day", None, "3 days", inclusive=True).condition() is None


@pytest.mark.parametrize("given", [-1, "-1 day", "3 fortnights", "", timedelta(days=-1), True, float("nan"), [1]])
def test_an_overlap_that_is_none_is_refused(given):
    with pytest.raises(UsageError, match='such as "3 days"'):
        read_overlap(given)


@pytest.mark.parametrize("value", [True, [1], b"x"])
def test_a_value_that_nothing_grows_to_is_refused(value):
    with pytest.raises(UsageError, match="the highest value of the last read"):
        read_since("Day", value, None, inclusive=True)


@pytest.mark.parametrize(
    ("value", "overlap"), [(DAY, 3), (5, "3 days"), ("north", "3 days"), ("2024-03-01", 3), (date.min, "1 day")]
)
def test_an_overlap_of_another_kind_than_the_value_is_refused(value, overlap):
    with pytest.raises(UsageError, match="overlap"):
        read_since("Day", value, overlap, inclusive=True).condition()


@pytest.mark.parametrize(
    ("data_type", "overlap", "said"),
    [
        (pa.time32("s"), None, "holds time32"),
        (pa.bool_(), None, "holds bool values"),
        (pa.date32(), 3, 'as in "3 days"'),
        (pa.date32(), "36 hours", "no whole days"),
        (pa.int64(), "3 days", "as in 1000"),
        (pa.string(), "3 days", "no overlap can be taken from a text"),
        (pa.dictionary(pa.int32(), pa.string()), "3 days", "no overlap can be taken from a text"),
    ],
)
def test_a_column_that_does_not_grow_so_is_refused(data_type, overlap, said):
    since = read_since("Day", None, overlap, inclusive=True)
    with pytest.raises(UsageError) as refused:
        since.subject(pa.schema([("Day", data_type)]))
    assert said in str(refused.value)


def test_rows_at_a_nanosecond_cannot_be_left_out():
    schema = pa.schema([("At", pa.timestamp("ns"))])
    assert read_since("At", None, None, inclusive=True).subject(schema).name == "At"
    with pytest.raises(UsageError, match="compared to the microsecond"):
        read_since("At", None, None, inclusive=False).subject(schema)


def test_a_column_that_is_not_there_is_refused_with_near_names():
    with pytest.raises(UsageError, match="Did you mean 'Day'"):
        read_since("Dya", None, None, inclusive=True).subject(pa.schema([("Day", pa.date32())]))


@pytest.mark.parametrize(
    ("value", "highest", "overlap", "inclusive", "shrunk"),
    [
        (DAY, DAY, None, True, False),
        (DAY, date(2024, 2, 1), "40 days", True, True),
        (DAY, None, None, True, True),
        (DAY, None, None, False, False),
        ("2024-03-01", DAY, None, True, False),
        (NOON, datetime(2024, 3, 1, 11), "1 day", True, True),
        (None, None, None, True, False),
    ],
)
def test_less_than_before_is_seen_where_the_value_is_read_again(value, highest, overlap, inclusive, shrunk):
    assert read_since("Day", value, overlap, inclusive=inclusive).has_shrunk(highest) is shrunk

"""Form values, which are always texts, become typed values exactly or not at all."""

# ruff: noqa: DTZ001 - the server's time stamps have no zone

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from mstr_arrow.grid.convert import parse_texts

STAMP = pa.timestamp("us")


def parsed(text, to):
    return parse_texts(pa.array([text]), to)[0].as_py()


@pytest.mark.parametrize(
    ("text", "to", "expected"),
    [
        ("2024-02-29", pa.date32(), date(2024, 2, 29)),
        ("2024-02-29T00:00:00", pa.date32(), date(2024, 2, 29)),
        ("2024-02-29 00:00:00.000Z", pa.date32(), date(2024, 2, 29)),
        ("0001-01-01", pa.date32(), date(1, 1, 1)),
        ("9999-12-31", pa.date32(), date(9999, 12, 31)),
        ("2024-01-31T10:20:30", STAMP, datetime(2024, 1, 31, 10, 20, 30)),
        ("2024-01-31 10:20:30Z", STAMP, datetime(2024, 1, 31, 10, 20, 30)),
        ("2024-01-31", STAMP, datetime(2024, 1, 31)),
        ("0001-01-01T00:00:00", STAMP, datetime(1, 1, 1)),
        ("9999-12-31T23:59:59.999999", STAMP, datetime(9999, 12, 31, 23, 59, 59, 999_999)),
        ("2024-01-31T10:20:30.000", pa.timestamp("s"), datetime(2024, 1, 31, 10, 20, 30)),
        ("2024-01-31T10:20:30.120000", pa.timestamp("ms"), datetime(2024, 1, 31, 10, 20, 30, 120_000)),
        ("10:20:30", pa.time64("us"), time(10, 20, 30)),
        ("10:20:30.500000000", pa.time64("us"), time(10, 20, 30, 500_000)),
        ("23:59:59.999999", pa.time64("us"), time(23, 59, 59, 999_999)),
        ("10:20:30.0", pa.time32("s"), time(10, 20, 30)),
        ("9223372036854775807", pa.int64(), 2**63 - 1),
        ("-9223372036854775808", pa.int64(), -(2**63)),
        ("007", pa.int64(), 7),
        ("1e3", pa.float64(), 1000.0),
        ("0.1", pa.decimal128(38, 18), Decimal("0.1")),
        ("9" * 20 + ".5", pa.decimal128(38, 18), Decimal("9" * 20 + ".5")),
        ("-12345678.9", pa.decimal128(9, 1), Decimal("-12345678.9")),
        ("true", pa.bool_(), True),
        ("FALSE", pa.bool_(), False),
        ("1", pa.bool_(), True),
        ("0", pa.bool_(), False),
        ("", pa.string(), ""),
    ],
)
def test_texts_become_values(text, to, expected):
    assert parsed(text, to) == expected


@pytest.mark.parametrize("digits", range(1, 10))
def test_a_fraction_has_up_to_nine_digits(digits):
    text = f"2024-01-31T10:20:30.{'123456789'[:digits]}"
    nanoseconds = int("123456789"[:digits].ljust(9, "0"))
    found = parse_texts(pa.array([text, f"{text}Z"]), pa.timestamp("ns")).cast(pa.int64()).to_pylist()
    assert found == [1_706_696_430_000_000_000 + nanoseconds] * 2


def test_nanoseconds_of_a_time_are_kept_where_the_type_holds_them():
    assert parse_texts(pa.array(["00:00:00.123456789"]), pa.time64("ns")).cast(pa.int64()).to_pylist() == [
        123_456_789
    ]


def test_a_zone_is_added_to_utc_and_never_guessed():
    found = parse_texts(pa.array(["2024-01-31T10:20:30Z"]), pa.timestamp("us", "UTC"))
    assert found.cast(pa.int64()).to_pylist() == [1_706_696_430_000_000]


@pytest.mark.parametrize(
    "to", [pa.int64(), pa.float64(), pa.decimal128(9, 2), pa.bool_(), pa.date32(), pa.time64("us"), STAMP]
)
def test_a_blank_is_null_except_in_a_text(to):
    assert parse_texts(pa.array(["", None]), to).to_pylist() == [None, None]
    assert parse_texts(pa.array(["", None]), pa.string()).to_pylist() == ["", None]


def test_spellings_may_differ_within_a_column():
    dates = parse_texts(pa.array(["2024-01-31", "2024-02-29T00:00:00", None, "2024-03-01 00:00:00Z"]), pa.date32())
    assert dates.to_pylist() == [date(2024, 1, 31), date(2024, 2, 29), None, date(2024, 3, 1)]


@pytest.mark.parametrize(
    ("text", "to"),
    [
        *(("2024-02-29T00:00:01", pa.date32()), ("2024-02-30", pa.date32()), ("1/31/2024", pa.date32())),
        *(("2024-01-31T10:20:30.1234567", STAMP), ("2024-01-31T10:20:30.0001", pa.timestamp("ms"))),
        *(("2024-01-31T10:20:30.5", pa.timestamp("s")), ("2024-01-31T10:20:30ZZ", STAMP)),
        *(("2024-01-31T10:20:30+02:00", STAMP), ("2024-01-31T10:20:30 PM", STAMP), ("2024-01-31T25:00:00", STAMP)),
        *(
            ("0001-01-01T00:00:00", pa.timestamp("ns")),
            ("24:00:00", pa.time64("us")),
            ("10:20 AM", pa.time64("us")),
        ),
        *(("10:20:30.1234567", pa.time64("us")), ("10:20:30.5", pa.time32("s"))),
        *(
            ("0x1F", pa.int64()),
            ("0X1f", pa.int64()),
            ("1.0", pa.int64()),
            (" 5", pa.int64()),
            ("1,000", pa.int64()),
        ),
        *(("9223372036854775808", pa.int64()), ("300", pa.int8()), ("٣", pa.int64())),
        *(("1e400", pa.float64()), ("nan", pa.float64()), ("inf", pa.float64()), ("1,5", pa.float64())),
        *(("1.125", pa.decimal128(9, 2)), ("nan", pa.decimal128(9, 2)), ("12345678901", pa.decimal128(9, 2))),
        # Arrow's own cast makes other numbers of these.
        *((text, pa.decimal128(38, 18)) for text in ("1e30", "123456789012345678901234567890", "-1e25", "1e60")),
        *(("yes", pa.bool_()), ("2", pa.bool_()), ("t", pa.bool_())),
    ],
)
def test_texts_that_do_not_fit_exactly_are_refused(text, to):
    with pytest.raises(pa.ArrowInvalid):
        parse_texts(pa.array([text]), to)

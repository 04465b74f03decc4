"""Form values, which are always texts, become typed values exactly or not at all."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from mstr_arrow.grid.convert import parse_texts
from mstr_arrow.grid.value_rule import array_of, reader_of

STAMP = pa.timestamp("us")
OFFSETS = (
    *("2024-01-31T08:20:30.000+0000", "2024-01-31 08:20:30Z", "2024-01-31T10:20:30+02:00"),
    *("2024-01-31T10:20:30.0+0200", "2024-01-31T10:20:30+02", "2024-01-31 02:50:30-05:30"),
)


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
        *((text, pa.int64(), 5) for text in ("+5", "5.0", "5.", "50e-1", "0.5E1")),
        *((text, pa.float64(), 5.0) for text in ("+5", "5.0", "5.", "50e-1", "0.5E1")),
        *((text, pa.decimal128(9, 2), Decimal(5)) for text in ("+5", "5.0", "5.", "50e-1", "0.5E1")),
        *((text, STAMP, datetime(2024, 1, 31, 8, 20, 30)) for text in OFFSETS),
        *((text, pa.timestamp("s"), datetime(2024, 1, 31, 8, 20, 30)) for text in OFFSETS),
        *((text, pa.timestamp("us", "UTC"), datetime(2024, 1, 31, 8, 20, 30, tzinfo=UTC)) for text in OFFSETS),
        *((text[11:], pa.time64("us"), time(8, 20, 30)) for text in OFFSETS),
        ("23:00:00-02:00", pa.time32("s"), time(1)),
        ("01:00:00+02:00", pa.time64("ns"), time(23)),
        # The day is the one that is written.
        ("2024-01-31T00:00:00+02:00", pa.date32(), date(2024, 1, 31)),
        ("2024-01-31 00:00:00.000-0500", pa.date64(), date(2024, 1, 31)),
    ],
)
def test_texts_become_values(text, to, expected):
    assert parsed(text, to) == expected
    assert array_of([reader_of(to)(text)], to).to_pylist() == [expected]


@pytest.mark.parametrize("digits", range(1, 10))
def test_a_fraction_has_up_to_nine_digits(digits):
    text = f"2024-01-31T10:20:30.{'123456789'[:digits]}"
    nanoseconds = int("123456789"[:digits].ljust(9, "0"))
    for spelt in (text, f"{text}Z", f"{text}+0000"):
        found = parse_texts(pa.array([spelt]), pa.timestamp("ns")).cast(pa.int64()).to_pylist()
        assert found == [1_706_696_430_000_000_000 + nanoseconds]


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
        *(("2024-01-31T10:20:30+24:00", STAMP), ("2024-01-31T10:20:30 PM", STAMP), ("2024-01-31T25:00:00", STAMP)),
        *(("9999-12-31T23:59:59-01:00", STAMP), ("0001-01-01T00:00:00+01:00", STAMP), ("0000-01-01", STAMP)),
        *(("0000-00-00", pa.date32()), ("0000-01-01", pa.date32()), ("2024-01-31T01:00:00+01:00", pa.date32())),
        *(("10", pa.time64("us")), ("10+02:00", pa.time64("us")), ("2024-01-31+02:00", STAMP)),
        *(
            ("0001-01-01T00:00:00", pa.timestamp("ns")),
            ("24:00:00", pa.time64("us")),
            ("10:20 AM", pa.time64("us")),
        ),
        *(("10:20:30.1234567", pa.time64("us")), ("10:20:30.5", pa.time32("s"))),
        *(
            ("0x1F", pa.int64()),
            ("0X1f", pa.int64()),
            ("1.5", pa.int64()),
            *((text, to) for text in (" 5", "5 ", "\t5") for to in (pa.int64(), pa.float64(), pa.decimal128(9, 2))),
            ("1,000", pa.int64()),
        ),
        *(("9223372036854775808", pa.int64()), ("300", pa.int8()), ("٣", pa.int64())),
        *(("1e400", pa.float64()), ("nan(1)", pa.float64()), ("infinite", pa.float64()), ("1,5", pa.float64())),
        *(("1.125", pa.decimal128(9, 2)), ("nan", pa.decimal128(9, 2)), ("12345678901", pa.decimal128(9, 2))),
        # Arrow's own cast makes other numbers of these.
        *((text, pa.decimal128(38, 18)) for text in ("1e30", "123456789012345678901234567890", "-1e25", "1e60")),
        *(("yes", pa.bool_()), ("2", pa.bool_()), ("t", pa.bool_())),
    ],
)
def test_texts_that_do_not_fit_exactly_are_refused(text, to):
    with pytest.raises(pa.ArrowInvalid):
        parse_texts(pa.array([text]), to)
    with pytest.raises(ValueError, match=r".+"):
        reader_of(to)(text)


@pytest.mark.parametrize(
    ("text", "to", "expected"),
    [
        *((text, pa.float64(), math.inf) for text in ("inf", "INF", "Infinity", "+inf", "1.#INF")),
        *((text, pa.float64(), -math.inf) for text in ("-inf", "-Infinity", "-1.#INF00")),
        *((text, STAMP, datetime(2024, 1, 31, 8, 20)) for text in ("2024-01-31t10:20:00+02", "2024-01-31 08:20z")),
        ("2024-01-31 10:20:30.0000000 +02:00", STAMP, datetime(2024, 1, 31, 8, 20, 30)),
        ("0e400", pa.int64(), 0),
        ("0e400", pa.decimal128(9, 2), Decimal(0)),
    ],
)
def test_rare_spellings_are_left_to_the_rule_for_single_values(text, to, expected):
    with pytest.raises(pa.ArrowInvalid):
        parse_texts(pa.array([text]), to)
    assert array_of([reader_of(to)(text)], to).to_pylist() == [expected]


@pytest.mark.parametrize("text", ["nan", "NaN", "-nan", "+NAN", "1.#QNAN", "-1.#IND"])
@pytest.mark.parametrize("to", [pa.float64(), pa.float32()])
def test_what_is_no_number_by_name_is_nan(text, to):
    assert math.isnan(array_of([reader_of(to)(text)], to)[0].as_py())


@pytest.mark.parametrize("to", [STAMP, pa.timestamp("us", "UTC"), pa.time64("us")])
def test_moments_with_and_without_an_offset_are_not_mixed(to):
    day = "" if pa.types.is_time(to) else "2024-01-31T"
    with pytest.raises(pa.ArrowInvalid):
        parse_texts(pa.array([f"{day}10:20:30", f"{day}10:20:30Z"]), to)

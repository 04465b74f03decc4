"""Single values, written as JSON by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from mstr_arrow.errors import ConversionError, UsageError
from mstr_arrow.upload.slices import EncodeOptions, Losses, encode_slice


def written(values, dtype=None, **options):
    """The JSON text of one column."""
    column = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, dtype)
    (lane,) = encode_slice(pa.table({"c": column}), EncodeOptions(**options)).lanes
    return b"".join(lane).decode()


def losses(column):
    return encode_slice(pa.table({"c": column}), EncodeOptions()).losses


@pytest.mark.parametrize(
    ("dtype", "values", "text"),
    [
        (pa.int8(), [-128, None, 127], "-128,null,127"),
        (pa.int64(), [-(2**63), 2**63 - 1], "-9223372036854775808,9223372036854775807"),
        (pa.uint64(), [2**64 - 1], "18446744073709551615"),
        (pa.float32(), [0.5, 0.1], "0.5,0.10000000149011612"),
        (pa.float64(), [-0.0, 0.1 + 0.2, 1e16], None),
        (pa.bool_(), [True, None, False], "true,null,false"),
        (pa.date32(), [date(2024, 1, 31), None, date(1, 1, 1)], '"2024-01-31",null,"0001-01-01"'),
        (pa.date64(), [date(1969, 12, 31), date(9999, 12, 31)], '"1969-12-31","9999-12-31"'),
        (pa.time32("s"), [time(11), None], '"11:00:00",null'),
        (pa.time64("us"), [time(11, 0, 0, 250_000), time(11)], '"11:00:00.250","11:00:00"'),
        (pa.timestamp("s"), [datetime(2024, 1, 31, 11)], '"2024-01-31T11:00:00.000"'),
        (pa.timestamp("ms"), [datetime(1, 1, 1), None], '"0001-01-01T00:00:00.000",null'),
        (pa.timestamp("us"), [datetime(9999, 12, 31, 23, 59, 59, 999_000)], '"9999-12-31T23:59:59.999"'),
        (pa.timestamp("ns"), [-1_000_000], '"1969-12-31T23:59:59.999"'),
        (pa.string(), ["", None, "null", '"', "\\", "a\nb\x00"], '"",null,"null","\\"","\\\\","a\\nb\\u0000"'),
        (pa.large_string(), ["],[", "é", "\u2028", "😀"], '"],[","é","\u2028","😀"'),
        (pa.string_view(), ["a text of more than twelve bytes", None], '"a text of more than twelve bytes",null'),
        (pa.null(), [None, None], "null,null"),
        (pa.decimal128(38, 2), [Decimal("1.50"), None, Decimal("-0.05")], "1.50,null,-0.05"),
        (pa.decimal32(5, 5), [Decimal("0.00001")], "0.00001"),
        (pa.decimal256(76, 10), [Decimal("1234567890123456789012345678901234567.5")], None),
        (pa.decimal128(5, -2), [Decimal(1200), None], None),
    ],
    ids=str,
)  # fmt: skip
def test_values_are_written_exactly(dtype, values, text):
    if text is not None:
        assert written(values, dtype) == text
    elif pa.types.is_decimal(dtype):
        parts = written(values, dtype).split(",")
        assert [None if part == "null" else Decimal(part) for part in parts] == values
    else:
        assert list(map(float, written(values, dtype).split(","))) == values


def test_half_floats_are_written_as_the_double_they_are():
    assert written(pa.array([1.5, None, 0.1], pa.float32()).cast(pa.float16())) == "1.5,null,0.0999755859375"


def test_dictionaries_are_written_as_their_values():
    texts = pa.DictionaryArray.from_arrays([0, 2, None, 1, 0], ['a"', None, "unused", "b"][:3])
    assert written(texts) == '"a\\"","unused",null,null,"a\\""'
    dates = pa.DictionaryArray.from_arrays([1, None, 0], pa.array([0, 1], pa.date32()))
    assert written(dates) == '"1970-01-02",null,"1970-01-01"'


def test_a_dictionary_larger_than_the_slice_is_written_as_its_values():
    texts = pa.DictionaryArray.from_arrays([3, None, 3], list("abcd"))
    assert written(texts) == '"d",null,"d"'


def test_batches_may_have_dictionaries_of_their_own():
    parts = [pa.array(texts).dictionary_encode() for texts in (["a", "b"], ["a", "b"], ["b", None, "c", "b"])]
    assert written(pa.chunked_array(parts)) == '"a","b","a","b","b",null,"c","b"'


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["x", None], pa.string_view()),
        pa.array([True, None]),
        pa.array([Decimal("1.5"), None], pa.decimal256(60, 1)),
        pa.array([Decimal("1.5"), None], pa.decimal64(12, 1)),
        pa.array([0, None], pa.timestamp("ns", "UTC")),
        pa.array(["x", None]).dictionary_encode(),
    ],
    ids=lambda values: str(values.type),
)
def test_runs_of_any_type_are_written_as_their_values(values):
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 5], pa.int16()), values)
    assert written(runs.slice(1, 3)) == ",".join([written(values.slice(0, 1)), "null", "null"])


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None, 0, 7], pa.int8())), "true,null,false,true"),
        (pa.ExtensionArray.from_storage(pa.json_(), pa.array(["[1]", None])), '"[1]",null'),
        (
            pa.array([bytes.fromhex("00112233445566778899aabbccddeeff"), None], pa.uuid()),
            '"00112233-4455-6677-8899-aabbccddeeff",null',
        ),
    ],
    ids=["bool8", "json", "uuid"],
)
def test_extension_types_are_written_as_what_they_mean(values, text):
    assert written(values) == text
    assert written(values.slice(1)) == text.partition(",")[2]
    indices = pa.array([1, 0, None], pa.int8())
    assert written(pa.DictionaryArray.from_arrays(indices, values)) == f"null,{text.partition(',')[0]},null"


def test_nan_and_infinities_become_null_and_are_counted():
    doubles = pa.array([1.0, float("nan"), None, float("inf"), float("-inf")])
    assert written(doubles) == "1.0,null,null,null,null"
    assert losses(doubles) == Losses(nulled={"c": 3})
    assert losses(doubles.dictionary_encode().take([1, 1, 0])) == Losses(nulled={"c": 2})


@pytest.mark.parametrize("dtype", [pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.time64("us")], ids=str)
def test_digits_below_a_millisecond_are_dropped_and_counted(dtype):
    values = pa.array([1_999, None, 2_000, 86_399_999_999], dtype)
    assert [text[-5:] for text in written(values).split(",")] == ['.001"', "null", '.002"', '.999"']
    assert losses(values) == Losses(shortened={"c": 2})


def test_losses_add_up_by_column():
    some = Losses(nulled=Counter(a=1))
    more = Losses(nulled=Counter(a=2, b=1), shortened=Counter(c=1), ambiguous=Counter(d=1))
    both = Losses(nulled=Counter(a=3, b=1), shortened=Counter(c=1), ambiguous=Counter(d=1))
    assert sum([some, more], start=Losses()) == both
    assert more
    assert Losses(ambiguous=Counter(d=1))
    assert not Losses()


def test_timestamps_that_know_their_zone_are_converted_and_others_are_not():
    noon = [datetime(2024, 7, 1, 12)]
    assert written(noon, pa.timestamp("us", "Europe/Paris")) == '"2024-07-01T12:00:00.000"'
    assert written(noon, pa.timestamp("us", "+05:30"), time_zone="Asia/Tokyo") == '"2024-07-01T21:00:00.000"'
    assert written(noon, pa.timestamp("us"), time_zone="Asia/Tokyo") == '"2024-07-01T12:00:00.000"'


def moments(*texts, dtype=None):
    return pa.array(
        [datetime.fromisoformat(text) if text else None for text in texts], dtype or pa.timestamp("us", "UTC")
    )


@pytest.mark.parametrize(
    ("zone", "values", "count"),
    [
        ("America/New_York", ("2023-11-05T05:00Z", "2023-11-05T06:00Z", None, "2023-11-05T07:00Z"), 2),
        ("Europe/Paris", ("2024-10-27T00:00Z", "2024-10-27T01:00Z"), 2),
        ("Europe/Paris", ("2024-10-26T23:59:59.999Z", "2024-10-27T01:59:59.999Z", "2024-10-27T02:00Z"), 1),
        ("Europe/Paris", ("2024-03-31T00:59Z", "2024-03-31T01:00Z"), 0),
        ("Australia/Lord_Howe", ("2024-04-06T14:40Z", "2024-04-06T15:10Z"), 2),
        ("Africa/Casablanca", ("2024-03-10T01:30Z", "2024-03-10T02:30Z"), 2),
        ("Europe/Berlin", ("1947-05-11T00:30Z", "1947-10-05T01:30Z"), 1),
        ("UTC", ("2023-11-05T05:00Z", "2023-11-05T06:00Z"), 0),
        ("Asia/Tokyo", ("2023-11-05T05:00Z", "2023-11-05T06:00Z"), 0),
        ("Asia/Tokyo", (None, None), 0),
    ],
)  # fmt: skip
def test_times_in_an_hour_that_occurs_twice_are_counted(zone, values, count):
    column = moments(*values)
    lost = encode_slice(pa.table({"c": column}), EncodeOptions(time_zone=zone)).losses
    assert lost == Losses(ambiguous=Counter(c=count) if count else Counter())


def test_two_moments_of_an_hour_that_occurs_twice_are_written_as_one_time():
    hours = pa.array([1_729_987_200, 1_729_990_800], pa.timestamp("s", "UTC"))
    assert written(hours, time_zone="Europe/Paris") == '"2024-10-27T02:00:00.000","2024-10-27T02:00:00.000"'


def test_timestamps_without_a_zone_are_as_they_were_in_any_hour():
    assert losses(moments("2023-11-05T01:30", dtype=pa.timestamp("us"))) == Losses()


@pytest.mark.parametrize(
    ("values", "dtype", "row"),
    [
        (["1", None, "1" * 39], pa.decimal256(76, 0), 2),
        (["1", "0." + "1" * 39], pa.decimal256(76, 39), 1),
        (["1" * 20, "0." + "1" * 19], pa.decimal256(76, 19), 0),
        (["1e40"], pa.decimal256(70, -5), 0),
    ],
    ids=str,
)
def test_decimals_of_more_digits_than_the_server_has_are_refused_with_the_row_of_the_longest(values, dtype, row):
    column = pa.array([value and Decimal(value) for value in values], dtype)
    with pytest.raises(ConversionError, match=f"row {row}: .* the server's have 38"):
        written(column)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["1" * 38, "-1", None], pa.decimal256(76, 0)),
        (["1" * 20, "0." + "1" * 18], pa.decimal256(76, 30)),
        (["0." + "1" * 38], pa.decimal256(76, 38)),
        ([None, None], pa.decimal256(76, 3)),
        (["0", "1.5"], pa.decimal256(76, 40)),
        (["1e20", "0"], pa.decimal256(20, -18)),
    ],
    ids=str,
)
def test_decimals_of_38_digits_are_written_whatever_their_type_has(values, dtype):
    got = written(pa.array([value and Decimal(value) for value in values], dtype)).split(",")
    assert [None if text == "null" else Decimal(text) for text in got] == [v and Decimal(v) for v in values]


@pytest.mark.parametrize("unknown", ["Atlantis/Centre", "", "utc +1", 5, None])
def test_an_unknown_time_zone_is_refused_early(unknown):
    with pytest.raises(UsageError, match="time_zone="):
        EncodeOptions(time_zone=unknown)


def test_an_unknown_orientation_is_refused_early():
    with pytest.raises(UsageError, match="DIAGONAL"):
        EncodeOptions(orientation="DIAGONAL")


@pytest.mark.parametrize(
    ("dtype", "number"),
    [
        (pa.date32(), 2_932_897),
        (pa.date32(), -719_163),
        (pa.date64(), 2_932_897 * 86_400_000),
        (pa.timestamp("s"), 2**62),
        (pa.timestamp("s", "UTC"), -(2**62)),
        (pa.timestamp("us"), 253_402_300_800_000_000),
        (pa.time32("s"), 86_400),
        (pa.time64("ns"), -1),
    ],
    ids=str,
)
def test_what_iso_8601_cannot_say_is_refused_with_its_row(dtype, number):
    storage = pa.int32() if dtype.bit_width == 32 else pa.int64()
    column = pa.array([0, None, number], storage).view(dtype)
    with pytest.raises(ConversionError) as caught:
        encode_slice(pa.table({"Day": column}), EncodeOptions(), first_row=1000)
    assert (caught.value.column, caught.value.row) == ("Day", 1002)
    assert f"'Day', row 1002: {number}" in str(caught.value)


def test_a_year_that_a_time_zone_makes_ten_thousand_is_refused():
    last = pa.array([datetime(9999, 12, 31, 23)], pa.timestamp("us", "UTC"))
    with pytest.raises(ConversionError, match="in Asia/Tokyo"):
        written(last, time_zone="Asia/Tokyo")


@pytest.mark.parametrize("repeats", [True, False])
def test_columns_that_repeat_their_values_are_written_like_others(repeats):
    rows = 10_000
    count = 50 if repeats else rows
    texts = [None if row % 7 == 0 else f'é"{row % count}' for row in range(rows)]
    days = [None if row % 7 == 0 else row % count for row in range(rows)]
    assert written(texts) == ",".join("null" if text is None else f'"é\\"{text[2:]}"' for text in texts)
    dates = [None if day is None else date.fromordinal(day + 719_163) for day in days]
    assert written(dates) == ",".join("null" if day is None else f'"{day}"' for day in dates)

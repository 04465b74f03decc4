import datetime as dt

import pyarrow as pa
import pytest

from mstr_arrow.errors import ConversionError, UsageError
from mstr_arrow.upload.guess import Conversion, guess

DAY = dt.date(2024, 1, 31)
MIDNIGHT, NOON = dt.datetime.fromisoformat("2024-01-31"), dt.datetime.fromisoformat("2024-01-31T12:00:00.250")
US = pa.timestamp("us")


def read(texts):
    conversion = guess("c", pa.array(texts, pa.string()))
    return conversion.dtype, conversion.convert(
        pa.array(texts, pa.string()), first_row=0, source="f.csv"
    ).to_pylist()


@pytest.mark.parametrize(
    ("texts", "dtype", "values"),
    [
        (["12", "-3", "0", None], pa.int64(), [12, -3, 0, None]),
        (["9223372036854775807"], pa.int64(), [2**63 - 1]),
        (["1.5", "2", "-.5", "3.", "1e-3", "1.5E+3"], pa.float64(), [1.5, 2.0, -0.5, 3.0, 0.001, 1500.0]),
        (["100000000000000000.0"], pa.float64(), [1e17]),
        (["1.5", "inf", "-Inf"], pa.float64(), [1.5, float("inf"), float("-inf")]),
        (["true", "False", "TRUE"], pa.bool_(), [True, False, True]),
        (["2024-01-31"], pa.date32(), [DAY]),
        (["2024-01-31T12:00:00.25", "2024-01-31 12:00:00.250"], US, [NOON, NOON]),
        (["2024-01-31", "2024-01-31 12:00:00.25"], US, [MIDNIGHT, NOON]),
        (["12:00", "12:00:00.25"], pa.time64("us"), [dt.time(12), dt.time(12, 0, 0, 250_000)]),
        ([" 12 ", "", "NULL", "\\N", "N/A"], pa.int64(), [12, None, None, None, None]),
    ],
)
def test_a_column_of_values_is_read_as_such(texts, dtype, values):
    assert read(texts) == (dtype, values)


@pytest.mark.parametrize(
    "texts",
    [
        ["10115", "01067"],
        ["1.5", "007.5"],
        ["+49", "30"],
        ["0x1F", "12"],
        ["12", "twelve"],
        ["9223372036854775808"],
        ["1.5", "1234567890123456"],
        ["true", "1"],
        ["2024-1-3"],
        ["31.01.2024"],
        ["2024-01-31", "2024-02-30"],
        ["2024-01-31 12:00:00", "2024-01-31 12:00:00Z"],
        ["12:00", "24:00"],
        ["NULL", "NA", "text"],
        [" padded "],
        [None, ""],
        [],
    ],
)
def test_everything_else_stays_the_text_it_is(texts):
    assert read(texts) == (pa.string(), texts)


def test_times_with_a_zone_keep_their_moment():
    dtype, values = read(["2024-01-31T12:00:00Z", "2024-01-31T12:00:00+02:00"])
    assert dtype == pa.timestamp("us", "UTC")
    assert values[0] - values[1] == dt.timedelta(hours=2)


def test_nanoseconds_are_read():
    assert guess("c", pa.array(["2024-01-31 12:00:00.123456789"])).dtype == pa.timestamp("ns")


@pytest.mark.parametrize(("bad", "at"), [(0, 0), (1, 1), (6, 6), (9, 9)])
def test_a_misfit_is_named_with_its_row(bad, at):
    texts = [str(number) for number in range(10)]
    texts[bad] = "1.5"
    with pytest.raises(ConversionError) as raised:
        guess("Units", pa.array(["1"])).convert(pa.array(texts), first_row=1_000, source="sales.csv")
    error = raised.value
    assert (error.column, error.row) == ("Units", 1_000 + at)
    assert f"sales.csv: '1.5' in row {1_001 + at:,} of the column 'Units' is no int64" in str(error)


def test_a_guessed_number_takes_no_text_that_would_lose_a_zero():
    conversion = guess("Zip", pa.array(["10115"]))
    with pytest.raises(ConversionError, match="'01067' in row 2 "):
        conversion.convert(pa.array(["10115", "01067"]), first_row=0, source="x")
    asked = Conversion("Zip", pa.int64())
    assert asked.convert(pa.array(["10115", "01067"]), first_row=0, source="x").to_pylist() == [10115, 1067]


def test_a_long_value_is_shown_in_part():
    with pytest.raises(ConversionError) as raised:
        Conversion("c", pa.int64()).convert(pa.array(["x" * 1_000]), first_row=0, source="f")
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["2024-01-31", None, " "], pa.large_string()),
        pa.array(["2024-01-31", None, ""], pa.string_view()),
        pa.array(["2024-01-31", None, "NULL"]).dictionary_encode(),
    ],
    ids=["large", "view", "dictionary"],
)
def test_texts_of_every_kind_become_values(values):
    converted = Conversion("c", pa.date32()).convert(values, first_row=0, source="f")
    assert converted.to_pylist() == [DAY, None, None]


def test_other_values_are_cast_without_loss():
    cents = Conversion("c", pa.decimal128(5, 2))
    assert str(cents.convert(pa.array([1, 2]), first_row=0, source="f")[1]) == "2.00"
    with pytest.raises(ConversionError, match=r"'1\.5' in row 2 "):
        Conversion("c", pa.int32()).convert(pa.array([1.0, 1.5]), first_row=0, source="f")


def test_a_type_that_nothing_becomes_is_wrong_usage():
    with pytest.raises(UsageError, match=r"'c' is date32.*, which does not become bool"):
        Conversion("c", pa.bool_()).convert(pa.array([DAY]), first_row=0, source="f")

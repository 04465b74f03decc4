"""What is written to a dataset has the types that this has, or is refused with the row that does not fit."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from mstr_arrow.errors import ConversionError, UsageError
from mstr_arrow.upload.fit import fit_types
from mstr_arrow.upload.source import source_of

INTEGER, DOUBLE, DATE, TIME, DATETIME, BOOL, BIGDECIMAL, TEXT, BIGINTEGER = 1, 7, 14, 15, 16, 24, 30, 33, 34
DAY = dt.datetime(2024, 1, 31)


def fit(values, code, dtype=None, make=lambda table: table):
    array = values if isinstance(values, pa.Array) else pa.array(values, dtype)
    source = fit_types(source_of(make(pa.table({"other": [0] * len(array), "Units": array})), "T"), {"Units": code})
    with source.open() as batches:
        return pa.Table.from_batches(list(batches), source.schema)["Units"]


@pytest.mark.parametrize(
    ("values", "code", "dtype"),
    [
        ([1.0, None, -2.0], INTEGER, pa.int64()),
        (pa.array([1.0, None], pa.float32()), BIGINTEGER, pa.int64()),
        ([Decimal("1.00"), None], BIGINTEGER, pa.int64()),
        ([True, None, False], INTEGER, pa.int64()),
        ([True, None, False], DOUBLE, pa.float64()),
        ([True, None, False], BIGDECIMAL, pa.decimal128(38, 0)),
        ([2**53, None], DOUBLE, pa.float64()),
        (pa.array([Decimal("0.10"), Decimal("-123.45")], pa.decimal128(20, 2)), DOUBLE, pa.float64()),
        ([DAY, None], DATE, pa.date32()),
        ([dt.date(1, 1, 1), dt.date(9999, 12, 31), None], DATETIME, pa.timestamp("ms")),
        ([1, None, 0], BOOL, pa.bool_()),
        ([1.0, None, 0.0], BOOL, pa.bool_()),
        ([Decimal(1), None, Decimal(0)], BOOL, pa.bool_()),
    ],
    ids=str,
)
def test_values_that_fit_are_cast(values, code, dtype):
    got = fit(values, code)
    assert got.type == dtype
    assert list(map(plain, got.to_pylist())) == list(map(plain, pa.array(values).to_pylist()))


def plain(value):
    """Say a day, or a moment at midnight, as a day; numbers and truth values are equal as they are."""
    return str(value)[:10] if isinstance(value, dt.date) else value and float(value)


@pytest.mark.parametrize("code", [INTEGER, DOUBLE, DATE, TIME, DATETIME, BOOL, BIGDECIMAL, BIGINTEGER])
def test_a_column_of_nulls_fits_every_type(code):
    got = fit(pa.nulls(3), code)
    assert got.type != pa.null()
    assert got.null_count == 3


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (["a", None], TEXT),
        ([1], BIGINTEGER),
        ([1, 2**40], INTEGER),
        (pa.array([1], pa.int8()), INTEGER),
        (pa.array([1], pa.int8()), DOUBLE),
        ([0.5, float("nan")], DOUBLE),
        ([0.1], BIGDECIMAL),
        ([dt.date(2024, 1, 31)], DATE),
        ([DAY], DATETIME),
        (pa.array([DAY], pa.timestamp("us", "UTC")), DATE),
        ([1.5], 99),
        ([1.5], None),
    ],
    ids=str,
)
def test_what_fits_already_is_left_as_it_is(values, code):
    array = values if isinstance(values, pa.Array) else pa.array(values)
    source = source_of(pa.table({"Units": array}), "T")
    known = {} if code is None else {"Units": code}
    assert fit_types(source, known) is source


@pytest.mark.parametrize(
    ("values", "code", "row", "seen"),
    [
        ([1.0, None, 2.5], INTEGER, 2, "2.5 is not what the dataset's column of type INTEGER holds"),
        ([0.0, float("nan")], BIGINTEGER, 1, "nan"),
        ([0.0, 2.0**63], INTEGER, 1, "9.2"),
        ([0, 2**53 + 1], DOUBLE, 1, "9007199254740993"),
        ([Decimal("1.5")], INTEGER, 0, "1.5"),
        ([Decimal("0.5"), Decimal("0.123456789012345678901")], DOUBLE, 1, "0.1234"),
        ([DAY, DAY.replace(hour=11)], DATE, 1, "2024-01-31 11:00:00"),
        ([0, 1, 2], BOOL, 2, "2"),
        (pa.array([0, 2**63], pa.uint64()), BIGINTEGER, 1, "9223372036854775808"),
    ],
    ids=str,
)
@pytest.mark.parametrize("held", [True, False], ids=["table", "stream"])
@pytest.mark.parametrize("coded", [False, True], ids=["plain", "dictionary"])
def test_values_that_do_not_fit_are_refused_with_their_row(values, code, row, seen, held, coded):
    array = values if isinstance(values, pa.Array) else pa.array(values)
    if coded:
        array = pa.DictionaryArray.from_arrays(pa.array(range(len(array)), pa.int8()), array)
    make = (lambda table: table) if held else pa.Table.to_reader
    with pytest.raises(UsageError if held else ConversionError) as caught:
        fit(array, code, make=make)
    assert f"'Units', row {row}: " in caught.value.message
    assert seen in caught.value.message
    assert "new dataset" in caught.value.hint


def test_the_row_is_that_of_the_whole_table():
    table = pa.table({"Units": pa.chunked_array([[1.0] * 1000, [2.0, 0.5]])})
    with pytest.raises(UsageError, match=r"row 1,001: 0\.5"):
        fit_types(source_of(table, "T"), {"Units": INTEGER})


def test_metadata_stay():
    schema = pa.schema([pa.field("Units", pa.float64(), metadata={"mstr.role": "metric"})], metadata={"of": "T"})
    source = fit_types(source_of(pa.table([[1.0]], schema=schema), "T"), {"Units": INTEGER})
    assert source.schema.field("Units").metadata == {b"mstr.role": b"metric"}
    assert source.schema.metadata == {b"of": b"T"}
    assert source.rows == 1

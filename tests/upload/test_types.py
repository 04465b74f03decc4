"""Each Arrow type becomes what the table in the module says, or is refused by name."""

from __future__ import annotations

import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.upload.types import Fate, fate
from tests.support.extensions import Money

METRICS = {
    "INTEGER": [pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16()],
    "BIGDECIMAL": [
        pa.uint64(),
        pa.decimal32(5, 2),
        pa.decimal64(12, 0),
        pa.decimal128(38, 18),
        pa.decimal256(76, -3),
    ],
    "DOUBLE": [pa.float16(), pa.float32(), pa.float64()],
}
ATTRIBUTES = {
    "BOOL": [pa.bool_()],
    "DATE": [pa.date32(), pa.date64()],
    "TIME": [pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")],
    "STRING": [pa.string(), pa.large_string(), pa.string_view(), pa.null()],
}


def cases(fates):
    return [pytest.param(wire, dtype, id=str(dtype)) for wire, dtypes in fates.items() for dtype in dtypes]


@pytest.mark.parametrize(("wire", "dtype"), cases(METRICS))
def test_numbers_become_metrics(wire, dtype):
    assert fate("Sold", dtype) == Fate(wire, number=True)


@pytest.mark.parametrize(("wire", "dtype"), cases(ATTRIBUTES))
def test_all_else_becomes_attributes(wire, dtype):
    assert fate("Region", dtype) == Fate(wire, number=False)


def test_u5_timestamps_are_datetime_and_not_date():
    for dtype in [pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "Asia/Tokyo")]:
        assert fate("Sold At", dtype).wire == "DATETIME"


def test_u6_int64_is_biginteger_and_not_integer():
    assert fate("Key", pa.int64()).wire == "BIGINTEGER"
    assert fate("Key", pa.uint32()).wire == "BIGINTEGER"


@pytest.mark.parametrize(
    ("dtype", "wire"),
    [
        (pa.dictionary(pa.int8(), pa.date32()), "DATE"),
        (pa.run_end_encoded(pa.int32(), pa.float32()), "DOUBLE"),
        (pa.dictionary(pa.int32(), pa.run_end_encoded(pa.int16(), pa.string())), "STRING"),
        (pa.bool8(), "BOOL"),
        (pa.json_(), "STRING"),
        (pa.uuid(), "STRING"),
        (pa.dictionary(pa.int32(), pa.bool8()), "BOOL"),
    ],
    ids=str,
)
def test_encodings_are_looked_through_and_extension_types_are_what_they_mean(dtype, wire):
    assert fate("Code", dtype) == Fate(wire, number=wire == "DOUBLE")


@pytest.mark.parametrize(
    ("dtype", "name", "hint"),
    [
        (Money(), "my.money", "int64"),
        (pa.dictionary(pa.int8(), Money()), "my.money", "int64"),
        (pa.run_end_encoded(pa.int32(), Money()), "my.money", "int64"),
        (pa.opaque(pa.int64(), "hugeint", "SomeDB"), "arrow.opaque", "where it was made"),
        (pa.fixed_shape_tensor(pa.int8(), [2]), "arrow.fixed_shape_tensor", "rows"),
    ],
    ids=str,
)
def test_other_extension_types_are_refused_by_name_and_not_written_as_what_they_store(dtype, name, hint):
    with pytest.raises(UsageError) as caught:
        fate("Price", dtype)
    assert f"'Price' is of the extension type {name}" in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("dtype", "cast"),
    [
        (pa.binary(), "string"),
        (pa.large_binary(), "string"),
        (pa.binary(16), "string"),
        (pa.binary_view(), "string"),
        (pa.list_(pa.int8()), "rows"),
        (pa.large_list(pa.string()), "rows"),
        (pa.list_(pa.int8(), 3), "rows"),
        (pa.list_view(pa.int8()), "rows"),
        (pa.struct([("a", pa.int8())]), "columns"),
        (pa.map_(pa.string(), pa.int8()), "columns"),
        (pa.duration("s"), "int64"),
        (pa.month_day_nano_interval(), "string"),
        (pa.dense_union([pa.field("a", pa.int8())]), "string"),
        (pa.dictionary(pa.int8(), pa.binary()), "string"),
    ],
    ids=str,
)
def test_what_a_dataset_cannot_hold_is_refused_by_name_with_the_cast_that_helps(dtype, cast):
    with pytest.raises(UsageError) as caught:
        fate("Payload", dtype)
    assert "'Payload'" in caught.value.message
    assert str(dtype) in caught.value.message
    assert cast in caught.value.hint

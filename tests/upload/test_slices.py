"""Slices and chunks agree with an obvious encoder on generated tables of every type."""

from __future__ import annotations

import base64
import json
import math
import struct
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from itertools import chain, pairwise
from unittest.mock import patch
from zoneinfo import ZoneInfo

import orjson
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import types as kinds

from mstr_arrow.upload import chunk_body as body_module
from mstr_arrow.upload import chunks as chunks_module
from mstr_arrow.upload import json_text
from mstr_arrow.upload.chunks import chunks
from mstr_arrow.upload.slices import EncodeOptions, Losses, encode_slice
from mstr_arrow.upload.types import fate, value_type

GENERATED = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
ZONES = ["UTC", "Asia/Kolkata", "America/New_York"]
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}

# The obvious encoder: one Python value at a time ----------------------------------------------------------------


def obvious(dtype, value, zone):
    """The JSON value of what is stored, an integer for dates and times, as the table of types says."""
    if value is None:
        return None
    if kinds.is_floating(dtype):
        return value if math.isfinite(value) else None
    if kinds.is_date(dtype):
        return str(date(1970, 1, 1) + timedelta(days=value // (86_400_000 if kinds.is_date64(dtype) else 1)))
    if kinds.is_time(dtype) or kinds.is_timestamp(dtype):
        seconds, fraction = divmod(value, PER_SECOND[dtype.unit])
        ms = fraction * 1000 // PER_SECOND[dtype.unit]
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, milliseconds=ms)
        if kinds.is_time(dtype):
            return moment.time().isoformat("milliseconds" if ms else "seconds")
        there = moment.astimezone(ZoneInfo(zone)) if dtype.tz else moment
        return there.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return value


def lost(dtype, value):
    """Whether a value is written as null, or shortened."""
    if value is None:
        return False, False
    if kinds.is_floating(dtype):
        return not math.isfinite(value), False
    timed = kinds.is_time(dtype) or kinds.is_timestamp(dtype)
    return False, timed and value * 1000 % PER_SECOND[dtype.unit] != 0


def read(text):
    """JSON as a strict and exact reader gives it."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_float=Decimal, parse_constant=refuse)


def plainly(dtype, value):
    """What tells two JSON values of a column apart: the bits of a double, a type, a value."""
    if kinds.is_floating(dtype) and value is not None:
        return struct.pack("<d", value)
    return type(value) if not kinds.is_decimal(dtype) else None, value


# Tables ---------------------------------------------------------------------------------------------------------

NASTY = [
    "",
    '"',
    "\\",
    '\\"',
    "],[",
    "null",
    '{"":1}',
    "a\nb",
    "\x00\x1f\x7f",
    "\u2028",
    "😀",
    "é",
    "\\ud800",
    "x" * 99,
]
TEXTS = st.sampled_from(NASTY) | st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["Größe", "L"])
DOUBLES = st.floats() | st.sampled_from([1e300, 5e-324, -0.0, 1e16, 0.1 + 0.2, math.nan, math.inf, -math.inf])
FIRST, LAST = -719_162, 2_932_896


def whole(bits, *, signed=True):
    low = -(2 ** (bits - 1)) if signed else 0
    high = low + 2**bits - 1
    return st.integers(low, high) | st.sampled_from([low, high]) | st.integers(high - 2, high)


def decimals(precision, scale):
    exact = Context(prec=100)
    return st.integers(1 - 10**precision, 10**precision - 1).map(lambda n: Decimal(n).scaleb(-scale, exact))


def stamps(unit, zone):
    if zone or unit == "ns":  # the rules of long ago are told differently
        low, high = -(2**31), 2**32
    else:
        low, high = FIRST * 86_400, (LAST + 1) * 86_400 - 1
    return st.integers(low * PER_SECOND[unit], (high + 1) * PER_SECOND[unit] - 1)


KINDS = {
    **{getattr(pa, f"int{bits}")(): whole(bits) for bits in (8, 16, 32, 64)},
    **{getattr(pa, f"uint{bits}")(): whole(bits, signed=False) for bits in (8, 16, 32, 64)},
    pa.float16(): st.floats(width=16),
    pa.float32(): st.floats(width=32),
    pa.float64(): DOUBLES,
    **{
        make(precision, scale): decimals(min(precision, 38), scale)
        for make, precision, scale in [
            (pa.decimal32, 5, 2),
            (pa.decimal64, 18, 18),
            (pa.decimal128, 38, 0),
            (pa.decimal128, 38, 38),
            (pa.decimal128, 20, 7),
            (pa.decimal128, 5, -2),
            (pa.decimal256, 76, 38),
            (pa.decimal256, 20, -18),
        ]
    },
    pa.bool_(): st.booleans(),
    pa.date32(): st.integers(FIRST, LAST) | st.integers(0, 2),
    pa.date64(): st.integers(FIRST, LAST).map(lambda day: day * 86_400_000),
    **{
        dtype: st.integers(0, 86_400 * PER_SECOND[dtype.unit] - 1)
        for dtype in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"))
    },
    **{
        pa.timestamp(unit, zone): stamps(unit, zone)
        for unit in PER_SECOND
        for zone in (None, "UTC", "Europe/Paris", "+05:30")
    },
    **dict.fromkeys((pa.string(), pa.large_string(), pa.string_view()), TEXTS),
    pa.null(): st.none(),
}


def stored(dtype, values):
    """An array of what is stored."""
    if kinds.is_temporal(dtype):
        return pa.array(values, pa.int32() if dtype.bit_width == 32 else pa.int64()).view(dtype)
    if kinds.is_float16(dtype):
        return pa.array(values, pa.float32()).cast(dtype)
    return pa.array(values, dtype)


@st.composite
def arrays(draw, dtype, rows):
    """An array of a type, encoded in any way, and its values."""
    values = st.none() | KINDS[dtype]
    how = draw(st.sampled_from(["plain", "sliced", "dictionary", "runs", "runs of a dictionary"]))
    if how == "plain":
        some = draw(st.lists(values, min_size=rows, max_size=rows))
        return stored(dtype, some), some
    if how == "sliced":
        some = draw(st.lists(values, min_size=rows + 3, max_size=rows + 3))
        return stored(dtype, some).slice(2, rows), some[2 : 2 + rows]
    distinct = draw(st.lists(values, min_size=1, max_size=6))
    if how == "dictionary":
        index = st.none() | st.integers(0, len(distinct) - 1)
        indices = draw(st.lists(index, min_size=rows, max_size=rows))
        array = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int8()), stored(dtype, distinct))
        return array, [None if at is None else distinct[at] for at in indices]
    lengths = draw(st.lists(st.integers(1, 5), min_size=len(distinct), max_size=len(distinct)))
    lengths[-1] += rows
    ends = [sum(lengths[: at + 1]) for at in range(len(lengths))]
    runs = [value for value, length in zip(distinct, lengths, strict=True) for _ in range(length)]
    of = stored(dtype, distinct)
    if how == "runs of a dictionary":
        of = pa.DictionaryArray.from_arrays(pa.array(range(len(distinct)), pa.uint16()), of)
    start = draw(st.integers(0, min(lengths[0], len(runs) - rows)))
    array = pa.RunEndEncodedArray.from_arrays(pa.array(ends, pa.int32()), of).slice(start, rows)
    return array, runs[start : start + rows]


@st.composite
def tables(draw, most_rows=12):
    """Batches of one schema but for how they are encoded in memory, and the values of each column."""
    dtypes = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4))
    columns, values = [], []
    rows = draw(st.integers(1, most_rows))
    cuts = sorted(draw(st.lists(st.integers(0, rows), max_size=2)))
    for dtype in dtypes:
        array, some = draw(arrays(dtype, rows))
        columns.append(array)
        values.append(some)
    batch = pa.record_batch(columns, [f"c{at}" for at in range(len(columns))])
    ends = [0, *cuts, rows]
    return [batch.slice(a, b - a) for a, b in pairwise(ends)], values


def check(options, batches, values, text, losses):
    """Compare JSON and losses with what the obvious encoder makes of the values."""
    found = read(text)
    if options.orientation == "ROW":
        found = [list(column) for column in zip(*found, strict=True)]
    assert len(found) == len(values)
    for name, dtype, some, column in zip(
        batches[0].schema.names, map(value_type, batches[0].schema.types), values, found, strict=True
    ):
        due = [obvious(dtype, value, options.time_zone) for value in some]
        assert [plainly(dtype, value) for value in column] == [plainly(dtype, value) for value in due]
        nulled, shortened = zip(*(lost(dtype, value) for value in some), strict=True)
        assert (losses.nulled[name], losses.shortened[name]) == (sum(nulled), sum(shortened))


OPTIONS = st.builds(EncodeOptions, st.sampled_from(["COLUMN", "ROW"]), st.sampled_from(ZONES))
BRACKETS = {"COLUMN": (b"[[", b"],[", b"]]"), "ROW": (b"[", b"", b"]")}


@GENERATED
@given(tables(most_rows=24), OPTIONS, st.booleans())
def test_slices_agree_with_the_obvious_encoder(table, options, sampled):
    batches, values = table
    with ExitStack() as stack:
        stack.enter_context(patch.object(json_text, "_FEW", 2))
        if sampled:
            stack.enter_context(patch.object(json_text, "_SAMPLE", 4))
        made = encode_slice(pa.Table.from_batches(batches), options)
    first, between, last = BRACKETS[options.orientation]
    assert made.rows == len(values[0])
    check(options, batches, values, first + between.join(map(b"".join, made.lanes)) + last, made.losses)


@GENERATED
@given(tables(most_rows=40), OPTIONS, st.integers(1200, 6000), st.none() | st.integers(1, 9), st.integers(0, 5))
def test_chunks_agree_with_the_obvious_encoder(table, options, chunk_bytes, chunk_rows, skip):
    batches, values = table
    rows = len(values[0])
    skip = min(skip, rows)
    with patch.multiple(chunks_module, _FIRST_ROWS=3, _MOST_ROWS=7), patch.object(body_module, "_PIECE", 30):
        made = list(
            chunks(
                batches,
                batches[0].schema,
                table="t",
                options=options,
                chunk_bytes=chunk_bytes,
                chunk_rows=chunk_rows,
                first_index=5,
                skip_rows=skip,
            )
        )
    assert [chunk.index for chunk in made] == list(range(5, 5 + len(made)))
    assert sum(chunk.rows for chunk in made) == rows - skip
    row = skip
    for chunk in made:
        body = b"".join(chunk.body)
        assert len(body) == chunk.size == chunk.body.size <= chunk_bytes
        assert chunk.first_row == row
        assert chunk.rows <= (chunk_rows or rows)
        message = json.loads(body)
        assert message == {"tableName": "t", "index": chunk.index, "data": message["data"]}
        text = base64.b64decode(message["data"], validate=True)
        assert len(text) == chunk.body.text_bytes
        check(options, batches, [some[row : row + chunk.rows] for some in values], text, chunk.losses)
        row += chunk.rows


# What other clients get wrong -----------------------------------------------------------------------------------


@GENERATED
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=200), OPTIONS)
def test_u3_floats_round_trip_to_the_same_bits(bits, options):
    doubles = [x for x in struct.unpack(f"<{len(bits)}d", struct.pack(f"<{len(bits)}Q", *bits)) if math.isfinite(x)]
    doubles += [1 / 3, 0.1 + 0.2, 1e300, 5e-324, -0.0, 1e16, 1.7976931348623157e308]
    (lane,) = encode_slice(pa.table({"x": doubles}), options).lanes
    for loads in (json.loads, orjson.loads):
        found = loads(b"[" + b"".join(lane) + b"]")
        found = [row[0] for row in found] if options.orientation == "ROW" else found
        assert {type(value) for value in found} == {float}
        assert struct.pack(f"<{len(found)}d", *found) == struct.pack(f"<{len(doubles)}d", *doubles)


def test_u4_nulls_before_the_first_date_stay_null_in_every_chunk():
    days = [None] * 40 + [date(2024, 1, 31), None] * 40
    table = pa.table({"day": pa.array(days, pa.date32())})
    made = list(
        chunks(table.to_batches(), table.schema, table="t", options=EncodeOptions(), chunk_bytes=900, chunk_rows=20)
    )
    texts = [json.loads(base64.b64decode(json.loads(b"".join(chunk.body))["data"]))[0] for chunk in made]
    assert len(texts) == 6
    assert list(chain.from_iterable(texts)) == [day and "2024-01-31" for day in days]
    assert fate("day", table.schema.field("day").type).wire == "DATE"


@pytest.mark.parametrize(
    ("series", "wire", "text"),
    [
        (pl.Series([1, None], dtype=pl.Int64), "BIGINTEGER", "1,null"),
        (pl.Series(["a", None, "a"], dtype=pl.Categorical), "STRING", '"a",null,"a"'),
        (pl.Series(["a", None], dtype=pl.Enum(["a", "b"])), "STRING", '"a",null'),
        (pl.Series([255], dtype=pl.UInt8), "INTEGER", "255"),
        (pl.Series([2**32 - 1], dtype=pl.UInt32), "BIGINTEGER", "4294967295"),
        (pl.Series([2**64 - 1], dtype=pl.UInt64), "BIGDECIMAL", "18446744073709551615"),
        (pl.Series([-128], dtype=pl.Int8), "INTEGER", "-128"),
        (pl.Series([-32768], dtype=pl.Int16), "INTEGER", "-32768"),
        (pl.Series([0]).cast(pl.Datetime("ms")), "DATETIME", '"1970-01-01T00:00:00.000"'),
        (pl.Series([0]).cast(pl.Datetime("us")), "DATETIME", '"1970-01-01T00:00:00.000"'),
        (pl.Series([0]).cast(pl.Datetime("ns", "Asia/Tokyo")), "DATETIME", '"1970-01-01T00:00:00.000"'),
        (pl.Series([Decimal("1.50")]), "BIGDECIMAL", "1.50"),
    ],
    ids=lambda value: str(value.dtype) if isinstance(value, pl.Series) else None,
)
def test_u7_each_type_that_other_clients_refuse_is_written(series, wire, text):
    table = series.to_frame("c").to_arrow()
    assert fate("c", table.schema.field("c").type).wire == wire
    (lane,) = encode_slice(table, EncodeOptions()).lanes
    assert b"".join(lane).decode() == text


def test_u7_timestamps_in_seconds_are_written():
    (lane,) = encode_slice(pa.table({"c": pa.array([0], pa.timestamp("s"))}), EncodeOptions()).lanes
    assert b"".join(lane) == b'"1970-01-01T00:00:00.000"'


def test_no_losses_where_nothing_is_lost():
    made = encode_slice(
        pa.table({"x": [1.0, None], "t": pa.array([1000, None], pa.timestamp("us"))}), EncodeOptions()
    )
    assert made.losses == Losses()

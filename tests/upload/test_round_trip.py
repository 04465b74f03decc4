"""Tables go up, are published, are read, and are the same: but for the documented changes of types."""

import datetime as dt
import math
import struct
import warnings
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mstr_arrow as ma
from mstr_arrow.simulator import Simulator

AWKWARD = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TRAPS = st.sampled_from(
    ['"', "\\", '\\"', "null", "[1]", "\x00\x1f\x7f", "\u2028", "😀", "", " ", "a,b\nc", "aGVs", "-0"]
)
MOMENTS = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30))

TYPES = {
    **{name: st.integers(-(2**7), 2**7 - 1) for name in ("int8",)},
    "int16": st.integers(-(2**15), 2**15 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 2**8 - 1),
    "uint16": st.integers(0, 2**16 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "float32": st.floats(width=32),
    "float64": st.floats(),
    "bool_": st.booleans(),
    "string": AWKWARD | TRAPS,
    "large_string": AWKWARD | TRAPS,
    "string_view": AWKWARD | TRAPS,
    "date32": st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)),
    "null": st.none(),
}
MADE = {
    **{name: (getattr(pa, name)(), values) for name, values in TYPES.items()},
    "decimal": (pa.decimal128(30, 6), st.decimals(-(10**19), 10**19, places=6)),
    "time": (pa.time64("us"), st.times()),
    "timestamp s": (pa.timestamp("s"), MOMENTS.map(lambda m: m.replace(microsecond=0))),
    "timestamp us": (pa.timestamp("us"), MOMENTS),
    "timestamp zone": (pa.timestamp("ms", "Europe/Berlin"), MOMENTS.map(lambda m: m.replace(microsecond=0))),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["a", 'b"', "", "ü"])),
}


@st.composite
def tables(draw, kinds=tuple(MADE)):
    """Draw a table with a unique key and up to five columns of any type, nulls among them."""
    rows = draw(st.integers(0, 12))
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=5))
    columns = {"key": pa.array([f"k{row}" for row in range(rows)], pa.string())}
    for number, kind in enumerate(chosen):
        dtype, values = MADE[kind]
        cells = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        if kind == "dictionary":
            columns[f"c{number}"] = pa.array(cells, pa.string()).dictionary_encode().cast(dtype)
        elif kind == "timestamp zone":
            utc = [cell and cell.replace(tzinfo=dt.UTC) for cell in cells]
            columns[f"c{number}"] = pa.array(utc, dtype)
        else:
            columns[f"c{number}"] = pa.array(cells, dtype)
    return pa.table(columns)


def expected(value, dtype):
    """Say what a value is when it comes back, as text, number or moment; a double by its bits."""
    if value is None:
        return None
    if pa.types.is_floating(dtype):
        return struct.pack("<d", value) if math.isfinite(value) else None
    if pa.types.is_timestamp(dtype):
        naive = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
        return naive.replace(microsecond=naive.microsecond // 1000 * 1000)
    if pa.types.is_time(dtype):
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    return value


def delivered(value, dtype):
    """Bring a value that was read to the form that `expected` has."""
    if value is None:
        return None
    if pa.types.is_floating(dtype):
        return struct.pack("<d", float(value))
    if pa.types.is_decimal(dtype) or (pa.types.is_integer(dtype) and not isinstance(value, int)):
        return Decimal(str(value))
    return value


def assert_same(got, sent):
    rows = {row["key"]: row for row in got.to_pylist()}
    assert set(rows) >= set(sent["key"].to_pylist())
    for row in sent.to_pylist():
        for field in sent.schema:
            want = expected(row[field.name], field.type)
            assert delivered(rows[row["key"]][field.name], field.type) == want, field


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=10, gzip=False, publish_polls=0) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def conn(server):
    with ma.connect(server.url, username=server.username, password=server.password) as connection:
        yield connection


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(sent=tables(), orientation=st.sampled_from(["COLUMN", "ROW", None]), rows=st.integers(1, 5))
def test_what_is_written_is_read(conn, sent, orientation, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ma.DataLossWarning)
        result = conn.write("Round Trip", sent, orientation=orientation, chunk_rows=rows, schema_mode="strict")
    got = conn.cube(result.cube_id).to_arrow(strings="plain")
    assert (result.rows, result.chunks) == (sent.num_rows, -(-sent.num_rows // rows))
    assert got.num_rows == sent.num_rows
    assert_same(got, sent)
    ma.SuperCube(conn, id=result.cube_id).delete()


@settings(max_examples=settings.default.max_examples // 2, suppress_health_check=[HealthCheck.too_slow])
@given(first=tables(kinds=("int64", "float64")), second=tables(kinds=("float64", "decimal", "int32")))
def test_several_tables_join_by_their_key(conn, first, second):
    second = second.rename_columns(["key", *(f"d{number}" for number in range(second.num_columns - 1))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ma.DataLossWarning)
        result = conn.write("Two Tables", {"First": first, "Second": second}, verify=True)
    got = conn.cube(result.cube_id).to_arrow(strings="plain")
    assert result.verified
    assert_same(got, first)
    assert_same(got, second)
    ma.SuperCube(conn, id=result.cube_id).delete()


def test_many_chunks_of_many_bytes(conn):
    sent = pl.DataFrame({"key": [f"k{n:06}" for n in range(50_000)], "n": range(50_000)})
    result = conn.write("Many Chunks", sent, chunk_bytes=100_000, verify=True)
    assert result.chunks > 10
    assert result.verified
    got = conn.cube(result.cube_id).to_polars().sort("key")
    assert got["n"].to_list() == sent["n"].to_list()

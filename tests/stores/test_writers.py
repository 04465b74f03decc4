"""Files written into a bucket: whole or not at all, whoever writes them."""

import asyncio
import io
import os

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import FileError, ProtocolError, UsageError
from mstr_arrow.files.sinks import Csv, IpcFile, IpcStream, Parquet
from mstr_arrow.simulator import Fault
from tests.stores.conftest import PART

pytest.importorskip("obstore")

WRITERS = {"write_parquet": "x.parquet", "write_ipc": "x.arrow", "write_csv": "x.csv"}
READERS = {
    "parquet": pq.read_table,
    "arrow": lambda file: pa.ipc.open_file(file).read_all(),
    "arrows": lambda file: pa.ipc.open_stream(file).read_all(),
    "csv": pyarrow.csv.read_csv,
}
SINKS = {
    "parquet": lambda target: Parquet(target, compression="none", row_group_rows=5_000),
    "arrow": IpcFile,
    "arrows": IpcStream,
    "csv": Csv,
}


@pytest.fixture
def sales(connection):
    return connection.cube("Sales Cube", limits=ma.Limits(page_rows=250))


def same(read, written):
    return read.equals(written)  # alone, as a failure would show both


def large(rows=50_000):
    """A batch that no single request takes."""
    numbers = pa.Array.from_buffers(pa.int64(), rows, [None, pa.py_buffer(os.urandom(8 * rows))])
    return pa.record_batch({"Number": numbers})


def begun(sink, batch):
    """Have more than a part on its way."""
    sink.open()
    sink.start(batch.schema)
    sink.write(batch)
    return sink


# Whole


@pytest.mark.parametrize("writer", WRITERS)
def test_each_writer_takes_a_uri(sales, s3, writer):
    name = WRITERS[writer]
    stats = getattr(sales, writer)(s3.uri(f"nightly/{name}"))
    assert s3.names() == [f"nightly/{name}"]
    read = READERS[name.partition(".")[2]](io.BytesIO(s3.read(f"nightly/{name}")))
    assert read.num_rows == stats.rows == 2_000
    assert read.column_names == sales.schema.names


def test_the_asynchronous_twin_takes_one_too(sales, s3):
    asyncio.run(sales.write_parquet_async(s3.uri("x.parquet")))
    assert s3.names() == ["x.parquet"]


@pytest.mark.parametrize("form", SINKS)
def test_a_large_file_is_whole_and_nobody_sees_it_before(s3, form):
    batch = large()
    sink = begun(SINKS[form](s3.uri("x")), batch)
    assert (s3.names(), s3.open_uploads()) == ([], ["x"])
    sink.finish()
    assert (s3.names(), s3.open_uploads()) == (["x"], [])
    content = s3.read("x")
    assert len(content) == sink.bytes > 2 * PART
    assert same(READERS[form](pa.BufferReader(content)).combine_chunks().to_batches()[0], batch)


@pytest.mark.parametrize(
    "key", ["a b.csv", "ä/ж.csv", "a#b?c%20d&e=f+g.csv", "Year=2024/Region=East/x.csv", "{x}~'.csv"]
)
def test_a_key_is_what_the_uri_says(s3, key):
    sink = Csv(s3.uri(key))
    sink.open()
    sink.start(pa.schema({"a": pa.int64()}))
    sink.finish()
    assert s3.names() == [key]


def test_what_is_there_stays_until_the_new_file_is_whole(s3):
    s3.write("x", b"old")
    sink = begun(Csv(s3.uri("x")), large())
    assert s3.read("x") == b"old"
    sink.finish()
    assert len(s3.read("x")) > PART


def test_a_store_of_the_callers_is_taken(sales, s3):
    from obstore.store import S3Store

    store = S3Store(s3.bucket, client_options={"allow_http": True}, prefix="nightly")
    sales.write_parquet(ma.Location(store, "sales.parquet"))
    assert s3.names() == ["nightly/sales.parquet"]


# Not at all


@pytest.mark.parametrize("form", SINKS)
def test_what_is_abandoned_leaves_nothing(s3, form):
    s3.write("x", b"old")
    sink = begun(SINKS[form](s3.uri("x")), large())
    sink.abandon()
    del sink
    assert (s3.names(), s3.read("x"), s3.open_uploads()) == (["x"], b"old", [])


@pytest.mark.parametrize("writer", WRITERS)
def test_a_read_that_fails_leaves_nothing(sales, simulator, s3, writer):
    simulator.fail(Fault.not_json().on("GET", "/instances/", skip=3, times=None))
    with pytest.raises(ProtocolError):
        getattr(sales, writer)(s3.uri("x"))
    simulator.heal()
    assert (s3.names(), s3.open_uploads()) == ([], [])


@pytest.mark.parametrize("form", SINKS)
def test_a_writer_that_is_dropped_shows_nothing(s3, form):
    sink = begun(SINKS[form](s3.uri("x")), large())
    del sink
    assert s3.names() == []


def test_what_a_killed_run_has_begun_goes_with_the_next(s3):
    pytest.importorskip("boto3")
    begun(Csv(s3.uri("x")), large())
    assert s3.open_uploads() == ["x"]
    sink = begun(Csv(s3.uri("x")), large())
    sink.finish()
    assert (s3.names(), s3.open_uploads()) == (["x"], [])


# Told before anything is read


@pytest.fixture
def instances(simulator):
    before = len(simulator.requests)
    return lambda: sum("/instances" in request.path for request in simulator.requests[before:])


@pytest.mark.parametrize("writer", [*WRITERS, "parts"])
def test_a_bucket_that_does_not_exist_is_told_first(sales, s3, instances, writer):
    how = {"part_rows": 500} if writer == "parts" else {}
    with pytest.raises(UsageError, match=r"'s3://no-such-bucket/x' cannot be written: there is no such bucket\."):
        getattr(sales, "write_parquet" if writer == "parts" else writer)("s3://no-such-bucket/x", **how)
    assert (instances(), s3.names()) == (0, [])


def test_a_store_that_is_not_there_is_told_first(sales, s3, instances, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(FileError, match=r"the store cannot be reached\. .*AWS_ENDPOINT_URL"):
        sales.write_parquet(s3.uri("x"))
    assert instances() == 0


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://bucket", "names a bucket, and no place in it"),
        ("s3:///x", "names no bucket"),
        ("s3://bucket/a//b", "an empty name"),
        ("s3://bucket/../b", "an empty name, '.' or '..'"),
        ("s3://bucket/x/", "ends in a slash"),
        ("s3://bucket/a\nb", "a character that no path has"),
    ],
)
def test_a_uri_that_cannot_be_is_told_first(sales, instances, uri, said):
    with pytest.raises(UsageError, match=said):
        sales.write_csv(uri)
    assert instances() == 0


def test_the_extra_that_is_missing_is_named(sales, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(UsageError, match=r"pip install 'mstr-arrow\[stores\]'"):
        sales.write_csv("s3://bucket/x.csv")

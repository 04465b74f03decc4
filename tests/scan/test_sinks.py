import asyncio
import io
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from mstr_arrow.config import Limits
from mstr_arrow.errors import ProtocolError, UsageError
from mstr_arrow.files.sinks import Csv, IpcFile, IpcStream, Parquet, in_thread
from mstr_arrow.simulator import Fault

WRITERS = {"write_parquet": "x.parquet", "write_ipc": "x.arrow", "write_csv": "x.csv"}


def batch(texts, numbers=None):
    words = pa.array(texts).dictionary_encode()
    return pa.record_batch({"Word": words, "Number": pa.array(numbers or range(len(texts)), pa.int64())})


def plain(batches):
    table = pa.Table.from_batches(batches).combine_chunks()
    return table.set_column(0, "Word", table["Word"].cast(pa.string()))


def fill(sink, batches, schema=None):
    sink.open()
    sink.start(schema or batches[0].schema)
    for one in batches:
        texts = one if sink.strings == "dictionary" else plain([one]).to_batches()[0]
        sink.write(texts)
    sink.finish()


BATCHES = [batch(["a", None, "b"]), batch(["c", "", "a"]), batch(["b"])]


# Files


def test_parquet_has_the_row_groups_asked_for_and_shows_plain_texts(tmp_path):
    path = tmp_path / "x.parquet"
    fill(Parquet(path, compression="zstd", row_group_rows=2), BATCHES)
    file = pq.ParquetFile(path)
    assert [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)] == [2, 2, 2, 1]
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert pq.read_table(path).equals(plain(BATCHES))
    assert pl.read_parquet(path).equals(pl.DataFrame(plain(BATCHES)))


def test_parquet_takes_batches_longer_than_a_row_group_and_keeps_dictionaries(tmp_path):
    path = tmp_path / "x.parquet"
    fill(Parquet(str(path), compression="none", row_group_rows=2), [batch(["a"] * 5)])
    metadata = pq.ParquetFile(path).metadata
    assert metadata.num_row_groups == 3
    assert "RLE_DICTIONARY" in metadata.row_group(0).column(0).encodings


def test_distinct_numbers_fill_a_row_group_in_little_memory(tmp_path):
    """With the last of them the writer's hash table would take four times as much."""
    code = """
        import pyarrow as pa
        from mstr_arrow.files.sinks import Parquet
        batch = pa.record_batch({"Order": pa.Array.from_buffers(pa.int64(), 131_072, [None, pa.py_buffer(
            b"".join(number.to_bytes(8, "little") for number in range(131_072)))])})
        sink = Parquet("x.parquet", compression="zstd", row_group_rows=131_072)
        sink.open()
        sink.start(batch.schema)
        sink.write(batch)
        sink.finish()
        print(pa.system_memory_pool().max_memory())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    environment = os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "system", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, stdout=subprocess.PIPE)
    assert int(done.stdout) < 16e6
    assert pq.read_table(tmp_path / "x.parquet")["Order"].to_pylist() == list(range(131_072))


def test_ipc_files_and_streams_hold_plain_texts(tmp_path):
    fill(IpcFile(tmp_path / "x.arrow"), BATCHES)
    assert pa.ipc.open_file(tmp_path / "x.arrow").read_all().equals(plain(BATCHES))
    fill(IpcStream(tmp_path / "x.arrows"), BATCHES)
    assert pa.ipc.open_stream(tmp_path / "x.arrows").read_all().equals(plain(BATCHES))


def test_csv_tells_null_from_empty(tmp_path):
    fill(Csv(tmp_path / "x.csv"), BATCHES[:2])
    assert (tmp_path / "x.csv").read_text() == '"Word","Number"\n"a",0\n,1\n"b",2\n"c",0\n"",1\n"a",2\n'


@pytest.mark.parametrize("empty", [Csv, IpcFile, IpcStream, "parquet"])
def test_nothing_is_a_whole_file(tmp_path, empty):
    path = tmp_path / "x"
    sink = Parquet(path, compression="zstd", row_group_rows=10) if empty == "parquet" else empty(path)
    fill(sink, [], batch([]).schema)
    assert path.stat().st_size > 0
    assert os.listdir(tmp_path) == ["x"]  # noqa: PTH208 - names are what counts


def test_a_file_appears_when_it_is_whole_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "x.arrow"
    path.write_text("old")
    sink = IpcFile(path)
    sink.open()
    sink.start(plain(BATCHES).schema)
    assert path.read_text() == "old"
    sink.finish()
    assert pa.ipc.open_file(path).read_all().num_rows == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.arrow"]


def test_two_sinks_of_one_path_do_not_meet(tmp_path):
    path = tmp_path / "x.arrow"
    one, two = IpcFile(path), IpcFile(path)
    one.open()
    two.open()
    assert len(list(tmp_path.iterdir())) == 2
    one.start(plain(BATCHES).schema)
    one.finish()
    two.abandon()
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.arrow"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "x.arrow"
    link.symlink_to(tmp_path / "real" / "y.arrow")
    fill(IpcFile(link), BATCHES)
    assert link.is_symlink()
    assert pa.ipc.open_file(tmp_path / "real" / "y.arrow").read_all().num_rows == 7


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_named_pipe_is_written_to_and_stays(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    fill(IpcStream(pipe), BATCHES)
    reader.join(10)
    assert pipe.is_fifo()
    assert pa.ipc.open_stream(read[0]).read_all().equals(plain(BATCHES))


# Streams the caller keeps


class Slow(io.RawIOBase):
    """A raw stream that takes three bytes at a time and knows no position."""

    def __init__(self):
        self.taken = b""

    def writable(self):
        return True

    def write(self, data):
        self.taken += bytes(data[:3])
        return min(len(data), 3)


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_a_raw_stream_gets_every_byte_and_stays_open(kind):
    stream = Slow()
    fill(Parquet(stream, compression="none", row_group_rows=5) if kind == "parquet" else IpcFile(stream), BATCHES)
    assert not stream.closed
    source = pa.BufferReader(stream.taken)
    read = pq.read_table(source) if kind == "parquet" else pa.ipc.open_file(source).read_all()
    assert read.combine_chunks().equals(plain(BATCHES))


def test_an_abandoned_parquet_stream_does_not_look_whole():
    stream = io.BytesIO()
    sink = Parquet(stream, compression="none", row_group_rows=1)
    sink.open()
    sink.start(BATCHES[0].schema)
    sink.write(BATCHES[0])
    sink.abandon()
    written = stream.getvalue()
    del sink
    assert stream.getvalue() == written
    with pytest.raises(pa.ArrowInvalid):
        pq.read_table(pa.BufferReader(written))


# Wrong targets


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("target", ["nowhere/x", "."])
def test_a_target_that_cannot_be_is_told_before_the_server_is_asked(numbers, pages, tmp_path, writer, target):
    with pytest.raises(UsageError, match=r"cannot be written: .* folder"):
        getattr(numbers, writer)(tmp_path / target)
    assert pages.asked() == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{"compression": "zsdt"}, {"row_group_rows": 0}])
def test_options_that_cannot_be_are_told_before_the_server_is_asked(numbers, pages, tmp_path, options):
    with pytest.raises(UsageError, match=r"zsdt.*Choose zstd|at least one row"):
        numbers.write_parquet(tmp_path / "x.parquet", **options)
    assert pages.asked() == 0


# Failures on the way


@pytest.mark.one_in(3)
@pytest.mark.parametrize("writer", WRITERS)
def test_a_failed_read_leaves_no_file_and_the_old_one_alone(numbers, simulator, tmp_path, writer):
    path = tmp_path / WRITERS[writer]
    path.write_text("old")
    simulator.fail(Fault.not_json().on("GET", "/instances/", skip=20, times=None))
    with pytest.raises(ProtocolError):
        getattr(numbers, writer)(path)
    simulator.heal()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "old"


class Full(io.BytesIO):
    """A disk of 3,000 bytes."""

    def write(self, data):
        if self.tell() + len(data) > 3_000:
            raise OSError(28, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_stops_the_requests_and_is_told(numbers, pages, writer):
    options = {"row_group_rows": 100} if writer == "write_parquet" else {}
    with pytest.raises(OSError, match="No space left on device"):
        getattr(numbers, writer)(Full(), **options)
    assert pages.stopped() < 200


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_full_device_is_told(coarse):
    with pytest.raises(OSError, match=r"(?i)no space left"):
        coarse.write_parquet("/dev/full")
    assert Path("/dev/full").exists()


def test_a_cancelled_write_leaves_no_file(connection, tmp_path, pages):
    numbers = connection.cube("Numbers", limits=Limits(page_rows=10, concurrency=2))

    async def main():
        task = asyncio.ensure_future(numbers.write_parquet_async(tmp_path / "x.parquet", row_group_rows=10))
        await asyncio.to_thread(pages.wait_for, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(tmp_path.iterdir()) == []

    asyncio.run(main())
    assert pages.stopped() < 200


def test_a_cancelled_thread_is_waited_for():
    go, done = threading.Event(), []

    def work():
        go.wait(10)
        done.append(True)
        raise OSError("too late to matter")

    async def main():
        task = asyncio.ensure_future(in_thread(work))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert done == [True]


def test_twins_write_the_same(connection, tmp_path):
    numbers = connection.cube("Numbers", limits=Limits(page_rows=500))

    async def main():
        await numbers.write_parquet_async(tmp_path / "b.parquet")
        await numbers.write_ipc_async(tmp_path / "b.arrow")
        await numbers.write_ipc_async(tmp_path / "b.arrows", stream=True)
        await numbers.write_csv_async(tmp_path / "b.csv")

    asyncio.run(main())
    stats = [
        numbers.write_parquet(tmp_path / "a.parquet"),
        numbers.write_ipc(tmp_path / "a.arrow"),
        numbers.write_ipc(tmp_path / "a.arrows", stream=True),
        numbers.write_csv(tmp_path / "a.csv"),
    ]
    assert [one.rows for one in stats] == [2_000] * 4
    for ending in ("parquet", "arrow", "arrows", "csv"):
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    assert pyarrow.csv.read_csv(tmp_path / "a.csv")["Double"].to_pylist() == [row * 2.5 for row in range(2_000)]

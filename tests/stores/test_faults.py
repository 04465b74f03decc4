"""A store that fails at some byte of what is sent: whole, or told and not there; and no upload stays open."""

import os
import random
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pytest

from mstr_arrow.errors import FileError
from mstr_arrow.files import stores
from mstr_arrow.files.parts import ParquetParts
from mstr_arrow.files.rolling import PartOptions
from mstr_arrow.files.sinks import IpcFile
from tests.stores.conftest import PART
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.stores import s3_environment

pytest.importorskip("obstore")

ROWS = 20_000
SIZE = 8 * ROWS
PLACES = [0, 1, PART - 1, PART, PART + 1, 2 * PART, SIZE - 1]
"""Bytes of a file of three parts at which something goes wrong."""


@pytest.fixture
def faulty(s3, monkeypatch):
    """A store that is reached through a proxy; what it refuses is not tried again for minutes."""
    monkeypatch.setattr(stores, "PATIENCE", {"max_retries": 2, "retry_timeout": stores.PATIENCE["retry_timeout"]})
    with FaultyStore(int(s3.address.rpartition(":")[2])) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


@pytest.fixture(scope="module")
def batch():
    numbers = pa.Array.from_buffers(pa.int64(), ROWS, [None, pa.py_buffer(os.urandom(SIZE))])
    return pa.record_batch({"Number": numbers})


def same(read, written):
    return read.equals(written)  # alone, as a failure would show both


def write(sink, batch):
    """Write as a scan does."""
    try:
        sink.open()
        sink.start(batch.schema)
        for start in range(0, batch.num_rows, 1_000):
            sink.write(batch.slice(start, 1_000))
        sink.finish()
    except BaseException:
        sink.abandon()
        raise


GRID = [
    pytest.param(kind, at, marks=[] if at == PART + 1 and kind != "slow" else [pytest.mark.slow])
    for kind in ("cut", "500", "403", "slow")
    for at in PLACES
]


@pytest.mark.parametrize(("kind", "at"), GRID)
def test_a_fault_at_any_byte_leaves_all_or_nothing(s3, faulty, batch, kind, at):
    s3.write("x", b"old")
    faulty.fault = Fault(kind, at)
    if kind == "slow":
        write(IpcFile(s3.uri("x")), batch)
        assert pa.ipc.open_file(s3.read("x")).read_all().to_batches()[0].num_rows > 0
    else:
        with pytest.raises(FileError, match=r"s3://.* cannot be written"):
            write(IpcFile(s3.uri("x")), batch)
        assert s3.read("x") == b"old"
    assert faulty.fault.met
    faulty.fault = None
    write(IpcFile(s3.uri("x")), batch)
    assert same(pa.ipc.open_file(s3.read("x")).read_all().combine_chunks().to_batches()[0], batch)
    assert (s3.names(), s3.open_uploads()) == (["x"], [])


@pytest.mark.parametrize("kind", ["cut", "500"])
@pytest.mark.parametrize("at", [1, pytest.param(PART + 1, marks=pytest.mark.slow)])
def test_a_fault_that_passes_costs_nothing(s3, faulty, batch, kind, at):
    faulty.fault = Fault(kind, at, times=1)
    write(IpcFile(s3.uri("x")), batch)
    assert faulty.fault.met == 1
    assert same(pa.ipc.open_file(s3.read("x")).read_all().combine_chunks().to_batches()[0], batch)


def test_a_part_whose_end_is_refused_leaves_no_upload(s3, faulty, batch):
    pytest.importorskip("boto3")
    faulty.fault = Fault("500", 3 * PART + 1)
    how = PartOptions(compression="none", row_group_rows=100_000, part_rows=ROWS, part_bytes=None)
    with pytest.raises(FileError, match="refused it: InternalError, planned"):
        write(ParquetParts(s3.uri("out"), how, overwrite=False), batch)
    assert faulty.fault.met
    assert (s3.names(), s3.open_uploads()) == ([], [])


WRITING = """
import os, sys, pyarrow as pa
from mstr_arrow.files.parts import ParquetParts
from mstr_arrow.files.rolling import PartOptions
how = PartOptions(compression="none", row_group_rows=100_000, part_rows=1_500_000, part_bytes=None)
sink = ParquetParts(sys.argv[1], how, overwrite=True)
sink.open()
batch = pa.record_batch({"Number": pa.array(range(100_000))})
sink.start(batch.schema)
print("began", flush=True)
for _ in range(60):
    sink.write(batch)
sink.finish()
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_run_that_is_killed_shows_nothing_and_the_next_tidies_up(s3, seed):
    pytest.importorskip("boto3")
    how = PartOptions(compression="none", row_group_rows=100, part_rows=100, part_bytes=None)
    write(ParquetParts(s3.uri("out"), how, overwrite=True), pa.record_batch({"Number": pa.array(range(250))}))
    before = s3.read("out/_manifest.json")
    command = [sys.executable, "-c", WRITING, s3.uri("out")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | s3_environment(s3.address))
    assert process.stdout is not None
    assert process.stdout.readline() == b"began\n"
    time.sleep(random.Random(seed).uniform(0, 0.5))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    killed = process.returncode == -signal.SIGKILL
    if killed:
        assert s3.read("out/_manifest.json") == before
    write(ParquetParts(s3.uri("out"), how, overwrite=True), pa.record_batch({"Number": pa.array(range(150))}))
    assert (len(s3.names()), s3.open_uploads()) == (3, [])

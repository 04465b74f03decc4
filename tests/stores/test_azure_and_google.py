"""The same promise in Azure's store and Google's."""

import json
import os
import shutil
import uuid

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import FileError, UsageError
from mstr_arrow.files.parts import ParquetParts
from mstr_arrow.files.rolling import PartOptions
from mstr_arrow.files.sinks import Csv, IpcFile
from mstr_arrow.simulator import Fault
from tests.stores.conftest import PART
from tests.support.other_stores import LikeGoogle, Seen, azure_environment, make_container
from tests.support.stores import S3, shared_process

pytest.importorskip("obstore")
UNLOADED = Fault.error(404, "ERR004", iserver_code=-2147209151).on("GET", r"/instances/", skip=2, times=None)
AZURITE = os.environ.get("AZURITE") or shutil.which("azurite-blob")


@pytest.fixture(scope="session")
def azurite(run_folder):
    """An Azurite, where npm has installed one."""
    if AZURITE is None:
        pytest.skip("there is no azurite-blob: npm install azurite, and say where by AZURITE")
    options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    command = [AZURITE, *options, "--blobHost", "127.0.0.1", "--blobPort"]
    with shared_process(run_folder, "azure", lambda port: [*command, str(port)]) as port:
        yield port


@pytest.fixture
def azure(azurite, monkeypatch):
    from obstore.store import AzureStore

    name = f"container-{uuid.uuid4().hex[:12]}"
    for variable, value in azure_environment(azurite).items():
        monkeypatch.setenv(variable, value)
    make_container(azurite, name)
    endpoint = os.environ["AZURE_STORAGE_ENDPOINT"]
    return Seen(f"az://{name}", AzureStore(name, endpoint=endpoint, client_options={"allow_http": True}))


@pytest.fixture
def google(s3_address, monkeypatch):
    from obstore.store import S3Store

    with LikeGoogle(int(s3_address.rpartition(":")[2])) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.address)
        name = S3(s3_address, f"bucket-{uuid.uuid4().hex[:12]}").bucket
        keys = {"access_key_id": "testing", "secret_access_key": "testing", "region": "us-east-1"}
        yield Seen(f"gs://{name}", S3Store(name, endpoint=s3_address, client_options={"allow_http": True}, **keys))


@pytest.fixture(params=["azure", "google"])
def store(request):
    return request.getfixturevalue(request.param)


def batch(rows):
    numbers = pa.Array.from_buffers(pa.int64(), rows, [None, pa.py_buffer(os.urandom(8 * rows))])
    return pa.record_batch({"Number": numbers})


def begun(sink, rows=50_000):
    sink.open()
    written = batch(rows)
    sink.start(written.schema)
    sink.write(written)
    return sink


def parts(target, *, rows=250, overwrite=False):
    how = PartOptions(compression="zstd", row_group_rows=100, part_rows=100, part_bytes=None)
    return begun(ParquetParts(target, how, overwrite=overwrite), rows)


def rows_at(store, name):
    manifest = json.loads(store.read(f"{name}/_manifest.json"))
    return sum(pl.read_parquet(store.read(f"{name}/{part['name']}")).height for part in manifest["parts"])


def test_a_scan_is_written(connection, store):
    connection.cube("Sales Cube").write_parquet(store.uri("nightly/sales.parquet"))
    assert store.names() == ["nightly/sales.parquet"]
    assert pl.read_parquet(store.read("nightly/sales.parquet")).height == 2_000


def test_a_large_file_is_whole_and_nobody_sees_it_before(store):
    sink = begun(IpcFile(store.uri("x")))
    assert store.names() == []
    sink.finish()
    content = store.read("x")
    assert len(content) == sink.bytes > 2 * PART
    assert pa.ipc.open_file(pa.BufferReader(content)).read_all().num_rows == 50_000


def test_what_is_abandoned_or_dropped_leaves_what_was_there(store):
    store.write("x", b"old")
    begun(Csv(store.uri("x"))).abandon()
    sink = begun(Csv(store.uri("x")))
    del sink
    assert (store.names(), store.read("x")) == (["x"], b"old")


def test_a_bucket_that_does_not_exist_is_told_first(store):
    scheme = store.uri("").partition(":")[0]
    with pytest.raises(UsageError, match=r"there is no such (bucket|container)\."):
        begun(Csv(f"{scheme}://no-such-place/x.csv"))


def test_wrong_credentials_are_told_first(azure, monkeypatch):
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")
    with pytest.raises(FileError, match=r"cannot be written: .*AuthorizationFailure"):
        begun(Csv(azure.uri("x.csv")))


def test_a_folder_is_read_by_its_manifest_and_replaced_as_a_whole(store):
    parts(store.uri("out"), rows=10).finish()
    with pytest.raises(UsageError, match="is not empty"):
        parts(store.uri("out"))
    sink = parts(store.uri("out"), overwrite=True)
    assert rows_at(store, "out") == 10
    sink.finish()
    assert rows_at(store, "out") == 250
    listed = [uri.removeprefix(store.uri("")) for uri in ma.list_parts(store.uri("out"))]
    assert store.names() == sorted([*listed, "out/_manifest.json"])


@pytest.mark.parametrize("former", [False, True])
def test_of_two_runs_at_once_one_is_told(store, former):
    if former:
        parts(store.uri("out"), rows=10).finish()
    one, two = parts(store.uri("out"), overwrite=True), parts(store.uri("out"), rows=150, overwrite=True)
    two.finish()
    with pytest.raises(FileError, match="another run has finished there meanwhile"):
        one.finish()
    one.abandon()
    assert rows_at(store, "out") == 150
    assert len(store.names()) == 3


def test_an_extraction_goes_on_where_it_was_interrupted(connection, simulator, store, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    cube = connection.cube("Sales Cube", limits=ma.Limits(page_rows=500, concurrency=1))
    simulator.fail(UNLOADED)
    try:
        with pytest.raises(ma.MstrError):
            cube.extract(store.uri("out"), part_rows=400)
    finally:
        simulator.heal()
    done = cube.extract(store.uri("out"), part_rows=400)
    assert (done.rows, done.resumed >= 400, done.damage) == (2_000, True, None)
    assert rows_at(store, "out") == 2_000
    listed = [uri.removeprefix(store.uri("")) for uri in ma.list_parts(store.uri("out"))]
    assert store.names() == sorted([*listed, "out/_manifest.json"])

    def refuse(*_):
        raise AssertionError("a part is read whose e-tag is what it was")

    monkeypatch.setattr("mstr_arrow.files.stores.ObjectStore.chunks", refuse)
    assert cube.extract(store.uri("out"), part_rows=400).skipped

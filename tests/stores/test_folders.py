"""Folders of parts in a bucket: the manifest says which count, and is written last."""

import json

import polars as pl
import pyarrow as pa
import pyarrow.fs
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import FileError, ProtocolError, UsageError
from mstr_arrow.files.arrow_fs import Filesystem
from mstr_arrow.files.locations import StorePath
from mstr_arrow.files.parts import ParquetParts
from mstr_arrow.files.rolling import PartOptions
from mstr_arrow.files.sinks import Csv
from mstr_arrow.simulator import Fault

pytest.importorskip("obstore")


@pytest.fixture
def sales(connection):
    return connection.cube("Sales Cube", limits=ma.Limits(page_rows=250))


def parts(target, *, rows=None, overwrite=False):
    """Write into a folder, and leave it under way."""
    how = PartOptions(compression="zstd", row_group_rows=100, part_rows=100, part_bytes=None)
    sink = ParquetParts(target, how, overwrite=overwrite)
    sink.open()
    batch = pa.record_batch({"Number": pa.array(range(rows or 250))})
    sink.start(batch.schema)
    sink.write(batch)
    return sink


def rows_at(s3, name):
    """Read what a reader sees that goes by the manifest."""
    manifest = json.loads(s3.read(f"{name}/_manifest.json"))
    return sum(pl.read_parquet(s3.read(f"{name}/{part['name']}")).height for part in manifest["parts"])


def test_a_folder_is_read_by_its_manifest(sales, s3):
    stats = sales.write_parquet(s3.uri("nightly/sales"), part_rows=600)
    found = ma.list_parts(s3.uri("nightly/sales/"))
    assert stats.rows == rows_at(s3, "nightly/sales") == 2_000
    assert sorted(s3.names()) == sorted(
        ["nightly/sales/_manifest.json", *(uri.removeprefix(s3.uri("")) for uri in found)]
    )
    options = {"aws_endpoint_url": s3.address, "aws_allow_http": "true"}
    frame = pl.scan_parquet(found, storage_options=options).collect()
    assert frame.equals(sales.to_polars())


def test_nothing_counts_before_the_end(s3):
    sink = parts(s3.uri("out"))
    assert [name for name in s3.names() if name.endswith(".json")] == []
    with pytest.raises(UsageError, match="no folder of parts was finished there"):
        ma.list_parts(s3.uri("out"))
    sink.finish()
    assert [name.rpartition("/")[2][:10] for name in ma.list_parts(s3.uri("out"))] == [
        "part-00000",
        "part-00001",
        "part-00002",
    ]


def test_a_folder_that_is_replaced_is_there_until_then(s3):
    parts(s3.uri("out"), rows=10).finish()
    with pytest.raises(UsageError, match=r"is not empty\. .*overwrite=True"):
        parts(s3.uri("out"))
    sink = parts(s3.uri("out"), overwrite=True)
    assert rows_at(s3, "out") == 10
    sink.finish()
    assert rows_at(s3, "out") == 250
    assert len(s3.names()) == 4


def test_what_is_abandoned_leaves_what_was_there(s3):
    parts(s3.uri("out"), rows=10).finish()
    before = s3.names()
    parts(s3.uri("out"), overwrite=True).abandon()
    assert (s3.names(), s3.open_uploads()) == (before, [])


def test_a_read_that_fails_leaves_nothing(sales, simulator, s3):
    simulator.fail(Fault.not_json().on("GET", "/instances/", skip=3, times=None))
    with pytest.raises(ProtocolError):
        sales.write_parquet(s3.uri("out"), part_rows=100)
    simulator.heal()
    assert (s3.names(), s3.open_uploads()) == ([], [])


def test_parts_of_a_killed_run_do_not_count_and_go_with_the_next(s3):
    parts(s3.uri("out"))
    assert len(s3.names()) >= 2
    parts(s3.uri("out"), rows=10).finish()
    assert rows_at(s3, "out") == 10
    assert len(s3.names()) == 2


@pytest.mark.parametrize("former", [False, True])
def test_of_two_runs_at_once_one_is_told(s3, former):
    if former:
        parts(s3.uri("out"), rows=10).finish()
    one, two = parts(s3.uri("out"), overwrite=True), parts(s3.uri("out"), rows=150, overwrite=True)
    two.finish()
    with pytest.raises(FileError, match="another run has finished there meanwhile"):
        one.finish()
    one.abandon()
    assert rows_at(s3, "out") == 150
    assert len(s3.names()) == 3


def test_a_folder_that_holds_something_else_is_not_replaced(s3):
    s3.write("out/mine.txt", b"mine")
    with pytest.raises(UsageError, match="is not empty"):
        parts(s3.uri("out"))
    with pytest.raises(UsageError, match=r"holds 'mine\.txt', which is no part"):
        parts(s3.uri("out"), overwrite=True)
    assert s3.names() == ["out/mine.txt"]


def test_a_neighbour_whose_name_begins_alike_is_none_of_it(s3):
    s3.write("out2/mine.txt", b"mine")
    parts(s3.uri("out")).finish()
    assert "out2/mine.txt" in s3.names()


# Elsewhere


def test_a_folder_on_the_disk_is_listed_too(sales, tmp_path):
    sales.write_parquet(tmp_path / "plain", part_rows=900)
    sales.extract(tmp_path / "extracted", part_rows=900)
    for name in ("plain", "extracted"):
        assert pl.scan_parquet(ma.list_parts(tmp_path / name)).collect().height == 2_000
    with pytest.raises(UsageError, match="is no folder of parts"):
        ma.list_parts(tmp_path / "none")


def test_a_filesystem_of_arrow_gets_whole_files(tmp_path):
    filesystem = pyarrow.fs.SubTreeFileSystem(str(tmp_path), pyarrow.fs.LocalFileSystem())
    place = ma.Location(filesystem, "out")
    sink = parts(place)
    assert [path.stat().st_size > 0 for path in (tmp_path / "out" / "_parts").iterdir()] == [True, True]
    sink.finish()
    found = ma.list_parts(place)
    assert [path[:21] for path in found] == [f"out/_parts/part-{number:05}" for number in range(3)]
    assert pl.read_parquet([tmp_path / path for path in found]).height == 250
    parts(place, rows=10, overwrite=True).finish()
    assert len(list((tmp_path / "out" / "_parts").iterdir())) == 1


class Breaking:
    """A filesystem whose streams break, and show what was sent before."""

    type_name = "breaking"

    def __init__(self, folder):
        self.local = pyarrow.fs.SubTreeFileSystem(str(folder), pyarrow.fs.LocalFileSystem())

    def open_output_stream(self, path):
        stream = self.local.open_output_stream(path)
        stream.write(b"half")
        stream.close()
        raise OSError("broken")

    def __getattr__(self, name):
        return getattr(self.local, name)


def test_what_fails_while_it_is_sent_is_removed(tmp_path):
    sink = Csv(StorePath(Filesystem(Breaking(tmp_path)), "x.csv"))
    sink.open()
    sink.start(pa.schema({"a": pa.int64()}))
    with pytest.raises(FileError, match=r"'breaking:x.csv' cannot be written: .*broken"):
        sink.finish()
    sink.abandon()
    assert list(tmp_path.iterdir()) == []

"""Hive partitions in a bucket: parts are sent when they are whole, and the manifest says which count."""

import json

import polars as pl
import pyarrow as pa
import pyarrow.fs
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import FileError, UsageError
from mstr_arrow.files.partitions import PartitionedParquet
from mstr_arrow.files.parts import ParquetParts
from mstr_arrow.files.rolling import PartOptions

pytest.importorskip("obstore")

HOW = PartOptions(compression="zstd", row_group_rows=100, part_rows=None, part_bytes=None)
OLD = [("a/b", 1), ("a/b", 2), ("Größe +%=", 3), (None, 4), ("", 5)]


def begun(target, rows, *, by="Region", **options):
    """Write into a folder, and leave it under way."""
    if by is None:
        sink = ParquetParts(target, HOW, **{"overwrite": False} | options)
    else:
        sink = PartitionedParquet(target, HOW, partition_by=by, **{"overwrite": False} | options)
    sink.open()
    regions, numbers = zip(*rows, strict=True) if rows else ((), ())
    batch = pa.record_batch({"Region": pa.array(regions, pa.string()), "Row": pa.array(numbers, pa.int64())})
    try:
        sink.start(batch.schema)
        sink.write(batch)
    except BaseException:
        sink.abandon()
        raise
    return sink


def found(s3, name="sales"):
    """Read what readers see who go by the list of parts."""
    options = {"aws_endpoint_url": s3.address, "aws_allow_http": "true"}
    parts = ma.list_parts(s3.uri(name))
    frame = pl.scan_parquet(
        parts, hive_partitioning=True, hive_schema={"Region": pl.String}, storage_options=options
    ).collect()
    return sorted(frame.select("Region", "Row").rows(), key=str)


@pytest.fixture
def sales(s3):
    begun(s3.uri("sales"), OLD).finish()
    return s3.uri("sales")


def test_awkward_values_are_read_back_and_nothing_else_is_there(s3, sales):
    assert found(s3) == sorted(OLD, key=str)
    manifest = json.loads(s3.read("sales/_manifest.json"))
    assert (manifest["columns"], manifest["rows"]) == ({"Row": "int64"}, 5)
    assert len(s3.names()) == 1 + len(manifest["parts"]) == 5
    assert sales == s3.uri("sales")


def test_nothing_counts_before_the_end_and_nothing_stays_of_what_is_abandoned(s3, sales, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = s3.names()
    sink = begun(sales, [("a/b", 6), ("c", 7)], mode="append")
    assert len([*tmp_path.iterdir()]) == 1
    assert found(s3) == sorted(OLD, key=str)
    sink.abandon()
    assert s3.names() == before
    begun(sales, [("a/b", 6), ("c", 7)], mode="append").finish()
    assert [*tmp_path.iterdir()] == []


def test_parts_are_added_and_partitions_replaced(s3, sales):
    begun(sales, [("a/b", 6), ("c", 7)], mode="append").finish()
    assert found(s3) == sorted([*OLD, ("a/b", 6), ("c", 7)], key=str)
    begun(sales, [("a/b", 8)], mode="replace_partitions").finish()
    assert found(s3) == sorted([*OLD[2:], ("c", 7), ("a/b", 8)], key=str)
    assert len(s3.names()) == 1 + len(ma.list_parts(sales))
    begun(sales, [], mode="replace_partitions").finish()
    assert len(found(s3)) == 5
    begun(sales, [("z", 9)], overwrite=True).finish()
    assert (found(s3), len(s3.names())) == ([("z", 9)], 2)


def test_parts_without_partitions_are_added_too_and_no_rows_are_a_folder(s3):
    for number in range(2):
        begun(s3.uri("plain"), [("a", number)], by=None, mode="append").finish()
    assert found(s3, "plain") == [("a", 0), ("a", 1)]
    begun(s3.uri("empty"), []).finish()
    assert found(s3, "empty") == []
    begun(s3.uri("empty"), OLD, mode="append").finish()
    assert found(s3, "empty") == sorted(OLD, key=str)


def test_of_two_at_once_the_one_that_ends_first_stays(s3, sales):
    first, second = (begun(sales, [("c", number)], mode="append") for number in (6, 7))
    first.finish()
    with pytest.raises(FileError, match="another run has finished there meanwhile"):
        second.finish()
    second.abandon()
    assert found(s3) == sorted([*OLD, ("c", 6)], key=str)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "append", "by": "Row"}, "is partitioned by 'Region', and what is to be added by 'Row'"),
        ({"mode": "append", "by": None}, "is partitioned by 'Region', and what is to be added not partitioned"),
        ({"mode": "append", "overwrite": True}, "keeps parts"),
        ({}, "is not empty"),
    ],
)
def test_what_cannot_be_meant_is_refused(s3, sales, options, said):
    with pytest.raises(UsageError, match=said):
        begun(sales, [("c", 6)], **options)
    assert found(s3) == sorted(OLD, key=str)


def test_other_columns_and_extractions_are_not_added_to(s3, sales, connection):
    cube = connection.cube("Sales Cube")
    with pytest.raises(UsageError, match=r"other columns than what is to be added: 'Order' is not there"):
        cube.write_parquet(sales, partition_by="Region", mode="append")
    assert len(s3.names()) == 5
    cube.extract(s3.uri("extracted"))
    with pytest.raises(UsageError, match="holds an extraction"):
        cube.write_parquet(s3.uri("extracted"), mode="append")


def test_a_filesystem_of_the_callers_takes_partitions(tmp_path):
    place = ma.Location(pyarrow.fs.LocalFileSystem(), str(tmp_path / "sales"))
    begun(place, OLD).finish()
    begun(place, [("a/b", 6)], mode="append").finish()
    frame = pl.scan_parquet(ma.list_parts(place), hive_partitioning=True).collect()
    assert sorted(frame.select("Region", "Row").rows(), key=str) == sorted([*OLD, ("a/b", 6)], key=str)

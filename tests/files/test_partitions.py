"""Folders of Hive partitions: every row once, whatever waits, and read back by those who read such folders."""

import random
from dataclasses import replace

import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import mstr_arrow.files.partitions as module
from mstr_arrow.errors import UsageError
from mstr_arrow.files.partitions import PartitionedParquet
from mstr_arrow.files.rolling import PartOptions

HOW = PartOptions(compression="zstd", row_group_rows=1_000, part_rows=None, part_bytes=None)


def batch(rows, first=0, seed=0):
    drawn = random.Random(seed + first)
    years = [drawn.choice([2023, 2024, None]) for _ in range(rows)]
    regions = [drawn.choice(["East", "West", "North/South"]) for _ in range(rows)]
    return pa.record_batch(
        {
            "Year": pa.array(years, pa.int64()),
            "Row": pa.array(range(first, first + rows), pa.int64()),
            "Region": pa.array(regions).dictionary_encode(),
            "Order": pa.array([f"order {first + row}" for row in range(rows)]).dictionary_encode(),
        }
    )


BATCHES = [batch(300, first) for first in range(0, 3_000, 300)]


def write(folder, batches=BATCHES, *, by=("Year", "Region"), schema=None, **sizes):
    sink = PartitionedParquet(folder, replace(HOW, **sizes), partition_by=by, overwrite=False)
    sink.open()
    try:
        sink.start(schema or batches[0].schema)
        for one in batches:
            sink.write(one)
        sink.finish()
    except BaseException:
        sink.abandon()
        raise


def rows_of(folder):
    """Give all rows, as Polars reads them."""
    found = pl.scan_parquet(folder, hive_partitioning=True).collect()
    return found.select("Year", "Row", "Region", "Order").sort("Row")


def truth(batches):
    return pl.DataFrame(pa.Table.from_batches([plain(one) for one in batches])).sort("Row")


def plain(one):
    columns = [
        column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in one.columns
    ]
    return pa.record_batch(columns, names=one.schema.names)


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_part_of_each_partition_without_the_columns_of_partitions(tmp_path):
    write(tmp_path / "sales")
    names = [
        f"Year={year}/Region={region}/part-00000.parquet"
        for year in ("2023", "2024", "__HIVE_DEFAULT_PARTITION__")
        for region in ("East", "North%2FSouth", "West")
    ]
    assert files(tmp_path / "sales") == names
    assert pq.read_schema(tmp_path / "sales" / names[0]).names == ["Row", "Order"]
    assert rows_of(tmp_path / "sales").equals(truth(BATCHES))
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("open_parts", [1, 100])
@pytest.mark.parametrize("waiting", [1, 20_000])
@pytest.mark.parametrize("sizes", [{}, {"part_rows": 70}, {"part_bytes": 2_000}, {"row_group_rows": 10}])
def test_every_row_is_there_once_however_little_may_wait(tmp_path, monkeypatch, open_parts, waiting, sizes):
    monkeypatch.setattr(module, "OPEN_PARTS", open_parts)
    monkeypatch.setattr(module, "WAITING_BYTES", waiting)
    write(tmp_path / "sales", **sizes)
    assert rows_of(tmp_path / "sales").equals(truth(BATCHES))
    for name in files(tmp_path / "sales"):
        found = pq.read_table(tmp_path / "sales" / name, partitioning=None)["Row"].to_pylist()
        assert found == sorted(found)
        assert len(found) <= sizes.get("part_rows", 3_000)


def test_rows_that_wait_are_written_before_they_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WAITING_BYTES", 20_000)
    sink = PartitionedParquet(tmp_path / "sales", HOW, partition_by=["Region"], overwrite=False)
    sink.open()
    sink.start(BATCHES[0].schema)
    for one in BATCHES:
        sink.write(one)
        assert sum(each.bytes for each in sink._partitions.values()) <= 20_000
    sink.abandon()
    assert list(tmp_path.iterdir()) == []


def test_what_is_sorted_by_its_partitions_has_one_part_of_each(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "OPEN_PARTS", 2)
    monkeypatch.setattr(module, "WAITING_BYTES", 1)
    table = pa.Table.from_batches([plain(one) for one in BATCHES]).sort_by(
        [("Year", "ascending"), ("Region", "ascending")]
    )
    write(tmp_path / "sales", table.to_batches(max_chunksize=100))
    assert {name.rpartition("/")[2] for name in files(tmp_path / "sales")} == {"part-00000.parquet"}
    assert rows_of(tmp_path / "sales").equals(truth(BATCHES))


def test_no_rows_are_a_folder_that_can_be_read_with_all_columns(tmp_path):
    write(tmp_path / "sales", [], schema=BATCHES[0].schema)
    assert files(tmp_path / "sales") == ["part-00000.parquet"]
    assert rows_of(tmp_path / "sales").equals(truth(BATCHES).clear())
    assert ds.dataset(tmp_path / "sales", partitioning="hive").schema.names == ["Year", "Row", "Region", "Order"]


def test_a_value_in_another_case_is_another_partition_or_told(tmp_path, monkeypatch):
    one = pa.record_batch({"Region": ["East", "east"], "Row": [0, 1]})
    write(tmp_path / "sales", [one], by="Region")
    assert len(files(tmp_path / "sales")) == 2
    kept = type(tmp_path).mkdir

    def mkdir(path, *arguments, **options):
        if path.name == "Region=east":
            raise FileExistsError(17, "File exists")
        kept(path, *arguments, **options)

    monkeypatch.setattr(type(tmp_path), "mkdir", mkdir)
    with pytest.raises(UsageError, match="upper case from lower"):
        write(tmp_path / "more", [one], by="Region")
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


def test_too_many_partitions_are_told_and_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_PARTITIONS", 100)
    with pytest.raises(UsageError, match="'Order' make more than 100 partitions"):
        write(tmp_path / "sales", by="Order")
    assert list(tmp_path.iterdir()) == []


def test_a_value_too_long_for_a_folder_is_told(tmp_path):
    long = pa.record_batch({"Word": ["x" * 300], "Row": [0]})
    with pytest.raises(UsageError, match="cannot be made as a folder: File name too long"):
        write(tmp_path / "sales", [long], by="Word")
    assert list(tmp_path.iterdir()) == []


def test_partitions_need_a_folder():
    with pytest.raises(UsageError, match="not into a stream"):
        PartitionedParquet(open, HOW, partition_by="Year", overwrite=False)


@pytest.mark.parametrize("columns", [{"partition_by": "Regoin"}, {"partition_by": ["Revenue"]}])
def test_a_scan_tells_wrong_columns_and_leaves_nothing(connection, tmp_path, columns):
    with pytest.raises(UsageError, match="partition"):
        connection.cube("Sales Cube").write_parquet(tmp_path / "sales", **columns)
    assert list(tmp_path.iterdir()) == []

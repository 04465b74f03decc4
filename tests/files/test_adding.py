"""Parts that are added to a folder, or replace partitions of it: all of a write shows, or nothing."""

import subprocess
import sys
import threading

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mstr_arrow as ma
import mstr_arrow.files.new_folder as module
from mstr_arrow.errors import UsageError
from mstr_arrow.files.partitions import PartitionedParquet
from mstr_arrow.files.parts import ParquetParts
from mstr_arrow.files.rolling import PartOptions

HOW = PartOptions(compression="none", row_group_rows=100, part_rows=2, part_bytes=None)


def rows(*pairs):
    years, numbers = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.record_batch({"Year": pa.array(years, pa.int64()), "Row": pa.array(numbers, pa.int64())})


OLD = rows((2023, 1), (2023, 2), (2023, 3), (2024, 4))


def sink_for(folder, *, by="Year", overwrite=False, mode=None):
    if by is None:
        return ParquetParts(folder, HOW, overwrite=overwrite, mode=mode)
    return PartitionedParquet(folder, HOW, partition_by=by, overwrite=overwrite, mode=mode)


def write(folder, batch, **options):
    sink = sink_for(folder, **options)
    try:
        sink.open()
        sink.start(batch.schema)
        sink.write(batch)
        sink.finish()
    except Exception:
        sink.abandon()
        raise


def found(folder):
    frame = pl.scan_parquet(folder, hive_partitioning=True).collect()
    return sorted(frame.select("Year", "Row").rows())


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def sales(tmp_path):
    folder = tmp_path / "sales"
    write(folder, OLD)
    return folder


def test_parts_are_added_to_those_that_are_there(sales, tmp_path):
    kept = {path: path.stat().st_ino for path in sales.rglob("*.parquet")}
    write(sales, rows((2024, 5), (2025, 6), (2023, 7)), mode="append")
    assert files(sales) == [
        *(f"Year=2023/part-0000{number}.parquet" for number in range(3)),
        *(f"Year=2024/part-0000{number}.parquet" for number in range(2)),
        "Year=2025/part-00000.parquet",
    ]
    assert found(sales) == [(2023, 1), (2023, 2), (2023, 3), (2023, 7), (2024, 4), (2024, 5), (2025, 6)]
    assert {path: path.stat().st_ino for path in kept} == kept  # not copied
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


def test_partitions_that_have_rows_now_are_replaced_and_no_others(sales, tmp_path):
    write(sales, rows((2023, 9), (2025, 8)), mode="replace_partitions")
    assert found(sales) == [(2023, 9), (2024, 4), (2025, 8)]
    assert files(sales) == [f"Year={year}/part-00000.parquet" for year in (2023, 2024, 2025)]
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


@pytest.mark.parametrize("mode", ["append", "replace_partitions"])
def test_no_rows_change_nothing(sales, mode):
    before = files(sales)
    write(sales, rows(), mode=mode)
    assert files(sales) == before
    assert found(sales) == [(2023, 1), (2023, 2), (2023, 3), (2024, 4)]


@pytest.mark.parametrize("mode", ["append", "replace_partitions"])
@pytest.mark.parametrize("there", ["nothing", "a folder", "no rows"])
def test_the_first_write_is_like_any_other(tmp_path, mode, there):
    folder = tmp_path / "sales"
    if there == "a folder":
        folder.mkdir()
    elif there == "no rows":
        write(folder, rows())
    write(folder, OLD, mode=mode)
    assert found(folder) == [(2023, 1), (2023, 2), (2023, 3), (2024, 4)]
    assert "part-00000.parquet" not in files(folder)


def test_parts_without_partitions_are_added_too(tmp_path):
    folder = tmp_path / "sales"
    for number in range(3):
        write(folder, rows((2024, number)), by=None, mode="append")
    assert files(folder) == [f"part-0000{number}.parquet" for number in range(3)]
    assert found(folder) == [(2024, 0), (2024, 1), (2024, 2)]


def test_a_disk_without_links_has_copies(sales, monkeypatch):
    def refuse(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(type(sales), "hardlink_to", refuse)
    write(sales, rows((2024, 5)), mode="append")
    assert found(sales) == [(2023, 1), (2023, 2), (2023, 3), (2024, 4), (2024, 5)]


def test_a_system_that_cannot_exchange_folders_renames_them(sales, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "exchange", lambda *_: False)
    write(sales, rows((2024, 5)), mode="append")
    assert found(sales) == [(2023, 1), (2023, 2), (2023, 3), (2024, 4), (2024, 5)]
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


# What cannot be meant


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mode": "apend"}, r"apend.*Choose \"append\""),
        ({"mode": "append", "overwrite": True}, "keeps parts that are there"),
        ({"mode": "replace_partitions", "by": None}, "no column is named to partition by"),
        ({"mode": "append", "by": ["Row"]}, "is partitioned by 'Year', and what is to be added by 'Row'"),
        ({"mode": "append", "by": None}, "is partitioned by 'Year', and what is to be added not partitioned"),
        ({"mode": None}, r"is not empty\. .*overwrite=True"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_changes(sales, tmp_path, options, said):
    with pytest.raises(UsageError, match=said):
        write(sales, rows((2024, 5)), **options)
    assert found(sales) == [(2023, 1), (2023, 2), (2023, 3), (2024, 4)]
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"Year": [2024], "Row": ["5"]}, "'Row' is string, and int64 there"),
        ({"Year": [2024], "Row": [5], "Net": [1.0]}, "'Net' is not there"),
        ({"Year": [2024], "Number": [5]}, "'Number' is not there; 'Row' is missing"),
    ],
)
def test_other_columns_are_named_and_nothing_changes(sales, tmp_path, columns, said):
    with pytest.raises(UsageError, match=f"other columns than what is to be added: {said}"):
        write(sales, pa.record_batch(columns), mode="append")
    assert found(sales) == [(2023, 1), (2023, 2), (2023, 3), (2024, 4)]
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


def test_another_order_of_columns_is_told(tmp_path):
    write(tmp_path / "sales", pa.record_batch({"A": [1], "B": [2]}), by=None)
    with pytest.raises(UsageError, match="their order is 'A', 'B' there, and 'B', 'A' here"):
        write(tmp_path / "sales", pa.record_batch({"B": [1], "A": [2]}), by=None, mode="append")


@pytest.mark.parametrize("mode", ["append", "replace_partitions", "overwrite"])
def test_what_no_writer_made_stays(sales, mode):
    (sales / "Year=2023" / "notes.txt").write_text("mine")
    options = {"overwrite": True} if mode == "overwrite" else {"mode": mode}
    with pytest.raises(UsageError, match=r"holds 'Year=2023/notes.txt', which is no part"):
        write(sales, rows((2023, 5)), **options)
    assert (sales / "Year=2023" / "notes.txt").read_text() == "mine"


def test_partitions_are_replaced_as_a_whole(sales, tmp_path):
    write(sales, rows((2025, 5)), overwrite=True)
    assert found(sales) == [(2025, 5)]
    write(sales, rows((2025, 5)), overwrite=True, by=None)
    assert files(sales) == ["part-00000.parquet"]
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


def test_nothing_is_added_to_an_extraction(connection, tmp_path):
    cube = connection.cube("Sales Cube")
    cube.extract(tmp_path / "sales")
    with pytest.raises(UsageError, match="holds an extraction"):
        cube.write_parquet(tmp_path / "sales", mode="append")


# Two at once, and what is killed


def test_what_was_added_meanwhile_stays(sales):
    sink = sink_for(sales, mode="append")
    sink.open()
    sink.start(OLD.schema)
    sink.write(rows((2024, 6)))
    write(sales, rows((2024, 5)), mode="append")
    sink.finish()
    assert found(sales) == [(2023, 1), (2023, 2), (2023, 3), (2024, 4), (2024, 5), (2024, 6)]


def test_many_at_once_lose_nothing(tmp_path):
    folder = tmp_path / "sales"
    works = [
        threading.Thread(target=write, args=(folder, rows((2024, number))), kwargs={"mode": "append"})
        for number in range(8)
    ]
    for work in works:
        work.start()
    for work in works:
        work.join()
    assert found(folder) == [(2024, number) for number in range(8)]
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


KILLED = """
import os, signal, sys
import pyarrow as pa
import mstr_arrow.files.new_folder as module
from mstr_arrow.files.partitions import PartitionedParquet
from mstr_arrow.files.rolling import PartOptions

folder, where, mode = sys.argv[1:]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
kept = {name: getattr(module, name) for name in ("_link", "exchange")}
if where == "links":
    module._link = lambda *paths: (kept["_link"](*paths), die())
elif where == "before":
    module.exchange = die
elif where == "after":
    module.exchange = lambda *paths: (kept["exchange"](*paths), die())
elif where == "between":
    module.exchange = lambda new, folder: (folder.rename(f"{str(new).removesuffix('.partial')}.old"), die())
how = PartOptions(compression="none", row_group_rows=9, part_rows=None, part_bytes=None)
sink = PartitionedParquet(folder, how, partition_by="Year", mode=mode, overwrite=False)
sink.open()
batch = pa.record_batch({"Year": pa.array([2024, 2025], pa.int64()), "Row": pa.array([5, 6], pa.int64())})
sink.start(batch.schema)
sink.write(batch)
if where == "writing":
    die()
sink.finish()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed in this way there")
@pytest.mark.parametrize("mode", ["append", "replace_partitions"])
@pytest.mark.parametrize("where", ["writing", "links", "before", "after", "between"])
def test_a_write_that_is_killed_shows_as_a_whole_or_not_at_all(sales, tmp_path, where, mode):
    killed = subprocess.run([sys.executable, "-c", KILLED, sales, where, mode], check=False)
    assert killed.returncode == -9
    old = [(2023, 1), (2023, 2), (2023, 3), (2024, 4)]
    new = [*(row for row in old if mode == "append" or row[0] != 2024), (2024, 5), (2025, 6)]
    now = new if where == "after" else old
    if where != "between":  # until the next write, where a system cannot exchange folders
        assert found(sales) == now
    write(sales, rows((2026, 7)), mode="append")
    assert found(sales) == sorted([*now, (2026, 7)])
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


def test_scans_append_and_replace(connection, tmp_path):
    cube = connection.cube("Sales Cube")
    east, rest = cube.filter(ma.col("Region") == "East"), cube.filter(ma.col("Region") != "East")
    whole = tmp_path / "whole"
    cube.write_parquet(whole, partition_by="Region")
    for scan in (rest, east, east):
        scan.write_parquet(tmp_path / "sales", partition_by="Region", mode="replace_partitions")
    assert files(tmp_path / "sales") == files(whole)
    for name in files(whole):
        assert pq.read_table(tmp_path / "sales" / name).equals(pq.read_table(whole / name))

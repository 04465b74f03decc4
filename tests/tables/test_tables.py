"""What all tables have in common: they change in one commit or not at all."""

import asyncio
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault
from tests.tables.conftest import batch

GONE = Fault.error(404, "ERR004", iserver_code=-2147468986)
DENIED = Fault.error(403, "ERR0014")
MERGED = ("delta", "duckdb", "adbc")


def numbers_of(place):
    rows = place.rows()
    return None if rows is None else rows["Number"].to_list()


# Whole scans


def test_a_scan_becomes_a_table(place, numbers):
    stats = place.write(numbers)
    assert (stats.rows, stats.result_rows) == (2_000, 2_000)
    assert place.rows().equals(numbers.to_polars())


def test_the_asynchronous_twin_does_the_same(place, numbers):
    write = getattr(numbers.head(30), f"write_{place.tool}_async")
    stats = asyncio.run(write(*place.target, **place.options))
    assert stats.result_rows == len(place.rows()) == 30


@pytest.mark.one_in(2)
def test_a_read_that_fails_midway_leaves_the_table_as_it_was_and_raises_its_own_error(place, numbers, simulator):
    place.put(batch([1, 2]))
    for fault, error in ((DENIED, errors.PermissionDenied), (GONE, errors.InstanceGone)):
        for mode in ("append", "overwrite"):
            simulator.fail(fault.on("GET", "/instances/", skip=10, times=None))
            try:
                with pytest.raises(error):
                    place.write(numbers, mode=mode)
            finally:
                simulator.heal()
            assert numbers_of(place) == [1, 2]
    assert place.write(numbers, mode="overwrite").result_rows == len(place.rows()) == 2_000


@pytest.mark.one_in(2)
def test_a_read_that_fails_midway_makes_no_table(place, numbers, simulator):
    simulator.fail(DENIED.on("GET", "/instances/", skip=10, times=None))
    try:
        with pytest.raises(errors.PermissionDenied):
            place.write(numbers)
    finally:
        simulator.heal()
    assert place.rows() is None
    place.write(numbers.head(5))
    assert numbers_of(place) == [0, 1, 2, 3, 4]


@pytest.mark.one_in(2)
def test_a_read_that_begins_again_leaves_nothing_twice(place, numbers, simulator):
    place.put(batch([5_000]))
    simulator.fail(GONE.on("GET", "/instances/", skip=10))
    stats = place.write(numbers, mode="append")
    assert (stats.restarts, stats.result_rows) == (1, 2_000)
    assert numbers_of(place) == [*range(2_000), 5_000]


def test_a_cancelled_write_leaves_the_table_as_it_was(place, numbers, pages):
    place.put(batch([1, 2]))

    async def cancelled():
        write = getattr(numbers, f"write_{place.tool}_async")
        task = asyncio.ensure_future(write(*place.target, **place.options, mode="append"))
        await asyncio.to_thread(pages.wait_for, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert numbers_of(place) == [1, 2]


KILLED = """
import sys, time
from pathlib import Path
from tests.tables.conftest import Place, batch
place = Place(sys.argv[1], Path(sys.argv[2]), eval(sys.argv[3]))
sink = place.sink("append")
sink.open()
sink.start(batch([1]).schema)
for number in range(3):
    sink.write(batch([*range(5_000 * number, 5_000 * (number + 1))]))
print("under way", flush=True)
time.sleep(60)
"""


@pytest.mark.slow
def test_a_kill_leaves_the_table_as_it_was_and_the_next_write_goes_through(place):
    place.put(batch([1, 2]))
    command = [sys.executable, "-c", KILLED, place.tool, str(place.folder), repr(place.options)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout.readline() == "under way\n"
        process.kill()
    assert numbers_of(place) == [1, 2]
    place.put(batch([3]), mode="append")
    assert numbers_of(place) == [1, 2, 3]


@pytest.mark.one_in(2)
def test_an_empty_result_makes_an_empty_table(place, numbers):
    place.write(numbers.filter(ma.col("Number") < 0))
    assert place.rows().height == 0
    assert place.rows().columns == ["Number", "Word", "Double"]
    place.put(batch([3]), mode="append")
    assert numbers_of(place) == [3]


# Modes


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("mode", "after"),
    [("append", [1, 2, 2, 3]), ("create_append", [1, 2, 2, 3]), ("overwrite", [2, 3])],
)
def test_what_becomes_of_a_table_that_is_there(place, mode, after):
    place.put(batch([1, 2]))
    place.put(batch([2]), batch([3]), mode=mode)
    assert numbers_of(place) == after


@pytest.mark.one_in(4)
@pytest.mark.parametrize("mode", ["error", "create_append", "overwrite"])
def test_a_table_that_is_not_there_is_made(place, mode):
    place.put(batch([1]), mode=mode)
    assert numbers_of(place) == [1]


def test_an_error_comes_before_data_where_the_table_is_not_as_the_mode_says(place, numbers, pages):
    with pytest.raises(errors.UsageError, match=r"is not there.*create_append"):
        place.write(numbers, mode="append")
    place.put(batch([1]))
    with pytest.raises(errors.UsageError, match=r"is there already.*append"):
        place.write(numbers)
    assert pages.asked() == 0
    assert numbers_of(place) == [1]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"mode": "replace"}, r"mode='replace' is not known.*overwrite"),
        ({"mode": "merge"}, "no keys are given"),
        ({"mode": "append", "keys": ["Number"]}, r"keys are given.*append"),
        ({"mode": "append", "keys": [3]}, r"keys is \[3\]"),
        ({"mode": "merge", "keys": ["Number", "Number"]}, "each once"),
    ],
)
def test_words_that_are_not_known_are_refused(duckdb, numbers, how, said):
    with pytest.raises(errors.UsageError, match=said):
        duckdb.write(numbers, **how)


# Merging


@pytest.fixture(params=MERGED)
def merged(request):
    return request.getfixturevalue(request.param)


def test_rows_of_the_same_keys_are_replaced_and_others_added(merged):
    merged.put(batch([1, 2, 3]))
    merged.put(batch([5, 2], 2.5), batch([4], 2.5), mode="merge", keys=["Number"])
    assert numbers_of(merged) == [1, 2, 3, 4, 5]
    assert merged.rows()["Double"].to_list() == [0, 2.5, 0, 2.5, 2.5]


def test_keys_may_be_several_and_merging_makes_a_table(merged):
    merged.put(batch([1, 2]), mode="merge", keys=["Number", "Word"])
    other = batch([2, 2], 1.5, Word=pa.array(["w2", "other"]))
    merged.put(other, mode="merge", keys=["Number", "Word"])
    assert sorted(merged.rows().rows()) == [(1, "w1", 0.0), (2, "other", 1.5), (2, "w2", 1.5)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([batch([7, 8]), batch([9, 7])], r"same key \(Number\): 7\."),
        ([batch([7, 8]), batch([9, None])], r"key 'Number' is empty in row 3"),
    ],
)
def test_keys_that_are_empty_or_doubled_change_nothing(merged, rows, said):
    merged.put(batch([1, 2]))
    with pytest.raises(errors.TableError, match=said):
        merged.put(*rows, mode="merge", keys=["Number"])
    assert numbers_of(merged) == [1, 2]


def test_a_key_must_be_a_column(merged):
    with pytest.raises(errors.UsageError, match=r"keys names 'Numbr'.*'Number'"):
        merged.put(batch([1]), mode="merge", keys=["Numbr"])


def test_iceberg_tables_are_not_merged_into(iceberg):
    with pytest.raises(errors.UsageError, match=r"not merged into Iceberg.*append"):
        iceberg.sink("merge", keys=["Number"])


# Columns


def test_columns_go_by_their_names(place):
    place.put(batch([1]))
    place.put(batch([2]).select(["Double", "Number", "Word"]), mode="append")
    assert place.rows().rows() == [(1, "w1", 0.0), (2, "w2", 0.0)]


def test_other_columns_are_refused_and_named(place):
    place.put(batch([1]))
    other = batch([2]).drop_columns(["Word"]).append_column("Words", pa.array(["x"]))
    with pytest.raises(errors.UsageError, match=r"has no 'Words'; its 'Word' does not come.*'Words' and 'Word'"):
        place.put(other, mode="append")
    assert numbers_of(place) == [1]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("tool", ["delta", "iceberg", "duckdb"])
@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_columns_are_added_and_left_empty_where_that_is_asked_for(request, tool, mode):
    check_added_columns(request, tool, mode)


@pytest.mark.parametrize("tool", ["delta", "duckdb"])
def test_columns_are_added_by_a_merge(request, tool):
    check_added_columns(request, tool, "merge")


def check_added_columns(request, tool, mode):
    place = request.getfixturevalue(tool)
    place.put(batch([1]))
    other = batch([2]).drop_columns(["Word"]).append_column("When", pa.array([0], pa.date32()))
    how = {"keys": ["Number"]} if mode == "merge" else {}
    place.put(other, mode=mode, schema_mode="add", **how)
    rows = place.rows().select("Number", "Word", "Double", pl.col("When").dt.year()).rows()
    assert rows == [*([] if mode == "overwrite" else [(1, "w1", 0.0, None)]), (2, None, 0.0, 1970)]


def test_narrower_values_fit_and_wider_ones_are_refused(place):
    place.put(pa.record_batch({"Number": pa.array([1], pa.int64()), "Word": pa.array(["a"])}))
    place.put(pa.record_batch({"Number": pa.array([2], pa.int16()), "Word": pa.array(["b"])}), mode="append")
    assert numbers_of(place) == [1, 2]
    if place.tool == "adbc":
        return  # what a column of such a database takes is the database's own business
    wide = pa.record_batch({"Number": pa.array([2.5]), "Word": pa.array(["c"])})
    with pytest.raises(errors.UsageError, match=r"'Number' is double and int64 in the table"):
        place.put(wide, mode="append")


# Tools that are missing


@pytest.mark.parametrize(
    ("tool", "module"),
    [
        ("delta", "deltalake"),
        ("iceberg", "pyiceberg.table"),
        ("duckdb", "duckdb"),
        ("adbc", "adbc_driver_manager.dbapi"),
    ],
)
def test_a_tool_that_is_not_installed_is_named_with_its_extra(tmp_path, numbers, monkeypatch, tool, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(errors.UsageError, match=rf"pip install 'mstr-arrow\[{tool}\]'"):
        getattr(numbers, f"write_{tool}")(
            *([str(tmp_path / "x")] if tool in {"delta", "iceberg"} else ["sqlite:///x", "t"])
        )

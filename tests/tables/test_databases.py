"""What is particular to tables of DuckDB, of ADBC's databases and of Iceberg."""

import pyarrow as pa
import pytest

from mstr_arrow import errors
from mstr_arrow.adapters.sql_names import name_parts
from tests.tables.conftest import batch

# DuckDB


def test_a_connection_is_used_beside_what_it_has_under_way(numbers):
    tool = pytest.importorskip("duckdb")

    with tool.connect() as connection:
        connection.execute("create schema shop; create table other (a int); begin; insert into other values (1)")
        numbers.head(3).write_duckdb(connection, "shop.sales")
        connection.execute("rollback")
        assert connection.execute("select count(*) from other").fetchone() == (0,)
        assert connection.execute('select "Number" from shop.sales').fetchall() == [(0,), (1,), (2,)]
        assert connection.execute("select count(*) from duckdb_views() where not internal").fetchone() == (0,)


def test_a_table_with_a_primary_key_is_merged_into_and_overwritten(duckdb):
    import duckdb as tool

    with tool.connect(duckdb.target[0]) as connection:
        connection.execute('create table sales ("Number" bigint primary key, "Word" text, "Double" double)')
    duckdb.put(batch([1, 2]), mode="append")
    duckdb.put(batch([2, 3], 1.5), mode="merge", keys="Number")
    assert duckdb.rows()["Double"].to_list() == [0, 1.5, 1.5]
    duckdb.put(batch([3, 4]), mode="overwrite")
    assert duckdb.rows()["Number"].to_list() == [3, 4]
    with pytest.raises(errors.TableError, match=r"(?i)constraint"):
        duckdb.put(batch([4]), mode="append")
    assert duckdb.rows()["Number"].to_list() == [3, 4]


def test_a_file_that_holds_something_else_is_told(duckdb, numbers, pages):
    duckdb.target[0].write_text("x" * 5_000)
    with pytest.raises(errors.TableError, match="not a valid DuckDB"):
        duckdb.write(numbers)
    assert pages.asked() == 0


def test_neither_files_nor_variables_nor_views_are_taken_for_tables(duckdb, tmp_path, monkeypatch):
    import duckdb as tool

    monkeypatch.chdir(tmp_path)
    (tmp_path / "reader.csv").write_text("a\n1\n")
    path = tmp_path / "x.duckdb"
    with tool.connect(path) as connection:
        connection.execute("create view seen as select 1 as a")
    duckdb.put(batch([1]))
    from mstr_arrow.adapters.duckdb_table import DuckDBTableSink
    from mstr_arrow.adapters.table_sink import choice

    for name, said in (("seen", "is a view"), ("reader", "not there"), ('"reader.csv"', "not there")):
        sink = DuckDBTableSink(path, name, choice("append"))
        with pytest.raises(errors.UsageError, match=said):
            sink.open()
        sink.abandon()


@pytest.mark.parametrize(("database", "said"), [(":memory:", "in memory"), (3, "the database is 3")])
def test_what_is_no_database_is_refused(numbers, database, said):
    pytest.importorskip("duckdb")
    with pytest.raises(errors.UsageError, match=said):
        numbers.write_duckdb(database, "sales")


# ADBC


def test_an_open_connection_is_used_beside_what_it_has_under_way(adbc, numbers):
    from adbc_driver_sqlite import dbapi

    with dbapi.connect(str(adbc.folder / "sales.db")) as connection:
        with connection.cursor() as cursor:
            cursor.execute("create table other (a int)")
        connection.rollback()
        numbers.head(3).write_adbc(connection, "sales")
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from sqlite_master where name = 'other'")
            assert cursor.fetchone() == (0,)
            cursor.execute("select count(*) from sales")
            assert cursor.fetchone() == (3,)
    assert adbc.rows()["Number"].to_list() == [0, 1, 2]


def test_a_driver_that_is_not_there_is_told_before_data(numbers, pages):
    pytest.importorskip("adbc_driver_manager")
    with pytest.raises(errors.TableError, match="nosuch"):
        numbers.write_adbc("nosuch://ann:hunter2hunter2@host/db", "sales")
    assert pages.asked() == 0


@pytest.mark.parametrize(
    ("database", "said"), [("sales.db", "no scheme"), (3, "of type int"), ("/data/sales:1.db", "no scheme")]
)
def test_what_is_no_address_is_refused(numbers, database, said):
    pytest.importorskip("adbc_driver_manager")
    with pytest.raises(errors.UsageError, match=said):
        numbers.write_adbc(database, "sales")


def test_duckdb_is_an_adbc_database_too(adbc, numbers):
    duckdb = pytest.importorskip("duckdb")
    path = adbc.folder / "x.duckdb"
    numbers.head(40).write_adbc(f"duckdb:///{path}", "sales")
    numbers.head(50).write_adbc(f"duckdb:///{path}", "sales", mode="merge", keys=["Number"])
    with duckdb.connect(path) as connection:
        assert connection.execute("select count(*) from sales").fetchone() == (50,)


# Iceberg


def test_a_write_is_one_snapshot_of_several_files(iceberg, monkeypatch):
    monkeypatch.setattr("mstr_arrow.adapters.iceberg_table.CHUNK_BYTES", 60)
    iceberg.put(batch([1, 2]), batch([3, 4]), batch([5]))
    table = iceberg.catalog().load_table("shop.sales")
    assert len(table.history()) == 1
    assert len(table.inspect.files()) > 1
    assert iceberg.rows()["Number"].to_list() == [1, 2, 3, 4, 5]


def test_files_of_a_write_that_failed_are_removed(iceberg, monkeypatch):
    monkeypatch.setattr("mstr_arrow.adapters.iceberg_table.CHUNK_BYTES", 60)
    iceberg.put(batch([1]))
    before = sorted(each for each in (iceberg.folder / "warehouse").rglob("*.parquet"))
    sink = iceberg.sink("append")
    sink.open()
    sink.start(batch([1]).schema)
    for number in range(6):
        sink.write(batch([number, number]))
    sink.abandon()
    assert sorted(each for each in (iceberg.folder / "warehouse").rglob("*.parquet")) == before


def test_a_table_that_others_write_to_meanwhile_gets_both(iceberg):
    iceberg.put(batch([1]))
    sink = iceberg.sink("append")
    sink.open()
    sink.start(batch([2]).schema)
    sink.write(batch([2]))
    iceberg.put(batch([3]), mode="append")
    sink.finish()
    assert iceberg.rows()["Number"].to_list() == [1, 2, 3]


def test_a_new_table_is_partitioned_by_values(iceberg):
    words = batch([1, 2, 3], Word=pa.array(["a", "b", "a"]))
    iceberg.put(words, partition_by=["Word"])
    iceberg.put(words, mode="append")
    table = iceberg.catalog().load_table("shop.sales")
    assert [field.name for field in table.spec().fields] == ["Word"]
    assert iceberg.rows()["Number"].to_list() == [1, 1, 2, 2, 3, 3]
    with pytest.raises(errors.UsageError, match="is partitioned by 'Word', not by 'Number'"):
        iceberg.put(words, mode="append", partition_by="Number")


def test_a_table_object_is_taken(iceberg, numbers):
    iceberg.put(batch([5]))
    numbers.head(2).write_iceberg(iceberg.catalog().load_table("shop.sales"), mode="append")
    assert iceberg.rows()["Number"].to_list() == [0, 1, 5]


@pytest.mark.parametrize(("name", "said"), [("sales", "no name of an Iceberg table"), ("tests..x", "no name")])
def test_the_name_of_a_table_is_checked(iceberg, numbers, name, said):
    with pytest.raises(errors.UsageError, match=said):
        numbers.write_iceberg(name, **iceberg.options)


def test_a_namespace_that_is_not_there_is_told_before_a_row_is_written(iceberg, numbers):
    with pytest.raises(errors.TableError, match="nowhere"):
        numbers.write_iceberg("tests.nowhere.sales", **iceberg.options)


# Names


@pytest.mark.parametrize("name", ["", "a.", ".a", "a.b.c.d", 'a"b', '"a', "a..b", 3, None])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(errors.UsageError, match="no name of a table"):
        name_parts(name, 3)

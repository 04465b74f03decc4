"""Awkward values in the names of folders, as Polars, DuckDB and pyarrow read them back."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from mstr_arrow.files.partitions import PartitionedParquet
from mstr_arrow.files.rolling import PartOptions

HOW = PartOptions(compression="zstd", row_group_rows=1_000, part_rows=None, part_bytes=None)
TEXTS = ["a/b", "a=b", "Größe ☃", "", None, "100%", "a b", "x:y?*", "[z]{q}^", '"q"\'', "a+b", ".", "&;,@$!<>|\\"]
TEXTS += ["%41", " lead", "trail ", "new\nline", "é", "NULL", "e\u0301", "2024-01-31x"]
MOMENTS = [dt.datetime(2024, 1, 31, 10, 20), None, dt.datetime(2024, 1, 31, 10, 20, 0, 500_000)]
COLUMNS = {
    "texts": pa.array(TEXTS),
    "numbers as texts": pa.array(["007", "12", None, "1e5"]),
    "integers": pa.array([1, -2, None], pa.int64()),
    "truth": pa.array([True, False, None]),
    "dates": pa.array([dt.date(2024, 1, 31), None, dt.date(1, 1, 1)]),
    "moments": pa.array(MOMENTS, pa.timestamp("us")),
    "decimals": pa.array([Decimal("1.50"), Decimal("-0.00000001"), None], pa.decimal128(38, 18)),
}
GUESSED = {
    "polars": {"texts", "integers", "truth", "dates", "moments"},
    "duckdb": {"texts", "integers", "dates"},
    "pyarrow": {"texts", "numbers as texts", "integers"},
}
"""Columns that come back with their types where nobody tells them."""


def by_polars(folder, column, types):
    schema = {"P": pl.from_arrow(column).dtype} if types else None
    return pl.scan_parquet(folder, hive_partitioning=True, hive_schema=schema).collect().sort("N")["P"].to_list()


def by_duckdb(folder, column, types):
    duckdb = pytest.importorskip("duckdb")
    kinds = {"bool": "BOOLEAN", "int64": "BIGINT", "string": "VARCHAR", "date32[day]": "DATE"}
    told = f", hive_types = {{'P': {kinds.get(str(column.type), 'TIMESTAMP')}}}" if types else ""
    query = f"select P from read_parquet('{folder}/**/*.parquet', hive_partitioning = true{told}) order by N"
    with duckdb.connect() as database:
        return [value for (value,) in database.sql(query).fetchall()]


def by_pyarrow(folder, column, types):
    told = ds.partitioning(pa.schema([("P", column.type)]), flavor="hive") if types else "hive"
    return ds.dataset(folder, partitioning=told).to_table().sort_by("N")["P"].to_pylist()


READERS = {"polars": by_polars, "duckdb": by_duckdb, "pyarrow": by_pyarrow}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", COLUMNS)
def test_values_are_read_back(tmp_path, reader, kind):
    column = COLUMNS[kind]
    sink = PartitionedParquet(tmp_path / "p", HOW, partition_by="P", overwrite=False)
    sink.open()
    batch = pa.record_batch({"P": column, "N": range(len(column))})
    sink.start(batch.schema)
    sink.write(batch)
    sink.finish()
    assert sum(path.is_dir() for path in (tmp_path / "p").iterdir()) == len(column.unique())
    values = column.to_pylist()
    if kind != "decimals" or reader == "polars":  # the others take no decimals there
        assert READERS[reader](tmp_path / "p", column, types=True) == values
    if kind in GUESSED[reader]:
        assert READERS[reader](tmp_path / "p", column, types=False) == values

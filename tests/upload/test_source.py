import threading
import time

import polars as pl
import pyarrow as pa
import pyarrow.dataset as pa_dataset
import pyarrow.parquet as pq
import pytest

from mstr_arrow.errors import DataChanged, UsageError
from mstr_arrow.upload.source import source_of

TABLE = pa.table({"store": ["Lyon", None], "units": pa.array([1, 2], pa.int8())})


def read(source):
    with source.open() as batches:
        return pa.Table.from_batches(list(batches), source.schema)


def parquet(folder):
    path = folder / "table.parquet"
    pq.write_table(TABLE, path)
    return path


MAKERS = {
    "table": lambda _: TABLE,
    "batch": lambda _: TABLE.to_batches()[0],
    "reader": lambda _: TABLE.to_reader(),
    "polars": lambda _: pl.DataFrame(TABLE),
    "lazy": lambda _: pl.DataFrame(TABLE).lazy(),
    "dataset": lambda folder: pa_dataset.dataset(parquet(folder)),
    "lazy parquet": lambda folder: pl.scan_parquet(parquet(folder)),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_of_table_is_read(kind, tmp_path):
    source = source_of(MAKERS[kind](tmp_path), "t")
    assert source.schema.names == ["store", "units"]
    assert read(source).to_pylist() == TABLE.to_pylist()


WIDER = pa.schema([("store", pa.string()), ("units", pa.int64())])
SOME = pa_dataset.field("units") > 1


@pytest.mark.parametrize(
    ("change", "rows"),
    [
        (
            lambda folder: pa_dataset.dataset(folder, partitioning="hive"),
            [("Lyon", 1, "north"), (None, 2, "north")],
        ),
        (lambda folder: pa_dataset.dataset(folder, schema=WIDER), [("Lyon", 1), (None, 2)]),
        (lambda folder: pa_dataset.dataset(folder).filter(SOME), [(None, 2)]),
        (
            lambda folder: pa_dataset.FileSystemDataset(
                [next(pa_dataset.dataset(folder).get_fragments()).subset(row_group_ids=[1])],
                TABLE.schema,
                pa_dataset.ParquetFileFormat(),
            ),
            [(None, 2)],
        ),
        (lambda folder: pa_dataset.dataset(folder, format=dictionaries()), [("Lyon", 1), (None, 2)]),
    ],
    ids=["values from folders", "another type", "a filter", "some row groups", "dictionaries"],
)
def test_a_dataset_that_is_more_than_its_files_is_read_as_it_is(change, rows, tmp_path):
    (tmp_path / "region=north").mkdir()
    pq.write_table(TABLE, tmp_path / "region=north" / "t.parquet", row_group_size=1)
    source = source_of(change(tmp_path), "t")
    assert [tuple(row.values()) for row in read(source).to_pylist()] == rows


def dictionaries():
    return pa_dataset.ParquetFileFormat(dictionary_columns={"store"})


@pytest.mark.parametrize(
    ("kind", "rows"), [("table", 2), ("polars", 2), ("dataset", 2), ("lazy", None), ("reader", None)]
)
def test_rows_are_known_where_they_cost_nothing(kind, rows, tmp_path):
    assert source_of(MAKERS[kind](tmp_path), "t").rows == rows


@pytest.mark.parametrize("kind", sorted(set(MAKERS) - {"reader"}))
def test_what_can_be_read_twice_is(kind, tmp_path):
    source = source_of(MAKERS[kind](tmp_path), "t")
    assert read(source) == read(source)


def test_a_reader_is_read_once():
    source = source_of(TABLE.to_reader(), "Sales")
    read(source)
    with pytest.raises(UsageError, match="'Sales' was read already"):
        read(source)


def test_duckdb_relations_are_read():
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql("select 'Lyon' as store, 1::tinyint as units")
    assert read(source_of(relation, "t")).to_pylist() == [{"store": "Lyon", "units": 1}]


def test_pandas_frames_are_read():
    pandas = pytest.importorskip("pandas")
    assert read(source_of(pandas.DataFrame({"store": ["Lyon"]}), "t")).to_pylist() == [{"store": "Lyon"}]


@pytest.mark.parametrize(
    "wrong", [[1, 2], {"a": 1}, "sales.parquet", 3, None, pl.Series([1]), pa.array([1]), pa.chunked_array([[1]])]
)
def test_what_is_no_table_is_refused_by_name(wrong):
    with pytest.raises(UsageError, match=f"the table 'Sales' is a {type(wrong).__qualname__}, which is no table"):
        source_of(wrong, "Sales")


@pytest.mark.parametrize("dtype", ["Int128", "UInt128", "Object"])
@pytest.mark.parametrize("lazy", [False, True], ids=["frame", "lazy"])
def test_polars_types_that_arrow_has_not_are_refused_by_name(dtype, lazy):
    if not hasattr(pl, dtype):
        pytest.skip("not in this Polars")
    frame = pl.DataFrame({"Units": pl.Series([1], dtype=getattr(pl, dtype))})
    with pytest.raises(UsageError, match=f"Column 'Units' is of the Polars type {dtype}"):
        source_of(frame.lazy() if lazy else frame, "Sales")


@pytest.mark.parametrize("inner", [pl.Int8, pl.Int128])
@pytest.mark.parametrize(
    "outer", [pl.List, lambda inner: pl.Array(inner, 1), lambda inner: pl.Struct({"x": inner})]
)
def test_types_inside_of_others_are_refused_whatever_they_are(outer, inner):
    with pytest.raises(
        UsageError, match=r"'Units' is of the Polars type .*, which a dataset on the server cannot hold"
    ):
        source_of(pl.LazyFrame(schema={"Units": outer(inner)}), "Sales")


@pytest.mark.parametrize("lazy", [False, True], ids=["frame", "lazy"])
def test_a_name_at_which_polars_ends_the_process_is_refused(lazy):
    frame = pl.DataFrame({"a\0b": [1]})
    with pytest.raises(UsageError, match=r"the column of table 'Sales' 'a\\x00b' has characters"):
        source_of(frame.lazy() if lazy else frame, "Sales")


@pytest.mark.parametrize(
    ("make", "seen"),
    [
        (lambda: pl.LazyFrame({"a": [1]}).select("b"), "a LazyFrame, cannot be read .*ColumnNotFoundError"),
        (lambda: pa.table([[1]], schema=pa.schema([pa.field(b"a\xff", pa.int64())])), "UnicodeDecodeError"),
    ],
    ids=["a column that is not there", "a name that is no text"],
)
def test_what_others_raise_about_their_data_is_told_as_a_wrong_call(make, seen):
    with pytest.raises(UsageError, match=f"the table 'Sales', {seen}|{seen}") as caught:
        source_of(make(), "Sales")
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("dtype", "cast"), [("time with time zone", '"opened"::time leaves'), ("uhugeint", '"opened"::hugeint')]
)
def test_types_whose_values_duckdb_changes_are_refused(dtype, cast):
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql(f"select null::{dtype} as opened, '10:00:00'::time as closed")
    with pytest.raises(UsageError, match=f"Column 'opened' is of DuckDB's type {dtype.upper()}") as caught:
        source_of(relation, "Sales")
    assert cast in caught.value.hint


@pytest.mark.parametrize("hidden", [b"geoarrow.wkb", b"my.money"])
def test_an_extension_type_that_only_the_metadata_name_is_refused(hidden):
    field = pa.field("Shape", pa.binary(), metadata={"ARROW:extension:name": hidden})
    with pytest.raises(UsageError, match=f"'Shape' is of the extension type {hidden.decode()}, stored as binary"):
        source_of(pa.table([[b""]], schema=pa.schema([field])), "Sales")


def test_an_extension_type_is_not_to_be_cast_to_what_would_be_refused_again():
    field = pa.field("Shape", pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"})
    with pytest.raises(UsageError) as caught:
        source_of(pa.table([[b""]], schema=pa.schema([field])), "Sales")
    assert "Cast it to binary" not in caught.value.hint


def big(folder):
    path = folder / "big.parquet"
    pl.select(n=pl.int_range(5_000_000)).write_parquet(path, row_group_size=50_000)
    return pl.scan_parquet(path)


def test_a_lazy_frame_waits_for_whoever_takes_its_batches(tmp_path):
    taken = 0

    def seen(frame):
        nonlocal taken
        taken += frame.height
        return frame

    lazy = big(tmp_path).map_batches(seen, streamable=True)
    with source_of(lazy, "t").open() as batches:
        for _, batch in zip(range(2), batches, strict=False):
            assert 0 < batch.num_rows < 100_000
            time.sleep(0.1)
        assert taken < 5_000_000


def test_a_query_that_fails_on_the_way_raises(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("n\n" + "1\n" * 300_000 + "oops\n")
    source = source_of(pl.scan_csv(path, infer_schema_length=10), "t")
    with source.open() as batches, pytest.raises(pl.exceptions.ComputeError, match="oops"):
        sum(batch.num_rows for batch in batches)


def test_giving_up_a_lazy_frame_ends_its_query(tmp_path):
    with source_of(big(tmp_path).filter(pl.col("n") >= 0), "t").open() as batches:
        assert next(batches).num_rows > 0
        assert [thread for thread in threading.enumerate() if thread.name == "mstr-arrow-query"]
    assert not [thread for thread in threading.enumerate() if thread.name == "mstr-arrow-query"]


SCANS = {
    "all rows": lambda scan: scan,
    "some columns": lambda scan: scan.select("text", "n"),
    "the first rows": lambda scan: scan.head(70),
    "rows in the middle": lambda scan: scan.slice(31, 40),
    "the last rows": lambda scan: scan.tail(45),
    "no rows": lambda scan: scan.head(0),
}


@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("group", [7, 50, 1000])
def test_a_scan_of_a_parquet_file_is_read_slice_by_slice(scan, group, tmp_path, monkeypatch):
    monkeypatch.setattr("mstr_arrow.upload.source.SLICE_ROWS", 20)
    rows = pl.select(n=pl.int_range(101), text=pl.int_range(101).cast(pl.String), day=pl.lit(None, pl.Date))
    rows.write_parquet(tmp_path / "rows.parquet", row_group_size=group)
    due = SCANS[scan](rows.lazy()).collect()
    with source_of(SCANS[scan](pl.scan_parquet(tmp_path / "rows.parquet")), "t").open() as batches:
        read = list(batches)
    assert max((batch.num_rows for batch in read), default=0) <= 20
    assert pl.concat([due.clear(), *map(pl.DataFrame, read)]).equals(due)


def test_a_file_that_changes_while_its_slices_are_read_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("mstr_arrow.upload.source.SLICE_ROWS", 20)
    path, other = tmp_path / "rows.parquet", tmp_path / "other.parquet"
    pl.select(n=pl.int_range(100)).write_parquet(path)
    pl.select(n=pl.int_range(100, 200)).write_parquet(other)
    with source_of(pl.scan_parquet(path), "t").open() as batches:
        assert next(batches).num_rows <= 20  # Polars before 1.38 gives a slice in several batches
        other.replace(path)
        with pytest.raises(DataChanged, match="was changed while it was read"):
            list(batches)

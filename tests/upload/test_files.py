import bz2
import gzip
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from mstr_arrow.errors import ConversionError, DataError, UsageError
from mstr_arrow.upload import files
from mstr_arrow.upload.files import open_file, query, table_name
from mstr_arrow.upload.source import Rereadable

TABLE = pa.table(
    {
        "store": ["Lyon", None, "Nîmes"],
        "day": pa.array([19_000, 19_001, None], pa.int32()).cast(pa.date32()),
        "units": pa.array([1, 2, None], pa.int64()),
        "price": [1.5, None, 0.1],
    }
)


def read(data):
    return data.to_table() if isinstance(data, ds.Dataset) else data.read_all()


def write_ipc(path, table=TABLE, *, stream=False):
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(str(path), table.schema) as writer:
        writer.write_table(table)


# Parquet and Arrow


@pytest.mark.parametrize("name", ["t.parquet", "t.PQ"])
def test_a_parquet_file_is_a_dataset(tmp_path, name):
    pq.write_table(TABLE, tmp_path / name)
    data = open_file(tmp_path / name)
    assert isinstance(data, ds.Dataset)
    assert read(data) == TABLE


@pytest.mark.parametrize("name", ["t.arrow", "t.ipc", "t.feather", "t.arrows"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_arrow_file_is_what_its_first_bytes_say(tmp_path, name, stream):
    write_ipc(tmp_path / name, stream=stream)
    data = open_file(str(tmp_path / name))
    assert isinstance(data, Rereadable if stream else ds.Dataset)
    assert read(data) == TABLE


def test_an_arrow_file_is_mapped_and_not_copied(tmp_path):
    write_ipc(tmp_path / "t.arrow", pa.table({"n": pa.array(range(1_000_000))}))
    before = pa.total_allocated_bytes()
    batches = open_file(tmp_path / "t.arrow").to_batches()
    assert max(pa.total_allocated_bytes() - before for _ in batches) < 1_000_000


def test_a_folder_of_parts_is_one_table(tmp_path):
    for number in range(3):
        pq.write_table(TABLE.slice(number, 1), tmp_path / f"part-{number}.parquet")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".part-0.parquet.crc").write_text("x")
    assert read(open_file(tmp_path)) == TABLE


def test_types_of_parts_are_widened_and_not_cut(tmp_path):
    pq.write_table(pa.table({"n": pa.array([1], pa.int32()), "s": pa.nulls(1)}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"s": ["x"], "n": [2**40]}), tmp_path / "b.parquet")
    assert read(open_file(tmp_path)).to_pydict() == {"n": [1, 2**40], "s": [None, "x"]}


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "holds no Parquet files"),
        ({"a.parquet": TABLE, "b.parquet": TABLE.drop(["day"])}, "no parts of one table: only one has 'day'"),
        ({"a.parquet": TABLE, "b.parquet": TABLE.append_column("new", [[1, 2, 3]])}, "only one has 'new'"),
        ({"a.parquet": pa.table({"a": [1]}), "b.parquet": pa.table({"a": ["x"]})}, "incompatible types"),
        ({"a.parquet": TABLE, "notes.txt": b"hm"}, "holds notes.txt, which is no Parquet file"),
        ({"a.parquet": TABLE, "b.parquet": b""}, "b.parquet is empty"),
        ({"a.parquet": TABLE, "b.parquet": b"nonsense"}, "b.parquet"),
    ],
)
def test_a_folder_that_is_no_table_is_refused(tmp_path, parts, said):
    for name, content in parts.items():
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        else:
            pq.write_table(content, tmp_path / name)
    with pytest.raises(UsageError) as raised:
        open_file(tmp_path)
    assert said in str(raised.value)


def test_a_folder_of_folders_is_refused(tmp_path):
    (tmp_path / "year=2024").mkdir()
    with pytest.raises(UsageError, match=r"holds year=2024.*DuckDB"):
        open_file(tmp_path)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.arrows"])
def test_columns_get_the_types_asked_for(tmp_path, name):
    pq.write_table(TABLE, tmp_path / "t.parquet")
    write_ipc(tmp_path / "t.arrow")
    write_ipc(tmp_path / "t.arrows", stream=True)
    types = {"units": pa.string(), "price": pa.float64(), "elsewhere": pa.int8()}
    table = read(open_file(tmp_path / name, column_types=types))
    assert table["units"].to_pylist() == ["1", "2", None]
    assert table.drop(["units"]) == TABLE.drop(["units"])
    reader = open_file(tmp_path / name, column_types={"store": pa.int64()}).open()
    with pytest.raises(ConversionError, match=r"'Lyon' in row 1 of the column 'store' is no int64"):
        reader.read_next_batch()


# CSV

ORDERS = """\
order,zip,day,moment,units,price,paid,note
1,01067,2024-01-31,2024-01-31T11:00:00,3,1.5,true,"a ""quoted"", word"
2,10115,2024-02-01,2024-02-01T11:00:00.25,,2,false,""
3,,,,7,,,"two
lines"
"""


def test_a_csv_file_has_types(tmp_path):
    (tmp_path / "orders.csv").write_text(ORDERS)
    table = read(open_file(tmp_path / "orders.csv"))
    assert [str(kind) for kind in table.schema.types] == [
        "int64",
        "string",
        "date32[day]",
        "timestamp[us]",
        "int64",
        "double",
        "bool",
        "string",
    ]
    assert table["zip"].to_pylist() == ["01067", "10115", None]
    assert table["note"].to_pylist() == ['a "quoted", word', "", "two\nlines"]
    assert table["units"].to_pylist() == [3, None, 7]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("o.csv", ORDERS.replace("\n", "\r\n").replace("two\r\nlines", "two\nlines")),
        ("o.csv", "\ufeff" + ORDERS),
        ("o.csv", ORDERS.replace("3,,,,7", "\n3,,,,7") + "\n\n"),
        ("o.tsv", ORDERS.replace(",", "\t").replace('""\t', '"",')),
        ("o.csv", ORDERS.replace(",", ";").replace('"";', '"",')),
        ("o.CSV", ORDERS),
    ],
)
def test_a_csv_file_may_be_written_in_many_ways(tmp_path, name, text):
    (tmp_path / "expected.csv").write_text(ORDERS)
    (tmp_path / name).write_bytes(text.encode())
    assert read(open_file(tmp_path / name)) == read(open_file(tmp_path / "expected.csv"))


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_a_csv_file_may_be_packed(tmp_path, suffix, pack):
    (tmp_path / f"o.csv{suffix}").write_bytes(pack(ORDERS.encode()))
    assert read(open_file(tmp_path / f"o.csv{suffix}")).num_rows == 3


def test_a_line_without_text_is_a_null_in_a_single_column(tmp_path):
    (tmp_path / "n.csv").write_text("n\n1\n\n3\n")
    assert read(open_file(tmp_path / "n.csv"))["n"].to_pylist() == [1, None, 3]


def test_the_types_asked_for_beat_the_texts(tmp_path):
    (tmp_path / "o.csv").write_text(ORDERS)
    types = {"order": pa.string(), "price": pa.decimal128(9, 2), "zip": pa.int32()}
    table = read(open_file(tmp_path / "o.csv", column_types=types))
    assert table["order"].to_pylist() == ["1", "2", "3"]
    assert table.schema.field("price").type == pa.decimal128(9, 2)
    assert table["zip"].to_pylist() == [1067, 10115, None]


def test_a_header_alone_needs_types(tmp_path):
    (tmp_path / "o.csv").write_text("a,b\n")
    with pytest.raises(UsageError, match="nothing tells the type of 'b'"):
        open_file(tmp_path / "o.csv", column_types={"a": pa.int64()})
    types = {"a": pa.int64(), "b": pa.string()}
    table = read(open_file(tmp_path / "o.csv", column_types=types))
    assert (table.num_rows, table.schema) == (0, pa.schema(types))


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", 256)


@pytest.mark.usefixtures("small_blocks")
def test_a_csv_file_is_read_block_by_block(tmp_path):
    (tmp_path / "n.csv").write_text("n,s\n" + "".join(f"{n},row {n}\n" for n in range(1_000)))
    reader = open_file(tmp_path / "n.csv").open()
    first = reader.read_next_batch()
    assert first.num_rows < 50
    assert first["n"].to_pylist() + read(reader)["n"].to_pylist() == list(range(1_000))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("1.5,x", "'1.5' in row 701 of the column 'n' is no int64"),
        ("007,x", "'007' in row 701"),
        ("many,x", "'many'"),
    ],
)
def test_a_later_value_that_does_not_fit_is_one_clear_error(tmp_path, bad, said):
    path = tmp_path / "n.csv"
    path.write_text("n,s\n" + "".join(f"{n},x\n" for n in range(700)) + f"{bad}\n" + "9,x\n" * 300)
    with pytest.raises(ConversionError) as raised:
        read(open_file(path))
    error = raised.value
    assert (error.column, error.row) == ("n", 700)
    assert f"{path}: " in str(error)
    assert said in str(error)
    assert "{'n': pa.string()} takes any value" in str(error)
    assert read(open_file(path, column_types={"n": pa.string()})).num_rows == 1_001


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("bad", [b"1,x,y\n", b"1\n", b"1,\xff\n"])
def test_a_csv_file_that_breaks_off_is_bad_data(tmp_path, bad):
    (tmp_path / "n.csv").write_bytes(b"n,s\n" + b"1,x\n" * 700 + bad)
    with pytest.raises(DataError, match=r"n\.csv cannot be read any further"):
        read(open_file(tmp_path / "n.csv"))


# What cannot be opened


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("no.parquet", None, "there is no file"),
        ("*.parquet", None, "give their folder"),
        ("t.parquet", b"", "t.parquet is empty"),
        ("t.csv", b"", "t.csv is empty"),
        ("t.csv", b"\n\n", "t.csv cannot be read"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16"), "t.csv cannot be read"),
        ("t.csv", b"city\nK\xf6ln\n", "cp1252"),
        ("t.csv", "Gr\xf6\xdfe,b\n1,2\n".encode("cp1252"), r"b'Gr\xf6\xdfe' of a column is not UTF-8"),
        ("t.csv", b"a,b\n1\n", "t.csv cannot be read"),
        ("t.csv.gz", b"a,b\n1,2\n", "t.csv.gz cannot be read"),
        ("t.parquet", b"nonsense", "t.parquet cannot be read"),
        ("t.arrow", b"ARROW1nonsense", "t.arrow cannot be read"),
        ("t.arrow", b"nonsense", "t.arrow cannot be read"),
        ("t.xlsx", b"x", "the name t.xlsx does not say what the file holds"),
        ("t.parquet.gz", b"x", "does not say what the file holds"),
        ("t", b"x", "It may end in .parquet, .pq, .arrow"),
    ],
)
def test_what_cannot_be_opened_is_wrong_usage(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as raised:
        open_file(tmp_path / name)
    assert said in str(raised.value)
    assert content is None or raised.value.hint


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/sales.csv.gz", "sales"), ("sales.v2.parquet", "sales.v2"), ("S.CSV.GZ", "S"), ("a.gz.csv", "a.gz")],
)
def test_a_table_is_named_like_its_file(path, name):
    assert table_name(Path(path)) == name


def test_a_table_is_named_like_its_folder(tmp_path, monkeypatch):
    (tmp_path / "sales.2024").mkdir()
    monkeypatch.chdir(tmp_path / "sales.2024")
    assert table_name(Path()) == "sales.2024"
    assert table_name(tmp_path / "sales.2024") == "sales.2024"


# Queries


def test_a_query_is_read_as_a_stream(tmp_path):
    pytest.importorskip("duckdb")
    pl.from_arrow(TABLE).write_parquet(tmp_path / "t.parquet")
    reader = query(f"select store, units + 1 as more from '{tmp_path}/*.parquet' where units is not null")
    assert read(reader).to_pydict() == {"store": ["Lyon", None], "more": [2, 3]}


@pytest.mark.parametrize(
    "sql", ["selekt 1", "select * from nowhere", "select * from 'no.parquet'", "select cast('x' as int)", ""]
)
def test_a_query_that_does_not_run_is_wrong_usage(sql):
    pytest.importorskip("duckdb")
    with pytest.raises(UsageError, match="query"):
        query(sql)


def test_a_query_without_duckdb_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(UsageError, match=r"SQL is run by DuckDB\. Install it: pip install 'mstr-arrow\[duckdb\]'"):
        query("select 1")

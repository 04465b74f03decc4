"""From the simulator's pages to every way out: each value arrives as it is."""

import asyncio
import io
import math
import struct

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import mstr_arrow as ma
from mstr_arrow.simulator import Simulator

AWKWARD = "Awkward Values"
SMALL = (
    "One Row",
    "Only Metrics",
    "Only Attributes",
    "No Rows",
    "Same Names",
    "Archive/Twice",
    "Été & Größe 50 % +1 #☕",
)
SOME_PAGES = ma.Limits(page_rows=50, concurrency=3)


def plain(table):
    """Give a table with texts as plain strings, whatever it had."""
    fields = [
        pa.field(field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type)
        for field in table.schema
    ]
    return table.cast(pa.schema(fields)).combine_chunks()


def bits(column):
    """Give the values of a column so that those that differ in one bit differ."""
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [None if value is None else struct.pack("<d", value) for value in values]
    return values


def same(got, truth, *, types=True):
    """Compare two tables cell by cell and bit by bit."""
    assert got.schema.names == truth.schema.names
    if types:
        assert got.schema.types == truth.schema.types
    for name in truth.schema.names:
        assert bits(got[name]) == bits(truth[name]), name


@pytest.fixture(scope="module")
def servers():
    """Simulators with the same data, set up differently."""
    with (
        Simulator(rows=120, gzip=True) as usual,
        Simulator(rows=120, gzip=False, shuffle_keys=True, chunked=True) as shuffled,
        Simulator(rows=120, cells_per_page=200) as governed,
    ):
        yield {"usual": usual, "shuffled": shuffled, "governed": governed}


@pytest.fixture
def opened(servers):
    """Connect to one of them; no session stays."""
    connections = []

    def connect(name="usual"):
        server = servers[name]
        connection = ma.connect(
            server.url, username=server.username, password=server.password, project=server.project
        )
        connections.append(connection)
        return server, connection

    yield connect
    for connection in connections:
        connection.close()
    assert [server.open_sessions for server in servers.values()] == [0] * len(servers)


@pytest.fixture
def awkward(opened):
    """The awkward cube in several pages, and its true values."""
    server, connection = opened()
    return connection.cube(AWKWARD, limits=SOME_PAGES), server.truth(AWKWARD)


# However the server is set up


@pytest.mark.parametrize("server", ["usual", "shuffled", "governed"])
@pytest.mark.parametrize("page_rows", [70, 1_000])
def test_awkward_values_arrive_however_they_are_served(opened, server, page_rows):
    server, connection = opened(server)
    cube = connection.cube(AWKWARD, limits=ma.Limits(page_rows=page_rows, concurrency=3))
    same(plain(cube.to_arrow()), server.truth(AWKWARD))
    assert cube.stats.requests >= math.ceil(211 / page_rows)


@pytest.mark.parametrize("server", ["usual", "shuffled", "governed"])
@pytest.mark.parametrize("name", SMALL)
def test_small_cubes_arrive_however_they_are_served(opened, server, name):
    server, connection = opened(server)
    cube = connection.cube(server.cubes[name], limits=ma.Limits(page_rows=3))
    same(plain(cube.to_arrow()), server.truth(name))
    same(cube.to_polars().to_arrow(), pl.DataFrame(server.truth(name)).to_arrow())


@pytest.mark.parametrize("server", ["usual", "governed"])
def test_the_sales_cube_arrives_in_any_order_of_pages(opened, server):
    server, connection = opened(server)
    truth = server.truth("Sales Cube")
    cube = connection.cube("Sales Cube", limits=ma.Limits(page_rows=17, concurrency=5))
    same(plain(cube.to_arrow()), truth)
    unordered = plain(cube.with_options(ordered=False).to_arrow())
    same(unordered.sort_by("Order"), truth.sort_by("Order"))


def test_the_row_counts_of_the_server_come_only_when_asked_for(opened):
    server, connection = opened()
    assert "Row Count - sales" not in connection.cube("Sales Cube").schema.names
    cube = connection.cube("Sales Cube", row_counts=True)
    columns = cube.schema.names
    assert columns[-1] == "Row Count - sales"
    same(plain(cube.to_arrow()), server.truth("Sales Cube", columns))


# Every way out


def test_to_arrow_has_one_dictionary_per_text_column(awkward):
    cube, truth = awkward
    table = cube.to_arrow()
    assert cube.stats.requests == 5
    texts = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    assert texts == ["Text", "Three Forms@DESC", "Three Forms@Code", "Text Metric"]
    for name in texts:
        assert table.schema.field(name).type == pa.dictionary(pa.int32(), pa.string())
        first, *others = (chunk.dictionary for chunk in table[name].chunks)
        assert all(other.equals(first) for other in others)
    same(plain(table), truth)
    assert table.schema.equals(cube.schema, check_metadata=True)


def test_to_arrow_with_plain_texts(awkward):
    cube, truth = awkward
    same(cube.to_arrow(strings="plain"), truth)


def test_fields_say_where_they_come_from(awkward):
    cube, _ = awkward
    metadata = {field.name: field.metadata for field in cube.schema}
    assert metadata["Double"][b"mstr.role"] == b"metric"
    assert metadata["Double"][b"mstr.data_type"] == b"double"
    assert b"mstr.form_id" not in metadata["Double"]
    assert metadata["Three Forms@ID"][b"mstr.id"] == metadata["Three Forms@DESC"][b"mstr.id"]
    assert metadata["Three Forms@ID"][b"mstr.form_id"] == b"45C11FA478E745FEA08D781CEA190FE5"
    assert cube.to_arrow(strings="plain").schema.field("Text").metadata == metadata["Text"]


@pytest.mark.parametrize("strings", ["dictionary", "plain"])
def test_readers_and_batches(awkward, strings):
    cube, truth = awkward
    reader = cube.to_reader(strings=strings)
    schema = reader.schema
    batches = list(reader)
    assert len(batches) == 5
    assert all(batch.schema.equals(schema, check_metadata=True) for batch in batches)
    same(plain(pa.Table.from_batches(batches)), truth)
    same(plain(pa.Table.from_batches(list(cube.to_batches(strings=strings)))), truth)
    same(plain(pa.Table.from_batches(list(cube))), truth)


def test_to_polars(awkward):
    cube, truth = awkward
    frame = cube.to_polars()
    assert frame.schema == pl.DataFrame(truth).schema
    assert frame.equals(pl.DataFrame(truth))
    assert [bits(pa.chunked_array(frame["Double"].to_arrow()))] == [bits(truth["Double"])]


def test_to_polars_with_categories(awkward):
    cube, truth = awkward
    frame = cube.to_polars(strings="dictionary")
    assert frame.schema["Text"] == pl.Categorical
    assert frame["Text"].cast(pl.String).to_list() == truth["Text"].to_pylist()


def test_to_pandas(awkward):
    pandas = pytest.importorskip("pandas")
    cube, truth = awkward
    frame = cube.to_pandas()
    assert list(frame.columns) == truth.schema.names
    assert all(isinstance(dtype, pandas.ArrowDtype) for dtype in frame.dtypes)
    same(pa.Table.from_pandas(frame, preserve_index=False), truth)


def test_parquet(awkward, tmp_path):
    cube, truth = awkward
    stats = cube.write_parquet(tmp_path / "x.parquet", row_group_rows=60)
    assert (stats.rows, stats.total_rows) == (211, 211)
    table = pq.read_table(tmp_path / "x.parquet")
    same(table, truth)
    assert table.schema.field("Text").metadata[b"mstr.role"] == b"attribute"
    assert pl.read_parquet(tmp_path / "x.parquet").equals(pl.DataFrame(truth))


def test_ipc_files_and_streams(awkward, tmp_path):
    cube, truth = awkward
    cube.write_ipc(tmp_path / "x.arrow")
    same(pa.ipc.open_file(tmp_path / "x.arrow").read_all(), truth)
    assert pl.read_ipc(tmp_path / "x.arrow").equals(pl.DataFrame(truth))
    stream = io.BytesIO()
    cube.write_ipc(stream, stream=True)
    same(pa.ipc.open_stream(stream.getvalue()).read_all(), truth)


def test_csv(awkward):
    cube, truth = awkward
    out = io.BytesIO()
    cube.write_csv(out)
    table = pyarrow.csv.read_csv(
        pa.BufferReader(out.getvalue()),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(truth.schema.names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    for name in ("Text", "Text Metric"):
        assert table[name].to_pylist() == truth[name].to_pylist()
    for name in ("Exact", "Moment", "Date", "Long Metric", "Double"):
        assert bits(table[name].cast(truth[name].type)) == bits(truth[name]), name


def test_the_c_stream_into_arrow_and_polars(awkward):
    cube, truth = awkward
    same(pa.table(cube), truth)
    assert pl.DataFrame(cube).equals(pl.DataFrame(truth))
    assert pa.schema(cube).equals(truth.schema)


def test_the_c_stream_into_duckdb(awkward):
    duckdb = pytest.importorskip("duckdb")
    cube, truth = awkward
    with duckdb.connect() as database:
        database.register("cube", cube)
        arrived = database.sql('select * from cube order by "Row"').to_arrow_table()
    same(arrived.cast(truth.schema), truth)


def test_async_twins(awkward, tmp_path):
    cube, truth = awkward

    async def main():
        assert (await cube.schema_async()).names == truth.schema.names
        assert await cube.count_rows_async() == 211
        same(plain(await cube.to_arrow_async()), truth)
        same(await cube.to_arrow_async(strings="plain"), truth)
        assert (await cube.to_polars_async()).equals(pl.DataFrame(truth))
        same(plain(pa.Table.from_batches([batch async for batch in cube])), truth)
        async with await cube.to_batches_async(strings="plain") as batches:
            same(pa.Table.from_batches([batch async for batch in batches]), truth)
        same(await asyncio.to_thread((await cube.to_reader_async(strings="plain")).read_all), truth)
        await cube.write_parquet_async(tmp_path / "x.parquet")

    asyncio.run(main())
    same(pq.read_table(tmp_path / "x.parquet"), truth)


@pytest.mark.parametrize("strings", ["dictionary", "plain"])
def test_nothing_has_the_same_schema_as_something(opened, tmp_path, strings):
    _, connection = opened()
    empty, full = connection.cube("No Rows"), connection.cube("One Row")
    table = empty.to_arrow(strings=strings)
    assert table.num_rows == 0
    assert table.schema.equals(full.to_arrow(strings=strings).schema, check_metadata=True)
    assert empty.to_polars().schema == full.to_polars().schema
    assert list(empty) == []
    assert empty.to_reader().read_all().schema == full.to_reader().read_all().schema
    for cube, path in ((empty, "empty.parquet"), (full, "full.parquet")):
        cube.write_parquet(tmp_path / path)
    assert pq.read_schema(tmp_path / "empty.parquet").equals(pq.read_schema(tmp_path / "full.parquet"))


# What it costs


def since(server, before):
    requests = [request for request in server.requests[before:] if request.path.startswith("/api/v2/cubes")]
    return [(request.method, request.query.get("limit")) for request in requests]


def test_the_schema_costs_one_row_and_its_instance_serves_the_next_read(opened):
    server, connection = opened()
    before, instances = len(server.requests), server.instances_created
    cube = connection.cube(server.cubes[AWKWARD], limits=ma.Limits(page_rows=300))
    assert since(server, before) == [("GET", None)]
    assert cube.schema == cube.schema
    assert cube.schema.names[0] == "Row"
    assert cube.count_rows() == 211
    assert since(server, before) == [("GET", None), ("POST", "1")]
    cube.to_arrow()
    assert since(server, before) == [("GET", None), ("POST", "1"), ("GET", "300")]
    assert server.instances_created == instances + 1
    cube.to_arrow()
    assert since(server, before)[3:] == [("POST", "300")]
    assert cube.schema.names
    assert server.instances_created == instances + 2


def test_a_probe_whose_instance_is_gone_is_replaced(opened):
    server, connection = opened()
    cube = connection.cube("One Row")
    schema = cube.schema
    server.drop_instances()
    assert cube.to_arrow().schema == schema


def test_duckdb_runs_one_extraction_per_execution(opened):
    duckdb = pytest.importorskip("duckdb")
    server, connection = opened()
    cube = connection.cube("Sales Cube", limits=ma.Limits(page_rows=1_000))
    total = server.truth("Sales Cube")["Units"].to_pylist()
    before, instances = len(server.requests), server.instances_created
    with duckdb.connect() as database:
        database.register("cube", cube)
        for _ in range(2):
            assert database.sql('select sum("Units") from cube').fetchall() == [(sum(total),)]
    first, second = (
        [("POST", "1"), ("GET", "1000")],
        [("POST", "1000")],
    )  # DuckDB before 2 binds once, and not again
    assert since(server, before) in (first * 2, first + second)
    assert server.instances_created == instances + 2
    local = cube  # noqa: F841 - DuckDB finds it by its name
    assert duckdb.sql("select count(*) from local").fetchall() == [(120,)]

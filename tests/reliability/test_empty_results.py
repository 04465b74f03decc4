"""Results without rows in any shape: no rows, with the columns and types of a result with some."""

import re
import warnings
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator
from tests.reliability.emptyshapes import SHAPES, nothing, rewritten
from tests.support.servers import connect_to
from tests.support.slow import thinned

CUBE = "Sales Cube"
EVERY = {"POST": r"/instances$", "GET": r"/v2/\w+/\w+/instances/\w+$", "PUT": r"/instances/\w+$"}
REPORTS = ["Plain Report", "Report With Subtotals", "Cross-tab Metrics First", "Metrics On Rows"]
UNTOLD = {"Units", "Ledger Id", "Note", "List Price", "Last Sale"}
SOME, NONE = ma.col("Units") > 50, ma.col("Units") > 99_999


@pytest.fixture(scope="module")
def sim():
    with Simulator(rows=200, publish_polls=0, async_polls=0, encode_once=True) as server:
        yield server


@pytest.fixture
def connection(sim):
    settings = ma.Settings(retry=ma.Retry(attempts=1))
    with connect_to(sim, project=sim.project, settings=settings) as connection:
        yield connection
        sim.heal()


def empty(sim, shape, *, skip=0):
    """Have all pages come without rows in that shape, but for the first instances."""
    for method, path in EVERY.items():
        sim.fail(SHAPES[shape].on(method, path, skip=skip if method == "POST" else 0, times=None))


def written(way):
    """Make a way out of one that writes files."""

    def out(scan, path):
        path.parent.mkdir(exist_ok=True)
        way(scan, path)
        return pq.read_table(path)

    return out


WAYS = {
    "to_arrow": lambda scan, _: scan.to_arrow(),
    "to_polars": lambda scan, _: scan.to_polars().to_arrow(),
    "lazy": lambda scan, _: scan.lazy().collect().to_arrow(),
    "to_reader": lambda scan, _: scan.to_reader().read_all(),
    "write_parquet": written(lambda scan, path: scan.write_parquet(path)),
    "parts": written(lambda scan, path: scan.write_parquet(path, part_rows=10)),
    "extract": written(lambda scan, path: scan.extract(path)),
}


def plain(schema):
    """Return names and types, texts as one type however they are delivered."""
    texts = (pa.types.is_dictionary, pa.types.is_large_string, pa.types.is_string_view)
    types = [pa.string() if any(is_text(each.type) for is_text in texts) else each.type for each in schema]
    return list(zip(schema.names, types, strict=True))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_cube_without_rows_for_a_condition_has_the_types_of_one_with_some(sim, connection, shape):
    full = connection.cube(CUBE).filter(SOME).to_arrow()
    empty(sim, shape, skip=1)  # the first one is of the whole cube
    none = connection.cube(CUBE).filter(NONE)
    table = none.to_arrow()
    assert (full.num_rows > 0, table.num_rows) == (True, 0)
    assert table.schema.equals(full.schema, check_metadata=True)
    assert none.schema.equals(full.schema)
    assert none.count_rows() == 0


@pytest.mark.one_in(3)
@pytest.mark.parametrize("way", thinned(WAYS, {"to_arrow", "lazy", "extract"}))
@pytest.mark.parametrize("shape", thinned(["only_paging", "no_definition", "error"], {"error", "no_definition"}))
def test_every_way_out_has_the_types_of_a_day_with_rows(sim, connection, tmp_path, shape, way):
    full = WAYS[way](connection.cube(CUBE).filter(SOME), tmp_path / "full")
    empty(sim, shape, skip=1)
    none = WAYS[way](connection.cube(CUBE).filter(NONE), tmp_path / "none")
    assert none.num_rows == 0
    assert plain(none.schema) == plain(full.schema)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    "ask",
    [
        lambda scan: scan.aggregate("Region", "Revenue", "Units"),
        lambda scan: scan.select("Day", "Units"),
        lambda scan: scan.sort("Units").head(3),
        lambda scan: scan.select("Region").head(5),
        lambda scan: scan.top(3, "Revenue"),
        lambda scan: scan.with_options(values="both"),
        lambda scan: scan.with_options(total_order=True),
    ],
)
@pytest.mark.parametrize("shape", thinned(["without_elements", "no_definition", "error"], {"no_definition"}))
def test_what_asks_for_less_has_its_own_columns(sim, connection, shape, ask):
    full = ask(connection.cube(CUBE).filter(SOME)).to_arrow()
    empty(sim, shape, skip=1)
    none = ask(connection.cube(CUBE).filter(NONE))
    assert none.to_arrow().num_rows == 0
    assert plain(none.to_arrow().schema) == plain(full.schema)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", thinned(REPORTS, {"Plain Report", "Metrics On Rows"}))
def test_a_report_without_rows_has_the_columns_of_its_definition(sim, connection, name, shape):
    full = connection.report(name).to_arrow()
    empty(sim, shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ma.DataLossWarning)  # types that definitions do not tell
        table = connection.report(name).to_arrow()
        schema = connection.report(name).schema
    assert table.num_rows == 0
    assert table.schema.equals(schema)
    assert table.schema.names == full.schema.names
    told = [each for each in plain(full.schema) if each[0] not in UNTOLD]
    assert [each for each in plain(table.schema) if each in told] == told


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("shape", ["no_definition", "error"])
def test_types_that_nobody_tells_are_said_once(sim, connection, shape, filtered):
    empty(sim, shape)
    report = connection.report("Plain Report")
    with pytest.warns(ma.DataLossWarning) as caught:
        table = (report.filter(ma.col("Region") == "North") if filtered else report).to_arrow()
    assert len(caught) == 1
    assert "does not tell the types of metrics 'Revenue', 'Units'" in str(caught[0].message)
    assert table.schema.field("Units").type == pa.float64()


@pytest.mark.parametrize("shape", ["no_definition", "error"])
def test_types_that_were_given_are_kept_and_need_no_warning(sim, connection, shape):
    metrics = {each["name"]: pa.string() for each in connection.report("Plain Report").metrics}
    empty(sim, shape)
    table = connection.report("Plain Report").with_options(types=metrics).to_arrow(strings="plain")
    assert {table.schema.field(name).type for name in metrics} == {pa.string()}


@pytest.mark.parametrize("shape", ["nothing", "no_definition", "error"])
def test_a_cube_without_any_row_has_the_columns_of_its_definition(sim, connection, shape):
    full = connection.cube(CUBE).to_arrow()
    empty(sim, shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ma.DataLossWarning)
        table = connection.cube(CUBE).to_arrow()
    assert (table.num_rows, table.schema.names) == (0, full.schema.names)


@pytest.mark.parametrize("shape", ["only_paging", "error", "error as a success"])
def test_a_prompted_report_without_rows_is_none(sim, connection, shape):
    sim.fail(SHAPES[shape].on("GET", EVERY["GET"], times=None))
    sim.fail(SHAPES[shape].on("PUT", EVERY["PUT"], times=None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ma.DataLossWarning)
        table = connection.report("Prompted Twice").prompts(Year=2024).to_arrow()
    assert table.num_rows == 0
    assert "Year" in table.schema.names


def test_a_run_that_fails_for_want_of_data_has_no_rows(sim, connection):
    sim.fail(Fault.execution_fails(-2147213784, "(no data returned)"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ma.DataLossWarning)
        assert connection.report("Plain Report").to_arrow().num_rows == 0


@pytest.mark.parametrize("shape", ["only_paging", "no_definition", "error", "error as a success"])
def test_a_later_page_without_rows_is_no_end_but_a_mismatch(sim, connection, shape):
    limits = ma.Limits(page_rows=70, concurrency=1)
    sim.fail(SHAPES[shape].on("GET", EVERY["GET"], times=None))
    with pytest.raises(errors.DataMismatch, match="the result has 0 rows; the first page said 200"):
        connection.cube(CUBE, limits=limits).to_arrow()


@pytest.mark.parametrize("name", ["Paged", "Paged By Two"])
def test_a_page_of_a_report_without_rows_is_left_out(sim, connection, name):
    full = connection.report(name).expand_pages().to_polars()
    sim.fail(SHAPES["error"].on("PUT", EVERY["PUT"], skip=1))
    some = connection.report(name).expand_pages().to_polars()
    assert 0 < some.height < full.height
    assert some.schema == full.schema


def test_what_has_rows_must_say_which(sim, connection):
    def lose(body):
        return body.replace(b'"total":200', b'"total":200,"x":1').replace(b'"raw"', b'"row"')

    for method, path in EVERY.items():
        sim.fail(Fault.rewritten(lose).on(method, path, times=None))
    with pytest.raises(errors.ProtocolError, match="raw"):
        connection.cube(CUBE).to_arrow()


TAKEN_WHOLE = [name for name in WAYS if name not in {"lazy", "to_reader", "extract"}]


@pytest.fixture
def miscounting(quick):
    """A connection to a server whose paging counts the whole cube while it sends the rows that conditions keep."""
    with Simulator(rows=200, gzip=False) as sim:
        counted = Fault.rewritten(lambda body: re.sub(rb'"total":\d+', b'"total":200', body))
        sim.fail(counted.on(None, "/instances", times=None))
        settings = replace(quick, limits=ma.Limits(concurrency=1))
        with connect_to(sim, project=sim.project, settings=settings) as connection:
            yield connection, sim


def filters_sent(sim):
    return sum(b"viewFilter" in request.body for request in sim.requests)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("way", TAKEN_WHOLE)
@pytest.mark.parametrize("region", ["East", "Nowhere"])
def test_a_server_that_counts_what_conditions_leave_out_is_read_once_more_without_them(
    miscounting, tmp_path, way, region
):
    connection, sim = miscounting
    some = connection.cube(CUBE).filter(ma.col("Region") == region)
    table = WAYS[way](some, tmp_path / "out")
    expected = [row["Order"] for row in sim.truth(CUBE).to_pylist() if row["Region"] == region]
    assert sorted(table["Order"].to_pylist()) == sorted(expected)
    sent = filters_sent(sim)
    assert sent > 0
    assert some.to_arrow().num_rows == len(expected)
    assert filters_sent(sim) == sent  # it is remembered


def test_rows_that_were_handed_out_end_with_an_error_that_says_what_happens_next(miscounting):
    connection, sim = miscounting
    some = connection.cube(CUBE).filter(ma.col("Region") == "East")
    with pytest.raises(errors.DataMismatch, match=r"empty.*viewFilter.*Read again"):
        list(some)
    assert sum(len(batch) for batch in some) == sum(row["Region"] == "East" for row in sim.truth(CUBE).to_pylist())


def test_without_conditions_a_count_that_is_not_kept_is_an_error(sim, connection):
    def end_early(page):
        if page["data"]["paging"]["offset"] == 70:
            nothing(page)
            page["data"]["paging"] |= {"total": 200, "offset": 70}

    sim.fail(rewritten(end_early).on("GET", EVERY["GET"], times=None))
    with pytest.raises(errors.DataMismatch, match="row 70 is empty, though the result has 200 rows"):
        connection.cube(CUBE, limits=ma.Limits(page_rows=70, concurrency=1)).to_arrow()

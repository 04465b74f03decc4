"""Reports of every layout, the whole way from a server to each way out."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import mstr_arrow as ma
from mstr_arrow.simulator import Simulator
from mstr_arrow.simulator.samples.layouts import layout_reports
from tests.support.servers import IDLE

NAMES = sorted(report.name for report in layout_reports(100, 0) if report.name != "Big Cross-tab")
CUT_APART = ("Metrics On Rows", "Metrics Between On Rows")
"""Long reports whose rows of the result span pages of one row."""


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=200, **IDLE) as sim:
        yield sim


@pytest.fixture(scope="module")
def conn(server):
    with connected(server) as connection:
        yield connection


def connected(sim):
    return ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project)


def plain(table):
    columns = [
        pc.cast(column, pa.string())
        if pa.types.is_dictionary(column.type) or column.type == pa.large_string()
        else column
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names)


def assert_true(table, truth):
    """Compare names, types, and values bit by bit, in order."""
    table, truth = plain(table), plain(truth)
    assert table.schema.remove_metadata() == truth.schema.remove_metadata()
    assert repr(table.to_pydict()) == repr(truth.to_pydict())


def page_sizes():
    """List reports, with or without subtotals, and rows of a page; a page per row takes long."""
    for name in NAMES:
        sampled = () if name in NAMES[::7] else pytest.mark.slow
        for subtotals in ("drop", "keep"):
            fitting = ("Subtotals" in name) == (subtotals == "keep")
            yield pytest.param(name, subtotals, 1_000, marks=() if fitting else sampled)
            if fitting:
                yield pytest.param(name, subtotals, 3, marks=sampled)
                yield pytest.param(name, subtotals, 1, marks=pytest.mark.slow)


@pytest.mark.one_in(6)
@pytest.mark.parametrize(("name", "subtotals", "rows"), list(page_sizes()))
def test_pages_of_any_size_give_what_is_true(server, conn, name, subtotals, rows):
    truth = server.truth(name, subtotals=subtotals)
    if rows == 1 and truth.num_rows > 130 and name not in CUT_APART:
        return  # it shows no more than with the others
    report = conn.report(name, subtotals=subtotals, limits=ma.Limits(page_rows=rows))
    assert_true(report.to_arrow(), truth)


def parquet(report, tmp_path):
    report.write_parquet(tmp_path / "out.parquet")
    return pq.read_table(tmp_path / "out.parquet")


def ipc(report, tmp_path):
    report.write_ipc(tmp_path / "out.arrow")
    with pa.ipc.open_file(tmp_path / "out.arrow") as file:
        return file.read_all()


def duck(report, _):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as database:
        found = database.register("report", report).sql("select * from report").arrow()
    return found.read_all() if isinstance(found, pa.RecordBatchReader) else found


TERMINALS = {
    "polars": lambda report, _: report.to_polars().to_arrow(),
    "reader": lambda report, _: report.to_reader().read_all(),
    "parquet": parquet,
    "ipc": ipc,
    "duckdb": duck,
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "names", [NAMES[::6], pytest.param(NAMES, marks=pytest.mark.slow)], ids=["some", "every report"]
)
@pytest.mark.parametrize("terminal", list(TERMINALS))
def test_every_way_out_gives_what_is_true(server, conn, tmp_path, terminal, names):
    for name in names:
        report = conn.report(name, subtotals="keep", limits=ma.Limits(page_rows=30))
        truth = server.truth(name, subtotals="keep")
        found = TERMINALS[terminal](report, tmp_path)
        if not truth.num_columns:
            continue
        assert found.column_names == truth.column_names, name
        assert repr(plain(found).to_pydict()) == repr(plain(truth).to_pydict()), name


def body(conn, server, name):
    """Read the whole of a report as the server sends it."""
    params = {"limit": "-1", "standardDateFormat": "true", "standardRawDateFormat": "true"}
    return conn.post(f"/api/v2/reports/{server.reports[name]}/instances", params=params).json()


@pytest.mark.parametrize("name", ["Plain Report", "Report With Subtotals"])
def test_formatted_values_are_the_servers_texts(server, conn, name):
    page = body(conn, server, name)
    metrics = [metric["name"] for metric in page["definition"]["grid"]["columns"][0]["elements"]]
    both = plain(conn.report(name, values="both", subtotals="keep").to_arrow())
    raw = plain(conn.report(name, subtotals="keep").to_arrow())
    alone = plain(conn.report(name, values="formatted", subtotals="keep").to_arrow())
    texts = page["data"]["metricValues"]["formatted"]
    for number, metric in enumerate(metrics):
        column = [row[number] for row in texts]
        assert both[f"{metric} (formatted)"].to_pylist() == alone[metric].to_pylist() == column
        assert repr(both[metric].to_pylist()) == repr(raw[metric].to_pylist())


def test_the_grid_keeps_the_columns_of_a_cross_tab(server, conn):
    name = "Cross-tab Metrics Last"
    page = body(conn, server, name)
    grid, data = page["definition"]["grid"], page["data"]
    channel, metrics = grid["columns"]
    table = plain(conn.report(name, layout="grid").to_arrow())
    heads = [
        f"{' '.join(channel['elements'][element]['formValues'])} | {metrics['elements'][metric]['name']}"
        for element, metric in zip(*data["headers"]["columns"], strict=True)
    ]
    assert table.column_names[-len(heads) :] == heads
    assert table.num_rows == data["paging"]["total"]
    for number, head in enumerate(heads):
        if head.endswith("| Note"):
            assert table[head].to_pylist() == [row[number] for row in data["metricValues"]["raw"]]
        if head.endswith("| Revenue"):
            assert table[head].to_pylist() == [row[number] for row in data["metricValues"]["raw"]]


def test_one_read_makes_one_instance(server, conn):
    for name in ("Plain Report", "Metrics On Rows"):
        before = server.instances_created
        conn.report(name, limits=ma.Limits(page_rows=7)).to_arrow()
        assert server.instances_created == before + 1


def test_the_schema_and_then_the_rows_make_one_instance(server, conn):
    before = server.instances_created
    report = conn.report("Cross-tab With Subtotals")
    schema = report.schema
    table = report.to_arrow()
    assert server.instances_created == before + 1
    assert table.schema == schema


@pytest.mark.parametrize("names", [NAMES[::6], pytest.param(NAMES, marks=pytest.mark.slow)], ids=["some", "all"])
def test_an_old_server_gives_what_is_true(names):
    with Simulator(rows=20, iserver_version="11.1.0400.00123") as old, connected(old) as conn:
        for name in names:
            report = partial(conn.report, name, limits=ma.Limits(page_rows=50))
            assert_true(report().to_arrow(), old.truth(name))
            assert_true(report(subtotals="keep").to_arrow(), old.truth(name, subtotals="keep"))

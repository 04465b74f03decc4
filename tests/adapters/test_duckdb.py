"""Scans as tables of DuckDB: their rows, what a query costs, what of it reaches the server, and how it ends."""

import sys
import threading

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import IDLE, connect_to
from tests.support.slow import thinned

duckdb = pytest.importorskip("duckdb", reason="the extra duckdb is not installed")

ROWS, PAGE_ROWS, PAGES = 600, 75, 8
ASKS = int(duckdb.__version__.partition(".")[0]) >= 2
"""Whether this DuckDB asks a lazy frame for what it needs."""

asking = pytest.mark.skipif(not ASKS, reason="this DuckDB asks for nothing less than everything")
ways = pytest.mark.parametrize("stream", [False, True], ids=["asking", "streaming"])
SOURCES = ("Sales Cube", "Awkward Values", "Plain Report", "Cross-tab Metrics Last")
CONDITIONS = {
    "Sales Cube": [
        "Region = 'East'",
        "Region <> 'east' and Units >= 98",
        "Region in ('East', 'West') and Units not in (1, 2, 3)",
        "Customer is null or Customer = ''",
        "Customer is not null and Region like '%st'",
        "Customer is not distinct from null",
        "not (Region = 'East' or Units < 90)",
        "Day between date '2023-01-01' and date '2023-02-01'",
        "\"Sold At\" >= timestamp '2024-12-01 10:00:00'",
        '"List Price" < 100.5',
        "Cost is null and Revenue > 10000",
        "Cost <= 1000.25",
        '"Ledger Id" = 9007199254740993',
        '"Ledger Id" > 9007199254740993 and "Store@ID" = 1001',
        "\"Store@DESC\" >= 'Z'",
        "Units % 7 = 3 and Channel = 'Web'",
        "false",
    ],
    "Awkward Values": [
        "Long = 9007199254740993",
        "Number = 0.3 or Exact < 0",
        "\"Text\" = ''",
        '"Text" is null',
        "Moment >= timestamp '2024-01-31 10:20:30'",
        "\"Date\" <> '1970-01-01'",
        '"Date" < date \'1970-01-01\' or "Date" is null',
    ],
}


@pytest.fixture(scope="session")
def simulator():
    """A simulated I-Server whose Sales Cube is small enough to be read a hundred times."""
    with Simulator(rows=ROWS, **IDLE) as server:
        yield server


@pytest.fixture
def cube(connection):
    """The Sales Cube in eight pages."""
    return connection.cube("Sales Cube", limits=ma.Limits(page_rows=PAGE_ROWS, concurrency=2))


@pytest.fixture(scope="session")
def frame(frames):
    """All rows of the Sales Cube."""
    return frames["Sales Cube"]


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield con


@pytest.fixture
def sales(con, cube, stream):
    """The cube as table sales; the instance that told its columns waits to be read."""
    ma.duckdb.register(con, cube, "sales", stream=stream)


@pytest.fixture(scope="session")
def frames(simulator):
    """All rows of some objects."""
    with connect_to(simulator) as opened:
        return {name: find(opened, name).to_polars() for name in SOURCES}


def find(connection, name):
    return connection.cube(name) if name in CONDITIONS else connection.report(name)


def requested(body):
    """Give the numbers of attributes and metrics that a request names."""
    asked = body["requestedObjects"]
    return len(asked["attributes"]), len(asked["metrics"])


def pages(requests, key=""):
    """Count the requests that brought more than a look at the columns, and of which object."""
    return sum(each.query["limit"] != "1" and key in each.path for each in requests.requests)


# Rows


@ways
@pytest.mark.parametrize("name", thinned(SOURCES, SOURCES[1:3]))
def test_rows_are_those_of_polars(connection, con, frames, name, stream):
    ma.duckdb.register(con, find(connection, name), "rows", stream=stream)
    found = con.sql("from rows").pl()
    assert found.schema == frames[name].schema
    assert found.equals(frames[name])


@pytest.mark.parametrize("name", SOURCES)
def test_a_variable_is_a_table(connection, frames, name):
    scan = find(connection, name)
    assert duckdb.sql("from scan").pl().equals(frames[name])
    assert scan.name == name


@pytest.mark.one_in(2)
@ways
@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_keep_the_rows_that_duckdb_keeps_of_everything(connection, con, frames, name, stream):
    ma.duckdb.register(con, find(connection, name), "part", stream=stream)
    con.register("everything", frames[name].to_arrow())
    key = '"Order"' if name == "Sales Cube" else "Row"
    counts = []
    for condition in CONDITIONS[name]:
        query = f"select * from {{}} where {condition} order by {key}"
        found, expected = (con.sql(query.format(table)).fetchall() for table in ("part", "everything"))
        assert found == expected, condition
        counts.append(len(found))
    assert sum(0 < count < frames[name].height for count in counts) >= len(counts) - 1


@ways
@pytest.mark.usefixtures("sales")
def test_sums_are_those_of_polars(con, frame):
    found = con.sql('select Region, sum(Units) u, max("List Price") p, count(Cost) c from sales group by 1').pl()
    expected = frame.group_by("Region").agg(
        pl.col("Units").sum().alias("u"), pl.col("List Price").max().alias("p"), pl.col("Cost").count().alias("c")
    )
    rows = [each.sort("Region").cast({"u": pl.Int64, "c": pl.Int64}).rows() for each in (found, expected)]
    assert rows[0] == rows[1]


@ways
def test_what_a_scan_asks_for_is_the_table(cube, con, frame, stream):
    top = cube.filter(ma.col("Region") == "East").select("Order", "Region").sort("Order", descending=True).head(3)
    ma.duckdb.register(con, top, "newest", stream=stream)
    expected = frame.filter(pl.col("Region") == "East")["Order"].sort(descending=True).head(3).to_list()
    assert con.sql('select "Order" from newest').fetchall() == [(order,) for order in expected]
    assert con.sql("from newest").columns == ["Order", "Region"]
    assert con.sql("select count(*) from newest where Region = 'West'").fetchall() == [(0,)]


@ways
@pytest.mark.usefixtures("sales")
def test_several_threads_lose_no_row(con, frame):
    con.execute("set threads = 4")
    found = con.sql('select "Order", Region, Units from sales').fetchall()
    assert sorted(found) == sorted(frame.select("Order", "Region", "Units").rows())
    hashes = con.sql('select count(distinct "Order"), sum(Units) from sales where Units > 0').fetchall()
    assert hashes == [(ROWS, frame["Units"].sum())]


@ways
def test_connections_read_at_the_same_time(cube, frame, stream):
    found = {}

    def read(region):
        with duckdb.connect() as mine:
            ma.duckdb.register(mine, cube, "sales", stream=stream)
            found[region] = mine.execute("select count(*) from sales where Region = $1", [region]).fetchall()

    threads = [threading.Thread(target=read, args=(region,)) for region in ("East", "West", "North")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {region: [(frame.filter(pl.col("Region") == region).height,)] for region in found}
    assert len(found) == 3


# What a query costs


@ways
def test_registering_costs_a_look_at_the_columns(cube, con, seen, stream):
    requests = seen()
    ma.duckdb.register(con, cube, "sales", stream=stream)
    con.sql("explain select Region from sales where Units > 3").fetchall()
    con.sql("describe sales").fetchall()
    assert con.sql("select Units, Region from sales").columns == ["Units", "Region"]
    assert [each.query["limit"] for each in requests.requests] == ["1"]
    con.sql("from sales").fetchall()
    assert (requests.instances, pages(requests)) == (1, PAGES)


@ways
@pytest.mark.usefixtures("sales")
def test_a_relation_reads_anew_each_time_it_runs(con, seen):
    relation = con.sql("from sales")
    for made in (0, 1):  # the instance that told the columns is read first
        requests = seen()
        assert len(relation.fetchall()) == ROWS
        assert (requests.instances, len(requests.requests)) == (made, PAGES)


@ways
@pytest.mark.usefixtures("sales")
def test_a_join_reads_each_cube_once(connection, con, frame, seen, stream):
    other = connection.cube("Awkward Values", limits=ma.Limits(page_rows=500))
    ma.duckdb.register(con, other, "awkward", stream=stream)
    requests = seen()
    found = con.sql('select s."Order", a."Text" from sales s join awkward a on s.Units = a.Row').fetchall()
    texts = other.to_polars().select("Text", Units="Row")
    assert sorted(map(repr, found)) == sorted(
        map(repr, frame.join(texts, on="Units").select("Order", "Text").rows())
    )
    assert pages(requests, other.id) == 1 + 1  # the test's own
    assert pages(requests) == PAGES + 2


@ways
@pytest.mark.usefixtures("sales")
def test_a_table_that_is_named_twice_is_read_twice(con, seen):
    requests = seen()
    assert con.sql('select count(*) from sales a join sales b using ("Order")').fetchall() == [(ROWS,)]
    assert pages(requests) == 2 * PAGES


def test_a_variable_is_read_once(cube, seen):
    requests = seen()
    assert duckdb.sql("select count(*) from cube").fetchall() == [(ROWS,)]
    assert requests.instances == 1
    assert cube.stats.rows == ROWS


@asking
def test_a_variable_is_read_anew_by_each_execution(cube, seen):
    relation = duckdb.sql("select count(*) from cube")
    relation.fetchall()
    requests = seen()
    assert relation.fetchall() == [(ROWS,)]
    assert requests.instances == 1
    assert cube.stats.rows == ROWS


# What reaches the server


@asking
@pytest.mark.parametrize("stream", [False])
@pytest.mark.usefixtures("sales")
def test_columns_that_tell_the_rows_apart_are_asked_for_alone(con, seen):
    requests = seen()
    con.sql('select "Order", sum(Units) from sales group by 1').fetchall()
    assert requested(requests.bodies[-1]) == (1, 1)


@pytest.mark.one_in(3)
@asking
@pytest.mark.parametrize("stream", [False])
@pytest.mark.parametrize(
    ("condition", "operators"),
    [
        ("Region = 'East'", {"Equals"}),
        ("Region in ('East', 'West') and Units > 90", {"And", "Greater", "In"}),
        ("Day >= date '2024-10-01' and Day < date '2024-11-01'", {"And", "GreaterEqual", "Less"}),
        ("\"Sold At\" < timestamp '2022-02-01'", {"Less"}),
        ("Region = 'East' or Units > 97", {"Or", "Equals", "Greater"}),
        ("Customer is null", {"IsNull"}),
        ('"List Price" < 100', {"Less"}),
        ("Region = 'East' and lower(Channel) = 'web'", {"Equals"}),
    ],
)
@pytest.mark.usefixtures("sales")
def test_conditions_reach_the_server(con, seen, condition, operators):
    requests = seen()
    found = con.sql(f"from sales where {condition}").fetchall()
    assert {operator for body in requests.bodies for operator in operators_of(body["viewFilter"])} == operators
    assert 0 < len(found) < ROWS / 2
    assert pages(requests) <= 1 + ROWS / 2 / PAGE_ROWS


def operators_of(node):
    """Go through the operators of a condition."""
    if "operator" in node:
        yield node["operator"]
        for operand in node["operands"]:
            yield from operators_of(operand)


@ways
@pytest.mark.usefixtures("sales")
def test_what_is_not_understood_is_left_to_duckdb(con, frame, seen):
    requests = seen()
    found = con.sql("select count(*) from sales where Product like '%Mug%'").fetchall()
    assert found == [(frame.filter(pl.col("Product").str.contains("Mug")).height,)]
    assert not [body for body in requests.bodies if "viewFilter" in body]


@pytest.mark.parametrize("stream", [True])
@pytest.mark.usefixtures("sales")
def test_a_stream_asks_for_all_rows(con, frame, seen):
    requests = seen()
    found = con.sql("select count(*) from sales where Region = 'East'").fetchall()
    assert found == [(frame.filter(pl.col("Region") == "East").height,)]
    assert (requests.instances, requests.rows) == (0, ROWS)  # the instance that told the columns


# Ends


@pytest.mark.parametrize("stream", [True])
@pytest.mark.usefixtures("sales")
def test_a_limit_ends_a_stream(con, seen):
    requests = seen()
    assert len(con.sql("from sales limit 3").fetchall()) == 3
    assert requests.settled() < PAGES


@ways
@pytest.mark.usefixtures("sales")
def test_an_error_in_the_middle_keeps_class_and_code(con, simulator):
    simulator.fail(Fault.error(403, "ERR014", message="No right.").on("GET", "/instances/", times=None))
    try:
        with pytest.raises(duckdb.Error, match=r"PermissionDenied \[ERR014\]: No right"):
            con.sql("select sum(Units) from sales").fetchall()
    finally:
        simulator.heal()
    assert con.sql("select count(*) from sales").fetchall() == [(ROWS,)]


def test_an_error_of_a_variable_keeps_class_and_code(cube, simulator):
    assert cube.schema
    simulator.fail(Fault.error(403, "ERR014", message="No right.").on("GET", "/instances/", times=None))
    try:
        with pytest.raises((duckdb.Error, ma.MstrError), match=r"PermissionDenied \[ERR014\]: No right"):
            duckdb.sql("select sum(Units) from cube").fetchall()
    finally:
        simulator.heal()


@ways
def test_what_cannot_be_read_is_not_registered(connection, con, stream):
    with pytest.raises(ma.errors.NotPublished):
        ma.duckdb.register(con, connection.cube("Not Published"), "absent", stream=stream)
    with pytest.raises(duckdb.CatalogException):
        con.sql("from absent")


@ways
@pytest.mark.usefixtures("sales")
def test_a_closed_connection_is_named(connection, con):
    connection.close()
    with pytest.raises((duckdb.Error, ma.errors.ClosedError), match="ClosedError: the connection is closed"):
        con.sql("from sales").fetchall()


@ways
@pytest.mark.usefixtures("sales")
def test_a_result_that_is_given_up_ends_its_read(con, seen):
    requests = seen()
    con.execute("from sales").fetchone()
    con.close()
    requests.settled()


def test_without_duckdb_it_is_named(cube, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ma.errors.UsageError, match=r"pip install 'mstr-arrow\[duckdb\]'"):
        ma.duckdb.register(None, cube, "sales")

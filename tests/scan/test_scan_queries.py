"""What scans ask of the server, step by step, and what they refuse before they ask."""

from __future__ import annotations

import asyncio
import threading

import orjson
import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import ServerError, UsageError
from mstr_arrow.fetch import resolver as asking
from mstr_arrow.simulator import Fault, Simulator
from mstr_arrow.simulator.rules.collation import Collation
from tests.support.requests import Requests

col = ma.col


@pytest.fixture
def asked(simulator):
    return Requests(simulator)


@pytest.fixture
def sales(connection):
    """The Sales Cube, whose columns are known; the instance that told them was read."""
    cube = connection.cube("Sales Cube")
    cube.to_arrow()
    return cube


@pytest.fixture
def whole(sales):
    return sales.to_polars()


# Columns


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("Store", ["Store@ID", "Store@DESC"]),
        ("Store@DESC", ["Store@DESC"]),
        ("Store@ID", ["Store@ID"]),
        ("Region", ["Region"]),
        ("Region@ID", ["Region"]),
        ("Units", ["Units"]),
    ],
)
def test_columns_are_named_in_every_way(sales, name, columns):
    assert sales.aggregate("Product", name).schema.names == ["Product", *columns]
    assert sales.select(name, "Product").to_arrow().column_names == [*columns, "Product"]


def test_columns_are_named_by_ids(sales):
    ids = {field.name: field.metadata[b"mstr.id"].decode() for field in sales.schema}
    form = sales.schema.field("Store@DESC").metadata[b"mstr.form_id"].decode()
    assert sales.select(ids["Units"].lower(), ids["Region"]).schema.names == ["Units", "Region"]
    assert sales.select(f"{ids['Store@ID']}@{form}").schema.names == ["Store@DESC"]
    assert sales.select(ids["Store@ID"]).schema.names == ["Store@ID", "Store@DESC"]


def test_columns_come_in_the_order_in_which_they_are_named(sales, whole):
    wanted = ["Cost", "Channel", "Units", "Region"]
    assert sales.aggregate(*wanted).to_arrow().column_names == wanted
    assert sales.select(*wanted).to_polars().equals(whole.select(wanted))
    assert sales.aggregate("Units", "Region", "Channel").select("Region", "Units").schema.names == [
        "Region",
        "Units",
    ]


@pytest.mark.parametrize("names", [("Units", "Units"), ("Store", "Store@ID")])
def test_a_column_is_asked_for_once(sales, asked, names):
    with pytest.raises(UsageError, match="asked for twice"):
        sales.aggregate(*names).to_arrow()
    with pytest.raises(UsageError, match="asked for twice"):
        sales.select(*names).schema  # noqa: B018 - asks
    assert asked.all == []


@pytest.mark.parametrize("call", ["aggregate", "select", "sort"])
def test_no_column_is_a_mistake(sales, call):
    with pytest.raises(UsageError, match="column"):
        getattr(sales, call)()


# Fewer columns


def asked_for(asked):
    """Give, for each instance that was asked for, how many attributes and metrics it has."""
    bodies = [orjson.loads(each.body)["requestedObjects"] for each in asked.all if each.method == "POST"]
    return [(len(body["attributes"]), len(body["metrics"])) for body in bodies]


SMALL = ma.Limits(page_rows=50)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("make", "instances"),
    [
        (lambda scan: scan.select("Order", "Units"), [(8, 1)]),
        (lambda scan: scan.select("Order", "Units", any_order=True), [(1, 1)]),
        (lambda scan: scan.with_options(ordered=False).select("Order", "Units"), [(8, 5), (1, 1)]),
        (lambda scan: scan.select("Region", "Units", any_order=True), [(1, 1), (8, 1)]),
        (lambda scan: scan.select("Region", "Units").sort("Order"), [(2, 1)]),
        (lambda scan: scan.select("Region").filter(col("Units") > 20), [(8, 5), (8, 1)]),
        (lambda scan: scan.select("Region").head(60), []),
        (lambda scan: scan.select("Region").filter(col("Units") > 90), [(8, 5)]),
        (lambda scan: scan.select(*scan.schema.names[1:]), []),
    ],
)
def test_fewer_columns_are_asked_for_where_they_make_as_many_rows(connection, asked, make, instances):
    cube = connection.cube("Sales Cube", limits=SMALL)
    cube.schema  # noqa: B018 - an instance of all, whose rows are counted
    first = len(asked.all)
    scan = make(cube)
    found = scan.to_polars()
    assert asked_for(asked)[1:] == instances
    assert sum(each.query["limit"] != "1" for each in asked.all[first:]) == -(-scan.stats.rows // 50)
    expected = make(connection.cube("Sales Cube", pushdown=False)).to_polars()
    by = found.columns
    assert found.sort(by).equals(expected.sort(by))


def test_rows_keep_their_order_with_fewer_metrics(connection, whole, asked):
    cube = connection.cube("Sales Cube", limits=SMALL)
    assert cube.select("Channel", "Cost").to_polars().equals(whole.select("Channel", "Cost"))
    assert asked_for(asked)[-1] == (8, 1)


def test_what_was_explained_is_read(connection, asked):
    scan = connection.cube("Sales Cube", limits=SMALL).select("Region", "Units", any_order=True)
    assert "note: of the metrics only those that are needed" in scan.explain()
    explained = asked_for(asked)
    assert explained[-1] == (8, 1)
    assert scan.to_arrow().num_rows == 200
    assert asked_for(asked) == explained
    assert scan.to_arrow().num_rows == 200
    assert len(asked_for(asked)) == 2 * len(explained)


def test_what_was_counted_does_not_stand_for_less(connection, whole, asked):
    scan = connection.cube("Sales Cube", limits=SMALL).filter(col("Units") > 20).select("Order", any_order=True)
    rows = whole.filter(pl.col("Units") > 20).height
    assert scan.count_rows() == rows
    assert "only the columns that are needed" in scan.explain()
    assert scan.count_rows() == rows
    assert scan.to_arrow().num_rows == rows
    assert (1, 1) in asked_for(asked)


# Mistakes


@pytest.mark.one_in(4)
@pytest.mark.parametrize(
    ("make", "named", "choice"),
    [
        (lambda scan: scan.filter(col("Regoin") == "East"), "Regoin", "'Region'"),
        (lambda scan: scan.select("Unit"), "'Unit'", "'Units'"),
        (lambda scan: scan.aggregate("Regio", "Units"), "'Regio'", "'Region'"),
        (lambda scan: scan.sort("Revenu"), "'Revenu'", "'Revenue'"),
        (lambda scan: scan.filter(col("Cots") > 1), "'Cots'", "'Cost'"),
        (lambda scan: scan.filter(col("Store") == 1001), "'Store' is more than one column", "'Store@DESC'"),
        (lambda scan: scan.filter(col("Units").contains("1")), "'Units', which holds whole numbers", "a number"),
        (lambda scan: scan.filter(col("Region").top(3)), "'Region', which holds texts", "a text"),
        (lambda scan: scan.filter(col("Region") > 7), "'Region', which holds texts", "'East'"),
        (lambda scan: scan.filter(col("Units") == "many"), "'Units', which holds whole numbers", "a number"),
        (lambda scan: scan.filter(col("Day") == 2024), "'Day', which holds dates", "'2024-01-31'"),
        (lambda scan: scan.filter(col("Day") > "January"), "'Day', which holds dates", "'2024-01-31'"),
        (lambda scan: scan.aggregate("Region", "Units").filter(col("Cost") > 1), "'Cost'", "'Units'"),
        (lambda scan: scan.filter(col("Region").has_elements(["h1;Region"])), "'h1;Region'", "It"),
    ],
)
def test_a_mistake_is_told_before_data_are_asked_for(sales, asked, make, named, choice):
    with pytest.raises(UsageError) as caught:
        make(sales).to_arrow()
    assert named in caught.value.message
    assert choice in caught.value.hint
    assert asked.all == []


def test_a_mistake_costs_a_look_at_the_columns_where_they_are_not_known(connection, asked):
    with pytest.raises(UsageError, match="no column 'Regoin'"):
        connection.cube("Sales Cube").filter(col("Regoin") == "East").to_arrow()
    assert asked.limits == [1]


# Rows


def test_the_first_rows_are_all_that_is_read(sales, whole, asked):
    assert sales.head(10).to_polars().equals(whole.head(10))
    assert asked.limits == [10]
    assert sales.filter(col("Units") > 50).head(3).to_polars().equals(whole.filter(pl.col("Units") > 50).head(3))
    assert sum(asked.limits) < 20


def test_the_first_of_an_unknown_object_take_two_requests(connection, asked):
    assert connection.cube("Numbers").head(10).to_arrow().num_rows == 10
    assert len(asked.all) <= 2
    assert sum(asked.limits) < 100


def test_rows_are_read_until_enough_were_found_here(sales, whole, asked):
    customers = pl.col("Customer") > "M"
    found = sales.with_options(limits=ma.Limits(page_rows=20)).filter(col("Customer") > "M").head(4).to_polars()
    assert found.equals(whole.filter(customers).head(4))
    assert sum(asked.limits) < 100


def test_no_rows_are_no_rows(sales):
    assert sales.head(0).to_arrow().num_rows == 0
    assert sales.sort("Units").head(0).to_arrow().num_rows == 0
    assert sales.head(0).count_rows() == 0
    assert sales.head(5).head(0).head(9).to_polars().is_empty()
    with pytest.raises(UsageError, match="-1 rows"):
        sales.head(-1)


@pytest.mark.parametrize("pages", [1, 7, 1000])
def test_the_first_rows_are_the_servers_first_in_whatever_order_pages_come(sales, whole, pages):
    hasty = sales.with_options(ordered=False, limits=ma.Limits(page_rows=pages, concurrency=4))
    kept = whole.filter(pl.col("Customer") > "M")
    assert hasty.filter(col("Customer") > "M").head(12).to_polars().equals(kept.head(12))
    assert hasty.top(3, "Units").to_polars()["Units"].to_list() == whole["Units"].top_k(3).to_list()


def test_the_greatest_come_from_the_servers_order(sales, whole, asked):
    top = sales.top(5, "Revenue").to_polars()
    assert top.equals(whole.sort("Revenue", descending=True).head(5))
    assert sum(asked.limits) < 50


@pytest.mark.one_in(2)
@pytest.mark.parametrize("descending", [False, True, [True, False], [False, True]])
def test_empty_values_are_sorted_last(connection, descending):
    cube = connection.cube("Awkward Values")
    orders = [descending] * 2 if isinstance(descending, bool) else descending
    wanted = cube.to_polars().sort("Long", "Row", descending=orders, nulls_last=True)
    assert cube.sort("Long", "Row", descending=descending).to_polars().equals(wanted)
    assert cube.sort("Long", "Row", descending=descending).head(30).to_polars().equals(wanted.head(30))


def test_the_last_sort_decides_first_and_all_conditions_count(sales, whole):
    scan = sales.sort("Units").filter(col("Units") > 10).sort("Order", descending=True).filter(col("Units") < 90)
    kept = whole.filter(pl.col("Units").is_between(11, 89)).sort("Order", descending=True)
    assert scan.to_polars().equals(kept)
    with pytest.raises(UsageError, match="descending="):
        sales.sort("Units", "Order", descending=[True])


def test_rows_are_counted_by_the_server_where_it_decides(sales, whole, asked):
    assert sales.filter(col("Units") > 50).count_rows() == whole.filter(pl.col("Units") > 50).height
    assert asked.limits == [1]
    assert sales.filter(col("Units") > 50).head(2).count_rows() == 2


def test_rows_are_counted_here_where_conditions_run_here(sales, whole):
    scan = sales.filter((col("Customer") > "M") & (col("Units") > 50))
    kept = whole.filter((pl.col("Customer") > "M") & (pl.col("Units") > 50))
    assert scan.count_rows() == kept.height
    assert scan.head(1).count_rows() == 1
    assert sales.filter(col("Revenue").top(7)).count_rows() == 7


@pytest.mark.parametrize("name", ["Cross-tab Metrics Last", "Metrics On Rows", "Cross-tab With Subtotals"])
def test_rows_of_cross_tabs_are_counted_as_they_come(connection, name):
    report = connection.report(name)
    assert report.count_rows() == report.to_arrow().num_rows


# Instances


def test_the_schema_of_a_scan_costs_no_instance_of_its_own(sales, asked):
    scan = sales.filter(col("Units") > 50).select("Units", "Region")
    assert scan.schema.names == ["Units", "Region"]
    assert asked.all == []
    assert scan.to_arrow().schema.names == ["Units", "Region"]
    assert asked.methods["POST"] == 1


def test_a_sum_has_a_schema_of_its_own_whose_instance_is_read(sales, asked):
    scan = sales.aggregate("Region", "Units")
    assert scan.schema.names == ["Region", "Units"]
    assert scan.to_arrow().schema == scan.schema
    assert asked.methods["POST"] == 1


def test_a_scan_leaves_its_parent_alone(sales, whole):
    sales.filter(col("Units") > 50).aggregate("Region", "Units").sort("Region").head(2).to_arrow()
    assert sales.to_polars().equals(whole)


def test_a_report_runs_once_where_its_columns_are_looked_at_first(connection, asked):
    report = connection.report("Plain Report")
    assert "Units" in report.schema.names
    kept = report.filter(col("Units") > 50).to_polars()
    assert asked.methods == {"POST": 1, "GET": 1, "PUT": 1}
    assert kept.height == report.filter(col("Units") > 50).count_rows() > 0
    assert (kept["Units"] > 50).all()


def test_a_report_is_changed_after_a_look_at_the_filtered_part(connection, asked):
    part = connection.report("Plain Report").filter(col("Units") > 50)
    assert part.count_rows() == part.to_arrow().num_rows
    assert asked.methods == {"POST": 1, "PUT": 1, "GET": 2}


def test_scans_that_start_at_once_look_at_the_object_once(connection, simulator):
    cube = connection.cube("Sales Cube")
    asked = Requests(simulator)
    found = {}

    def read(region):
        found[region] = cube.filter(col("Region") == region).to_polars()

    threads = [threading.Thread(target=read, args=(region,)) for region in ("East", "West", "North")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = connection.cube("Sales Cube").to_polars()
    assert {region: rows.height for region, rows in found.items()} == {
        region: whole.filter(pl.col("Region") == region).height for region in found
    }
    assert sorted(asked.limits)[:4] == [1, 5000, 5000, 5000]


def test_every_twin_does_the_same(sales, simulator):
    asked = Requests(simulator)

    async def twins(scan):
        return (
            await scan.to_arrow_async(),
            await scan.schema_async(),
            await scan.count_rows_async(),
            await scan.explain_async(),
        )

    for scan in (sales.filter(col("Customer") > "M").top(3, "Units"), sales.aggregate("Region", "Units")):
        table, schema, rows, text = asyncio.run(twins(scan))
        assert table.equals(scan.to_arrow())
        assert (schema, rows, text) == (scan.schema, scan.count_rows(), scan.explain())
    assert asked.all


# Sums


def test_a_condition_on_what_rows_do_not_show_is_decided_by_the_server_or_refused(sales, asked):
    for condition in (
        col("Revenue") > 2.5,
        col("Units").top(3),
        (col("Customer").is_null()) | (col("Region") == "East"),
    ):
        with pytest.raises(UsageError) as caught:
            sales.filter(col("Order") > 1, condition).aggregate("Region", "Units").to_arrow()
        assert repr(condition) in caught.value.message
        assert "Order" not in caught.value.message
        assert caught.value.hint
    assert asked.methods["POST"] == 0


def test_other_forms_of_what_is_aggregated_by_are_checked_here(sales, whole):
    summed = sales.filter(col("Store@DESC") > "M").aggregate("Store@ID", "Units").to_polars()
    wanted = whole.filter(pl.col("Store@DESC") > "M").group_by("Store@ID").agg(pl.col("Units").sum())
    assert summed.sort("Store@ID").equals(wanted.sort("Store@ID"))


@pytest.fixture
def words():
    """A cube of six words on a server whose collation hardly tells them apart."""
    collation = Collation(case_insensitive=True, ignore_trailing_blanks=True, empty_text_is_null=True)
    with (
        Simulator(rows=10, collation=collation) as server,
        ma.connect(server.url, username=server.username, password=server.password) as connection,
    ):
        words = ["a", "A", "a ", "b", None, ""]
        amounts = [1, 2, 4, 8, 16, 32]
        frame = pl.DataFrame({"Key": range(6), "Word": words, "Amount": amounts})
        connection.write("Words", frame, metrics=["Amount"])
        yield connection.cube("Words")


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("condition", "amount"),
    [
        (col("Word") == "a", [1]),
        (col("Word").is_in(["A", "b"]), [10]),
        (col("Word") != "a", [46]),
        (col("Word").not_in(["a", "b"]), [38]),
        (col("Word").contains("a"), [5]),
        ((col("Word") == "a") | (col("Key") == 5), [33]),
        ((col("Word") == "a") & (col("Key") == 5), []),
        (col("Word") == "nobody", []),
        (col("Word") >= "a", [13]),
    ],
    ids=repr,
)
def test_texts_that_a_collation_could_widen_are_sent_as_elements(words, condition, amount):
    assert words.filter(condition).aggregate("Amount").to_arrow()["Amount"].to_pylist() == amount


def test_texts_among_too_many_elements_are_refused(words, monkeypatch):
    monkeypatch.setattr(asking, "MOST_ELEMENTS", 5)
    with pytest.raises(UsageError, match=r"Word == 'a' cannot be left to the server .*collation"):
        words.filter(col("Word") == "a").aggregate("Amount").to_arrow()


def test_cross_tabs_are_filtered_here(connection):
    report = connection.report("Cross-tab Metrics Last")
    kept = report.filter(col("Region") == "East", col("Units") > 5).to_polars()
    wanted = report.to_polars().filter((pl.col("Region") == "East") & (pl.col("Units") > 5))
    assert kept.equals(wanted)
    with pytest.raises(UsageError, match="tables only"):
        report.aggregate("Region", "Units").to_arrow()


# Servers that do not search the texts of ID forms


@pytest.fixture
def narrow_minded():
    """A server that refuses Contains and its kin on ID forms."""
    with Simulator(rows=200, collation=Collation(id_text_operators=False)) as server:
        yield server


def refusals(server):
    return sum(request.status == 400 for request in server.requests)


@pytest.mark.parametrize("terminal", ["to_arrow", "count_rows", "explain"])
def test_a_refused_search_runs_here_and_is_sent_once_per_session(narrow_minded, terminal):
    with ma.connect(narrow_minded.url, username="demo", password="demo") as connection:
        cube = connection.cube("Sales Cube")
        scan = cube.filter(col("Customer").contains("Bakery"), col("Units") > 5)
        getattr(scan, terminal)()
        assert refusals(narrow_minded) == 1
        whole = cube.to_polars().filter(pl.col("Customer").str.contains("Bakery") & (pl.col("Units") > 5))
        assert scan.to_polars().equals(whole)
        assert "only checked here: Customer.contains('Bakery')" in scan.explain()
        assert refusals(narrow_minded) == 1


def test_a_refused_search_does_not_run_a_report_again(narrow_minded):
    with ma.connect(narrow_minded.url, username="demo", password="demo") as connection:
        report = connection.report("Plain Report")
        whole = report.to_polars()
        asked = Requests(narrow_minded)
        report = connection.report("Plain Report")
        kept = report.filter(col("Region").contains("st"), col("Units") > 5).to_polars()
        assert kept.equals(whole.filter(pl.col("Region").str.contains("st") & (pl.col("Units") > 5)))
        assert asked.methods["POST"] == 1


@pytest.mark.parametrize("form", ["Store@DESC", "Region"])
def test_another_refusal_is_told(connection, simulator, form):
    cube = connection.cube("Sales Cube")
    assert cube.schema
    simulator.fail(Fault.error(400, "ERR006", message="Invalid metric id").on("POST", "/instances$", times=None))
    try:
        with pytest.raises(ServerError, match="Invalid metric id"):
            cube.filter(col(form).contains("a"), col("Units") > 5).to_arrow()
    finally:
        simulator.heal()

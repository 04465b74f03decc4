"""What an instance request asks to be filtered, aggregated and sorted, over HTTP and against the true values."""

from __future__ import annotations

import math
from datetime import date

import pyarrow as pa
import pytest

from mstr_arrow.simulator import Simulator
from mstr_arrow.simulator.rules.collation import Collation

ISO = {"standardDateFormat": "true", "standardRawDateFormat": "true"}
ID, DESC = "45C11FA478E745FEA08D781CEA190FE5", "CCFBE2A5EADB4F50941FB879CCF1721C"
FOREIGN = "9" * 32


class Asking:
    """Asks for parts of a cube and reads them as rows of true types."""

    def __init__(self, client, read, typed, cube="Sales Cube"):
        self.client, self.read, self.typed, self.cube = client, read, typed, cube
        objects = client.send("GET", f"/api/v2/cubes/{client.sim.cubes[cube]}").json["definition"][
            "availableObjects"
        ]
        self.attributes = {item["name"]: item["id"] for item in objects["attributes"]}
        self.metrics = {item["name"]: item["id"] for item in objects["metrics"]}

    def form(self, name, form=ID):
        return {"type": "form", "attribute": {"id": self.attributes[name]}, "form": {"id": form}}

    def metric(self, name):
        return {"type": "metric", "id": self.metrics[name]}

    def requested(self, *names):
        attributes, metrics = (
            [{"id": known[name]} for name in names if name in known] for known in (self.attributes, self.metrics)
        )
        return {"requestedObjects": {"attributes": attributes, "metrics": metrics}}

    def page(self, body):
        return self.client.create(self.cube, body, limit=-1, **ISO)

    def rows(self, body, *columns):
        """Give the rows of a page that has these columns of the true table."""
        table = self.client.sim.truth(self.cube, columns=columns, limit=0)
        found = self.typed(self.read(self.page(body)), table)
        return list(zip(*(found[name] for name in columns), strict=True))

    def true(self, *columns):
        table = self.client.sim.truth(self.cube, columns=columns)
        return list(zip(*(table[name].to_pylist() for name in columns), strict=True))

    def refused(self, body):
        reply = self.client.send("POST", self.client.instances(self.cube), body)
        assert reply.error == (400, "ERR006", None), reply.body
        return reply.json["message"]


@pytest.fixture
def sales(client, read, typed):
    return Asking(client, read, typed)


@pytest.fixture
def asking(new_client, read, typed):
    def ask(sim, cube="Sales Cube"):
        client = new_client(sim)
        client.login()
        return Asking(client, read, typed, cube)

    return ask


def node(operator, *operands):
    return {"operator": operator, "operands": list(operands)}


def constant(value, data_type="BigDecimal"):
    return {"type": "constant", "dataType": data_type, "value": value}


def elements(attribute_id, *ids):
    return {"type": "attribute", "id": attribute_id}, {"type": "elements", "elements": [{"id": i} for i in ids]}


def summed(values):
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


def test_a_filter_keeps_the_rows_in_their_order(sales):
    east, day = sales.attributes["Region"], sales.form("Day")
    tree = node(
        "And",
        node(
            "Or",
            node("In", *elements(east, f"hEast;{east}")),
            node("Equals", sales.form("Region"), constant("West", "Char")),
        ),
        node("GreaterEqual", day, constant("6/1/2023", "Date")),
        node("Greater", sales.metric("Revenue"), sales.metric("Cost")),
        node("NotBetween", sales.metric("Units"), constant("10", "Int64"), constant("20", "Int64")),
    )
    columns = ("Order", "Region", "Day", "Revenue", "Cost", "Units")
    expected = [
        row
        for row in sales.true(*columns)
        if row[1] in {"East", "West"}
        and row[2] >= date(2023, 6, 1)
        and row[4] is not None
        and row[3] > row[4]
        and not 10 <= row[5] <= 20
    ]
    assert 50 < len(expected) < 500
    assert sales.rows({"viewFilter": tree, **sales.requested(*columns)}, *columns) == expected


def test_a_filter_may_name_what_is_not_asked_for(sales):
    tree = node("IsNull", sales.metric("Cost"))
    expected = [row[:2] for row in sales.true("Order", "Units", "Cost") if row[2] is None]
    assert sales.rows({"viewFilter": tree, **sales.requested("Order", "Units")}, "Order", "Units") == expected


def test_null_elements_and_empty_texts_are_told_apart(sales):
    customer, rows = sales.attributes["Customer"], sales.true("Order", "Customer")
    asked = sales.requested("Order", "Customer")
    for element, value in ((f"h\\N;{customer}", None), (f"{customer}:", "")):
        tree = node("In", *elements(customer, element))
        expected = [row for row in rows if row[1] == value]
        assert expected
        assert sales.rows({"viewFilter": tree, **asked}, "Order", "Customer") == expected


def test_pages_and_bounds_are_those_of_the_rows_that_are_left(sales, read):
    body = {"viewFilter": node("Less", sales.metric("Units"), constant("10"))}
    whole = sales.page(body)
    units = [row[0] for row in sales.true("Units") if row[0] < 10]
    assert whole["data"]["paging"]["total"] == len(units)
    element = next(e for e in whole["definition"]["grid"]["columns"][0]["elements"] if e["name"] == "Units")
    assert (element["min"], element["max"]) == (min(units), max(units))
    parts = [
        sales.client.page("Sales Cube", whole["instanceId"], offset=offset, limit=40, **ISO)
        for offset in range(0, len(units) + 40, 40)
    ]
    orders = next(iter(read(whole)))
    assert [text for part in parts for text in read(part)[orders]] == read(whole)[orders]
    assert sales.client.sim.truth("Sales Cube", columns=["Units"]).num_rows == 1_000


def test_nothing_that_is_left_is_an_empty_page(sales):
    body = {"viewFilter": node("Less", sales.metric("Units"), constant("0"))}
    for asked in ({}, sales.requested("Region", "Revenue"), sales.requested("Revenue"), sales.requested("Region")):
        page = sales.page(body | asked)
        assert (page["data"]["paging"]["total"], page["data"]["headers"]["rows"]) == (0, [])


def test_fewer_attributes_are_fewer_rows_with_sums(sales):
    columns = ("Region", "Channel", "Revenue", "Units", "Cost", "Ledger Id", "List Price")
    groups = {}
    for row in sales.true(*columns):
        groups.setdefault(row[:2], []).append(row[2:])
    regions = ("North", "South", "East", "West", "Übersee")
    ways = ("Store", "Web", "Phone")
    rows = sales.rows(sales.requested(*columns), *columns)
    assert [row[:2] for row in rows] == sorted(groups, key=lambda key: (regions.index(key[0]), ways.index(key[1])))
    for region, way, revenue, units, cost, ledger, price in rows:
        parts = list(zip(*groups[region, way], strict=True))
        assert math.isclose(revenue, math.fsum(parts[0]), rel_tol=1e-12)
        assert (units, ledger, price) == (sum(parts[1]), max(parts[3]), sum(parts[4]))
        assert math.isclose(cost, summed(parts[2]), rel_tol=1e-12)


def test_the_filter_comes_before_the_sum_and_the_limit_behind_it(sales):
    columns = ("Product", "Units")
    limits = {sales.metrics["Units"]: node(">=", sales.metric("Units"), constant("60", "Int64"))}
    body = {"viewFilter": node("<", sales.metric("Units"), constant("50")), "metricLimits": limits}
    groups = {}
    for product, units in sales.true(*columns):
        if units < 50:
            groups[product] = groups.get(product, 0) + units
    rows = sales.rows(body | sales.requested(*columns), *columns)
    assert dict(rows) == {product: units for product, units in groups.items() if units >= 60}
    assert 0 < len(rows) < len(groups)


def test_one_row_without_attributes_and_what_occurs_without_metrics(sales):
    (row,) = sales.rows(sales.requested("Units", "Cost"), "Units", "Cost")
    units, cost = zip(*sales.true("Units", "Cost"), strict=True)
    assert row[0] == sum(units)
    assert math.isclose(row[1], summed(cost), rel_tol=1e-12)
    stores = ("Store@ID", "Store@DESC")
    body = sales.requested("Store")
    assert sales.rows(body, *stores) == sorted(set(sales.true(*stores)))
    body["requestedObjects"]["attributes"][0]["forms"] = [{"id": DESC}]
    names = [row[1] for row in sorted(set(sales.true(*stores)))]
    assert [row[0] for row in sales.rows(body, "Store@DESC")] == names


def test_nothing_but_nulls_has_no_sum(sales):
    body = {"viewFilter": node("null", sales.metric("Cost"))} | sales.requested("Channel", "Cost")
    assert [row[1] for row in sales.rows(body, "Channel", "Cost")] == [None, None, None]


def test_sums_are_sorted_by_several_keys(sales):
    entries = [
        {
            "type": "form",
            "attribute": {"id": sales.attributes["Region"]},
            "form": {"id": ID},
            "order": "descending",
        },
        {"type": "metric", "metric": {"id": sales.metrics["Units"]}, "order": "descending"},
    ]
    columns = ("Region", "Day", "Units")
    filtered = {"viewFilter": node("Greater", sales.metric("Units"), constant("90"))}
    rows = sales.rows(filtered | {"sorting": {"rows": entries}} | sales.requested(*columns), *columns)
    keys = [(region, units) for region, _, units in rows]
    assert keys == sorted(keys, reverse=True)
    assert len({region for region, _ in keys}) == 5


def test_the_rows_that_are_left_are_sorted(sales):
    columns = ("Order", "Customer", "Units")
    entries = [
        {"attribute": {"id": sales.attributes["Customer"]}, "form": {"id": ID}, "order": "ascending"},
        {"metric": {"id": sales.metrics["Units"]}, "order": "descending"},
    ]
    body = {
        "viewFilter": node("Less", sales.metric("Units"), constant("20")),
        "metricLimits": {sales.metrics["Units"]: node("!=", sales.metric("Units"), constant("7"))},
        "sorting": {"rows": entries},
    }
    kept = [row for row in sales.true(*columns) if row[2] < 20 and row[2] != 7]
    expected = sorted(kept, key=lambda row: (row[1] is None, row[1] or "", -row[2]))
    assert sales.rows(body | sales.requested(*columns), *columns) == expected


def test_top_ten_of_the_sums(sales):
    limits = {sales.metrics["Units"]: node("Rank.Top", sales.metric("Units"), constant("10", "Int64"))}
    body = {"metricLimits": limits} | sales.requested("Store", "Units")
    groups = {}
    for store, units in sales.true("Store@ID", "Units"):
        groups[store] = groups.get(store, 0) + units
    tenth = sorted(groups.values())[-10]
    rows = sales.rows(body, "Store@ID", "Store@DESC", "Units")
    assert {row[0]: row[2] for row in rows} == {store: units for store, units in groups.items() if units >= tenth}


def test_an_instance_is_filtered_anew(sales, read):
    page = sales.page({"viewFilter": node("IsNull", sales.metric("Cost"))})
    path = f"{sales.client.instances('Sales Cube')}/{page['instanceId']}"
    body = {"viewFilter": node("IsNotNull", sales.metric("Cost"))} | sales.requested("Order")
    changed = sales.client.send("PUT", path, body, limit=-1).json
    expected = [str(order) for order, cost in sales.true("Order", "Cost") if cost is not None]
    assert read(changed)[f"{sales.attributes['Order']}:{ID}"] == expected


def test_what_the_server_refuses(sales):
    region, units = sales.attributes["Region"], sales.metric("Units")
    store = sales.form("Store")
    refused = [
        (node("IsNull", sales.form("Store") | {"attribute": {"id": "abc"}}), "Invalid attribute id - abc"),
        (node("In", *elements(region, "East")), "Invalid element id - East"),
        (node("IsNull", {"type": "metric", "id": "abc"}), "Invalid metric id - abc"),
        (node("IsNull", store | {"form": {"id": "abc"}}), "Invalid attribute form id - abc"),
        (node("IsNull", sales.form("Region", DESC)), "Index out of range"),
        (node("Is", store), "Invalid operator - Is"),
        (node("Greater", units), "There should be 2 operands for operator - Greater"),
        (
            node("IsNull", {"type": "metric", "id": FOREIGN}),
            f"Failed to find the metric {FOREIGN} in the report or cube.",
        ),
        (
            node("IsNull", store | {"attribute": {"id": FOREIGN}}),
            f"Failed to find the attribute {FOREIGN} in the report or cube.",
        ),
        (
            node("Equals", units, constant("1", "Char")),
            "A constant of data type Char cannot be compared with a number.",
        ),
        (node("Equals", units, store), "Invalid combination of operands for operator - Equals: metric, form"),
    ]
    assert [sales.refused({"viewFilter": tree}) for tree, _ in refused] == [message for _, message in refused]
    assert "known type ids = [attribute, constant" in sales.refused({"viewFilter": node("IsNull", {"type": "row"})})
    limits = {sales.metrics["Units"]: node("IsNull", units)}
    message = f"Failed to find the metric {sales.metrics['Units']} in the report or cube."
    assert sales.refused({"metricLimits": limits} | sales.requested("Region", "Cost")) == message
    assert "currentPageBy" in sales.refused({"currentPageBy": [{"id": "h1;A"}]})
    created = sales.client.sim.instances_created
    assert sales.refused({"requestedObjects": {"attributes": [{"id": FOREIGN}]}}).startswith("Failed to find")
    assert sales.client.sim.instances_created == created


def test_the_collation_of_the_server_is_a_switch(asking):
    collation = Collation(case_insensitive=True, ignore_trailing_blanks=True, empty_text_is_null=True)
    with Simulator(rows=500, collation=collation, ignore_foreign_ids=True) as sim:
        sales, awkward = asking(sim), asking(sim, "Awkward Values")
        region = node("Equals", sales.form("Region"), constant("ÜBERSEE  ", "Char"))
        rows = sales.rows({"viewFilter": region} | sales.requested("Order", "Region"), "Order", "Region")
        assert rows == [row for row in sales.true("Order", "Region") if row[1] == "Übersee"]
        empty = node("IsNull", sales.form("Customer"))
        body = {"viewFilter": node("And", empty, node("IsNull", {"type": "metric", "id": FOREIGN}))}
        rows = sales.rows(body | sales.requested("Order", "Customer"), "Order", "Customer")
        assert {row[1] for row in rows} == {None, ""}
        assert rows == [row for row in sales.true("Order", "Customer") if not row[1]]
        entry = {"attribute": {"id": awkward.attributes["Text"]}, "form": {"id": ID}, "order": "ascending"}
        body = {"sorting": {"rows": [entry]}} | awkward.requested("Text")
        texts = [row[0] for row in awkward.rows(body, "Text")]
        compared = [(text or "").rstrip(" ").lower() for text in texts]
        known = [text for text in compared if text]
        assert compared == sorted(known) + [""] * (len(compared) - len(known))
        assert len(known) < len(compared)


def test_a_thousandth_of_a_million_rows(asking):
    with Simulator(rows=1_000_000) as sim:
        sales = asking(sim)
        product = "Oak Table XS"
        tree = node("Equals", sales.form("Product"), constant(product, "Char"))
        columns = ("Order", "Product", "Revenue")
        page = sales.page({"viewFilter": tree} | sales.requested(*columns))
        table = sim.truth("Sales Cube", columns=columns)
        kept = table.filter(pa.compute.equal(table["Product"], product))
        assert 300 < kept.num_rows < 700
        found = sales.typed(sales.read(page), kept)
        assert found == kept.to_pydict()
        assert page["data"]["paging"]["total"] == kept.num_rows
        by_region = sales.rows(sales.requested("Region", "Units"), "Region", "Units")
        truth = sim.truth("Sales Cube", columns=["Region", "Units"])
        expected = truth.group_by("Region").aggregate([("Units", "sum")])
        assert dict(by_region) == dict(zip(*expected.to_pydict().values(), strict=True))


# Reports


def report_objects(client, name):
    definition = client.send("GET", f"/api/v2/reports/{client.sim.reports[name]}").json["definition"]
    objects = definition["availableObjects"]
    return {item["name"]: item["id"] for kind in ("attributes", "metrics") for item in objects[kind]}


def ask_report(client, name, body):
    return client.send("POST", f"/api/v2/reports/{client.sim.reports[name]}/instances", body, limit=-1, **ISO)


def greater(ids, name, text):
    return node("Greater", {"type": "metric", "id": ids[name]}, constant(text))


HIDDEN = {"subtotals": {"visible": False}}


@pytest.mark.parametrize(("name", "subtotals"), [("Plain Report", {}), ("Report With Subtotals", HIDDEN)])
def test_tables_are_filtered(sim, client, read_report, name, subtotals):
    ids = report_objects(client, name)
    region = {"type": "form", "attribute": {"id": ids["Region"]}, "form": {"id": DESC}}
    tree = node("And", node("IsNotNull", region), greater(ids, "Revenue", "5"))
    rows = read_report([ask_report(client, name, {"viewFilter": tree} | subtotals).json])
    truth = sim.truth(name, columns=["Region", "Revenue", "Units"])
    expected = [row for row in truth.to_pylist() if row["Region"] is not None and row["Revenue"] > 5]
    assert [(texts[0], values[ids["Units"]]) for texts, values, _ in rows] == [
        (row["Region"], row["Units"]) for row in expected
    ]
    assert 0 < len(expected) < truth.num_rows


def test_reports_are_aggregated_and_limited(sim, client, read_report):
    ids = report_objects(client, "Plain Report")
    limits = {ids["Units"]: greater(ids, "Units", "0")}
    objects = {"attributes": [{"id": ids["Region"]}], "metrics": [{"id": ids["Units"]}, {"id": ids["Ledger Id"]}]}
    body = {"requestedObjects": objects, "metricLimits": limits}
    rows = read_report([ask_report(client, "Plain Report", body).json])
    groups = {}
    for row in sim.truth("Plain Report").to_pylist():
        units, ledger = groups.setdefault(row["Region"], ([], []))
        units.append(row["Units"])
        ledger += [] if row["Ledger Id"] is None else [row["Ledger Id"]]
    expected = {region: [sum(units), max(ledger)] for region, (units, ledger) in groups.items() if sum(units) > 0}
    assert {texts[0]: list(values.values()) for texts, values, _ in rows} == expected
    assert expected


def test_a_cross_tab_that_is_taken_apart_is_aggregated(sim, client, read_report):
    ids = report_objects(client, "Cross-tab Sparse")
    objects = {"attributes": [{"id": ids["Airport"]}], "metrics": [{"id": ids["Units"]}]}
    rows = read_report([ask_report(client, "Cross-tab Sparse", {"requestedObjects": objects}).json])
    truth = sim.truth("Cross-tab Sparse", columns=["Airport@DESC", "Airport@ID", "Units"])
    groups = {}
    for name, number, units in zip(*truth.to_pydict().values(), strict=True):
        groups[name, number and str(number)] = groups.get((name, number and str(number)), 0) + (units or 0)
    assert {tuple(texts): values[ids["Units"]] for texts, values, _ in rows} == groups


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Cross-tab Metrics Last", "Only reports with attributes on rows and metrics on columns can be filtered."),
        ("Metrics On Rows", "Only reports with attributes on rows and metrics on columns can be filtered."),
        ("Report With Subtotals", "The simulator filters a report only where its subtotals are hidden."),
    ],
)
def test_other_reports_are_not_filtered(client, name, message):
    ids = report_objects(client, name)
    limits = {ids["Units"]: greater(ids, "Units", "0")}
    for body in ({"viewFilter": greater(ids, "Units", "0")}, {"metricLimits": limits}):
        reply = ask_report(client, name, body)
        assert (*reply.error, reply.json["message"]) == (400, "ERR006", None, message)


def test_sums_with_subtotals_in_sight_are_refused(client):
    ids = report_objects(client, "Report With Subtotals")
    body = {"requestedObjects": {"attributes": [{"id": ids["Region"]}]}}
    assert ask_report(client, "Report With Subtotals", body).error == (400, "ERR006", None)
    assert ask_report(client, "Report With Subtotals", body | HIDDEN).status == 200


# Pushed data


@pytest.fixture
def pushed(pusher, table):
    pusher.define(table("sales", day="DATE", store="STRING", units="INTEGER", revenue="DOUBLE"))
    days = ("2024-01-31", "2024-02-01")
    pusher.push([[day, store, number, 0.5] for number, day in enumerate(days) for store in ("Lyon", "Oulu", None)])
    return pusher


def pushed_ids(pusher):
    cube = pusher.dataset.removeprefix("/api/datasets/")
    objects = pusher.send("GET", f"/api/v2/cubes/{cube}").json["definition"]["availableObjects"]
    return cube, {item["name"]: item["id"] for kind in ("attributes", "metrics") for item in objects[kind]}


def test_pushed_rows_are_filtered_and_aggregated(pushed, read):
    cube, ids = pushed_ids(pushed)
    tree = node(
        "NotEqual",
        {"type": "form", "attribute": {"id": ids["store"]}, "form": {"id": ID}},
        constant("Oulu", "Char"),
    )
    objects = {"attributes": [{"id": ids["day"]}], "metrics": [{"id": ids["units"]}, {"id": ids["revenue"]}]}
    for switch, expected in ((tree, [0.5, 0.5]), (node("Not", node("IsNull", tree["operands"][0])), [1.0, 1.0])):
        columns = read(pushed.create(cube, {"viewFilter": switch, "requestedObjects": objects}, **ISO))
        assert columns[f"{ids['day']}:{ID}"] == ["2024-01-31", "2024-02-01"]
        assert [float(value) for value in columns[ids["revenue"]]] == expected


def test_filtered_rows_of_joined_tables_are_not_aggregated(pusher, table):
    stores = table("stores", store="STRING", area="INTEGER")
    sales = table("sales", store="STRING", day="DATE", units="INTEGER")
    both = stores["attributes"][0]["attributeForms"][0]["expressions"] + [
        {"tableName": "sales", "columnName": "store"}
    ]
    stores["attributes"][0]["attributeForms"][0]["expressions"] = both
    sales["attributes"] = sales["attributes"][1:]
    pusher.define(stores, sales)
    pusher.push([["Lyon", 7]], "stores")
    pusher.push([["Lyon", "2024-01-31", 1], ["Lyon", "2024-02-01", 2]], "sales")
    cube, ids = pushed_ids(pusher)
    tree = node("Greater", {"type": "metric", "id": ids["units"]}, constant("0"))
    assert pusher.create(cube, {"viewFilter": tree})["data"]["paging"]["total"] == 2
    objects = {"attributes": [{"id": ids["store"]}], "metrics": [{"id": ids["area"]}]}
    reply = pusher.send("POST", pusher.instances(cube), {"viewFilter": tree, "requestedObjects": objects})
    assert reply.error == (400, "ERR006", None)

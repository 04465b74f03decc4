from __future__ import annotations

ISO = {"standardDateFormat": "true", "standardRawDateFormat": "true"}
DESC = "CCFBE2A5EADB4F50941FB879CCF1721C"


def cube_objects(client, name):
    objects = client.send("GET", f"/api/v2/cubes/{client.sim.cubes[name]}").json["definition"]["availableObjects"]
    return {item["name"]: item["id"] for kind in ("attributes", "metrics") for item in objects[kind]}


def report_path(client, name):
    return f"/api/v2/reports/{client.sim.reports[name]}/instances"


def nulls_last(values, *, descending):
    known = sorted((value for value in values if value is not None), reverse=descending)
    return known + [None] * (len(values) - len(known))


def test_cube_rows_are_sorted_and_the_order_is_echoed(sim, client, read):
    ids = cube_objects(client, "Sales Cube")
    entries = [
        {"type": "form", "attribute": {"id": ids["Store"]}, "form": {"id": DESC}, "order": "descending"},
        {"type": "metric", "metric": {"id": ids["Cost"]}, "order": "ascending"},
    ]
    page = client.create("Sales Cube", {"sorting": {"rows": entries}}, limit=-1, **ISO)
    assert page["definition"]["grid"]["sorting"]["rows"] == entries
    columns = read(page)
    pairs = list(zip(columns[f"{ids['Store']}:{DESC}"], columns[ids["Cost"]], strict=True))
    names = [name for name, _ in pairs]
    assert names == sorted(names, reverse=True)
    for name in set(names):
        costs = [cost for other, cost in pairs if other == name]
        assert costs == nulls_last(costs, descending=False)
    truth = sim.truth("Sales Cube", columns=["Order"])["Order"].to_pylist()
    assert sorted(int(order) for order in next(iter(columns.values()))) == sorted(truth)


def test_pages_of_a_sorted_cube_join(client, read):
    ids = cube_objects(client, "Sales Cube")
    body = {"sorting": {"rows": [{"metric": {"id": ids["Revenue"]}, "order": "descending"}]}}
    first = client.create("Sales Cube", body, limit=600)
    rest = client.page("Sales Cube", first["instanceId"], offset=600, limit=600)
    joined = read(first)[ids["Revenue"]] + read(rest)[ids["Revenue"]]
    assert joined == sorted(joined, reverse=True)
    assert len(joined) == 1_000


def test_equal_values_are_told_apart_by_what_follows(client, read):
    ids = cube_objects(client, "Sales Cube")
    entries = [
        {"attribute": {"id": ids["Region"]}, "order": "descending"},
        {"attribute": {"id": ids["Order"]}, "order": "descending"},
        {"metric": {"id": ids["Units"]}, "order": "ascending"},
    ]
    columns = read(client.create("Sales Cube", {"sorting": {"rows": entries}}, limit=-1, **ISO))
    order, region = [next(v for k, v in columns.items() if k.startswith(ids[n])) for n in ("Order", "Region")]
    pairs = [(name, int(number)) for name, number in zip(region, order, strict=True)]
    assert pairs == sorted(pairs, reverse=True)
    assert len({name for name, _ in pairs}) > 1


def test_an_entry_that_decides_nothing_is_refused_all_the_same(client):
    ids = cube_objects(client, "Sales Cube")
    entries = [{"attribute": {"id": ids["Order"]}}, {"attribute": {"id": "0" * 32}}]
    reply = client.send("POST", client.instances("Sales Cube"), {"sorting": {"rows": entries}})
    assert reply.status == 400


def test_report_is_sorted_by_form_with_totals_at_an_end(sim, client, read_report):
    (region,) = (
        item
        for item in client.send("GET", f"/api/v2/reports/{sim.reports['Report With Subtotals']}").json[
            "definition"
        ]["availableObjects"]["attributes"]
        if item["name"] == "Region"
    )
    entries = [
        {"type": "subtotalsPosition", "subtotalsPosition": "first"},
        {"type": "form", "attribute": {"id": region["id"]}, "form": {"id": DESC}, "order": "descending"},
    ]
    reply = client.send("POST", report_path(client, "Report With Subtotals"), {"sorting": {"rows": entries}})
    rows = read_report([reply.json])
    assert [bool(totals) for _, _, totals in rows] == [True] * 9 + [False] * 56
    regions = [texts[0] for texts, _, _ in rows[9:]]
    assert regions == nulls_last(regions, descending=True)


def test_cross_tab_is_sorted_by_the_metric_of_a_column(client):
    path = report_path(client, "Cross-tab Metrics Last")
    page = client.send("POST", path, limit=100).json
    channel, metrics = page["definition"]["grid"]["columns"]
    units, element = metrics["elements"][1], channel["elements"][2]
    entry = {
        "type": "metric",
        "metric": {"id": units["id"]},
        "elements": [{"id": element["id"]}],
        "order": "ascending",
    }
    sorted_page = client.send("PUT", f"{path}/{page['instanceId']}", {"sorting": {"rows": [entry]}}, limit=100).json
    place = 2 * 6 + 1
    values = [row[place] for row in sorted_page["data"]["metricValues"]["raw"]]
    assert values == sorted(row[place] for row in page["data"]["metricValues"]["raw"])
    without = {"sorting": {"rows": [{key: value for key, value in entry.items() if key != "elements"}]}}
    assert client.send("POST", path, without).error == (400, "ERR006", None)


def test_wrong_sorting_is_refused(client):
    ids = cube_objects(client, "Sales Cube")
    metric = {"metric": {"id": ids["Cost"]}}
    for rows in (
        [metric | {"order": "up"}],
        [{"metric": {"id": "0" * 32}}],
        [metric, {"type": "subtotalsPosition", "subtotalsPosition": "first"}],
    ):
        reply = client.send("POST", client.instances("Sales Cube"), {"sorting": {"rows": rows}})
        assert reply.error == (400, "ERR006", None), rows

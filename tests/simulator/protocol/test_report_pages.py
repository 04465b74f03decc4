from __future__ import annotations

import pyarrow as pa
import pytest

from mstr_arrow.simulator import Simulator
from mstr_arrow.simulator.samples.layouts import layout_reports
from tests.support.slow import thinned

ISO = {"standardDateFormat": "true", "standardRawDateFormat": "true"}
NAMES = [report.name for report in layout_reports(100, 0)]
SMALL = [name for name in NAMES if name != "Big Cross-tab"]


def instances(client, name):
    return f"/api/v2/reports/{client.sim.reports[name]}/instances"


def pages(client, name, body=None, *, limit=40, **query):
    """Read all pages of a report, one after the other."""
    reply = client.send("POST", instances(client, name), body, limit=limit, **(ISO | query))
    assert reply.status == 200, reply.body
    found = [reply.json]
    instance, paging = found[0]["instanceId"], found[0]["data"]["paging"]
    for offset in range(limit, paging["total"], limit):
        reply = client.send(
            "GET", f"{instances(client, name)}/{instance}", offset=offset, limit=limit, **(ISO | query)
        )
        found.append(reply.json)
    assert sum(page["data"]["paging"]["current"] for page in found) == paging["total"]
    return found


def columns(combinations, truth, metric_ids):
    """Give the combinations the order and names of the true table."""
    attributes = [[texts[n] for texts, _, _ in combinations] for n in range(truth.num_columns - len(metric_ids))]
    metrics = [[values[metric] for _, values, _ in combinations] for metric in metric_ids]
    return dict(enumerate([*attributes, *metrics]))


def metric_ids(page):
    grid = page["definition"]["grid"]
    if "metricsPosition" not in grid:
        return []
    position = grid["metricsPosition"]
    return [element["id"] for element in grid[position["axis"]][position["index"]]["elements"]]


def assert_same(found, truth):
    assert list(found) == truth.column_names
    for name, values in found.items():
        expected = truth[name].to_pylist()
        if pa.types.is_decimal(truth.schema.field(name).type):
            assert values == expected, name
        else:
            assert [repr(value) for value in values] == [repr(value) for value in expected], name


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", thinned(SMALL, SMALL[::2]))
def test_pages_say_what_is_true_without_subtotals(sim, client, read_report, typed, name):
    truth = sim.truth(name)
    got = pages(client, name, {"subtotals": {"visible": "false"}})
    found = columns(read_report(got), truth, metric_ids(got[0]))
    assert_same(typed(found, truth), truth)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", ["Plain Report", *(name for name in SMALL if "Subtotals" in name)])
def test_pages_say_what_is_true_with_subtotals(sim, client, read_report, typed, name):
    whole = sim.truth(name, subtotals="keep")
    truth = whole.drop_columns("Subtotal Of")
    got = pages(client, name, limit=17)
    combinations = read_report(got)
    assert_same(typed(columns(combinations, truth, metric_ids(got[0])), truth), truth)
    assert whole["Subtotal Of"].to_pylist() == [", ".join(totals) or None for _, _, totals in combinations]
    dropped = whole.filter(whole["Subtotal Of"].is_null()).drop_columns("Subtotal Of")
    assert dropped.equals(sim.truth(name))


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", NAMES)
def test_requested_objects_make_a_table_of_any_layout(sim, client, read_report, typed, name):
    definition = client.send("GET", f"/api/v2/reports/{sim.reports[name]}").json["definition"]
    objects = definition["availableObjects"]
    requested = {kind: [{"id": item["id"]} for item in objects[kind]] for kind in ("attributes", "metrics")}
    body = {"requestedObjects": requested, "subtotals": {"visible": False}}
    (page,) = pages(client, name, body, limit=10_000)
    assert page["definition"]["grid"]["crossTab"] is False
    assert [unit["type"] for unit in page["definition"]["grid"]["columns"]] == ["templateMetrics"] * bool(
        objects["metrics"]
    )
    truth = sim.truth(name)
    if not objects["customGroups"] and not objects["consolidations"] and not objects["hierarchies"]:
        assert_same(typed(columns(read_report([page]), truth, metric_ids(page)), truth), truth)


def test_cross_tab_stays_one_where_the_server_is_set_to(new_client):
    with Simulator(rows=10, uncrosstab=False) as sim:
        client = new_client(sim)
        client.login()
        objects = client.send("GET", f"/api/v2/reports/{sim.reports['Cross-tab Sparse']}").json["definition"][
            "availableObjects"
        ]
        requested = {kind: [{"id": item["id"]} for item in objects[kind]] for kind in ("attributes", "metrics")}
        page = client.send("POST", instances(client, "Cross-tab Sparse"), {"requestedObjects": requested}).json
        assert page["definition"]["grid"]["crossTab"] is True
        fewer = {"attributes": requested["attributes"], "metrics": requested["metrics"][1:2]}
        page = client.send("POST", instances(client, "Cross-tab Sparse"), {"requestedObjects": fewer}).json
        assert len(page["data"]["metricValues"]["raw"][0]) == 6


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", NAMES)
def test_definition_names_the_units_of_the_pages(sim, client, name):
    definition = client.send("GET", f"/api/v2/reports/{sim.reports[name]}").json["definition"]
    page = client.send("POST", instances(client, name), limit=1).json
    for axis in ("rows", "columns"):
        units = page["definition"]["grid"][axis]
        described = definition["grid"][axis]
        assert [unit["id"] for unit in described] == [unit["id"] for unit in units]
        for unit, other in zip(described, units, strict=True):
            assert unit["type"] == "templateMetrics" or "elements" not in unit
            assert unit.get("headerCount") == other.get("headerCount")


def test_recorded_layout_of_metrics_in_columns_and_rows(client):
    last = client.send("POST", instances(client, "Cross-tab Metrics Last"), limit=1).json
    assert last["definition"]["grid"]["metricsPosition"] == {"axis": "columns", "index": 1}
    assert [column[:7] for column in last["data"]["headers"]["columns"]] == [[0] * 6 + [1], [0, 1, 2, 3, 4, 5, 0]]
    first = client.send("POST", instances(client, "Cross-tab Metrics First"), limit=1).json
    assert [column[:5] for column in first["data"]["headers"]["columns"]] == [[0, 0, 0, 0, 1], [0, 1, 2, 3, 0]]
    rows = client.send("POST", instances(client, "Metrics On Rows"), limit=5).json
    assert rows["data"]["headers"] == {
        "rows": [[0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 0, 3], [0, 1, 0]],
        "columns": [],
    }
    assert (rows["definition"]["grid"]["crossTab"], rows["definition"]["grid"]["columns"]) == (True, [])
    assert {len(row) for row in rows["data"]["metricValues"]["raw"]} == {1}


def test_subtotal_elements_have_one_text_and_a_flag(client):
    (page,) = pages(client, "Report With Subtotals", limit=100)
    grid = page["definition"]["grid"]
    assert grid["subtotals"] == {"defined": True, "visible": True}
    for unit in grid["rows"]:
        (total,) = (element for element in unit["elements"] if element.get("subtotal"))
        assert total == {"formValues": ["Total"], "id": f"j1;{unit['id']}", "subtotal": True}
    (region, store) = page["data"]["headers"]["rows"][-1]
    assert grid["rows"][0]["elements"][region]["subtotal"]
    assert grid["rows"][1]["elements"][store]["subtotal"]
    genuine = [element for element in grid["rows"][0]["elements"] if element["formValues"] == ["Total"]]
    assert len(genuine) == 2
    (hidden,) = pages(client, "Report With Subtotals", {"subtotals": {"visible": False}}, limit=100)
    assert hidden["definition"]["grid"]["subtotals"] == {"defined": True, "visible": False}


def test_blanks_repeat_a_header_or_are_negative(client):
    repeated = client.send("POST", instances(client, "Hierarchy"), limit=1_000).json
    assert repeated["definition"]["grid"]["rows"][0]["headerCount"] == 3
    assert any(row[2] == row[1] == row[0] for row in repeated["data"]["headers"]["rows"])
    negative = client.send("POST", instances(client, "Nested Custom Group"), limit=1_000).json
    assert any(row[1] == -1 for row in negative["data"]["headers"]["rows"])
    assert "forms" not in negative["definition"]["grid"]["rows"][0]


def test_metrics_beyond_their_threshold_are_marked(client):
    (page,) = pages(client, "Plain Report", limit=1_000)
    (unit,) = page["definition"]["grid"]["columns"]
    assert [bool(metric.get("thresholds")) for metric in unit["elements"]] == [True] + [False] * 5
    values, extras = page["data"]["metricValues"]["raw"], page["data"]["metricValues"]["extras"]
    assert [row[0] == {"ti": 0} for row in extras] == [row[0] > 1000 for row in values]
    assert all(cell == {} for row in extras for cell in row[1:])


def test_bounds_leave_subtotals_out(sim, client):
    (page,) = pages(client, "Cross-tab With Subtotals", limit=1_000)
    truth = sim.truth("Cross-tab With Subtotals")
    for metric in page["definition"]["grid"]["columns"][2]["elements"][:2]:
        values = [value for value in truth[metric["name"]].to_pylist() if value is not None]
        assert (float(metric["min"]), float(metric["max"])) == (min(values), max(values))


def test_reports_are_found_by_type_and_subtype(sim, client):
    for kind in (768, 3):
        hits = client.send("GET", "/api/searches/results", type=kind, name="report").json["result"]
        assert "Plain Report" in {hit["name"] for hit in hits}
        assert {hit["subtype"] for hit in hits if hit["name"] in sim.reports} == {768}
    told = client.send("GET", f"/api/objects/{sim.reports['Hierarchy']}", type=3).json
    assert (told["name"], told["subtype"]) == ("Hierarchy", 768)


def test_instances_can_be_changed_and_evicted(sim, new_client):
    client = new_client(sim)
    client.login(workingSet=3)
    path = instances(client, "Report With Subtotals")
    first = client.send("POST", f"{path}/", limit=1).json
    assert first["data"]["paging"]["total"] == 65
    changed = client.send("PUT", f"{path}/{first['instanceId']}", {"subtotals": {"visible": False}}, limit=1).json
    assert (changed["instanceId"], changed["data"]["paging"]["total"]) == (first["instanceId"], 56)
    again = client.send("GET", f"{path}/{first['instanceId']}", limit=1).json
    assert again["data"]["paging"]["total"] == 56
    for _ in range(3):
        client.send("POST", path, limit=1)
    assert client.send("GET", f"{path}/{first['instanceId']}").error == (404, "ERR004", -2147468986)


def test_asynchronous_reports_are_polled(new_client):
    with Simulator(rows=10, async_polls=2) as sim:
        client = new_client(sim)
        client.login()
        path = instances(client, "Plain Report")
        reply = client.send("POST", path, headers={"Prefer": "respond-async"})
        assert (reply.status, "data" in reply.json) == (202, False)
        where = f"/api/reports/{sim.reports['Plain Report']}/instances/{reply.json['instanceId']}/status"
        assert [client.send("GET", where).status for _ in range(3)] == [202, 202, 200]
        page = client.send("GET", f"{path}/{reply.json['instanceId']}").json
        assert page["data"]["paging"]["total"] == 280


def test_page_by_is_empty(client):
    instance = client.send("POST", instances(client, "Plain Report"), limit=1).json["instanceId"]
    told = client.send("GET", f"{instances(client, 'Plain Report')}/{instance}/pageBy/elements").json
    assert (told["pageBy"], told["validPageByElements"]["items"]) == ([], [])


def test_requests_that_the_server_does_not_know_are_refused(client):
    for body in ({"viewFilter": {"operator": "Not"}}, {"currentPageBy": [{"id": "h1;A"}]}):
        assert client.send("POST", instances(client, "Plain Report"), body).error == (400, "ERR006", None)


@pytest.fixture(scope="module")
def shuffled(new_client):
    with Simulator(rows=100, shuffle_keys=True, cells_per_page=200) as sim:
        client = new_client(sim)
        client.login()
        yield client


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "name", ["Cross-tab Sparse", "Cross-tab Metrics Between", "Metrics Between On Rows", "Hierarchy On Columns"]
)
def test_short_pages_with_elements_in_another_order_say_the_same(shuffled, read_report, typed, name):
    truth = shuffled.sim.truth(name)
    first = shuffled.send("POST", instances(shuffled, name), limit=9, **ISO).json
    got, paging = [first], first["data"]["paging"]
    while (done := sum(page["data"]["paging"]["current"] for page in got)) < paging["total"]:
        where = f"{instances(shuffled, name)}/{first['instanceId']}"
        got.append(shuffled.send("GET", where, offset=done, limit=9, **ISO).json)
    orders = {
        tuple(element["id"] for element in unit["elements"])
        for page in got
        for unit in page["definition"]["grid"]["columns"]
        if unit["type"] != "templateMetrics"
    }
    units = len(
        {unit["id"] for unit in first["definition"]["grid"]["columns"] if unit["type"] != "templateMetrics"}
    )
    assert len(orders) == 2 * units
    assert all(page["data"]["paging"]["current"] <= 9 for page in got)
    found = columns(read_report(got), truth, metric_ids(first))
    assert_same(typed(found, truth), truth)


def test_governor_counts_the_cells_of_a_cross_tab(shuffled):
    page = shuffled.send("POST", instances(shuffled, "Cross-tab Metrics Last"), limit=50).json
    assert page["data"]["paging"]["current"] == 200 // (2 + 4 * 6)


def test_big_cross_tab_is_made_as_it_is_read(new_client, read_report):
    with Simulator(rows=80_000_000) as sim:
        client = new_client(sim)
        client.login()
        page = client.send("POST", instances(client, "Big Cross-tab"), offset=9_000_000, limit=5, **ISO).json
        assert page["data"]["paging"] == {"total": 10_000_000, "current": 5, "offset": 9_000_000, "limit": 5}
        assert [len(row) for row in page["data"]["metricValues"]["raw"]] == [4 * 2 * 2] * 5
        found = read_report([page])
        assert len(found) == 5 * 8
        assert found[0][0][0] == str(3_000_000_000 + 9_000_000)


def test_reports_have_no_prompts(sim, client):
    assert client.send("GET", f"/api/reports/{sim.reports['Plain Report']}/prompts").json == []


def test_truth_of_a_report_takes_a_part_and_refuses_nonsense(sim):
    whole = sim.truth("Cross-tab Sparse")
    part = sim.truth("Cross-tab Sparse", columns=["Note", "Store@DESC"], offset=5, limit=7)
    assert part.equals(whole.select(["Note", "Store@DESC"]).slice(5, 7))
    with pytest.raises(ValueError, match="drop"):
        sim.truth("Cross-tab Sparse", subtotals="only")
    with pytest.raises(KeyError):
        sim.truth("Cross-tab Sparse", columns=["Nothing"])

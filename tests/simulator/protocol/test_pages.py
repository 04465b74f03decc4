from __future__ import annotations

import gzip
import json
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from mstr_arrow.simulator import Fault, Simulator

ISO = {"standardDateFormat": "true", "standardRawDateFormat": "true"}
RAW_ONLY = {"fields": "-data.metricValues.formatted,-data.metricValues.extras"}
CUBES = [
    *("Sales Cube", "Awkward Values", "One Row", "Only Metrics", "Only Attributes", "No Rows", "Same Names"),
    *("Twice", "Archive/Twice", "Été & Größe 50 % +1 #☕"),
]


def same(left, right):
    """Compare cells; -0.0 is not 0.0."""
    return [repr(value) for value in left] == [repr(value) for value in right]


@pytest.mark.parametrize("cube", CUBES)
def test_page_says_what_is_true(sim, client, read, typed, cube):
    truth = sim.truth(cube)
    page = client.create(cube, limit=-1, **ISO)
    columns = typed(read(page), truth)
    assert list(columns) == truth.column_names
    for name, values in columns.items():
        expected = truth[name].to_pylist()
        if pa.types.is_decimal(truth.schema.field(name).type):
            assert values == expected, name
        else:
            assert same(values, expected), name


def test_awkward_values_hold_what_they_promise(sim):
    truth = sim.truth("Awkward Values").to_pydict()
    assert {"", "\u0001", "a\u0000b", '"formValues":[', "}],[{", "null", "\\N", "Total", "e\u0301"} <= set(
        truth["Text"]
    )
    assert {2**63 - 1, -(2**63 - 1), None} <= set(truth["Long Metric"])
    assert {date(1, 1, 1), date(9999, 12, 31), None} <= set(truth["Date"])
    assert Decimal("99999999999999999999.999999999999999999") in truth["Big Decimal"]
    assert {"", "null", None} <= set(truth["Text Metric"])
    assert all(None in values for name, values in truth.items() if name != "Row")


def test_elements_of_same_text_have_different_ids(client):
    unit = client.create("Awkward Values", limit=-1)["definition"]["grid"]["rows"][1]
    same_text = [element["id"] for element in unit["elements"] if element["formValues"] == ["Same"]]
    assert len(set(same_text)) == 2
    ids = [element["id"] for element in unit["elements"]]
    assert len(set(ids)) == len(ids)


def test_null_and_empty_elements_differ_by_id_only(client):
    units = client.create("Awkward Values", limit=-1)["definition"]["grid"]["rows"]
    text, three = units[1], units[-1]
    empty = {element["id"] for element in text["elements"] if element["formValues"] == [""]}
    assert empty == {f"h\\N;{text['id']}", f"h;{text['id']}"}
    assert {"formValues": ["", "", ""], "id": f"h\\N;{three['id']}"} in three["elements"]


def test_pages_join_to_the_whole(client, read):
    instance = client.create("Sales Cube", limit=1)["instanceId"]
    whole = read(client.page("Sales Cube", instance, limit=-1))
    joined = {name: [] for name in whole}
    for offset, limit in ((0, 300), (300, 1), (301, 5_000)):
        page = client.page("Sales Cube", instance, offset=offset, limit=limit, **RAW_ONLY)
        rows = min(limit, 1_000 - offset)
        assert page["data"]["paging"] == {"total": 1_000, "current": rows, "offset": offset, "limit": limit}
        for name, values in read(page).items():
            joined[name] += values
    assert joined == whole


def test_elements_are_local_and_ordered_by_first_appearance(client):
    instance = client.create("Sales Cube", limit=1)["instanceId"]
    page = client.page("Sales Cube", instance, offset=500, limit=200)
    for position, unit in enumerate(page["definition"]["grid"]["rows"]):
        indices = [row[position] for row in page["data"]["headers"]["rows"]]
        assert list(dict.fromkeys(indices)) == list(range(len(unit["elements"])))


def test_default_limit_is_a_thousand(new_client):
    with Simulator(rows=1_500) as sim:
        client = new_client(sim)
        client.login()
        assert client.create("Sales Cube")["data"]["paging"] == {
            "total": 1_500,
            "current": 1_000,
            "offset": 0,
            "limit": 1_000,
        }


def test_page_past_the_end_is_empty(client):
    instance = client.create("Sales Cube", limit=1)["instanceId"]
    page = client.page("Sales Cube", instance, offset=1_000, limit=10)
    assert page["data"]["paging"]["current"] == 0
    assert page["data"]["headers"]["rows"] == page["data"]["metricValues"]["raw"] == []
    assert all(unit["elements"] == [] for unit in page["definition"]["grid"]["rows"])


def test_fields_leave_members_out(client):
    full = client.create("Sales Cube", limit=3)["data"]["metricValues"]
    assert set(full) == {"raw", "formatted", "extras"}
    assert full["formatted"][0][0] == "$0.99"
    assert full["extras"] == [[{}] * 6] * 3
    assert set(client.create("Sales Cube", limit=3, **RAW_ONLY)["data"]["metricValues"]) == {"raw"}
    reply = client.send("POST", client.instances("Sales Cube"), fields="data.metricValues.raw")
    assert reply.error == (400, "ERR006", None)


def test_bounds_are_those_of_the_whole_cube(sim, client):
    (unit,) = client.create("Sales Cube", limit=3)["definition"]["grid"]["columns"]
    truth = sim.truth("Sales Cube")
    for metric in unit["elements"][:-1]:
        values = [value for value in truth[metric["name"]].to_pylist() if value is not None]
        as_page = Decimal if metric["dataType"] == "bigDecimal" else type(values[0])
        assert (as_page(metric["min"]), as_page(metric["max"])) == (min(values), max(values)), metric["name"]


def test_dates_follow_the_locale_without_the_flags(client, read):
    asked = client.send("GET", f"/api/v2/cubes/{client.sim.cubes['Awkward Values']}").json
    names = {
        unit["id"]: unit["name"]
        for kind in ("attributes", "metrics")
        for unit in asked["definition"]["availableObjects"][kind]
    }
    columns = read(client.create("Awkward Values", limit=1))
    first = {names[key.partition(":")[0]]: values[0] for key, values in columns.items()}
    assert (first["Date"], first["Time"], first["Moment"]) == ("1/31/2024", "10:20:30 AM", "1/31/2024 10:20:30 AM")
    assert first["Date Metric"] == "1/31/2024"


def test_layout_of_unusual_cubes(client):
    only_metrics = client.create("Only Metrics")
    assert only_metrics["data"]["headers"] == {"rows": [], "columns": [[0, 1]]}
    assert only_metrics["data"]["metricValues"]["raw"] == [[1, 0]]
    only_attributes = client.create("Only Attributes")
    assert "metricsPosition" not in only_attributes["definition"]["grid"]
    assert only_attributes["definition"]["grid"]["columns"] == only_attributes["data"]["headers"]["columns"] == []
    assert only_attributes["data"]["metricValues"] == {"raw": [], "formatted": [], "extras": []}
    no_rows = client.create("No Rows")
    assert no_rows["data"]["headers"] == {"rows": [], "columns": [[0, 1]]}
    assert no_rows["data"]["paging"]["total"] == 0


def test_unpublished_and_unknown_cubes(client):
    assert client.send("POST", client.instances("Not Published")).error == (500, "ERR001", -2147072488)
    assert client.send("POST", client.instances("0" * 32)).error == (404, "ERR004", -2147216373)


def test_requested_objects_choose_and_order_columns(sim, client, read, typed):
    objects = client.send("GET", f"/api/v2/cubes/{sim.cubes['Sales Cube']}").json["definition"]["availableObjects"]
    ids = {item["name"]: item["id"] for kind in ("attributes", "metrics") for item in objects[kind]}
    description = "CCFBE2A5EADB4F50941FB879CCF1721C"
    body = {
        "requestedObjects": {
            "attributes": [{"id": ids["Store"], "forms": [{"id": description}]}, {"id": ids["Order"]}],
            "metrics": [{"id": ids["Units"]}],
        }
    }
    columns = read(client.create("Sales Cube", body))
    assert [key.partition(":")[0] for key in columns] == [ids["Store"], ids["Order"], ids["Units"]]
    truth = sim.truth("Sales Cube", columns=["Store@DESC", "Order", "Units"])
    assert list(typed(columns, truth).values()) == [column.to_pylist() for column in truth.columns]


def test_projection_of_unknown_objects_is_refused(client):
    unknown = {"requestedObjects": {"attributes": [{"id": "F" * 32}]}}
    assert client.send("POST", client.instances("Sales Cube"), unknown).error == (400, "ERR006", None)


def test_nothing_requested_gives_nothing(client):
    page = client.create("Sales Cube", {"requestedObjects": {}})
    assert (page["definition"]["grid"]["rows"], page["data"]["paging"]["total"]) == ([], 0)


def test_oldest_instance_makes_room_for_a_new_one(sim, new_client):
    client = new_client(sim)
    client.login(workingSet=3)
    made = sim.instances_created
    first, second = (client.create("One Row")["instanceId"] for _ in range(2))
    client.create("One Row")
    client.page("One Row", first)
    client.create("One Row")
    assert sim.instances_created == made + 4
    assert client.page("One Row", first)["instanceId"] == first
    assert client.send("GET", f"{client.instances('One Row')}/{second}").error == (404, "ERR004", -2147468986)


def test_dropped_and_foreign_instances_are_not_found(new_client):
    with Simulator(rows=1) as sim:
        client, other = new_client(sim), new_client(sim)
        client.login()
        other.login()
        path = f"{client.instances('One Row')}/{client.create('One Row')['instanceId']}"
        assert other.send("GET", path).error == (404, "ERR004", -2147468986)
        sim.drop_instances()
        assert client.send("GET", path).error == (404, "ERR004", -2147468986)


def test_governor_shortens_pages(new_client, read):
    with Simulator(rows=1_000, cells_per_page=1_400) as sim:
        client = new_client(sim)
        client.login()
        page = client.create("Sales Cube", limit=500)
        assert page["data"]["paging"] == {"total": 1_000, "current": 100, "offset": 0, "limit": 500}
        assert {len(values) for values in read(page).values()} == {100}
        assert client.create("Sales Cube", limit=-1)["data"]["paging"]["current"] == 100


def test_shuffled_keys_change_the_order_and_nothing_else(client, new_client):
    with Simulator(rows=1_000, shuffle_keys=True) as shuffled:
        other = new_client(shuffled)
        other.login()
        for offset in (0, 1):
            plain = client.create("Sales Cube", offset=offset, limit=50)
            mixed = other.create("Sales Cube", offset=offset, limit=50)
            assert list(plain) != list(mixed) or list(plain["data"]) != list(mixed["data"])
            assert list(mixed["definition"]["grid"]["rows"][0]["elements"][0]) == ["id", "formValues"]
            assert {**mixed, "instanceId": ""} == {**plain, "instanceId": ""}


@pytest.mark.parametrize("chunked", [False, True])
def test_gzip_for_those_who_accept_it(new_client, chunked):
    with Simulator(rows=1_000, chunked=chunked) as sim:
        client = new_client(sim)
        client.login()
        plain = client.send("POST", client.instances("Sales Cube"))
        packed = client.send("POST", client.instances("Sales Cube"), headers={"Accept-Encoding": "gzip"})
        assert plain.headers["Content-Encoding"] is None
        assert packed.headers["Content-Encoding"] == "gzip"
        assert (plain.headers["Transfer-Encoding"] == "chunked") is chunked
        assert len(packed.body) < len(plain.body) / 3
        assert plain.json["data"] == unpacked(packed)["data"]
        seen, seen_packed = sim.requests[-2:]
        assert seen.answer_rows == seen_packed.answer_rows == 1_000
        assert seen.answer_bytes == seen.wire_bytes == len(plain.body)
        assert seen_packed.answer_bytes == len(gzip.decompress(packed.body))
        assert seen_packed.wire_bytes == len(packed.body)


def unpacked(reply):
    return json.loads(gzip.decompress(reply.body), parse_float=Decimal)


def test_gzip_can_be_off(new_client):
    with Simulator(rows=1_000, gzip=False) as sim:
        client = new_client(sim)
        client.login()
        reply = client.send("POST", client.instances("Sales Cube"), headers={"Accept-Encoding": "gzip"})
        assert reply.headers["Content-Encoding"] is None


def test_kept_pages_are_the_same_pages(new_client):
    with Simulator(rows=1_000, encode_once=True) as sim:
        client = new_client(sim)
        client.login()
        first, second = (client.create("Sales Cube", limit=100) for _ in range(2))
        assert first["instanceId"] != second["instanceId"]
        assert first["data"] == second["data"]
        other = client.create("Sales Cube", limit=100, standardDateFormat="true")
        assert other["definition"] != first["definition"]
        sim.fail(Fault.lying_page(total=5).on("POST"))
        lying = client.create("Sales Cube", limit=100)
        assert lying["data"]["paging"]["total"] == first["data"]["paging"]["total"] + 5
        assert client.create("Sales Cube", limit=100)["data"] == first["data"]

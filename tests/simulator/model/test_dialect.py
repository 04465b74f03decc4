from __future__ import annotations

import pytest

from mstr_arrow.simulator import Simulator

RAW_ONLY = {"fields": "-data.metricValues.formatted,-data.metricValues.extras"}


@pytest.fixture(scope="module")
def old():
    with Simulator(rows=20, iserver_version="11.1.0400.00123") as sim:
        yield sim


@pytest.fixture
def visitor(old, new_client):
    client = new_client(old)
    assert client.login(applicationType=35).status == 204
    return client


def test_status_tells_the_version(visitor):
    assert visitor.send("GET", "/api/status").json["iServerVersion"] == "11.1.0400.00123"


def test_application_type_of_python_is_refused(old, new_client):
    reply = new_client(old).login(applicationType=76)
    assert reply.status == 400
    assert "constraint violations" in reply.json["message"]


def test_fields_are_ignored(visitor):
    page = visitor.create("Sales Cube", limit=2, **RAW_ONLY)
    assert set(page["data"]["metricValues"]) == {"raw", "formatted", "extras"}


def test_subtotals_are_unknown_and_stay(old, visitor):
    path = f"/api/v2/reports/{old.reports['Report With Subtotals']}"
    page = visitor.send("POST", f"{path}/instances", {"subtotals": {"visible": False}}).json
    assert "subtotals" not in page["definition"]["grid"]
    assert "subtotals" not in visitor.send("GET", path).json["definition"]["grid"]
    assert page["data"]["paging"]["total"] == old.truth("Report With Subtotals", subtotals="keep").num_rows


def test_types_are_numbers(old, visitor):
    page = visitor.create("Awkward Values", limit=1)
    rows, (metrics,) = (page["definition"]["grid"][axis] for axis in ("rows", "columns"))
    types = {unit["name"]: (unit["forms"][0]["dataType"], unit["forms"][0]["baseFormType"]) for unit in rows}
    assert (types["Row"], types["Text"], types["Date"]) == ((1, 2), (33, 3), (14, 8))
    assert {metric["type"] for metric in metrics["elements"]} == {"Metric"}
    assert {metric["name"]: metric["dataType"] for metric in metrics["elements"]}["Double"] == 6
    definition = visitor.send("GET", f"/api/v2/cubes/{old.cubes['Awkward Values']}").json["definition"]
    assert definition["availableObjects"]["metrics"][0]["type"] == "Metric"


@pytest.mark.parametrize(
    ("version", "known"),
    [("11.2.0000", (False, False)), ("11.2.0100", (True, False)), ("11.2.0200", (True, True))],
)
def test_subtotals_came_before_fields(new_client, version, known):
    with Simulator(rows=2, iserver_version=version) as sim:
        client = new_client(sim)
        client.login()
        page = client.create("Sales Cube", **RAW_ONLY)
        has = "subtotals" in page["definition"]["grid"], "extras" not in page["data"]["metricValues"]
        assert has == known
        assert page["definition"]["grid"]["columns"][0]["elements"][0]["dataType"] == "double"

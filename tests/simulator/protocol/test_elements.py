from __future__ import annotations

import pytest


def attribute_id(client, kind, object_id, name):
    objects = client.send("GET", f"/api/v2/{kind}/{object_id}").json["definition"]["availableObjects"]
    return next(item["id"] for item in objects["attributes"] if item["name"] == name)


@pytest.mark.parametrize(("kind", "name"), [("cubes", "Awkward Values"), ("reports", "Plain Report")])
def test_elements_are_counted_and_linked(sim, client, kind, name):
    object_id = getattr(sim, kind)[name]
    attribute = attribute_id(client, kind, object_id, {"cubes": "Three Forms", "reports": "Store"}[kind])
    path = f"/api/{kind}/{object_id}/attributes/{attribute}/elements"
    whole = client.send("GET", path)
    total = len(whole.json)
    assert whole.headers["x-mstr-total-count"] == str(total)
    parts = [client.send("GET", path, offset=offset, limit=4) for offset in range(0, total, 4)]
    assert [element for part in parts for element in part.json] == whole.json
    first, last = parts[0].headers["Link"].split(", ")
    assert first.endswith('offset=0>; rel="first"')
    assert last.endswith(f'offset={(total - 1) // 4 * 4}>; rel="last"')
    assert all(element["id"].startswith(f"{attribute}:") for element in whole.json)


def test_elements_of_a_report_are_those_of_its_pages(sim, client):
    object_id = sim.reports["Plain Report"]
    attribute = attribute_id(client, "reports", object_id, "Store")
    listed = client.send("GET", f"/api/reports/{object_id}/attributes/{attribute}/elements").json
    page = client.send("POST", f"/api/v2/reports/{object_id}/instances", standardDateFormat="true").json
    unit = next(unit for unit in page["definition"]["grid"]["rows"] if unit["id"] == attribute)
    assert {tuple(element["formValues"]) for element in listed} == {
        tuple(element["formValues"]) for element in unit["elements"]
    }


def test_unknown_attribute_is_refused(sim, client):
    path = f"/api/reports/{sim.reports['Plain Report']}/attributes/{'0' * 32}/elements"
    assert client.send("GET", path).error == (400, "ERR006", None)


def test_elements_are_searched_and_their_forms_chosen(sim, client):
    cube = sim.cubes["Sales Cube"]
    store = attribute_id(client, "cubes", cube, "Store")
    path = f"/api/cubes/{cube}/attributes/{store}/elements"
    found = client.send("GET", path, searchTerm="OULU", limit=4)
    assert found.headers["x-mstr-total-count"] == "10"
    assert len(found.json) == 4
    assert all("Oulu" in element["formValues"][1] for element in found.json)
    (one,) = client.send("GET", path, searchTerm="1399").json
    assert one["id"] == f"{store}:1399"
    named = client.send("GET", path, baseFormIds="CCFBE2A5EADB4F50941FB879CCF1721C", searchTerm="1399")
    assert (named.json, named.headers["x-mstr-total-count"]) == ([], "0")
    first = client.send("GET", path, baseFormIds="CCFBE2A5EADB4F50941FB879CCF1721C", limit=1).json[0]
    assert len(first["formValues"]) == 1
    assert client.send("GET", path, baseFormIds="F" * 32).error == (400, "ERR006", None)

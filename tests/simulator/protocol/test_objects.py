from __future__ import annotations

import pytest

from mstr_arrow.simulator import Fault, FurtherProject, Simulator


def test_unknown_route_and_wrong_verb(client):
    assert client.send("GET", "/api/nope").error == (404, "ERR004", None)
    assert client.send("GET", "/api/nope").json["message"] == "HTTP 404 Not Found"
    assert client.send("DELETE", "/api/sessions").error == (405, "ERR001", None)
    assert client.send("DELETE", "/api/sessions").json["message"] == "HTTP 405 Method Not Allowed"


def test_project_header_is_demanded_and_must_be_known(client):
    path = "/api/searches/results"
    assert client.send("GET", path, headers={"X-MSTR-ProjectID": None}).error == (400, "ERR005", None)
    assert client.send("GET", path, headers={"X-MSTR-ProjectID": "F" * 32}).error == (404, "ERR004", -2147209151)


def test_projects_are_listed_and_found_by_name(sim, client):
    listed = client.send("GET", "/api/projects", headers={"X-MSTR-ProjectID": None}).json
    assert [(project["name"], project["id"]) for project in listed] == [("Simulated Retail", sim.project_id)]
    assert client.send("GET", "/api/projects/Simulated Retail").json == listed[0]
    assert client.send("GET", "/api/projects/Nothing").error == (404, "ERR004", None)


def test_further_projects_have_a_status_and_objects_of_their_own(new_client):
    finance, old = FurtherProject(name="Finance"), FurtherProject(name="Old", loaded=False)
    with Simulator(rows=50, further_projects=(finance, old, FurtherProject(name="Payroll", open=False))) as sim:
        client = new_client(sim)
        client.login()
        _, *listed = client.send("GET", "/api/projects").json
        sim.fail(Fault.error(500).on("GET", "/searches/", project="Finance"))
        asked = [
            client.send("GET", "/api/searches/results", headers={"X-MSTR-ProjectID": project}, limit=1, type=55)
            for project in (sim.project_id, *(each["id"] for each in (listed[0], *listed)))
        ]
    assert [(each["name"], each["status"]) for each in listed] == [("Finance", 0), ("Old", 1), ("Payroll", 0)]
    assert [reply.status for reply in asked] == [200, 500, 200, 404, 403]
    assert asked[2].json["totalItems"] == 2
    assert [reply.error[2] for reply in asked[3:]] == [-2147209151, None]


@pytest.mark.parametrize(
    ("name", "pattern", "found"),
    [
        ("sales cube", 2, ["Sales Cube"]),
        ("Sales", 2, []),
        ("cube", 1, ["Sales Cube"]),
        ("sales c", 3, ["Sales Cube"]),
        ("CUBE", 5, ["Sales Cube"]),
        ("only", 4, ["Only Attributes", "Only Metrics"]),
        ("row rows", 0, ["No Rows", "One Row"]),
        ("twice", 2, ["Twice", "Twice"]),
        ("Été & Größe 50 % +1 #☕", 2, ["Été & Größe 50 % +1 #☕"]),
    ],
)
def test_search_by_pattern(client, name, pattern, found):
    reply = client.send("GET", "/api/searches/results", name=name, pattern=pattern, type=[776, 779])
    assert [hit["name"] for hit in reply.json["result"]] == found
    assert (reply.json["totalItems"], reply.headers["x-mstr-total-count"]) == (len(found), str(len(found)))


def test_search_pages_and_filters_by_subtype(sim, client):
    everything = client.send("GET", "/api/searches/results", type=[776, 779]).json["result"]
    assert {hit["id"] for hit in everything} == set(sim.cubes.values())
    part = client.send("GET", "/api/searches/results", type=[776, 779], offset=1, limit=2).json
    assert part == {"totalItems": len(everything), "result": everything[1:3]}
    emma = client.send("GET", "/api/searches/results", type=779).json["result"]
    assert [hit["name"] for hit in emma if hit["extType"] == 0] == ["Sales Cube"]
    assert {hit["name"]: hit["viewMedia"] for hit in emma if hit["extType"] == 448} == {
        "Draft Model": 0,
        "Live Model": 0x10000,
        "Retail Model": 0,
    }


def test_ancestors_tell_cubes_of_one_name_apart(client):
    hits = client.send("GET", "/api/searches/results", name="Twice", pattern=2, getAncestors="true").json["result"]
    paths = sorted("/".join(folder["name"] for folder in hit["ancestors"]) for hit in hits)
    assert paths == ["Simulated Retail/Public Objects/Archive", "Simulated Retail/Public Objects/Reports"]
    assert [folder["level"] for folder in hits[0]["ancestors"]] == [3, 2, 1]


def test_object_by_id(sim, client):
    cube_id = sim.cubes["Awkward Values"]
    found = client.send("GET", f"/api/objects/{cube_id}", type=3).json
    assert (found["name"], found["type"], found["subtype"]) == ("Awkward Values", 3, 776)
    assert client.send("GET", f"/api/objects/{cube_id}", type=8).error == (404, "ERR004", -2147216373)
    assert client.send("GET", f"/api/objects/{'0' * 32}", type=3).error == (404, "ERR004", -2147216373)


def test_folders_lead_from_the_root_to_a_cube(client):
    (public,) = client.send("GET", "/api/folders").json
    folders = {folder["name"]: folder["id"] for folder in client.send("GET", f"/api/folders/{public['id']}").json}
    archive = client.send("GET", f"/api/folders/{folders['Archive']}").json
    assert (public["name"], [cube["name"] for cube in archive]) == ("Public Objects", ["Twice"])
    reports = client.send("GET", "/api/folders/preDefined/7").json
    assert "Sales Cube" in [entry["name"] for entry in reports]


def test_definition_lists_what_the_cube_offers(sim, client):
    cube_id = sim.cubes["Sales Cube"]
    definition = client.send("GET", f"/api/v2/cubes/{cube_id}").json
    objects = definition["definition"]["availableObjects"]
    store = next(attribute for attribute in objects["attributes"] if attribute["name"] == "Store")
    assert (definition["id"], definition["name"]) == (cube_id, "Sales Cube")
    assert [(form["name"], form["dataType"], form["baseFormType"]) for form in store["forms"]] == [
        ("ID", "integer", "number"),
        ("DESC", "nVarChar", "text"),
    ]
    assert {metric["name"]: metric["dataType"] for metric in objects["metrics"]}["Row Count - sales"] == "reserved"


def test_information_and_status_bits(sim, client):
    (info,) = client.send("GET", "/api/cubes", id=sim.cubes["Twice"]).json["cubesInfos"]
    assert (info["path"], info["status"] & 64) == ("\\Simulated Retail\\Public Objects\\Reports\\Twice", 64)
    head = client.send("HEAD", f"/api/cubes/{sim.cubes['Sales Cube']}")
    assert (head.status, head.headers["X-MSTR-CubeStatus"]) == (204, "17518")
    head = client.send("HEAD", f"/api/cubes/{sim.cubes['Not Published']}")
    assert head.headers["X-MSTR-CubeStatus"] == "0"


def test_elements_of_an_attribute(sim, client):
    cube_id = sim.cubes["Sales Cube"]
    attributes = client.send("GET", f"/api/v2/cubes/{cube_id}").json["definition"]["availableObjects"]["attributes"]
    channel = next(attribute["id"] for attribute in attributes if attribute["name"] == "Channel")
    reply = client.send("GET", f"/api/cubes/{cube_id}/attributes/{channel}/elements", offset=1, limit=5)
    assert reply.headers["x-mstr-total-count"] == "3"
    assert reply.json == [{"id": f"{channel}:{text}", "formValues": [text]} for text in ("Web", "Phone")]


def test_data_import_names_its_tables(sim, client):
    reply = client.send("GET", f"/api/datasets/{sim.cubes['Sales Cube']}", fields="tables,columns")
    assert [t["name"] for t in reply.json["result"]["definition"]["availableObjects"]["tables"]] == ["sales"]
    assert client.send("GET", f"/api/datasets/{sim.cubes['Twice']}").error == (500, "ERR001", None)


def test_metadata_search_is_stored_and_read_in_parts(sim, client):
    for version in ("", "v2/"):
        stored = client.send(
            "POST", f"/api/{version}metadataSearches/results", {}, type=768, name="report", pattern=4
        )
        part = {"searchId": stored.json["id"], "limit": 3}
        reply = client.send("GET", "/api/metadataSearches/results", **part, offset=1)
        names = sorted(name for name in sim.reports if "report" in name.lower())
        assert (stored.json["totalItems"], reply.headers["x-mstr-total-count"]) == (len(names), str(len(names)))
        assert [hit["name"] for hit in reply.json] == names[1:4]


def test_stored_searches_end_with_the_session_or_the_fourth(sim, client, new_client):
    path = "/api/metadataSearches/results"
    first, *_ = (client.send("POST", path, type=776).json["id"] for _ in range(4))
    assert client.send("GET", path, searchId=first).error == (404, "ERR004", None)
    last = client.send("POST", path, type=776).json["id"]
    other = new_client(sim)
    other.login()
    assert other.send("GET", path, searchId=last).status == 404
    assert client.send("GET", path, searchId=last).status == 200


def test_dashboards_are_told_from_documents_by_their_media_alone(client):
    hits = client.send("GET", "/api/searches/results", type=14081).json["result"]
    assert {hit["subtype"] for hit in hits} == {14081}
    dashboards = [hit["name"] for hit in hits if hit["viewMedia"] & 0xE800_0000 == 0x6000_0000]
    assert dashboards == ["Retail Overview"]

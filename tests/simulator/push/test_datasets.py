from __future__ import annotations

import base64
import json

import pytest

from mstr_arrow.simulator import Simulator

MISSING = "F" * 32


def dataset_id(client):
    return client.dataset.removeprefix("/api/datasets/")


def path_of(client, object_id):
    info = client.send("GET", f"/api/objects/{object_id}", type=3).json
    return [folder["name"] for folder in info["ancestors"]]


def found(client, **query):
    return [hit["name"] for hit in client.send("GET", "/api/searches/results", **query).json["result"]]


def test_definition_makes_an_unpublished_cube_in_my_reports(pusher, table):
    reply = pusher.define(table("sales", store="STRING", units="INTEGER"), description="By store")
    assert (reply.status, reply.json) == (200, {"id": dataset_id(pusher), "name": "Pushed"})
    assert path_of(pusher, dataset_id(pusher)) == ["Simulated Retail", "Profiles", "demo", "My Reports"]
    (hit,) = pusher.send("GET", "/api/searches/results", name="Pushed", type=779).json["result"]
    assert (hit["id"], hit["subtype"], hit["description"]) == (dataset_id(pusher), 779, "By store")
    (info,) = pusher.send("GET", "/api/cubes", id=dataset_id(pusher)).json["cubesInfos"]
    assert (info["path"], info["status"]) == ("\\Simulated Retail\\Profiles\\demo\\My Reports\\Pushed", 0)
    assert pusher.sim.dataset("Pushed")["sales"].num_rows == 0


def test_cube_definition_names_types_and_row_counts(pusher, table):
    types = ("STRING", "BOOL", "DATE", "TIME", "DATETIME", "KEY INTEGER", "KEY BIGINTEGER", "KEY DOUBLE")
    columns = {data_type.replace("KEY ", "key "): data_type for data_type in (*types, "KEY BIGDECIMAL", "DOUBLE")}
    pusher.define(table("sales", **columns))
    offered = pusher.send("GET", f"/api/v2/cubes/{dataset_id(pusher)}").json["definition"]["availableObjects"]
    assert {a["name"]: a["forms"][0]["dataType"] for a in offered["attributes"]} == {
        "STRING": "nVarChar",
        "BOOL": "bool",
        "DATE": "date",
        "TIME": "time",
        "DATETIME": "timeStamp",
        "key INTEGER": "integer",
        "key BIGINTEGER": "Int64",
        "key DOUBLE": "double",
        "key BIGDECIMAL": "bigDecimal",
    }
    assert {m["name"]: m["dataType"] for m in offered["metrics"]} == {
        "DOUBLE": "unknown",
        "Row Count - sales": "reserved",
    }


def test_dataset_describes_its_tables_and_columns(pusher, table):
    pusher.define(table("sales", store="STRING", units="INTEGER"), table("days", day="DATE"))
    reply = pusher.send("GET", pusher.dataset, fields="tables,columns").json
    objects = reply["result"]["definition"]["availableObjects"]
    assert [(t["name"], t["type"]) for t in objects["tables"]] == [("sales", 15), ("days", 15)]
    tables = {t["name"]: t["id"] for t in objects["tables"]}
    assert [(c["tableName"], c["columnName"], c["dataType"]) for c in objects["columns"]] == [
        ("sales", "store", 33),
        ("sales", "units", 1),
        ("days", "day", 14),
    ]
    assert all(column["tableId"] == tables[column["tableName"]] for column in objects["columns"])
    assert len({column["columnId"] for column in objects["columns"]}) == 3


def test_objects_that_are_no_pushed_datasets(pusher):
    olap, imported = (pusher.sim.cubes[name] for name in ("One Row", "Sales Cube"))
    assert pusher.send("GET", f"/api/datasets/{olap}").error == (500, "ERR001", None)
    assert pusher.send("GET", f"/api/datasets/{imported}").status == 200
    body = {"tables": [{"name": "sales", "updatePolicy": "add"}]}
    assert pusher.send("POST", f"/api/datasets/{olap}/uploadSessions", body).error == (500, "ERR001", None)
    refused = pusher.send("POST", f"/api/datasets/{imported}/uploadSessions", body)
    assert (refused.error, "'Sales Cube'" in refused.json["message"]) == ((400, "ERR006", None), True)
    assert pusher.send("POST", f"/api/datasets/{MISSING}/uploadSessions", body).status == 404


def test_same_name_in_the_folder_is_overwritten_under_its_id(pusher, table):
    pusher.define(table("sales", store="STRING"))
    first = dataset_id(pusher)
    pusher.push([["Lyon"]])
    assert pusher.define(table("days", day="DATE"), description="new").status == 200
    assert dataset_id(pusher) == first
    assert pusher.send("HEAD", f"/api/cubes/{first}").headers["X-MSTR-CubeStatus"] == "0"
    assert {name: t.num_rows for name, t in pusher.sim.dataset(first).items()} == {"days": 0}
    public = pusher.send("GET", "/api/folders/preDefined/1").json
    folder = next(entry["id"] for entry in public if entry["name"] == "Archive")
    pusher.define(table("days", day="DATE"), folderId=folder)
    assert dataset_id(pusher) != first
    assert path_of(pusher, dataset_id(pusher))[-1] == "Archive"


def test_old_server_does_not_overwrite(pushing, table):
    with Simulator(rows=1, iserver_version="11.2.0200.00123") as sim:
        client = pushing(sim)
        client.login()
        assert [client.define(table("days", day="DATE")).status for _ in range(2)] == [200, 400]


@pytest.mark.parametrize("name", ["Sales Cube", "One Row", "Metrics On Rows"])
def test_name_of_something_else_is_refused(pusher, table, name):
    (hit,) = pusher.send("GET", "/api/searches/results", name=name, pattern=2, getAncestors="true").json["result"]
    folder = hit["ancestors"][-1]["id"]
    refused = pusher.define(table("days", day="DATE"), name=name, folderId=folder)
    assert refused.error == (400, "ERR0015", None)
    assert pusher.define(table("days", day="DATE"), name=name).status == 200


def test_unknown_folder_and_wrong_definition(pusher, table):
    assert pusher.define(table("days", day="DATE"), folderId=MISSING).error == (404, "ERR004", -2147216373)
    assert pusher.define(table("days", day="CENTURY")).error == (400, "ERR006", None)
    assert pusher.send("POST", "/api/datasets/models", [1]).error == (400, "ERR006", None)


def test_deleted_dataset_is_gone(pusher, table):
    pusher.define(table("days", day="DATE"))
    pusher.push([["2024-01-31"]], name="days")
    path = f"/api/objects/{dataset_id(pusher)}"
    assert pusher.send("DELETE", path, type=8).status == 404
    assert [pusher.send("DELETE", path, type=3).status for _ in range(2)] == [204, 404]
    assert pusher.send("GET", pusher.dataset).error == (404, "ERR004", -2147216373)
    assert found(pusher, name="Pushed") == []
    assert "Pushed" not in pusher.sim.cubes
    with pytest.raises(KeyError):
        pusher.sim.dataset("Pushed")
    old = dataset_id(pusher)
    pusher.define(table("days", day="DATE"))
    assert dataset_id(pusher) != old


def test_samples_cannot_be_deleted(pusher):
    path = f"/api/objects/{pusher.sim.cubes['Sales Cube']}"
    assert pusher.send("DELETE", path, type=3).error == (403, "ERR0017", None)


def test_certification_is_shown_and_taken_back(pusher, table):
    pusher.define(table("days", day="DATE"))
    path = f"/api/objects/{dataset_id(pusher)}"
    for wanted in (True, False):
        assert pusher.send("PUT", f"{path}/certify/", type=3, certify=str(wanted)).status == 200
        pusher.push([["2024-01-31"]], name="days")
        (hit,) = pusher.send("GET", "/api/searches/results", name="Pushed").json["result"]
        info = pusher.send("GET", path, type=3).json
        assert [entry["certifiedInfo"]["certified"] for entry in (hit, info)] == [wanted, wanted]
    assert pusher.send("PUT", f"/api/objects/{MISSING}/certify", type=3, certify="true").status == 404


def test_folders_of_the_user(pusher, table):
    assert [f["name"] for f in pusher.send("GET", "/api/folders/myPersonalObjects").json] == ["My Reports"]
    assert pusher.send("GET", "/api/folders/preDefined/20").json == []
    pusher.define(table("days", day="DATE"))
    (mine,) = pusher.send("GET", "/api/folders/preDefined/20").json
    assert (mine["name"], mine["id"]) == ("Pushed", dataset_id(pusher))
    root = pusher.send("GET", "/api/folders/preDefined/39").json
    assert root == pusher.send("GET", "/api/folders").json
    assert [entry["name"] for entry in root] == ["Profiles", "Public Objects"]
    (folder,) = pusher.send("GET", "/api/folders/myPersonalObjects").json
    assert pusher.send("GET", f"/api/folders/{folder['id']}").json == [mine]
    assert found(pusher, root=folder["id"]) == ["Pushed"]
    assert "Pushed" not in found(pusher, root=root[1]["id"])


def test_folder_pages(pusher):
    reports = pusher.send("GET", "/api/folders/preDefined/7")
    part = pusher.send("GET", "/api/folders/preDefined/7", offset=1, limit=2)
    assert part.json == reports.json[1:3]
    assert part.headers["x-mstr-total-count"] == str(len(reports.json))


def test_new_folder(pusher, table):
    (public,) = (f for f in pusher.send("GET", "/api/folders").json if f["name"] == "Public Objects")
    made = pusher.send("POST", "/api/folders", {"name": "Imports", "parent": public["id"]})
    assert (made.status, made.json["name"], made.json["type"]) == (201, "Imports", 8)
    again = pusher.send("POST", "/api/folders", {"name": "Imports", "parent": public["id"]})
    assert again.error == (400, "ERR0015", None)
    assert pusher.send("POST", "/api/folders", {"name": "Imports", "parent": MISSING}).status == 404
    pusher.define(table("days", day="DATE"), folderId=made.json["id"])
    assert [e["name"] for e in pusher.send("GET", f"/api/folders/{made.json['id']}").json] == ["Pushed"]


@pytest.mark.parametrize(("size", "status"), [(None, 403), (31_457_280, 200)])
def test_upload_limit_of_the_project(new_client, size, status):
    with Simulator(rows=1, max_data_upload_size=size) as sim:
        client = new_client(sim)
        client.login()
        reply = client.send("GET", f"/api/v2/projects/{sim.project_id}/settings")
        assert reply.status == status
        assert (
            reply.json["code"] == "ERR0017" if size is None else reply.json["maxDataUploadSize"] == {"value": size}
        )
        assert client.send("GET", f"/api/v2/projects/{MISSING}/settings").status == 404


def test_project_as_an_object(client, sim):
    info = client.send("GET", f"/api/objects/{sim.project_id}", type=32).json
    assert (info["name"], info["type"], info["status"]) == ("Simulated Retail", 32, 0)


def records(*rows):
    return base64.b64encode(json.dumps(rows).encode()).decode()


def test_single_request_defines_publishes_and_changes(pusher, table):
    parts = table("sales", store="STRING", units="INTEGER", price="BIGDECIMAL")
    lyon, oulu = {"store": "Lyon", "units": 3, "price": 1.25}, {"units": 4, "price": None, "store": "Oulu"}
    body = {
        "name": "Single",
        "tables": [{**parts["table"], "data": records(lyon)}],
        "attributes": parts["attributes"],
        "metrics": parts["metrics"],
    }
    created = pusher.send("POST", "/api/datasets", body)
    assert (created.status, created.json["tables"][0]["name"]) == (200, "sales")
    pusher.dataset = f"/api/datasets/{created.json['id']}"
    for policy, status in (("add", 204), ("insert", 400)):
        for name in ("sales", created.json["tables"][0]["id"]):
            path = f"{pusher.dataset}/tables/{name}"
            reply = pusher.send("PATCH", path, {"data": records(oulu)}, headers={"updatePolicy": policy})
            assert reply.status == status
    assert [row["units"] for row in pusher.read("store", "units")] == [3, 8]
    assert pusher.open(policy="add").status == 200
    path = f"{pusher.dataset}/tables/sales"
    for data in (records({"store": "Lyon"}), records([1]), None):
        assert pusher.send("PATCH", path, {"data": data}, headers={"updatePolicy": "add"}).status == 400
    unknown = f"{pusher.dataset}/tables/nothing"
    assert pusher.send("PATCH", unknown, {"data": records()}, headers={"updatePolicy": "add"}).status == 404


def test_single_request_with_wrong_data_makes_nothing(pusher, table):
    parts = table("sales", units="INTEGER")
    body = {"name": "Single", "tables": [{**parts["table"], "data": records({"units": "x"})}]}
    assert pusher.send("POST", "/api/datasets", body | {"metrics": parts["metrics"]}).error == (400, "ERR006", None)
    assert found(pusher, name="Single") == []


def test_dataset_of_an_upload_session_takes_no_single_request(pusher, table):
    pusher.define(table("sales", units="INTEGER"))
    path = f"{pusher.dataset}/tables/sales"
    reply = pusher.send("PATCH", path, {"data": records({"units": 1})}, headers={"updatePolicy": "add"})
    assert reply.error == (400, "ERR006", None)

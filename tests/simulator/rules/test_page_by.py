from __future__ import annotations

import pyarrow as pa
import pytest

ISO = {"standardDateFormat": "true", "standardRawDateFormat": "true"}
NAMES = ["Paged", "Paged By Two", "Paged By Three", "Paged Types", "Paged Cross-tab"]


class Paged:
    """An instance of a report with page-by."""

    def __init__(self, client, name, body=None, **query) -> None:
        self.client = client
        self.id = client.sim.reports[name]
        self.created = client.send("POST", f"/api/v2/reports/{self.id}/instances", body, **ISO, **query)
        self.path = f"/api/v2/reports/{self.id}/instances/{self.created.json.get('instanceId')}"

    def elements(self, **query):
        return self.client.send("GET", f"{self.path}/pageBy/elements", **query)

    def turn(self, body):
        return self.client.send("PUT", self.path, body, limit=-1, **ISO)


def page_ids(told, item):
    return [{"id": unit["elements"][index]["id"]} for unit, index in zip(told["pageBy"], item, strict=True)]


def page_texts(told, item):
    """Give a text for each form of the elements of a page."""
    texts = []
    for unit, index in zip(told["pageBy"], item, strict=True):
        element = unit["elements"][index]
        null = element["id"] == f"h\\N;{unit['id']}"
        texts += [None if null else text for text in element["formValues"]]
    return texts


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", NAMES)
def test_all_pages_together_are_the_truth(sim, client, read_report, typed, name):
    instance = Paged(client, name)
    told = instance.elements().json
    truth = sim.truth(name)
    rows = []
    for item in told["validPageByElements"]["items"]:
        page = instance.turn({"currentPageBy": page_ids(told, item)}).json
        assert page["data"]["currentPageBy"] == item
        assert page["definition"]["grid"]["pageBy"] == told["pageBy"]
        front = page_texts(told, item)
        rows += [[*front, *texts, *values.values()] for texts, values, _ in read_report([page])]
    columns = dict(enumerate(zip(*rows, strict=True)))
    found = typed({n: list(values) for n, values in columns.items()}, truth)
    assert found == {column: truth[column].to_pylist() for column in truth.column_names}


def test_definition_and_instance_name_the_page_by_units(client, sim):
    grid = client.send("GET", f"/api/v2/reports/{sim.reports['Paged By Two']}").json["definition"]["grid"]
    assert [unit["name"] for unit in grid["pageBy"]] == ["Year", "Region"]
    assert [unit["name"] for unit in grid["rows"]] == ["Category", "Channel"]
    assert all("elements" not in unit for unit in grid["pageBy"])
    page = Paged(client, "Paged By Two", limit=2).created.json
    assert [len(unit["elements"]) for unit in page["definition"]["grid"]["pageBy"]] == [4, 5]
    assert page["data"]["currentPageBy"] == [0, 1]
    assert page["data"]["paging"]["total"] == 12


def test_page_is_chosen_at_creation_and_kept_by_changes_that_name_none(client):
    ids = page_ids(Paged(client, "Paged By Two").elements().json, [2, 3])
    instance = Paged(client, "Paged By Two", {"currentPageBy": ids, "subtotals": {"visible": False}})
    assert instance.created.json["data"]["currentPageBy"] == [2, 3]
    grid = instance.created.json["definition"]["grid"]
    fewer = {"requestedObjects": {"attributes": [{"id": grid["rows"][0]["id"]}], "metrics": []}}
    changed = instance.turn(fewer).json
    assert (changed["data"]["currentPageBy"], changed["data"]["paging"]["total"]) == ([2, 3], 4)
    read = client.send("GET", instance.path, limit=1).json
    assert (read["data"]["currentPageBy"], read["data"]["paging"]["total"]) == ([2, 3], 4)


def test_pages_without_data_and_nonsense_are_refused(client):
    instance = Paged(client, "Paged By Two")
    told = instance.elements().json
    assert [0, 0] not in told["validPageByElements"]["items"]
    right = page_ids(told, [0, 1])
    for wrong, message in (
        (page_ids(told, [0, 0]), "not a valid combination"),
        (right[::-1], "Invalid element id"),
        ([{"id": "h1;0"}, right[1]], "Invalid element id"),
        (right[:1], "takes 2 elements"),
        ({"id": right[0]["id"]}, "takes 2 elements"),
    ):
        reply = instance.turn({"currentPageBy": wrong})
        assert reply.error == (400, "ERR006", None)
        assert message in reply.json["message"]
        assert Paged(client, "Paged By Two", {"currentPageBy": wrong}).created.status == 400
    assert client.send("GET", instance.path).json["data"]["currentPageBy"] == [0, 1]
    plain = Paged(client, "Plain Report", {"currentPageBy": right})
    assert plain.created.error == (400, "ERR006", None)


def test_combinations_come_in_parts_of_a_thousand_at_most(sim, client):
    instance = Paged(client, "Paged Many", limit=1)
    first = instance.elements().json["validPageByElements"]
    assert first["paging"] == {"total": 1500, "current": 1000, "offset": 0, "limit": 1000}
    for limit in (-1, 5000):
        assert instance.elements(limit=limit).json["validPageByElements"] == first
    rest = instance.elements(offset=1000, limit=600).json["validPageByElements"]
    assert rest["paging"] == {"total": 1500, "current": 500, "offset": 1000, "limit": 600}
    items = [tuple(item) for item in [*first["items"], *rest["items"]]]
    assert len(set(items)) == 1500
    truth = sim.truth("Paged Many")
    assert truth.column_names[:3] == ["Store@ID", "Store@DESC", "Month"]
    assert len(truth.group_by(["Store@ID", "Month"]).aggregate([])) == 1500


def test_data_types_differ_between_pages(sim, client):
    instance = Paged(client, "Paged Types")
    told = instance.elements().json
    types = []
    for item in told["validPageByElements"]["items"]:
        page = instance.turn({"currentPageBy": page_ids(told, item)}).json
        (metrics,) = page["definition"]["grid"]["columns"]
        types.append(metrics["elements"][0]["dataType"])
        values = [row[0] for row in page["data"]["metricValues"]["raw"]]
        assert all(isinstance(value, int) for value in values) == (types[-1] in {"short", "integer"})
    assert types == ["short", "double", "integer", "double", "double"]
    assert sim.truth("Paged Types").schema.field("Share").type == pa.float64()


def test_prompts_come_before_pages_and_decide_which_there_are(sim, client):
    instance = Paged(client, "Paged And Prompted", {"currentPageBy": []})
    assert instance.created.json["status"] == 2
    assert instance.elements().error == (400, "ERR0010", None)
    path = f"{instance.path.replace('/v2', '')}/prompts/answers"
    chosen = [{"name": "West"}, {"name": "North"}]
    assert (
        client.send("PUT", path, {"prompts": [{"name": "Regions", "type": "ELEMENTS", "answers": chosen}]}).status
        == 204
    )
    told = instance.elements().json
    items = told["validPageByElements"]["items"]
    assert {item[1] for item in items} == {0, 3}
    assert len(items) == 4
    rows = 0
    for item in items:
        rows += instance.turn({"currentPageBy": page_ids(told, item)}).json["data"]["paging"]["total"]
    assert rows == len(sim.truth("Paged And Prompted", answers={"Regions": ["West", "North"]}))
    assert instance.turn({"currentPageBy": page_ids(told, [0, 1])}).error == (400, "ERR006", None)


def test_answers_may_leave_no_page(sim, client):
    instance = Paged(client, "Paged And Prompted")
    path = f"{instance.path.replace('/v2', '')}/prompts/answers"
    answers = [
        {"name": "Regions", "type": "ELEMENTS", "answers": [{"name": "West"}]},
        {"name": "Least Units", "type": "VALUE", "answers": "9999"},
    ]
    assert client.send("PUT", path, {"prompts": answers}).status == 204
    page = client.send("GET", instance.path).json
    assert (page["data"]["paging"]["total"], page["data"]["currentPageBy"]) == (0, [])
    assert instance.elements().json["validPageByElements"]["items"] == []
    assert len(sim.truth("Paged And Prompted", answers={"Regions": "West", "Least Units": 9999})) == 0

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mstr_arrow.simulator import Simulator

ASYNC = {"Prefer": "respond-async"}
ISO = {"standardDateFormat": "true", "standardRawDateFormat": "true"}
CONDITIONS = {
    "Which Rows": lambda ids: {
        "operator": "And",
        "operands": [
            {
                "operator": "In",
                "operands": [
                    {"type": "attribute", "id": ids["Region"]},
                    {"type": "elements", "elements": [{"id": f"h1;{ids['Region']}"}, {"id": f"{ids['Region']}:5"}]},
                ],
            },
            {
                "operator": "Less",
                "operands": [
                    {
                        "type": "form",
                        "attribute": {"id": ids["Year"]},
                        "form": {"id": "45C11FA478E745FEA08D781CEA190FE5"},
                    },
                    {"type": "constant", "dataType": "Real", "value": "2024"},
                ],
            },
        ],
    },
    "How Much": lambda ids: {
        "operator": "Greater",
        "operands": [
            {"type": "metric", "id": ids["Units"]},
            {"type": "constant", "dataType": "Real", "value": "150"},
        ],
    },
}


class Asked:
    """An instance of a report that asks back."""

    def __init__(self, client, name, body=None, *, headers=None, **query) -> None:
        self.client, self.name = client, name
        self.id = client.sim.reports[name]
        self.created = client.send("POST", f"/api/v2/reports/{self.id}/instances", body, headers=headers, **query)
        self.v2 = f"/api/v2/reports/{self.id}/instances/{self.created.json['instanceId']}"
        self.path = self.v2.replace("/v2", "")

    def prompts(self, **query):
        return self.client.send("GET", f"{self.path}/prompts", **query).json

    def prompt(self, name):
        return next(prompt for prompt in self.prompts() if prompt["name"] == name)

    def choices(self, prompt, kind, **query):
        return self.client.send("GET", f"{self.path}/prompts/{prompt}/{kind}", **query)

    def answer(self, *prompts):
        return self.client.send("PUT", f"{self.path}/prompts/answers", {"prompts": list(prompts)})

    def value(self, name, answer):
        return self.answer({"name": name, "type": "VALUE", "answers": answer})

    def page(self, **query):
        return self.client.send("GET", self.v2, **ISO, **query)

    def rows(self, read):
        """Read the result as rows by name, texts and JSON values."""
        page = self.page(limit=-1).json
        assert page["status"] == 1, page
        columns = read(page)
        assert page["data"]["paging"]["total"] == page["data"]["paging"]["current"]
        return [list(row) for row in zip(*columns.values(), strict=True)]


@pytest.fixture
def asked(client):
    return lambda name, *arguments, **options: Asked(client, name, *arguments, **options)


def true_rows(sim, name, **answers):
    table = sim.truth(name, answers=answers)
    columns = [
        [value.isoformat() if isinstance(value, date) else value for value in column.to_pylist()]
        for column in table.columns
    ]
    texts = [name in {"Year", "Region", "Category", "Item", "Day"} for name in table.column_names]
    return [
        [str(value) if text else Decimal(str(value)) for value, text in zip(row, texts, strict=True)]
        for row in zip(*columns, strict=True)
    ]


def test_report_asks_in_place_of_data(asked):
    instance = asked("Prompted Value")
    assert instance.created.json == {
        "id": instance.id,
        "name": "Prompted Value",
        "instanceId": instance.v2.rpartition("/")[2],
        "status": 2,
    }
    assert instance.page().json["status"] == 2
    assert "data" not in instance.page().json


def test_prompts_are_described_with_their_bounds(client, asked):
    listed = client.send("GET", f"/api/reports/{client.sim.reports['Prompted Value']}/prompts").json
    number, text, day = listed
    assert asked("Prompted Value").prompts() == listed
    assert (number["name"], number["title"], number["type"]) == ("Least Revenue", "Revenue of at least", "VALUE")
    assert (number["required"], number["closed"], number["dataType"]) == (True, False, "NUMERIC")
    assert (number["min"], number["max"]) == (0, 250_000)
    assert (text["dataType"], text["min"], text["max"]) == ("TEXT", 1, 6)
    assert (day["dataType"], day["min"]) == ("DATE", "2022-01-01T00:00:00.000+0000")
    assert number["key"] == f"{number['id']}@0@10"


def test_values_decide_which_rows_come(sim, asked, read):
    instance = asked("Prompted Value")
    reply = instance.answer(
        {"name": "Least Revenue", "type": "VALUE", "answers": "1000.5"},
        {"key": instance.prompt("Region Begins With")["key"], "type": "VALUE", "answers": ["N"]},
        {"id": instance.prompt("First Day")["id"], "type": "VALUE", "answers": "2023-02-01T00:00:00.000+0000"},
    )
    assert (reply.status, reply.body) == (204, b"")
    answers = {"Least Revenue": 1000.5, "Region Begins With": "N", "First Day": date(2023, 2, 1)}
    rows = instance.rows(read)
    assert rows == true_rows(sim, "Prompted Value", **answers)
    assert 0 < len(rows) < 48
    assert all(row[5] >= 1000 and row[1] == "North" and row[4] >= "2023-02-01" for row in rows)
    assert instance.prompts(closed="false") == []
    assert instance.prompt("Least Revenue")["answers"] == "1000.5"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"Least Revenue": "-1"}, "does not meet the minimum required value(0)"),
        ({"Least Revenue": 250_001}, "exceeds the maximum allowed value(250000"),
        ({"Least Revenue": "many"}, "is not of data type NUMERIC"),
        ({"Least Revenue": True}, "is not of data type NUMERIC"),
        ({"Region Begins With": "Nowhere"}, "exceeds the maximum allowed(6) text length"),
        ({"Region Begins With": 7}, "is not of data type TEXT"),
        ({"First Day": "2021-12-31T00:00:00.000+0000"}, "does not meet the minimum date range"),
        ({"First Day": "2026-01-01T00:00:00.000+0000"}, "exceeds the maximum date range"),
        ({"First Day": "2023-02-01"}, "is not of data type DATE"),
        ({"First Day": ""}, "This is a required prompt"),
    ],
)
def test_wrong_values_are_refused(asked, answers, message):
    right = {"Least Revenue": 1, "Region Begins With": "N", "First Day": "2023-02-01T00:00:00.000+0000"}
    instance = asked("Prompted Value")
    reply = instance.answer(
        *({"name": name, "type": "VALUE", "answers": value} for name, value in (right | answers).items())
    )
    assert reply.error == (400, "ERR006", None)
    assert message in reply.json["message"]
    assert [prompt["closed"] for prompt in instance.prompts()] == [False] * 3


def test_missing_unknown_and_mistaken_prompts_are_refused(asked):
    instance = asked("Prompted Value")
    for answer, message in (
        ({"name": "Least Revenue", "type": "VALUE", "answers": 5}, "This is a required prompt"),
        ({"key": "0@0@10", "name": "Least Revenue", "type": "VALUE", "answers": 5}, "by either key: 0@0@10"),
        ({"id": "0", "type": "VALUE", "answers": 5}, "by either id: 0"),
        ({"name": "Revenue", "type": "VALUE", "answers": 5}, "by either name: Revenue"),
        ({"name": "Least Revenue", "type": "OBJECTS", "answers": []}, "this prompt is of type VALUE"),
        ({"name": "Least Revenue", "answers": 5}, "type"),
        ({"name": "Least Revenue", "useDefault": True}, "no default answer"),
    ):
        reply = instance.answer(answer)
        assert reply.error == (400, "ERR006", None)
        assert message in reply.json["message"]


def test_elements_come_in_parts_and_are_searched(asked):
    instance = asked("Prompted Elements")
    prompt = instance.prompt("Suppliers")
    assert prompt["source"]["type"] == 12
    first = instance.choices(prompt["key"], "elements").json["elements"]
    assert (len(first), first[0]) == (100, {"id": f"h1;{prompt['source']['id']}", "name": "Alpine Bakery"})
    listed = []
    while part := instance.choices(prompt["id"], "elements", offset=len(listed), limit=200).json["elements"]:
        listed += part
    assert (len(listed), len({element["id"] for element in listed})) == (1_250, 1_250)
    found = instance.choices(prompt["key"], "elements", searchPattern="twin").json["elements"]
    assert [element["name"] for element in found] == ["Twin & Co"] * 2
    assert instance.choices(prompt["key"], "elements", limit=201).error == (400, "ERR006", None)
    assert instance.choices("0@0@10", "elements").error == (400, "ERR006", None)


def test_elements_are_answered_by_id_or_name(sim, asked, read):
    instance = asked("Prompted Elements")
    year, supplier = (instance.prompt(name)["source"]["id"] for name in ("Year", "Suppliers"))
    ids = [f"h600;{supplier}", f"{supplier}:601", f"h1101;{supplier};Twin & Co", f"h99999;{supplier}"]
    reply = instance.answer(
        {"name": "Year", "type": "ELEMENTS", "answers": [{"name": "2022"}]},
        {"name": "Suppliers", "type": "ELEMENTS", "answers": [*({"id": n} for n in ids), {"name": "Amber Bakery"}]},
    )
    assert reply.status == 204, reply.body
    rows = instance.rows(read)
    assert [row[1] for row in rows] == ["5050", "5600", "6100"]
    assert year
    truth = sim.truth("Prompted Elements", answers={"Year": 2022, "Suppliers": [f"h600;{supplier}"]})
    assert truth.num_rows == 0


def test_wrong_elements_are_refused(asked):
    instance = asked("Prompted Elements")
    supplier = instance.prompt("Suppliers")["source"]["id"]
    year = {"name": "Year", "type": "ELEMENTS", "answers": [{"name": "2022"}]}
    many = [{"id": f"h{n};{supplier}"} for n in range(1, 402)]
    for answers, message in (
        ([{"name": "Nobody"}], "Unable to find elements that match Nobody"),
        ([{"id": f"h99999;{supplier}"}], "Prompt validation failed. This is a required prompt."),
        ([], "Prompt validation failed. This is a required prompt."),
        (many, "exceeds the maximum allowed(400"),
        ("Twin & Co", "a list of elements"),
    ):
        reply = instance.answer(year, {"name": "Suppliers", "type": "ELEMENTS", "answers": answers})
        assert reply.error == (400, "ERR006", None)
        assert message in reply.json["message"]
    two = {"name": "Year", "type": "ELEMENTS", "answers": [{"name": "2022"}, {"name": "2023"}]}
    assert "exceeds" in instance.answer(two).json["message"]


def test_same_prompt_twice_has_two_keys(sim, asked, read):
    instance = asked("Prompted Twice")
    first, second = instance.prompts()
    assert (first["id"], first["name"]) == (second["id"], second["name"])
    assert (first["key"], second["key"]) == (f"{first['id']}@0@10", f"{first['id']}@1@10")
    instance.answer(
        {"key": second["key"], "type": "ELEMENTS", "answers": [{"name": "2024"}]},
        {"key": first["key"], "type": "ELEMENTS", "answers": [{"name": "2023"}]},
    )
    rows = instance.rows(read)
    assert {row[0] for row in rows} == {"2023", "2024"}
    assert rows == true_rows(sim, "Prompted Twice", **{first["key"]: 2023, second["key"]: 2024})
    assert sim.truth("Prompted Twice", answers={first["key"]: 2024, second["key"]: 2023}).num_rows == 0


def test_nested_prompts_appear_one_level_at_a_time(sim, asked, read):
    instance = asked("Prompted Nested")
    assert [prompt["name"] for prompt in instance.prompts()] == ["Category"]
    instance.answer({"name": "Category", "type": "ELEMENTS", "answers": [{"name": "Été & Co"}]})
    assert instance.page().json["status"] == 2
    assert [(p["name"], p["closed"]) for p in instance.prompts()] == [("Category", True), ("Items", False)]
    offered = instance.choices(instance.prompt("Items")["key"], "elements").json["elements"]
    assert [element["name"] for element in offered] == ["Parasol", "Hammock", "Lantern"]
    chosen = [{"name": "Parasol"}, {"name": "Lantern"}]
    foreign = instance.answer({"name": "Items", "type": "ELEMENTS", "answers": [{"name": "Kite"}]})
    assert foreign.error == (400, "ERR006", None)
    instance.answer({"name": "Items", "type": "ELEMENTS", "answers": chosen})
    assert [p["name"] for p in instance.prompts(closed="false")] == ["Least Units"]
    instance.answer({"name": "Least Units", "useDefault": True})
    expected = {"Category": "Été & Co", "Items": ["Parasol", "Lantern"]}
    assert instance.rows(read) == true_rows(sim, "Prompted Nested", **expected)
    assert len(instance.rows(read)) == 40


def test_nested_prompts_end_early_where_an_answer_says_so(asked):
    instance = asked("Prompted Nested")
    instance.answer({"name": "Category", "type": "ELEMENTS", "answers": [{"name": "Toys"}]})
    instance.answer({"name": "Items", "type": "ELEMENTS", "answers": [{"name": "Kite"}]})
    assert instance.page().json["data"]["paging"]["total"] == 20


def test_objects_decide_the_columns(sim, asked, read):
    instance = asked("Prompted Objects")
    prompt = instance.prompt("Metrics")
    objects = instance.choices(prompt["key"], "objects").json["objects"]
    assert [(found["name"], found["type"]) for found in objects] == [
        ("Revenue", "metric"),
        ("Units", "metric"),
        ("Cost", "metric"),
    ]
    assert prompt["defaultAnswer"] == objects[:1]
    attributes = instance.choices(instance.prompt("Attributes")["key"], "objects", limit=2, offset=1).json[
        "objects"
    ]
    assert [found["name"] for found in attributes] == ["Region", "Category"]
    instance.answer(
        {"name": "Metrics", "type": "OBJECTS", "answers": [{"id": objects[1]["id"], "type": 4}]},
        {"name": "Attributes", "type": "OBJECTS", "answers": [{"id": attributes[0]["id"], "type": "attribute"}]},
    )
    rows = instance.rows(read)
    assert (len(rows), len(rows[0])) == (5, 2)
    assert rows == true_rows(sim, "Prompted Objects", Metrics="Units", Attributes=["Region"])


def test_wrong_objects_are_refused(asked):
    instance = asked("Prompted Objects")
    metrics = instance.choices(instance.prompt("Metrics")["key"], "objects").json["objects"]
    attribute = instance.choices(instance.prompt("Attributes")["key"], "objects").json["objects"][0]
    for answers, message in (
        (metrics, "exceeds the maximum allowed(2"),
        ([{"id": attribute["id"], "type": "metric"}], f"Unable to find object {attribute['id']}"),
        ([{"id": metrics[0]["id"], "type": 12}], "does not match"),
    ):
        reply = instance.answer({"name": "Metrics", "type": "OBJECTS", "answers": answers})
        assert reply.error == (400, "ERR006", None)
        assert message in reply.json["message"]


def test_conditions_decide_which_rows_come(sim, asked, read):
    instance = asked("Prompted Expression")
    attributes = instance.choices(instance.prompt("Which Rows")["key"], "objects").json
    metrics = instance.choices(instance.prompt("How Much")["key"], "objects").json["objects"]
    assert [form["name"] for form in attributes[0]["forms"]] == ["ID"]
    ids = {found["name"]: found["id"] for found in [*attributes, *metrics]}
    trees = {name: make(ids) for name, make in CONDITIONS.items()}
    reply = instance.answer(
        *({"name": name, "type": "EXPRESSION", "answers": {"expression": tree}} for name, tree in trees.items())
    )
    assert reply.status == 204, reply.body
    rows = instance.rows(read)
    assert rows == true_rows(sim, "Prompted Expression", **trees)
    assert {(row[0], row[1]) for row in rows} <= {(y, r) for y in ("2022", "2023") for r in ("North", "Übersee")}
    assert rows
    assert all(row[6] > 150 for row in rows)


def test_wrong_conditions_are_refused(asked):
    instance = asked("Prompted Expression")
    ids = {f["name"]: f["id"] for f in instance.choices(instance.prompt("Which Rows")["key"], "objects").json}
    right = CONDITIONS["Which Rows"](ids)
    for tree, message in (
        ({}, "no expression"),
        ({"operator": "And", "operands": [right, right]}, "exceeds the maximum allowed(3"),
        (CONDITIONS["How Much"]({"Units": "F" * 32}), "Unable to find object"),
        ({"operator": "Nor", "operands": right["operands"]}, "Invalid operator"),
    ):
        reply = instance.answer({"name": "Which Rows", "type": "EXPRESSION", "answers": {"expression": tree}})
        assert reply.error == (400, "ERR006", None)
        assert message in reply.json["message"]
    assert instance.prompts(closed="true") == []


def test_default_condition_holds_where_none_is_given(sim, asked, read):
    instance = asked("Prompted Expression")
    ids = {f["name"]: f["id"] for f in instance.choices(instance.prompt("Which Rows")["key"], "objects").json}
    tree = CONDITIONS["Which Rows"](ids)
    instance.answer({"name": "Which Rows", "type": "EXPRESSION", "answers": {"expression": tree}})
    rows = instance.rows(read)
    assert rows == true_rows(sim, "Prompted Expression", **{"Which Rows": tree})
    assert min(row[6] for row in rows) > 20
    assert len(sim.truth("Prompted Expression", answers={"Which Rows": tree, "How Much": None})) > len(rows)


def test_level_decides_what_a_metric_adds_up(sim, asked, read):
    instance = asked("Prompted Level")
    objects = instance.choices(instance.prompt("Revenue Level")["key"], "objects").json["objects"]
    assert [(found["name"], found["type"]) for found in objects] == [
        ("Year", "ATTRIBUTE"),
        ("Region", "ATTRIBUTE"),
        ("Category", "ATTRIBUTE"),
    ]
    units = {"units": [{"id": found["id"]} for found in objects[1:]]}
    assert instance.answer({"name": "Revenue Level", "type": "LEVEL", "answers": units}).status == 204
    rows = instance.rows(read)
    assert rows == true_rows(sim, "Prompted Level", **{"Revenue Level": ["Region", "Category"]})
    own = sum(row[5] for row in rows if (row[1], row[2]) == ("East", "Toys"))
    assert {row[8] for row in rows if (row[1], row[2]) == ("East", "Toys")} == {own}


def test_optional_prompts_are_closed_or_keep_their_default(sim, asked, read):
    instance = asked("Prompted Optional")
    assert instance.answer().status == 204
    assert {row[1] for row in instance.rows(read)} == {"North", "East"}
    assert instance.rows(read) == true_rows(sim, "Prompted Optional")
    instance = asked("Prompted Optional")
    instance.answer(
        {"name": "Most Units", "type": "VALUE", "answers": "50"},
        {"name": "Regions", "type": "ELEMENTS", "answers": []},
        {"name": "Items", "type": "ELEMENTS", "answers": []},
    )
    rows = instance.rows(read)
    assert {row[1] for row in rows} == {"North", "South", "East", "West", "Übersee"}
    assert rows == true_rows(sim, "Prompted Optional", **{"Most Units": 50, "Regions": None})


def test_unsupported_prompt_is_only_left_alone(asked):
    instance = asked("Prompted Unsupported")
    wrong = instance.answer({"name": "Strange", "type": "UNSUPPORTED", "answers": "7"})
    assert wrong.error == (400, "ERR006", None)
    assert instance.answer({"name": "Strange", "answers": []}).status == 204
    assert instance.page().json["data"]["paging"]["total"] == 240


def test_answers_of_the_older_form(asked):
    instance = asked("Prompted Elements")
    year, suppliers = instance.prompts()
    element = instance.choices(year["key"], "elements").json["elements"][0]
    supplier = instance.choices(suppliers["key"], "elements").json["elements"][0]
    body = {
        "messageName": "ignored",
        "answers": [
            {"key": year["key"], "values": [element["id"]]},
            {"key": suppliers["key"], "values": [supplier["id"]]},
        ],
    }
    assert instance.client.send("POST", f"{instance.path}/promptsAnswers", body).status == 204
    assert instance.page().json["data"]["paging"]["total"] == 1
    optional = asked("Prompted Optional")
    assert optional.client.send("POST", f"{optional.path}/promptsAnswers", {"answers": []}).status == 204
    assert optional.page().json["status"] == 1


def test_nothing_but_answers_is_possible_while_prompts_are_open(asked):
    instance = asked("Prompted Optional")
    assert instance.client.send("PUT", instance.v2, {}).error == (400, "ERR0010", None)
    assert instance.client.send("GET", f"{instance.v2}/pageBy/elements").error == (400, "ERR0010", None)
    instance.answer()
    assert instance.client.send("PUT", instance.v2, {}).status == 200
    assert instance.client.send("GET", f"{instance.v2}/pageBy/elements").status == 200
    assert instance.answer().error == (400, "ERR0010", None)


def test_manipulation_of_the_creation_waits_for_the_answers(asked):
    region = asked("Prompted Objects")
    objects = region.choices(region.prompt("Attributes")["key"], "objects").json["objects"]
    body = {"requestedObjects": {"attributes": [{"id": objects[1]["id"]}], "metrics": []}}
    instance = asked("Prompted Optional", body)
    assert instance.created.json["status"] == 2
    instance.answer()
    assert instance.page().json["data"]["paging"]["total"] == 2
    changed = instance.client.send(
        "PUT", instance.v2, {"requestedObjects": {"attributes": [{"id": objects[0]["id"]}]}}
    )
    assert changed.json["data"]["paging"]["total"] == 4
    wrong = asked("Prompted Optional", {"requestedObjects": {"metrics": [{"id": "0"}]}})
    assert wrong.answer().status == 204
    assert wrong.page().error == (400, "ERR006", None)


def test_execution_of_a_prompted_report_starts_with_the_last_answer(new_client):
    with Simulator(rows=10, report_seconds=60) as sim:
        client = new_client(sim)
        client.login()
        instance = Asked(client, "Prompted Optional", headers=ASYNC)
        assert (instance.created.status, instance.created.json["status"]) == (202, 23)
        statuses = [client.send("GET", f"{instance.path}/status") for _ in range(2)]
        assert [(told.status, told.json["status"]) for told in statuses] == [(202, 23), (200, 2)]
        assert instance.answer().status == 204
        told = client.send("GET", f"{instance.path}/status")
        assert (told.status, told.json["status"]) == (202, 8)
        sim.finish_jobs()
        assert instance.page().json["status"] == 1
        assert client.send("GET", f"{instance.path}/status").status == 200


def test_prepared_report_asks_and_runs_when_its_page_is_asked_for(client):
    plain = Asked(client, "Plain Report", executionStage="resolve_prompts")
    assert (plain.created.status, plain.created.json["status"], "data" in plain.created.json) == (200, 1, False)
    assert plain.page().json["data"]["paging"]["total"] == 280
    instance = Asked(client, "Prompted Optional", executionStage="resolve_prompts")
    assert instance.created.json["status"] == 2
    instance.answer()
    assert instance.page().json["status"] == 1
    wrong = client.send("POST", f"/api/v2/reports/{plain.id}/instances", executionStage="soon")
    assert wrong.error == (400, "ERR006", None)


def test_everything_at_once(sim, asked, read):
    instance = asked("Prompted Everything")
    objects = instance.choices(instance.prompt("Which Rows")["key"], "objects").json
    level = instance.choices(instance.prompt("Revenue Level")["key"], "objects").json["objects"][0]["id"]
    tree = CONDITIONS["Which Rows"]({found["name"]: found["id"] for found in objects})
    twice = [prompt["key"] for prompt in instance.prompts()[:2]]
    reply = instance.answer(
        *({"key": key, "type": "ELEMENTS", "answers": [{"name": "2023"}]} for key in twice),
        {"name": "Least Revenue", "type": "VALUE", "answers": "7"},
        {"name": "First Day", "type": "VALUE", "answers": "2022-01-01T00:00:00.000+0000"},
        {"name": "Which Rows", "type": "EXPRESSION", "answers": {"expression": tree}},
        {"name": "Metrics", "useDefault": True},
        {"name": "Revenue Level", "type": "LEVEL", "answers": {"units": [{"id": level}]}},
    )
    assert reply.status == 204, reply.body
    instance.answer({"name": "Category", "type": "ELEMENTS", "answers": [{"name": "Music"}]})
    instance.answer({"name": "Items", "type": "ELEMENTS", "answers": [{"name": "Drum"}]})
    answers = {
        **dict.fromkeys(twice, 2023),
        "Least Revenue": 7,
        "First Day": date(2022, 1, 1),
        "Which Rows": tree,
        "Revenue Level": "Year",
        "Category": "Music",
        "Items": "Drum",
    }
    rows = instance.rows(read)
    assert rows == true_rows(sim, "Prompted Everything", **answers)
    assert len(rows) == 2


def test_truth_refuses_answers_that_do_not_fit(sim):
    with pytest.raises(ValueError, match="required prompt"):
        sim.truth("Prompted Value")
    with pytest.raises(KeyError, match="Colour"):
        sim.truth("Prompted Optional", answers={"Colour": "red"})
    with pytest.raises(KeyError, match="no prompts"):
        sim.truth("Plain Report", answers={"Year": 2023})


def test_old_servers_write_types_as_numbers(new_client):
    with Simulator(rows=2, iserver_version="11.1.0400.00123") as sim:
        client = new_client(sim)
        client.login(applicationType=35)
        instance = Asked(client, "Prompted Objects")
        assert instance.prompt("Metrics")["defaultAnswer"][0]["type"] == 4
        value = Asked(client, "Prompted Value")
        assert [prompt["dataType"] for prompt in value.prompts()] == [3, 8, 14]

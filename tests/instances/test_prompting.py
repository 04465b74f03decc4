"""Prompts against a server that a test scripts: what the simulator, being sane, does not do."""

import asyncio

import orjson
import pytest
from aiohttp import web

from mstr_arrow import prompts as p
from mstr_arrow.errors import InvalidRequest, PromptsOpen, ProtocolError, UsageError
from mstr_arrow.instances import prompting
from mstr_arrow.instances.prompt_choices import Offer
from mstr_arrow.instances.prompt_list import list_prompts
from mstr_arrow.instances.prompting import Prompting
from mstr_arrow.prompts.collection import Answers
from mstr_arrow.prompts.listed import read_prompts

PATH = "v2/reports/R1/instances"
PLACE = "/api/reports/R1/instances/I1"
A = "8D679D3711D3E4981000E787EC6DE8A4"
YEAR = {"key": "A1@0@10", "id": "A1", "name": "Year", "type": "VALUE", "required": True, "dataType": "NUMERIC"}
REGION = {"key": "B2@0@10", "id": "B2", "name": "Region", "type": "ELEMENTS", "required": True}


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    monkeypatch.setattr(prompting, "_PAUSE", 0.001)


@pytest.fixture
def asking(library):
    """Have the server list these prompts, and close the instance's prompts with these answers."""

    def asking(*prompts, status=204, **answers):
        library.on("GET", f"{PLACE}/prompts", json=list(prompts))
        library.on("PUT", f"{PLACE}/prompts/answers", status=status, **answers)

    return asking


@pytest.fixture
def close(retail):
    """Answer what is open; return the object that does, to go on."""

    def close(answers, going_on=None):
        one = going_on or Prompting(retail._client.http, "reports/R1", Answers.of(answers))
        retail._client.run(one.close("I1"))
        return one

    return close


def sent(library):
    bodies = [body for (method, _), body in zip(library.requests, library.bodies, strict=True) if method == "PUT"]
    return orjson.loads(bodies[-1])["prompts"]


def listing(library, count, *, total=True, names=str, most=200):
    """Offer so many elements, searchable by what they contain."""

    async def elements(request):
        pattern = request.query.get("searchPattern", "")
        every = [{"id": f"h{n};{A}", "name": names(n)} for n in range(count)]
        found = [item for item in every if pattern.casefold() in item["name"].casefold()]
        offset, limit = int(request.query["offset"]), min(most, int(request.query["limit"]))
        headers = {"x-mstr-total-count": str(len(found))} if total else {}
        return web.json_response({"elements": found[offset : offset + limit]}, headers=headers)

    library.on("GET", f"{PLACE}/prompts/B2@0@10/elements", elements)


def lookups(library):
    return library.count("GET", f"{PLACE}/prompts/B2@0@10/elements")


def test_a_level_is_answered_in_one_request(library, asking, close):
    asking(YEAR, {**REGION, "required": False})
    close({"Year": 2024})
    assert sent(library) == [
        {"key": "A1@0@10", "type": "VALUE", "answers": "2024"},
        {"key": "B2@0@10", "type": "ELEMENTS", "answers": []},
    ]


def test_prompts_that_were_answered_are_left_alone(library, asking, close):
    asking({**YEAR, "closed": True}, REGION)
    close({"Region": f"h1;{A}", "Year": 1})
    assert [each["key"] for each in sent(library)] == ["B2@0@10"]


def test_a_missing_answer_is_told_with_its_choices(library, asking, close):
    asking(YEAR, REGION)
    listing(library, 12, names="East {}".format)
    with pytest.raises(
        PromptsOpen, match=r"'Region': elements, required, of 'East 0', .* … \(12 in all\)"
    ) as caught:
        close({"Year": 2024})
    assert [prompt.name for prompt in caught.value.prompts] == ["Region"]
    assert not library.count("PUT", f"{PLACE}/prompts/answers")


def test_choices_that_nobody_counts_are_many(library, asking, close):
    asking(REGION)
    listing(library, 450, total=False)
    with pytest.raises(PromptsOpen, match=r"'5' … \(many more\)") as caught:
        close({})
    assert caught.value.prompts[0].choice_count is None


def test_a_prompt_asked_twice_is_told_once(asking, close):
    asking(YEAR, {**YEAR, "key": "A1@1@10"})
    with pytest.raises(PromptsOpen, match=r"asked 2 times, keys A1@0@10, A1@1@10\)\.") as caught:
        close({})
    assert caught.value.hint.endswith("report.prompts({'Year': 1}).")
    assert len(caught.value.prompts) == 2


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("most", [200, 100])
def test_elements_are_found_on_any_page(library, asking, close, total, most):
    asking(REGION)
    listing(library, 450, names="East {}".format, total=total, most=most)
    close({"Region": ["East 0", "East 199", "East 449"]})
    assert [each["id"] for each in sent(library)[0]["answers"]] == [f"h{n};{A}" for n in (0, 199, 449)]


def test_names_are_searched_for_where_there_are_many_elements(library, asking, close):
    asking(REGION)
    listing(library, 100_000, names="Store {}".format)
    close({"Region": ["Store 77777"]})
    assert sent(library)[0]["answers"] == [{"id": f"h77777;{A}", "name": "Store 77777"}]
    assert lookups(library) == 2


def test_many_names_are_found_by_reading_all(library, asking, close):
    asking(REGION)
    listing(library, 1_000, names="Store {}".format)
    close({"Region": [f"Store {n}" for n in range(0, 1_000, 20)]})
    assert [each["id"] for each in sent(library)[0]["answers"]] == [f"h{n};{A}" for n in range(0, 1_000, 20)]
    assert lookups(library) <= 6


def test_ids_are_not_looked_up(library, asking, close):
    asking(REGION)
    close({"Region": [f"h7;{A}", f"{A}:8"]})
    assert [each["id"] for each in sent(library)[0]["answers"]] == [f"h7;{A}", f"h8;{A}"]
    assert lookups(library) == 0


@pytest.mark.parametrize("count", [150, 450])
def test_a_name_of_several_elements_is_refused_with_their_ids(library, asking, close, count):
    asking(REGION)
    listing(library, count, names=lambda n: "Springfield" if n in {3, count - 1} else f"City {n}")
    with pytest.raises(UsageError, match="'Springfield' is the name of 2 elements of 'Region'") as caught:
        close({"Region": "Springfield"})
    assert f"h3;{A}" in caught.value.hint
    assert f"h{count - 1};{A}" in caught.value.hint


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("count", "where"), [(150, ""), (450, ""), (20_000, " among the first 10,000, nor by searching")]
)
def test_a_name_of_none_is_refused_with_near_names(library, asking, close, count, where):
    asking(REGION)
    listing(library, count, names="City {}".format)
    with pytest.raises(UsageError, match=f"does not offer 'Citty 7'{where}[.] Did") as caught:
        close({"Region": "Citty 7"})
    assert "'City 7'" in caught.value.hint


def test_a_refusal_names_the_prompt(asking, close):
    refusal = {"code": "ERR006", "message": "The value(9) provided for prompt key: A1@0@10 exceeds the maximum"}
    asking(YEAR, {**REGION, "required": False}, json=refusal, status=400)
    with pytest.raises(InvalidRequest, match="the answer to 'Year' was refused: The value"):
        close({"Year": 9})


def test_a_server_that_asks_the_same_again_is_left_in_the_end(asking, close):
    asking(YEAR)
    one = close({"Year": 2024})
    for _ in range(prompting.PATIENCE):
        close(None, one)
    with pytest.raises(ProtocolError, match="asks for 'Year' again and again, though everything was answered"):
        close(None, one)


def test_a_server_that_waits_and_asks_nothing_is_left_in_the_end(asking, close):
    asking()
    one = close({})
    for _ in range(prompting.PATIENCE - 1):
        close(None, one)
    with pytest.raises(ProtocolError, match="waits for answers, and asks nothing"):
        close(None, one)


def test_a_level_that_shows_late_is_waited_for(library, asking, close):
    asking(YEAR)
    one = close({"Year": 2024, "Region": f"h1;{A}"})
    close(None, one)
    asking({**YEAR, "closed": True}, REGION)
    close(None, one)
    assert sent(library)[0]["key"] == "B2@0@10"


def test_unused_answers_are_told_at_the_end(asking, close):
    asking(YEAR)
    one = close({"Year": 2024, "Regoin": "East"})
    with pytest.raises(UsageError, match="no prompt 'Regoin' was asked"):
        one.finish()


def test_a_name_that_comes_to_mean_two_prompts_is_refused(asking, close):
    asking(YEAR)
    one = close({"Year": 2024})
    asking({**YEAR, "closed": True}, {**YEAR, "key": "C3@0@10", "id": "C3"})
    with pytest.raises(UsageError, match="'Year' is more than one prompt"):
        close(None, one)


def test_a_server_without_the_list_is_asked_by_an_instance(library, retail):
    library.on("POST", f"/api/{PATH}", json={"instanceId": "I1", "id": "R1", "status": 2})
    library.on("GET", f"{PLACE}/prompts", json=[YEAR])
    found = retail._client.run(list_prompts(retail._client.session, "R1"))
    assert [prompt.name for prompt in found.prompts] == ["Year"]
    assert found.place == "reports/R1/instances/I1"


def test_a_list_of_values_needs_no_instance(library, retail):
    library.on("GET", "/api/reports/R1/prompts", json=[YEAR])
    found = retail._client.run(list_prompts(retail._client.session, "R1"))
    assert ([prompt.name for prompt in found.prompts], found.place) == (["Year"], None)


def test_prompts_that_only_the_list_knows_come_last(library, retail):
    later = {**REGION, "key": "C3@0@10", "id": "C3", "name": "Later"}
    library.on("GET", "/api/reports/R1/prompts", json=[later, REGION])
    library.on("POST", f"/api/{PATH}", json={"instanceId": "I1", "id": "R1", "status": 2})
    library.on("GET", f"{PLACE}/prompts", json=[REGION])
    listing(library, 3)
    region, last = retail._client.run(list_prompts(retail._client.session, "R1")).prompts
    assert [choice.name for choice in region.choices] == ["0", "1", "2"]
    assert (region.choice_count, last.name, last.choices) == (3, "Later", None)


def test_a_report_that_asks_nothing(library, retail):
    library.on("GET", "/api/reports/R1/prompts", json=[])
    library.on("POST", f"/api/{PATH}", json={"instanceId": "I1", "id": "R1", "status": 1})
    assert retail._client.run(list_prompts(retail._client.session, "R1")).prompts == ()


def test_answers_to_prompts_of_a_report_that_asks_nothing(retail):
    one = Prompting(retail._client.http, "reports/R1", Answers.of({"Year": 2024}))
    with pytest.raises(UsageError, match="answers to 'Year', but nothing is asked"):
        one.finish()


def test_an_offer_is_read_by_search(library, retail):
    listing(library, 450, names="East {}".format)
    offer = Offer(retail._client.http, "reports/R1/instances/I1", read_prompts([REGION])[0])

    async def read():
        return await asyncio.gather(offer.all("East 44"), offer.all(at_most=200), offer.all())

    assert [(len(found), count) for found, count in retail._client.run(read())] == [
        (11, 11),
        (200, 450),
        (450, 450),
    ]


def test_the_default_of_a_required_prompt_is_asked_for(library, asking, close):
    asking(YEAR)
    close({"Year": p.default()})
    assert sent(library) == [{"key": "A1@0@10", "type": "VALUE", "useDefault": True}]

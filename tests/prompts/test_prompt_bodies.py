from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from mstr_arrow import col
from mstr_arrow import prompts as p
from mstr_arrow.errors import UsageError
from mstr_arrow.prompts.answers import answer_of
from mstr_arrow.prompts.bodies import as_asked, automatic, entry
from mstr_arrow.prompts.choosing import by_id, find
from mstr_arrow.prompts.listed import read_choices, read_prompts
from mstr_arrow.prompts.model import Choice, describe
from mstr_arrow.prompts.words import lines, prompts_open

REGION = "8D679D3711D3E4981000E787EC6DE8A4"
REVENUE = Choice("4C05177011D3E877C000B3B2D86C964F", "Revenue", "metric")
COST = Choice("7FD5B69611D5AC76C000D98A4CC5F24F", "Cost", 4)
YEAR = Choice(REGION, "Year", "attribute", (("ID", "45C11FA478E745FEA08D781CEA190FE5"), ("Long", "F0" * 16)))


@pytest.fixture
def body(ask):
    """Write the answer to a prompt, without its key and type."""

    def body(prompt_type, given, chosen=(), **facts):
        prompt = ask("It", prompt_type, **facts)
        written = entry(prompt, as_asked(prompt, answer_of(given, "It")), chosen)
        assert written.pop("key") == prompt.key
        assert written.pop("type") == prompt_type
        return written

    return body


def test_each_type_has_its_own_body(body):
    east = Choice(f"h1;{REGION}", "East")
    assert body("VALUE", 2024, kind="number") == {"answers": "2024"}
    assert body("ELEMENTS", ["East"], [east]) == {"answers": [{"id": east.id, "name": "East"}]}
    assert body("OBJECTS", "Cost", [COST]) == {"answers": [{"id": COST.id, "type": 4}]}
    assert body("LEVEL", ["Year"], [YEAR]) == {"answers": {"units": [{"id": REGION}]}}
    for prompt_type in ("VALUE", "ELEMENTS", "OBJECTS", "EXPRESSION", "LEVEL"):
        assert body(prompt_type, p.default()) == {"useDefault": True}
        empty = {} if prompt_type in {"EXPRESSION", "LEVEL"} else []
        assert body(prompt_type, None, required=False) == {"answers": empty}


def test_an_expression_is_sent_in_the_grammar_of_filters(body):
    metric = {"type": "metric", "id": REVENUE.id}
    number = {"type": "constant", "dataType": "Int64", "value": "10"}
    expected = {"answers": {"expression": {"operator": "Greater", "operands": [metric, number]}}}
    assert body("EXPRESSION", col("Revenue") > 10, [REVENUE]) == expected
    pytest.importorskip("sqlglot")
    assert body("EXPRESSION", "Revenue > 10", [REVENUE]) == expected


def test_bodies_in_the_servers_words_are_sent_as_they_are(body):
    tree = {"operator": "Greater", "operands": []}
    assert body("EXPRESSION", tree) == {"answers": {"expression": tree}}
    assert body("EXPRESSION", {"expression": tree, "content": "x"}) == {
        "answers": {"expression": tree, "content": "x"}
    }
    assert body("EXPRESSION", {"xml": "<exp/>"}) == {"answers": {"xml": "<exp/>"}}
    level = {"units": [{"id": REGION}], "canContinue": False}
    assert body("LEVEL", level) == {"answers": level}


@pytest.mark.parametrize(
    ("condition", "operator", "operands"),
    [
        (col("Year@ID") == 2024, "Equals", ["form", "BigDecimal:2024"]),
        (col("Year") != "2024", "NotEqual", ["form", "Char:2024"]),
        (col("Year@Long").starts_with("20"), "BeginsWith", ["form", "Char:20"]),
        (~col("Year").contains("20"), "NotContains", ["form", "Char:20"]),
        (col("Year").is_null(), "IsNull", ["form"]),
        (col("Year").is_not_null(), "IsNotNull", ["form"]),
        (col("Revenue").between(1, Decimal("2.50")), "Between", ["metric", "Int64:1", "BigDecimal:2.50"]),
        (col("Revenue") <= 0.1, "LessEqual", ["metric", "BigDecimal:0.1"]),
        (col("Revenue") < col("Cost"), "Less", ["metric", "metric"]),
        (col("Revenue").top(5), "Rank.Top", ["metric", "Int64:5"]),
        (col("Revenue").bottom_percent(12.5), "Percent.Bottom", ["metric", "Char:12.5%"]),
        (col("Year") >= date(2024, 1, 31), "GreaterEqual", ["form", "Date:1/31/2024"]),
        (col("Year") > datetime(2024, 1, 31, 13, 5), "Greater", ["form", "TimeStamp:1/31/2024 1:05:00 PM"]),
        (col("Year") > time(0, 5), "Greater", ["form", "Time:12:05:00 AM"]),
        (col("Year").is_in([2023, 2024]), "In", ["form", "BigDecimal:2023,2024"]),
        (col("Year").not_in(["a", "b"]), "NotIn", ["form", "Char:a,b"]),
        (col("Year").has_elements(["h1;A"]), "In", ["attribute", "h1;A"]),
        (col("Year").lacks_elements(["h1;A"]), "NotIn", ["attribute", "h1;A"]),
    ],
)
def test_conditions_of_every_kind(body, condition, operator, operands):
    node = body("EXPRESSION", condition, [REVENUE, COST, YEAR])["answers"]["expression"]
    assert (node["operator"], [short(operand) for operand in node["operands"]]) == (operator, operands)


def short(operand):
    match operand:
        case {"dataType": kind, "value": value}:
            return f"{kind}:{value}"
        case {"dataType": kind, "values": values}:
            return f"{kind}:{','.join(values)}"
        case {"elements": elements}:
            return ",".join(element["id"] for element in elements)
    return operand["type"]


def test_conditions_are_joined(body):
    condition = (col("Revenue") > 1) & ((col("Revenue") < 5) | col("Cost").is_in([1, 2]))
    node = body("EXPRESSION", condition, [REVENUE, COST])["answers"]["expression"]
    assert node["operator"] == "And"
    assert [part["operator"] for part in node["operands"]] == ["Greater", "Or"]
    assert [part["operator"] for part in node["operands"][1]["operands"]] == ["Less", "Or"]


def test_forms_are_named_by_name_and_id(body):
    for name, form in (
        ("Year", "45C11FA478E745FEA08D781CEA190FE5"),
        ("Year@Long", "F0" * 16),
        ("Year@" + "a" * 32, "A" * 32),
    ):
        node = body("EXPRESSION", col(name) == 1, [YEAR])["answers"]["expression"]
        assert node["operands"][0] == {"type": "form", "attribute": {"id": REGION}, "form": {"id": form}}


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (col("Profit") > 1, "does not offer 'Profit'"),
        (col("Profit@ID") > 1, "does not offer 'Profit@ID'"),
        (col("Year@Short") > 1, "'Year' of the prompt 'It' has no form 'Short'"),
        (col("Year") == True, "cannot be answered with True"),  # noqa: E712 - a condition
        (
            col("Year") > datetime(2024, 1, 31, tzinfo=UTC),
            "a moment in a zone. The server compares by its own clock",
        ),
        (col("Year") > time(10, 20, tzinfo=UTC), "a moment in a zone"),
        (~col("Revenue").top(2), "cannot be answered with"),
        (col("Year").is_in([1, "a"]), "cannot be answered with"),
    ],
)
def test_conditions_that_cannot_be_sent(body, condition, message):
    with pytest.raises(UsageError, match=message):
        body("EXPRESSION", condition, [REVENUE, YEAR])


@pytest.mark.parametrize(
    ("prompt_type", "given", "message"),
    [
        ("VALUE", [1, 2], "takes one value"),
        ("VALUE", p.elements("East"), "does not fit the prompt 'It': a value"),
        ("ELEMENTS", col("Revenue") > 1, "does not fit the prompt 'It': elements"),
        ("OBJECTS", p.level("Year"), "does not fit"),
        ("EXPRESSION", 3, "does not fit the prompt 'It': a condition"),
        ("LEVEL", {"operator": "x", "operands": []}, "does not fit"),
        ("UNSUPPORTED", 3, "does not fit"),
        ("ELEMENTS", [], "'It' is required, so its answer cannot be empty"),
    ],
)
def test_an_answer_of_another_type_is_refused(body, prompt_type, given, message):
    with pytest.raises(UsageError, match=message):
        body(prompt_type, given)


@pytest.mark.parametrize(
    ("count", "message"), [(1, "takes at least 2 elements, not 1"), (4, "at most 3 elements, not 4")]
)
def test_the_number_of_elements_is_bounded(body, count, message):
    with pytest.raises(UsageError, match=message):
        body("ELEMENTS", ["x"] * count, minimum=2, maximum=3)


def test_what_nobody_answers(ask):
    assert automatic(ask(required=True, default=2024)) is None
    assert automatic(ask(required=False, default=2024)) == p.default()
    assert automatic(ask(required=False)) == p.empty()
    assert automatic(ask(required=False, default=[])) == p.empty()
    assert automatic(ask(required=False, default={"content": "", "expression": {}})) == p.empty()


def test_elements_are_named_by_ids_of_either_spelling(ask):
    region = ask("Region", "ELEMENTS", source_id=REGION, source_name="Region", source_type=12)
    assert by_id(region, f"h4;{REGION}").id == f"h4;{REGION}"
    assert by_id(region, f"{REGION}:4").id == f"h4;{REGION}"
    assert by_id(region, f"h4;{REGION};40K-50K").id == f"h4;{REGION};40K-50K"
    assert by_id(region, "East") is by_id(region, 4) is by_id(ask("M", "OBJECTS"), REGION) is None
    with pytest.raises(UsageError, match="element of another attribute than 'Region'"):
        by_id(region, f"h4;{'A' * 32}")


def test_choices_are_found_by_name(ask):
    region = ask("Region", "ELEMENTS")
    choices = [Choice("h1;A", "East"), Choice("h2;A", "EAST"), Choice("h3;A", "West"), Choice("h4;A", "West")]
    assert find(region, "East", choices).id == "h1;A"
    assert find(region, "h4;a", choices).id == "h4;A"
    assert find(region, "North", choices) is None
    assert find(region, date(2024, 1, 5), [Choice("h9;A", "01/05/2024")]).id == "h9;A"
    assert find(region, date(2024, 1, 5), [Choice("h9;A", "1/5/2024")]).id == "h9;A"
    assert find(region, 2024, [Choice("h9;A", "2024")]).id == "h9;A"
    for name in ("West", "east"):
        with pytest.raises(UsageError, match=f"'{name}' is the name of 2 elements of 'Region'") as caught:
            find(region, name, choices)
        assert "'h" in caught.value.hint


def test_the_servers_lists_are_read():
    listed = [
        {"key": "K@0@10", "id": "K", "name": "Date", "title": "Which?", "type": "VALUE", "required": True}
        | {
            "dataType": "DATE",
            "min": "2018-09-26T00:00:00.000+0000",
            "defaultAnswer": "2018-09-27T00:00:00.000+0000",
        },
        {"key": "M@0@10", "name": "M", "type": "ELEMENTS", "required": False, "closed": True, "max": 2}
        | {
            "source": {"id": REGION, "name": "Region", "type": 12},
            "defaultAnswer": [{"id": "h1;A", "name": "East"}],
        },
        {"key": "X@0@10", "title": "Odd", "type": "SOMETHING NEW"},
    ]
    day, region, odd = read_prompts({"prompts": listed})
    assert (day.kind, day.title, day.minimum) == ("date", "Which?", "2018-09-26T00:00:00.000+0000")
    assert repr(day) == "<Prompt 'Date': a date from 2018-09-26 on, required, default 2018-09-27>"
    assert (region.id, region.closed, region.source_id) == ("M", True, REGION)
    assert describe(region) == "'M': up to 2 elements of Region, optional, default East"
    assert (odd.name, odd.type, odd.required) == ("Odd", "UNSUPPORTED", False)
    assert len(lines([day, region, odd])) == 4
    assert lines([]) == []
    objects = read_choices(
        [{"id": "A1", "name": "Day", "type": "attribute", "forms": [{"id": "F1", "name": "ID"}]}]
    )
    assert objects == [Choice("A1", "Day", "attribute", (("ID", "F1"),))]
    assert read_choices({"objects": [{"id": "A1"}]}) == read_choices({"elements": [{"id": "A1"}]})


def test_null_is_no_prompt():
    assert read_prompts(None) == read_prompts({"prompts": None}) == read_choices({"objects": []}) == []


@pytest.mark.parametrize("body", [3, "x", {"message": "x"}, ["x"], [{"key": {}, "id": []}]])
def test_what_is_no_list_is_a_protocol_error(body):
    from mstr_arrow.errors import ProtocolError

    with pytest.raises(ProtocolError, match="no list of prompts"):
        read_prompts(body)
    with pytest.raises(ProtocolError, match="no list of choices"):
        read_choices(body)


def test_the_error_of_open_prompts_says_all_there_is_to_know(ask):
    region = ask(
        "Region", "ELEMENTS", maximum=2, choices=(Choice("h1;A", "East"), Choice("h2;A", "West")), choice_count=12
    )
    error = prompts_open([region, ask("Year", kind="number", minimum=2020)])
    assert "'Region': up to 2 elements, required, of 'East', 'West' … (12 in all) (key " in error.message
    assert "'Year': a number from 2020 on, required (key " in error.message
    assert error.hint == "Answer by name, id or key: report.prompts({'Region': ['East'], 'Year': 1})."
    assert [prompt.name for prompt in error.prompts] == ["Region", "Year"]

import pickle
from datetime import date, datetime, time
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

from mstr_arrow import col
from mstr_arrow import prompts as p
from mstr_arrow.errors import UsageError
from mstr_arrow.prompts.answers import Condition, Empty, Values
from mstr_arrow.prompts.collection import Answers

EVERYTHING = {
    "Year": 2024,
    "Rate": 0.1,
    "Exact": Decimal("1.10"),
    "Ratios": [Decimal("0.5"), 2],
    "Region": ["East", 'We"st\n\\ - é \x01'],
    "Day": date(2024, 1, 31),
    "Moment": datetime(2024, 1, 31, 10, 20, 30),
    "Moments": [datetime.fromisoformat("2024-01-31T10:20:30+02:00"), date(2024, 1, 1)],
    "Time": time(10, 20),
    "None": None,
    "Nothing": [],
    "Itself": p.default(),
    'A "name" = #1': p.value("2024-01-31"),
    "Some": p.elements("h1;8D679D3711D3E4981000E787EC6DE8A4", 3),
    "Metrics": p.objects("Revenue"),
    "At": p.level("Year", "Region"),
    "Raw": {"operator": "In", "operands": [{"type": "attribute", "id": "A1"}, {"elements": [{"id": "h1;A1"}]}]},
    "Raw level": {"units": [{"id": "A1", "groupBy": True}], "filterRest": False},
    "Condition": col("Revenue") > 10.5,
    "Conditions": ((col("Day") >= date(2024, 1, 1)) & col("Region@DESC").is_in(["East", "West"]))
    | ~col("Name").contains("x")
    | col("Units").between(1, Decimal("2.5"))
    | col("Units").is_null()
    | col("Units").is_not_null()
    | (col("A") < col("B"))
    | col("Region").not_in(["East"])
    | col("Revenue").top(3)
    | col("Region").has_elements(["h1;A1"])
    | col("Region").lacks_elements(["h1;A1"]),
}


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_answers_come_back_from_a_file_as_they_were(tmp_path, suffix):
    answers = Answers.of(EVERYTHING)
    answers.save(tmp_path / f"answers{suffix}")
    read = p.load(tmp_path / f"answers{suffix}")
    assert read == answers
    assert [type(item) for item in read["Moments"].items] == [datetime, date]
    assert type(read["Exact"].items[0]) is Decimal


def test_a_file_by_hand_needs_no_ceremony(tmp_path):
    path = tmp_path / "answers.toml"
    path.write_text(
        'Year = 2024\nDay = 2024-01-31\n"Call Center" = ["East"]\nSince = {default = true}\nNone = []\n'
    )
    expected = {"Year": 2024, "Day": date(2024, 1, 31), "Call Center": ["East"], "Since": p.default(), "None": None}
    assert p.load(path) == Answers.of(expected)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "Year 2024", "a.toml cannot be read"),
        ("a.json", "[1, 2]", "a.json holds no answers by name"),
        ("a.yaml", "Year: 2024", "is no file of answers"),
        ("a.toml", "Year = true", "'Year' is True"),
        ("a.toml", "Year = {defualt = true}", "the answer to 'Year'"),
        ("a.toml", 'Year = {decimal = "ten"}', "the answer to 'Year' cannot be read"),
        ("a.toml", 'Year = {where = ["A", "like", "x"]}', "the answer to 'Year' cannot be read"),
        ("a.toml", "Year = {where = 3}", "the answer to 'Year' cannot be read"),
    ],
)
def test_a_bad_file_is_one_clear_error(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        p.load(tmp_path / name)


@pytest.mark.parametrize("bad", [True, [True], b"East", object(), {"Year": 2024}, [None], [["East"]]])
def test_what_answers_nothing_is_refused(bad):
    with pytest.raises(UsageError, match="'Region'"):
        Answers.of({"Region": bad})


def test_answers_are_a_dict():
    with pytest.raises(UsageError, match="a dict of names and values"):
        Answers.of(["Year"])


def test_lists_of_other_libraries_are_lists():
    wanted = Values(("East", "West"))
    for given in (
        pa.array(["East", "West"]),
        pl.Series(["East", "West"]),
        ("East", "West"),
        iter(["East", "West"]),
    ):
        assert Answers.of({"Region": given})["Region"] == wanted
    assert Answers.of({"Region": pa.scalar("East")})["Region"] == Values(("East",))


def test_no_value_is_an_empty_answer():
    answers = Answers.of({"a": None, "b": [], "c": ()})
    assert set(answers.values()) == {Empty()}


def test_later_answers_win_and_nothing_changes():
    first = Answers.of({"Year": 2023, "Region": "East"})
    both = first.with_others(Answers.of({"Year": 2024}))
    assert both == Answers.of({"Year": 2024, "Region": "East"})
    assert first["Year"] == Values((2023,))
    with pytest.raises(TypeError):
        first["Year"] = 1


def test_answers_travel_to_other_processes():
    answers = Answers.of(EVERYTHING)
    assert pickle.loads(pickle.dumps(answers)) == answers


def test_an_expression_is_a_condition_or_a_body():
    assert p.expression(col("Revenue") > 10) == Condition(col("Revenue") > 10)
    with pytest.raises(UsageError, match="takes a condition or a dict"):
        p.expression("Revenue > 10")

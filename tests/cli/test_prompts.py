import json
import sys
import tomllib

import pyarrow.parquet as pq
import pytest

from mstr_arrow import prompts as p

pytestmark = pytest.mark.usefixtures("server")

NESTED = {"Category": ["Toys"], "Items": ["Kite", "Puzzle"], "Least Units": 2}


@pytest.fixture
def typed(monkeypatch):
    """Sit at a terminal and type these lines, one after the other."""

    def typed(*lines):
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        left = iter(lines)
        monkeypatch.setattr("builtins.input", lambda *_: next(left))

    return typed


def test_what_a_report_asks_is_shown(run, server):
    result = run("prompts", "Prompted Optional")
    assert (result.code, result.err) == (0, "")
    lines = result.out.decode().splitlines()
    assert lines[0].split() == ["PROMPT", "TYPE", "TAKES", "ANSWER", "DEFAULT", "CHOICES", "KEY"]
    assert "Regions     ELEMENTS  elements of Region      optional  North, East" in lines[2]
    assert len(lines) == 4
    assert server.open_sessions == 0


def test_a_program_gets_json(run):
    listed = json.loads(run("prompts", "Prompted Nested", "--json").out)
    assert [(each["name"], each["required"], each["choice_count"]) for each in listed] == [("Category", True, 4)]


def test_a_report_that_asks_nothing(run):
    result = run("prompts", "Plain Report")
    assert (result.code, result.out) == (0, b"")
    assert "'Plain Report' asks nothing." in result.err


def test_a_template_is_written_and_filled_in(run, server, tmp_path):
    file = tmp_path / "answers.toml"
    assert run("prompts", "Prompted Objects", "-o", file).code == 0
    text = file.read_text()
    assert "# 'Metrics': 1 to 2 objects, required, default Revenue, of 'Revenue', 'Units', 'Cost'\n" in text
    assert tomllib.loads(text) == {"Metrics": {"default": True}, "Attributes": []}
    file.write_text(text.replace("Attributes = []", 'Attributes = ["Region"]'))
    result = run("fetch", "Prompted Objects", "-o", tmp_path / "x.parquet", "--prompts", file)
    assert result.code == 0
    truth = server.truth("Prompted Objects", answers={"Attributes": ["Region"]})
    assert pq.read_table(tmp_path / "x.parquet").to_pydict() == truth.to_pydict()


def test_a_template_leaves_required_answers_to_be_filled_in(run, tmp_path):
    file = tmp_path / "answers.toml"
    assert run("prompts", "Prompted Twice", "-o", file).code == 0
    text = file.read_text()
    assert "It is asked 2 times; to answer each by itself, write: 97A2" in text
    assert '\n# Year = ["2022"]\n' in text
    assert tomllib.loads(text) == {}
    result = run("fetch", "Prompted Twice", "-o", tmp_path / "x.parquet", "--prompts", file)
    assert result.code == 2
    assert "PromptsOpen" in result.err
    file.write_text(text.replace("# Year", "Year"))
    assert run("fetch", "Prompted Twice", "-o", tmp_path / "x.parquet", "--prompts", file).code == 0


def test_an_answer_whose_name_is_misspelt_is_told(run, tmp_path):
    result = run("fetch", "Prompted Value", "-o", tmp_path / "x.csv", "--prompt", "Least Revenu=5")
    assert result.code == 2
    assert "'Least Revenu' is not asked: did you mean 'Least Revenue'?" in result.err


@pytest.mark.parametrize("name", ["Prompted Everything", "Prompted Value", "Prompted Expression", "Prompted Level"])
def test_a_template_is_a_file_of_answers_when_it_is_filled_in_as_it_shows(run, tmp_path, name):
    file = tmp_path / "answers.toml"
    assert run("prompts", name, "-o", file).code == 0
    lines = file.read_text().splitlines()
    file.write_text("\n".join(line.removeprefix("# ") if " = " in line else line for line in lines))
    assert len(p.load(file)) == len({prompt["id"] for prompt in json.loads(run("prompts", name, "--json").out)})


def test_a_template_is_toml(run, tmp_path):
    result = run("prompts", "Prompted Value", "-o", tmp_path / "answers.json")
    assert result.code == 2
    assert "Name it answers.toml." in result.err


def test_a_prompted_report_says_how_to_answer(run, server, tmp_path):
    result = run("fetch", "Prompted Value", "-o", tmp_path / "x.parquet")
    assert result.code == 2
    assert "'Region Begins With': a text of 1 to 6 characters, required" in result.err
    assert 'mstr-arrow prompts "Prompted Value" -o answers.toml' in result.err
    assert not list(tmp_path.iterdir())
    assert server.open_sessions == 0


def test_answers_are_given_as_options(run, server, tmp_path):
    given = ["Category=Toys", "Items=Kite", "Items=Puzzle", "Least Units=2"]
    options = [word for item in given for word in ("--prompt", item)]
    result = run("fetch", "Prompted Nested", "-o", tmp_path / "x.parquet", *options)
    assert result.code == 0
    truth = server.truth("Prompted Nested", answers=NESTED)
    assert pq.read_table(tmp_path / "x.parquet").to_pydict() == truth.to_pydict()


def test_options_win_over_the_file(run, server, tmp_path):
    file = tmp_path / "answers.json"
    p.Answers.of({"Category": "Toys", "Items": "Lantern"}).save(file)
    target = tmp_path / "x.parquet"
    assert run("fetch", "Prompted Nested", "-o", target, "--prompts", file, "--prompt", "Items=Kite").code == 0
    truth = server.truth("Prompted Nested", answers={"Category": ["Toys"], "Items": ["Kite"]})
    assert pq.read_table(target).to_pydict() == truth.to_pydict()


def test_defaults_and_empty_answers_as_options(run, server, tmp_path):
    target = tmp_path / "x.parquet"
    result = run("fetch", "Prompted Optional", "-o", target, "--prompt", "Regions=", "--prompt", "Items=Kite")
    assert result.code == 0
    truth = server.truth("Prompted Optional", answers={"Regions": None, "Items": ["Kite"]})
    assert pq.read_table(target).num_rows == truth.num_rows > 0
    assert run("fetch", "Prompted Objects", "-o", target, "--prompt", "Metrics").code == 0
    assert pq.read_table(target).column_names == server.truth("Prompted Objects").column_names


@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        ("Sales Cube", "Year=2024", "is a cube, and only reports ask"),
        ("Prompted Optional", "=2024", "names no prompt"),
        ("Prompted Optional", "Itms=Kite", "no prompt 'Itms' was asked"),
        ("Prompted Optional", "Most Units=many", "'Most Units' takes a number, not 'many'"),
        ("Prompted Optional", "Items=Kyte", "Did you mean 'Kite'"),
    ],
)
def test_wrong_options_are_one_clear_error(run, tmp_path, name, option, message):
    result = run("fetch", name, "-o", tmp_path / "x.parquet", "--prompt", option)
    assert result.code == 2
    assert message in result.err
    assert len(result.err.splitlines()) <= 3


def test_a_person_is_asked_level_by_level(run, server, typed, tmp_path):
    typed("Toys", "Kite, Puzzle", "2")
    file = tmp_path / "answers.toml"
    result = run("prompts", "Prompted Nested", "--ask", "-o", file)
    assert result.code == 0, result.err
    assert p.load(file) == p.Answers.of({"Category": "Toys", "Items": ["Kite", "Puzzle"], "Least Units": "2"})
    assert run("fetch", "Prompted Nested", "-o", tmp_path / "x.parquet", "--prompts", file).code == 0
    truth = server.truth("Prompted Nested", answers=NESTED)
    assert pq.read_table(tmp_path / "x.parquet").to_pydict() == truth.to_pydict()


def test_a_person_may_be_wrong_and_take_defaults(run, typed):
    typed("Toyz", "Toys", "", "Kite, Puzzle", "500", "")
    result = run("prompts", "Prompted Nested", "--ask")
    assert result.code == 0, result.err
    assert "Did you mean 'Toys'?" in result.err
    assert "takes at most 200, not 500" in result.err
    assert tomllib.loads(result.out.decode()) == {
        "Category": "Toys",
        "Items": ["Kite", "Puzzle"],
        "Least Units": {"default": True},
    }


def test_nobody_is_asked_without_a_terminal(run, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    result = run("prompts", "Prompted Nested", "--ask")
    assert result.code == 2
    assert "there is no terminal" in result.err


def test_a_prompted_report_is_described_without_its_columns(run):
    said = run("describe", "Prompted Value").out.decode()
    assert "unknown until its prompts are answered" in said

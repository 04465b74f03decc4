"""Data models on the command line."""

import json

import polars as pl
import pytest

MODEL = "Retail Model"


def frame(path):
    return pl.read_parquet(path).to_dicts()


def truth(server, **values):
    return pl.from_arrow(server.truth(MODEL, answers=values)).to_dicts()


@pytest.mark.usefixtures("server")
def test_a_model_is_described_with_its_tables_and_parameters(run):
    facts = json.loads(run("describe", MODEL, "--json").out)
    assert (facts["type"], facts["serve_mode"], facts["rows"]) == ("data model", "in memory", 40)
    assert [each["name"] for each in facts["tables"]] == ["ytd_day", "city_mnth_sls"]
    assert [(each["name"], each["values"]) for each in facts["parameters"]] == [
        ("City", []),
        ("Currency", ["EUR", "USD", "GBP"]),
        ("Growth", []),
    ]
    said = run("describe", MODEL).out.decode()
    assert "city_mnth_sls" in said.partition("Tables, which mstr-arrow refresh loads again:")[2]
    assert "from 0 to 100 in steps of 5" in said.partition("Parameters, which --parameter sets:")[2]
    assert "unknown until it is published" in run("describe", "Draft Model").out.decode()


def test_a_model_is_fetched_with_parameters(run, server, tmp_path):
    out = tmp_path / "rome.parquet"
    result = run("fetch", MODEL, "-o", out, "--parameter", "City=Rome", "--parameter", "Currency = USD")
    assert result.code == 0, result.err
    assert frame(out) == truth(server, City="Rome", Currency="USD")
    assert '"parameters":' in run("fetch", MODEL, "--explain", "--parameter", "City=Rome").out.decode()


def test_a_statement_is_of_models_with_parameters(run, server, tmp_path):
    pytest.importorskip("sqlglot")
    pytest.importorskip("duckdb")
    out = tmp_path / "days.parquet"
    statement = 'select * from "Retail Model"'
    result = run("sql", statement, "-o", out, "--parameter", "city=Rome")
    assert result.code == 0, result.err
    assert frame(out) == truth(server, City="Rome")
    wrong = run("sql", statement, "--parameter", "Citty=Rome")
    assert wrong.code == 2
    assert "--parameter names 'Citty', which no data model in the statement has.\nDid you mean 'City'?" in wrong.err
    none = run("sql", 'select * from "One Row"', "--parameter", "City=Rome")
    assert "which no data model in the statement has.\nDrop --parameter." in none.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            [MODEL, "--parameter", "Currency=EURO"],
            "takes one of 'EUR', 'USD', 'GBP', not 'EURO'.\nDid you mean 'EUR'",
        ),
        ([MODEL, "--parameter", "City"], "--parameter 'City' is no value of a parameter.\nWrite NAME=VALUE"),
        ([MODEL, "--parameter", "City=a", "--parameter", "City=b"], "--parameter names 'City' twice"),
        (["Sales Cube", "--parameter", "City=a"], "'Sales Cube' is a cube, and only data models have parameters"),
        (["Plain Report", "--parameter", "City=a"], "a report asks prompts: --prompt"),
        ([MODEL, "--prompt", "City=a"], "'Retail Model' is a data model, and only reports ask"),
        (["Sales Cube", "--type", "data model"], "is no data model but a cube"),
    ],
)
@pytest.mark.usefixtures("server")
def test_wrong_parameters_are_told(run, tmp_path, arguments, said):
    result = run("fetch", *arguments, "-o", tmp_path / "x.parquet")
    assert result.code in {1, 2}
    assert said in result.err

"""Data models on the command line."""

import json

import polars as pl
import pytest

from mstr_arrow.simulator import Simulator

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


@pytest.fixture
def own(monkeypatch):
    """A simulator of the test's own, with its URL, user and password in the environment."""
    with Simulator(rows=20, publish_polls=0) as simulator:
        monkeypatch.setenv("MSTR_URL", simulator.url)
        monkeypatch.setenv("MSTR_USERNAME", simulator.username)
        monkeypatch.setenv("MSTR_PASSWORD", simulator.password)
        yield simulator
        assert (simulator.open_sessions, simulator.model_instances) == (0, 0)


@pytest.mark.parametrize(
    ("options", "policies"),
    [
        ([], {"ytd_day": "replace", "city_mnth_sls": "replace"}),
        (["--policy", "upsert"], {"ytd_day": "upsert", "city_mnth_sls": "upsert"}),
        (
            ["--tables", "ytd_day=replace", "--tables", "city_mnth_sls=upsert"],
            {"ytd_day": "replace", "city_mnth_sls": "upsert"},
        ),
        (
            ["--tables", "YTD_DAY,city_mnth_sls = add", "--policy", "update"],
            {"ytd_day": "update", "city_mnth_sls": "add"},
        ),
    ],
)
def test_a_model_is_refreshed_table_by_table(run, own, options, policies):
    result = run("refresh", MODEL, *options)
    assert (result.code, result.err) == (0, "")
    assert result.out.decode().startswith("Refreshed data model 'Retail Model' in ")
    assert own.refreshes == [(MODEL, policies, "loaded")]


def test_a_model_is_refreshed_for_a_program_and_before_it_is_fetched(run, own, tmp_path):
    told = json.loads(run("refresh", MODEL, "--json").out)
    assert (told["name"], told["state"], told["proof"], told["started"]) == (MODEL, "done", "data time", True)
    out = tmp_path / "model.parquet"
    assert run("fetch", MODEL, "--refresh", "-o", out).code == 0
    assert frame(out) == truth(own)
    assert [outcome for _, _, outcome in own.refreshes] == ["loaded", "loaded"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            [MODEL, "--tables", "ytd_dya=add"],
            "no table 'ytd_dya' in the data model 'Retail Model'.\nDid you mean 'ytd_day'?",
        ),
        ([MODEL, "--tables", "ytd_day=sometimes"], "the policy of table 'ytd_day' is 'sometimes', which is none"),
        ([MODEL, "--tables", "=add"], "--tables '=add' names no table"),
        ([MODEL, "--tables", "ytd_day,ytd_day"], "--tables names 'ytd_day' twice"),
        (
            ["Sales Cube", "--tables", "sales"],
            "'Sales Cube' is a cube, and only data models are refreshed table by table",
        ),
        (["Live Model"], "is connected live"),
        (["Plain Report"], "is a report, and only cubes and data models are published"),
    ],
)
def test_what_cannot_be_refreshed_is_told(run, own, arguments, said):
    result = run("refresh", *arguments)
    assert result.code in {1, 2}
    assert said in result.err
    assert own.refreshes == []

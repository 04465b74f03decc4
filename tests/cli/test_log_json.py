"""``--log-json``: standard error is an object on each line, whatever happens."""

import json
import logging

import pytest

from mstr_arrow.jobs.current import during


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("Store,Revenue\nLyon,1.5\n")


def lines(result):
    return [json.loads(line) for line in result.err.splitlines()]


@pytest.mark.usefixtures("server")
def test_what_is_said_is_a_message_of_level_info(run):
    result = run("push", "x.csv", "--name", "Logged", "--log-json")
    assert result.code == 0
    assert {(line["level"], line["logger"]) for line in lines(result)} == {("info", "mstr_arrow.cli")}
    assert any("1 row" in line["message"] for line in lines(result))


@pytest.mark.usefixtures("server")
def test_an_error_is_told_in_parts(run):
    result = run("refresh", "Sales Cub", "--log-json")
    (line,) = lines(result)
    assert (result.code, line["level"], line["exit_code"]) == (1, "error", 1)
    assert line["error"]["kind"] == "NotFound"
    assert "Sales Cube" in line["error"]["hint"]


def test_verbose_adds_requests_each_with_its_parts(run, server):
    result = run("push", "x.csv", "--name", "Logged", "--log-json", "--verbose")
    finished = [line for line in lines(result) if line["message"] == "RequestFinished"]
    assert {"POST", "GET"} <= {line["method"] for line in finished}
    assert all(line["path"].startswith("/api") and line["seconds"] >= 0 for line in finished)
    assert f'"{server.password}"' not in result.err


@pytest.mark.usefixtures("server")
def test_a_line_says_which_run_and_job_it_is_of(run):
    with during(run="night-1", job="sales"):
        (line,) = lines(run("refresh", "No Such Cube", "--log-json"))
    assert (line["run"], line["job"]) == ("night-1", "sales")


@pytest.mark.usefixtures("server")
def test_the_logger_is_left_as_it_was(run):
    logger = logging.getLogger("mstr_arrow")
    before = (logger.level, list(logger.handlers))
    run("refresh", "No Such Cube", "--log-json", "--verbose")
    assert (logger.level, list(logger.handlers)) == before


@pytest.mark.parametrize("command", [["push", "none.csv", "--name", "x"], ["refresh", "x"]])
def test_wrong_usage_is_a_line_too(run, command):
    result = run(*command, "--log-json")
    assert result.code == 2
    assert [line["level"] for line in lines(result)] == ["error"]


@pytest.mark.usefixtures("server")
def test_what_fails_of_several_objects_is_a_line_and_the_others_come(run):
    result = run("fetch", "Sales Cube", "No Such Cube", "-o", "out/", "--log-json")
    failed = [line for line in lines(result) if line["level"] == "error"]
    assert [line["error"]["kind"] for line in failed] == ["NotFound"]
    assert any("2,000 rows" in line["message"] for line in lines(result))


@pytest.mark.usefixtures("server")
def test_what_became_of_each_job_is_a_record_with_its_parts(run, tmp_path):
    pytest.importorskip("pydantic", reason="the extra jobs is not installed")
    (tmp_path / "jobs.toml").write_text(
        '[jobs.sales]\nobject = "Sales Cube"\ndestination = "sales/"\n'
        '[jobs.none]\nobject = "No Such Cube"\ndestination = "none.csv"\n'
    )
    told = {line["job"]: line for line in lines(run("run", "jobs.toml", "--log-json")) if "outcome" in line}
    sales, none = told["sales"], told["none"]
    assert (sales["level"], sales["outcome"], sales["rows"], "error" in sales) == ("info", "done", 2_000, False)
    assert (none["level"], none["outcome"], none["error"]["kind"]) == ("error", "failed", "NotFound")
    assert sales["run"] == none["run"]

"""``mstr-arrow run``: what it says, and the exit codes that a scheduler sees."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("pydantic", reason="the extra jobs is not installed")

TWO = """
[jobs.sales]
object = "Sales Cube"
head = 10
destination = "sales.csv"

[jobs.missing]
object = "No Such Cube"
destination = "missing/"
"""


@pytest.fixture
def jobs_file(tmp_path):
    path = tmp_path / "jobs.toml"
    path.write_text(TWO, encoding="utf-8")
    return path


@pytest.mark.usefixtures("server")
def test_jobs_without_a_server_go_to_that_of_the_options(run, jobs_file, tmp_path, simulator):
    result = run("run", jobs_file)
    assert result.code == 4
    assert (tmp_path / "sales.csv").exists()
    assert "sales    done" in result.out.decode()
    assert "missing: failed: NotFound" in result.err
    assert "2 jobs: 1 done, 1 failed." in result.err
    assert simulator.open_sessions == 0


@pytest.mark.usefixtures("server")
def test_for_a_program(run, jobs_file):
    result = run("run", jobs_file, "--json", "--quiet", "--only", "sales")
    assert (result.code, result.err) == (0, "")
    told = json.loads(result.out)
    assert (told["exit_code"], told["jobs"][0]["job"], told["jobs"][0]["rows"]) == (0, "sales", 10)


@pytest.mark.usefixtures("server")
def test_a_dry_run_reads_nothing_and_tells_of_the_last_one(run, jobs_file, simulator, tmp_path):
    run("run", jobs_file, "--only", "sales")
    (tmp_path / "sales.csv").unlink()
    before = simulator.instances_created
    result = run("run", jobs_file, "--dry-run", "--json")
    sales, missing = json.loads(result.out)
    assert (sales["object"], sales["last"]["rows"], missing["object"]) == ("Sales Cube", 10, "No Such Cube")
    assert "NotFound" in missing["problem"]
    assert (simulator.instances_created, (tmp_path / "sales.csv").exists()) == (before, False)


@pytest.mark.usefixtures("server")
def test_a_dry_run_leaves_nothing_and_the_sessions_of_a_run_beside_it_alone(run, jobs_file, tmp_path):
    noted = tmp_path / "jobs.records" / ".sessions.json"
    for before in (None, "the sessions of another run"):
        if before is not None:
            noted.parent.mkdir()
            noted.write_text(before)
        sales, _ = json.loads(run("run", jobs_file, "--dry-run", "--json").out)
        assert (sales["object"], sales["problem"]) == ("Sales Cube", None)
        assert (noted.read_text() if noted.parent.exists() else None) == before


def test_a_typo_has_its_line(run, jobs_file):
    jobs_file.write_text(TWO.replace("head", "haed"))
    result = run("run", jobs_file)
    assert result.code == 2
    assert (
        "jobs.toml, line 4: [jobs.sales] has no key 'haed'. \nDid you mean 'head'?".replace(" \n", "\n")
        in result.err
    )


def test_a_file_that_is_not_there(run, tmp_path):
    result = run("run", tmp_path / "none.toml")
    assert (result.code, "there is no file of jobs" in result.err) == (2, True)


def test_a_second_run_has_a_code_of_its_own(run, jobs_file):
    from mstr_arrow.jobs.lock import hold_lock
    from mstr_arrow.jobs.records.history import beside, new_run

    with hold_lock(beside(jobs_file), new_run(jobs_file, "0")):
        result = run("run", jobs_file)
    assert result.code == 75
    assert "are being run already, by process" in result.err


def test_the_schema_is_printed(run):
    assert json.loads(run("run", "--schema").out)["properties"].keys() == {"run", "servers", "defaults", "jobs"}


def test_a_server_of_the_profile_file(run, jobs_file, simulator, profile, monkeypatch):
    monkeypatch.setenv("LAKE", simulator.password)
    profile(
        f'[nightly]\nurl = "{simulator.url}"\nusername = "{simulator.username}"\n'
        'password = {env = "LAKE"}\npage-rows = 5\n'
    )
    jobs_file.write_text('[servers.bi]\nprofile = "nightly"\n' + TWO)
    result = run("run", jobs_file, "--only", "sales")
    assert (result.code, simulator.open_sessions) == (0, 0)
    jobs_file.write_text('[servers.bi]\nprofile = "nihgtly"\n' + TWO)
    result = run("run", jobs_file, "--only", "sales")
    assert result.code == 1
    assert "Did you mean 'nightly'" in result.err


@pytest.mark.usefixtures("server")
def test_the_log_of_a_run_can_be_json(run, jobs_file):
    result = run("run", jobs_file, "--log-json", "--json")
    lines = [json.loads(line) for line in result.err.splitlines()]
    [failed] = [line for line in lines if line["message"].startswith("missing: failed")]
    assert (failed["level"], failed["job"], failed["error"]["kind"]) == ("error", "missing", "NotFound")
    assert json.loads(result.out)["exit_code"] == result.code == 4

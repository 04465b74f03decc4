"""``mstr-arrow runs``: what the last runs did, for a person and for a program."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mstr_arrow.errors import NotFound
from mstr_arrow.grid.shape import ColumnChange
from mstr_arrow.jobs.records.history import Records, new_run
from mstr_arrow.jobs.records.record import JobRecord, error_record

BEGAN = datetime(2026, 11, 28, 3, tzinfo=UTC)


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """A file of jobs, with the records of two runs, and one that ended without a word."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "jobs.toml"
    file.write_text("")
    records = Records(tmp_path / "jobs.records")
    error = error_record(NotFound("no cube has the name 'Store'.", code="ERR004", hint="Did you mean 'Stores'?"))
    more = (ColumnChange("new", "Day", now="date32[day]"),)
    for day, end, outcome in ((0, "finished", "done"), (1, "finished", "failed"), (2, None, "running")):
        began = BEGAN + timedelta(days=day)
        sales = JobRecord(
            job="sales", outcome="done", started=began, ended=began + timedelta(seconds=75), rows=2000, retries=day
        )
        stores = JobRecord(
            job="stores", outcome=outcome, started=began, error=error if outcome == "failed" else None
        )
        run = replace(new_run(file, "0.1.0"), started=began, id=f"night-{day}", end=end, pid=ended_process())
        records.write(replace(run, jobs=(replace(sales, changes=more if day == 1 else ()), stores)))
    return file


def ended_process():
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        return child.pid


@pytest.mark.usefixtures("jobs")
def test_the_last_runs_are_a_table_the_newest_first(run):
    result = run("runs")
    lines = result.out.decode().splitlines()
    assert lines[0].split()[:6] == ["STARTED", "JOB", "OUTCOME", "ROWS", "TIME", "RETRIES"]
    assert [line.split()[-1] for line in lines[1:]] == [f"night-{day}" for day in (2, 2, 1, 1, 0, 0)]
    assert next(line.split()[-5:-1] for line in lines if "night-1" in line) == ["done", "2,000", "1:15", "1"]
    assert "killed" in lines[2]


@pytest.mark.usefixtures("jobs")
def test_what_failed_is_told_below_with_its_hint_and_a_killed_run_as_such(run):
    err = " ".join(run("runs").err.split())
    assert "stores: NotFound [ERR004]: no cube has the name 'Store'. Did you mean 'Stores'?" in err
    assert "sales: the column 'Day' (date32[day]) is new." in err
    assert "the run was killed: its process ended without a word. The next one goes on." in err


@pytest.mark.usefixtures("jobs")
def test_one_job_and_some_runs_are_shown(run):
    result = run("runs", "jobs.toml", "--job", "stores", "--last", "1")
    assert [line.split()[-1] for line in result.out.decode().splitlines()[1:]] == ["night-2"]


def test_a_program_gets_it_as_json(run, jobs):
    told = json.loads(run("runs", jobs.parent / "jobs.records", "--json").out)
    assert [each["state"] for each in told] == ["killed", "failed", "done"]
    assert told[1]["jobs"][1]["error"]["hint"] == "Did you mean 'Stores'?"


@pytest.mark.usefixtures("jobs")
def test_the_first_columns_fit_into_80_letters(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run("runs")
    assert "RETRIES" in result.out.decode()
    lines = re.sub("\x1b\\[[0-9;]*m", "", result.out.decode()).splitlines()
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["job.toml"], "there is no 'job.toml'"),
        (["jobs.toml", "--job", "sale"], "no run had a job 'sale'. There are 'sales'."),
    ],
)
@pytest.mark.usefixtures("jobs")
def test_what_is_not_there_is_told(run, arguments, said):
    result = run("runs", *arguments)
    assert (result.code, result.out) == (2, b"")
    assert said in " ".join(result.err.split())


def test_a_file_that_never_ran_has_no_runs(run, tmp_path):
    Path(tmp_path / "jobs.toml").write_text("")
    result = run("runs", tmp_path / "jobs.toml")
    assert (result.code, result.out) == (0, b"")
    assert "No run is on record in" in result.err


@pytest.mark.usefixtures("jobs")
def test_a_file_may_keep_its_records_elsewhere(run, tmp_path):
    (tmp_path / "other.toml").write_text('[run]\nrecords = "jobs.records"\n')
    assert b"night-0" in run("runs", "other.toml").out

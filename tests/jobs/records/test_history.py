from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from mstr_arrow.errors import DataLossWarning, FileError
from mstr_arrow.jobs.records.history import Records, new_run
from mstr_arrow.jobs.records.record import JobRecord

FILE = Path("jobs.toml")


def run_of(day, *jobs, end="finished", file=FILE):
    started = datetime(2026, 11, day, tzinfo=UTC)
    run = new_run(file, "0.1.0")
    return replace(run, id=f"202611{day:02}T000000-abc", started=started, end=end, jobs=jobs)


def job(name, outcome="done", rows=1):
    return JobRecord(job=name, outcome=outcome, rows=rows)


@pytest.fixture
def records(tmp_path):
    return Records(tmp_path / "jobs.records")


def test_a_run_is_noted_when_it_begins_and_written_whole_at_its_end(records):
    run = new_run(FILE, "0.1.0")
    records.begin(run)
    assert records.runs() == [run]
    run = run.with_job(job("sales"))
    records.write(run)
    records.write(replace(run, end="finished", exit_code=0))
    (read,) = records.runs()
    assert (read.end, read.exit_code, read.jobs) == ("finished", 0, run.jobs)
    assert [path.name for path in (records.folder / "jobs").iterdir()] == [f"{run.id}.parquet"]


def test_runs_are_read_from_the_newest_on(records):
    for day in (2, 1, 3):
        records.write(run_of(day, job("sales")))
    assert [run.started.day for run in records.runs()] == [3, 2, 1]
    assert [run.started.day for run in records.runs(last=2)] == [3, 2]


def test_a_run_that_did_not_end_was_killed_as_the_next_of_its_file_begins(records):
    records.write(run_of(1, job("sales", "running"), end=None))
    records.write(run_of(2, job("sales"), job("stores", "running"), end=None))
    records.write(run_of(3, job("other", "running"), end=None, file=Path("other.toml")))
    records.begin(run_of(4, end=None))
    assert [run.end for run in records.runs()] == [None, None, "killed", "killed"]
    assert records.table().select(["job", "outcome"]).to_pylist() == [
        {"job": "sales", "outcome": "killed"},
        {"job": "sales", "outcome": "done"},
        {"job": "stores", "outcome": "killed"},
    ]


def test_the_last_time_that_a_job_was_done(records):
    records.write(run_of(1, job("sales", rows=1), job("stores", rows=2)))
    records.write(run_of(2, job("sales", rows=3), job("stores", "failed", rows=None)))
    records.write(run_of(3, job("sales", "skipped", rows=3), end=None))
    lasts = records.lasts(["sales", "stores", "none"])
    assert {name: each.rows for name, each in lasts.items()} == {"sales": 3, "stores": 2}
    assert records.last("stores", ("failed",)).rows is None
    assert records.last("none") is None


def test_a_year_of_runs_is_a_table(records):
    for day in (1, 2, 3):
        records.write(run_of(day, job("sales", rows=day)))
    assert records.table()["rows"].to_pylist() == [1, 2, 3]
    lines = pl.scan_parquet(records.folder / "jobs" / "*.parquet")
    assert lines.select(pl.col("rows").sum()).collect().item() == 6


def test_there_are_no_runs_where_there_is_no_folder(records):
    assert records.runs() == []
    assert records.last("sales") is None
    assert records.table().num_rows == 0


def test_what_is_no_record_is_told_once_and_passed_over(records):
    records.write(run_of(1, job("sales")))
    for name in ("a.json", "b.json"):
        (records.folder / "runs" / name).write_text("{")
    (records.folder / "jobs" / "a.parquet").write_text("{")
    with pytest.warns(DataLossWarning, match=r"b\.json' and 1 others cannot be read as the record of a run"):
        assert len(records.runs()) == 1
    with pytest.warns(DataLossWarning, match=r"a\.parquet' cannot be read"):
        assert records.table().num_rows == 1


def test_a_folder_that_cannot_be_made_is_told_as_a_run_begins(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"file.records.* cannot be read: Not a directory"):
        Records(tmp_path / "file" / "records").begin(new_run(FILE, "0.1.0"))

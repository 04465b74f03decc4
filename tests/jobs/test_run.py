"""Jobs of a file are done: each goes its way, and what became of it is on record."""

from __future__ import annotations

import errno
import io
from datetime import date

import polars as pl
import pyarrow.parquet as pq
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import DataChanged, FileError, NotSupported, RunLocked, UsageError
from mstr_arrow.jobs import one_job
from mstr_arrow.jobs.lock import hold_lock
from mstr_arrow.jobs.records.history import Records, beside, new_run
from mstr_arrow.simulator import Simulator
from tests.support.servers import IDLE, connect_to

TWO = """
[jobs.sales]
object = "Sales Cube"
columns = ["Order", "Region"]
destination = "lake/sales/"

[jobs.missing]
object = "Sales Cubee"
destination = "lake/missing/"
"""


def table_of(server):
    """The table of a file of jobs for a simulator of the test's own; its password is in the environment."""
    return (
        f'[servers.bi]\nurl = "{server.url}"\nusername = "{server.username}"\n'
        'password = {env = "LAKE_PASSWORD"}\n'
    )


def outcomes(run):
    return {job.job: job.outcome for job in run.jobs}


@pytest.fixture
def run(jobs_file, server_table, simulator):
    """A function that runs jobs against the simulator, and sees that no session stays."""

    def run(text, **how):
        done = ma.jobs.run(jobs_file(f"{server_table}\n{text}"), **how)
        assert simulator.open_sessions == 0
        return done

    return run


def test_a_job_that_fails_does_not_end_the_others(run, simulator, tmp_path):
    done = run(TWO)
    assert outcomes(done) == {"sales": "done", "missing": "failed"}
    assert (done.exit_code, done.end) == (4, "finished")
    got = pl.read_parquet(tmp_path / "lake" / "sales" / "*.parquet")
    assert got.equals(pl.DataFrame(simulator.truth("Sales Cube", ["Order", "Region"])).cast(got.schema))
    sales, missing = sorted(done.jobs, key=lambda job: job.outcome)
    assert (sales.rows, sales.object, sales.kind, sales.attempts) == (2_000, "Sales Cube", "cube", 1)
    assert sales.written_bytes == sum(part.bytes for part in sales.parts)
    assert sales.seconds.keys() >= {"find", "read"}
    assert missing.error.kind == "NotFound"
    assert "Sales Cube" in missing.error.hint


def test_what_was_run_is_on_record(run, tmp_path):
    done = run(TWO)
    assert Records(tmp_path / "jobs.records").runs() == [done]


def test_all_failed_and_all_done_have_codes_of_their_own(run):
    assert run(TWO, only="missing").exit_code == 1
    assert run(TWO, only=["sales"]).exit_code == 0
    with pytest.raises(UsageError, match=r"no job 'sale'\. Did you mean 'sales'"):
        run(TWO, only="sale")


@pytest.mark.parametrize("name", ["sales.parquet", "sales.csv", "deep/er/sales.arrow", "parts/"])
def test_each_way_of_writing(run, tmp_path, name):
    resume = "resume = false\n" if name.endswith("/") else ""
    done = run(f'[jobs.sales]\nobject = "Sales Cube"\ndestination = "{name}"\nhead = 10\n{resume}')
    assert outcomes(done) == {"sales": "done"}
    assert done.jobs[0].rows == 10
    assert done.jobs[0].written_bytes > 100
    assert done.jobs[0].schema.names[:2] == ["Order", "Region"]
    assert (tmp_path / name).exists()


def test_patterns_make_a_job_of_each_object(run, tmp_path):
    done = run(
        '[jobs.reports]\ninclude = "Paged By *"\nexclude = "*Three*"\nall_pages = true\ndestination = "out/"\n'
    )
    assert "reports/Paged By Two" in {job.job for job in done.jobs}
    assert all(job.job.startswith("reports/Paged By ") for job in done.jobs)
    assert {job.outcome for job in done.jobs} == {"done"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(job.object for job in done.jobs)


def test_a_pattern_that_fits_nothing_fails(run):
    done = run('[jobs.none]\ninclude = "zzz*"\ndestination = "out/"\n')
    assert "no object has a name like 'zzz*'" in done.jobs[0].error.message


def test_two_jobs_do_not_write_to_the_same_place(run):
    one = 'object = "Sales Cube"\nhead = 5\ndestination = "same.csv"\n'
    done = run(f"[jobs.a]\n{one}[jobs.b]\n{one}")
    assert sorted(outcomes(done).values()) == ["done", "failed"]


def test_dates_and_variables_are_filled_in(run, tmp_path, monkeypatch):
    monkeypatch.setenv("AREA", "nightly")
    text = (
        '[jobs.sales]\nobject = "Sales Cube"\nhead = 5\ndestination = "{env:AREA}/{yesterday:%Y/%m/%d}/{job}.csv"\n'
    )
    run(text, day=date(2024, 3, 1))
    assert (tmp_path / "nightly" / "2024" / "02" / "29" / "sales.csv").exists()


@pytest.mark.parametrize(
    ("error", "outcome", "attempts"),
    [
        (DataChanged("it was published."), "done", 2),
        (FileError("the store cannot be reached.", errno=errno.EHOSTUNREACH), "done", 2),
        (FileError("the disk is full.", errno=errno.ENOSPC), "failed", 1),
        (NotSupported("not here."), "failed", 1),
    ],
    ids=["data changed", "store", "disk", "is final"],
)
def test_what_may_pass_is_tried_again(run, monkeypatch, error, outcome, attempts):
    errors, real = [error], one_job.write

    async def write(*arguments):
        if errors:
            raise errors.pop()
        return await real(*arguments)

    monkeypatch.setattr(one_job, "write", write)
    done = run(f"[defaults]\npause = 0.01\n{TWO}", only="sales")
    assert (done.jobs[0].outcome, done.jobs[0].attempts) == (outcome, attempts)


def test_only_what_was_published_since_is_read_again(jobs_file):
    with Simulator(rows=200, **IDLE) as server:
        file = jobs_file(
            table_of(server) + "[defaults]\nif_changed = true\n"
            '[jobs.file]\nobject = "Sales Cube"\ndestination = "sales.parquet"\n'
            '[jobs.folder]\nobject = "Sales Cube"\ndestination = "sales/"\n'
        )
        assert outcomes(ma.jobs.run(file)) == {"file": "done", "folder": "done"}
        assert outcomes(ma.jobs.run(file)) == {"file": "skipped", "folder": "skipped"}
        server.republish("Sales Cube", seed=3)
        assert outcomes(ma.jobs.run(file)) == {"file": "done", "folder": "done"}


def test_a_second_run_is_kept_out(run, jobs_file, server_table):
    file, seen = jobs_file(f"{server_table}\n{TWO}"), []

    def try_another(progress):
        if progress.record.outcome == "done":
            with (
                pytest.raises(RunLocked, match=r"by process \d+ on .* since 20"),
                hold_lock(beside(file), new_run(file, "0")),
            ):
                pass
            seen.append(True)

    run(TWO, only="sales", on_progress=try_another)
    assert seen
    with hold_lock(beside(file), new_run(file, "0")):
        pass


def test_as_many_results_are_kept_as_are_wanted(run, tmp_path):
    (tmp_path / "2024-01-01").mkdir()
    (tmp_path / "2024-01-01" / "notes.txt").write_text("mine")
    text = '[jobs.sales]\nobject = "Sales Cube"\naggregate = "Region"\nkeep = 2\ndestination = "{today}/"\n'
    for day in (1, 2, 3, 4):
        run(text, day=date(2024, 3, day))
    kept = {path.name for path in tmp_path.iterdir() if path.name.startswith("2024")}
    assert kept == {"2024-01-01", "2024-03-03", "2024-03-04"}


def test_a_table_is_made_and_then_gets_what_its_mode_says(run, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    place = 'destination = {duckdb = "lake/ware.duckdb", table = "sales"}'
    job = f'[jobs.sales]\nobject = "Sales Cube"\ncolumns = ["Order", "Region"]\n{place}\n'
    for more, rows in (
        ("", 2_000),
        ('mode = "append"\n', 4_000),
        ("", 2_000),
        ('mode = "merge"\nkeys = "Order"\n', 2_000),
    ):
        done = run(job + more)
        assert done.jobs[0].error is None
        with duckdb.connect(str(tmp_path / "lake" / "ware.duckdb")) as database:
            assert database.sql("select count(*) from sales").fetchall() == [(rows,)]
    assert done.jobs[0].destination.endswith("ware.duckdb, table sales")


def test_a_delta_table(run, tmp_path):
    deltalake = pytest.importorskip("deltalake")
    text = '[jobs.sales]\nobject = "Sales Cube"\npartition_by = "Region"\ndestination = {delta = "lake/{job}"}\n'
    for version in (0, 1):
        assert run(text).exit_code == 0
        table = deltalake.DeltaTable(tmp_path / "lake" / "sales")
        assert (table.version(), table.metadata().partition_columns) == (version, ["Region"])
    assert pl.read_delta(str(tmp_path / "lake" / "sales")).height == 2_000


@pytest.mark.parametrize("place", ["out/cities.parquet", "out/cities/"])
def test_columns_that_changed_are_refused_before_a_byte_is_written(jobs_file, tmp_path, place):
    def written():
        return {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}

    with Simulator(rows=50, **IDLE) as server:
        file = jobs_file(f'{table_of(server)}[jobs.cities]\nobject = "Cities"\ndestination = "{place}"\n')
        with connect_to(server) as conn:
            conn.write("Cities", pl.DataFrame({"city": ["Lyon"], "area": [1.5]}))
            assert outcomes(ma.jobs.run(file)) == {"cities": "done"}
            before = written()
            more = pl.DataFrame({"city": ["Lyon"], "area": [1.5], "people": [3.5]})
            conn.write("Cities", more, mode="replace", schema_mode="add")
        done = ma.jobs.run(file)
        assert outcomes(done) == {"cities": "failed"}
        assert (done.jobs[0].error.kind, "'people'" in done.jobs[0].error.message) == ("SchemaChanged", True)
        assert 'schema_mode = "add"' in done.jobs[0].error.hint
        assert written() == before
        file.write_text(file.read_text() + 'schema_mode = "add"\n')
        (done,) = ma.jobs.run(file).jobs
        assert [change.kind for change in done.changes] == ["new"]
        assert done.schema.names == ["city", "area", "people"]


def test_records_are_where_the_file_says(run, tmp_path):
    done = run(f'[run]\nrecords = "kept/records"\n{TWO}', only="sales")
    assert ma.jobs.runs(tmp_path / "jobs.toml")[0].id == done.id
    assert (tmp_path / "kept" / "records" / "runs").is_dir()
    assert not (tmp_path / "jobs.records").exists()


def test_folders_and_files_in_a_store(run, s3):
    folder, file = s3.uri("lake/sales/"), s3.uri("lake/few.parquet")
    text = (
        f'[jobs.sales]\nobject = "Sales Cube"\ncolumns = "Order"\ndestination = "{folder}"\n'
        f'[jobs.few]\nobject = "Sales Cube"\nhead = 5\ndestination = "{file}"\n'
    )
    for _ in range(2):
        assert outcomes(run(text)) == {"sales": "done", "few": "done"}
        assert pq.read_table(io.BytesIO(s3.read("lake/few.parquet"))).num_rows == 5
        parts = [name for name in s3.names() if name.startswith("lake/sales/") and name.endswith(".parquet")]
        assert sum(pq.read_table(io.BytesIO(s3.read(name))).num_rows for name in parts) == 2_000
        assert s3.open_uploads() == []


def test_jobs_are_divided_over_as_many_sessions_as_are_wanted(run, simulator):
    def log_ins():
        return sum(request.path == "/api/auth/login" for request in simulator.requests)

    before = log_ins()
    one = '[jobs.{0}]\nobject = "Sales Cube"\nhead = 5\ndestination = "{0}.csv"\n'
    done = run("[run]\nsessions = 2\nrequests_at_once = 2\n" + "".join(one.format(name) for name in "abcd"))
    assert set(outcomes(done).values()) == {"done"}
    assert log_ins() - before == 2


def test_a_log_in_that_is_refused_is_not_tried_again_for_each_job(jobs_file, server_table, simulator, monkeypatch):
    def log_ins():
        return sum(request.path == "/api/auth/login" for request in simulator.requests)

    before = log_ins()
    file = jobs_file(
        server_table
        + "".join(f'[jobs.{name}]\nobject = "Customers"\ndestination = "{name}.csv"\n' for name in "abcdef")
    )
    monkeypatch.setenv("LAKE_PASSWORD", "of last month")
    done = ma.jobs.run(file)
    assert [job.error.kind for job in done.jobs] == ["LoginError"] * 6
    assert log_ins() - before == 1


def test_jobs_go_to_the_projects_that_they_name(run, simulator):
    one = '[jobs.{0}]\nobject = "Sales Cube"\nhead = 5\ndestination = "{0}.csv"\nproject = "{1}"\n'
    done = run(one.format("here", simulator.project) + one.format("nowhere", "Simulated Retial"))
    assert outcomes(done) == {"here": "done", "nowhere": "failed"}
    assert simulator.project in next(job.error.hint for job in done.jobs if job.error)

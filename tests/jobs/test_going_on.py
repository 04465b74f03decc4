"""A run that was ended before its end is gone on with: nothing is done twice, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

import mstr_arrow as ma
from benchmarks.nights import COMMAND, killed_nights
from mstr_arrow.jobs.records.history import Records
from mstr_arrow.simulator import Simulator, TimeModel
from tests.support.servers import IDLE

JOBS = """
[run]
jobs_at_once = 1
[jobs.few]
object = "Sales Cube"
head = 5
destination = "few.csv"
[jobs.sales]
object = "Sales Cube"
destination = "sales/"
page_rows = 100
part_rows = 200
concurrency = 1
"""


@pytest.fixture
def server(monkeypatch):
    with Simulator(rows=2_000, **IDLE) as server:
        monkeypatch.setenv("LAKE_PASSWORD", server.password)
        yield server


@pytest.fixture
def file(jobs_file, server):
    table = f'[servers.bi]\nurl = "{server.url}"\nusername = "{server.username}"\n'
    table += 'password = {env = "LAKE_PASSWORD"}\n'
    return jobs_file(f"{table}{JOBS}")


def test_what_is_cancelled_is_noted_and_gone_on_with(server, file, tmp_path):
    async def cancelled():
        def end(progress):
            if progress.stats is not None and progress.record.job == "sales" and progress.stats.rows >= 500:
                loop.call_soon_threadsafe(task.cancel)

        loop = asyncio.get_running_loop()
        task = asyncio.create_task(ma.jobs.run_async(file, on_progress=end))
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert server.open_sessions == 0
    records = Records(tmp_path / "jobs.records")
    [run] = records.runs()
    assert (run.end, run.exit_code) == ("interrupted", 130)
    assert {job.job: job.outcome for job in run.jobs} == {"few": "done", "sales": "interrupted"}
    assert not (tmp_path / "sales").exists()
    done = ma.jobs.run(file)
    assert {job.job: job.outcome for job in done.jobs} == {"few": "skipped", "sales": "done"}
    assert pl.read_parquet(tmp_path / "sales" / "*.parquet").height == 2_000
    assert {job.job: job.outcome for job in ma.jobs.run(file).jobs} == {"few": "done", "sales": "done"}
    assert server.open_sessions == 0


def test_all_is_done_again_where_that_is_wanted(file, tmp_path):
    records = Records(tmp_path / "jobs.records")
    done = ma.jobs.run(file)
    for ended, anew, outcome in (
        ("killed", False, "skipped"),
        ("killed", True, "done"),
        ("finished", False, "done"),
    ):
        last = records.runs(1)[0]
        records.write(type(last)(**{name: getattr(last, name) for name in last.__slots__} | {"end": ended}))
        assert {job.outcome for job in ma.jobs.run(file, anew=anew).jobs} == {outcome}
    assert done.exit_code == 0


def started(server, file):
    environment = os.environ | {"LAKE_PASSWORD": server.password}
    return subprocess.Popen([sys.executable, "-c", COMMAND, "run", str(file), "--quiet"], env=environment)


@pytest.mark.slow
def test_sigterm_ends_a_run_cleanly(file, server, tmp_path):
    server.time = TimeModel(request_ms=100)
    with started(server, file) as process:
        while server.instances_created < 2 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    assert server.open_sessions == 0
    [run] = Records(tmp_path / "jobs.records").runs()
    assert (run.end, run.exit_code) == ("terminated", 143)
    with started(server, file) as process:
        assert process.wait(60) == 0
    assert pl.read_parquet(tmp_path / "sales" / "*.parquet").height == 2_000


@pytest.mark.slow
def test_killed_nights_leave_the_truth(s3):
    pytest.importorskip("deltalake")
    nights = killed_nights(kills=4, rows=20_000, seed=2, store=s3.uri("lake"))
    assert nights.kills == 4
    assert (nights.wrong, nights.sessions_left) == ([], 0)
    assert nights.on_record == nights.starts

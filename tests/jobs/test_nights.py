"""Nights of a cube that grows: a job reads what came since the last run, and its destination is as the cube is."""

import re
from datetime import date, timedelta

import polars as pl
import pyarrow as pa
import pytest

import mstr_arrow as ma
from mstr_arrow.errors import UsageError
from mstr_arrow.jobs.records.record import Mark
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import IDLE

FIRST = date(2024, 1, 1)


def loaded(night, *, late=True):
    """Return what the cube holds on a night: fifty orders more, of which one comes late, and five change late."""
    orders = [order for order in range(50 * night) if not late or order != 50 * night - 7]
    changed = [late and order % 50 >= 45 and order // 50 + 1 < night for order in orders]
    return pl.DataFrame(
        {
            "Order": orders,
            "Day": [FIRST + timedelta(days=order // 5) for order in orders],
            "Amount": [order + (0.5 if changes else 0.0) for order, changes in zip(orders, changed, strict=True)],
        }
    )


class Growing:
    """A simulator with a cube that grows, and a file of one job that reads it."""

    def __init__(self, server, jobs_file):
        self.server = server
        self._jobs_file = jobs_file

    def publish(self, frame):
        login = {"username": self.server.username, "password": self.server.password}
        with ma.connect(self.server.url, **login) as connection:
            connection.write("Growing", {"Sales": frame}, attributes=["Order"])

    def run(self, job):
        if "delta" in job:
            pytest.importorskip("deltalake")
        text = (
            f'[servers.bi]\nurl = "{self.server.url}"\nusername = "{self.server.username}"\n'
            'password = {env = "LAKE_PASSWORD"}\n'
            f'[jobs.sales]\nobject = "{self.server.cubes["Growing"]}"\nsince = "Day"\nattempts = 1\n{job}\n'
        )
        run = ma.jobs.run(self._jobs_file(text))
        assert self.server.open_sessions == 0
        return run.jobs[0]


@pytest.fixture
def growing(jobs_file, monkeypatch):
    with Simulator(rows=10, **IDLE) as server:
        monkeypatch.setenv("LAKE_PASSWORD", server.password)
        yield Growing(server, jobs_file)


def of_delta(folder):
    deltalake = pytest.importorskip("deltalake")
    query = deltalake.QueryBuilder().register("sales", deltalake.DeltaTable(folder))
    return pl.from_arrow(pa.table(query.execute("select * from sales")))


def of_parquet(folder):
    return pl.scan_parquet(folder / "**/*.parquet", hive_partitioning=True).collect()


MERGED = ('destination = {delta = "lake"}\nmode = "merge"\nkeys = ["Order"]\noverlap = "3 days"', of_delta)
REPLACED = (
    'destination = "lake/"\nmode = "replace_partitions"\npartition_by = ["Day"]\noverlap = "3 days"',
    of_parquet,
)
APPENDED = ('destination = "lake/"\nmode = "append"', of_parquet)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("job", "read"), [MERGED, REPLACED, APPENDED], ids=["merged", "replaced", "appended"])
def test_three_nights_leave_what_the_cube_holds_and_nothing_twice(growing, tmp_path, job, read):
    late = "append" not in job
    for night in (1, 2, 3):
        growing.publish(loaded(night, late=late))
        done = growing.run(job)
        assert (done.outcome, done.mark) == ("done", Mark("Day", FIRST + timedelta(days=10 * night - 1)))
        assert done.rows < 80
        table = read(tmp_path / "lake").select("Order", "Day", "Amount").sort("Order")
        assert table.rows() == loaded(night, late=late).rows()


def test_a_run_that_fails_does_not_move_the_mark(growing, tmp_path):
    job, read = MERGED
    growing.publish(loaded(1))
    growing.run(job)
    growing.publish(loaded(2))
    growing.server.fail(Fault.error(400).on("GET", "/instances/", times=None))
    growing.server.fail(Fault.error(400).on("POST", "/instances", times=None))
    assert growing.run(job).outcome == "failed"
    growing.server.heal()
    assert growing.run(job).mark == Mark("Day", FIRST + timedelta(days=19))
    assert read(tmp_path / "lake").select("Order", "Day", "Amount").sort("Order").rows() == loaded(2).rows()


def test_a_night_on_which_nothing_came_leaves_the_mark(growing):
    growing.publish(loaded(1, late=False))
    before = growing.run(APPENDED[0])
    again = growing.run(APPENDED[0])
    assert (again.outcome, again.rows, again.mark) == ("done", 0, before.mark)


def test_another_question_begins_from_the_start(growing, tmp_path):
    growing.publish(loaded(1))
    growing.run(MERGED[0])
    done = growing.run(f'{MERGED[0]}\nschema_mode = "add"\ncolumns = ["Order", "Day", "Amount"]')
    assert done.rows == 49
    assert of_delta(tmp_path / "lake").height == 49


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ('destination = "lake/"', "in place of all that is there"),
        ('destination = "lake/"\nmode = "append"\noverlap = "1 day"', "they would be there twice"),
        (
            'destination = "lake/"\nmode = "replace_partitions"\npartition_by = ["Order"]',
            "they would lose the rows of old values",
        ),
        ('destination = "lake.parquet"\nmode = "append"', "its destination is a file"),
        (f"{MERGED[0]}\nhead = 5", "the others would never come"),
        ('destination = {delta = "lake"}\nmode = "merge"\nkeys = ["Order"]\noverlap = "soon"', "overlap is 'soon'"),
    ],
)
def test_what_would_lose_or_double_rows_is_an_error_of_the_file(growing, job, said):
    growing.publish(loaded(1))
    with pytest.raises(UsageError) as refused:
        growing.run(job)
    assert said in str(refused.value)
    assert re.search(r"jobs.toml, line \d+: ", str(refused.value))

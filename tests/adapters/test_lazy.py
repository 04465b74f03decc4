"""Lazy Polars queries: what of them the server is asked for, and how their reads end."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from select import select

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow import background
from mstr_arrow.adapters.lazy import lazy_frame
from mstr_arrow.errors import DataMismatch
from mstr_arrow.simulator import Fault

ROWS, PAGES = 2_000, 8
ENGINES = ("in-memory", "streaming")
EAST = pl.col("Region") == "East"
LONG = pl.col("Product").str.len_chars() > 5
"""A condition that only Polars can check, which holds for most rows."""

engines = pytest.mark.parametrize("engine", ENGINES)


@pytest.fixture
def lazy(cube):
    """The cube as a lazy frame whose schema is known, so that what is seen next are reads."""
    lazy = cube.lazy()
    lazy.collect_schema()
    return lazy


def asked_for(body):
    """Give the numbers of attributes and metrics that a request names."""
    requested = body["requestedObjects"]
    return len(requested["attributes"]), len(requested["metrics"])


# What it costs


def test_a_lazy_frame_costs_nothing_until_its_schema_is_needed(cube, seen):
    requests = seen()
    query = cube.lazy().filter(EAST)
    assert requests.requests == []
    query.collect_schema()
    query.collect_schema()
    assert [each.query["limit"] for each in requests.requests] == ["1"]


@engines
def test_the_instance_that_told_the_schema_is_read(cube, seen, engine):
    requests = seen()
    assert cube.lazy().collect(engine=engine).height == ROWS
    assert (requests.instances, len(requests.requests)) == (1, 1 + PAGES)


@engines
def test_each_collect_is_one_read(lazy, seen, engine):
    lazy.collect(engine=engine)
    requests = seen()
    lazy.collect(engine=engine)
    assert (requests.instances, len(requests.requests)) == (1, PAGES)


def test_the_schema_is_that_of_the_frame(cube, frame):
    lazy = cube.lazy()
    assert lazy.collect_schema() == frame.schema
    assert lazy.collect().equals(frame)
    assert lazy.filter(pl.col("Order") < 0).collect().schema == frame.schema


@engines
def test_a_head_of_nothing_asks_for_nothing(lazy, seen, engine):
    requests = seen()
    assert lazy.head(0).collect(engine=engine).height == 0
    assert requests.requests == []


# Conditions


@engines
def test_conditions_reach_the_server(lazy, frame, seen, engine):
    requests = seen()
    query = (EAST, pl.col("Day").is_between(pl.date(2023, 1, 1), pl.date(2023, 1, 9)), pl.col("Units") >= 2)
    found = lazy.filter(*query).collect(engine=engine)
    assert found.equals(frame.filter(*query))
    assert 0 < found.height < 100
    assert len(requests.requests) == 1
    sent = requests.bodies[0]["viewFilter"]["operands"]
    assert sorted(each["operator"] for each in sent) == ["Equals", "GreaterEqual", "GreaterEqual", "LessEqual"]


@engines
def test_what_only_polars_understands_is_checked_by_polars(lazy, frame, seen, engine):
    requests = seen()
    found = lazy.filter(EAST, LONG, pl.col("Units") * 2 > pl.col("Order") % 7).collect(engine=engine)
    assert found.equals(frame.filter(EAST, LONG, pl.col("Units") * 2 > pl.col("Order") % 7))
    assert requests.bodies[0]["viewFilter"]["operator"] == "Equals"


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "settled",
    [
        lambda scan: scan.head(700),
        lambda scan: scan.top(700, "Revenue"),
        lambda scan: scan.filter(ma.col("Units").top(50)),
        lambda scan: scan.filter(ma.col("Units").bottom(50)),
    ],
)
def test_no_condition_goes_below_what_takes_some_of_the_rows(cube, seen, settled):
    scan = settled(cube)
    whole = scan.to_polars()
    requests = seen()
    found = scan.lazy().filter(EAST).collect()
    assert found.sort("Order").equals(whole.filter(EAST).sort("Order"))
    assert found.height > 0
    assert not [body for body in requests.bodies if "East" in str(body)]


def test_conditions_of_the_scan_and_of_the_query_are_sent_together(cube, frame, seen):
    lazy = cube.filter(ma.col("Channel") == "Store").sort("Order").lazy()
    lazy.collect_schema()
    requests = seen()
    assert lazy.filter(EAST).collect().equals(frame.filter(pl.col("Channel") == "Store", EAST).sort("Order"))
    assert len(requests.bodies[-1]["viewFilter"]["operands"]) == 2


def test_conditions_on_what_the_server_added_up_do_not_go_below_it(cube, frame, seen):
    lazy = cube.aggregate("Region", "Channel", "Units").lazy()
    lazy.collect_schema()
    requests = seen()
    found = lazy.filter(EAST | (pl.col("Region") == "West"), pl.col("Units") > 7000).collect()
    units = frame.group_by("Region", "Channel").agg(pl.col("Units").sum())
    expected = units.filter(EAST | (pl.col("Region") == "West"), pl.col("Units") > 7000)
    assert 0 < expected.height < units.filter(EAST | (pl.col("Region") == "West")).height
    assert found.sort("Channel").equals(expected.sort("Channel"))
    assert [body["viewFilter"]["operator"] for body in requests.bodies] == ["Or"]


def test_nothing_is_sent_with_push_down_off(cube, frame, seen):
    lazy = cube.with_options(pushdown=False).lazy()
    requests = seen()
    found = lazy.filter(EAST).select("Order", "Units").collect()
    assert found.equals(frame.filter(EAST).select("Order", "Units"))
    assert {asked_for(body) for body in requests.bodies} == {(8, 5)}
    assert not [body for body in requests.bodies if "viewFilter" in body]


# First rows


@engines
def test_the_first_rows_are_all_that_is_read(lazy, frame, seen, engine):
    requests = seen()
    assert lazy.head(10).collect(engine=engine).equals(frame.head(10))
    assert (len(requests.requests), requests.rows) == (1, 10)


@engines
def test_the_first_rows_of_few_columns_are_the_first_rows(lazy, frame, seen, engine):
    requests = seen()
    found = lazy.select("Order", "Units").head(600).collect(engine=engine)
    assert found.equals(frame.select("Order", "Units").head(600))
    assert (requests.instances, requests.rows) == (0, 600)  # the instance that told the schema


@engines
def test_rows_are_counted_before_they_are_filtered(lazy, frame, engine):
    assert lazy.head(100).filter(EAST).collect(engine=engine).equals(frame.head(100).filter(EAST))
    assert lazy.filter(EAST).head(100).collect(engine=engine).equals(frame.filter(EAST).head(100))


def test_the_streaming_engine_ends_a_read_that_has_brought_enough(lazy, frame, seen, simulator):
    simulator.fail(Fault.slow(10).on("GET", "/instances/", skip=3, times=None))  # else all may come first
    requests = seen()
    assert lazy.filter(LONG).head(20).collect(engine="streaming").equals(frame.filter(LONG).head(20))
    simulator.heal()
    assert requests.settled() < PAGES


def test_the_head_of_a_scan_stays(cube, frame):
    lazy = cube.head(30).lazy()
    assert lazy.head(50).collect().equals(frame.head(30))
    assert lazy.head(20).collect().equals(frame.head(20))


def test_a_sorted_scan_has_the_server_find_the_first_rows(cube, frame, seen):
    lazy = cube.sort("Order", descending=True).lazy()
    lazy.collect_schema()
    requests = seen()
    assert lazy.head(5).collect().equals(frame.sort("Order", descending=True).head(5))
    assert requests.rows < 2 * 250


# Columns


@engines
def test_columns_that_tell_the_rows_apart_are_asked_for_alone(lazy, frame, seen, engine):
    requests = seen()
    assert lazy.select("Order", "Units").collect(engine=engine).equals(frame.select("Order", "Units"))
    assert asked_for(requests.bodies[-1]) == (1, 1)
    assert len(requests.requests) <= PAGES + 2


@engines
def test_columns_that_do_not_are_left_out_here(lazy, frame, seen, engine):
    requests = seen()
    assert lazy.select("Region", "Units").collect(engine=engine).equals(frame.select("Region", "Units"))
    assert [each for each in requests.requests if each.method == "GET"]
    assert requests.instances <= 2
    assert len(requests.requests) <= PAGES + 2


@engines
def test_the_numbers_of_rows_are_compared_under_the_same_conditions(lazy, frame, seen, engine):
    requests = seen()
    query = (pl.col("Region").is_in(["North", "West"]), pl.col("Units") * 2 > 5)
    found = lazy.filter(*query).select("Order").collect(engine=engine)
    assert found.equals(frame.filter(*query).select("Order"))
    whole, narrow = requests.bodies
    assert whole["viewFilter"] == narrow["viewFilter"]
    assert asked_for(narrow) == (2, 1)


def test_a_form_is_asked_for_without_its_sister(lazy, frame, seen):
    requests = seen()
    assert lazy.select("Store@DESC", "Order").collect().equals(frame.select("Store@DESC", "Order"))
    assert [len(each.get("forms", "")) for each in requests.bodies[-1]["requestedObjects"]["attributes"]] == [0, 1]


def test_what_fits_into_a_page_is_not_looked_at_twice(lazy, frame, seen):
    requests = seen()
    assert lazy.filter(pl.col("Order") < 3_000_000_100).select("Order").collect().height == 14
    assert len(requests.requests) == 2
    assert frame.filter(pl.col("Order") < 3_000_000_100).height == 14


def test_metrics_alone_are_not_tried(lazy, frame, seen):
    requests = seen()
    assert lazy.select("Units").collect().equals(frame.select("Units"))
    assert not [body for body in requests.bodies if asked_for(body) == (0, 1)]


def test_a_report_is_run_once(connection, seen):
    requests = seen()
    report = connection.report("Plain Report", limits=ma.Limits(page_rows=20))
    lazy = report.lazy().select(pl.nth(0, -1))
    assert lazy.collect().equals(report.to_polars().select(pl.nth(0, -1)))
    assert [each.method for each in requests.requests].count("POST") == 2  # the query's, and that of to_polars


# Several at once


@engines
@pytest.mark.usefixtures("several")
def test_two_queries_in_one(lazy, frame, seen, engine):
    requests = seen()
    queries = [lambda rows: rows.filter(EAST), lambda rows: rows.select("Order", "Units").sort("Order")]
    found = pl.collect_all([query(lazy) for query in queries], engine=engine)
    assert all(a.equals(query(frame)) for a, query in zip(found, queries, strict=True))
    assert requests.instances <= 4


@engines
@pytest.mark.usefixtures("several")
def test_a_join_reads_each_side_once(connection, cube, frame, seen, engine):
    other = connection.cube("One Row").lazy()
    query = cube.lazy().join(other, left_on="Units", right_on="Number").select("Order", "Colour")
    query.collect_schema()
    requests = seen()
    assert query.collect(engine=engine).height == frame.filter(pl.col("Units") == 1).height
    assert requests.instances <= 3  # each read, and a look at fewer columns


# Ends


def test_errors_say_what_happened(connection):
    with pytest.raises(pl.exceptions.ComputeError, match="NotPublished"):
        connection.cube("Not Published").lazy().collect()


@engines
def test_an_error_in_the_middle_reaches_the_caller(lazy, simulator, engine):
    simulator.fail(Fault(effect=_refused(), method="GET", path="instances", times=None))
    try:
        with pytest.raises((ma.MstrError, pl.exceptions.ComputeError), match="PermissionDenied"):
            lazy.collect(engine=engine)
    finally:
        simulator.heal()


def _refused():
    from mstr_arrow.simulator.faults.effects import ErrorResponse
    from mstr_arrow.simulator.responses import Refusal

    return ErrorResponse(Refusal(403, "ERR014", "The user has no right to read this."))


def test_a_failing_query_ends_its_read(lazy, seen):
    def fail(_):
        raise LookupError("mine")

    requests = seen()
    with pytest.raises((LookupError, pl.exceptions.ComputeError), match="mine"):
        lazy.select(pl.col("Units").map_batches(fail, return_dtype=pl.Int64)).collect(engine="streaming")
    requests.settled()


INTERRUPTED = """
import sys
import polars as pl
import mstr_arrow as ma

url, user, password, engine = sys.argv[1:]
with ma.connect(url, username=user, password=password) as connection:
    lazy = connection.cube("Sales Cube", limits=ma.Limits(page_rows=250, concurrency=1)).lazy()
    try:
        lazy.collect(engine=engine)
    except (KeyboardInterrupt, pl.exceptions.ComputeError):  # Polars 1.34 makes the second of it, in memory
        print("heard", flush=True)
        sys.stdin.read()
"""


@engines
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_is_heard_while_the_server_thinks(simulator, engine):
    """In a process of its own: who sets a handler, as `asyncio.run` does, displaces that of Polars for good."""
    simulator.fail(Fault.slow(60).on("GET", "/instances/"))
    command = [sys.executable, "-c", INTERRUPTED, simulator.url, simulator.username, simulator.password, engine]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    try:
        with subprocess.Popen(command, **pipes) as process:
            while not any(simulator.faults_due):
                assert process.poll() is None
                time.sleep(0.01)
            for _ in range(5):  # engines sometimes lose one
                process.send_signal(signal.SIGINT)
                if select([process.stdout], [], [], 4)[0]:
                    break
            assert process.stdout.readline() == b"heard\n"
            process.stdin.close()
        assert process.returncode == 0
    finally:
        simulator.heal()


class Slow:
    """A read whose frames come when they are let go; on the background loop."""

    def __init__(self, frame):
        self.frame, self.closed, self.go = frame, threading.Event(), threading.Event()
        self.schema = frame.to_arrow().schema
        self.left = [frame]

    async def opened(self, _columns, _predicate, _rows):
        return self

    async def next(self):
        while not self.go.is_set():  # noqa: ASYNC110 - another thread lets it go
            await asyncio.sleep(0.01)
        return self.left.pop() if self.left else None

    async def aclose(self):
        self.closed.set()


class Loop:
    """A connection that runs coroutines on the background loop."""

    def run(self, coroutine):
        return background.run(coroutine)


@pytest.fixture
def slow():
    return Slow(pl.DataFrame({"Number": [1, 2, 3]}))


@pytest.fixture
def frames(slow):
    """What Polars iterates over."""
    source = []

    def register(io_source, **_):
        source.append(io_source)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("polars.io.plugins.register_io_source", register)
        lazy_frame(Loop(), lambda: slow.schema, slow.opened, "slow")
    return source[0]


def test_empty_frames_come_while_nothing_does(frames, slow):
    came = frames(None, None, None, None)
    assert [next(came).shape for _ in range(3)] == [(0, 1)] * 3
    slow.go.set()
    assert [each.height for each in came if each.height] == [3]
    assert slow.closed.is_set()


@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_read_that_is_given_up_is_closed(frames, slow, end):
    came = frames(None, None, None, None)
    next(came)
    assert not slow.closed.is_set()
    if end == "close":
        came.close()
    del came
    gc.collect()
    assert slow.closed.wait(60)


def test_a_query_that_never_began_opens_nothing(frames, slow):
    frames(None, None, None, None).close()
    assert not slow.closed.is_set()


def test_frames_are_as_small_as_asked_for(frames, slow):
    slow.go.set()
    heights = [each.height for each in frames(None, pl.col("Number") > 0, None, 2) if each.height]
    assert heights == [2, 1]


def test_columns_that_only_a_condition_needs_are_not_handed_out(frames, slow):
    slow.frame = pl.DataFrame({"Number": [1, 2, 3], "Word": ["a", "b", "c"]})
    slow.schema, slow.left = slow.frame.to_arrow().schema, [slow.frame]
    slow.go.set()
    (came,) = [each for each in frames(["Word"], pl.col("Number") > 1, None, None) if each.height]
    assert came.equals(pl.DataFrame({"Word": ["b", "c"]}))


def test_columns_that_changed_since_are_an_error(slow):
    schemas = [pl.DataFrame({"Number": ["1"]}).to_arrow().schema]
    lazy = lazy_frame(Loop(), lambda: schemas[0], slow.opened, "slow")
    lazy.collect_schema()
    with pytest.raises((DataMismatch, pl.exceptions.ComputeError), match="DataMismatch"):
        lazy.collect()
    assert slow.closed.wait(60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is inherited")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
def test_a_forked_child_leaves_the_read_to_its_parent(frames, slow):
    came = frames(None, None, None, None)
    next(came)
    child = os.fork()
    if not child:
        came.close()
        os._exit(0 if not background._state.kept and background._state.thread is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    slow.go.set()
    assert [each.height for each in came if each.height] == [3]

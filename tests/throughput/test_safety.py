"""What a sweep does when things go wrong: it ends early, keeps what was measured, and leaves nothing behind."""

import asyncio
import signal
import threading
import time
from dataclasses import replace

import pyarrow.compute as pc
import pytest

import mstr_arrow as ma
from mstr_arrow.config import SessionSettings, Settings, Timeouts
from mstr_arrow.errors import ServerError, UsageError
from mstr_arrow.simulator import Fault, Simulator, TimeModel
from mstr_arrow.throughput import brake
from tests.support.servers import IDLE

PAGES = ("GET", r"/v2/cubes/\w+/instances/")
QUICK = Settings(timeouts=Timeouts(connect=2, read=2, execute=2, logout=0.3))


def connect(server):
    return ma.connect(
        server.url, username=server.username, password=server.password, project=server.project, settings=QUICK
    )


@pytest.fixture
def server():
    """A server of its own, as things go wrong on it."""
    with Simulator(rows=1_000, **IDLE) as started:
        yield started
        assert started.open_sessions == 0
        assert started.uploads_open == 0
        assert [name for name in started.cubes if "scratch" in name] == []


@pytest.fixture
def opened(server):
    with connect(server) as connection:
        yield connection


def pages_of(server):
    return sum("/instances/" in each.path for each in server.requests)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_left_alone_for_a_while(server, opened, status, monkeypatch):
    monkeypatch.setattr(brake, "REST", 0.3)
    server.fail(Fault.error(status, "ERR0016").on(*PAGES, skip=12))
    found = ma.throughput.sweep(
        opened, "Sales Cube", concurrency=[1, 2, 4], page_rows=[100, 200], requests=8, repeats=1
    )
    of_load = found.requests.filter(pc.equal(found.requests["load"], 1))
    after = found.requests.filter(pc.equal(found.requests["load"], 2))
    assert pc.min(after["sent"]).as_py() - pc.max(of_load["sent"]).as_py() > 0.3
    assert of_load.num_rows <= 6  # the fourth one was refused, and one was in flight
    refused = [load for load in found.left_out if load.page_rows == 100]
    assert sorted(load.concurrency for load in refused) == [2, 4]
    assert "the server said that it has too much to do" in found.left_out[refused[0]]
    assert {load.concurrency for load in found.loads if load.page_rows == 200} == {1, 2, 4}
    assert found.ended is None


def test_an_open_loop_sends_no_more_to_a_busy_server(server, opened):
    server.fail(Fault.busy(503).on(*PAGES, skip=5, times=None))
    found = ma.throughput.sweep(opened, "Sales Cube", rates=[200], page_rows=[100], requests=100, repeats=1)
    assert found.requests.num_rows < 20
    assert pages_of(server) == found.requests.num_rows


def test_what_was_measured_stays_when_the_server_is_gone():
    server = Simulator(rows=1_000, **IDLE)
    server.__enter__()
    with connect(server) as opened:
        found = ma.throughput.sweep(
            opened,
            "Sales Cube",
            concurrency=[1, 2, 4],
            page_rows=[100],
            requests=20,
            repeats=2,
            on_progress=lambda load, _: load.concurrency == 2 and server.__exit__(None, None, None),
        )
    assert [load.concurrency for load in found.loads] == [1, 2, 4]
    assert found.ended.startswith("no answers came any more: ConnectError")
    answered = found.requests.filter(pc.is_valid(found.requests["last_byte"]))
    assert answered.num_rows == 40
    assert found.figures[found.loads[0]].errors == 0


def test_connections_that_break_end_the_sweep(server, opened):
    server.fail(Fault.reset_midway().on(*PAGES, skip=10, times=None))
    found = ma.throughput.sweep(
        opened, "Sales Cube", concurrency=[1, 2], page_rows=[100], requests=50, repeats=3, max_errors=1.0
    )
    assert "no answers came any more" in found.ended
    assert found.requests["error"].null_count == 10
    assert found.requests.num_rows < 25


@pytest.mark.one_in(2)
@pytest.mark.parametrize("fault", [Fault.instances_dropped(), Fault.logged_out()], ids=["instance", "log-in"])
@pytest.mark.parametrize("work", ["pages", "uploads"])
def test_what_is_gone_is_made_again_once(server, opened, fault, work):
    aim = PAGES if work == "pages" else ("PUT", "/uploadSessions/")
    if work == "uploads" and fault == Fault.instances_dropped():
        fault = Fault.error(404, "ERR004")
    server.fail(fault.on(*aim, skip=5))
    found = ma.throughput.sweep(
        opened, "Sales Cube", works=[work], concurrency=[2], page_rows=[100], requests=30, repeats=1
    )
    errors = found.requests["error"].drop_null()
    assert found.remade == 1
    assert 1 <= len(errors) <= 2
    assert found.requests.num_rows == 30
    assert found.ended is None


def test_a_session_that_ends_again_and_again_is_no_endless_loop(server, opened):
    server.fail(Fault.logged_out().on(*PAGES, skip=3, times=None))
    found = ma.throughput.sweep(
        opened, "Sales Cube", concurrency=[1, 2], page_rows=[100], requests=200, repeats=1, max_errors=1.0
    )
    assert found.remade <= len(found.loads)
    assert "requests in a row failed: SessionExpired" in next(iter(found.left_out.values()))
    assert found.requests.num_rows < 30


def test_an_object_that_errs_under_load_is_left_out_and_the_others_go_on(server, opened):
    where = rf"/cubes/{server.cubes['Sales Cube']}/instances/"
    server.fail(Fault.error(500, iserver_code=-2147205488).on("GET", where, skip=9, times=None))
    found = ma.throughput.sweep(
        opened, "Sales Cube", "Customers", concurrency=[1, 2, 4], page_rows=[100], requests=8, repeats=1
    )
    assert {load.name for load in found.left_out} == {"Sales Cube"}
    assert [load.concurrency for load in found.loads if load.name == "Sales Cube"] == [1, 2]
    assert [load.concurrency for load in found.loads if load.name == "Customers"] == [1, 2, 4, 4]
    assert found.ended is None


@pytest.mark.parametrize("budget", [{"max_bytes": 100_000}, {"max_seconds": 0.4}], ids=["bytes", "seconds"])
def test_a_budget_ends_the_sweep_in_the_middle_of_a_load(opened, budget):
    found = ma.throughput.sweep(
        opened, "Sales Cube", concurrency=[1], page_rows=[100], requests=100_000, repeats=1, **budget
    )
    assert "was used up" in found.ended
    assert 0 < found.requests.num_rows < 10_000
    assert found.rounds[found.loads[0]]


def test_answers_that_take_too_long_end_a_load_and_leave_out_stronger_ones(server, opened):
    server.time = TimeModel(request_ms=20, workers=1)
    found = ma.throughput.sweep(
        opened, "Sales Cube", concurrency=[1, 8], page_rows=[100], requests=500, repeats=1, max_latency=0.015
    )
    assert found.requests.num_rows < 20
    assert "took longer than 0.015 s" in next(iter(found.left_out.values()))


def measures(server):
    """Wait until so much was answered that some of it is measured."""
    end = time.monotonic() + 60
    while sum("/instances/" in each.path or "/uploadSessions/" in each.path for each in server.requests) < 30:
        assert time.monotonic() < end, "nothing is measured"
        time.sleep(0.01)


@pytest.mark.parametrize("work", ["pages", "uploads"])
def test_a_cancelled_sweep_keeps_what_it_has(server, opened, work):
    plan = ma.throughput.plan(
        opened, "Sales Cube", works=[work], concurrency=[2], page_rows=[100], requests=100_000, repeats=1
    )
    before = set(server.cubes)

    async def cancelled():
        running = asyncio.ensure_future(plan.run_async())
        await asyncio.to_thread(measures, server)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled())
    assert plan.result.ended == "it was interrupted"
    assert plan.result.requests.num_rows > 0
    assert plan.result.requests["error"].null_count == plan.result.requests.num_rows
    assert plan.result.figures[plan.result.loads[0]].requests_per_second.mean > 0
    assert server.open_sessions == 1
    assert set(server.cubes) == before


def test_ctrl_c_leaves_what_was_measured(server, opened):
    plan = ma.throughput.plan(opened, "Sales Cube", concurrency=[2], page_rows=[100], requests=100_000)

    def press():
        measures(server)
        signal.raise_signal(signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        plan.run()
    pressing.join()
    assert plan.result.requests.num_rows > 0
    assert server.open_sessions == 1


def test_a_dataset_that_cannot_be_deleted_is_named(server, opened):
    server.fail(Fault.error(403, "ERR006").on("DELETE", "/objects/"))
    found = ma.throughput.sweep(
        opened, "Sales Cube", works=["uploads"], concurrency=[1], page_rows=[10], requests=3, repeats=1
    )
    [left] = found.left_behind
    [name] = [name for name in server.cubes if "scratch" in name]
    assert left.startswith(f"the dataset {name!r}")
    ma.SuperCube(opened, id=server.cubes[name]).delete()


def test_a_credential_that_serves_once_is_measured_over_its_own_log_in(server, opened):
    with ma.connect(server.url, session=opened.save_session(), settings=QUICK) as again:
        server.fail(Fault.html(502).on(*PAGES, skip=3))
        found = ma.throughput.sweep(again, "Sales Cube", concurrency=[1, 2], page_rows=[100], requests=6, repeats=1)
        assert found.about.shared
        assert pc.sum(found.requests["retries"]).as_py() == 1
        assert [load.sessions for load in found.left_out] == [2]
        assert "its own" in next(iter(found.left_out.values()))
        with pytest.raises(UsageError, match="its own"):
            ma.throughput.sweep(again, "Sales Cube", sessions=2, requests=1)
        with pytest.raises(UsageError, match="would push out those of the connection"):
            ma.throughput.sweep(again, "Sales Cube", works=["instances"], requests=1)


def test_log_ins_that_are_refused_leave_out_what_needs_them():
    with Simulator(rows=1_000, max_sessions_per_user=2, **IDLE) as server, connect(server) as opened:
        found = ma.throughput.sweep(
            opened, "Sales Cube", concurrency=[1, 2], page_rows=[100], requests=6, repeats=1
        )
        assert not found.about.shared
        assert [load.sessions for load in found.loads] == [1, 1]
        assert [load.sessions for load in found.left_out] == [2]
        with pytest.raises(ServerError):
            ma.throughput.sweep(opened, "Sales Cube", sessions=2, requests=1)
        assert server.open_sessions == 1


def test_a_page_that_takes_too_long_is_not_asked_for_by_halves(server, opened):
    server.fail(Fault.error(500, iserver_code=-2147206497).on(*PAGES, skip=3))
    found = ma.throughput.sweep(opened, "Sales Cube", concurrency=[1], page_rows=[500], requests=6, repeats=1)
    assert found.requests.num_rows == pages_of(server)
    assert len(found.requests["error"].drop_null()) == 1


def test_a_password_that_is_refused_is_not_sent_again_and_again(server, opened):
    def locked(_load, _found):
        server.fail(Fault.error(401, "ERR003").on("POST", "/auth/login", times=None))
        server.expire_sessions()

    found = ma.throughput.sweep(
        opened, "Sales Cube", concurrency=[1, 2, 4], page_rows=[100], requests=20, repeats=2, on_progress=locked
    )
    server.heal()
    assert "no other could be opened" in found.ended
    assert [load.concurrency for load in found.loads] == [1, 2]
    assert sum(each.path == "/api/auth/login" for each in server.requests) == 3


def test_a_server_that_hangs_does_not_outlast_the_budget(server, opened):
    server.fail(Fault.slow(60).on(*PAGES, skip=6, times=None))
    found = ma.throughput.sweep(
        opened, "Sales Cube", concurrency=[2], page_rows=[100], repeats=1, max_seconds=1, max_latency=0.1
    )
    assert "was used up" in found.ended
    assert found.requests["error"].drop_null().to_pylist() == ["no answer before the end"] * 2


@pytest.mark.one_in(2)
@pytest.mark.parametrize("fault", [Fault.cut_short(), Fault.damaged(), Fault.not_json(), Fault.other_page(7)])
def test_an_answer_that_cannot_be_read_is_an_error_and_not_asked_for_again(server, opened, fault):
    server.fail(fault.on(*PAGES, skip=3))
    found = ma.throughput.sweep(opened, "Sales Cube", concurrency=[1], page_rows=[100], requests=8, repeats=1)
    assert found.requests.num_rows == pages_of(server) == 8
    assert len(found.requests["error"].drop_null()) == 1
    assert found.figures[found.loads[0]].errors == 1


@pytest.mark.slow
@pytest.mark.parametrize("work", ["pages", "uploads"])
def test_many_requests_that_meet_what_is_gone_end_nothing(server, opened, work):
    aim, fault = (PAGES, Fault.instances_dropped()) if work == "pages" else (("PUT", "/upload"), Fault.logged_out())
    server.time = TimeModel(request_ms=10)
    server.fail(fault.on(*aim, skip=30))
    found = ma.throughput.sweep(
        opened, "Sales Cube", works=[work], concurrency=[12, 13], page_rows=[100], requests=60, repeats=1
    )
    assert found.left_out == {}
    assert found.ended is None
    assert found.remade == 1
    assert 1 <= len(found.requests["error"].drop_null()) <= 13


def test_more_objects_than_a_log_in_keeps_instances(server):
    names = ["Sales Cube", "Customers", "One Row", "Same Names", "Only Attributes", "Awkward Values"]
    with ma.connect(
        server.url,
        username=server.username,
        password=server.password,
        settings=replace(QUICK, session=SessionSettings(working_set=4)),
    ) as small:
        found = ma.throughput.sweep(small, *names, concurrency=[1, 2], page_rows=[100], requests=4, repeats=2)
    assert found.requests["error"].null_count == found.requests.num_rows
    assert found.remade == 0

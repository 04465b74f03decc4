"""Answers that are lost after the server did what was asked: what is there then, and that asking again is right."""

import asyncio
import contextlib
import re

import orjson
import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator
from mstr_arrow.simulator.faults.effects import CutResponse
from tests.support.servers import connect_to
from tests.support.slow import thinned

CUBE = "Sales Cube"
OLD = pl.DataFrame({"key": [f"k{n}" for n in range(50)], "n": range(50)})
NEW = pl.DataFrame({"key": [f"n{n}" for n in range(50)], "n": range(50)})
LOST = {
    "reset": Fault.reset(),
    "502": Fault.outwaited(502),
    "504": Fault.outwaited(504),
}


@pytest.fixture
def sim():
    with Simulator(rows=20, publish_polls=0) as server:
        yield server


@pytest.fixture
def connect(sim, quick):
    return lambda: connect_to(sim, settings=quick)


@pytest.fixture(params=thinned(LOST, {"reset", "504"}))
def lost(request):
    return LOST[request.param]


def keys(sim):
    return sim.dataset("Pushed")["Pushed"]["key"].to_pylist() if pushed(sim) else []


def pushed(sim):
    return sum(name.rpartition("/")[2] == "Pushed" for name in sim.cubes)


def fails(connection, mode="replace"):
    with pytest.raises((errors.ConnectError, errors.ServerError)) as caught:
        connection.write("Pushed", NEW, mode=mode, chunk_rows=30)
    return caught.value


def test_a_log_in_is_sent_once_more_and_leaves_one_session_which_nobody_knows(sim, connect, lost):
    sim.fail(lost.on("POST", r"/auth/login$"))
    with connect() as connection:
        assert connection.cube(CUBE).to_arrow().num_rows == 20
        assert sim.open_sessions == 2
    assert sim.open_sessions == 1


def test_an_instance_is_made_again_and_the_lost_one_is_of_its_session_until_that_ends(sim, connect, lost):
    sim.fail(lost.on("POST", r"/instances$", times=2))
    with connect() as connection:
        assert connection.cube(CUBE).to_arrow().num_rows == 20
        assert sim.instances[-1].alive == 3
    assert sim.instances[-1].alive == 0
    assert sim.open_sessions == 0


def test_three_instances_are_made_at_most(sim, connect, lost):
    sim.fail(lost.on("POST", r"/instances$", times=None))
    with connect() as connection:
        with pytest.raises((errors.ConnectError, errors.ServerError)):
            connection.cube(CUBE).to_arrow()
        assert sim.instances[-1].alive == 3


@pytest.mark.parametrize(
    "damage", [Fault.damaged(), Fault.cut_short(), Fault.not_json(), Fault.not_json(b'{"a": 1}')]
)
def test_an_instance_whose_answer_cannot_be_read_is_made_again(sim, connect, damage):
    sim.fail(damage.on("POST", r"/instances$"))
    with connect() as connection:
        assert connection.cube(CUBE).schema.names
        assert connection.cube(CUBE).to_arrow().num_rows == 20


def runs(sim):
    return sum(request.method == "POST" and request.path.endswith("/instances") for request in sim.requests)


def test_a_report_is_run_again_where_the_jobs_show_that_it_does_not_run(sim, connect, lost):
    sim.fail(lost.on("POST", r"/reports/\w+/instances$", times=2))
    with connect() as connection:
        assert connection.report("Plain Report").to_arrow(strings="plain").equals(sim.truth("Plain Report"))
    assert (runs(sim), sim.open_sessions) == (3, 0)


@pytest.mark.parametrize(
    "damage", [Fault.html(500), Fault.damaged(), Fault.cut_short(), Fault.not_json(), Fault.not_json(b'{"a": 1}')]
)
def test_a_report_whose_answer_cannot_be_read_is_run_again(sim, connect, damage):
    sim.fail(damage.on("POST", r"/reports/\w+/instances$"))
    with connect() as connection:
        assert connection.report("Plain Report").to_arrow(strings="plain").equals(sim.truth("Plain Report"))
    assert runs(sim) == 2


def test_a_report_is_run_three_times_at_most(sim, connect, lost):
    sim.fail(lost.on("POST", r"/reports/\w+/instances$", times=None))
    with connect() as connection, pytest.raises((errors.ConnectError, errors.ServerError)):
        connection.report("Plain Report").to_arrow()
    assert runs(sim) == 3


def job(**other):
    told = {"jobId": 7, "status": "executing", "user": "Somebody", "objectId": PLAIN_REPORT}
    return Fault.rewritten(lambda _: orjson.dumps({"jobs": [{**told, **other}]}))


PLAIN_REPORT = "F5A9F4941458988581574F80AA941F05"
UNCERTAIN = {
    "forbidden": Fault.error(403, "ERR0014"),
    "not there": Fault.error(404, "ERR001"),
    "no list": Fault.not_json(b'{"error": "none"}'),
    "null": Fault.not_json(b"null"),
    "its job": job(user="demo"),
    "a job that tells no user": job(user=None),
}


@pytest.mark.parametrize("jobs", UNCERTAIN)
def test_a_report_is_not_run_again_where_it_may_run(sim, connect, lost, jobs):
    sim.fail(lost.on("POST", r"/reports/\w+/instances$"))
    sim.fail(UNCERTAIN[jobs].on("GET", r"/monitors/jobs", times=None))
    with connect() as connection, pytest.raises((errors.ConnectError, errors.ServerError)):
        connection.report("Plain Report").to_arrow()
    assert runs(sim) == 1


@pytest.mark.parametrize(
    "other", [{}, {"user": {"id": "F" * 32, "name": "Somebody"}}, {"status": "completed", "user": None}]
)
def test_jobs_of_others_and_former_ones_do_not_keep_a_report_from_running(sim, connect, other):
    sim.fail(Fault.reset().on("POST", r"/reports/\w+/instances$"))
    sim.fail(job(**other).on("GET", r"/monitors/jobs"))
    with connect() as connection:
        assert connection.report("Plain Report").to_arrow(strings="plain").equals(sim.truth("Plain Report"))


def test_a_report_that_runs_on_behind_a_gateway_is_not_run_again(quick):
    with Simulator(rows=20, report_seconds=30) as sim:
        sim.fail(Fault.outwaited(504).on("POST", r"/instances$"))
        with connect_to(sim, settings=quick) as connection:
            with pytest.raises(errors.ServerError, match="The report may go on running on the server"):
                connection.report("Plain Report").to_arrow()
            assert len(sim._server.jobs.running) == 1
        assert runs(sim) == 1


def test_lost_instances_push_out_none_that_is_read(sim, lost):
    settings = ma.SessionSettings(working_set=4)
    with connect_to(
        sim,
        settings=ma.Settings(session=settings, retry=ma.Retry(wait_initial=0.001)),
    ) as connection:
        limits = ma.Limits(first_page_rows=5, page_rows=5, concurrency=1)
        batches = iter(connection.cube(CUBE, limits=limits))
        rows = len(next(batches))
        for _ in range(3):
            sim.fail(lost.on("POST", r"/instances$", times=2))
            assert connection.cube(CUBE).to_arrow().num_rows == 20
        assert rows + sum(map(len, batches)) == 20
    assert sim.open_sessions == 0


def asked(sim, path):
    return sum(request.method == "POST" and request.path.endswith(path) for request in sim.requests)


def test_a_dataset_is_found_by_its_name_and_filled(sim, connect, lost):
    sim.fail(lost.on("POST", r"/datasets/models$", times=None))
    with connect() as connection:
        assert connection.write("Pushed", NEW).published
    assert (pushed(sim), asked(sim, "/datasets/models")) == (1, 1)
    assert keys(sim) == NEW["key"].to_list()


@pytest.mark.parametrize("fault", [Fault.html(500), Fault.not_json(b"<html>Please log in</html>")])
def test_a_dataset_that_is_not_there_is_asked_for_again(sim, connect, fault):
    sim.fail(fault.on("POST", r"/datasets/models$"))
    with connect() as connection:
        assert connection.write("Pushed", NEW).published
    assert (pushed(sim), asked(sim, "/datasets/models")) == (1, 2)


@pytest.mark.parametrize("damage", [Fault.damaged(), Fault.cut_short(), Fault.not_json(b'{"a": 1}')])
def test_a_dataset_whose_answer_cannot_be_read_is_one(sim, connect, damage):
    sim.fail(damage.on("POST", r"/datasets/models$"))
    with connect() as connection:
        assert connection.write("Pushed", NEW).published
    assert pushed(sim) == 1


def test_a_dataset_that_is_overwritten_stays_one(sim, connect, lost):
    with connect() as connection:
        there = connection.write("Pushed", OLD).cube_id
        sim.fail(lost.on("POST", r"/datasets/models$"))
        more = NEW.with_columns(m=pl.lit(1.5))
        assert connection.write("Pushed", more, schema_mode="add").cube_id == there
    assert pushed(sim) == 1
    assert sim.dataset("Pushed")["Pushed"].column_names == ["key", "n", "m"]


def test_a_dataset_of_others_that_appears_meanwhile_is_not_taken(sim, connect):
    with connect() as connection:
        connection.write("Pushed", OLD.rename({"n": "other"}))
        hidden = Fault.rewritten(lambda _: b"[]")
        sim.fail(hidden.on("GET", r"/folders/preDefined/\w+$", times=2))  # as if it were made just afterwards
        sim.fail(Fault.html(502).on("POST", r"/datasets/models$", times=None))
        with pytest.raises(errors.ServerError):
            connection.write("Pushed", NEW)
        assert asked(sim, "/datasets/models") == 2
    assert sim.dataset("Pushed")["Pushed"].column_names == ["key", "other"]


def test_a_dataset_that_is_made_while_its_writer_gives_up_is_deleted(sim, connect):
    gives_up(sim, connect, r"/datasets/models$")
    assert pushed(sim) == 0


def test_an_upload_session_that_is_opened_while_its_writer_gives_up_is_deleted(sim, connect):
    gives_up(sim, connect, r"/uploadSessions$")
    assert pushed(sim) == 0


def gives_up(sim, connect, path):
    """Cancel a write while the server takes its time for a step; nothing is left open when it has ended."""

    async def cancelled(connection):
        task = asyncio.create_task(connection.write_async("Pushed", NEW))
        while not any(re.search(path, request.path) for request in sim.requests):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    sim.fail(Fault.slow(0.3).on("POST", path))
    with connect() as connection:
        asyncio.run(cancelled(connection))
        assert sim.uploads_open == 0


@pytest.mark.one_in(2)
@pytest.mark.parametrize("mode", ["replace", "add"])
def test_an_upload_goes_on_in_a_new_log_in_where_the_lost_upload_session_is_in_the_way(sim, connect, lost, mode):
    with connect() as connection:
        connection.write("Pushed", OLD)
        sim.fail(lost.on("POST", r"/uploadSessions$"))
        assert connection.write("Pushed", NEW, mode=mode).published
        assert (sim.uploads_open, sim.open_sessions) == (0, 1)
        assert connection.write("Pushed", NEW.head(0), mode="add").published
    assert keys(sim) == (OLD["key"].to_list() if mode == "add" else []) + NEW["key"].to_list()
    assert sim.open_sessions == 0


@pytest.mark.parametrize("fault", [Fault.html(500), Fault.damaged(), Fault.not_json(), Fault.not_json(b"[]")])
def test_an_upload_session_is_asked_for_once_more(sim, connect, fault):
    with connect() as connection:
        connection.write("Pushed", OLD)
        sim.fail(fault.on("POST", r"/uploadSessions$"))
        assert connection.write("Pushed", NEW).published
    assert (sim.uploads_open, sim.open_sessions) == (0, 0)


def test_the_next_write_gets_round_an_upload_session_that_a_time_out_left(sim):
    short = ma.Settings(timeouts=ma.Timeouts(connect=0.3, read=0.3, execute=0.3, logout=2))
    with log_in(sim, settings=short) as connection:
        connection.write("Pushed", OLD)
        sim.fail(Fault(effect=CutResponse(None, "stall", 3600)).on("POST", r"/uploadSessions$"))
        with pytest.raises(errors.TimeoutExceeded):
            connection.write("Pushed", NEW)
        assert sim.uploads_open == 1
        assert connection.write("Pushed", NEW).published
        assert (sim.uploads_open, sim.open_sessions) == (0, 1)


def test_an_upload_session_the_rest_of_whose_answer_does_not_come_is_got_round(sim):
    short = ma.Settings(timeouts=ma.Timeouts(read=0.3, logout=2), retry=ma.Retry(wait_initial=0.001))
    with log_in(sim, settings=short) as connection:
        connection.write("Pushed", OLD)
        sim.fail(Fault.stalled().on("POST", r"/uploadSessions$"))
        assert connection.write("Pushed", NEW).published
        assert (sim.uploads_open, sim.open_sessions) == (0, 1)


def test_log_outs_that_end_all_sessions_of_the_user_do_not_end_an_upload(quick):
    with Simulator(rows=20, publish_polls=0, logout_ends_all=True) as server:
        with log_in(server, settings=quick) as connection:
            connection.write("Pushed", OLD)
            server.fail(Fault.reset().on("POST", r"/uploadSessions$"))
            assert connection.write("Pushed", NEW, verify=True).verified
            assert connection.cube(CUBE).to_arrow().num_rows == 20
        assert (server.uploads_open, server.open_sessions) == (0, 0)


@pytest.fixture
def lenient():
    """A server on which each log-in may have an upload session of a dataset, and log-outs end nothing else."""
    with Simulator(rows=20, publish_polls=0, uploads_per="session") as server:
        yield server


def log_in(server, **options):
    return connect_to(server, **options)


def test_an_upload_has_a_log_in_of_its_own_while_others_use_the_connections(lenient):
    with log_in(lenient, settings=ma.Settings(retry=ma.Retry(wait_initial=0.001))) as connection:
        there = connection.write("Pushed", OLD).cube_id
        waiting = ma.SuperCube(connection, name="Waiting")
        waiting.add_table("T", OLD)
        waiting.create(auto_publish=False)
        lenient.fail(Fault.reset().on("POST", rf"/{there}/uploadSessions$"))
        for _ in range(2):  # the lost upload session stays in the way
            assert connection.write("Pushed", NEW, verify=True).verified
            assert lenient.open_sessions == 1
        assert waiting.publish().published
        later = ma.SuperCube(connection, id=there)
        later.add_table("Pushed", OLD)
        assert not later.update(auto_publish=False).published
        assert lenient.open_sessions == 2
        connection.renew()
        assert later.publish().published
        assert lenient.open_sessions == 1
    assert (lenient.uploads_open, lenient.open_sessions) == (0, 0)
    assert keys(lenient) == OLD["key"].to_list()


ENDS = {
    "the upload fails": Fault.error(400, "ERR006").on("PUT", r"/uploadSessions/", times=None),
    "it is not published": Fault.error(403, "ERR017").on("POST", r"/publish$"),
    "nothing can be opened": Fault.html(500).on("POST", r"/uploadSessions$", times=None),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_log_in_for_an_upload_alone_ends_with_it(lenient, quick, end):
    with log_in(lenient, settings=quick) as connection:
        connection.write("Pushed", OLD)
        lenient.fail(Fault.reset().on("POST", r"/uploadSessions$"))
        lenient.fail(ENDS[end])
        with pytest.raises(errors.MstrError):
            connection.write("Pushed", NEW, orientation="COLUMN")
        assert lenient.open_sessions == 1
        assert connection.cube(CUBE).to_arrow().num_rows == 20
    assert (lenient.uploads_open, lenient.open_sessions) == (0, 0)


def test_an_upload_in_a_log_in_of_its_own_ends_with_the_connection(lenient, quick):
    with log_in(lenient, settings=quick) as connection:
        there = connection.write("Pushed", OLD).cube_id
        lenient.fail(Fault.reset().on("POST", r"/uploadSessions$"))
        waiting = ma.SuperCube(connection, id=there)
        waiting.add_table("Pushed", NEW)
        waiting.update(auto_publish=False)
        assert lenient.open_sessions == 2
    assert (lenient.uploads_open, lenient.open_sessions) == (0, 0)


USED = ("a read", "a former process", "somebody's session")


@pytest.mark.one_in(3)
@pytest.mark.parametrize("used", USED)
@pytest.mark.parametrize("mode", ["replace", "add"])
def test_an_upload_session_is_in_the_way_of_a_session_that_others_use(sim, connect, mode, used):
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(connect())
        connection.write("Pushed", OLD)
        writer = connection
        if used == "a read":
            rows = iter(connection.cube(CUBE, limits=ma.Limits(first_page_rows=5, page_rows=5, concurrency=1)))
            stack.callback(rows.close)
            next(rows)
        else:
            saved = connection.save_session()
            if used == "somebody's session":
                writer = stack.enter_context(ma.Connection.from_session(saved))
        sim.fail(Fault.reset().on("POST", r"/uploadSessions$"))
        with pytest.raises(errors.ServerError, match=r"The dataset has an upload session.*call renew\(\)"):
            writer.write("Pushed", NEW, mode=mode)
        assert sim.open_sessions == 1
        if used == "a read":
            assert sum(map(len, rows)) == 15
        connection.renew()
        assert sim.uploads_open == 0
        assert connection.write("Pushed", NEW, mode=mode).published
    assert keys(sim) == (OLD["key"].to_list() if mode == "add" else []) + NEW["key"].to_list()


def test_somebody_elses_upload_session_is_left_alone(sim, connect):
    with connect() as connection, connect() as other:
        there = connection.write("Pushed", OLD).cube_id
        writing = ma.SuperCube(other, id=there)
        writing.add_table("Pushed", NEW)
        writing.update(auto_publish=False)
        sim.fail(Fault.html(500).on("POST", r"/uploadSessions$"))
        with pytest.raises(errors.ServerError, match="The dataset has an upload session: somebody writes to it"):
            connection.write("Pushed", OLD)
        assert writing.publish().published
    assert keys(sim) == NEW["key"].to_list()


@pytest.mark.one_in(4)
@pytest.mark.parametrize("mode", ["replace", "add", "upsert"])
@pytest.mark.parametrize("path", [r"/uploadSessions/\w+$", r"/publish$"])
def test_chunks_and_publications_count_once(sim, connect, lost, mode, path):
    with connect() as connection:
        connection.write("Pushed", OLD)
        sim.fail(lost.on("POST" if "publish" in path else "PUT", path))
        assert connection.write("Pushed", NEW, mode=mode, chunk_rows=30).published
        assert sim.uploads_open == 0
    assert sorted(keys(sim)) == sorted((OLD["key"].to_list() if mode != "replace" else []) + NEW["key"].to_list())
    assert sum(request.path.endswith("/publish") for request in sim.requests) == 2
    assert pushed(sim) == 1


def test_an_end_of_publishing_that_nobody_hears_of_is_no_harm_to_write_again(sim, connect, lost):
    with connect() as connection:
        connection.write("Pushed", OLD)
        sim.fail(lost.on("POST", r"/publish$"))
        sim.fail(Fault.html(502).on("GET", r"/publishStatus$", times=None))
        assert "Whether the data were published is not known." in str(fails(connection))
        sim.heal()
        assert sim.uploads_open == 0
        assert connection.write("Pushed", NEW).published
    assert keys(sim) == NEW["key"].to_list()


def test_a_log_out_is_one(sim, connect, lost):
    sim.fail(lost.on("POST", r"/auth/logout$"))
    with connect():
        pass
    assert sim.open_sessions == 0

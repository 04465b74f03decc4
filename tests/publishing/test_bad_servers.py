"""Publications on servers that show little, forget, refuse, and lose answers."""

import asyncio
import re
import signal as signals
import subprocess
import sys
import time

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault
from tests.support.servers import connect_to

CUBE = "Sales Cube"
PUBLISH = r"/v2/cubes/\w+$"
BLIND = {"monitors_caches": False, "monitors_jobs": False, "names_publication": False, "publication_seconds": 0.8}


def rows(connection):
    return connection.cube(CUBE).to_arrow().num_rows


def asked(sim):
    """Count the requests to publish."""
    return sum(each.method == "POST" and bool(re.search(PUBLISH, each.path)) for each in sim.requests)


# What is not shown


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("settings", "proof"),
    [
        ({"monitors_jobs": False}, "data time"),
        ({"monitors_caches": False}, "status and instance"),
        (BLIND, "status and instance"),
        ({"monitors_caches": False, "status_lag": 9, "jobs_kept": 9}, "instance of the publication"),
        ({"jobs_kept": 9}, "data time"),
        ({"publication_seconds": 0}, "data time"),  # purged before it is seen
    ],
)
def test_it_is_proved_by_what_is_shown(serve, settings, proof):
    sim, connection = serve(**settings)
    with connection:
        sim.change(CUBE, rows=31)
        assert connection.cube(CUBE).refresh().proof == proof
        assert rows(connection) == 31


def test_what_nothing_proves_is_said(serve):
    sim, connection = serve(**BLIND | {"status_lag": 9, "publication_seconds": 0.1})
    with connection:
        with pytest.warns(errors.UnprovenWarning, match="cube 'Sales Cube': its publication has ended") as caught:
            done = connection.cube(CUBE).refresh()
        assert (done.proof, done.status.state, caught[0].filename) == (None, "done", __file__)
    assert sim.publications == 1


def test_a_job_that_failed_and_is_still_listed_says_why(serve):
    sim, connection = serve(jobs_kept=9, names_publication=False)
    sim.fail(Fault.publication_fails())
    with connection, pytest.raises(errors.PublishFailed, match="32000"):
        connection.cube(CUBE).refresh()


def test_a_job_that_somebody_stops_is_cancelled(serve):
    _, connection = serve(jobs_kept=9, publication_seconds=30)
    with connection:
        going = connection.cube(CUBE).refresh(wait=False)
        connection.delete(f"v2/monitors/jobs/{going.job_id}")
        with pytest.raises(errors.PublishFailed, match="cancel"):
            going.wait()


@pytest.mark.parametrize("settings", [{}, {"monitors_jobs": False}])
def test_a_job_that_vanishes_leaves_the_old_data(serve, settings):
    sim, connection = serve(**settings)
    sim.fail(Fault.publication_forgotten())
    with connection, pytest.raises(errors.PublishFailed, match="those of 2026-01-15 08:30:00, as before"):
        connection.cube(CUBE).refresh()


def test_a_login_that_may_not_cancel_is_told_what_does(serve):
    sim, connection = serve(monitors_jobs=False, publication_seconds=30)
    with connection:
        going = connection.cube(CUBE).refresh(wait=False)
        with pytest.raises(errors.PermissionDenied, match="log-out cancels it"):
            going.cancel()
        assert going.status.state == "running"
        connection.close(log_out=False)
    with connect_to(sim) as other:
        assert other.cube(CUBE).refresh(wait=False).started is False
        other.close(log_out=False)
    sim.expire_sessions()


def test_a_cube_of_pushed_tables_has_no_source(serve):
    _, connection = serve()
    with connection:
        made = connection.write("Pushed", pl.DataFrame({"key": ["a"], "n": [1]}))
        with pytest.raises(errors.InvalidRequest, match=r"pushed.* write\(\) brings it new data"):
            connection.cube(made.cube_id).refresh()


# What goes wrong on the way


LOST = {"reset": Fault.reset(), "504": Fault.outwaited(504)}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("seconds", [0, 0.3])
@pytest.mark.parametrize("settings", [{}, {"monitors_jobs": False}])
def test_a_lost_answer_starts_nothing_twice(serve, kind, seconds, settings):
    sim, connection = serve(publication_seconds=seconds, **settings)
    sim.change(CUBE, rows=31)
    sim.fail(LOST[kind].on("POST", PUBLISH))
    with connection:
        assert connection.cube(CUBE).refresh().proof == "data time"
        assert (rows(connection), sim.publications, asked(sim)) == (31, 1, 1)


def test_what_somebody_else_publishes_is_not_taken_for_ones_own_after_a_lost_answer(serve):
    sim, connection = serve()
    sim.publish(CUBE, seconds=30, user="annl")
    sim.fail(Fault.reset().on("POST", PUBLISH))
    with connection:
        with pytest.raises(errors.TimeoutExceeded):
            connection.cube(CUBE).refresh(timeout=0.2)
        going = connection.cube(CUBE).refresh(wait=False)
        assert going.started is False
        assert not [request for request in sim.requests if request.method == "DELETE"]
        going.cancel()
    assert asked(sim) == 2


def test_what_is_seen_only_when_it_is_asked_for_again_is_ones_own(serve):
    sim, connection = serve(monitors_jobs=False, status_lag=9, publication_seconds=1)
    sim.fail(Fault.reset().on("POST", PUBLISH))
    with connection:
        done = connection.cube(CUBE).refresh()
        assert (done.proof, done.started) == ("data time", True)
    assert (sim.publications, asked(sim)) == (1, 2)


def test_what_certainly_did_not_begin_is_asked_for_again(serve):
    sim, connection = serve()
    sim.fail(Fault.html(502).on("POST", PUBLISH, times=2))
    with connection:
        assert connection.cube(CUBE).refresh().proof == "data time"
    assert (sim.publications, asked(sim)) == (1, 3)


def test_where_that_is_not_shown_the_error_says_so(serve):
    sim, connection = serve(**BLIND)
    sim.fail(Fault.html(502).on("POST", PUBLISH))
    with connection, pytest.raises(errors.ServerError, match="Whether the publication has begun is not known"):
        connection.cube(CUBE).refresh()
    assert asked(sim) == 1


def test_a_lost_answer_is_no_harm_where_only_the_status_is_shown(serve):
    sim, connection = serve(**BLIND)
    sim.fail(Fault.reset().on("POST", PUBLISH))
    with connection:
        assert connection.cube(CUBE).refresh().proof == "status and instance"
    assert asked(sim) == 1


def test_an_outage_while_it_is_waited_for_is_waited_out(serve):
    sim, connection = serve()
    sim.fail(Fault.html(502).on("HEAD", r"/cubes/", skip=1, times=4))
    with connection:
        assert connection.cube(CUBE).refresh().proof == "data time"


def test_caches_that_are_not_told_for_a_while_are_no_weaker_proof(serve):
    sim, connection = serve()
    sim.fail(Fault.error(500).on("GET", r"/caches/cubes$", skip=1, times=4))
    with connection:
        assert connection.cube(CUBE).refresh().proof == "data time"


def test_a_cube_that_is_deleted_meanwhile_is_no_success(serve):
    sim, connection = serve(publication_seconds=30)
    sim.fail(Fault.error(404, "ERR004").on("HEAD", r"/cubes/", skip=1, times=None))
    sim.fail(Fault.error(404, "ERR004").on("GET", r"/api/cubes$", times=None))
    with connection, pytest.raises(errors.PublishFailed, match="how it ends cannot be known"):
        connection.cube(CUBE).refresh()


def test_the_end_of_the_session_is_the_end_of_what_is_certain_of_it(serve):
    sim, connection = serve(publication_seconds=30)
    with connection:
        going = connection.cube(CUBE).refresh(wait=False)
        sim.fail(Fault.logged_out().on("HEAD", r"/cubes/"))
        with pytest.raises(errors.PublishFailed, match="session"):
            going.wait()


def test_the_status_is_had_without_head(serve):
    sim, connection = serve()
    sim.fail(Fault.error(405).on("HEAD", r"/cubes/", times=None))
    with connection:
        assert ma.CubeStatus.READY in connection.cube(CUBE).status
        assert connection.cube(CUBE).refresh().proof == "data time"


# Ways out


def test_a_task_that_is_cancelled_cancels_the_job(serve):
    sim, connection = serve(publication_seconds=30)

    async def main():
        async with connection:
            cube = await connection.cube_async(CUBE)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await cube.refresh_async()

    asyncio.run(main())
    assert "DELETE" in [each.method for each in sim.requests if "/monitors/jobs/" in each.path]


def test_an_error_in_the_context_does_not_stop_what_was_started(serve):
    sim, connection = serve()
    going = []

    def work():
        with connection:
            going.append(connection.cube(CUBE).refresh(wait=False))
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the test's own
        work()
    assert going[0].proof == "data time"
    assert sim.open_sessions == 0


def test_closing_waits_no_longer_than_was_wanted(serve):
    sim, connection = serve(publication_seconds=30)
    with connection:
        going = connection.cube(CUBE).refresh(wait=False, timeout=0.1)
    assert (going.status.state, sim.open_sessions) == ("cancelled", 0)


def test_another_project_of_the_same_session_may_be_left_meanwhile(serve):
    sim, connection = serve()
    with connection:
        with connection.in_project(sim.project) as other:
            going = other.cube(CUBE).refresh(wait=False)
        assert going.wait().proof == "data time"


PROGRAM = """
import sys, mstr_arrow as ma
conn = ma.connect(sys.argv[1], username="demo", password="demo")
going = conn.cube("Sales Cube").refresh(wait=False)
print(going.status.state, flush=True)
{rest}
"""


@pytest.mark.parametrize(
    ("rest", "signal"),
    [
        ("", None),
        *(
            pytest.param(rest, "SIGINT", marks=pytest.mark.slow)
            for rest in ("with conn: going.wait()", "going.wait()")
        ),
    ],
)
def test_the_end_of_the_process_is_the_end_of_the_job(serve, rest, signal):
    sim, connection = serve(publication_seconds=30)
    connection.close()
    program = [sys.executable, "-W", "ignore", "-c", PROGRAM.format(rest=rest), sim.url]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "running\n"
        if signal is not None:
            time.sleep(0.3)
            process.send_signal(getattr(signals, signal))
        process.communicate(timeout=20)
    assert "DELETE" in [each.method for each in sim.requests if "/monitors/jobs/" in each.path]
    assert sim.requests[-1].path == "/api/auth/logout"

"""Cubes that are published anew, over HTTP: done when the data are new, and not before."""

import asyncio

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault
from tests.support.interrupting import interrupt_once
from tests.support.servers import connect_to

CUBE = "Sales Cube"


def rows(cube):
    return cube.to_arrow().num_rows


def test_the_next_read_has_the_new_data(serve):
    sim, connection = serve()
    with connection:
        cube = connection.cube(CUBE)
        other = connection.cube(CUBE)
        assert (cube.count_rows(), other.schema.names == cube.schema.names) == (20, True)
        sim.change(CUBE, rows=31)
        seen = []
        done = cube.refresh(on_progress=seen.append)
        assert (done.proof, done.started, done.status.state) == ("data time", True, "done")
        assert (seen[0].state, seen[-1]) == ("running", done.status)
        assert (cube.count_rows(), rows(cube), rows(other)) == (31, 31, 31)
        assert sim.instances[0].evicted == 0


def test_asynchronous(serve):
    sim, connection = serve()

    async def main():
        async with connection:
            cube = await connection.cube_async(CUBE)
            assert ma.CubeStatus.READY in await cube.status_async()
            going = await cube.refresh_async(wait=False)
            assert (going.status.state, going.proof) == ("running", None)
            assert (await going.wait_async()).proof == "data time"

    asyncio.run(main())
    assert sim.publications == 1


def test_a_cube_without_data_has_them_afterwards(serve):
    _, connection = serve()
    with connection:
        cube = connection.cube("Not Published")
        assert cube.status == 0
        assert cube.refresh().proof == "data time"
        assert ma.CubeStatus.READY in cube.status
        assert rows(cube) > 0


def test_what_somebody_else_has_started_is_followed_and_not_cancelled(serve):
    sim, connection = serve()
    with connection:
        cube = connection.cube(CUBE)
        sim.change(CUBE, rows=31)
        sim.publish(CUBE, seconds=60)
        with pytest.raises(errors.TimeoutExceeded, match="may go on"):
            cube.refresh(timeout=0.05)
        done = cube.refresh(on_progress=lambda _: sim.finish_jobs())
        assert (done.started, done.proof, done.job_id) == (False, "data time", 1)
        assert (sim.publications, rows(cube)) == (1, 31)


def test_a_failure_is_told_with_the_servers_reason(serve):
    sim, connection = serve()
    sim.fail(Fault.publication_fails())
    with connection:
        cube = connection.cube(CUBE)
        with pytest.raises(errors.PublishFailed, match="32000") as caught:
            cube.refresh()
        assert isinstance(caught.value.__cause__, errors.LimitExceeded)
        assert rows(cube) == 20


def test_data_that_stay_old_are_no_success(serve):
    sim, connection = serve(names_publication=False)
    sim.fail(Fault.publication_forgotten())
    with connection, pytest.raises(errors.PublishFailed, match="those of 2026-01-15 08:30:00, as before"):
        connection.cube(CUBE).refresh()


def test_a_refusal_is_raised_as_it_comes(serve):
    sim, connection = serve()
    sim.fail(Fault.error(403, "ERR0014").on("POST", r"/v2/cubes/\w+$"))
    with connection, pytest.raises(errors.PermissionDenied):
        connection.cube(CUBE).refresh()


def test_leaving_the_context_waits(serve):
    sim, connection = serve()
    with connection:
        going = connection.cube(CUBE).refresh(wait=False)
    assert (going.status.state, going.proof) == ("done", "data time")
    assert sim.requests[-1].path.endswith("/logout")


def test_what_is_left_to_itself_goes_on_in_a_session_that_stays_open(serve):
    sim, connection = serve(publication_seconds=60)
    with connection:
        going = connection.cube(CUBE).refresh(wait=False)
        going.detach()
        with pytest.raises(errors.UsageError, match="left to itself"):
            going.wait()
    assert sim.open_sessions == 1
    with connect_to(sim) as other:
        assert other.cube(CUBE).refresh(on_progress=lambda _: sim.finish_jobs()).started is False
    sim.expire_sessions()


def test_ctrl_c_cancels_the_job_and_logs_out(serve):
    sim, connection = serve(publication_seconds=30)
    with pytest.raises(KeyboardInterrupt), connection:
        connection.cube(CUBE).refresh(on_progress=interrupt_once())
    sent = [request.method for request in sim.requests if "/monitors/jobs/" in request.path]
    assert sent.count("DELETE") == 1  # a look at it that was under way may be answered after that


def test_ctrl_c_outside_of_a_wait_cancels_it_as_well(serve):
    _, connection = serve(publication_seconds=30)
    going = []

    def work():
        with connection:
            going.append(connection.cube(CUBE).refresh(wait=False))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert going[0].status.state == "cancelled"


def test_after_the_time_out_it_is_cancelled(serve):
    _, connection = serve(publication_seconds=30)
    with connection, pytest.raises(errors.TimeoutExceeded, match=r"within 0\.1 s.* It was cancelled"):
        connection.cube(CUBE).refresh(timeout=0.1)


def test_cancelling(serve):
    _, connection = serve(publication_seconds=30)
    with connection:
        going = connection.cube(CUBE).refresh(wait=False)
        going.cancel()
        with pytest.raises(errors.PublishFailed, match="cancelled"):
            going.wait()
        going.cancel()  # which has ended
        assert rows(connection.cube(CUBE)) == 20

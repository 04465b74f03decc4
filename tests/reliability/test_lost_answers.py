"""Answers that are lost after the server did what was asked: what is there then, and that asking again is right."""

import polars as pl
import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault, Simulator

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
    return lambda: ma.connect(sim.url, username=sim.username, password=sim.password, settings=quick)


@pytest.fixture(params=LOST)
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


def test_a_report_is_not_run_again(sim, connect, lost):
    sim.fail(lost.on("POST", r"/reports/\w+/instances$"))
    with connect() as connection, pytest.raises((errors.ConnectError, errors.ServerError)):
        connection.report("Plain Report").to_arrow()
    assert sum(request.path.endswith("/instances") for request in sim.requests) == 1


def test_lost_instances_push_out_none_that_is_read(sim, lost):
    settings = ma.SessionSettings(working_set=4)
    with ma.connect(
        sim.url,
        username=sim.username,
        password=sim.password,
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


def test_a_dataset_is_there_without_data_and_the_next_write_fills_it(sim, connect, lost):
    sim.fail(lost.on("POST", r"/datasets/models$"))
    with connect() as connection:
        fails(connection)
        assert connection.write("Pushed", NEW).published
    assert pushed(sim) == 1
    assert keys(sim) == NEW["key"].to_list()


@pytest.mark.parametrize("mode", ["replace", "add"])
def test_an_upload_session_is_in_the_way_until_its_session_ends(sim, connect, lost, mode):
    with connect() as connection:
        connection.write("Pushed", OLD)
        sim.fail(lost.on("POST", r"/uploadSessions$"))
        fails(connection, mode)
        assert sim.uploads_open == 1
        with pytest.raises(errors.ServerError, match=r"The dataset has an upload session.*call renew\(\)"):
            connection.write("Pushed", NEW, mode=mode)
        connection.renew()
        assert sim.uploads_open == 0
        assert connection.write("Pushed", NEW, mode=mode).published
    assert keys(sim) == (OLD["key"].to_list() if mode == "add" else []) + NEW["key"].to_list()


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

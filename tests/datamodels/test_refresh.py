"""Data models are refreshed: five steps over real HTTP, and whatever may go wrong at each of them."""

import _thread
import asyncio
import re
import threading
import time

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.datamodels import model_publisher
from mstr_arrow.publishing import cube_rule, following
from mstr_arrow.simulator import Fault, Simulator
from tests.support.interrupting import interrupt_once
from tests.support.servers import connect_to

NAME = "Retail Model"
BOTH = {"ytd_day": "replace", "city_mnth_sls": "upsert"}
DAY = ({"ytd_day": "replace"}, "loaded")
PUBLISH, STATUS, MADE = ("POST", r"/publish$"), ("GET", r"/publishStatus$"), ("POST", r"/dataModels/\w+/instances$")
TRANSIENT = 60.0


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(cube_rule, "OLD_DATA_SECONDS", 0.3)
    monkeypatch.setattr(cube_rule, "QUIET_SECONDS", 0.3)
    monkeypatch.setattr(model_publisher, "OLD_DATA_SECONDS", 0.3)
    monkeypatch.setattr(model_publisher, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(following, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(following, "LONGEST_PAUSE", 0.05)


@pytest.fixture
def serve(quick):
    """Start a simulator and connect to it; it is left neither a session nor an instance of a model."""
    started = []

    def serve(**settings):
        sim = Simulator(**({"rows": 20, "publish_polls": 1} | settings)).__enter__()
        started.append(sim)
        return sim, connect_to(sim, settings=quick)

    yield serve
    for sim in started:
        assert (sim.open_sessions, sim.model_instances) == (0, 0)
        sim.__exit__(None, None, None)


def done(sim):
    """What was published: the policies of the tables, and what became of them."""
    return [(policies, outcome) for _, policies, outcome in sim.refreshes]


def steps(sim):
    """The requests that refresh a model, without ids."""
    found = [re.sub(r"[0-9A-F]{32}", "{id}", f"{each.method} {each.path}") for each in sim.requests]
    return [each for each in found if "dataModels" in each]


def sales(sim):
    table = sim.truth(NAME)
    return table["YTD Sales"][0].as_py(), table["Month Sales"][0].as_py()


def test_a_model_is_refreshed_in_five_steps(serve):
    sim, connection = serve()
    seen = []
    with connection:
        model = connection.data_model(NAME)
        before = model.to_arrow()["YTD Sales"][0].as_py()
        going = model.refresh(BOTH, on_progress=seen.append)
        assert model.to_arrow()["YTD Sales"][0].as_py() == before + 1000
    assert (going.status.state, going.proof, going.started) == ("done", "data time", True)
    assert seen[-1] == going.status
    assert {each.message for each in seen[:-1]} <= {"2 tables: reserved", "2 tables: schema comparison completed"}
    assert done(sim) == [(BOTH, "loaded")]
    assert list(dict.fromkeys(steps(sim))) == [
        "GET /api/model/dataModels/{id}/tables",
        "POST /api/dataModels/{id}/instances",
        "POST /api/dataModels/{id}/publish",
        "GET /api/dataModels/{id}/publishStatus",
        "DELETE /api/dataModels/{id}/instances/{id}",
    ]


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize(
    ("states", "number"), [("loaded", 0), ("loaded", 1), ("completed", 1), ("none", 0), ("none", 1)]
)
def test_each_dialect_is_understood(serve, states, number, shown):
    sim, connection = serve(
        model_table_states=states, model_done_status=number, monitors_caches=shown, model_seconds=0.1
    )
    with connection:
        going = connection.data_model(NAME).refresh()
    assert going.proof == ("data time" if shown else "status and instance" if states == "none" else "tables")
    assert done(sim) == [({"ytd_day": "replace", "city_mnth_sls": "replace"}, "loaded")]
    assert sales(sim) == (1000, 1000)


def test_a_model_that_was_never_published_is_readable_then(serve):
    sim, connection = serve(monitors_caches=False)
    with connection:
        model = connection.data_model("Draft Model")
        with pytest.raises(errors.NotPublished):
            model.to_arrow()
        model.refresh({"facts": "add"})
        assert model.count_rows() == 2
    assert done(sim) == [({"facts": "add"}, "loaded")]


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ({"ytd_dya": "replace"}, errors.NotFound, "Did you mean 'ytd_day'"),
        ({"ytd_day": "replce"}, errors.UsageError, "Did you mean 'replace'"),
        ("everything", errors.UsageError, "which is none"),
    ],
)
def test_nothing_is_begun_for_what_is_not_there(serve, wanted, error, words):
    sim, connection = serve()
    with connection, pytest.raises(error, match=words):
        connection.data_model(NAME).refresh(wanted)
    assert [step for step in steps(sim) if not step.startswith("GET")] == []


def test_what_cannot_be_published_says_so(serve):
    sim, connection = serve()
    with connection:
        with pytest.raises(errors.UsageError, match=r"'Live Model' is connected live.*Read it as it is"):
            connection.data_model("Live Model").refresh()
        assert steps(sim) == []
        sim.fail(Fault.error(400, "ERR006", message="(It is in connect_live mode.)").on(*PUBLISH))
        with pytest.raises(errors.InvalidRequest, match="has no data of its own to refresh"):
            connection.data_model(NAME).refresh()
        sim.fail(Fault.error(403, "ERR0014").on(*PUBLISH))
        with pytest.raises(errors.PermissionDenied):
            connection.data_model(NAME).refresh()
    assert done(sim) == []


def test_a_model_that_is_opened_as_a_cube_is_not_published_as_one(serve):
    sim, connection = serve()
    with connection, pytest.raises(errors.UsageError, match=r"'Retail Model' is a data model.*data_model\(\)"):
        connection.cube(NAME).refresh()
    assert [each for each in sim.requests if each.method == "POST" and "/cubes/" in each.path] == []


def test_old_servers_say_what_they_lack(serve):
    _, connection = serve(data_models=False)
    with connection, pytest.raises(errors.NotSupported, match="does not know the tables of data models"):
        connection.data_model(NAME).refresh()


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (
            -2147212544,
            "(Stalled.)",
            r"'Retail Model' was not published: table 'ytd_day': \(Stalled.\) \(-2147212544\)",
        ),
        (-2147418587, "", r"no reason is given \(-2147418587\)"),
        (3, "(No such column.)", r"table 'ytd_day': \(No such column.\)"),
    ],
)
@pytest.mark.parametrize("states", ["loaded", "none"])
def test_a_failure_has_the_servers_reason(serve, states, status, message, words):
    sim, connection = serve(model_table_states=states)
    sim.fail(Fault.publish_ends(status, message))
    with (
        connection,
        pytest.raises(errors.PublishFailed, match=words if states == "loaded" else "was not published") as caught,
    ):
        connection.data_model(NAME).refresh({"ytd_day": "replace"})
    assert caught.value.__cause__.iserver_code == (status if status < 0 else -2147418587)
    assert done(sim) == [({"ytd_day": "replace"}, "failed")]


def test_data_that_are_as_old_as_before_are_not_new(serve):
    sim, connection = serve()
    first = []

    def as_before(body):
        first.append(body)
        return first[0]

    sim.fail(Fault.rewritten(as_before).on("GET", "/monitors/caches/cubes$", times=None))
    with connection, pytest.raises(errors.PublishFailed, match="loaded; but the data are as old as before"):
        connection.data_model(NAME).refresh()


def test_an_instance_that_is_dropped_is_not_missed(serve):
    sim, connection = serve(model_seconds=0.4)
    with connection:
        going = connection.data_model(NAME).refresh(BOTH, on_progress=lambda _: sim.drop_model_instances())
    assert going.proof == "data time"
    assert done(sim) == [(BOTH, "loaded")]


GONE = Fault.error(404, "ERR004", iserver_code=-2147468986).on(*STATUS)


@pytest.mark.parametrize(("policy", "shown"), [("replace", True), ("replace", False), ("add", True)])
def test_without_its_instance_it_is_published_again_where_nothing_came_of_it(serve, policy, shown):
    sim, connection = serve(monitors_caches=shown)
    sim.fail(Fault.publish_ends(-2147212544))
    sim.fail(GONE)
    with connection:
        going = connection.data_model(NAME).refresh({"ytd_day": policy})
    assert going.proof == ("data time" if shown else "tables")
    assert [outcome for _, outcome in done(sim)] == ["failed", "loaded"]


def test_what_adds_rows_is_not_published_again_where_nobody_knows_what_came_of_it(serve):
    sim, connection = serve(monitors_caches=False)
    sim.fail(GONE)
    with (
        connection,
        pytest.raises(errors.PublishFailed, match="are not known to be new; what adds rows is not repeated"),
    ):
        connection.data_model(NAME).refresh({"ytd_day": "add"})
    assert done(sim) == [({"ytd_day": "add"}, "loaded")]


def other(sim):
    """Publish from another session, without an end and without a word to the first one."""
    sim.fail(Fault.publish_ends(None))
    elsewhere = connect_to(sim)
    return elsewhere, elsewhere.data_model(NAME).refresh({"city_mnth_sls": "add"}, wait=False)


OTHERS = {"city_mnth_sls": "add"}


@pytest.mark.parametrize("seen", [True, False])
def test_a_publication_of_somebody_else_is_waited_for(serve, seen):
    sim, connection = serve()
    elsewhere, first = other(sim)
    if not seen:  # the status does not tell of it yet
        sim.fail(Fault.error(404, "ERR004").on("HEAD", "/cubes/"))
    ends = threading.Thread(target=first.cancel)

    def told(status):
        if "somebody else publishes the model" in status.message and not ends.ident:
            ends.start()

    with elsewhere, connection:
        going = connection.data_model(NAME).refresh({"ytd_day": "replace"}, on_progress=told)
        ends.join()
    assert (going.started, going.status.state) == (True, "done")
    assert done(sim) == [(OTHERS, "cancelled"), DAY]


def test_what_waits_for_somebody_else_cannot_be_left_to_itself(serve):
    sim, connection = serve()
    elsewhere, first = other(sim)
    with elsewhere, connection:
        going = connection.data_model(NAME).refresh({"ytd_day": "replace"}, wait=False)
        with pytest.raises(
            errors.UsageError, match="published by somebody else, and this publication has not begun"
        ):
            going.detach()
        going.cancel()
        assert (going.status.state, first.status.state) == ("cancelled", "running")
        first.cancel()
    assert done(sim) == [(OTHERS, "cancelled")]


def test_a_refusal_because_of_another_publication_is_waited_for(serve):
    sim, connection = serve()
    sim.fail(Fault.error(500, iserver_code=-2147072194, message="(being published by job 7)").on(*PUBLISH))
    with connection:
        assert connection.data_model(NAME).refresh({"ytd_day": "replace"}).started
    assert done(sim) == [DAY]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("fault", [Fault.reset(), Fault.outwaited(502), Fault.outwaited(504)])
@pytest.mark.parametrize("policy", ["replace", "add"])
@pytest.mark.parametrize("states", ["loaded", "none"])
def test_a_publication_whose_answer_is_lost_is_not_begun_twice(serve, fault, policy, states):
    sim, connection = serve(model_seconds=0.05, model_table_states=states)
    sim.fail(fault.on(*PUBLISH))
    with connection:
        connection.data_model(NAME).refresh({"ytd_day": policy})
    assert done(sim) == [({"ytd_day": policy}, "loaded")]


def test_a_publication_that_was_not_begun_is_asked_for_again_unless_rows_are_added(serve):
    sim, connection = serve()
    with connection:
        sim.fail(Fault.html(502).on(*PUBLISH))
        connection.data_model(NAME).refresh({"ytd_day": "replace"})
        assert done(sim) == [DAY]
        sim.fail(Fault.html(502).on(*PUBLISH))
        with pytest.raises(errors.ServerError, match="Whether the publication has begun is not known"):
            connection.data_model(NAME).refresh({"ytd_day": "add"})
        assert done(sim) == [DAY]


@pytest.mark.parametrize("fault", [Fault.reset(), Fault.html(502), Fault.not_json(b"<html>", status=200)])
def test_an_instance_whose_answer_is_lost_is_made_again(serve, fault):
    sim, connection = serve(model_instance_seconds=TRANSIENT)
    sim.fail(fault.on(*MADE))
    with connection:
        connection.data_model(NAME).refresh({"ytd_day": "replace"})
    assert done(sim) == [DAY]


@pytest.mark.parametrize(
    "fault", [Fault.html(500), Fault.reset(), Fault.error(404, "ERR004", iserver_code=-2147468986)]
)
def test_a_model_is_refreshed_though_its_instance_cannot_be_deleted(serve, fault):
    sim, connection = serve()
    sim.fail(fault.on("DELETE", "/dataModels/", times=1))
    with connection:
        assert connection.data_model(NAME).refresh({"ytd_day": "replace"}).proof == "data time"
    assert done(sim) == [DAY]


@pytest.mark.parametrize("fault", [Fault.html(502), Fault.not_json(), Fault.reset(), Fault.error(500)])
def test_a_status_that_does_not_come_is_asked_for_again(serve, fault):
    sim, connection = serve()
    sim.fail(fault.on(*STATUS, times=6))
    with connection:
        connection.data_model(NAME).refresh({"ytd_day": "replace"})
    assert done(sim) == [DAY]


@pytest.mark.parametrize("deletes", [True, False])
def test_after_the_time_out_it_is_cancelled(serve, deletes):
    sim, connection = serve(model_seconds=60, model_delete_cancels=deletes)
    with connection, pytest.raises(errors.TimeoutExceeded, match=r"did not end within 0\.2 s.* It was cancelled"):
        connection.data_model(NAME).refresh({"ytd_day": "replace"}, timeout=0.2)
    assert done(sim) == [({"ytd_day": "replace"}, "cancelled")]


def test_what_cannot_be_cancelled_ends_with_the_session(serve):
    sim, connection = serve(model_seconds=60, model_delete_cancels=False, monitors_jobs=False)
    with connection, pytest.raises(errors.TimeoutExceeded, match="It may go on until the connection is closed"):
        connection.data_model(NAME).refresh({"ytd_day": "replace"}, timeout=0.2)
    assert done(sim) == [({"ytd_day": "replace"}, "cancelled")]


def test_what_is_being_cancelled_is_not_begun_again(serve):
    sim, connection = serve(model_seconds=60)
    sim.fail(Fault.slow(0.3).on("HEAD", "/cubes/", skip=1))  # which is asked when the instance is deleted
    with connection:
        going = connection.data_model(NAME).refresh({"ytd_day": "replace"}, wait=False)
        going.cancel()
        assert going.status.state == "cancelled"
    assert done(sim) == [({"ytd_day": "replace"}, "cancelled")]


def test_ctrl_c_cancels_it(serve):
    sim, connection = serve(model_seconds=60)
    with pytest.raises(KeyboardInterrupt), connection:
        connection.data_model(NAME).refresh(BOTH, on_progress=interrupt_once())
    assert done(sim) == [(BOTH, "cancelled")]
    assert "DELETE /api/dataModels/{id}/instances/{id}" in steps(sim)[-2:]


@pytest.mark.parametrize("begun", [True, False])
def test_ctrl_c_while_it_is_begun_leaves_no_instance(serve, begun):
    sim, connection = serve(model_seconds=60)
    sim.fail((Fault.reset() if begun else Fault.html(502)).on(*PUBLISH))
    sim.fail(Fault.slow(60).on(*STATUS))

    def interrupt_later():
        while not any(each.path.endswith("/publish") for each in sim.requests):
            time.sleep(0.01)
        time.sleep(0.1)
        _thread.interrupt_main()

    interrupt = threading.Thread(target=interrupt_later)
    interrupt.start()
    with pytest.raises(KeyboardInterrupt), connection:
        connection.data_model(NAME).refresh(BOTH)
    interrupt.join()


def test_the_end_of_the_session_in_the_middle_is_survived(serve):
    sim, connection = serve(model_seconds=0.3)
    ended = []

    def end(_):
        if not ended:
            ended.append(sim.expire_sessions())

    with connection:
        assert connection.data_model(NAME).refresh({"ytd_day": "replace"}, on_progress=end).status.state == "done"
    assert DAY in done(sim)


def test_closing_waits_for_what_is_under_way(serve):
    sim, connection = serve(model_seconds=0.3)
    with connection:
        going = connection.data_model(NAME).refresh({"ytd_day": "replace"}, wait=False)
    assert going.status.state == "done"
    assert done(sim) == [DAY]


def test_what_is_left_to_itself_goes_on_without_us(quick):
    with Simulator(rows=20, model_seconds=0.3) as sim:
        with connect_to(sim, settings=quick) as connection:
            connection.data_model(NAME).refresh({"ytd_day": "replace"}, wait=False).detach()
        assert (sim.open_sessions, sim.model_instances) == (1, 1)
        while (now := done(sim)) != [DAY]:
            assert now == [({"ytd_day": "replace"}, "running")]


def test_the_async_twin_does_the_same(serve):
    sim, connection = serve()
    connection.close()

    async def refresh():
        async with ma.connect_async(sim.url, username=sim.username, password=sim.password) as elsewhere:
            model = await elsewhere.data_model_async(NAME)
            going = await model.refresh_async({"ytd_day": "replace"}, wait=False)
            return await going.wait_async()

    assert asyncio.run(refresh()).proof == "data time"
    assert done(sim) == [DAY]

"""Errors that come with the status of a success, at every endpoint: what becomes of them is what they are."""

import contextlib
import re

import pytest

import mstr_arrow as ma
from mstr_arrow import errors, events
from mstr_arrow.simulator import Fault
from tests.reliability.endpoints import ENDPOINTS, SILENT, Endpoint, serving
from tests.support.servers import connect_to
from tests.support.slow import thinned

UNPUBLISHED = -2147072488
STATUSES = (200, 201, 202)


@pytest.fixture(scope="module")
def sim():
    with serving() as server:
        yield server


def connected(sim, on_event=None):
    settings = ma.Settings(
        retry=ma.Retry(attempts=2, wait_initial=0.001, wait_max=0.002),
        timeouts=ma.Timeouts(publish=5, logout=2),
        on_event=on_event,
    )
    return connect_to(sim, project=sim.project, settings=settings)


@pytest.fixture
def connection(sim):
    with connected(sim) as connection:
        yield connection
        sim.heal()


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_error_of_the_i_server_is_the_error_it_is(sim, connection, name):
    endpoint = ENDPOINTS[name]
    status = STATUSES[list(ENDPOINTS).index(name) % len(STATUSES)]
    fault = Fault.error(status, iserver_code=UNPUBLISHED, message="(told as a success)")
    sim.fail(fault.on(endpoint.method, endpoint.path, times=None))
    with pytest.raises((errors.NotPublished, errors.UploadFailed)) as caught:
        endpoint.call(connection)
    error = caught.value if isinstance(caught.value, errors.ServerError) else caught.value.__cause__
    assert (type(error), error.code, error.iserver_code) == (errors.NotPublished, "ERR001", UNPUBLISHED)
    assert (error.status, error.message) == (status, "(told as a success)")


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", thinned(ENDPOINTS, list(ENDPOINTS)[::4]))
def test_the_end_of_a_session_leads_to_a_new_log_in(sim, name):
    seen = []
    endpoint = ENDPOINTS[name]
    with contextlib.closing(connected(sim, seen.append)) as connection:  # nothing keeps it alive by requests
        fault = Fault.error(200, "ERR009", message="The user's session has expired, please reauthenticate")
        sim.fail(fault.on(endpoint.method, endpoint.path))
        ended = None
        try:
            endpoint.call(connection)
        except errors.MstrError as error:  # what the request was about was the former session's
            ended = error
        sim.heal()
        sim.expire_sessions()  # the former one lives on, as the error was made up
    assert ended is None or "another session was opened" in str(ended)
    opened = sum(isinstance(event, events.SessionOpened) for event in seen)
    assert opened == (1 if name == "status" else 2)


def test_a_log_in_that_is_refused_as_a_success_is_refused(sim):
    sim.fail(Fault.error(200, "ERR003", message="Login failure").on("POST", r"/auth/login$"))
    with pytest.raises(errors.LoginError, match="Login failure"):
        connected(sim)
    sim.heal()


def test_a_client_that_an_older_server_does_not_know_is_told_as_a_web_client(sim):
    sim.fail(Fault.error(200, "ERR006", message="(constraint violations)").on("POST", r"/auth/login$"))
    connected(sim).close()
    sim.heal()


def test_a_question_of_the_users_own_ends_in_the_error(sim, connection):
    sim.fail(Fault.error(200, "ERR004", message="no such thing").on("GET", r"/anything$"))
    with pytest.raises(errors.NotFound, match="no such thing"):
        connection.get("anything")


def test_a_failure_that_may_pass_is_tried_again(sim, connection):
    sim.fail(Fault.error(200).on("GET", r"/v2/cubes/\w+/instances/"))
    assert ENDPOINTS["page"].call(connection).num_rows == 180


def test_every_endpoint_that_is_called_is_in_the_table(sim):
    mark = len(sim.requests)
    with connected(sim) as connection:
        for endpoint in ENDPOINTS.values():
            before = len(sim.requests)
            endpoint.call(connection)
            assert any(is_of(request, endpoint) for request in sim.requests[before:]), endpoint
    returned = Endpoint("DELETE", r"/dataModels/\w+/instances/\w+$", None)  # of which nobody is told either
    known = [*ENDPOINTS.values(), *SILENT.values(), returned]
    others = [request for request in sim.requests[mark:] if not any(is_of(request, each) for each in known)]
    assert {(request.method, request.path) for request in others} == {("POST", "/api/auth/login")}


def is_of(request, endpoint):
    return request.method == endpoint.method and re.search(endpoint.path, request.path)

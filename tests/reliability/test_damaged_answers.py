"""Answers that come with a success and cannot be read, at every endpoint that reads: asked for once more."""

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.simulator import Fault
from tests.reliability.endpoints import ENDPOINTS, serving

DAMAGES = {
    "gzip": Fault.damaged(),
    "cut": Fault.cut_short(),
    "page": Fault.not_json(b"<html><body>Maintenance</body></html>"),
    "text": Fault.not_json(b'"maintenance"'),
}
READING = [name for name, endpoint in ENDPOINTS.items() if endpoint.method == "GET"]
CELLS = [(name, list(DAMAGES)[place % len(DAMAGES)]) for place, name in enumerate(READING)]


@pytest.fixture(scope="module")
def sim():
    with serving() as server:
        yield server


def connected(sim):
    settings = ma.Settings(
        retry=ma.Retry(attempts=3, wait_initial=0.001, wait_max=0.002), timeouts=ma.Timeouts(publish=5, logout=2)
    )
    return ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project, settings=settings)


@pytest.fixture
def connection(sim):
    with connected(sim) as connection:
        yield connection
        sim.heal()


def asked(sim, path):
    return sum(request.path == path for request in sim.requests)


@pytest.mark.one_in(6)
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        pytest.param(name, damage, marks=() if (name, damage) in CELLS else pytest.mark.slow)
        for name in READING
        for damage in DAMAGES
    ],
)
def test_what_cannot_be_read_is_asked_for_once_more(sim, connection, name, damage):
    endpoint = ENDPOINTS[name]
    sim.fail(DAMAGES[damage].on(endpoint.method, endpoint.path))
    endpoint.call(connection)


def test_what_stays_is_refused_after_as_many_attempts_as_there_may_be(sim, connection):
    sim.fail(Fault.not_json().on("GET", r"/api/projects$", times=None))
    before = asked(sim, "/api/projects")
    with pytest.raises(errors.ProtocolError, match="not JSON"):
        connection.projects()
    assert asked(sim, "/api/projects") - before == 3


def test_before_a_session_is_open_what_stays_is_refused_after_the_second_time(sim):
    sim.fail(Fault.not_json().on("GET", r"/api/status$", times=None))
    before = asked(sim, "/api/status")
    with pytest.raises(errors.ProtocolError, match="not JSON"):
        ma.connect(sim.url, username=sim.username, password=sim.password)
    sim.heal()
    assert asked(sim, "/api/status") - before == 2


def test_a_request_of_ones_own_is_sent_once_more_where_its_packing_is_damaged(sim, connection):
    sim.fail(Fault.damaged().on("GET", r"/api/projects$"))
    assert connection.get("projects").json()


def test_what_may_change_something_is_not_sent_again(sim, connection):
    before = asked(sim, "/api/auth/apiTokens")
    sim.fail(Fault.damaged().on("POST", r"/auth/apiTokens$"))
    with pytest.raises(errors.ProtocolError):
        connection.create_api_token()
    assert asked(sim, "/api/auth/apiTokens") - before == 1

"""The twelve steps of docs/subscriptions.md: the requests shown are those made, and a failure leaves nothing."""

import re
from itertools import groupby
from pathlib import Path

import pytest

import mstr_arrow as ma
from mstr_arrow.errors import InvalidRequest, MstrError, PermissionDenied
from mstr_arrow.simulator import Fault, Simulator
from mstr_arrow.subscriptions import subscription_requests
from tests.support.examples import URL, Example
from tests.support.servers import IDLE

PAGE = Path(__file__).parents[2] / "docs" / "subscriptions.md"
EXAMPLE = re.search(r"```python\n(from contextlib.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
SHOWN = re.findall(r"(?<=# )(?:\d+ )?((?:GET|POST|PUT|DELETE)[^\n#]*)", EXAMPLE)
OF_CONNECTING = r"/api/(status|sessions)$"  # asked while connecting, and to keep the session alive


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=50, **IDLE, delivery_polls=1) as sim:
        yield sim


@pytest.fixture
def run(server, monkeypatch, capsys):
    monkeypatch.setattr(subscription_requests, "FIRST_PAUSE", 0.005)
    return Example(EXAMPLE, PAGE, OF_CONNECTING, server, monkeypatch, capsys)


def spelled_out(shown):
    """Give the requests of a comment: ``GET, POST /x`` are two, to one path."""
    found = re.findall(r"(GET|POST|PUT|DELETE)(?: (/[^\s,]+))?", shown)
    paths = [path for _, path in found]
    return [(method, path or paths[-1]) for method, path in found]


def state(server):
    return set(server.subscriptions.items()), server.addresses("demo"), server.open_sessions


STATUS = ("GET", "/api/subscriptions/{id}/status")
STEPS = [request for shown in SHOWN for request in spelled_out(shown)]


def test_the_requests_that_are_shown_are_those_that_are_made(server, run):
    before, sent = state(server), len(server.deliveries)
    made = run()
    assert [each for each, _ in groupby(made)][2:] == STEPS[2:]  # log-in, then the project, as the page says
    assert sorted(made[:2]) == sorted(STEPS[:2])
    assert state(server) == before
    assert len(server.deliveries) == sent + 1
    numbers = [int(number) for number in re.findall(r"# (\d+) ", EXAMPLE)]
    assert numbers == list(range(1, 13))


def aimed(fault, step):
    """Let a fault meet the request of a step."""
    method, path = STEPS[step]
    skip = STEPS[:step].count(STEPS[step])
    return fault.on(method, re.sub(r"\{id\}", r"\\w+", path) + "$", skip=skip)


@pytest.mark.parametrize("step", range(len(STEPS) - 3), ids=lambda step: " ".join(STEPS[step]))
def test_a_refusal_at_any_step_leaves_nothing(server, run, step):
    before = state(server)
    server.fail(aimed(Fault.error(400, "ERR006"), step))
    if step == STEPS.index(STATUS):  # which is only looked at before something is sent
        run()
    else:
        with pytest.raises(InvalidRequest, match="ERR006"):
            run()
    assert state(server) == before


def test_what_the_server_refuses_to_delete_is_told_and_the_rest_is_undone(server, run):
    server.fail(Fault.error(403, "ERR0017").on("DELETE", r"/subscriptions/"))
    with pytest.raises(PermissionDenied):
        run()
    assert (server.addresses("demo"), server.open_sessions) == ([], 0)
    left = server.subscriptions["Sales of the night"]
    with ma.connect(URL) as conn:
        conn.subscription(left).delete()


@pytest.mark.one_in(6)
@pytest.mark.parametrize("fault", [Fault.reset(), Fault.outwaited(504)], ids=["reset", "gateway"])
@pytest.mark.parametrize("step", range(len(STEPS)), ids=lambda step: " ".join(STEPS[step]))
def test_a_lost_answer_at_any_step_does_nothing_twice_and_leaves_nothing(server, run, step, fault):
    before, sent = state(server), len(server.deliveries)
    server.fail(aimed(fault, step))
    try:
        run()
    except MstrError:
        assert STEPS[step][1].endswith("/login")  # which is another's test
        server.expire_sessions()
    else:
        assert len(server.deliveries) == sent + 1
    if STEPS[step][1].endswith("/login"):
        server.expire_sessions()  # a session whose log-in was not answered ends by itself
    assert state(server) == before

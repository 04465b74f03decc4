"""The six steps of docs/data-models.md: the requests shown are those made, and a failure leaves nothing."""

import re
from itertools import groupby
from pathlib import Path

import pytest

import mstr_arrow as ma
from mstr_arrow.simulator import Fault, Simulator
from tests.support.examples import Example
from tests.support.servers import IDLE

PAGE = Path(__file__).parents[2] / "docs" / "data-models.md"
EXAMPLE = next(
    block
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    if "# 6 " in block
)
SHOWN = re.findall(r"# (?:\d+ )?((?:GET|POST|DELETE) [^\n#]*)", EXAMPLE)
OF_CONNECTING = r"/api/(status|sessions|projects)$"
OF_THE_PROOF = re.compile(r"/api/cubes/|/api/monitors/")


@pytest.fixture(scope="module")
def server():
    with Simulator(rows=20, **IDLE) as sim:
        yield sim


@pytest.fixture
def run(server, monkeypatch, capsys):
    return Example(EXAMPLE, PAGE, OF_CONNECTING, server, monkeypatch, capsys)


def spelled_out(shown):
    """Give the requests of a comment: ``GET /x, /y`` are two, by one method."""
    method, *paths = re.findall(r"GET|POST|DELETE|/[^\s,]+", shown)
    return [(method, path) for path in paths]


def in_turn(requests):
    """Give requests, those that are repeated at once."""
    return [each for each, _ in groupby(requests)]


STEPS = [request for shown in SHOWN for request in spelled_out(shown)]


def test_the_requests_that_are_shown_are_those_that_are_made(server, run):
    made = run()
    assert in_turn(each for each in made if not OF_THE_PROOF.search(each[1])) == in_turn(STEPS)
    assert {path for _, path in made if OF_THE_PROOF.search(path)} == {
        "/api/cubes/{id}",
        "/api/monitors/iServer/nodes",
        "/api/monitors/caches/cubes",
    }
    assert run.said.endswith("data time\n")
    assert [int(number) for number in re.findall(r"# (\d) ", EXAMPLE)] == [1, 2, 3, 4, 5, 6]
    assert server.refreshes[-1] == ("Retail Model", {"ytd_day": "replace", "city_mnth_sls": "upsert"}, "loaded")


@pytest.mark.parametrize("step", list(dict.fromkeys(STEPS))[1:-2], ids=" ".join)
def test_a_failure_at_each_step_leaves_nothing(server, run, step):
    method, path = step
    server.fail(Fault.error(403, "ERR0014").on(method, path.replace("{id}", r"\w+") + "$", times=None))
    server.fail(Fault.error(403, "ERR0014").on("HEAD", "/api/cubes/", skip=1, times=None))
    with pytest.raises(ma.MstrError):
        run()
    assert (server.open_sessions, server.model_instances) == (0, 0)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("fault", [Fault.reset(), Fault.outwaited(504)], ids=["reset", "gateway"])
@pytest.mark.parametrize("step", list(dict.fromkeys(STEPS))[1:-1], ids=" ".join)
def test_a_lost_answer_at_each_step_publishes_once_and_leaves_nothing(server, run, step, fault):
    method, path = step
    before = len(server.refreshes)
    server.fail(fault.on(method, path.replace("{id}", r"\w+") + "$"))
    run()
    assert run.said.endswith("data time\n")
    assert len(server.refreshes) == before + 1
    assert (server.open_sessions, server.model_instances) == (0, 0)

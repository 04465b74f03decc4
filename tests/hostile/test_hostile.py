"""A hostile server: whatever an endpoint answers, the call ends in time, with what is right or an error of ours.

``python -m tests.hostile`` tries every answer at every endpoint, and measures the memory that it takes.
"""

import random
import re
import sys
from itertools import cycle, islice, product

import pytest

from mstr_arrow.http import exchange
from mstr_arrow.simulator.protocol.routes import ROUTES
from tests.hostile.answers import ANSWERS
from tests.hostile.cells import CELLS, UNUSED, serving
from tests.hostile.memory import forget_peak, held, peak
from tests.hostile.process import hostile_process
from tests.hostile.round import MOST_GROWTH
from tests.hostile.server import HostileServer
from tests.hostile.trial import Due, attempt

SAMPLE = [
    pytest.param(answer, endpoint, id=f"{answer} - {endpoint}")
    for answer, endpoint in islice(zip(cycle(ANSWERS), cycle(CELLS), strict=False), max(len(ANSWERS), len(CELLS)))
]
"""Each answer at least once, and each endpoint."""

LARGE = [answer for answer, each in ANSWERS.items() if each.large]
MORE = random.Random(16).sample([*product([each for each in ANSWERS if each not in LARGE], CELLS)], 300)
"""Some of all others."""

READERS = ("session", "index", "page")
"""Endpoints of which one asks for two answers at once, one is read into columns, and one is decoded in threads."""


@pytest.fixture(scope="module")
def server():
    with serving() as simulator, HostileServer(simulator) as front:
        yield front


@pytest.fixture(scope="module")
def due(server):
    return Due(server)


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("answer", "endpoint"), SAMPLE, ids=" at ".join)
def test_a_hostile_answer_ends_in_what_is_right_or_an_error_of_ours(server, due, monkeypatch, answer, endpoint):
    monkeypatch.setattr(exchange, "BEYOND_BUFFER", 2**20)  # what is larger takes no longer than it must
    attempt(server, answer, endpoint, due)


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "endpoint"), MORE)
def test_more_hostile_answers_end_in_what_is_right_or_an_error_of_ours(server, due, answer, endpoint):
    attempt(server, answer, endpoint, due)


@pytest.fixture(scope="module")
def other_process():
    with hostile_process() as server:
        yield server


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the memory is what Linux counts")
@pytest.mark.parametrize("endpoint", READERS)
@pytest.mark.parametrize("answer", LARGE)
def test_a_large_answer_takes_no_more_memory_than_is_allowed(other_process, answer, endpoint):
    due = Due(other_process)
    due(endpoint)
    held()
    before = forget_peak()
    attempt(other_process, answer, endpoint, due)
    assert peak() - before <= MOST_GROWTH


def test_each_endpoint_that_the_simulator_has_is_tried_or_known_to_be_unused():
    """Fails for a new one: it wants a line in `tests.reliability.endpoints`."""
    unused = {
        (route.method, route.path)
        for route in ROUTES
        if not any(leads_to(endpoint, route.method, route.path) for endpoint in CELLS.values())
    }
    assert unused == UNUSED


def leads_to(endpoint, method, path):
    return endpoint.method == method and re.search(endpoint.path, re.sub(r"\{\w+\}", "20", path))

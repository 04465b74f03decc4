"""Servers of known models: the knee is found to one step, and the part that is the limit is named."""

import pytest

from mstr_arrow.simulator import TimeModel
from mstr_arrow.throughput.knee import find_knee
from mstr_arrow.throughput.verdict import judge
from tests.throughput.simulated import put

LEVELS = (1, 2, 4, 8, 16, 32)

MODELS = {
    "2 workers": (TimeModel(request_ms=100, workers=2), 2, "server"),
    "4 workers": (TimeModel(request_ms=100, workers=4), 4, "server"),
    "8 workers": (TimeModel(request_ms=100, workers=8), 8, "server"),
    "16 workers": (TimeModel(request_ms=100, workers=16), 16, "server"),
    "a lock": (TimeModel(request_ms=90, lock_ms=30, workers=64), 4, "server"),
    "one request of a session": (TimeModel(request_ms=100, workers=16, session_limit=1), 1, "session"),
    "three requests of a session": (TimeModel(request_ms=100, workers=16, session_limit=3), 4, "session"),
    "a slow link": (TimeModel(request_ms=100, bytes_per_second=2e6), 4, "network"),
    "a slow gateway": (TimeModel(request_ms=50, gateway_ms=150, workers=4), 16, "server"),
    "capacity that halves": (TimeModel(request_ms=100, workers=8, halves_above=10), 8, "server"),
    "cold pages": (TimeModel(request_ms=100, workers=4, cold_ms=400), 4, "server"),
    "noise": (TimeModel(request_ms=100, workers=4, noise=0.5, outliers=0.02), 4, "server"),
}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", MODELS)
def test_the_knee_and_the_limit_are_those_of_the_model(name):
    model, truth, part = MODELS[name]
    seconds = 12 if model.noise or model.cold_ms else 3
    levels = {number: put(model, number, seconds=seconds) for number in LEVELS}
    knee = find_knee({number: one.requests_per_second for number, one in levels.items()})
    twice = put(model, LEVELS[-1], sessions=2, seconds=seconds)
    assert knee.reached
    assert abs(LEVELS.index(knee.concurrency) - LEVELS.index(truth)) <= 1
    assert judge(levels, knee, more_sessions=twice).part == part


def test_a_slow_client_is_named_first():
    model = TimeModel(request_ms=100, workers=4)
    levels = {number: put(model, number, decode=0.08, seconds=5) for number in LEVELS}
    knee = find_knee({number: one.requests_per_second for number, one in levels.items()})
    assert judge(levels, knee).part == "client"


def test_a_server_that_still_gives_more_has_no_knee_yet():
    levels = {number: put(TimeModel(request_ms=100, workers=64), number, seconds=3) for number in LEVELS}
    knee = find_knee({number: one.requests_per_second for number, one in levels.items()})
    assert not knee.reached
    assert judge(levels, knee).part == "nothing yet"


def test_throughput_and_littles_law_are_exact_without_noise():
    one = put(TimeModel(request_ms=100, workers=4), 8)
    assert one.requests_per_second.mean == pytest.approx(40, rel=0.005)
    assert one.rows_per_second.mean == pytest.approx(40_000, rel=0.005)
    assert one.latencies[50.0] == pytest.approx(0.2, rel=1e-3)
    assert one.little == pytest.approx(1, rel=0.01)


def test_an_open_loop_counts_from_when_a_request_was_due():
    # Two stalls of 2 s in a minute: a fifteenth of the requests wait, evenly from 2 s down to 0.
    model = TimeModel(request_ms=50, stall_every=20, stall_seconds=2)
    opened = put(model, 0, rate=10, seconds=60)
    closed = put(model, 1, seconds=60)
    assert opened.latencies[99.0] == pytest.approx(0.05 + 2 * (1 - 0.01 * 15), rel=0.1)
    assert closed.latencies[99.0] < opened.latencies[99.0] / 10

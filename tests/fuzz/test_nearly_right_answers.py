"""Answers that are nearly right, of every endpoint: an error of ours, or what the plain decoder makes of them."""

import pytest

from tests.fuzz.trial import attempt, requests_of, simulator
from tests.support.slow import thinned


@pytest.fixture(scope="module")
def sim():
    with simulator() as server:
        yield server


@pytest.fixture(scope="module")
def known(sim):
    return requests_of(sim)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("seed", thinned(range(60), range(5)))
def test_a_call_with_answers_nearly_right_ends_as_it_may(sim, known, seed):
    attempt(sim, known, seed)

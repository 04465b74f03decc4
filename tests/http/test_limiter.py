from itertools import islice
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.limiter import beside_the_best, beside_the_ceiling, cases
from benchmarks.queueing import Queueing, served
from mstr_arrow.http.limiter import FIRST, POLITE, Limiter

REQUESTS = 600


@pytest.mark.parametrize("noise", [0.05, 0.3])
@pytest.mark.parametrize("name", cases(REQUESTS))
def test_it_is_as_quick_as_the_best_fixed_number_and_hardly_slower_to_answer_than_at_the_knee(name, noise):
    runs = [beside_the_best(cases(REQUESTS, noise)[name], REQUESTS, seed) for seed in range(10)]
    rates, seconds = zip(*runs, strict=True)
    assert fmean(rates) >= 0.85
    assert fmean(seconds) <= 1.5


def levels(server, limiter, requests, seed=0):
    return [limiter.limit for _ in islice(served(server, limiter, seed=seed), requests)]


@pytest.mark.parametrize(("most", "requests"), [(10, 30), (32, 300), (64, 1_000)])
def test_on_a_server_that_is_only_far_away_it_loses_little_on_the_way_up(most, requests):
    server = Queueing(workers=1_000, seconds=2.0, noise=0.3)
    assert fmean(beside_the_ceiling(server, most, requests, seed)[0] for seed in range(10)) >= 0.89


@pytest.mark.parametrize(("most", "requests"), [(32, 100), (64, 1_000)])
def test_a_short_read_is_little_slower_than_one_that_knows_all_with_the_first_answer(most, requests):
    server = Queueing(workers=1_000, seconds=2.0, noise=0.3)
    runs = [beside_the_ceiling(server, most, requests, seed) for seed in range(10)]
    assert fmean(adapting / leaping for adapting, leaping, _ in runs) >= 0.88


@pytest.mark.parametrize(("most", "requests"), [(10, 30), (32, 100), (64, 1_000)])
def test_the_next_read_is_nearly_as_quick_as_one_with_the_best_fixed_number(most, requests):
    server = Queueing(workers=1_000, seconds=2.0, noise=0.3)
    assert fmean(beside_the_ceiling(server, most, requests, seed)[2] for seed in range(10)) >= 0.9


def test_what_one_has_learned_another_begins_with_half_way_and_never_more_than_allowed():
    limiter = Limiter()
    assert limiter.learned is None
    limiter.on_done(limiter.on_start(FIRST), seconds=1.0, rows=10)
    assert limiter.learned == limiter.limit > FIRST
    begun = {known: Limiter(most=40, known=known).limit for known in (1, 4, FIRST, 10, 32, 500)}
    assert begun == {1: 1, 4: 4, FIRST: FIRST, 10: FIRST, 32: 16, 500: 40}
    assert Limiter(least=3, known=1).limit == 3


def test_a_server_that_has_fewer_workers_than_was_learned_is_not_given_more_for_it():
    limits = levels(Queueing(workers=2, noise=0.3), Limiter(known=32), 300)
    assert fmean(limits[50:]) < 5


@pytest.mark.parametrize("limits", [{"least": 4, "most": 4}, {"polite": True}])
def test_nothing_is_learned_where_the_number_is_fixed_or_polite(limits):
    limiter = Limiter(**limits)
    levels(Queueing(workers=8), limiter, 200)
    assert limiter.learned is None


@pytest.mark.parametrize(("workers", "longest"), [(1, 3.6), (2, 2.4), (4, 2.4), (8, 2.3), (16, 1.8)])
def test_on_the_way_up_it_makes_the_requests_of_a_small_server_wait_a_little_only(workers, longest):
    server = Queueing(workers=workers, seconds=1.0, noise=0.3)
    runs = [islice(served(server, Limiter(), seed=seed), 100) for seed in range(10)]
    assert fmean(answer.seconds for run in runs for answer in run) <= longest


def test_at_the_most_allowed_it_tries_only_a_few_less():
    limits = levels(Queueing(workers=1_000, noise=0.3), Limiter(most=32), 2_000)
    assert min(limits[limits.index(32) :]) >= 25


def test_more_workers_are_found_too():
    server = Queueing(workers=4, noise=0.2, then_at=500, then_workers=16)
    limits = levels(server, Limiter(most=64), 1_500)
    assert fmean(limits[300:500]) < 7
    assert fmean(limits[1_200:]) > 12


def test_a_server_that_is_slower_as_a_whole_keeps_its_requests():
    limits = levels(Queueing(workers=12, noise=0.1, then_at=600, then_slower=3.0), Limiter(most=64), 1_600)
    assert fmean(limits[1_200:]) > 9


def test_the_bounds_are_kept_and_told():
    limiter = Limiter(least=3, most=9)
    limits = levels(Queueing(workers=30, noise=0.2), limiter, 500) + levels(Queueing(workers=1), limiter, 500)
    assert (min(limits), max(limits)) == (limiter.lowest, limiter.highest) == (3, 9)


def test_a_fixed_number_stays_even_where_the_server_is_busy():
    limiter = Limiter(least=5, most=5)
    limiter.on_done(limiter.on_start(5), seconds=1.0, rows=10, busy=True)
    assert set(levels(Queueing(workers=1, noise=0.3), limiter, 300)) == {5}


def test_a_polite_reader_has_two_requests_in_flight_only_where_that_costs_nothing():
    idle = levels(Queueing(workers=8, noise=0.05), Limiter(polite=True), 400)
    assert max(idle) == POLITE
    assert fmean(idle[50:]) > 1.6
    used = levels(Queueing(workers=1, noise=0.05), Limiter(polite=True), 400)
    assert used[0] == 1
    assert fmean(used[50:]) < 1.4


def test_a_busy_server_halves_the_requests_once_for_all_that_were_under_way():
    limiter = Limiter()
    tickets = [limiter.on_start(number) for number in range(1, FIRST + 1)]
    for ticket in tickets:
        limiter.on_done(ticket, seconds=1.0, rows=10, busy=True)
    assert limiter.limit == FIRST // 2
    limiter.on_done(limiter.on_start(1), seconds=1.0, rows=10, busy=True)
    assert limiter.limit == 1
    for _ in range(3):
        limiter.on_done(limiter.on_start(1), seconds=1.0, rows=10, busy=True)
    assert limiter.limit == limiter.lowest == 1


def test_after_a_busy_answer_it_rises_again():
    limiter = Limiter(most=64)
    limiter.on_done(limiter.on_start(FIRST), seconds=1.0, rows=10, busy=True)
    assert max(levels(Queueing(workers=16, noise=0.1), limiter, 1_000)) >= 12


def test_larger_pages_that_take_longer_are_no_sign_of_a_knee():
    limiter = Limiter(most=64)
    for _ in islice(served(Queueing(workers=32, noise=0.1), limiter), 300):
        pass
    before = limiter.limit
    larger = Queueing(workers=32, noise=0.1, seconds=0.4)
    limits = [limiter.limit for _ in islice(served(larger, limiter, rows=3_000), 300)]
    assert before > 20
    assert min(limits) > 15


def test_a_few_pages_of_another_size_are_passed_over():
    limiter = Limiter()
    limiter.on_done(limiter.on_start(FIRST), seconds=1.0, rows=1_000)
    begun = limiter.limit
    for _ in range(2):
        limiter.on_done(limiter.on_start(begun), seconds=90.0, rows=10)
        limiter.on_done(limiter.on_start(begun), seconds=0.001, rows=10)
    assert limiter.limit == begun
    limiter.on_done(limiter.on_start(begun), seconds=3.0, rows=1_000)
    assert limiter.limit == begun  # slow, for those of before were not forgotten
    limiter.on_done(limiter.on_start(begun), seconds=1.0, rows=1_000)
    assert limiter.limit > begun > FIRST


def test_a_reader_that_never_uses_its_requests_is_not_given_ever_more():
    limiter = Limiter(most=64)
    for _ in range(2_000):  # a slow consumer: four in flight, whatever is allowed
        limiter.on_done(limiter.on_start(min(4, limiter.limit)), seconds=1.0, rows=1_000)
    assert limiter.highest < 3 * FIRST


@settings(max_examples=50)
@given(
    least=st.integers(1, 8),
    most=st.integers(1, 64),
    polite=st.booleans(),
    answers=st.lists(
        st.tuples(st.floats(0, 1e3), st.integers(0, 10_000), st.sampled_from([False] * 9 + [True])), max_size=200
    ),
    calm=st.floats(1e-3, 100.0),
)
def test_whatever_comes_the_bounds_are_kept_and_a_server_that_recovers_has_its_requests_back(
    least, most, polite, answers, calm
):
    most = max(least, most)
    limiter, under_way = Limiter(least=least, most=most, polite=polite), []
    highest = max(least, min(most, POLITE)) if polite else most
    for seconds, rows, busy in answers:
        while len(under_way) < limiter.limit:
            under_way.append(limiter.on_start(len(under_way) + 1))
        limiter.on_done(under_way.pop(0), seconds=seconds, rows=rows, busy=busy)
        assert max(1, least) <= limiter.lowest <= limiter.limit <= limiter.highest <= highest
    for _ in islice(served(Queueing(workers=1_000, seconds=calm), limiter), 4_000):
        pass
    assert limiter.limit >= 0.7 * highest

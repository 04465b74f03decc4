"""Figures beside obvious versions of them, and what is said where there is next to nothing."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstr_arrow.throughput.figures import PERCENTILES, Interval, figures_of, interval, measure_round, percentiles_of
from mstr_arrow.throughput.knee import find_knee, fit
from mstr_arrow.throughput.log import Sent, table_of
from mstr_arrow.throughput.result import Sweep
from mstr_arrow.throughput.verdict import judge
from tests.throughput.trials import drawn


def answered(sent, done, *, cold=False, rows=10):
    return Sent(0, 0, sent, sent, sent=sent, first_byte=done, last_byte=done, rows=rows, cold=cold)


@given(st.lists(st.floats(1e-5, 3_600), min_size=1, max_size=300))
def test_percentiles_are_those_of_the_sorted_values_to_three_digits(seconds):
    found, slowest = percentiles_of(seconds)
    assert slowest == max(seconds)
    for each in PERCENTILES:
        rank = max(1, math.ceil(round(each / 100 * len(seconds), 9)))
        near = sorted(seconds)[max(0, rank - 2) : rank + 1]  # a rank that is no whole number is either
        assert min(near) * 0.998 - 1e-6 <= found[each] <= max(near) * 1.002 + 1e-6


def test_percentiles_of_a_known_distribution():
    seconds = -np.log(1 - (np.arange(100_000) + 0.5) / 100_000)  # exponential, mean 1
    found, _ = percentiles_of(seconds.tolist())
    for each in PERCENTILES:
        assert found[each] == pytest.approx(-math.log(1 - each / 100), rel=2e-3)


@given(st.lists(st.floats(1, 1_000), min_size=2, max_size=8))
def test_an_interval_is_the_one_of_the_textbook(values):
    known = {2: 12.706, 3: 4.3027, 4: 3.1824, 5: 2.7764, 6: 2.5706, 7: 2.4469, 8: 2.3646}
    found = interval(values)
    assert found.mean == pytest.approx(np.mean(values))
    half = known[len(values)] * np.std(values, ddof=1) / math.sqrt(len(values))
    assert found.half == pytest.approx(half, rel=1e-3, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0.01, 5)), min_size=3, max_size=40), st.floats(0, 5))
def test_littles_law_holds_for_any_requests(requests, full):
    table = table_of([answered(sent, sent + took) for sent, took in requests])
    one = measure_round(table, full=full, cpu=0, lag=0)
    assert one.in_flight == pytest.approx(one.expected, rel=1e-6, abs=1e-9)
    assert one.rows == pytest.approx(10 * one.requests)


def test_a_request_at_the_edge_counts_by_the_part_that_lies_within():
    table = table_of([answered(0, 2), answered(1, 3), answered(2, 4), answered(3, 5)])
    one = measure_round(table, full=1, cpu=0, lag=0)
    assert one.seconds == 2  # from full to when the last was sent
    assert one.requests == 0.5 + 1 + 0.5


def test_a_round_counts_from_its_last_cold_request_and_is_warm_then():
    table = table_of([answered(at, at + 1, cold=at < 2) for at in range(10)])
    one = measure_round(table, full=0, cpu=0, lag=0)
    assert one.seconds == 7
    assert one.cold == 0


def test_nothing_that_was_answered_is_no_round():
    table = table_of([Sent(0, 0, 0.0, sent=0.0, error="ServerError")])
    assert measure_round(table, full=0, cpu=0, lag=0) is None
    one = figures_of(table, [], open_loop=False)
    assert (one.requests, one.errors, one.failed) == (1, 1, 1.0)
    assert one.latencies == {}
    assert one.requests_per_second == Interval(0.0, None)


def test_a_sweep_without_requests_has_no_curves():
    empty = Sweep(table_of([]), [], {}, {})
    assert (empty.figures, empty.curves) == ({}, {})


def test_pages_without_rows_give_no_rows_and_no_error():
    table = table_of([answered(at / 10, at / 10 + 0.1, rows=0) for at in range(20)])
    one = figures_of(table, [measure_round(table, full=0, cpu=0, lag=0)], open_loop=False)
    assert one.rows_per_second.mean == 0
    assert one.requests_per_second.mean == pytest.approx(10)


@pytest.mark.parametrize("concurrency", [(4,), (1, 2)], ids=str)
def test_few_levels_and_a_single_round_have_no_law_and_no_interval(concurrency):
    sweep = drawn(1, repeats=1, concurrency=concurrency)
    [curve] = sweep.curves.values()
    assert curve.knee.law is None
    assert not curve.knee.reached
    assert curve.verdict.part == "nothing yet"
    assert all(one.requests_per_second.half is None for one in curve.levels.values())


def test_cold_requests_alone_are_counted_all_the_same():
    table = table_of([answered(at, at + 1, cold=True) for at in range(5)])
    one = figures_of(table, [measure_round(table, full=0, cpu=0, lag=0)], open_loop=False)
    assert one.latencies[50.0] == pytest.approx(1, rel=1e-3)
    assert one.cold == 1


def test_the_law_is_found_again_with_its_errors():
    def law(number):
        return 10 * number / (1 + 0.05 * (number - 1) + 0.002 * number * (number - 1))

    numbers = (1, 2, 4, 8, 16, 32)
    exact = fit({number: Interval(law(number), None) for number in numbers})
    assert (exact.rate, exact.waiting, exact.talking) == pytest.approx((10, 0.05, 0.002), rel=1e-3)
    assert exact.explained == pytest.approx(1)
    assert exact.waiting_error < 1e-3
    off = {1: 1.04, 2: 0.97, 4: 1.02, 8: 0.98, 16: 1.03, 32: 0.97}
    noisy = fit({number: Interval(law(number) * off[number], None) for number in numbers})
    assert abs(noisy.waiting - 0.05) < 3 * noisy.waiting_error
    assert abs(noisy.talking - 0.002) < 3 * noisy.talking_error
    assert 0.9 < noisy.explained < 1


def test_noise_is_pooled_over_levels_so_that_two_rounds_do_not_hide_a_doubling():
    # By its own two rounds level 2 could be anything: 12.7 times its standard error, more than it has gained.
    levels = {1: interval([9.9, 10.1]), 2: interval([17, 21]), 4: interval([38, 38.5]), 8: interval([38, 38.4])}
    assert levels[2].half > 20
    assert find_knee(levels).concurrency == 4


def test_throughput_that_varies_wildly_is_no_gain():
    levels = {1: interval([8, 12]), 2: interval([9, 14]), 4: interval([7, 15])}
    knee = find_knee(levels)
    assert knee.concurrency == 1


def test_twice_the_sessions_must_bring_more_than_noise_to_be_the_limit():
    sweep = drawn(1, seconds=4)
    levels = next(iter(sweep.curves.values())).levels
    knee = find_knee({number: one.requests_per_second for number, one in levels.items()})
    better = drawn(2, seconds=4, slower=0.6, concurrency=(8,), mood=0.3)
    [lucky] = better.figures.values()
    assert lucky.requests_per_second.mean > 1.2 * levels[8].requests_per_second.mean
    assert judge(levels, knee, more_sessions=lucky).part == "server"


def test_the_table_of_requests_has_the_types_of_its_schema():
    assert table_of([]).schema == table_of([answered(0, 1)]).schema
    assert isinstance(table_of([]), pa.Table)

"""Two sweeps beside each other: what is called a difference, what is not, and what cannot be said."""

import math

import pytest

import mstr_arrow as ma
from mstr_arrow.errors import UsageError
from mstr_arrow.throughput.about import About
from mstr_arrow.throughput.comparison import Difference, compare
from tests.throughput.trials import drawn


def trials(number, *, slower, **model):
    """Compare so many pairs of sweeps; give the answers."""
    return [compare(drawn(2 * one, **model), drawn(2 * one + 1, slower=slower, **model)) for one in range(number)]


def test_a_server_that_takes_15_percent_longer_gives_13_percent_less():
    found = compare(drawn(1), drawn(2, slower=1.15))
    [series] = found.series
    assert found.answer == series.answer == "different"
    assert series.overall["throughput"].ratio == pytest.approx(1 / 1.15, rel=0.01)
    assert series.overall["median"].ratio == pytest.approx(1.15, rel=0.01)
    assert {load.concurrency: each["p95"].answer for load, each in series.loads.items()} == dict.fromkeys(
        (1, 2, 4, 8), "different"
    )
    assert [curve.knee.concurrency for curve in series.curves] == [4, 4]
    assert [*found.only_before, *found.only_after, *found.unlike, *found.cautions] == []


@pytest.mark.parametrize(("slower", "right"), [(1.0, "not different"), (1.15, "different")])
def test_twenty_trials(slower, right):
    answers = [each.answer for each in trials(20, slower=slower, noise=0.2, concurrency=(2, 8), seconds=5)]
    assert answers.count(right) >= 19


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        {"noise": 0.1},
        {"noise": 0.5},
        {"noise": 0.3, "mood": 0.01},
        {"noise": 0.3, "seconds": 5, "repeats": 4},
    ],
    ids=str,
)
def test_hundreds_of_trials(model):
    same = [each.answer for each in trials(150, slower=1.0, **model)]
    slow = [each.answer for each in trials(150, slower=1.15, **model)]
    assert same.count("different") <= 0.02 * 150
    assert same.count("not different") >= 0.95 * 150
    assert slow.count("different") >= 0.95 * 150


def test_noise_that_would_hide_a_difference_is_said_to():
    found = compare(drawn(1, mood=0.15), drawn(2, mood=0.15))
    assert found.answer == "too noisy to say"
    assert found.series[0].overall["throughput"].smallest > 0.15


def test_a_machine_that_gets_slower_meanwhile_is_noise_and_no_difference():
    answers = {compare(drawn(one, drift=0.25), drawn(one + 50)).answer for one in range(5)}
    assert answers == {"too noisy to say"}


def test_a_difference_of_strong_loads_alone_is_found_there():
    [series] = compare(drawn(1, noise=0.1), drawn(2, noise=0.1, slower=1.3, only=8)).series
    found = {load.concurrency: each["throughput"].answer for load, each in series.loads.items()}
    assert found == {1: "not different", 2: "not different", 4: "not different", 8: "different"}
    assert series.answer == "different"


def test_a_single_round_says_nothing_about_noise():
    found = compare(drawn(1, repeats=1), drawn(2, repeats=3, slower=2.0))
    difference = found.series[0].overall["throughput"]
    assert found.answer == "too noisy to say"
    assert difference.ratio == pytest.approx(0.5, rel=0.02)
    assert math.isinf(difference.smallest)
    assert str(difference).endswith("measured too seldom to say how sure that is")


def test_loads_of_one_sweep_alone_are_named():
    found = compare(drawn(1, concurrency=(1, 2)), drawn(2, concurrency=(2, 4)))
    assert [load.concurrency for load in found.only_before] == [1]
    assert [load.concurrency for load in found.only_after] == [4]
    assert [load.concurrency for each in found.series for load in each.loads] == [2]


def test_requests_that_bring_other_rows_are_not_compared():
    other = drawn(2, concurrency=(1, 2))
    halved = type(other)(
        other.requests.set_column(
            other.requests.schema.get_field_index("rows"), "rows", [[500] * other.requests.num_rows]
        ),
        other.loads,
        other.rounds,
        {},
    )
    with pytest.raises(UsageError, match="a request brought 1,000 rows before, and 500 after"):
        compare(drawn(1, concurrency=(1, 2)), halved)


@pytest.mark.parametrize("other", [{"name": "Costs"}, {"rows": 500}, {"concurrency": (3,)}], ids=str)
def test_sweeps_with_no_load_in_common_are_refused(other):
    with pytest.raises(UsageError, match="no load in common: the first measured Sales, pages of 1,000 rows"):
        compare(drawn(1), drawn(2, **other))


def test_sweeps_without_an_answer_are_refused():
    empty = drawn(1)
    empty.rounds.clear()
    with pytest.raises(UsageError, match="nothing was answered in the second sweep"):
        compare(drawn(1), empty)


def test_what_else_may_make_the_difference_is_said():
    found = compare(drawn(1, about=About(client="2 processors", simulated=True)), drawn(2, about=About()))
    assert len(found.cautions) == 2
    assert "the simulator" in found.cautions[0]
    assert "different clients" in found.cautions[1]


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (0.80, 0.90, "different"),
        (1.03, 1.50, "different"),
        (0.95, 0.99, "not different"),
        (1.01, 1.10, "not different"),
        (0.80, 1.05, "too noisy to say"),
        (0.0, math.inf, "too noisy to say"),
    ],
)
def test_an_interval_decides(low, high, answer):
    assert Difference((low + high) / 2, low, high).answer == answer


def test_compare_is_public():
    assert ma.throughput.compare is compare

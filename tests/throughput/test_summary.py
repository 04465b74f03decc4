"""What is said of a sweep: figures and limits in sentences, the client first, nothing odd in silence."""

from dataclasses import replace

import pytest

from mstr_arrow.throughput.loads import Load
from mstr_arrow.throughput.recommend import recommend
from mstr_arrow.throughput.result import Sweep
from mstr_arrow.throughput.summary import summarise
from mstr_arrow.wording import say_in_words
from tests.throughput.examples import ABOUT, Made, closed, made, rich_sweep

CALM = Made(noise=0.01)


@pytest.fixture(scope="module")
def rich():
    return rich_sweep(requests=60)


def findings(sweep):
    return {one.title: one for one in summarise(sweep).findings}


def test_a_knee_is_told_with_its_figures_and_what_is_beyond():
    (one,) = summarise(made(CALM, closed())).findings
    assert one.title == "Sales Cube, pages of 10,000 rows"
    assert one.headline.startswith("8 in flight × 10k rows: 357k rows/s, p95 230 ms; ")
    assert "; beyond 8 latency grows (p95 " in one.headline
    assert " at 16) and throughput does not; the server takes 96 % of the time, the network 4 %." in one.headline
    assert one.limit.startswith("The limit is the server: from 8 to 16 in flight")


def test_a_client_that_is_the_limit_is_said_first_and_nothing_called_the_servers():
    told = summarise(made(Made(late=0.05), closed(), about=replace(ABOUT, simulated=True)))
    assert told.first[0].startswith("Sales Cube, pages of 10,000 rows: this client was the limit")
    assert "simulator" in told.first[1]
    (one,) = told.findings
    assert one.limit.startswith("The limit is this client: ")
    assert "server" not in one.headline + one.limit
    assert told.advice == "No settings are recommended, for this client was the limit."


def test_more_that_still_brings_more_is_no_knee():
    (one,) = summarise(made(replace(CALM, workers=64, bandwidth=1e9), closed())).findings
    assert "that was the highest level measured, and it still brought more" in one.headline
    assert one.limit.startswith("No limit was reached: ")


def test_one_level_tells_no_knee_and_no_limit():
    (one,) = summarise(made(CALM, closed(levels=[4]))).findings
    assert "one level alone tells no knee" in one.headline
    assert one.limit is None


def test_a_slow_link_is_named_with_a_way_out():
    (one,) = summarise(made(replace(CALM, workers=64, bandwidth=1e6), closed())).findings
    assert one.limit.startswith("The limit is the network: ")
    assert "a machine nearer to the server" in one.limit


def test_failures_are_counted_by_what_they_were(rich):
    notes = " ".join(findings(rich)["Sales Cube, pages of 50,000 rows"].notes)
    assert "requests failed, from 16 in flight on: " in notes
    assert " of Busy (HTTP 503)." in notes


def test_cold_requests_are_told_apart_where_they_are_slower(rich):
    notes = " ".join(findings(rich)["Sales Cube, pages of 1,000 rows"].notes)
    assert "Cold requests take " in notes
    assert not any("Cold" in note for one in summarise(made(CALM, closed())).findings for note in one.notes)


def test_loads_by_rate_tell_up_to_which_the_server_kept_up(rich):
    headline = findings(rich)["Sales Cube, pages of 10,000 rows, at a rate"].headline
    assert headline.startswith("20 requests/s × 10k rows: ")
    assert "counted from when a request was due; of 60 requests/s " in headline


def test_a_server_that_keeps_up_with_every_rate_is_said_to():
    sweep = made(CALM, [Load("Sales Cube", 10_000, 0, rate=5.0)])
    (one,) = summarise(sweep).findings
    assert one.headline.endswith("that was the highest rate measured, and the server kept up with it.")


def test_what_was_not_tried_is_listed_with_its_reason(rich):
    (one,) = summarise(rich).left_out
    assert one.startswith("Sales Cube, pages of 50,000 rows: 32 in flight was not tried, for 10% of the requests")


def test_rounds_of_a_law_that_does_not_hold_are_said_not_to_be_steady():
    sweep = made(CALM, closed(levels=[4]))
    rounds = {
        load: [replace(one, expected=1.2 * one.in_flight) for one in sweep.rounds[load]] for load in sweep.loads
    }
    (one,) = summarise(replace(sweep, rounds=rounds)).findings
    assert "Little's law is off by 20 % at 4 in flight" in " ".join(one.notes)


def test_rounds_that_differ_much_are_said_to():
    sweep = made(CALM, closed(levels=[4]))
    load = sweep.loads[0]
    rounds = {load: [replace(one, rows=one.rows * n) for n, one in enumerate(sweep.rounds[load], 1)]}
    (one,) = summarise(replace(sweep, rounds=rounds)).findings
    assert one.notes[0].startswith("The rounds at 4 in flight differ much")


def test_an_end_before_its_time_is_said_first():
    told = summarise(replace(made(CALM, closed(levels=[1])), ended="the network is gone"))
    assert told.first == (
        "The sweep ended before its time, and this is what was measured until then: the network is gone.",
    )


def test_what_is_left_or_was_made_again_is_said_first():
    told = summarise(replace(made(CALM, closed(levels=[1])), left_behind=("dataset Scratch",), remade=2))
    assert told.first[0] == "Left on the server, for it could not be deleted: dataset Scratch."
    assert told.first[1].startswith(
        "2 instances, upload sessions or log-ins were gone in the middle and made again"
    )


def test_a_sweep_of_which_nothing_was_answered_says_so():
    told = summarise(made(Made(fails_above=0, failing=1.0), closed(levels=[2])))
    assert told.first == ("Not one request was answered.",)
    assert told.findings[0].headline == "no request of it was answered."
    assert told.findings[0].notes == ("360 of 360 requests failed, from 2 in flight on: 360 of Busy (HTTP 503).",)


def test_an_empty_sweep_has_a_summary():
    sweep = made(CALM, [])
    assert isinstance(sweep, Sweep)
    assert summarise(sweep).findings == ()


def test_new_instances_are_counted_as_such():
    (one,) = summarise(made(CALM, closed(levels=[1, 2], work="instances"))).findings
    assert one.headline.startswith("2 in flight: ")
    assert " instances/s, p95 " in one.headline


def test_the_knee_of_the_best_page_size_is_recommended(rich):
    best = recommend(rich)
    assert (best.limits.concurrency, best.limits.page_rows) == (8, 50_000)
    assert best.text.startswith("Set Limits.concurrency to 8 and Limits.page_rows to 50,000: they gave ")
    assert " (10,000 rows, p95 " in best.text
    words = {"Limits.concurrency": "--concurrency", "Limits.page_rows": "--page-rows"}
    assert say_in_words(best.text, words).startswith("Set --concurrency to 8 and --page-rows to 50,000: ")


def test_of_page_sizes_that_give_about_as_much_the_smallest_is_recommended():
    sweep = made(Made(noise=0.01, fixed=0.001, speed=50_000), closed(pages=[10_000, 20_000]))
    assert recommend(sweep).limits.page_rows == 10_000


def test_of_several_objects_the_one_that_bears_least_decides():
    sweep = made(CALM, closed(levels=[1, 2, 4, 8]))
    small = made(replace(CALM, workers=2), closed("Small Cube", levels=[1, 2, 4, 8]))
    both = Sweep(
        requests=sweep.requests,
        loads=sweep.loads,
        rounds=sweep.rounds,
        left_out={},
    )
    both.__dict__["curves"] = {**sweep.curves, **small.curves}
    best = recommend(both)
    assert best.limits.concurrency == 2
    assert best.text.endswith("; of the objects measured Small Cube bears the least.")


def test_no_level_with_errors_is_recommended():
    assert recommend(made(replace(CALM, fails_above=4), closed())).limits.concurrency == 4


@pytest.mark.parametrize(
    ("loads", "why"),
    [
        (closed(sessions=2), "for a read has one session, and several were measured"),
        (closed(work="instances"), "for no page reads in a closed loop were measured without errors"),
    ],
)
def test_nothing_is_recommended_where_nothing_measured_tells_it(loads, why):
    sweep = made(CALM, loads, requests=60)
    assert recommend(sweep) is None
    assert summarise(sweep).advice == f"No settings are recommended, {why}."

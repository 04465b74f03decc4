import asyncio

import pytest

from mstr_arrow.config import Limits
from mstr_arrow.errors import UsageError
from mstr_arrow.fetch.read_options import ReadOptions
from mstr_arrow.fetch.stats import Meter
from mstr_arrow.http.response import Response
from mstr_arrow.simulator import Fault


def test_before_the_first_read_there_are_no_statistics(numbers):
    assert numbers.stats is None


def test_a_read_counts_what_it_did(connection, pages):
    cube = connection.cube("Numbers", limits=Limits(page_rows=100, concurrency=2))
    table = cube.to_arrow()
    stats = cube.stats
    assert (stats.rows, stats.total_rows) == (table.num_rows, 2_000)
    assert stats.requests == pages.asked() == 20
    assert (stats.retries, stats.in_flight) == (0, 0)
    assert stats.wire_bytes == stats.bytes > 2_000 * 40
    assert stats.seconds > 0
    assert min(stats.seconds_waiting, stats.seconds_transferring, stats.seconds_decoding) > 0
    assert 0 <= stats.lag_p99 <= stats.lag_max
    assert stats.rows_per_second == stats.rows / stats.seconds
    assert stats.bytes_per_second == stats.bytes / stats.seconds
    assert cube.stats.seconds == stats.seconds  # the clock stopped


def test_packed_pages_count_both_sizes(connection):
    cube = connection.cube("Sales Cube", limits=Limits(page_rows=100))
    cube.to_arrow()
    assert 0 < cube.stats.wire_bytes < cube.stats.bytes / 2


def test_repeated_requests_are_counted(connection, simulator):
    simulator.fail(Fault.busy(retry_after=0).on("GET", "/instances/", skip=2, times=2))
    cube = connection.cube("Numbers", limits=Limits(page_rows=500, concurrency=1))
    assert cube.to_arrow().num_rows == 2_000
    assert (cube.stats.retries, cube.stats.requests) == (2, 6)


def test_progress_goes_up_to_the_total(connection):
    cube = connection.cube("Numbers", limits=Limits(page_rows=150, concurrency=3))
    seen = []
    cube.to_polars(on_progress=seen.append)
    rows = [stats.rows for stats in seen]
    assert rows == [*range(0, 2_000, 150), 2_000]
    assert {stats.total_rows for stats in seen} == {2_000}
    assert max(stats.in_flight for stats in seen) <= 3
    assert [stats.bytes for stats in seen] == sorted(stats.bytes for stats in seen)


def test_an_open_read_shows_how_far_it_is(connection):
    with connection.cube("Numbers", limits=Limits(page_rows=150)).to_batches() as batches:
        assert batches.stats.rows == 0
        next(batches)
        assert batches.stats.rows == 150


def test_a_read_without_time_has_no_speed():
    async def main():
        meter = Meter()
        meter.count_response(Response(200, {}, b"12345", retries=2, seconds_waiting=0.5, seconds_transferring=0.25))
        meter.count_page(5, 0.125)
        watch = asyncio.ensure_future(meter.watch_lag())
        await asyncio.sleep(0.05)
        watch.cancel()
        return meter.stats()

    stats = asyncio.run(main())
    assert (stats.requests, stats.retries, stats.wire_bytes, stats.bytes) == (3, 2, 5, 5)
    assert (stats.seconds_waiting, stats.seconds_transferring, stats.seconds_decoding) == (0.5, 0.25, 0.125)
    assert stats.lag_max >= stats.lag_p99 >= 0


def test_what_is_allowed_and_asked_for_is_told(connection):
    cube = connection.cube("Numbers", page_rows=100, concurrency=3)
    cube.to_arrow()
    stats = cube.stats
    assert (stats.in_flight_lowest, stats.in_flight_limit, stats.in_flight_highest) == (3, 3, 3)
    assert (stats.page_rows_lowest, stats.page_rows, stats.page_rows_highest) == (100, 100, 100)
    whole = cube.with_options(page_rows=None)
    whole.to_arrow()
    assert (whole.stats.page_rows, whole.stats.requests) == (0, 1)  # the first page was all


def test_what_is_held_is_told(connection):
    cube = connection.cube("Numbers", limits=Limits(page_rows=100, concurrency=3, buffer_bytes=20_000))
    with cube.to_batches() as batches:
        size = batches.stats.held_bytes  # the first page
        assert 0 < size < 10_000
        rows = sum(len(batch) for batch in batches)
    assert rows == 2_000
    stats = batches.stats
    assert stats.held_bytes == 0
    assert 2 * size < stats.held_bytes_highest <= 20_000 + 1.1 * size


def test_a_read_begins_with_what_an_earlier_one_has_learned_and_one_beside_it_as_ever(connection):
    cube, http = connection.cube("Numbers", page_rows=20), connection._client.http.own
    cube.to_arrow()
    assert cube.stats.in_flight_lowest <= http.worth_in_flight <= cube.stats.in_flight_highest
    http.worth_in_flight = 4
    assert "4 at once to begin with" in cube.explain()
    with cube.to_batches() as first, cube.to_batches() as second:
        assert (first.stats.in_flight_limit, second.stats.in_flight_limit) == (4, 6)
    assert http.worth_in_flight == 4
    assert cube.with_options(concurrency=3).to_arrow().num_rows == 2_000
    assert http.worth_in_flight == 4


def test_a_busy_server_has_fewer_requests_in_flight(connection, simulator):
    simulator.fail(Fault.busy(retry_after=0).on("GET", "/instances/", times=1))
    cube = connection.cube("Numbers", page_rows=20)
    assert cube.to_arrow().num_rows == 2_000
    assert cube.stats.in_flight_lowest <= 3  # half of six; on a slow machine the limiter may try fewer later
    assert cube.stats.retries == 1


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ({"concurrency": 4}, Limits(concurrency=4, page_bytes=77)),
        ({"polite": True}, Limits(polite=True, page_bytes=77)),
        ({"page_rows": 50}, Limits(concurrency=2, page_rows=50, page_bytes=77)),
        ({"concurrency": None}, Limits(page_bytes=77)),
        ({"limits": Limits(polite=True), "concurrency": 5}, Limits(concurrency=5)),
    ],
)
def test_options_choose_limits_anew(options, limits):
    assert ReadOptions(limits=Limits(concurrency=2, page_bytes=77)).with_options(options).limits == limits


def test_a_number_of_requests_and_politeness_exclude_each_other():
    with pytest.raises(UsageError, match="concurrency=4 and polite=True exclude each other"):
        ReadOptions(limits=Limits()).with_options({"concurrency": 4, "polite": True})
    with pytest.raises(UsageError, match=r"Limits\.concurrency is 0"):
        ReadOptions(limits=Limits()).with_options({"concurrency": 0})

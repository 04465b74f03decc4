from __future__ import annotations

import asyncio
import heapq
import itertools
import statistics
import time

import pytest

from mstr_arrow.simulator import Simulator, TimeModel
from mstr_arrow.simulator.state.workload import Workload


def served_at_once(model, sessions):
    """Serve one request of each session named; give the greatest number at once, in all and by session."""
    now, most, alone = [], [], []

    async def sleep(_seconds):
        most.append(len(now))
        alone.append(max(now.count(name) for name in now))
        for _ in range(20):
            await asyncio.sleep(0)

    async def request(workload, session):
        async with workload.place(session) as take_time:
            now.append(session)
            await take_time(1)
            now.remove(session)

    async def everything():
        workload = Workload(model, sleep=sleep)
        await asyncio.gather(*(request(workload, session) for session in sessions))

    asyncio.run(everything())
    assert len(most) == len(sessions)
    return max(most), max(alone)


@pytest.mark.parametrize(
    ("workers", "session_limit", "most"),
    [(None, None, (12, 6)), (4, None, (4, 4)), (None, 2, (4, 2)), (3, 2, (3, 2)), (1, 1, (1, 1))],
)
def test_workers_and_sessions_limit_what_is_served_at_once(workers, session_limit, most):
    model = TimeModel(request_ms=1, workers=workers, session_limit=session_limit)
    assert served_at_once(model, ["a"] * 6 + ["b"] * 6) == most


def test_time_grows_with_rows():
    model = TimeModel(request_ms=20, rows_per_second=100_000)
    assert model.seconds(0) == pytest.approx(0.02)
    assert model.seconds(50_000) == pytest.approx(0.52)
    assert TimeModel().seconds(10**9) == 0


def test_a_worker_is_freed_when_a_request_is_refused(new_client):
    with Simulator(rows=1, time=TimeModel(request_ms=1, workers=1, session_limit=1)) as sim:
        client = new_client(sim)
        client.login()
        for _ in range(3):
            assert client.send("GET", f"/api/v2/cubes/{'0' * 32}").status == 404
        assert client.create("One Row")["data"]["paging"]["total"] == 1


def test_requests_take_the_time_they_are_given(monkeypatch, new_client):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setitem(Workload.__init__.__kwdefaults__, "sleep", sleep)
    with Simulator(rows=100, time=TimeModel(request_ms=250, rows_per_second=40)) as sim:
        client = new_client(sim)
        client.login()
        client.create("Sales Cube", limit=30)
        client.send("GET", f"/api/v2/cubes/{sim.cubes['Sales Cube']}")
    assert slept == [pytest.approx(1.0), pytest.approx(0.25)]


def in_time(model, work, *, seed=0):
    """Run ``work(workload, now)`` in simulated time; give what it returns."""
    now = 0.0
    sleepers, numbers = [], itertools.count()

    def clock():
        return now

    async def sleep(seconds):
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(sleepers, (now + seconds, next(numbers), turn))
        await turn

    async def run():
        nonlocal now
        task = asyncio.ensure_future(work(Workload(model, seed=seed, sleep=sleep, clock=clock), clock))
        while not task.done():
            for _ in range(50):
                await asyncio.sleep(0)
            if sleepers and not task.done():
                now, _, turn = heapq.heappop(sleepers)
                turn.set_result(None)
        return await task

    return asyncio.run(run())


def ends_of(model, requests, *, seed=0):
    """Send requests for things, all at once; give the moment at which each was answered, in order."""

    async def work(workload, clock):
        ends = []

        async def request(what):
            async with workload.place("a", what) as take_time:
                await take_time(0)
            ends.append(round(clock(), 6))

        await asyncio.gather(*map(request, requests))
        return ends

    return in_time(model, work, seed=seed)


@pytest.mark.parametrize(
    ("model", "requests", "ends"),
    [
        (TimeModel(request_ms=100, workers=2), "abcd", [0.1, 0.1, 0.2, 0.2]),
        (TimeModel(request_ms=100, lock_ms=50), "abc", [0.15, 0.2, 0.25]),
        (TimeModel(request_ms=100, gateway_ms=30, workers=1), "ab", [0.13, 0.23]),
        (TimeModel(request_ms=100, cold_ms=900, workers=1), "aab", [1.0, 1.1, 2.1]),
        (TimeModel(request_ms=100, workers=2, halves_above=2), "abcdef", [0.1, 0.1, 0.2, 0.3, 0.4, 0.4]),
        (TimeModel(request_ms=600, workers=1, stall_every=1, stall_seconds=0.5), "abc", [0.6, 1.2, 2.1]),
    ],
    ids=["workers", "lock", "gateway", "cold", "crowd", "stall"],
)
def test_requests_end_when_the_model_says(model, requests, ends):
    assert ends_of(model, requests) == ends


def test_noise_is_drawn_from_a_seed_around_the_time_of_a_request():
    model = TimeModel(request_ms=100, noise=0.5, outliers=0.1)
    drawn = ends_of(model, range(400), seed=1)
    assert drawn == ends_of(model, range(400), seed=1)
    assert 0.09 < statistics.median(drawn) < 0.11
    assert min(drawn) < 0.05
    assert max(drawn) > 0.8


def test_answers_share_the_link():
    async def work(workload, clock):
        async def send(size):
            await workload.carry(size)
            return round(clock(), 6)

        return await asyncio.gather(send(500), send(1000), send(250))

    assert in_time(TimeModel(bytes_per_second=1000), work) == [0.5, 1.5, 1.75]


def test_an_answer_comes_over_the_link_at_its_speed_and_whole(new_client):
    with Simulator(rows=2_000, gzip=False, time=TimeModel(bytes_per_second=5e6)) as sim:
        client = new_client(sim)
        client.login()
        body = client.create("Sales Cube", limit=2_000)
        began = time.monotonic()
        assert client.create("Sales Cube", limit=2_000)["data"] == body["data"]
        assert time.monotonic() - began >= sim.requests[-1].wire_bytes / 5e6


def test_a_model_is_changed_while_requests_wait():
    async def work(workload, clock):
        async def request():
            async with workload.place("a") as take_time:
                await take_time(0)
            return round(clock(), 6)

        waiting = [asyncio.ensure_future(request()) for _ in range(4)]
        await asyncio.sleep(0)
        workload.model = TimeModel(request_ms=100, workers=4)
        return await asyncio.gather(*waiting)

    assert in_time(TimeModel(request_ms=100, workers=1), work) == [0.1] * 4


def test_a_running_simulator_takes_another_model(new_client):
    with Simulator(rows=1) as sim:
        client = new_client(sim)
        client.login()
        sim.time = TimeModel(workers=1)
        assert sim.time == TimeModel(workers=1)
        assert client.create("One Row")["data"]["paging"]["total"] == 1


def test_who_goes_away_while_waiting_leaves_no_place_taken():
    async def work(workload, clock):
        async def request():
            async with workload.place("a") as take_time:
                await take_time(0)
            return round(clock(), 6)

        first, second, third = (asyncio.ensure_future(request()) for _ in range(3))
        await asyncio.sleep(0)
        second.cancel()
        return await asyncio.gather(first, third)

    assert in_time(TimeModel(request_ms=100, workers=1), work) == [0.1, 0.2]

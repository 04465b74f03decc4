from __future__ import annotations

import asyncio

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

    monkeypatch.setattr(Workload.__init__, "__kwdefaults__", {"sleep": sleep})
    with Simulator(rows=100, time=TimeModel(request_ms=250, rows_per_second=40)) as sim:
        client = new_client(sim)
        client.login()
        client.create("Sales Cube", limit=30)
        client.send("GET", f"/api/v2/cubes/{sim.cubes['Sales Cube']}")
    assert slept == [pytest.approx(1.0), pytest.approx(0.25)]

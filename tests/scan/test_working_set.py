"""Many reads in one session with a small working set: none pushes another's instance out."""

from __future__ import annotations

import asyncio

import pytest

import mstr_arrow as ma
from mstr_arrow import errors
from mstr_arrow.config import Limits, Settings, Timeouts
from mstr_arrow.simulator import Simulator
from tests.support.servers import IDLE

REPORTS = ("Plain Report", "Report With Subtotals", "Cross-tab Metrics Last", "Metrics On Rows")
WAITING = "waiting for other reads of this session"
SMALL = Limits(page_rows=125, concurrency=2, buffer_bytes=1)


@pytest.fixture
def simulate():
    """Start simulators."""
    started = []

    def start(**settings):
        simulator = Simulator(rows=500, **IDLE, **settings)
        started.append(simulator)
        return simulator.__enter__()

    yield start
    for simulator in started:
        simulator.__exit__(None, None, None)


def connect(simulator, **settings):
    return ma.connect(
        simulator.url,
        username=simulator.username,
        password=simulator.password,
        settings=Settings(limits=SMALL, **settings),
    )


@pytest.mark.parametrize(("size", "seconds"), [(3, 0.0), pytest.param(6, 0.02, marks=pytest.mark.slow)])
def test_thirty_scans_at_once_share_a_small_working_set(simulate, size, seconds):
    simulator = simulate(working_set=size, report_seconds=seconds)
    names = [("Sales Cube", "cube"), *((name, "report") for name in REPORTS)] * 6

    async def read_all(connection):
        scans = [await getattr(connection, f"{kind}_async")(name) for name, kind in names]
        return await asyncio.gather(*(scan.to_arrow_async() for scan in scans))

    with connect(simulator) as connection:
        tables = asyncio.run(read_all(connection))
        counts = simulator.instances[0]
    for (name, _), table in zip(names, tables, strict=True):
        assert table.to_pylist() == simulator.truth(name).to_pylist()
    assert counts.created == 30
    assert counts.missed == 0
    assert not [request for request in simulator.requests if request.status >= 400]


def test_a_slow_consumer_keeps_its_instance_while_others_come_and_go(simulate):
    simulator = simulate(working_set=6)
    truth = simulator.truth("Sales Cube").to_pylist()
    with connect(simulator) as connection:
        slow = [connection.cube("Sales Cube").to_batches() for _ in range(3)]
        taken = [next(batches).to_pylist() for batches in slow]
        for number in range(12):
            name = REPORTS[number % len(REPORTS)]
            assert connection.report(name).to_arrow().num_rows == simulator.truth(name).num_rows
        for rows, batches in zip(taken, slow, strict=True):
            assert rows + [row for batch in batches for row in batch.to_pylist()] == truth
        assert simulator.instances[0].missed == 0
        assert simulator.instances[0].evicted > 0


def test_schemas_that_nobody_reads_give_way(simulate):
    simulator = simulate(working_set=4)
    with connect(simulator) as connection:
        scans = [connection.report(name) for name in REPORTS] + [connection.cube("Sales Cube") for _ in range(3)]
        schemas = [scan.schema for scan in scans]
        for scan, schema in zip(scans, schemas, strict=True):
            assert scan.to_arrow().schema == schema
        assert simulator.instances[0].missed == 0


def test_a_report_that_was_looked_at_outlives_cubes(simulate):
    simulator = simulate(working_set=4)
    with connect(simulator) as connection:
        report = connection.report("Plain Report")
        assert report.count_rows() > 0
        for _ in range(5):
            assert connection.cube("Sales Cube").schema
        before = len(simulator.requests)
        assert report.to_arrow().num_rows == simulator.truth("Plain Report").num_rows
    assert "POST" not in {request.method for request in simulator.requests[before:-1]}


def test_one_who_holds_all_places_is_told(simulate):
    simulator = simulate(working_set=4)
    with connect(simulator, timeouts=Timeouts(execute=1)) as connection:
        cube = connection.cube("Sales Cube")
        held = [cube.to_batches(), cube.to_batches()]
        with pytest.raises(errors.UsageError, match="2 reads of this session are open, and none of them goes on"):
            cube.to_batches()
        held.pop().close()
        assert cube.to_arrow().num_rows == 500


def test_a_read_that_waits_is_served_when_another_ends(simulate):
    simulator = simulate(working_set=3)
    seen = []

    async def both(connection):
        cube = await connection.cube_async("Sales Cube")
        first = await cube.to_batches_async()
        waiting = asyncio.ensure_future(cube.to_arrow_async(on_progress=lambda stats: seen.append(stats.status)))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await first.aclose()
        return await waiting

    with connect(simulator) as connection:
        assert asyncio.run(both(connection)).num_rows == 500
    assert seen[0] == WAITING
    assert seen[-1] is None


def test_a_read_that_waits_for_more_than_a_second_says_so(simulate, caplog, monkeypatch):
    """The ninth of a session that keeps ten results, by the log, the events and the progress."""
    monkeypatch.setattr("mstr_arrow.session.working_set.NOTICE_SECONDS", 0.05)
    simulator = simulate(working_set=10)
    seen, told = [], []
    settings = Settings(timeouts=Timeouts(execute=0.5), on_event=told.append)
    with ma.connect(
        simulator.url, username=simulator.username, password=simulator.password, settings=settings
    ) as connection:
        cube = connection.cube("Sales Cube")
        held = [cube.to_batches() for _ in range(8)]
        with pytest.raises(errors.UsageError, match="8 reads of this session are open"):
            cube.to_arrow(on_progress=lambda stats: seen.append(stats.status))
        for batches in held:
            batches.close()
    assert (
        "waiting for other reads of this session: 8 are open, and the server keeps 10 results for a session" in seen
    )
    assert [event for event in told if isinstance(event, ma.events.ReadWaits)] == [ma.events.ReadWaits(8, 10)]
    assert "8 are open" in caplog.text


def test_who_gives_up_waiting_leaves_the_place_to_others(simulate):
    simulator = simulate(working_set=3)

    async def some(connection):
        cube = await connection.cube_async("Sales Cube")
        first = await cube.to_batches_async()
        impatient = asyncio.ensure_future(cube.to_arrow_async())
        patient = asyncio.ensure_future(cube.to_arrow_async())
        await asyncio.sleep(0.1)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        await first.aclose()
        return await patient

    with connect(simulator) as connection:
        assert asyncio.run(some(connection)).num_rows == 500
        assert connection.cube("Sales Cube").to_arrow().num_rows == 500

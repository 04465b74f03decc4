"""Every way out of an open read stops its requests."""

import asyncio
import gc
import io
import os
import threading
import time

import polars as pl
import pyarrow as pa
import pytest

from mstr_arrow.config import Limits
from mstr_arrow.errors import ClosedError, ForkedError, ProtocolError, UsageError
from mstr_arrow.opening import connect, connect_async
from mstr_arrow.simulator import Fault

ALL = 200
"""Pages of the Numbers."""


@pytest.fixture
def ended(pages):
    """Check that the read ended long before its last page."""

    def check(*, at_most=ALL // 2):
        assert 0 < pages.stopped() <= at_most

    return check


@pytest.fixture
def few(numbers):
    """The Numbers in 200 pages of which nothing is held back by the byte budget."""
    return numbers.with_options(limits=Limits(page_rows=10, concurrency=2))


# Loops


def test_break_stops_the_requests(few, ended):
    for batch in few:
        assert batch.num_rows == 10
        break
    ended()


def test_an_exception_in_the_loop_stops_the_requests_and_stays_the_error(few, ended):
    def consume():
        for _ in few:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        consume()
    ended()


def test_leaving_the_context_stops_the_requests(few, ended):
    with few.to_batches() as batches:
        first = next(batches)
        assert first.num_rows == 10
    ended()
    with pytest.raises(ClosedError):
        next(batches)
    batches.close()


def test_an_exception_leaves_the_context_and_stays_the_error(few, ended):
    def consume():
        with few.to_batches() as batches:
            next(batches)
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        consume()
    ended()


def test_a_consumer_thread_that_dies_stops_the_requests(few, ended):
    def consume():
        batches = few.to_batches()
        next(batches)  # and nothing refers to the read any more

    thread = threading.Thread(target=consume)
    thread.start()
    thread.join()
    ended()


def test_a_read_goes_on_from_thread_to_thread(coarse):
    batches = coarse.to_batches()
    parts = []
    for _ in range(3):
        thread = threading.Thread(target=lambda: parts.append(next(batches)))
        thread.start()
        thread.join()
    parts += batches
    assert pa.Table.from_batches(parts)["Number"].to_pylist() == list(range(2_000))


def test_two_threads_share_a_read(coarse):
    rows = []
    with coarse.to_batches(strings="plain") as batches:

        def consume():
            for batch in batches:
                rows.extend(batch["Number"].to_pylist())

        threads = [threading.Thread(target=consume) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(rows) == list(range(2_000))


# Asynchronous loops


def test_break_out_of_async_for_stops_the_requests(few, ended):
    async def main():
        async for batch in few:
            assert batch.num_rows == 10
            break
        await asyncio.to_thread(ended)

    asyncio.run(main())


def test_async_break_at_the_end_of_the_loop_stops_the_requests(few, ended):
    async def main():
        async for _ in few:
            break

    asyncio.run(main())
    ended()


def test_leaving_the_async_context_stops_the_requests(few, ended):
    async def main():
        async with await few.to_batches_async() as batches:
            assert (await anext(batches)).num_rows == 10
        await asyncio.to_thread(ended)
        await batches.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("way", ["to_arrow_async", "async for", "to_polars_async"])
def test_a_cancelled_task_stops_the_requests(few, pages, way):
    async def consume():
        if way == "async for":
            async for _ in few:
                pass
        else:
            await getattr(few, way)()

    async def main():
        task = asyncio.ensure_future(consume())
        await asyncio.to_thread(pages.wait_for, 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert pages.stopped() < ALL


def test_a_time_out_stops_the_requests(few, pages, simulator):
    simulator.fail(Fault.slow(1).on("GET", "/instances/", skip=3, times=1))
    began = time.monotonic()

    async def main():
        async with asyncio.timeout(0.3):
            await few.to_arrow_async()

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    assert time.monotonic() - began < 5
    pages.stopped()


def test_synchronous_calls_work_inside_a_running_loop(connection):
    numbers = connection.cube("Numbers", limits=Limits(page_rows=100))

    async def cell():
        assert numbers.count_rows() == 2_000
        names = numbers.schema.names
        return names, sum(batch.num_rows for batch in numbers), numbers.to_polars().height

    assert asyncio.run(cell()) == (["Number", "Word", "Double"], 2_000, 2_000)


# Readers


def test_an_abandoned_reader_stops_the_requests(few, ended):
    reader = few.to_reader()
    reader.read_next_batch()
    del reader
    gc.collect()
    ended()


def test_a_closed_reader_stops_the_requests(numbers, ended):
    with numbers.to_reader() as reader:
        reader.read_next_batch()
    ended()


def test_an_unpulled_read_stops_at_its_byte_budget(numbers, pages, small):
    batches = numbers.to_batches()
    assert pages.stopped() == 1  # nothing is fetched ahead before the first pull
    next(batches)
    ahead = pages.stopped()
    assert 3 < ahead < 20
    next(batches)
    assert ahead <= pages.stopped() <= ahead + 2
    assert batches.stats.bytes <= small.buffer_bytes + 2 * batches.stats.bytes / ahead
    assert (batches.stats.rows, batches.stats.total_rows) == (20, 2_000)
    batches.close()


def test_an_abandoned_c_stream_stops_the_requests(few, ended):
    capsule = few.__arrow_c_stream__()
    del capsule
    gc.collect()
    ended()


def test_polars_takes_the_c_stream_to_its_end(coarse, pages):
    frame = pl.DataFrame(coarse)
    assert frame["Number"].to_list() == list(range(2_000))
    assert pages.stopped() == 20


def test_duckdb_that_stops_early_stops_the_requests(numbers, pages):
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as database:
        database.register("cube", numbers)
        assert len(database.sql('select "Number" from cube limit 3').fetchall()) == 3
    gc.collect()
    assert pages.stopped() < ALL


# The connection


@pytest.mark.parametrize("take", [0, 1])
def test_closing_the_connection_ends_an_open_read(simulator, quick, ended, take):
    with connect(
        simulator.url, username=simulator.username, password=simulator.password, settings=quick
    ) as connection:
        batches = connection.cube("Numbers", limits=Limits(page_rows=10, concurrency=2)).to_batches()
        for _ in range(take):
            next(batches)
    ended()
    for _ in range(2):
        with pytest.raises(ClosedError, match="closed"):
            next(batches)
    batches.close()


def test_closing_the_connection_wakes_a_waiting_consumer(simulator, quick, pages):
    simulator.fail(Fault.slow(1.5).on("GET", "/instances/", skip=1, times=None))
    try:
        connection = connect(
            simulator.url, username=simulator.username, password=simulator.password, settings=quick
        )
        caught = []

        def consume():
            try:
                connection.cube("Numbers", limits=Limits(page_rows=10)).to_arrow()
            except ClosedError as error:
                caught.append(error)

        thread = threading.Thread(target=consume)
        thread.start()
        pages.wait_for(2)
        connection.close()
        thread.join(5)
        assert [type(error) for error in caught] == [ClosedError]
    finally:
        simulator.heal()


def test_an_async_connection_ends_its_reads(simulator, quick, ended):
    async def main():
        async with connect_async(
            simulator.url, username=simulator.username, password=simulator.password, settings=quick
        ) as connection:
            cube = await connection.cube_async("Numbers", limits=Limits(page_rows=10, concurrency=2))
            batches = await cube.to_batches_async()
            assert (await anext(batches)).num_rows == 10
        with pytest.raises(ClosedError):
            await anext(batches)

    asyncio.run(main())
    ended()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_leaves_its_parents_read_alone(coarse):
    with coarse.to_batches() as batches:
        first = next(batches)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                next(batches)
            except ForkedError:
                batches.close()
                del batches
                status = 0
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        assert status == 0
        rows = first.num_rows + sum(batch.num_rows for batch in batches)
    assert rows == 2_000


# What a read leaves behind


def test_a_failed_read_does_not_hold_its_rows(few, simulator):
    simulator.fail(Fault.not_json().on("GET", "/instances/", skip=60, times=None))
    before = pa.total_allocated_bytes()
    with pytest.raises(ProtocolError):
        few.to_arrow()
    simulator.heal()
    gc.collect()
    assert few.stats.rows > 100
    assert pa.total_allocated_bytes() - before < 100_000


def test_a_synchronous_call_on_the_background_loop_is_refused(coarse):
    seen = []

    def progress(_):
        try:
            coarse.to_arrow()
        except UsageError as error:
            seen.append(error)

    coarse.to_arrow(on_progress=progress)
    assert "_async" in str(seen[0])


def test_what_on_progress_raises_ends_the_read(few, ended):
    def refuse(stats):
        if stats.rows:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        few.to_arrow(on_progress=refuse)
    ended()


def test_a_stream_given_by_the_caller_stays_open(coarse):
    stream = io.BytesIO()
    coarse.write_ipc(stream, stream=True)
    assert pa.ipc.open_stream(stream.getvalue()).read_all().num_rows == 2_000

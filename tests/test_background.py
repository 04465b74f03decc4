import asyncio
import threading

import pytest

from mstr_arrow import background
from mstr_arrow.errors import UsageError


async def name_of_thread():
    await asyncio.sleep(0)
    return threading.current_thread().name


async def fail():
    raise TimeoutError("the coroutine's own")


def test_one_loop_serves_every_caller():
    async def mine():
        return await background.bridge(name_of_thread())

    assert background.run(name_of_thread()) == asyncio.run(mine()) == "mstr-arrow"


def test_errors_arrive_as_they_are():
    with pytest.raises(TimeoutError, match="own"):
        background.run(fail())
    with pytest.raises(TimeoutError, match="own"):
        asyncio.run(background.bridge(fail()))


def test_a_synchronous_call_works_inside_a_running_loop():
    async def notebook():
        return background.run(name_of_thread())

    assert asyncio.run(notebook()) == "mstr-arrow"


def test_a_synchronous_call_on_the_loop_itself_is_refused():
    async def inner():
        background.run(name_of_thread())

    with pytest.raises(UsageError, match="_async"):
        background.run(inner())


def test_bridging_on_the_loop_itself_just_awaits():
    assert background.run(background.bridge(name_of_thread())) == "mstr-arrow"


class Slow:
    """A coroutine that notes when it began and that it cleaned up."""

    def __init__(self):
        self.began = threading.Event()
        self.cleaned = threading.Event()

    async def __call__(self):
        self.began.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            self.cleaned.set()


def test_cancelling_a_bridge_ends_the_coroutine_and_awaits_its_cleaning_up():
    slow = Slow()

    async def caller():
        task = asyncio.ensure_future(background.bridge(slow()))
        await asyncio.to_thread(slow.began.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert slow.cleaned.is_set()

    asyncio.run(caller())


def test_an_interrupt_ends_the_coroutine_and_awaits_its_cleaning_up(monkeypatch):
    slow = Slow()
    real = background.concurrent.futures.wait
    calls = []

    def interrupted(futures, timeout):
        calls.append(timeout)
        if len(calls) == 1:
            slow.began.wait(60)
            raise KeyboardInterrupt
        return real(futures, timeout)

    monkeypatch.setattr(background.concurrent.futures, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        background.run(slow())
    assert slow.cleaned.is_set()
    assert calls == [background.SLICE, background.GRACE]


def test_a_coroutine_cancelled_before_it_began_leaves_no_warning():
    async def caller():
        task = asyncio.ensure_future(background.bridge(name_of_thread()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    for _ in range(20):
        asyncio.run(caller())

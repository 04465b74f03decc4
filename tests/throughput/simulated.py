"""A closed loop against a server of known model, in simulated time: nothing is slept, nothing is sent."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from mstr_arrow.simulator.state.workload import Workload
from mstr_arrow.throughput.figures import figures_of, measure_round
from mstr_arrow.throughput.log import Sent, table_of
from mstr_arrow.throughput.loops import keep_in_flight, keep_rate


class Time:
    """A clock that jumps to the next moment at which somebody wakes up."""

    def __init__(self):
        self.now = 0.0
        self._sleepers = []
        self._numbers = itertools.count()

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + max(0.0, seconds), next(self._numbers), turn))
        await turn

    def run(self, work):
        """Run a coroutine to its end."""

        async def run():
            task = asyncio.ensure_future(work)
            while not task.done():
                for _ in range(8):
                    await asyncio.sleep(0)
                if self._sleepers and not task.done():
                    self.now, _, turn = heapq.heappop(self._sleepers)
                    turn.set_result(None)
            return task.result()

        return asyncio.run(run())


def put(model, number, *, seconds=10.0, rate=0.0, rows=1_000, size=100_000, sessions=1, decode=0.0, seed=0):
    """Put a load on a server of a model; give its figures.

    ``decode`` seconds of one thread go into each page; a client that is behind by four pages sends later.
    """
    time = Time()
    requests = []

    async def work():
        workload = Workload(model, seed=seed, sleep=time.sleep, clock=time.clock)
        thread, room = asyncio.Lock(), asyncio.Semaphore((number or 256) + 4)
        in_flight, answered, full = 0, 0, None

        async def decoded():
            async with thread:
                await time.sleep(decode)
            room.release()

        async def send(due):
            nonlocal in_flight, answered, full
            page = len(requests) % 20
            note = Sent(0, 0, due, session=len(requests) % sessions, cold=len(requests) < 20)
            requests.append(note)
            await room.acquire()
            note.sent = time.clock()
            in_flight += 1
            note.in_flight = in_flight
            async with workload.place(str(note.session), page) as take_time:
                await take_time(rows)
            note.first_byte = time.clock()
            for _ in range(4):
                await workload.carry(size / 4)
            note.last_byte, note.rows, note.wire_bytes = time.clock(), rows, size
            in_flight -= 1
            answered += 1
            if answered == (number or 1):
                full = note.last_byte
            decoding.add(asyncio.ensure_future(decoded()))

        decoding = set()

        def ended(_sent):
            return time.clock() >= seconds

        if rate:
            await keep_rate(rate, send, ended, time.clock, sleep=time.sleep)
        else:
            await keep_in_flight(number, send, ended, time.clock)
        await asyncio.gather(*decoding)
        return full

    full = time.run(work())
    table = table_of(requests)
    return figures_of(table, [measure_round(table, full=full, cpu=0.0, lag=0.0)], open_loop=bool(rate))

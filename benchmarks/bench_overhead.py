"""What measuring costs: the pages of a sweep, beside a bare loop that asks for the same pages and decodes them.

Run ``python -m benchmarks.bench_overhead [--quick]``. Both keep as many requests in flight, over one log-in, and
decode in as many threads; they run in turn, and the ratio is that of their pages in a second, round by round. Once
the server takes 20 ms for a page, and once no time at all, so that the client is all there is to wait for. The
server is the simulator, in a process of its own, on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pyarrow.compute as pc

import mstr_arrow as ma
from benchmarks.measure import machine, table, verdict
from mstr_arrow.fetch.read_options import ReadOptions
from mstr_arrow.grid.decode import decode_page
from mstr_arrow.grid.rows import Range
from mstr_arrow.instances.page_request import fetch_page
from mstr_arrow.instances.probe import probe
from mstr_arrow.objects.cube import open_cube
from mstr_arrow.session.session_client import client_of
from mstr_arrow.simulator import SimulatorProcess, TimeModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mstr_arrow.http.response import Response
    from mstr_arrow.session.session_client import Client

CUBE = "Sales Cube"
ROWS = 200_000
IN_FLIGHT = 8
WAITING = 4
"""Pages that may wait to be decoded."""

MOST = 0.03
"""The part of throughput that measuring may cost."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few pages: a check that it runs")
    quick = parser.parse_args().quick
    print(f"{machine()}; {IN_FLIGHT} in flight; the server is the simulator, on this machine\n")
    lines, costs = [], []
    for seconds, page_rows, requests in ((0.02, 1_000, 300), (0.0, 1_000, 300), (0.0, 10_000, 60)):
        rounds = _rounds(seconds, page_rows, 20 if quick else requests, 2 if quick else 20)
        cost, spread = _cost([measured.pages / bare.pages for measured, bare in rounds])
        work = statistics.median(measured.cpu / bare.cpu for measured, bare in rounds)
        costs.append(cost)
        pages = [f"{statistics.median(each[way].pages for each in rounds):.0f}" for way in (0, 1)]
        told = f"{100 * cost:.1f} % ± {100 * spread:.1f}"
        lines.append((f"{1000 * seconds:.0f} ms", f"{page_rows:,}", *pages, told, f"{work:.3f}"))
    header = ("a page takes the server", "rows", "pages/s of the sweep", "of the bare loop", "cost", "CPU time")
    print(table(header, lines))
    print("\n± is the 95 % interval over the rounds; CPU time is that of the whole sweep, its log-in included")
    print(f"the sweep costs {100 * max(costs):.1f} % of throughput ({verdict(max(costs), MOST, at_most=True)})")


def _cost(ratios: Sequence[float]) -> tuple[float, float]:
    """Return what the mean ratio lacks to 1, and how sure that is; the mean is geometric."""
    logarithms = [math.log(each) for each in ratios]
    ratio = math.exp(statistics.fmean(logarithms))
    return 1 - ratio, 2 * ratio * statistics.stdev(logarithms) / math.sqrt(len(ratios))


class Ran(NamedTuple):
    """Pages in a second, and processor seconds for all."""

    pages: float
    cpu: float


def _rounds(seconds: float, page_rows: int, requests: int, repeats: int) -> list[tuple[Ran, Ran]]:
    """Measure by the sweep and by the bare loop, in turn, after a round that does not count."""
    rounds = []
    with (
        SimulatorProcess(rows=ROWS, encode_once=True, time=TimeModel(request_ms=1000 * seconds)) as sim,
        ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as connection,
    ):
        client = client_of(connection)
        ways: list[Callable[[], float]] = [
            lambda: _sweep(connection, page_rows, requests),
            lambda: client.run(_bare(client, page_rows, requests)),
        ]
        for number in range(repeats + 1):
            # Each goes first in every other round: what the first leaves behind weighs on both alike.
            ran = {way: _ran(ways[way]) for way in ((0, 1) if number % 2 else (1, 0))}
            if number:
                rounds.append((ran[0], ran[1]))
    return rounds


def _ran(way: Callable[[], float]) -> Ran:
    began = time.process_time()
    return Ran(way(), time.process_time() - began)


def _sweep(connection: ma.Connection, page_rows: int, requests: int) -> float:
    found = ma.throughput.sweep(
        connection, CUBE, concurrency=[IN_FLIGHT], page_rows=[page_rows], requests=requests, repeats=1
    ).requests
    return requests / float(pc.max(found["last_byte"]).as_py() - pc.min(found["sent"]).as_py())


async def _bare(client: Client, page_rows: int, requests: int) -> float:
    """Ask for pages and decode them, and do nothing else."""
    cube = await open_cube(client, CUBE, ReadOptions(limits=ma.Limits()), row_counts=False)
    source, options = cube._resolver.source, cube._resolver.options.grid  # noqa: SLF001 - what a read works with
    instance = await probe(client.session, source, options)
    room, numbers = asyncio.Semaphore(IN_FLIGHT + WAITING), iter(range(requests))
    loop, decoding = asyncio.get_running_loop(), set[asyncio.Future[None]]()

    def decode(response: Response, offset: int) -> None:
        decode_page(response.text(), instance.columns, options=options, offset=offset)
        loop.call_soon_threadsafe(room.release)

    async def place(pool: ThreadPoolExecutor) -> None:
        for number in numbers:
            await room.acquire()
            offset = number * page_rows % ROWS
            response = await fetch_page(client.session, source, instance.id, Range(offset, page_rows), options)
            decoding.add(loop.run_in_executor(pool, decode, response, offset))

    with ThreadPoolExecutor(ma.Limits().decode_threads) as pool:
        began = time.perf_counter()
        await asyncio.gather(*(place(pool) for _ in range(IN_FLIGHT)))
        seconds = time.perf_counter() - began
        await asyncio.gather(*decoding)
    return requests / seconds


if __name__ == "__main__":
    main()

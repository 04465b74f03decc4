"""What a sweep counts and measures beside independent figures: the parts of `bench_truth` but for the knees."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
import pyarrow.compute as pc

import mstr_arrow as ma
from benchmarks.measure import table
from mstr_arrow.simulator import Simulator, SimulatorProcess, TimeModel
from mstr_arrow.throughput.comparison import compare

if TYPE_CHECKING:
    from mstr_arrow.throughput.result import Sweep

CUBE = "Sales Cube"
PAGE_ROWS = 100
OUTSIDE, OPEN_LOOP, TRIALS_RIGHT = 0.05, 0.10, 0.95
EVERY, STALL, RATE = 20.0, 2.0, 20.0


def counted(quick: bool) -> bool:
    """Print requests, rows and bytes beside the server's own count."""
    with Simulator(rows=8_000, time=TimeModel(request_ms=20), encode_once=True) as server:
        with connect(server) as connection:
            before = len(server.requests)
            found = ma.throughput.sweep(
                connection,
                CUBE,
                concurrency=[1, 4],
                page_rows=[PAGE_ROWS],
                requests=20 if quick else 400,
                repeats=2,
            ).requests
        pages = [each for each in server.requests[before:] if each.method == "GET" and "/instances/" in each.path]
    figures = {
        "requests": (found.num_rows, len(pages)),
        "rows": (pc.sum(found["rows"]).as_py(), sum(each.answer_rows for each in pages)),
        "bytes on the wire": (pc.sum(found["wire_bytes"]).as_py(), sum(each.wire_bytes for each in pages)),
        "bytes unpacked": (pc.sum(found["text_bytes"]).as_py(), sum(each.answer_bytes for each in pages)),
    }
    print(table(("", "sweep", "server"), [(name, f"{one:,}", f"{two:,}") for name, (one, two) in figures.items()]))
    well = all(one == two for one, two in figures.values())
    print(f"\n{'the same' if well else 'NOT the same'}\n", flush=True)
    return well


def outside(quick: bool) -> bool:
    """Print throughput beside a loop of aiohttp alone, in turn."""
    seconds, repeats = (1.5, 1) if quick else (5.0, 5)
    lines, off = [], []
    with (
        SimulatorProcess(rows=8_000, encode_once=True, time=TimeModel(request_ms=100, workers=4, noise=0.1)) as sim,
        connect(sim) as connection,
    ):
        cube = connection.cube(CUBE).id
        for number in (2, 8):
            ours, theirs = [], []
            for _ in range(repeats):
                sweep = ma.throughput.sweep(
                    connection, CUBE, concurrency=[number], page_rows=[PAGE_ROWS], duration=seconds, repeats=1
                )
                ours.append(sweep.figures[sweep.loads[0]].requests_per_second.mean)
                theirs.append(asyncio.run(plain(sim, cube, number, seconds)))
            ratio = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
            off.append(abs(ratio - 1))
            lines.append((number, *(f"{statistics.median(each):.1f}" for each in (ours, theirs)), f"{ratio:.3f}"))
    print(table(("in flight", "requests/s of the sweep", "of plain aiohttp", "ratio"), lines))
    print(f"\nat most {max(off):.1%} off; may be {OUTSIDE:.0%}\n", flush=True)
    return max(off) <= OUTSIDE


async def plain(sim: Simulator | SimulatorProcess, cube: str, number: int, seconds: float) -> float:
    """Keep requests for pages in flight by aiohttp alone; return those in a second, from the first answers on."""
    done: list[float] = []
    jar = aiohttp.DummyCookieJar()  # the server's cookies are for https alone
    async with aiohttp.ClientSession(cookie_jar=jar, raise_for_status=True) as http:
        log_in = {"username": sim.username, "password": sim.password, "loginMode": 1}
        async with http.post(f"{sim.url}/api/auth/login", json=log_in) as answer:
            cookies = "; ".join(each.partition(";")[0] for each in answer.headers.getall("Set-Cookie"))
            headers = {"X-MSTR-AuthToken": answer.headers["X-MSTR-AuthToken"], "Cookie": cookies}
        async with http.get(f"{sim.url}/api/projects", headers=headers) as answer:
            [headers["X-MSTR-ProjectID"]] = [one["id"] for one in await answer.json() if one["name"] == sim.project]
        instances = f"{sim.url}/api/v2/cubes/{cube}/instances"
        async with http.post(instances, params={"limit": "1"}, headers=headers, json={}) as answer:
            page = f"{instances}/{(await answer.json())['instanceId']}"
        ends = time.monotonic() + seconds

        async def place(first: int) -> None:
            offset = first * PAGE_ROWS
            while time.monotonic() < ends:
                asked = {"offset": str(offset), "limit": str(PAGE_ROWS)}
                async with http.get(page, params=asked, headers=headers) as answer:
                    await answer.read()
                done.append(time.monotonic())
                offset = (offset + number * PAGE_ROWS) % 8_000

        await asyncio.gather(*(place(one) for one in range(number)))
        async with http.post(f"{sim.url}/api/auth/logout", headers=headers):
            pass
    counting = [one for one in done[number:] if one <= ends]
    return len(counting) / (counting[-1] - done[number - 1])


def stalled(quick: bool) -> bool:
    """Print the 99th percentile of an open and a closed loop, under a server that stands still at times.

    A tenth of what is due waits, evenly from the whole stall down to nothing, so that the 99th percentile is nine
    tenths of it. A quick run has a fifth of all these times.
    """
    every, stall = (EVERY / 5, STALL / 5) if quick else (EVERY, STALL)
    stalling = TimeModel(request_ms=1, stall_every=every, stall_seconds=stall)
    with (
        SimulatorProcess(rows=8_000, encode_once=True, time=stalling) as sim,
        connect(sim) as connection,
    ):
        time.sleep(every)  # the first stall comes after the first period

        def slowest(**load: object) -> float:
            options = {"page_rows": [PAGE_ROWS], "duration": 2 * every, "repeats": 1, **load}
            sweep = ma.throughput.sweep(connection, CUBE, **options)  # type: ignore[arg-type]  # mixed values
            return sweep.figures[sweep.loads[0]].latencies[99.0]

        opened, closed = slowest(rates=[RATE]), slowest(concurrency=[1])
    analytic = 0.9 * stall
    lines = [("open loop", f"{opened:.3f} s", f"{analytic:.3f} s"), ("closed loop", f"{closed:.3f} s", "")]
    print(f"{stall:g} s in every {every:g} s nothing is served\n")
    print(table(("", "p99", "analytic"), lines))
    print(
        f"\nopen loop {abs(opened / analytic - 1):.1%} off, may be {OPEN_LOOP:.0%}; "
        f"closed loop {closed / opened:.1%} of it, may be 10%\n",
        flush=True,
    )
    return abs(opened / analytic - 1) <= OPEN_LOOP and closed <= 0.1 * opened


def compared(quick: bool) -> bool:
    """Print how many pairs of sweeps of one server, and of one made 15 % slower, were told right."""
    trials = 2 if quick else 20
    same, slower = Counter[str](), Counter[str]()
    model = TimeModel(request_ms=50, workers=2, noise=0.1)
    with (
        SimulatorProcess(rows=8_000, encode_once=True, time=model) as sim,
        SimulatorProcess(rows=8_000, encode_once=True, time=replace(model, request_ms=57.5)) as worse,
        connect(sim) as connection,
        connect(worse) as other,
    ):
        before = swept(connection, 0)
        for number in range(1, trials + 1):
            slower[compare(before, swept(other, number)).answer] += 1
            after = swept(connection, number)
            same[compare(before, after).answer] += 1
            before = after
    lines = [
        (name, *(answers[one] for one in ("different", "not different", "too noisy to say")))
        for name, answers in (("the same server", same), ("15 % slower", slower))
    ]
    print(table(("trials", "different", "not different", "too noisy to say"), lines))
    print(f"\nright must be {TRIALS_RIGHT:.0%} of {trials} each\n", flush=True)
    return same["different"] <= (1 - TRIALS_RIGHT) * trials and slower["different"] >= TRIALS_RIGHT * trials


def swept(connection: ma.Connection, seed: int) -> Sweep:
    """Sweep for twelve seconds, in six rounds."""
    return ma.throughput.sweep(
        connection, CUBE, concurrency=[2, 4], page_rows=[PAGE_ROWS], duration=1.0, repeats=6, seed=seed
    )


def connect(server: Simulator | SimulatorProcess) -> ma.Connection:
    return ma.connect(server.url, username=server.username, password=server.password, project=server.project)

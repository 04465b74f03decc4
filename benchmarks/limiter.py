"""Whether requests in flight that adapt do as well as the best number that one could have fixed.

Run ``python -m benchmarks.limiter [--quick] [--part knees|latency|simulator]``. Three tables:

* in **simulated time**, a server with a knee at 2, 8 and 32 workers, with noise of 0.3 in the logarithm of its
  seconds, and one whose 16 workers become 8 half-way: requests per second beside the best of a sweep of fixed
  numbers, and the mean time of an answer beside that at the knee, of 1,000 requests but for the first 50. Means of
  ten seeds, and the worst of them;
* of servers where only the **latency** counts, 50 ms, 500 ms and 2 s a page, in simulated time: how long a read of
  so many pages takes with the best fixed number, as a part of the time it takes to adapt, with 32 and 64 requests
  at most and with the 10 that pages of the usual size leave room for. The first answers are not left out: what is
  lost is lost on the way up. Beside it stands what is possible: a client that begins alike, and knows all with the
  first answer. A read so short that this one misses the target has its target of what is possible. The next read
  of a connection begins with what was learned. And one such read from the simulator, at 50 ms a page;
* against the **simulator**, in a process of its own, that has 8 workers and sleeps for each page: rows per second
  of whole extractions, of which the first answers are spent on finding the knee.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import mstr_arrow as ma
from benchmarks.measure import machine, table, verdict
from benchmarks.queueing import Queueing, served
from mstr_arrow.http.limiter import FIRST, Limiter
from mstr_arrow.simulator import SimulatorProcess, TimeModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.queueing import Served

LEFT_OUT = 50
SWEEP = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
WORKERS, PAGE_ROWS = 8, 1_000
LATENCIES, MANY, FAR_ROWS = (0.05, 0.5, 2.0), 10_000, 100
READS = {10: (30, 100, 300), 32: (100, 300, 1_000, 3_000), 64: (1_000, 3_000)}
"""Requests at most, and the pages of reads."""
TARGET_RATE, TARGET_SECONDS, TARGET_OF_BEST = 0.85, 1.5, 0.90


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few seeds and pages: a check that it runs")
    parser.add_argument("--part", choices=("knees", "latency", "simulator"), help="one part alone")
    given = parser.parse_args()
    quick = given.quick
    if given.part in {None, "knees"}:
        _in_simulated_time(seeds=1 if quick else 10)
    if given.part in {None, "latency"}:
        _far_away(seeds=1 if quick else 10, pages=30 if quick else 2_000)
    if given.part in {None, "simulator"}:
        _on_the_simulator(pages=30 if quick else 1_000)


def cases(requests: int, noise: float = 0.3) -> dict[str, Queueing]:
    """Give the servers to be tried, by what is special about them."""
    servers = {f"knee at {workers}": Queueing(workers=workers, noise=noise) for workers in (2, 8, 32)}
    halved = Queueing(workers=16, noise=noise, then_at=requests // 2, then_workers=8)
    return {**servers, "16 workers, then 8": halved}


def beside_the_best(server: Queueing, requests: int, seed: int) -> tuple[float, float]:
    """Compare adapting to fixed numbers: the rate to that of the best, the time of answers to that at the knee."""

    def run(limiter: Limiter, asked: Queueing = server) -> Sequence[Served]:
        return list(islice(served(asked, limiter, seed=seed), requests))

    best = max(_rate(run(Limiter(least=fixed, most=fixed))) for fixed in SWEEP)
    unchanged = replace(server, then_workers=None)  # the time at the knee is the same after the change
    knee = _seconds(run(Limiter(least=server.workers, most=server.workers), unchanged))
    adapting = run(Limiter(most=64))
    return _rate(adapting) / best, _seconds(adapting) / knee


def _rate(answers: Sequence[Served]) -> float:
    return (len(answers) - LEFT_OUT) / (answers[-1].at - answers[LEFT_OUT - 1].at)


def _seconds(answers: Sequence[Served]) -> float:
    return statistics.fmean(answer.seconds for answer in answers[LEFT_OUT:])


def _in_simulated_time(seeds: int, requests: int = 1_000) -> None:
    print(f"{requests:,} requests in simulated time, the first {LEFT_OUT} left out; {seeds} seeds\n")
    rows = []
    for name, server in cases(requests).items():
        runs = [beside_the_best(server, requests, seed) for seed in range(seeds)]
        rates, seconds = zip(*runs, strict=True)
        rate, slower = statistics.fmean(rates), statistics.fmean(seconds)
        rows.append(
            (
                name,
                f"{rate:.2f}",
                f"{min(rates):.2f}",
                verdict(rate, TARGET_RATE, at_most=False),
                f"{slower:.2f}",
                f"{max(seconds):.2f}",
                verdict(slower, TARGET_SECONDS, at_most=True),
            )
        )
    header = ("server", "rate / best fixed", "worst", "", "seconds / at the knee", "worst", "")
    print(table(header, rows))


class Leaping(Limiter):
    """Begins as every limiter does, and goes to the most with the first answer: none could know more."""

    def on_done(self, *_: object, **__: object) -> None:
        """Go to the most."""
        self.limit = self._most


def beside_the_ceiling(server: Queueing, most: int, pages: int, seed: int) -> tuple[float, float, float]:
    """Compare whole reads to that with the best fixed number: one that adapts, one that leaps, and the next."""

    def seconds(limiter: Limiter) -> float:
        return max(answer.at for answer in islice(served(server, limiter, seed=seed), pages))

    fixed = {*(each for each in SWEEP if each < most), most}
    best = min(seconds(Limiter(least=each, most=each)) for each in fixed)
    adapting = Limiter(most=most)
    first, leaping = best / seconds(adapting), best / seconds(Leaping(most=most))
    return first, leaping, best / seconds(Limiter(most=most, known=adapting.learned))


def _far_away(seeds: int, pages: int) -> None:
    print(f"\nReads from servers that are far away, in simulated time; means of {seeds} seeds\n")
    rows = []
    for latency in LATENCIES:
        for most, reads in READS.items():
            for read in reads:
                server = Queueing(workers=MANY, seconds=latency, noise=0.3)
                runs = [beside_the_ceiling(server, most, read, seed) for seed in range(seeds)]
                adapting, leaping, second = zip(*runs, strict=True)
                mean, bound, again = (statistics.fmean(each) for each in (adapting, leaping, second))
                least = TARGET_OF_BEST * (bound if bound < TARGET_OF_BEST else 1.0)
                met = verdict(mean, round(least, 2), at_most=False)
                figures = f"{mean:.2f}", f"{min(adapting):.2f}", f"{bound:.2f}"
                later = f"{again:.2f}", verdict(again, TARGET_OF_BEST, at_most=False)
                rows.append((f"{latency * 1e3:,.0f} ms", most, f"{read:,}", *figures, met, *later))
    header = (
        "a page",
        "in flight at most",
        "pages",
        "best / adapting",
        "worst",
        f"possible from {FIRST}",
        "",
        "the next read",
        "",
    )
    print(table(header, rows))
    print(f"\n{machine()}; {pages:,} pages of {FAR_ROWS} rows from the simulator, on this machine: 50 ms a page\n")
    _compare(TimeModel(workers=MANY, request_ms=50, rows_per_second=1e9), pages, FAR_ROWS, (6, 12, 16, 24, 32))


def _on_the_simulator(pages: int) -> None:
    print(
        f"\n{machine()}; {pages:,} pages of {PAGE_ROWS:,} rows from the simulator, on this machine: "
        f"{WORKERS} workers, 150 ms a page\n"
    )
    model = TimeModel(workers=WORKERS, request_ms=50, rows_per_second=10_000)
    _compare(model, pages, PAGE_ROWS, (2, 4, 6, 8, 12, 16, 32))


def _compare(model: TimeModel, pages: int, page_rows: int, fixed: Sequence[int]) -> None:
    """Read the same pages with fixed numbers in flight and with one that adapts."""
    rows, speeds = [], {}
    with (
        SimulatorProcess(rows=pages * page_rows, encode_once=True, gzip=False, time=model) as sim,
        ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as conn,
    ):
        cube = conn.cube("Sales Cube", page_rows=page_rows)
        _read(cube, concurrency=64)  # so that the simulator has made its pages
        for name, concurrency in {**{f"{n} in flight": n for n in fixed}, "adapting": None}.items():
            stats = _read(cube, concurrency=concurrency)
            speeds[name] = stats.rows_per_second
            limits = f"{stats.in_flight_lowest} to {stats.in_flight_highest}, at last {stats.in_flight_limit}"
            milliseconds = 1000 * stats.seconds_waiting / stats.requests
            rows.append((name, f"{stats.seconds:.1f}", f"{speeds[name]:,.0f}", f"{milliseconds:.0f}", limits))
    print(table(("", "seconds", "rows/s", "ms a page", "allowed"), rows))
    adapting = speeds.pop("adapting")
    best = max(speeds, key=lambda name: speeds[name])
    ratio = adapting / speeds[best]
    print(f"adapting / the best, {best}: {ratio:.2f} ({verdict(ratio, TARGET_OF_BEST, at_most=False)})")


def _read(cube: ma.Cube, concurrency: int | None) -> ma.ScanStats:
    with cube.with_options(concurrency=concurrency).to_batches() as batches:
        for _ in batches:
            pass
    return batches.stats


if __name__ == "__main__":
    main()

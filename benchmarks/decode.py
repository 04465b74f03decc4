"""Page bytes to RecordBatch, beside a bare parse of the same bytes by simdjson, and by ``orjson.loads``.

Run ``python -m benchmarks.decode [--quick]``. Prints, for the reference pages A and B, the median over alternating
repeats of decoding time / parsing time (garbage collector on; simdjson, which makes no objects, with one parser for
all, as it likes it best); how many more pages per second two worker threads decode than one, and eight where there
are as many cores, beside the same of processes, which share no interpreter lock: what the machine itself gives; and
how late an event loop wakes up meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import orjson
import simdjson

from benchmarks.measure import alternate, machine, median_ratio, table, verdict
from benchmarks.pages import ROWS, SHAPES, page
from mstr_arrow.grid.decode import decode_page, decode_plainly

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from mstr_arrow.grid.schema import Columns

TARGET_RATIO = 3.5
TARGET_THREADS = {2: 1.8, 8: 6.0}
TARGET_LAG = 0.050
_held: list[tuple[bytes, Columns]] = []
"""The page that all threads, and in a process of its own all of that, decode."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repeats: a check that it runs")
    quick = parser.parse_args().quick
    pages = {shape: page(shape) for shape in SHAPES}
    print(f"{machine()}; pages of {ROWS:,} rows; figures are medians\n")
    _ratios(pages, repeats=1 if quick else 15)
    for shape, text in pages.items():
        _at_once(shape, text, pages=2 if quick else 24, repeats=1 if quick else 7)
        asyncio.run(_lag(shape, text, seconds=0.2 if quick else 10))


def _ratios(pages: dict[str, bytes], repeats: int) -> None:
    rows = []
    parser = simdjson.Parser()
    for shape, text in pages.items():
        columns = decode_page(text).columns
        seconds = alternate(
            {
                "parse": partial(_parse, parser, text),
                "loads": partial(orjson.loads, text),
                "decode": partial(decode_page, text, columns),
                "plain": partial(decode_plainly, text, columns),
            },
            repeats,
        )
        ratio = median_ratio(seconds["decode"], seconds["parse"])
        loads, plain = (median_ratio(seconds[name], seconds["loads"]) for name in ("decode", "plain"))
        decode = statistics.median(seconds["decode"])
        milliseconds = [f"{statistics.median(seconds[name]) * 1e3:.1f} ms" for name in ("parse", "loads", "decode")]
        rows.append(
            (
                *(shape, f"{len(text) / 1e6:.1f} MB", *milliseconds, f"{ratio:.2f}"),
                verdict(ratio, TARGET_RATIO, at_most=True),
                *(f"{loads:.2f}", f"{ROWS / decode / 1e6:.2f}", f"{plain:.1f}"),
            )
        )
    header = (
        "page",
        "size",
        "simdjson",
        "loads",
        "decode",
        "/ simdjson",
        "target",
        "/ loads",
        "M rows/s",
        "plain / loads",
    )
    print(table(header, rows))


def _parse(parser: simdjson.Parser, text: bytes) -> None:
    """Parse a page and let go of it, as the parser has to be free for the next one."""
    parser.parse(text)


def _at_once(shape: str, text: bytes, pages: int, repeats: int) -> None:
    """Decode pages in one thread and in several, in one process and in several."""
    several = [workers for workers in TARGET_THREADS if workers <= (os.cpu_count() or 1)]
    spawned = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pools: dict[str, Executor] = {}
        for workers in (1, *several):
            pools[f"{workers} threads"] = stack.enter_context(ThreadPoolExecutor(workers))
            pools[f"{workers} processes"] = stack.enter_context(
                ProcessPoolExecutor(workers, spawned, initializer=_hold, initargs=(text,))
            )
        _hold(text)
        seconds = alternate({name: partial(_decode_all, pool, pages) for name, pool in pools.items()}, repeats)
    for workers in several:
        threads, processes = (
            median_ratio(seconds[f"1 {kind}"], seconds[f"{workers} {kind}"]) for kind in ("threads", "processes")
        )
        target = verdict(threads, TARGET_THREADS[workers], at_most=False)
        print(
            f"\n{shape}: {workers} threads decode {threads:.2f} times the pages of one ({target}), "
            f"{workers} processes {processes:.2f} times those of one"
        )


def _hold(text: bytes) -> None:
    """Keep a page, and its columns, for `_decode_held`."""
    _held[:] = [(text, decode_page(text).columns)]


def _decode_held(_: int) -> None:
    text, columns = _held[0]
    decode_page(text, columns)


def _decode_all(pool: Executor, pages: int) -> None:
    list(pool.map(_decode_held, range(pages)))


async def _lag(shape: str, text: bytes, seconds: float) -> None:
    """Decode at full speed in two threads and look at the event loop every 5 ms."""
    columns = decode_page(text).columns
    loop = asyncio.get_running_loop()
    lags: list[float] = []
    until = time.monotonic() + seconds

    def decode_until() -> int:
        count = 0
        while time.monotonic() < until:
            decode_page(text, columns)
            count += 1
        return count

    with ThreadPoolExecutor(2) as pool:
        work = [loop.run_in_executor(pool, decode_until) for _ in range(2)]
        while not lags or time.monotonic() < until:
            due = loop.time() + 0.005
            await asyncio.sleep(0.005)
            lags.append(loop.time() - due)
        decoded = sum(await asyncio.gather(*work))
    p99 = sorted(lags)[int(0.99 * (len(lags) - 1))]
    print(
        f"{shape}: event-loop lag while two threads decode {decoded / seconds:.0f} pages/s: "
        f"p50 {statistics.median(lags) * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms, max {max(lags) * 1e3:.1f} ms "
        f"(p99 {verdict(p99 * 1e3, TARGET_LAG * 1e3, at_most=True)})"
    )


if __name__ == "__main__":
    main()

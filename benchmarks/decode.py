"""Page bytes to RecordBatch, beside a bare parse of the same bytes by simdjson, and by ``orjson.loads``.

Run ``python -m benchmarks.decode [--quick]``. Prints, for the reference pages A and B, the median over alternating
repeats of decoding time / parsing time (garbage collector on; simdjson, which makes no objects, with one parser for
all, as it likes it best); how many more pages per second two worker threads decode than one, and eight where there
are as many cores; and how late an event loop wakes up meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import orjson
import simdjson

from benchmarks.measure import alternate, machine, median_ratio, table, verdict
from benchmarks.pages import ROWS, SHAPES, page
from mstr_arrow.grid.decode import decode_page, decode_plainly

TARGET_RATIO = 3.5
TARGET_THREADS = {2: 1.8, 8: 6.0}
TARGET_LAG = 0.050


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repeats: a check that it runs")
    quick = parser.parse_args().quick
    pages = {shape: page(shape) for shape in SHAPES}
    print(f"{machine()}; pages of {ROWS:,} rows; figures are medians\n")
    _ratios(pages, repeats=1 if quick else 15)
    for shape, text in pages.items():
        _threads(shape, text, pages=2 if quick else 24, repeats=1 if quick else 7)
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


def _threads(shape: str, text: bytes, pages: int, repeats: int) -> None:
    columns = decode_page(text).columns

    def decode_all(threads: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: decode_page(text, columns), range(pages)))

    several = [threads for threads in TARGET_THREADS if threads <= (os.cpu_count() or 1)]
    seconds = alternate({str(threads): partial(decode_all, threads) for threads in (1, *several)}, repeats)
    for threads in several:
        ratio = median_ratio(seconds["1"], seconds[str(threads)])
        target = verdict(ratio, TARGET_THREADS[threads], at_most=False)
        print(f"\n{shape}: {threads} threads decode {ratio:.2f} times the pages of one ({target})")


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

"""Page bytes to RecordBatch, beside a bare ``orjson.loads`` of the same bytes.

Run ``python -m benchmarks.decode [--quick]``. Prints, for the reference pages A and B, the median over alternating
repeats of decoding time / ``orjson.loads`` time (garbage collector on); how many more pages per second two worker
threads decode than one; and how late an event loop wakes up meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import orjson

from benchmarks.measure import alternate, machine, median_ratio, table, verdict
from benchmarks.pages import ROWS, SHAPES, page
from mstr_arrow.grid.decode import decode_page, decode_plainly

TARGET_RATIO = 0.50
TARGET_THREADS = 1.5
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
    for shape, text in pages.items():
        columns = decode_page(text).columns
        seconds = alternate(
            {
                "loads": partial(orjson.loads, text),
                "decode": partial(decode_page, text, columns),
                "plain": partial(decode_plainly, text, columns),
            },
            repeats,
        )
        ratio = median_ratio(seconds["decode"], seconds["loads"])
        plain = median_ratio(seconds["plain"], seconds["loads"])
        loads, decode = (statistics.median(seconds[name]) for name in ("loads", "decode"))
        rows.append(
            (
                shape,
                f"{len(text) / 1e6:.1f} MB",
                f"{loads * 1e3:.0f} ms",
                f"{decode * 1e3:.0f} ms",
                f"{ratio:.2f}",
                verdict(ratio, TARGET_RATIO, at_most=True),
                f"{ROWS / decode / 1e6:.2f}",
                f"{plain:.1f}",
            )
        )
    header = ("page", "size", "loads", "decode", "ratio", "target", "M rows/s", "plain decoder's ratio")
    print(table(header, rows))


def _threads(shape: str, text: bytes, pages: int, repeats: int) -> None:
    columns = decode_page(text).columns

    def decode_all(threads: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: decode_page(text, columns), range(pages)))

    seconds = alternate({"one": lambda: decode_all(1), "two": lambda: decode_all(2)}, repeats)
    ratio = median_ratio(seconds["one"], seconds["two"])
    target = verdict(ratio, TARGET_THREADS, at_most=False)
    print(f"\n{shape}: two threads decode {ratio:.2f} times the pages of one ({target})")


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

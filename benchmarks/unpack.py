"""How fast gzip is unpacked, with isal (the extra ``speed``) and with zlib.

Run ``python -m benchmarks.unpack [--quick]``. Prints, for the reference pages A and B at the levels 1 and 6, the
processor time of both, by the function that unpacks answers and in a thread, as reads do it, as medians over
alternating repeats; and what isal takes for the bare stream into a buffer that need not grow, which is the bound:
checksum, pieces and copies are the rest. Java packs at level 6 unless told otherwise.
"""

from __future__ import annotations

import argparse
import statistics
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from unittest.mock import patch

from isal import igzip_lib, isal_zlib

from benchmarks.measure import alternate, machine, median_ratio, table, verdict
from benchmarks.pages import ROWS, SHAPES, page
from mstr_arrow.http import body

TARGET = 2.0
HEADER, TRAILER, ROOM = 10, 8, 64
"""Bytes of gzip around the bare stream, and those of a buffer beyond what is unpacked: a full one would grow."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few repeats: a check that it runs")
    repeats = 1 if parser.parse_args().quick else 40
    print(f"{machine()}; pages of {ROWS:,} rows; figures are medians")
    with ThreadPoolExecutor(1) as thread:
        works = [partial(_compare, shape, page(shape), level, repeats) for shape in SHAPES for level in (1, 6)]
        rows = [thread.submit(work).result() for work in works]
    print(
        table(
            ("page", "level", "packed", "zlib", "isal", "bare isal", "zlib / isal", "isal / bare", "target"), rows
        )
    )


def _compare(shape: str, text: bytes, level: int, repeats: int) -> tuple[object, ...]:
    packer = zlib.compressobj(level, wbits=31)
    packed = packer.compress(text) + packer.flush()
    works = {name: partial(_unpack, library, packed) for name, library in (("zlib", zlib), ("isal", isal_zlib))}
    works["bare"] = partial(_inflate, packed[HEADER:-TRAILER], len(text))
    assert works["zlib"]() == works["isal"]() == works["bare"]() == text
    seconds = alternate(works, repeats, clock=time.thread_time)
    times, rest = median_ratio(seconds["zlib"], seconds["isal"]), median_ratio(seconds["isal"], seconds["bare"])
    return (
        shape,
        level,
        f"{len(packed) / 1e6:.1f} of {len(text) / 1e6:.1f} MB",
        *(f"{statistics.median(each) * 1e3:.1f} ms" for each in seconds.values()),
        f"{times:.2f}",
        f"{rest:.2f}",
        verdict(times, TARGET, at_most=False),
    )


def _inflate(stream: bytes, size: int) -> bytes:
    text: bytes = igzip_lib.decompress(stream, flag=igzip_lib.DECOMP_DEFLATE, bufsize=size + ROOM)
    return text


def _unpack(library: object, packed: bytes) -> bytes:
    with patch.object(body, "quick", library):
        return body.unpack(packed, "gzip")


if __name__ == "__main__":
    main()

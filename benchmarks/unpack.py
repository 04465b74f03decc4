"""How fast gzip is unpacked, with isal (the extra ``speed``) and with zlib.

Run ``python -m benchmarks.unpack [--quick]``. Prints, for the reference pages A and B at the levels 1 and 6, the
processor time of both, by the function that unpacks answers, as medians over alternating repeats.
"""

from __future__ import annotations

import argparse
import statistics
import time
import zlib
from functools import partial
from unittest.mock import patch

from isal import isal_zlib

from benchmarks.measure import alternate, machine, median_ratio, table, verdict
from benchmarks.pages import ROWS, SHAPES, page
from mstr_arrow.http import body

TARGET = 2.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few repeats: a check that it runs")
    repeats = 1 if parser.parse_args().quick else 40
    print(f"{machine()}; pages of {ROWS:,} rows; figures are medians")
    rows = [_compare(shape, page(shape), level, repeats) for shape in SHAPES for level in (1, 6)]
    print(table(("page", "level", "packed", "zlib", "isal", "times", "target"), rows))


def _compare(shape: str, text: bytes, level: int, repeats: int) -> tuple[object, ...]:
    packer = zlib.compressobj(level, wbits=31)
    packed = packer.compress(text) + packer.flush()
    works = {name: partial(_unpack, library, packed) for name, library in (("zlib", zlib), ("isal", isal_zlib))}
    assert works["zlib"]() == works["isal"]() == text
    seconds = alternate(works, repeats, clock=time.thread_time)
    times = median_ratio(seconds["zlib"], seconds["isal"])
    return (
        shape,
        level,
        f"{len(packed) / 1e6:.1f} of {len(text) / 1e6:.1f} MB",
        *(f"{statistics.median(each) * 1e3:.1f} ms" for each in seconds.values()),
        f"{times:.2f}",
        verdict(times, TARGET, at_most=False),
    )


def _unpack(library: object, packed: bytes) -> bytes:
    with patch.object(body, "quick", library):
        return body.unpack(packed, "gzip")


if __name__ == "__main__":
    main()

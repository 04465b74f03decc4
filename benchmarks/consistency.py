"""What it costs to know that a read is of one publication: requests, rows and bytes, as the server counts them.

Run ``python -m benchmarks.consistency [--quick]``. The same cube is read whole in pages of one size: in any order,
which is the bound; in a total order, with each word of ``consistency``; and as an extraction into a folder of
parts, which is run a second time over the whole folder. A read in any order must ask for its pages, of which the
first comes with its instance, and for nothing else. All of it once for a login that may monitor caches and once for
one that may not. The server is the simulator, in a process of its own.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

import mstr_arrow as ma
from benchmarks.measure import machine, table, verdict
from benchmarks.pushdown import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.pushdown import Moved, Server

PAGE = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows: a check that it runs")
    rows = 20_000 if parser.parse_args().quick else 1_000_000
    pages = math.ceil(rows / PAGE)
    print(f"{machine()}; {rows:,} rows in {pages} pages; the server is the simulator, on this machine\n")
    for monitors in (True, False):
        with serving(rows, monitors_caches=monitors) as server, tempfile.TemporaryDirectory() as folder:
            _report(server, pages, Path(folder), monitors=monitors)


def _report(server: Server, pages: int, folder: Path, *, monitors: bool) -> None:
    lines = []
    for way, moved in _runs(server, folder):
        lines.append((way, moved.requests, _beyond(moved, pages), f"{moved.rows:,}", f"{moved.packed / 1e6:.2f}"))
    may = "may" if monitors else "may not"
    print(f"a login that {may} monitor the caches of cubes")
    print(table(("read", "requests", "beyond its pages", "rows sent", "MB packed"), lines))
    met = verdict(lines[0][2], 0, at_most=True, counted=True)
    print(f"requests of a read in any order beyond its pages: {lines[0][2]} ({met})\n")


def _beyond(moved: Moved, pages: int) -> int:
    """Count the requests that are for no page: all of them where no rows were sent."""
    return moved.requests - (pages if moved.rows else 0)


def _runs(server: Server, folder: Path) -> Iterator[tuple[str, Moved]]:
    for way, read in _ways(folder).items():
        _, moved = server.run(read)
        yield way, moved


def _ways(folder: Path) -> dict[str, Callable[[ma.Cube], pl.DataFrame]]:
    limits = ma.Limits(page_rows=PAGE)
    parts = folder / "parts"
    return {
        "in any order": lambda cube: cube.with_options(limits=limits).to_polars(),
        "total order, likely": lambda cube: cube.with_options(
            limits=limits, total_order=True, consistency="likely"
        ).to_polars(),
        "total order, proven": lambda cube: cube.with_options(
            limits=limits, total_order=True, consistency="proven"
        ).to_polars(),
        "extract": lambda cube: _extract(cube.with_options(limits=limits), parts),
        "extract, over the whole folder": lambda cube: _extract(cube.with_options(limits=limits), parts),
    }


def _extract(scan: ma.Scan, folder: Path) -> pl.DataFrame:
    return pl.DataFrame({"rows": [scan.extract(folder).rows]})


if __name__ == "__main__":
    main()

"""What reports that ask back cost: all pages of one with page-by, and one that runs longer than its gateway waits.

Run ``python -m benchmarks.reports [--quick]``. The simulator runs in this process and takes 20 ms of its own for
each request, as a server in a network would; it counts requests and instances. How long a real server takes to show
another page, it does not say.

* "Paged Many" has 1,500 pages of one to four rows: all of them by ``expand_pages()`` with as many instances as the
  session has room for, with one instance, and one by one with ``page_by()``, of which only the first 100 are read.
* "Plain Report" is made to take 9 s behind a gateway that cuts after 3 s, and for comparison on a server that does
  not answer before the report has run.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

import mstr_arrow as ma
from benchmarks.measure import machine, table, verdict
from mstr_arrow.errors import MstrError
from mstr_arrow.simulator import Simulator, TimeModel

if TYPE_CHECKING:
    from collections.abc import Callable

NAME, QUICK_NAME = "Paged Many", "Paged By Three"
REQUEST_MS = 20
ALLOWED = 8
"""Instances that a session with the default working set of 10 may have in use."""
ONE_BY_ONE = 100
"""Pages that are read one by one."""
DEFAULTS = ma.Limits()
REPORT_SECONDS, GATEWAY_SECONDS = 9.0, 3.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading some pages took."""

    pages: int
    rows: pl.DataFrame
    requests: int
    seconds: float
    most: int
    missed: int

    def row(self, way: str) -> list[object]:
        """Return a line of the table."""
        per_page = f"{self.requests / self.pages:.1f}", f"{1000 * self.seconds / self.pages:.0f}"
        return [
            way,
            f"{self.pages:,}",
            f"{self.requests:,}",
            f"{self.seconds:.1f}",
            *per_page,
            self.most,
            self.missed,
        ]


def measured(
    name: str, read: Callable[[ma.Report], tuple[int, pl.DataFrame]], limits: ma.Limits = DEFAULTS
) -> Cost:
    """Read pages of a report in a session of its own, and count on the server."""
    with Simulator(rows=10, time=TimeModel(request_ms=REQUEST_MS)) as server:
        with ma.connect(server.url, username=server.username, password=server.password) as conn:
            report = conn.report(name, limits=limits)
            before = len(server.requests)
            began = time.perf_counter()
            pages, rows = read(report)
            seconds = time.perf_counter() - began
            requests = len(server.requests) - before
            (counts,) = server.instances
        return Cost(pages, rows, requests, seconds, counts.most, counts.missed)


def all_pages(report: ma.Report) -> tuple[int, pl.DataFrame]:
    """Read all pages as one table."""
    return len(report.pages()), report.expand_pages().to_polars()


def one_by_one(report: ma.Report) -> tuple[int, pl.DataFrame]:
    """Choose the first pages one after the other, and read each by itself."""
    found = []
    for choice in report.pages().to_pylist()[:ONE_BY_ONE]:
        page = report.page_by(choice).to_polars()
        found.append(page.select(*(pl.lit(value).alias(name) for name, value in choice.items()), pl.all()))
    return len(found), pl.concat(found)


def compare_pages(name: str) -> None:
    """Print what all pages cost in each way; errors: SystemExit where one is not the truth."""
    ways = {
        "expand_pages()": measured(name, all_pages),
        "the same, one request at a time": measured(name, all_pages, ma.Limits(concurrency=1)),
        "page_by(), one by one": measured(name, one_by_one),
    }
    truth = pl.DataFrame(Simulator(rows=10).truth(name))
    for way, cost in ways.items():
        if not cost.rows.equals(truth.head(len(cost.rows)).cast(cost.rows.schema)):
            raise SystemExit(f"{way}: the rows are not the truth")
    if any(len(cost.rows) != len(truth) for way, cost in ways.items() if "page_by" not in way):
        raise SystemExit("not all rows were read")
    header = ("way", "pages", "requests", "seconds", "requests/page", "ms/page", "instances at most", "missed")
    print(f"\n{name}: every page, and the rows of the truth; {REQUEST_MS} ms for each request")
    print(table(header, [cost.row(way) for way, cost in ways.items()]))
    every, single, each = ways.values()
    most = verdict(every.most, ALLOWED, at_most=True, counted=True)
    print(f"instances alive at once: {every.most} ({most}); asked for after they were gone: {every.missed}")
    print(f"times as fast as one request at a time: {single.seconds / every.seconds:.1f}")
    print(f"times as fast as one by one: {each.seconds / each.pages / (every.seconds / every.pages):.1f}")


def behind_a_gateway(scale: float) -> None:
    """Print how a report fares that runs three times as long as its gateway waits."""
    seconds, cut = REPORT_SECONDS * scale, GATEWAY_SECONDS * scale
    print(f"\na report of {seconds:g} s behind a gateway that cuts at {cut:g} s")
    for says, respond_async in (("answers at once and runs on", True), ("answers when it has run", False)):
        options = {"report_seconds": seconds, "gateway_seconds": cut, "respond_async": respond_async}
        with Simulator(rows=10, **options) as server:  # type: ignore[arg-type]  # mixed values
            with ma.connect(server.url, username=server.username, password=server.password) as conn:
                began = time.perf_counter()
                try:
                    rows = conn.report("Plain Report").to_arrow()
                    whole = rows.num_rows == server.truth("Plain Report").num_rows
                    said = f"{rows.num_rows:,} rows, {'complete' if whole else 'NOT COMPLETE'}"
                except MstrError as error:
                    said = str(error)
                took = time.perf_counter() - began
            print(f"* the server {says}: after {took:.1f} s, {said}; sessions left: {server.open_sessions}")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer pages, and a third of the seconds")
    quick = parser.parse_args().quick
    print(f"{machine()}; the server is the simulator, in this process")
    compare_pages(QUICK_NAME if quick else NAME)
    behind_a_gateway(1 / 3 if quick else 1.0)


if __name__ == "__main__":
    main()

"""What moves when the server may filter, and when it may not: requests, rows, bytes and seconds.

Run ``python -m benchmarks.pushdown [--quick]``; needs DuckDB 2. The simulator serves its Sales Cube from a process
of its own, which also counts: requests, rows and bytes are what it answered after the cube was found, the bodies of
answers only, packed with gzip as they went over the wire and as text before that. Seconds are the client's, of the
run that is the median of alternating repeats; how long a real server takes to filter, the simulator does not say.

* The same query with push-down and with ``pushdown=False``, in Polars over ``lazy()`` and in DuckDB over
  ``ma.duckdb.register``. Each has to give the same rows in all ways.
* The first ten rows of a large cube.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import duckdb
import polars as pl

import mstr_arrow as ma
from benchmarks.measure import machine, table, verdict
from mstr_arrow.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from multiprocessing.connection import Connection

MB = 1e6
RARE = "1 in 1,000"
TARGET_SHARE = 1.0
"""Percent of the bytes of all rows that the query of that name moves, at most."""
TARGET_REQUESTS = 2
TARGET_ROWS = 99
"""Rows on the wire for the first ten, at most."""
QUIET_SECONDS = 0.25
"""Seconds without an answer after which no other is under way: reads that were broken off leave some behind."""

STOP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Moved:
    """What the server was asked for and answered; ``seconds`` are the client's."""

    requests: int
    rows: int
    packed: int
    text: int
    seconds: float = 0.0


class Server:
    """A simulator that counts, in a process of its own."""

    def __init__(self, login: tuple[str, str, str, str], counts: Connection) -> None:
        self._login = login
        self._counts = counts

    def connect(self) -> ma.Connection:
        """Open a connection."""
        url, username, password, project = self._login
        return ma.connect(url, username=username, password=password, project=project)

    def run(self, work: Callable[[ma.Cube], pl.DataFrame], *, pushdown: bool = True) -> tuple[pl.DataFrame, Moved]:
        """Run a query over the cube, of which no more than the definition is known; return its rows and what moved.

        Each has a connection of its own: on one with many instances, some requests keep the older ones alive.
        """
        with self.connect() as conn:
            cube = conn.cube("Sales Cube", pushdown=pushdown)
            self._moved(quiet=False)
            began = time.perf_counter()
            frame = work(cube)
            seconds = time.perf_counter() - began
            return frame, replace(self._moved(), seconds=seconds)

    def _moved(self, *, quiet: bool = True) -> Moved:
        """Return what moved since this was asked before, once nothing more is under way."""
        self._counts.send(quiet)
        moved = self._counts.recv()
        assert isinstance(moved, Moved)
        return moved


@contextmanager
def serving(rows: int, *, monitors_caches: bool = True) -> Iterator[Server]:
    """Start a server with a Sales Cube of this many rows, whose users may monitor caches or not."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, rows, monitors_caches), daemon=True)
    process.start()
    there.close()
    try:
        yield Server(here.recv(), here)
    finally:
        here.close()
        process.join(STOP_SECONDS)
        process.kill()


def _serve(pipe: Connection, rows: int, monitors_caches: bool) -> None:
    """Serve until the pipe is closed; each time it is asked through it, tell what moved since the last time."""
    with Simulator(rows=rows, monitors_caches=monitors_caches) as sim:
        pipe.send((sim.url, sim.username, sim.password, sim.project))
        seen = 0
        while True:
            try:
                quiet = pipe.recv()
            except EOFError:
                return
            count = len(sim.requests)
            while quiet:
                time.sleep(QUIET_SECONDS)
                quiet, count = len(sim.requests) != count, len(sim.requests)
            new, seen = sim.requests[seen:count], count
            pipe.send(
                Moved(
                    len(new),
                    sum(request.answer_rows for request in new),
                    sum(request.wire_bytes for request in new),
                    sum(request.answer_bytes for request in new),
                )
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows, one repeat: a check that it runs")
    options = parser.parse_args()
    rows = 10_000 if options.quick else 1_000_000
    print(
        f"{machine()}; Polars {pl.__version__}, DuckDB {duckdb.__version__}; the server is the simulator, on this "
        "machine, and counts what it answers\n"
    )
    with serving(rows) as server:
        _queries(server, rows, repeats=1 if options.quick else 3)
        limited = server.run(lambda cube: in_duckdb(cube, "select * from sales limit 10"))
    with serving(10_000_000) as server:
        _first_rows(server)
    _, moved = limited
    sent = verdict(moved.rows, TARGET_ROWS, at_most=True, counted=True)
    print(
        "DuckDB does not hand LIMIT to a lazy frame: it collects the frame whole, and then takes ten rows.\n"
        f"LIMIT 10 over register(con, cube), of {rows:,} rows: {moved.requests} requests, {moved.rows:,} rows sent "
        f"({sent}), {moved.packed / MB:.1f} MB packed, {moved.seconds:.1f} s"
    )


@dataclass(frozen=True, slots=True)
class Query:
    """The same query for Polars and, over ``sales``, for DuckDB; ``also`` are ways that push nothing."""

    name: str
    polars: Callable[[pl.LazyFrame], pl.LazyFrame]
    sql: str
    also: Mapping[str, Callable[[ma.Cube], pl.DataFrame]] = field(default_factory=dict)

    @property
    def ways(self) -> dict[str, Callable[[ma.Cube], pl.DataFrame]]:
        """What runs the query on a cube, with push-down or without."""
        return {
            "Polars": lambda cube: self.polars(cube.lazy()).collect(),
            "DuckDB": lambda cube: in_duckdb(cube, self.sql),
        }

    @property
    def runs(self) -> Iterator[tuple[str, bool, Callable[[ma.Cube], pl.DataFrame]]]:
        """All ways in turn, and whether push-down is on."""
        for way, work in self.ways.items():
            yield way, False, work
            yield way, True, work
        for way, work in self.also.items():
            yield way, False, work


def in_duckdb(scan: ma.Scan, sql: str, *, stream: bool = False) -> pl.DataFrame:
    """Run a query over a scan that is registered as ``sales``."""
    with duckdb.connect() as con:
        ma.duckdb.register(con, scan, "sales", stream=stream)
        frame: pl.DataFrame = con.sql(sql).pl()
        return frame


def _all_queries(day: date) -> Sequence[Query]:
    tenth = pl.col("Units") >= 90  # they are 1 to 99, each as often
    return (
        Query(
            RARE,
            lambda sales: sales.filter(pl.col("Day") == day),
            f"select * from sales where Day = date '{day}'",  # noqa: S608 - a date
        ),
        Query(
            "1 in 10, 3 columns",
            lambda sales: sales.filter(tenth).select("Order", "Region", "Revenue"),
            'select "Order", Region, Revenue from sales where Units >= 90',
        ),
        Query(
            "without the key",
            lambda sales: sales.filter(tenth).select("Day", "Region", "Revenue"),
            "select Day, Region, Revenue from sales where Units >= 90",
        ),
        Query(
            "groups of 1 in 5",
            lambda sales: (
                sales.filter(pl.col("Region") == "East")
                .group_by("Product")
                .agg(pl.len().cast(pl.Int64).alias("Orders"), pl.col("Units").sum(), pl.col("Revenue").max())
            ),
            'select Product, count(*) as "Orders", sum(Units)::bigint as Units, max(Revenue) as Revenue '
            "from sales where Region = 'East' group by Product",
        ),
        Query(
            "everything",
            lambda sales: sales,
            "select * from sales",
            {
                "DuckDB, stream": lambda cube: in_duckdb(cube, "select * from sales", stream=True),
                "to_polars()": lambda cube: cube.to_polars(),
            },
        ),
    )


def _queries(server: Server, rows: int, repeats: int) -> None:
    with server.connect() as conn:
        days = conn.cube("Sales Cube").elements("Day")["Day"]
    day = days[len(days) // 2].as_py()
    lines, verdicts = [], []
    for query in _all_queries(day):
        runs = _alternate(server, query, repeats)
        for way in (*query.ways, *query.also):
            found, off = runs[way, False]
            _, on = runs.get((way, True), (0, None))
            lines.append((query.name, way, f"{found:,}", *_beside(on, off)))
            if query.name == RARE and on is not None:
                packed, text = _percent(on.packed, off.packed), _percent(on.text, off.text)
                met = verdict(max(packed, text), TARGET_SHARE, at_most=True, counted=True)
                verdicts.append(
                    f"{query.name}, {way}: Day = {day} is {_percent(found, rows):.2f} % of the rows and moves "
                    f"{packed:.2f} % of the bytes packed, {text:.2f} % of the text ({met})"
                )
    header = ("query", "in", "rows", "requests", "rows sent", "MB packed", "MB text", "%", "seconds")
    print(f"{rows:,} rows; with push-down / without, which gave the same rows; % of the packed bytes")
    print(table(header, lines))
    print("\n".join(verdicts), end="\n\n", flush=True)


def _alternate(server: Server, query: Query, repeats: int) -> dict[tuple[str, bool], tuple[int, Moved]]:
    """Run a query in all ways, in turn; return the number of rows and the median run by way and push-down.

    Raises RuntimeError where the rows differ.
    """
    runs: dict[tuple[str, bool], list[Moved]] = {}
    expected: pl.DataFrame | None = None
    for _ in range(repeats):
        for way, pushdown, work in query.runs:
            frame, moved = server.run(work, pushdown=pushdown)
            found = frame.sort("Order" if "Order" in frame.columns else frame.columns)
            expected = found if expected is None else expected
            if not (found.equals(expected) and found.schema == expected.schema):
                raise RuntimeError(f"{query.name}: other rows in {way}, pushdown={pushdown}")
            runs.setdefault((way, pushdown), []).append(moved)
    rows = 0 if expected is None else len(expected)
    return {key: (rows, sorted(moved, key=lambda run: run.seconds)[repeats // 2]) for key, moved in runs.items()}


def _beside(on: Moved | None, off: Moved) -> tuple[str, ...]:
    if on is None:
        wire = (f"{off.packed / MB:.1f}", f"{off.text / MB:.1f}")
        return (f"{off.requests}", f"{off.rows:,}", *wire, "", f"{off.seconds:.2f}")
    return (
        f"{on.requests} / {off.requests}",
        f"{on.rows:,} / {off.rows:,}",
        f"{on.packed / MB:.3f} / {off.packed / MB:.1f}",
        f"{on.text / MB:.3f} / {off.text / MB:.1f}",
        f"{_percent(on.packed, off.packed):.2f}",
        f"{on.seconds:.2f} / {off.seconds:.2f}",
    )


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole


def _first_rows(server: Server) -> None:
    """Take ten rows of ten million; those that are the first by contract have to be the same."""
    ways: dict[str, Callable[[ma.Cube], pl.DataFrame]] = {
        "lazy().head(10).collect()": lambda cube: cube.lazy().head(10).collect(),
        "head(10).to_polars()": lambda cube: cube.head(10).to_polars(),
        "DuckDB over head(10)": lambda cube: in_duckdb(cube.head(10), "select * from sales"),
        "DuckDB, LIMIT 10 over a stream": lambda cube: in_duckdb(cube, "select * from sales limit 10", stream=True),
    }
    lines = []
    first, _ = server.run(lambda cube: cube.head(10).to_polars())
    for way, work in ways.items():
        frame, moved = server.run(work)
        if not frame.equals(first):
            raise RuntimeError(f"{way}: not the first ten rows")
        asked = verdict(moved.requests, TARGET_REQUESTS, at_most=True, counted=True)
        sent = verdict(moved.rows, TARGET_ROWS, at_most=True, counted=True)
        lines.append(
            (
                way,
                *(f"{moved.requests} ({asked})", f"{moved.rows:,} ({sent})"),
                *(f"{moved.packed / 1e3:.1f}", f"{moved.text / 1e3:.1f}", f"{moved.seconds:.2f}"),
            )
        )
    print("the first 10 of 10,000,000 rows; requests after the cube's definition")
    print(table(("by", "requests", "rows sent", "kB packed", "kB text", "seconds"), lines), flush=True)


if __name__ == "__main__":
    main()

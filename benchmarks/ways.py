"""What storms go over, extractions by each way out and uploads of each mode, and what is to be there afterwards."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

import mstr_arrow as ma
from benchmarks.forecast import ATTEMPTS, DEADLINE
from benchmarks.weather import CUBE, REPORT, Storm
from mstr_arrow.errors import ConsistencyWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from benchmarks.forecast import Way
    from mstr_arrow.simulator import Simulator

SLACK = 20.0
"""Seconds that opening, closing and a loaded machine may add to a deadline."""

TIMEOUTS = ma.Timeouts(connect=5, read=2, execute=8, publish=6, logout=5)
RETRY = ma.Retry(attempts=ATTEMPTS, seconds=20, wait_initial=0.01, wait_max=0.2)

RIGHT, LIKELY = "right", "likely: rows of two publications, and told so"
NOT_PUBLISHED = ("Nothing was published", "were not published")
"""What an error says that promises that the old rows are shown."""


class WrongError(Exception):
    """What must not be."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How something ended, after so many seconds, and in which words."""

    how: str
    seconds: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """What the storms run over: a cube, with its ``truths`` by the name of a publication, a report, some rows.

    ``mixable`` are publications that nothing tells from the first but their rows, one by one.
    """

    server: Simulator
    limits: ma.Limits
    truths: Mapping[str, pa.Table]
    pages: pa.Table
    republications: Mapping[str, Mapping[str, Any]]
    mixable: frozenset[str]
    old: pl.DataFrame
    new: pl.DataFrame

    def connect(self, storm: Storm) -> ma.Connection:
        """Connect, patiently enough for a storm."""
        settings = ma.Settings(timeouts=TIMEOUTS, retry=RETRY, on_event=storm.saw)
        server = self.server
        return ma.connect(
            server.url,
            username=server.username,
            password=server.password,
            project=server.project,
            settings=settings,
        )

    def check_rows(self, found: pa.Table, truths: Iterable[pa.Table]) -> None:
        """Compare rows with one truth or another, each row at its place."""
        if not any(found.cast(truth.schema).equals(truth) for truth in truths):
            raise WrongError(f"{found.num_rows:,} rows differ from the truth")

    def sales(self, storm: Storm, *, ordered: bool) -> Iterator[pa.Table]:
        """Give what the cube held before, and what was published meanwhile."""
        for data in set(storm.published):
            yield self.truths[data].sort_by("Order") if ordered else self.truths[data]

    def is_mixed(self, found: pa.Table, storm: Storm) -> bool:
        """Tell whether each row, in a total order, is of one of the publications that nothing else tells apart."""
        mixable = self.mixable & set(storm.published)
        if not mixable or found.num_rows != self.truths[""].num_rows:
            return False
        rows = range(found.num_rows)
        left = set(rows)
        shown = found.cast(self.truths[""].schema).to_pylist()
        for data in {"", *mixable}:
            truth = self.truths[data].sort_by("Order").to_pylist()
            left -= {row for row in left if shown[row] == truth[row]}
        return not left


def prepared(server: Simulator, rows: int, pushed: int) -> Course:
    """Compute the truths, before anything goes wrong."""
    republications: dict[str, dict[str, Any]] = {
        "": {},
        "other rows": {"seed": 1},
        "fewer rows": {"rows": rows - 137},
        "moved rows": {"moved": True},
    }
    truths = {}
    for name, change in republications.items():
        server.republish(CUBE, **change)
        truths[name] = server.truth(CUBE)
    server.republish(CUBE, rows=rows, seed=0)
    new = pl.DataFrame({"key": [f"k{n}" for n in range(pushed)], "n": range(pushed)})
    old = pl.DataFrame({"key": [f"k{n}" for n in range(0, 3_000, 2)] + ["old"], "n": range(-1_501, 0)})
    limits = ma.Limits(page_rows=max(20, rows // 40), concurrency=4)
    return Course(server, limits, truths, server.truth(REPORT), republications, frozenset({"moved rows"}), old, new)


# Extractions

Found: TypeAlias = "tuple[pa.Table, ma.ScanStats | ma.ExtractResult | None]"
How: TypeAlias = "Callable[[Course, ma.Scan, Path], Found]"


def read(how: How, course: Course, storm: Storm, scratch: Path) -> Ending:
    """Read all rows through a storm, in a total order or as they come, and compare them with the truth."""
    paged, ordered, deadline = how is every_page, storm.forecast.ordered, storm.forecast.deadline
    storm.rise()
    began = time.monotonic()
    try:
        with course.connect(storm) as connection, warnings.catch_warnings():
            warnings.simplefilter("ignore", ConsistencyWarning)
            what = connection.report(REPORT).expand_pages() if paged else connection.cube(CUBE)
            scan = what.with_options(total_order=ordered, limits=course.limits, deadline=deadline)
            found, done = how(course, scan, scratch)
    except ma.MstrError as error:
        seconds, end = time.monotonic() - began, type(error).__name__
        if seconds > deadline + SLACK:
            raise WrongError(f"{end} came after {seconds:.1f} s, of {deadline:.1f}") from error
        if how is in_file and (files := [path.name for path in scratch.iterdir()]):
            raise WrongError(f"{end} left {files}") from error
        if how is in_folder:
            again(course, storm, scratch)
            end += ", right when run again"
        return Ending(end, seconds, str(error))
    seconds = time.monotonic() - began
    if paged:
        course.check_rows(found, [course.pages])
        return Ending(ended(done, storm), seconds)
    return Ending(checked(course, found, done, storm), seconds)


def checked(course: Course, found: pa.Table, done: ma.ScanStats | ma.ExtractResult | None, storm: Storm) -> str:
    """Compare the rows of the cube with the truths of one publication each, and say how the read ended.

    Rows of two publications are wrong, unless nothing tells these apart and the read says that it is only likely.
    """
    begun_again = isinstance(done, ma.ScanStats) and done.restarts > 0
    orders = {storm.forecast.ordered, True} if begun_again else {storm.forecast.ordered}
    truths = [truth for ordered in orders for truth in course.sales(storm, ordered=ordered)]
    try:
        course.check_rows(found, truths)
    except WrongError as error:
        if not course.is_mixed(found, storm):
            raise
        if done is None or done.consistent != "likely":
            raise WrongError(f"rows of two publications are called {done and done.consistent!r}") from error
        return LIKELY
    return ended(done, storm)


def as_batches(_course: Course, scan: ma.Scan, _scratch: Path) -> Found:
    """Read batch by batch."""
    found = list(scan.to_batches(strings="plain"))
    return pa.Table.from_batches(found), scan.stats


def as_table(_course: Course, scan: ma.Scan, _scratch: Path) -> Found:
    """Read into one table."""
    found = scan.to_arrow(strings="plain")
    return found, scan.stats


def every_page(_course: Course, scan: ma.Scan, _scratch: Path) -> Found:
    """Read all pages of a report, batch by batch."""
    found = list(scan.to_batches(strings="plain"))
    return pa.Table.from_batches(found), scan.stats


def in_file(_course: Course, scan: ma.Scan, scratch: Path) -> Found:
    """Write one Parquet file."""
    stats = scan.write_parquet(scratch / "sales.parquet")
    check_alone(scratch, "sales.parquet")
    return pq.read_table(scratch / "sales.parquet"), stats


def in_folder(course: Course, scan: ma.Scan, scratch: Path) -> Found:
    """Extract into a folder."""
    total = course.truths[""].num_rows
    done = scan.extract(scratch / "sales", part_rows=total // 7, on_change="restart")
    check_alone(scratch, "sales")
    return pq.read_table(scratch / "sales"), done


def again(course: Course, storm: Storm, scratch: Path) -> None:
    """Go on with an extraction in calm weather: it ends, and with all rows."""
    storm.calm()
    try:
        with course.connect(storm) as connection, warnings.catch_warnings():
            warnings.simplefilter("ignore", ConsistencyWarning)
            scan = connection.cube(CUBE).with_options(limits=course.limits, deadline=DEADLINE)
            found, done = in_folder(course, scan, scratch)
    except ma.MstrError as error:
        raise WrongError(f"run again in calm weather, it ended with {error!r}") from error
    checked(course, found, done, storm)


def ended(done: ma.ScanStats | ma.ExtractResult | None, storm: Storm) -> str:
    """Say how a read ended that came to its end."""
    if isinstance(done, ma.ExtractResult):
        if done.restarted:
            return "right, begun again as data had changed"
        done = done.stats
    if done is not None and done.restarts:
        return "right, over another instance"
    if storm.repeats:
        return "right, after repeats" if storm.sessions == 1 else "right, in another session"
    return RIGHT


def check_alone(folder: Path, name: str) -> None:
    """Check that nothing but the result is there."""
    if [path.name for path in folder.iterdir()] != [name]:
        raise WrongError(f"beside {name} there is {[path.name for path in folder.iterdir()]}")


# Uploads


def send(course: Course, storm: Storm, _scratch: Path) -> Ending:
    """Write rows through a storm, to a new dataset or over old rows, and compare what the server then shows."""
    forecast, old, new = storm.forecast, course.old, course.new
    mode, name = forecast.mode, f"Stormy {forecast.seed}" if forecast.fresh else "Stormy"
    if not forecast.fresh:
        with course.connect(storm) as connection:
            connection.write(name, old)
    before, after = (old.clear(), new) if forecast.fresh else (old, merged(old, new, mode))
    storm.rise()
    began = time.monotonic()
    try:
        with course.connect(storm) as connection:
            rows = max(5, new.height // 20)
            try:
                connection.write(name, new, mode=mode, chunk_rows=rows, verify=forecast.verify)
            finally:
                check_uploads(course.server, storm)
    except ma.MstrError as error:
        seconds = time.monotonic() - began
        return Ending(failed(error, rows_of(course.server, name), before, after), seconds, str(error))
    seconds = time.monotonic() - began
    if not same(rows_of(course.server, name), after):
        raise WrongError(f"{mode} gave other rows than {after.height:,}")
    return Ending(ended(None, storm), seconds)


def check_uploads(server: Simulator, storm: Storm) -> None:
    """Check that no upload session is left that was known and could be deleted, or at least was to be."""
    known = [uploads for token, uploads in server.open_uploads.items() if token not in storm.dead]
    for upload in set().union(*known):
        methods = {request.method for request in storm.requests if upload in request.path}
        if methods and "DELETE" not in methods:
            raise WrongError("an upload session was not deleted")


def failed(error: ma.MstrError, shown: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> str:
    """Check what is shown after an upload that failed: what was there, or all that should be."""
    how = type(error).__name__
    if same(shown, before):
        return how
    if not same(shown, after):
        raise WrongError(f"{shown.height:,} rows are shown, neither the old nor all new") from error
    if any(promise in str(error) for promise in NOT_PUBLISHED):
        raise WrongError("all is published, and the error says that nothing is") from error
    return f"{how}, and all is there"


def merged(old: pl.DataFrame, new: pl.DataFrame, mode: str) -> pl.DataFrame:
    """Give the rows that a table has after an upload."""
    known = new.join(old, on="key", how="semi")
    kept = old.join(new, on="key", how="anti")
    parts = {"replace": [new], "add": [old, new], "update": [kept, known], "upsert": [kept, new]}
    return pl.concat(parts[mode])


def rows_of(server: Simulator, name: str) -> pl.DataFrame:
    """Give what the server shows of a dataset, or no rows."""
    try:
        (shown,) = server.dataset(name).values()
    except KeyError:
        return pl.DataFrame({"key": [], "n": []}, schema={"key": pl.String, "n": pl.Int64})
    return pl.DataFrame(shown).select("key", pl.col("n").cast(pl.Int64))


def same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Compare rows in whatever order."""
    return one.height == other.height and one.sort("key", "n").equals(other.sort("key", "n"))


WAYS: list[tuple[Way, Callable[[Course, Storm, Path], Ending]]] = [
    ("upload", send),
    ("folder", partial(read, in_folder)),
    ("batches", partial(read, as_batches)),
    ("parquet", partial(read, in_file)),
    ("upload", send),
    ("folder", partial(read, in_folder)),
    ("table", partial(read, as_table)),
    ("report", partial(read, every_page)),
]
"""What the seeds run over, in turn."""

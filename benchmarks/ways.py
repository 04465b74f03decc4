"""What storms go over, extractions by each way out and uploads of each mode, and what is to be there afterwards."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

import mstr_arrow as ma
from benchmarks.weather import CUBE, REPORT, Storm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from mstr_arrow.simulator import Simulator

DEADLINE, SLACK = 60.0, 20.0
"""Seconds that a read may take, and what opening, closing and a loaded machine may add. An upload has as long."""

TIMEOUTS = ma.Timeouts(connect=5, read=2, execute=8, publish=6, logout=5)
RETRY = ma.Retry(attempts=4, seconds=20, wait_initial=0.01, wait_max=0.2)

RIGHT = "right"
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
    """What the storms run over: a cube, with its ``truths`` by the name of a publication, a report, some rows."""

    server: Simulator
    limits: ma.Limits
    truths: Mapping[str, pa.Table]
    pages: pa.Table
    republications: Mapping[str, Mapping[str, int]]
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
        for data in {"", storm.data}:
            yield self.truths[data].sort_by("Order") if ordered else self.truths[data]


def prepared(server: Simulator, rows: int, pushed: int) -> Course:
    """Compute the truths, before anything goes wrong."""
    republications = {"other rows": {"seed": 1}, "fewer rows": {"rows": rows - 137}}
    truths = {"": server.truth(CUBE)}
    for name, change in republications.items():
        server.republish(CUBE, **change)
        truths[name] = server.truth(CUBE)
    server.republish(CUBE, rows=rows, seed=0)
    new = pl.DataFrame({"key": [f"k{n}" for n in range(pushed)], "n": range(pushed)})
    old = pl.DataFrame({"key": [f"k{n}" for n in range(0, 3_000, 2)] + ["old"], "n": range(-1_501, 0)})
    limits = ma.Limits(page_rows=max(500, rows // 40), concurrency=4)
    return Course(server, limits, truths, server.truth(REPORT), republications, old, new)


# Extractions

How: TypeAlias = "Callable[[Course, ma.Scan, Path], tuple[pa.Table, str]]"


def read(how: How, course: Course, storm: Storm, scratch: Path) -> Ending:
    """Read all rows through a storm, in a total order or as they come, and compare them with the truth."""
    paged = how is every_page
    ordered = how is in_folder or (not paged and storm.chance.random() < 0.6)
    deadline = storm.chance.uniform(0.5, 3) if storm.chance.random() < 0.08 else DEADLINE
    storm.over_reading()
    began = time.monotonic()
    try:
        with course.connect(storm) as connection:
            what = connection.report(REPORT).expand_pages() if paged else connection.cube(CUBE)
            scan = what.with_options(total_order=ordered, limits=course.limits, deadline=deadline)
            found, end = how(course, scan, scratch)
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
    course.check_rows(found, [course.pages] if paged else course.sales(storm, ordered=ordered))
    if end == RIGHT and storm.repeats:
        end = "right, after repeats" if storm.sessions == 1 else "right, in another session"
    return Ending(end, seconds)


def as_batches(_course: Course, scan: ma.Scan, _scratch: Path) -> tuple[pa.Table, str]:
    """Read batch by batch."""
    found = list(scan.to_batches(strings="plain"))
    return pa.Table.from_batches(found), ended(scan.stats)


def as_table(_course: Course, scan: ma.Scan, _scratch: Path) -> tuple[pa.Table, str]:
    """Read into one table."""
    found = scan.to_arrow(strings="plain")
    return found, ended(scan.stats)


def every_page(_course: Course, scan: ma.Scan, _scratch: Path) -> tuple[pa.Table, str]:
    """Read all pages of a report, batch by batch."""
    found = list(scan.to_batches(strings="plain"))
    return pa.Table.from_batches(found), ended(scan.stats)


def in_file(_course: Course, scan: ma.Scan, scratch: Path) -> tuple[pa.Table, str]:
    """Write one Parquet file."""
    stats = scan.write_parquet(scratch / "sales.parquet")
    check_alone(scratch, "sales.parquet")
    return pq.read_table(scratch / "sales.parquet"), ended(stats)


def in_folder(course: Course, scan: ma.Scan, scratch: Path) -> tuple[pa.Table, str]:
    """Extract into a folder."""
    total = course.truths[""].num_rows
    done = scan.extract(scratch / "sales", part_rows=total // 7, on_change="restart")
    check_alone(scratch, "sales")
    end = "right, begun again as data had changed" if done.restarted else ended(done.stats)
    return pq.read_table(scratch / "sales"), end


def again(course: Course, storm: Storm, scratch: Path) -> None:
    """Go on with an extraction in calm weather: it ends, and with all rows."""
    storm.calm()
    try:
        with course.connect(storm) as connection:
            scan = connection.cube(CUBE).with_options(limits=course.limits, deadline=DEADLINE)
            found, _ = in_folder(course, scan, scratch)
    except ma.MstrError as error:
        raise WrongError(f"run again in calm weather, it ended with {error!r}") from error
    course.check_rows(found, course.sales(storm, ordered=True))


def ended(stats: ma.ScanStats | None) -> str:
    """Say how a read ended that came to its end."""
    return "right, over another instance" if stats and stats.restarts else RIGHT


def check_alone(folder: Path, name: str) -> None:
    """Check that nothing but the result is there."""
    if [path.name for path in folder.iterdir()] != [name]:
        raise WrongError(f"beside {name} there is {[path.name for path in folder.iterdir()]}")


# Uploads


def send(course: Course, storm: Storm, _scratch: Path) -> Ending:
    """Write rows through a storm, to a new dataset or over old rows, and compare what the server then shows."""
    chance, old, new = storm.chance, course.old, course.new
    mode = chance.choice(MODES)
    name = f"Stormy {mode} {chance.random()}" if mode in {"replace", "add"} and chance.random() < 0.4 else "Stormy"
    if name == "Stormy":
        with course.connect(storm) as connection:
            connection.write(name, old)
    before, after = (old, merged(old, new, mode)) if name == "Stormy" else (old.clear(), new)
    storm.over_sending()
    began = time.monotonic()
    try:
        with course.connect(storm) as connection:
            rows = max(500, new.height // 20)
            try:
                connection.write(name, new, mode=mode, chunk_rows=rows, verify=chance.random() < 0.3)
            finally:
                check_uploads(course.server, storm)
    except ma.MstrError as error:
        seconds = time.monotonic() - began
        return Ending(failed(error, rows_of(course.server, name), before, after), seconds, str(error))
    seconds = time.monotonic() - began
    if not same(rows_of(course.server, name), after):
        raise WrongError(f"{mode} gave other rows than {after.height:,}")
    return Ending("right, after repeats" if storm.repeats else RIGHT, seconds)


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


MODES: list[Literal["replace", "add", "update", "upsert"]] = ["replace", "replace", "add", "update", "upsert"]

WAYS: list[tuple[str, Callable[[Course, Storm, Path], Ending]]] = [
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

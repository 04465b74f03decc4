"""The records of runs in a folder: a JSON file of each run, and a Parquet file with a line for each of its jobs."""

from __future__ import annotations

import os
import socket
import warnings
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice, takewhile
from secrets import token_hex
from typing import TYPE_CHECKING, Literal, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from mstr_arrow.errors import DataLossWarning
from mstr_arrow.files.disk import disk_errors
from mstr_arrow.jobs.records.lines import lines_of, together
from mstr_arrow.jobs.records.record import RunRecord, run_id
from mstr_arrow.jobs.records.record_json import NotARecord, read_run, to_json
from mstr_arrow.paths import path_to_write
from mstr_arrow.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from mstr_arrow.jobs.records.record import JobRecord, Outcome

State: TypeAlias = Literal["running", "done", "failed", "interrupted", "killed"]

DONE: tuple[Outcome, ...] = ("done",)

RUNS, JOBS = "runs", "jobs"
"""The folders of the JSON files, and of the Parquet files."""


def beside(file: Path) -> Path:
    """Return the default folder of the records of a file of jobs.

    >>> from pathlib import Path
    >>> beside(Path("nightly/jobs.toml"))
    PosixPath('nightly/jobs.records')
    """
    return file.with_suffix(".records")


def new_run(file: Path, version: str) -> RunRecord:
    """Return the record of a run that begins in this process now."""
    now = datetime.now(UTC)
    return RunRecord(
        id=run_id(now, token_hex(3)),
        file=str(file.absolute()),
        started=now,
        version=version,
        host=socket.gethostname(),
        pid=os.getpid(),
    )


def state_of(run: RunRecord) -> State:
    """Say how a run is or was; one that has not ended is killed where its process is known to be gone.

    >>> from pathlib import Path
    >>> run = new_run(Path("jobs.toml"), "0.1.0")
    >>> state_of(run), state_of(run.killed())
    ('running', 'killed')
    """
    match run.end:
        case None:
            return "killed" if _is_gone(run) else "running"
        case "finished":
            return "failed" if any(each.outcome == "failed" for each in run.jobs) else "done"
        case "killed":
            return "killed"
    return "interrupted"


def _is_gone(run: RunRecord) -> bool:
    """Tell whether the process of a run is certainly no more: that is not known of other machines."""
    if run.host != socket.gethostname() or os.name != "posix":
        return False
    try:
        os.kill(run.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else has that number
        return False
    return False


class Records:
    """The records in a folder, of one file of jobs or of several.

    Each is written under another name first, and is there whole or not at all. Errors: FileError.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = path_to_write(folder)

    def begin(self, run: RunRecord) -> None:
        """Note that a run begins, and which former ones of the same file have not come to their end.

        No other run of that file is under way: the caller holds the lock beside the records.
        """
        mine = (each for each in self._newest_first([]) if each.file == run.file)
        for former in takewhile(lambda each: each.end is None, mine):
            self.write(former.killed())
        self.write(run)

    def write(self, run: RunRecord) -> None:
        """Write down a run as it is now: called when a job is over, and at the end."""
        text, lines = to_json(run), lines_of(run)
        with disk_errors(self.folder):
            for name in (RUNS, JOBS):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            if lines.num_rows:
                with write_whole(self.folder / JOBS / f"{run.id}.parquet") as file:
                    pq.write_table(lines, file)
            with write_whole(self.folder / RUNS / f"{run.id}.json") as file:
                file.write_text(text, "utf-8")

    def runs(self, last: int | None = None) -> list[RunRecord]:
        """Return the last runs, the newest first; warns of files that are no records."""
        unread: list[Path] = []
        found = list(islice(self._newest_first(unread), last))
        _warn(unread)
        return found

    def last(self, job: str, outcomes: Collection[Outcome] = DONE) -> JobRecord | None:
        """Return the record of a job in the last run in which it ended so; None where there is none."""
        return self.lasts([job], outcomes).get(job)

    def lasts(self, jobs: Collection[str], outcomes: Collection[Outcome] = DONE) -> dict[str, JobRecord]:
        """Return the last records of several jobs, each as `last` does, looking through the runs once."""
        found: dict[str, JobRecord] = {}
        unread: list[Path] = []
        for run in self._newest_first(unread):
            if found.keys() >= set(jobs):
                break
            for each in run.jobs:
                if each.job in jobs and each.outcome in outcomes:
                    found.setdefault(each.job, each)
        _warn(unread)
        return found

    def table(self, runs: Collection[str] | None = None) -> pa.Table:
        """Return a line for each job of all runs, or of some, the oldest first; warns of files that are none."""
        tables: list[pa.Table] = []
        unread: list[Path] = []
        for path in sorted(self._files(JOBS, ".parquet")):
            if runs is not None and path.stem not in runs:
                continue
            try:
                tables.append(pq.ParquetFile(path).read())
            except (OSError, pa.ArrowException):
                unread.append(path)
        _warn(unread)
        return together(tables)

    def _newest_first(self, unread: list[Path]) -> Iterator[RunRecord]:
        for path in sorted(self._files(RUNS, ".json"), reverse=True):
            try:
                yield read_run(path.read_bytes())
            except (OSError, NotARecord):
                unread.append(path)

    def _files(self, folder: str, suffix: str) -> list[Path]:
        with disk_errors(self.folder / folder, "be read"), suppress(FileNotFoundError):
            return [each for each in (self.folder / folder).iterdir() if each.suffix == suffix]
        return []


def _warn(unread: list[Path]) -> None:
    if unread:
        more = f" and {len(unread) - 1:,} others" if len(unread) > 1 else ""
        warnings.warn(
            f"{str(unread[0])!r}{more} cannot be read as the record of a run: move away what is none.",
            DataLossWarning,
            stacklevel=3,
        )

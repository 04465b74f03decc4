"""Jobs as a person sees them: how far they are, what they did, what they would do."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from mstr_arrow.cli.render.logs import LogLines
from mstr_arrow.cli.render.progress import LINE_SECONDS, MB, clock, describe, show_progress
from mstr_arrow.cli.render.tables import count, print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from mstr_arrow.jobs.one_job import Progress as JobProgress
    from mstr_arrow.jobs.planning import Planned
    from mstr_arrow.jobs.records.record import JobRecord, RunRecord

_OVER = {"done", "skipped", "failed"}


@contextmanager
def jobs_progress(console: Console, *, quiet: bool) -> Iterator[Callable[[JobProgress], None]]:
    """Give the function that shows how far jobs are: a bar for each that runs, or lines in a log."""
    with show_progress(console, _bars, _lines, quiet=quiet) as show:
        yield show


def _bars(console: Console) -> Iterator[Callable[[JobProgress], None]]:
    columns = (
        TextColumn("{task.fields[job]}", markup=False),
        BarColumn(bar_width=16),
        TaskProgressColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as display:
        tasks: dict[str, Any] = {}

        def show(progress: JobProgress) -> None:
            record, stats = progress.record, progress.stats
            if record.outcome in _OVER:
                if record.job in tasks:
                    display.remove_task(tasks.pop(record.job))
                console.print(_line(record), soft_wrap=True)
                return
            if record.job not in tasks:
                tasks[record.job] = display.add_task("begins", total=None, job=record.job)
            if stats is not None:
                total = stats.total_rows if stats.status is None else None
                display.update(tasks[record.job], total=total, completed=stats.rows, description=describe(stats))

        yield show


def _records(console: LogLines) -> Callable[[JobProgress], None]:
    """Write a record as a job begins, and one with its parts when it is over."""
    begun: set[str] = set()

    def show(progress: JobProgress) -> None:
        record = progress.record
        if record.outcome in _OVER:
            level = logging.INFO if record.error is None else logging.ERROR
            told = {name: getattr(record, name) for name in ("job", "outcome", "rows", "retries", "destination")}
            error = None if record.error is None else asdict(record.error)
            console.write(level, _line(record), **told, seconds=_seconds(record), error=error)
        elif record.job not in begun:
            begun.add(record.job)
            console.write(logging.INFO, f"{record.job}: begins", job=record.job)

    return show


def _lines(console: Console) -> Callable[[JobProgress], None]:
    if isinstance(console, LogLines):
        return _records(console)
    last: dict[str, float] = {}

    def show(progress: JobProgress) -> None:
        record, now = progress.record, time.monotonic()
        if record.outcome in _OVER:
            console.print(_line(record), soft_wrap=True)
        elif record.job not in last:
            last[record.job] = now
            console.print(f"{record.job}: begins", soft_wrap=True)
        elif progress.stats is not None and now - last[record.job] >= LINE_SECONDS:
            last[record.job] = now
            console.print(f"{record.job}: {describe(progress.stats)}", soft_wrap=True)

    return show


def _line(record: JobRecord) -> str:
    """Say in a line what became of a job."""
    if record.error is not None:
        code = f" [{record.error.code}]" if record.error.code else ""
        hint = f" {record.error.hint}" if record.error.hint else ""
        return f"{record.job}: failed: {record.error.kind}{code}: {record.error.message}{hint}"
    rows = "" if record.rows is None else f", {count(record.rows)}"
    seconds = f" in {clock(_seconds(record))}" if record.outcome == "done" else ""
    return f"{record.job}: {record.outcome}{rows}{seconds} → {record.destination}"


def _seconds(record: JobRecord) -> float:
    if record.started is None or record.ended is None:
        return 0.0
    return (record.ended - record.started).total_seconds()


def print_run(console: Console, done: RunRecord, *, quiet: bool, table: bool) -> None:
    """Sum a run up, its jobs as a table on standard output; quiet, only what failed is told."""
    failed = [each for each in done.jobs if each.error is not None]
    if quiet:
        for each in failed:
            console.print(_line(each), soft_wrap=True)
        return
    if table:
        headers = ("JOB", "OUTCOME", "ROWS", "MB", "TIME", "DESTINATION")
        print_table(headers, [_row(each) for each in done.jobs])
    by_outcome = {
        outcome: sum(each.outcome == outcome for each in done.jobs) for outcome in ("done", "skipped", "failed")
    }
    said = ", ".join(f"{number} {outcome}" for outcome, number in by_outcome.items() if number)
    console.print(f"{count(len(done.jobs), 'job')}: {said}. Run {done.id}.", soft_wrap=True)


def _row(record: JobRecord) -> tuple[str, ...]:
    return (
        record.job,
        record.outcome,
        "" if record.rows is None else f"{record.rows:,}",
        "" if record.written_bytes is None else f"{record.written_bytes / MB:,.1f}",
        clock(_seconds(record)),
        record.destination or "",
    )


def run_as_json(done: RunRecord) -> dict[str, Any]:
    """Describe a run for a program, as its record is."""
    from mstr_arrow.jobs.records.record_json import run_as_json as described  # noqa: PLC0415 - only where jobs are

    return described(done)


def print_plan(planned: Sequence[Planned]) -> None:
    """Show what a run would do, with what its jobs did the last time."""
    headers = ("JOB", "OBJECT", "LAST ROWS", "LAST MB", "LAST TIME", "DESTINATION")
    print_table(headers, [_row_of(each) for each in planned])


def _row_of(each: Planned) -> tuple[str, ...]:
    last = each.last
    what = each.problem or each.object
    if last is None:
        return (each.job, what, "", "", "", each.destination or "")
    row = _row(last)
    return (each.job, what, row[2], row[3], row[4], each.destination or "")


def plan_as_json(planned: Sequence[Planned]) -> list[dict[str, Any]]:
    """Describe what a run would do, for a program."""
    return [
        {
            "job": each.job,
            "object": each.object,
            "object_id": each.object_id,
            "kind": each.kind,
            "destination": each.destination,
            "problem": each.problem,
            "last": None
            if each.last is None
            else {
                "rows": each.last.rows,
                "bytes": each.last.written_bytes,
                "seconds": round(_seconds(each.last), 3),
                "started": each.last.started and each.last.started.isoformat(),
            },
        }
        for each in planned
    ]

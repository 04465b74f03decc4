"""``mstr-arrow runs``: what the last runs of a file of jobs did."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from mstr_arrow.cli.options import common
from mstr_arrow.cli.render.errors import show_errors
from mstr_arrow.cli.render.progress import clock
from mstr_arrow.cli.render.streams import Terminal
from mstr_arrow.cli.render.tables import print_json, print_table
from mstr_arrow.jobs.records.history import state_of
from mstr_arrow.jobs.records.past import Runs
from mstr_arrow.jobs.records.past import runs as past_runs
from mstr_arrow.jobs.records.record import JobRecord, RunRecord
from mstr_arrow.jobs.records.record_json import run_as_json

HEADERS = ("STARTED", "JOB", "OUTCOME", "ROWS", "TIME", "RETRIES", "DESTINATION", "RUN")


def runs(
    file: Annotated[
        Path, typer.Argument(metavar="JOBS.toml", help="The file of jobs, or the folder of its records.")
    ] = Path("jobs.toml"),
    *,
    job: Annotated[str | None, typer.Option(metavar="NAME", help="Show what became of this job only.")] = None,
    last: Annotated[int, typer.Option(metavar="N", min=1, help="How many runs to show.")] = 10,
    json: common.Json = False,
    verbose: common.Verbose = False,
) -> None:
    """Show what the last runs of a file of jobs did, newest first; what failed is told below, with its hint."""
    console = Terminal(stderr=True)
    with show_errors(console, verbose=verbose):
        found = past_runs(file, job=job, last=last)
        if json:
            print_json([_as_json(run) for run in found])
        elif found:
            print_table(HEADERS, [row for run in found for row in _rows(run)])
        for note in () if json else _notes(found):
            console.print(note, soft_wrap=True)
        if not found:
            console.print(f"No run is on record in {found.folder}.", soft_wrap=True)


def _as_json(run: RunRecord) -> dict[str, Any]:
    told = run_as_json(run)
    for job in told["jobs"]:
        del job["schema"]  # its columns tell it to a person
    return told | {"state": state_of(run)}


def _rows(run: RunRecord) -> Iterator[tuple[str, ...]]:
    """Give a row for each job, and one for a run that came to none."""
    started = f"{run.started.astimezone():%Y-%m-%d %H:%M}"
    if not run.jobs:
        yield started, "", state_of(run), "", "", "", "", run.id
    for each in run.jobs:
        outcome = state_of(run) if each.outcome == "running" else each.outcome
        rows = "" if each.rows is None else f"{each.rows:,}"
        yield started, each.job, outcome, rows, _time(each), str(each.retries or ""), each.destination or "", run.id
        started = ""


def _time(record: JobRecord) -> str:
    if record.started is None or record.ended is None:
        return ""
    return clock((record.ended - record.started).total_seconds())


def _notes(found: Runs) -> Iterator[str]:
    """Say below the table what went wrong, and what changed."""
    for run in found:
        started = f"{run.started.astimezone():%Y-%m-%d %H:%M}"
        for each in run.jobs:
            if each.error is not None:
                code = f" [{each.error.code}]" if each.error.code else ""
                hint = f" {each.error.hint}" if each.error.hint else ""
                yield f"{started} {each.job}: {each.error.kind}{code}: {each.error.message}{hint}"
            elif each.changes:
                yield f"{started} {each.job}: {'; '.join(map(str, each.changes))}."
        state = state_of(run)
        if state == "killed":
            yield f"{started}: the run was killed: its process ended without a word. The next one goes on."
        elif state == "interrupted":
            yield f"{started}: the run was ended by {'SIGTERM' if run.end == 'terminated' else 'Ctrl-C'}."
        elif state == "running":
            yield f"{started}: the run is under way, as process {run.pid} on {run.host}."

"""Run a file of jobs, or say what a run would do: the public calls."""

from __future__ import annotations

import os
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mstr_arrow import background
from mstr_arrow.errors import MstrError, UsageError
from mstr_arrow.extract.destination import folder_at
from mstr_arrow.files.sinks import in_thread
from mstr_arrow.jobs.definition.jobs_file import read_jobs
from mstr_arrow.jobs.definition.templates import Values
from mstr_arrow.jobs.endings import TERMINATED
from mstr_arrow.jobs.lock import hold_lock
from mstr_arrow.jobs.planning import plan_jobs
from mstr_arrow.jobs.records.history import Records, new_run
from mstr_arrow.jobs.runner import Runner, moment_of
from mstr_arrow.jobs.servers import open_server
from mstr_arrow.jobs.sessions import Sessions
from mstr_arrow.jobs.tasks import task_of
from mstr_arrow.names import suggestion
from mstr_arrow.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import date
    from pathlib import Path

    from mstr_arrow.connection import Connection
    from mstr_arrow.events import OnEvent
    from mstr_arrow.jobs.definition.file_model import Job
    from mstr_arrow.jobs.definition.jobs_file import JobsFile
    from mstr_arrow.jobs.one_job import OnProgress
    from mstr_arrow.jobs.planning import Planned
    from mstr_arrow.jobs.records.record import RunRecord

    Default = Callable[[int | None], AbstractAsyncContextManager[Connection]]
    """Opens the server of jobs that name none, with so many requests at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChoice:
    """Choices for a run beside its file: see `run`."""

    only: Sequence[str] = ()
    day: date | None = None
    if_changed: bool = False
    anew: bool = False
    default: Default | None = None
    on_progress: OnProgress | None = None
    on_event: OnEvent | None = None


def run(
    file: str | os.PathLike[str],
    *,
    only: str | Sequence[str] = (),
    day: date | None = None,
    if_changed: bool = False,
    anew: bool = False,
    connection: Connection | None = None,
    on_progress: OnProgress | None = None,
) -> RunRecord:
    """Run the jobs of a file, and return the record of the run; needs the extra ``jobs``.

    ``only`` names the jobs to run, by default all; ``day`` is the date of ``{today}``, by default this day's.
    ``if_changed`` runs only jobs whose cubes were published since the last run, whatever the file says. An
    interrupted run is continued, unless ``anew`` is set. ``connection`` is for jobs that name no server, and stays
    open.

    A job that fails does not end the others, and raises nothing: its record holds the error. Raises UsageError that
    lists all mistakes in the file; RunLocked if another run has not ended; FileError.
    """
    return background.run(_run(file, _choice(only, day, connection, on_progress, if_changed=if_changed, anew=anew)))


async def run_async(
    file: str | os.PathLike[str],
    *,
    only: str | Sequence[str] = (),
    day: date | None = None,
    if_changed: bool = False,
    anew: bool = False,
    connection: Connection | None = None,
    on_progress: OnProgress | None = None,
) -> RunRecord:
    """Run the jobs of a file as `run` does, without blocking the event loop."""
    choice = _choice(only, day, connection, on_progress, if_changed=if_changed, anew=anew)
    return await background.bridge(_run(file, choice))


def run_with(file: str | os.PathLike[str], choice: RunChoice) -> RunRecord:
    """Run the jobs of a file as `run` does, with another way to the server of jobs that name none."""
    return background.run(_run(file, choice))


def note_terminated(file: str | os.PathLike[str]) -> None:
    """Note that it was SIGTERM that ended the last run, and not Ctrl-C; the runner sees no difference."""
    records = Records(read_jobs(file).records)
    for run in records.runs(1):
        records.write(replace(run, end="terminated", exit_code=TERMINATED))


def plan_with(file: str | os.PathLike[str], choice: RunChoice) -> list[Planned]:
    """Return the plan of a run; objects are found, and nothing is read. Errors: those of `run`."""
    return background.run(_plan(file, choice))


def _choice(
    only: str | Sequence[str],
    day: date | None,
    connection: Connection | None,
    on_progress: OnProgress | None,
    *,
    if_changed: bool,
    anew: bool,
) -> RunChoice:
    return RunChoice(
        only=[only] if isinstance(only, str) else only,
        day=day,
        if_changed=if_changed,
        anew=anew,
        default=None if connection is None else lambda _: nullcontext(connection),
        on_progress=on_progress,
    )


async def _run(file: str | os.PathLike[str], choice: RunChoice) -> RunRecord:
    jobs_file = await in_thread(read_jobs, file)
    jobs = choose_jobs(jobs_file, choice)
    values = Values(moment_of(choice.day, jobs_file.content.run.timezone), os.environ)
    record = new_run(jobs_file.path, __version__)
    with hold_lock(jobs_file.records, record):
        async with sessions_of(jobs_file, choice, values, jobs_file.records) as sessions:
            runner = Runner(
                how=jobs_file.content.run,
                folder=jobs_file.path.parent.absolute(),
                run=record,
                records=Records(jobs_file.records),
                sessions=sessions,
                values=values,
                on_progress=choice.on_progress or (lambda _: None),
                anew=choice.anew,
            )
            return await runner.all(jobs)


async def _plan(file: str | os.PathLike[str], choice: RunChoice) -> list[Planned]:
    jobs_file = await in_thread(read_jobs, file)
    jobs = choose_jobs(jobs_file, choice)
    values = Values(moment_of(choice.day, jobs_file.content.run.timezone), os.environ)
    async with sessions_of(jobs_file, choice, values, None) as sessions:
        folder = jobs_file.path.parent.absolute()
        return await plan_jobs(jobs, sessions, Records(jobs_file.records), values, folder)


def choose_jobs(file: JobsFile, choice: RunChoice) -> Mapping[str, Job]:
    """Return the jobs that are wanted, as they are wanted; errors: UsageError with near names."""
    for name in choice.only:
        if name not in file.jobs:
            raise UsageError(f"{file.path} has no job {name!r}.", hint=suggestion(name, list(file.jobs)))
    wanted = {name: job for name, job in file.jobs.items() if not choice.only or name in choice.only}
    if choice.if_changed:
        wanted = {name: job.model_copy(update={"if_changed": True}) for name, job in wanted.items()}
    return wanted


def sessions_of(file: JobsFile, choice: RunChoice, values: Values, noted: Path | None) -> Sessions:
    """Return the sessions of a run, none of which is open yet; they will be noted in a folder, if one is given."""
    how = file.content.run
    requests = how.requests_at_once and max(1, how.requests_at_once // how.sessions)
    folder = file.path.parent.absolute()
    only_one = next(iter(file.content.servers), None)

    def open_by_name(name: str | None) -> AbstractAsyncContextManager[Connection]:
        name = name or only_one
        if name is not None:
            server = file.content.servers[name]
            return open_server(name, server, folder=folder, requests=requests, on_event=choice.on_event)
        if choice.default is None:
            raise UsageError(
                f"{file.path} names no server.",
                hint='Write it there, as in [servers.bi], and below it url = "…" or profile = "…".',
            )
        return choice.default(requests)

    return Sessions(open_by_name, how.sessions, noted, lambda: _read_unfinished(file, values))


def _read_unfinished(file: JobsFile, values: Values) -> Iterator[Path]:
    """Give the private files of extractions that may not be whole, of all jobs, whichever are wanted."""
    folder = file.path.parent.absolute()
    for name, job in file.jobs.items():
        if isinstance(job.destination, str) and job.include:
            above = (folder / job.destination.partition("{")[0].rstrip("/")).parent
            yield from above.glob("*/.*.extracting/.private.json")
            yield from above.glob(".*.extracting/.private.json")
            continue
        with suppress(MstrError):  # of what is wrong the job itself will tell
            target = task_of(name, job, values, folder).target
            if target.way == "extract":
                yield folder_at(target.place).private

"""A run of a file of jobs: some at a time are done, and what became of each is noted when it is over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mstr_arrow.errors import UsageError
from mstr_arrow.files.sinks import in_thread
from mstr_arrow.jobs.current import during
from mstr_arrow.jobs.endings import INTERRUPTED, exit_code
from mstr_arrow.jobs.one_job import JobExecution, Progress, as_failed, is_still_there
from mstr_arrow.jobs.records.record import JobRecord
from mstr_arrow.jobs.tasks import find_tasks, task_of
from mstr_arrow.telemetry import span

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mstr_arrow.jobs.definition.file_model import Job, Run
    from mstr_arrow.jobs.definition.templates import Values
    from mstr_arrow.jobs.one_job import OnProgress
    from mstr_arrow.jobs.records.history import Records
    from mstr_arrow.jobs.records.record import RunRecord
    from mstr_arrow.jobs.sessions import Sessions
    from mstr_arrow.jobs.tasks import Task


@dataclass(slots=True, kw_only=True)
class Runner:
    """Does the jobs of a file, whose paths begin at ``folder``; on the background loop only.

    ``anew`` does again what a run that was ended before its end has done.
    """

    how: Run
    folder: Path
    run: RunRecord
    records: Records
    sessions: Sessions
    values: Values
    on_progress: OnProgress
    anew: bool = False
    _former: Mapping[str, JobRecord] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def all(self, jobs: Mapping[str, Job]) -> RunRecord:
        """Do the jobs; note what becomes of each, and of the run. Returns the record."""
        with during(run=self.run.id), span("mstr_arrow.run", {"mstr_arrow.run": self.run.id}):
            return await self._all(jobs)

    async def _all(self, jobs: Mapping[str, Job]) -> RunRecord:
        await in_thread(self.records.begin, self.run)
        self._former = {} if self.anew else await in_thread(self._read_done)
        places = asyncio.Semaphore(self.how.jobs_at_once)
        try:
            async with asyncio.TaskGroup() as group:
                for name, job in jobs.items():
                    group.create_task(self._job(name, job, places, group))
        except BaseException:
            self.run = replace(self.run, ended=datetime.now(UTC), end="interrupted", exit_code=INTERRUPTED)
            self.records.write(self.run)
            raise
        code = exit_code(self.run.jobs)
        self.run = replace(self.run, ended=datetime.now(UTC), end="finished", exit_code=code)
        await in_thread(self.records.write, self.run)
        return self.run

    def _read_done(self) -> dict[str, JobRecord]:
        """Return the records of a run that was ended before its end, as far as this one goes on with it."""
        within = timedelta(seconds=self.how.go_on_within)
        others = [each for each in self.records.runs(5) if each.id != self.run.id and each.file == self.run.file]
        former = max(others, key=lambda each: each.started, default=None)
        if former is None or former.end == "finished":
            return {}
        over = (each for each in former.jobs if each.outcome in {"done", "skipped"})
        return {each.job: each for each in over if each.ended and self.run.started - each.ended <= within}

    async def _job(self, name: str, job: Job, places: asyncio.Semaphore, group: asyncio.TaskGroup) -> None:
        """Do a job of one object, or find its objects and have each done."""
        try:
            if job.include:
                async with places:
                    connection = await self.sessions.connection(job.server, job.project)
                    tasks = await find_tasks(name, job, self.values, self.folder, connection)
            else:
                tasks = [task_of(name, job, self.values, self.folder)]
            for task in tasks:
                self._claim(task)
        except Exception as error:  # noqa: BLE001 - a job that fails does not end the others
            await self._note(as_failed(JobRecord(job=name, started=datetime.now(UTC)), error))
            return
        for task in tasks:
            group.create_task(self._do(task, places))

    def _claim(self, task: Task) -> None:
        """Refuse that two jobs write to the same place; errors: UsageError."""
        other = self._places.setdefault(str(task.target), task.name)
        if other != task.name:
            raise UsageError(
                f"{other!r} and {task.name!r} would both be written to {str(task.target)!r}.",
                hint="Give each a destination of its own.",
            )

    async def _do(self, task: Task, places: asyncio.Semaphore) -> None:
        before = self._former.get(task.name)
        if before is not None and is_still_there(task, before):
            await self._note(replace(before, outcome="skipped"))
            return
        async with places:
            record = JobRecord(
                job=task.name,
                object=task.object,
                destination=str(task.target),
                asked=task.asked,
                started=datetime.now(UTC),
            )
            await self._note(record)
            execution = JobExecution(task, record, self.sessions, self.records, self.folder, self.on_progress)
            try:
                record = await execution.run()
            except asyncio.CancelledError:
                record = replace(execution.record, outcome="interrupted", ended=datetime.now(UTC))
                self.run = self.run.with_job(record)
                raise
            await self._note(record)

    async def _note(self, record: JobRecord) -> None:
        self.run = self.run.with_job(record)
        async with self._writing:  # one after the other, or an older state could be the last
            await in_thread(self.records.write, self.run)
        self.on_progress(Progress(record))


def moment_of(day: date | None, zone: str | None) -> datetime:
    """Return the moment that a run is for: now, or now o'clock on another day. Errors: UsageError for no zone."""
    try:
        now = datetime.now(UTC).astimezone(None if zone is None else ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(
            f"there is no time zone {zone!r}.", hint='Write it like timezone = "Europe/Paris".'
        ) from None
    return now if day is None else now.replace(year=day.year, month=day.month, day=day.day)

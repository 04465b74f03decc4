"""One job of a run: its object is found and read, and written to its place; again where what failed may pass."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import stamina

from mstr_arrow.errors import MstrError
from mstr_arrow.files.sinks import in_thread
from mstr_arrow.instances.freshness import fetch_publication
from mstr_arrow.jobs.asking import ask, open_object
from mstr_arrow.jobs.column_check import check_columns
from mstr_arrow.jobs.current import during
from mstr_arrow.jobs.definition.file_wording import in_words_of_the_file
from mstr_arrow.jobs.endings import may_pass, wait_before
from mstr_arrow.jobs.increments import mark_before
from mstr_arrow.jobs.keeping import drop_former
from mstr_arrow.jobs.records.record import JobRecord, error_record
from mstr_arrow.jobs.writing import write
from mstr_arrow.session.session_client import client_of
from mstr_arrow.telemetry import count, measure, span

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mstr_arrow.catalog.object_info import ObjectInfo
    from mstr_arrow.connection import Connection
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.jobs.records.history import Records
    from mstr_arrow.jobs.records.record import Mark, Stage
    from mstr_arrow.jobs.sessions import Sessions
    from mstr_arrow.jobs.tasks import Task
    from mstr_arrow.scan.scan import Scan

    OnProgress = Callable[["Progress"], object]

logger = logging.getLogger("mstr_arrow")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: what is known of it, and of its read while that is under way."""

    record: JobRecord
    stats: ScanStats | None = None


@dataclass(slots=True)
class JobExecution:
    """A job of one object that is being done; ``record`` is what is known so far.

    Files that it names are looked for from ``folder`` on.
    """

    task: Task
    record: JobRecord
    sessions: Sessions
    records: Records
    folder: Path
    on_progress: OnProgress

    async def run(self) -> JobRecord:
        """Do the job, and return what became of it, whatever went wrong."""
        began = time.monotonic()
        told = {"mstr_arrow.job": self.task.name, "mstr_arrow.destination": str(self.task.target)}
        with during(job=self.task.name), span("mstr_arrow.job", told) as made:
            try:
                await self._try()
            except Exception as error:
                if not isinstance(error, MstrError | OSError):
                    logger.exception("the job %r failed in a way that nobody expected", self.task.name)
                made.fail(error)
                self.record = as_failed(self.record, error)
            made.note({"mstr_arrow.outcome": self.record.outcome, "mstr_arrow.rows": self.record.rows})
        count("mstr_arrow.jobs", 1, {"mstr_arrow.outcome": self.record.outcome})
        measure("mstr_arrow.job.duration", time.monotonic() - began, {"mstr_arrow.job": self.task.name})
        return self.record

    async def _try(self) -> None:
        job, failures = self.task.job, 0

        def wait(error: Exception) -> bool | float:
            nonlocal failures
            failures += 1
            if not may_pass(error):
                return False
            logger.warning("the job %r failed, and is tried again: %s", self.task.name, error)
            return wait_before(error, failures, job.pause)

        async for attempt in stamina.retry_context(on=wait, attempts=job.attempts, timeout=None):
            with attempt:
                self.record = replace(self.record, attempts=attempt.num)
                await self._once()

    async def _once(self) -> None:
        task, job = self.task, self.task.job
        began = time.monotonic()
        connection = await self.sessions.connection(job.server, job.project)
        found = await connection.find_async(task.object, job.kind)
        await self._tell(connection, found)
        opened = await open_object(connection, found, job, task.values)
        began = self._stage("find", began)
        if job.refresh and "refresh" not in self.record.seconds:  # a former attempt may have had it published
            await opened.refresh_async()  # type: ignore[union-attr]  # reports were refused
            began = self._stage("refresh", began)
        if task.target.way != "extract" and await self._is_current(connection, found):
            self.record = replace(self.record, outcome="skipped", ended=datetime.now(UTC))
            return
        mark = await self._mark(found)
        self.record = replace(self.record, mark=mark)
        scan = ask(opened, job, task.values, self.folder, mark)
        if task.target.way != "extract":  # which compares them with those of the folder
            await self._check_columns(scan)
        self.record = await write(scan, job, task.target, self.record, self._show)
        self._stage("read", began)
        if self.record.outcome == "done":
            await in_thread(drop_former, task, self.folder)
        self.record = replace(self.record, ended=datetime.now(UTC))

    async def _tell(self, connection: Connection, found: ObjectInfo) -> None:
        """Note what was found, and tell of it."""
        http = client_of(connection).http
        project = await http.require_project()
        self.record = replace(
            self.record,
            object=found.name,
            object_id=found.id,
            kind=found.kind,
            project=project.name,
            server=http.own.base,
        )
        self.on_progress(Progress(self.record))

    async def _is_current(self, connection: Connection, found: ObjectInfo) -> bool:
        """Note when the data were published, and tell whether the last run has written them to this place."""
        kind = "report" if found.kind == "report" else "cube"
        published = await fetch_publication(client_of(connection).http, kind, found.id)
        self.record = replace(self.record, data_time=published.moment, why_no_data_time=published.why_not)
        if not self.task.job.if_changed or published.moment is None:
            return False
        last = await in_thread(self.records.last, self.task.name)
        return last is not None and last.data_time == published.moment and is_still_there(self.task, last)

    async def _mark(self, found: ObjectInfo) -> Mark | None:
        """Return up to where the last run has read the same and written it to the same place."""
        last = await in_thread(self.records.last, self.task.name)
        same = last is not None and last.object_id == found.id and is_still_there(self.task, last)
        return await in_thread(mark_before, self.task.job, self.task.target, last if same else None)

    async def _check_columns(self, scan: Scan) -> None:
        """Note how the columns changed since the last run; errors: SchemaChanged, before anything is written."""
        last = await in_thread(self.records.last, self.task.name)
        mode, adds = self.task.job.schema_mode, self.task.target.way != "adbc"
        now = await scan.schema_async()
        changes = check_columns(last, now, mode, asked=self.task.asked, adds=adds)
        self.record = replace(self.record, changes=changes)

    def _stage(self, stage: Stage, began: float) -> float:
        """Note how long a stage took, all attempts together; return the time now."""
        now = time.monotonic()
        spent = self.record.seconds.get(stage, 0.0) + now - began
        self.record = replace(self.record, seconds={**self.record.seconds, stage: round(spent, 3)})
        return now

    def _show(self, stats: ScanStats) -> None:
        self.on_progress(Progress(self.record, stats))


def is_still_there(task: Task, before: JobRecord) -> bool:
    """Tell whether a former run has written what a job asks for now to where it is wanted."""
    path = task.target.path
    return (
        before.destination == str(task.target)
        and before.asked == task.asked
        and (path is None or os.path.lexists(path))
    )


def as_failed(record: JobRecord, error: Exception) -> JobRecord:
    """Return the record of a job that failed; what the error names is named as the file does."""
    if isinstance(error, MstrError):
        in_words_of_the_file(error)
    return replace(record, outcome="failed", ended=datetime.now(UTC), error=error_record(error))

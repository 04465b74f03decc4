"""The plan of a run: what it would do, and how much it was the last time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.errors import MstrError
from mstr_arrow.files.sinks import in_thread
from mstr_arrow.jobs.tasks import find_tasks, task_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mstr_arrow.jobs.definition.file_model import Job
    from mstr_arrow.jobs.definition.templates import Values
    from mstr_arrow.jobs.records.history import Records
    from mstr_arrow.jobs.records.record import JobRecord
    from mstr_arrow.jobs.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A job as a run would do it, and where it would go; ``last`` is what the job did when it was done last.

    ``problem`` says why nothing can be read; the object is then as the file names it.
    """

    job: str
    object: str
    object_id: str | None = None
    kind: str | None = None
    destination: str | None = None
    problem: str | None = None
    last: JobRecord | None = None


async def plan_jobs(
    jobs: Mapping[str, Job], sessions: Sessions, records: Records, values: Values, folder: Path
) -> list[Planned]:
    """Find the objects of all jobs, and read none of them."""
    planned: list[Planned] = []
    for name, job in jobs.items():
        try:
            connection = await sessions.connection(job.server, job.project)
            if job.include:
                tasks = await find_tasks(name, job, values, folder, connection)
            else:
                tasks = [task_of(name, job, values, folder)]
            lasts = await in_thread(records.lasts, [task.name for task in tasks])
            for task in tasks:
                found = await connection.find_async(task.object, job.kind)
                planned.append(
                    Planned(
                        job=task.name,
                        object=found.name,
                        object_id=found.id,
                        kind=found.kind,
                        destination=str(task.target),
                        last=lasts.get(task.name),
                    )
                )
        except MstrError as error:
            planned.append(Planned(job=name, object=job.object or ", ".join(job.include), problem=str(error)))
    return planned

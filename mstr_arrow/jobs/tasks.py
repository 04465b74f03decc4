"""The objects of a job: one that is named, or all that patterns fit; each has its place to be written to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.jobs.definition.targets import Target, target_of, with_safe_name
from mstr_arrow.names import matcher

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mstr_arrow.catalog.object_info import ObjectInfo
    from mstr_arrow.connection import Connection
    from mstr_arrow.jobs.definition.file_model import Job
    from mstr_arrow.jobs.definition.templates import Values

_ASKED = {
    *("columns", "aggregate", "where", "having", "sort", "head", "prompts", "pages", "all_pages", "parameters"),
    *("layout", "subtotals", "values", "forms", "column_types", "on_bad_value", "row_counts"),
}


@dataclass(frozen=True, slots=True)
class Task:
    """One object of a job: ``name`` is the job's, with the object's behind it where the job has several."""

    name: str
    job: Job
    object: str
    values: Values
    target: Target

    @property
    def asked(self) -> str:
        """A key that is equal where the same is asked for as the last time, whatever day it is."""
        said = self.job.model_dump(mode="json", include=_ASKED)
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def safe_values(self) -> Values:
        """Values for the braces in the destination: names of objects as names of files."""
        return with_safe_name(self.values)


def task_of(name: str, job: Job, values: Values, folder: Path) -> Task:
    """Return the task of a job that names its object; errors: UsageError."""
    what = str(job.object)
    named = replace(values, job=name, object=what)
    return Task(name, job, what, named, target_of(job, named, folder))


async def find_tasks(name: str, job: Job, values: Values, folder: Path, connection: Connection) -> list[Task]:
    """Find the objects of a job by its patterns, each once; errors: UsageError where there are none."""
    found: dict[str, ObjectInfo] = {}
    for pattern in job.include:
        listed: Sequence[ObjectInfo] = await connection.objects_async(pattern, job.kind)
        for each in listed:
            if each.kind is not None and not any(matcher(left_out)(each.name) for left_out in job.exclude):
                found[each.id] = each
    if not found:
        raise UsageError(
            f"no {job.kind or 'object'} has a name like {' or '.join(map(repr, job.include))}"
            f"{' that is not excluded' if job.exclude else ''}.",
            hint="* stands for any text, ? for one letter; objects that this login may not see are not there.",
        )
    tasks = []
    for each in found.values():
        named = replace(values, job=name, object=each.name)
        tasks.append(Task(f"{name}/{each.name}", job, each.id, named, target_of(job, named, folder)))
    return tasks

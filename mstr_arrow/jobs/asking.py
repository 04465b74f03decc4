"""From a job and a connection to the scan of what it asks for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError
from mstr_arrow.grid.type_names import read_type
from mstr_arrow.jobs.definition.templates import fill_in
from mstr_arrow.jobs.increments import since
from mstr_arrow.objects.report import Report
from mstr_arrow.prompts.collection import Answers, load
from mstr_arrow.prompts.plain import from_plain
from mstr_arrow.query.sql_conditions import from_sql

if TYPE_CHECKING:
    from pathlib import Path

    from mstr_arrow.catalog.object_info import ObjectInfo
    from mstr_arrow.connection import Connection
    from mstr_arrow.fetch.read_options import ScanOptions
    from mstr_arrow.jobs.definition.file_model import Job
    from mstr_arrow.jobs.definition.templates import Values
    from mstr_arrow.jobs.records.record import Mark
    from mstr_arrow.objects.cube import Cube
    from mstr_arrow.scan.scan import Scan

_ORDER = re.compile(r"(?P<name>.+?)\s+(?P<order>asc|desc)", re.IGNORECASE | re.DOTALL)
_LIMITS = ("concurrency", "page_rows", "page_bytes", "buffer_bytes")


async def open_object(connection: Connection, found: ObjectInfo, job: Job, values: Values) -> Cube | Report:
    """Open the object of a job, to be read as the job says; errors: UsageError for what its kind does not have."""
    how = _how(connection, job)
    if found.kind == "data model":
        parameters = _fill(job.parameters, values)
        return await connection.data_model_async(found.id, parameters=parameters, row_counts=job.row_counts, **how)
    kind = found.kind or "cube"
    _refuse(found, kind, {"parameters": bool(job.parameters)}, "data models")
    if found.kind != "report":
        return await connection.cube_async(found.id, row_counts=job.row_counts, **how)
    _refuse(found, kind, {"row_counts": job.row_counts, "refresh": job.refresh}, "cubes")
    return await connection.report_async(found.id, **how)


def ask(opened: Cube | Report, job: Job, values: Values, folder: Path, mark: Mark | None) -> Scan:
    """Make the scan of what a job asks for, or of what came of that since a ``mark``.

    Files of answers are looked for from ``folder`` on. Errors: UsageError.
    """
    scan: Scan = opened
    if isinstance(opened, Report):
        if job.prompts:
            opened = opened.prompts(_answers(job.prompts, values, folder))
        if job.pages:
            opened = opened.page_by(_fill(job.pages, values))
        scan = opened.expand_pages() if job.all_pages else opened
    elif job.prompts or job.pages or job.all_pages:
        raise UsageError(
            f"{opened.name!r} is no report, and only reports have prompts and pages.",
            hint="Drop prompts, pages and all_pages.",
        )
    if job.where:
        scan = scan.filter(*(from_sql(fill_in(each, values)) for each in job.where))
    scan = since(scan, job, mark)
    if job.aggregate:
        scan = scan.aggregate(*job.aggregate)
    if job.having:
        scan = scan.filter(*(from_sql(fill_in(each, values)) for each in job.having))
    if job.sort:
        keys = [_key(each) for each in job.sort]
        scan = scan.sort(*(name for name, _ in keys), descending=[descending for _, descending in keys])
    scan = scan if job.head is None else scan.head(job.head)
    return scan.select(*job.columns) if job.columns else scan


def _how(connection: Connection, job: Job) -> ScanOptions:
    given = {key: getattr(job, key) for key in _LIMITS if getattr(job, key) is not None}
    if job.polite:
        given |= {"polite": True}
    return {
        "limits": replace(connection.settings.limits, **given),
        "types": {name: read_type(text) for name, text in job.column_types.items()},
        "layout": job.layout,
        "subtotals": job.subtotals,
        "values": job.values,
        "forms": job.forms,
        "on_bad_value": job.on_bad_value,
        "consistency": job.consistency,
        "deadline": job.deadline,
    }


def _refuse(found: ObjectInfo, kind: str, given: dict[str, bool], others: str) -> None:
    for key, is_given in given.items():
        if is_given:
            raise UsageError(f"{found.name!r} is a {kind}, and {key} is for {others} only.", hint=f"Drop {key}.")


def _answers(prompts: dict[str, Any] | str, values: Values, folder: Path) -> Answers:
    if isinstance(prompts, str):
        return load(folder / fill_in(prompts, values))
    return Answers({name: from_plain(_fill(value, values), name) for name, value in prompts.items()})


def _fill(given: Any, values: Values) -> Any:
    """Fill in all texts of a value, but not names."""
    if isinstance(given, str):
        return fill_in(given, values)
    if isinstance(given, dict):
        return {name: _fill(value, values) for name, value in given.items()}
    return [_fill(each, values) for each in given] if isinstance(given, list) else given


def _key(text: str) -> tuple[str, bool]:
    match = _ORDER.fullmatch(text)
    return (match["name"], match["order"].lower() == "desc") if match else (text, False)

"""Rows since the last run: up to where that read, and where new rows can go so that none is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.jobs.held import highest_in
from mstr_arrow.jobs.records.record import Mark
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Collection

    from mstr_arrow.jobs.definition.file_model import Job
    from mstr_arrow.jobs.definition.targets import Target
    from mstr_arrow.jobs.records.record import JobRecord
    from mstr_arrow.query.since import Grown
    from mstr_arrow.scan.scan import Scan


def reads_again(column: str, mode: str | None, partition_by: Collection[str], overlap: object) -> bool:
    """Tell whether the rows at the former highest value are read once more; errors: UsageError.

    They are where that doubles nothing: rows are merged by keys, or replaced by whole partitions of ``column``.

    >>> reads_again("Day", "merge", (), "3 days"), reads_again("Day", "append", (), None)
    (True, False)
    """
    if mode == "merge":
        return True
    if mode == "replace_partitions":
        if column not in partition_by:
            raise UsageError(
                f"partitions are replaced, and {column!r}, of which only new values are read, is not among their "
                "columns: they would lose the rows of old values.",
                hint=naming(
                    "Name {column!r} among {Scan.write_parquet.partition_by}, or have a job merge rows by keys.",
                    column=column,
                ),
            )
        return True
    if mode == "append":
        if overlap is not None:
            raise UsageError(
                f"rows are appended, and an overlap of {overlap} reads some of them once more: they would be there "
                "twice.",
                hint=naming(
                    "{ways} Or leave the overlap away: rows that come late are not seen then.",
                    ways=_ways_out(column),
                ),
            )
        return False
    raise UsageError(
        f"only new rows of {column!r} are read, and they would be written in place of all that is there.",
        hint=naming("{ways} Or append, without an overlap.", ways=_ways_out(column)),
    )


def _ways_out(column: str) -> str:
    return naming(
        "Have whole partitions replaced, with {column!r} in {Scan.write_parquet.partition_by} and "
        '"replace_partitions" as {Scan.write_parquet.mode}; or have a job merge rows into a table, with mode = '
        '"merge" and the columns that tell rows apart as keys.',
        column=column,
    )


def since(scan: Scan, job: Job, mark: Mark | None) -> Scan:
    """Leave what came since the mark, of a job that asks for that; all without one."""
    if job.since is None:
        return scan
    again = reads_again(job.since, job.mode, job.partition_by, job.overlap)
    return scan.since(job.since, None if mark is None else mark.value, overlap=job.overlap, inclusive=again)


def mark_before(job: Job, target: Target, last: JobRecord | None) -> Mark | None:
    """Return up to where rows were read before, None where all are to be; errors: UsageError.

    That is on record of the ``last`` run that wrote the same there. Of what is appended the destination itself
    tells: a run that was killed after its rows were there, and before that was on record, would append them twice.
    """
    if job.since is None:
        return None
    if job.mode == "append":
        value = highest_in(target, job.since)
        return None if value is None else Mark(job.since, value)
    mark = None if last is None else last.mark
    return mark if mark is not None and mark.column == job.since else None


def mark_after(job: Job, before: Mark | None, highest: Grown | None) -> Mark | None:
    """Return up to where rows were read now: as before, where none came."""
    return before if job.since is None or highest is None else Mark(job.since, highest)

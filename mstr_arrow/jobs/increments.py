"""What came since the last run: up to where that read, and where new rows can go so that none is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mstr_arrow.errors import UsageError
from mstr_arrow.jobs.record import Mark

if TYPE_CHECKING:
    from collections.abc import Collection

    from mstr_arrow.jobs.model import Job
    from mstr_arrow.jobs.record import JobRecord
    from mstr_arrow.jobs.targets import Target
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
                hint=f"Partition by it, too: partition_by = {[*partition_by, column]}; or merge by keys.",
            )
        return True
    if mode == "append":
        if overlap is not None:
            raise UsageError(
                f"rows are appended, and an overlap of {overlap} reads some of them once more: they would be there "
                "twice.",
                hint=f"{_ways_out(column)} Or leave the overlap away: rows that come late are not seen then.",
            )
        return False
    raise UsageError(
        f"only new rows of {column!r} are read, and they would be written in place of all that is there.",
        hint=f"{_ways_out(column)} Or append, without an overlap.",
    )


def _ways_out(column: str) -> str:
    return (
        'A table takes it by mode = "merge" and keys = ["…"], the columns that tell rows apart; a folder by '
        f'partition_by = ["{column}"] and mode = "replace_partitions".'
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
        value = _highest_in(target, job.since)
        return None if value is None else Mark(job.since, value)
    mark = None if last is None else last.mark
    return mark if mark is not None and mark.column == job.since else None


def mark_after(job: Job, before: Mark | None, highest: Grown | None) -> Mark | None:
    """Return up to where rows were read now: as before, where none came."""
    return before if job.since is None or highest is None else Mark(job.since, highest)


def _highest_in(target: Target, column: str) -> Grown | None:
    """Return the highest value of a column in a destination; None where there is nothing yet.

    Errors: UsageError for destinations that are not looked into.
    """
    if target.path is not None and not target.path.exists():
        return None
    match target.way:
        case "parts" if target.path is not None:
            files = pl.scan_parquet(target.path / "**/*.parquet", hive_partitioning=True)
            return _value(files.select(pl.col(column).max()).collect())
        case "delta":
            import deltalake  # noqa: PLC0415 - an extra

            options = dict(target.options) or None
            if not deltalake.DeltaTable.is_deltatable(target.place, options):
                return None
            table = deltalake.DeltaTable(target.place, storage_options=options)
            query = deltalake.QueryBuilder().register("t", table)
            return _value(pl.DataFrame(query.execute(f"select max({_quoted(column)}) from t")))  # noqa: S608 - quoted
        case "duckdb":
            import duckdb  # noqa: PLC0415 - an extra

            with duckdb.connect(target.place, read_only=True) as database:
                found = database.sql(f"select max({_quoted(column)}) from {target.table}")  # noqa: S608 - quoted
                ((value,),) = found.fetchall()
                return value  # type: ignore[no-any-return]  # what the column holds
    raise UsageError(
        f"rows are appended to {target}, and up to where it has them is not looked up there.",
        hint='Write mode = "merge" and keys = ["…"], the columns that tell rows apart, into a table that merges.',
    )


def _value(frame: pl.DataFrame) -> Grown | None:
    value: Grown | None = frame.item()
    return value


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'

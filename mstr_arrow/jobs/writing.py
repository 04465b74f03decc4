"""Write what a job asks for to where it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import FileError
from mstr_arrow.files.sinks import in_thread
from mstr_arrow.jobs.increments import mark_after
from mstr_arrow.jobs.records.record import with_extraction, with_stats

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.jobs.definition.file_model import Job
    from mstr_arrow.jobs.definition.targets import Target
    from mstr_arrow.jobs.records.record import JobRecord
    from mstr_arrow.scan.scan import Scan

PART_BYTES = 256 * 10**6
"""Bytes of a part of a folder that is not gone on with, where the file says nothing."""


async def write(
    scan: Scan, job: Job, target: Target, record: JobRecord, on_progress: Callable[[ScanStats], None]
) -> JobRecord:
    """Write all rows, and return the record with what was done; missing folders are made."""
    if target.path is not None:
        await in_thread(_make_folder, target.path.parent)
    if target.way == "extract":
        return await _extract(scan, job, target, record, on_progress)
    stats = await _write(scan, job, target, on_progress)
    return replace(
        with_stats(record, stats),
        outcome="done",
        schema=await scan.schema_async(),
        written_bytes=await in_thread(lambda: _size(target)),
        mark=mark_after(job, record.mark, stats.highest),
    )


async def _extract(
    scan: Scan, job: Job, target: Target, record: JobRecord, on_progress: Callable[[ScanStats], None]
) -> JobRecord:
    done = await scan.extract_async(
        target.place,
        overwrite=True,
        if_changed=job.if_changed,
        on_change=job.on_change,
        schema_mode=job.schema_mode,
        verify=job.verify,
        part_rows=job.part_rows,
        part_bytes=job.part_bytes,
        compression=job.compression,
        row_group_rows=job.row_group_rows,
        on_progress=on_progress,
    )
    return with_extraction(replace(record, outcome="done"), done)


async def _write(scan: Scan, job: Job, target: Target, on_progress: Callable[[ScanStats], None]) -> ScanStats:
    parquet: dict[str, Any] = {"compression": job.compression, "row_group_rows": job.row_group_rows}
    if target.way == "parts":
        sizes: dict[str, Any] = {"part_rows": job.part_rows, "part_bytes": job.part_bytes}
        if job.part_rows is None and job.part_bytes is None:
            sizes["part_bytes"] = PART_BYTES
        adds = job.mode in {"append", "replace_partitions"}
        return await scan.write_parquet_async(
            target.place,
            partition_by=job.partition_by or None,
            mode=job.mode if adds else None,  # type: ignore[arg-type]  # one of these
            overwrite=not adds,
            on_progress=on_progress,
            **parquet,
            **sizes,
        )
    if target.way == "parquet":
        return await scan.write_parquet_async(target.place, on_progress=on_progress, **parquet)
    if target.way == "csv":
        return await scan.write_csv_async(target.place, on_progress=on_progress)
    if target.way == "arrow":
        return await scan.write_ipc_async(target.place, on_progress=on_progress)
    return await _into_table(scan, job, target, on_progress)


async def _into_table(scan: Scan, job: Job, target: Target, on_progress: Callable[[ScanStats], None]) -> ScanStats:
    """Write to a table, which is changed in one commit; the first run makes it."""
    how: dict[str, Any] = {
        "mode": "create_append" if job.mode == "append" else job.mode,
        "on_progress": on_progress,
    }
    if target.way != "iceberg":
        how["keys"] = job.keys
    if target.way == "adbc":
        return await scan.write_adbc_async(
            target.place, str(target.table), driver=target.driver, driver_options=target.options, **how
        )
    how["schema_mode"] = "add" if job.schema_mode == "add" else "fixed"
    if target.way == "duckdb":
        return await scan.write_duckdb_async(target.place, str(target.table), **how)
    how |= {"partition_by": job.partition_by, "storage_options": target.options or None}
    if target.way == "iceberg":
        return await scan.write_iceberg_async(target.place, **how)
    return await scan.write_delta_async(target.place, **how)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"the folder {str(folder)!r} cannot be made: {error.strerror}.",
            errno=error.errno,
            strerror=error.strerror,
            filename=str(folder),
            hint="Give another destination, or have it allowed.",
        ) from error


def _size(target: Target) -> int | None:
    """Return the bytes of what was written; None where it is not on this machine."""
    if target.path is None:
        return None
    if target.path.is_file():
        return target.path.stat().st_size
    return sum(each.stat().st_size for each in target.path.rglob("*") if each.is_file())

"""The jobs of a run as lines of a table, so that a year of runs is a table. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.arrays import make_table
from mstr_arrow.grid.shape import plain_type
from mstr_arrow.jobs.records.record import STAGES, VERSION
from mstr_arrow.jobs.records.record_json import mark_as_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.jobs.records.record import JobRecord, RunRecord

_TIME = pa.timestamp("us", "UTC")
_TEXTS = pa.list_(pa.string())

LINES = pa.schema(
    [
        ("form", pa.int32()),
        ("run", pa.string()),
        ("file", pa.string()),
        ("run_started", _TIME),
        ("job", pa.string()),
        ("outcome", pa.string()),
        ("object", pa.string()),
        ("object_id", pa.string()),
        ("kind", pa.string()),
        ("project", pa.string()),
        ("server", pa.string()),
        ("destination", pa.string()),
        ("asked", pa.string()),
        ("started", _TIME),
        ("ended", _TIME),
        ("attempts", pa.int32()),
        ("rows", pa.int64()),
        ("bytes", pa.int64()),
        ("wire_bytes", pa.int64()),
        ("written_bytes", pa.int64()),
        ("requests", pa.int64()),
        ("retries", pa.int64()),
        ("seconds", pa.float64()),
        *[(f"seconds_{stage}", pa.float64()) for stage in STAGES],
        ("parts", pa.list_(pa.struct({"name": "string", "rows": "int64", "bytes": "int64", "sha256": "string"}))),
        ("data_time", pa.string()),
        ("why_no_data_time", pa.string()),
        ("consistent", pa.string()),
        ("bad_values", pa.int64()),
        ("columns", pa.list_(pa.struct({"name": "string", "type": "string"}))),
        ("changes", _TEXTS),
        ("mark_column", pa.string()),
        ("mark_value", pa.string()),
        ("error", pa.string()),
        ("error_code", pa.string()),
        ("error_message", pa.string()),
        ("error_hint", pa.string()),
    ]
)
"""The columns; later versions only add to them."""


def lines_of(run: RunRecord) -> pa.Table:
    """Return a line for each job that is over."""
    return make_table([_line(run, each) for each in run.jobs if each.outcome != "running"], LINES)


def together(tables: Iterable[pa.Table]) -> pa.Table:
    """Put the lines of many runs below each other, of other versions, too: what one does not have is null."""
    return pa.concat_tables([pa.Table.from_batches([], LINES), *map(_as_now, tables)])


def _as_now(table: pa.Table) -> pa.Table:
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in LINES
    ]
    return pa.table(columns, schema=LINES)


def _line(run: RunRecord, record: JobRecord) -> dict[str, Any]:
    mark, error, schema = record.mark, record.error, record.schema
    over = None if None in {record.started, record.ended} else record.ended - record.started  # type: ignore[operator]  # none is None
    line: dict[str, Any] = {
        "form": VERSION,
        "run": run.id,
        "file": run.file,
        "run_started": run.started,
        "seconds": None if over is None else over.total_seconds(),
        **{f"seconds_{stage}": record.seconds.get(stage) for stage in STAGES},
        "parts": [
            {"name": each.name, "rows": each.rows, "bytes": each.bytes, "sha256": each.sha256}
            for each in record.parts
        ],
        "bad_values": sum(record.bad_values.values()),
        "columns": [{"name": each.name, "type": str(plain_type(each.type))} for each in schema or ()],
        "changes": list(map(str, record.changes)),
        "mark_column": mark and mark.column,
        "mark_value": mark and mark_as_json(mark)["value"],
        "error": error and error.kind,
        "error_code": error and error.code,
        "error_message": error and error.message,
        "error_hint": error and error.hint,
    }
    told = {name: getattr(record, name) for name in LINES.names if name not in line}
    return {name: _whole(value) for name, value in (told | line).items()}


def _whole(value: Any) -> Any:
    """Escape halves of characters, which JSON may hold, and columns may not."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, list):
        return list(map(_whole, value))
    return {name: _whole(each) for name, each in value.items()} if isinstance(value, dict) else value

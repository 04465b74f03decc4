"""The record of a run as JSON that a person can read, and back. Pure."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, fields
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from mstr_arrow.grid.shape import ColumnChange, plain_type
from mstr_arrow.jobs.records.record import VERSION, ErrorRecord, JobRecord, Mark, PartRecord, RunRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.jobs.records.record import Marked

T = TypeVar("T")

_MARKED: Mapping[str, tuple[type, Callable[[str], Marked]]] = {
    "datetime": (datetime, datetime.fromisoformat),  # before date, of which it is one
    "date": (date, date.fromisoformat),
    "integer": (int, int),
    "float": (float, float),
    "decimal": (Decimal, Decimal),
    "text": (str, str),
}
"""The values that a mark can have, by the word for them: their class, and what reads them."""


class NotARecord(Exception):
    """A file is no record of a run."""


def to_json(run: RunRecord) -> str:
    """Write down a run."""
    return json.dumps(run_as_json(run), indent=1) + "\n"


def run_as_json(run: RunRecord) -> dict[str, Any]:
    """Describe a run and its jobs."""
    told = {"about": "a run of jobs by mstr_arrow", "form": VERSION, **_plain(run)}
    return told | {"jobs": [job_as_json(each) for each in run.jobs]}


def job_as_json(record: JobRecord) -> dict[str, Any]:
    """Describe a job; its schema once as texts, for those who read it, and once so that it can be read back."""
    schema = record.schema
    return _plain(record) | {
        "parts": [asdict(each) for each in record.parts],
        "bad_values": dict(record.bad_values),
        "columns": None if schema is None else {field.name: str(plain_type(field.type)) for field in schema},
        "schema": None if schema is None else base64.b64encode(schema.serialize()).decode(),
        "changes": [{**asdict(each), "text": str(each)} for each in record.changes],
        "mark": None if record.mark is None else mark_as_json(record.mark),
        "error": None if record.error is None else asdict(record.error),
    }


def mark_as_json(mark: Mark) -> dict[str, str]:
    """Describe the highest value that was seen of a column."""
    word = next(word for word, (kind, _) in _MARKED.items() if isinstance(mark.value, kind))
    value = mark.value.isoformat() if isinstance(mark.value, date) else str(mark.value)
    about = "the next run reads what came after it; what was deleted on the server is not seen"
    return {"column": mark.column, "type": word, "value": value, "about": about}


def read_run(text: bytes) -> RunRecord:
    """Read what `to_json` wrote, in this version of the package or another; errors: NotARecord."""
    try:
        told = json.loads(text)
        jobs = tuple(map(_read_job, told["jobs"]))
        return _make_record(
            RunRecord, told, jobs=jobs, started=_moment(told["started"]), ended=_moment(told.get("ended"))
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, pa.ArrowException) as error:
        raise NotARecord(f"it is no record of a run: {type(error).__name__}") from error


def _read_job(told: Mapping[str, Any]) -> JobRecord:
    schema, mark, error = told.get("schema"), told.get("mark"), told.get("error")
    return _make_record(
        JobRecord,
        told,
        started=_moment(told.get("started")),
        ended=_moment(told.get("ended")),
        parts=tuple(_make_record(PartRecord, each) for each in told.get("parts", ())),
        schema=None if schema is None else pa.ipc.read_schema(pa.py_buffer(base64.b64decode(schema))),
        changes=tuple(_make_record(ColumnChange, each) for each in told.get("changes", ())),
        mark=None if mark is None else Mark(mark["column"], _MARKED[mark["type"]][1](mark["value"])),
        error=None if error is None else _make_record(ErrorRecord, error),
    )


def _make_record(kind: Callable[..., T], told: Mapping[str, Any], **read: Any) -> T:
    """Make a record of those members that this version knows."""
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]  # all are dataclasses
    return kind(**{name: value for name, value in told.items() if name in known} | read)


def _plain(record: Any) -> dict[str, Any]:
    """Give the fields of a record, times as texts."""
    told = {each.name: getattr(record, each.name) for each in fields(record)}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told.items()}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

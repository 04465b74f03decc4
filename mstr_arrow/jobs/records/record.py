"""Records of a run of jobs, and of each of its jobs: what was read, where it went, what went wrong. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from mstr_arrow.errors import MstrError, ServerError
from mstr_arrow.masked import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from mstr_arrow.extract.extract_result import ExtractResult
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.shape import ColumnChange

VERSION = 1
"""The form of what is written down; a later one only adds to it."""

Outcome: TypeAlias = Literal["running", "done", "skipped", "failed", "interrupted", "killed"]
"""The end of a job; it is ``"killed"`` where its process ended without a word."""

End: TypeAlias = Literal["finished", "interrupted", "terminated", "killed"]
"""The cause of a run's end: its last job, Ctrl-C, SIGTERM, or one that leaves no time for a word."""

Stage: TypeAlias = Literal["find", "refresh", "execute", "read", "commit", "waiting", "transferring", "decoding"]
"""Where time went, by the clock: until the object was found, its cube published anew, its first rows there, all
rows written, all of it visible. Of the reading, added up over requests at the same time: until an answer began,
until it was here, until it was decoded."""

STAGES: tuple[Stage, ...] = get_args(Stage)

Marked: TypeAlias = date | datetime | int | float | Decimal | str


@dataclass(frozen=True, slots=True)
class Mark:
    """The highest value that a run has read of a column: the next run reads the rows after it."""

    column: str
    value: Marked


@dataclass(frozen=True, slots=True)
class PartRecord:
    """A written file: its name, rows, bytes, and their SHA-256."""

    name: str
    rows: int
    bytes: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRecord:
    """An error: its class, the server's code, the message and the hint."""

    kind: str
    message: str
    code: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """The record of a job, so far or at its end.

    ``rows`` came as ``bytes`` of JSON text, ``wire_bytes`` over the network, in ``requests``, ``retries`` of them
    sent again; `ScanStats` defines each. The destination got ``written_bytes``; None if the number is unknown.
    ``attempts`` counts the attempts of this run, ``seconds`` the time of each stage.

    ``asked`` is a hash of the job's definition. ``changes`` lists the changes of columns since the run before,
    ``mark`` is the highest value of the column of ``since``.
    """

    job: str
    outcome: Outcome = "running"
    object: str | None = None
    object_id: str | None = None
    kind: str | None = None
    project: str | None = None
    server: str | None = None
    destination: str | None = None
    asked: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    attempts: int = 1
    rows: int | None = None
    bytes: int | None = None
    wire_bytes: int | None = None
    written_bytes: int | None = None
    requests: int = 0
    retries: int = 0
    seconds: Mapping[Stage, float] = field(default_factory=dict)
    parts: tuple[PartRecord, ...] = ()
    data_time: str | None = None
    why_no_data_time: str | None = None
    consistent: str | None = None
    bad_values: Mapping[str, int] = field(default_factory=dict)
    schema: pa.Schema | None = None
    changes: tuple[ColumnChange, ...] = ()
    mark: Mark | None = None
    error: ErrorRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """The record of a run of a file of jobs: time, place, and the records of its ``jobs``.

    ``end`` says what ended the run, None before; ``version`` is this package's.
    """

    id: str
    file: str
    started: datetime
    version: str
    host: str
    pid: int
    ended: datetime | None = None
    end: End | None = None
    exit_code: int | None = None
    jobs: tuple[JobRecord, ...] = ()

    def with_job(self, record: JobRecord) -> RunRecord:
        """Return the run with the record of a job in it, in place of a former one."""
        jobs = {each.job: each for each in self.jobs} | {record.job: record}
        return replace(self, jobs=tuple(jobs.values()))

    def killed(self) -> RunRecord:
        """Return the record of a run whose process was killed."""
        jobs = (replace(each, outcome="killed") if each.outcome == "running" else each for each in self.jobs)
        return replace(self, end="killed", jobs=tuple(jobs))


def run_id(started: datetime, token: str) -> str:
    """Name a run so that names sort by time.

    >>> run_id(datetime(2026, 11, 29, 1, 57, 29, 301_000), "3f9a1c")
    '20261129T015729301-3f9a1c'
    """
    return f"{started:%Y%m%dT%H%M%S}{started.microsecond // 1000:03}-{token}"


def with_stats(record: JobRecord, stats: ScanStats) -> JobRecord:
    """Add what a read did."""
    summed: dict[Stage, float] = {
        "waiting": stats.seconds_waiting,
        "transferring": stats.seconds_transferring,
        "decoding": stats.seconds_decoding,
    }
    return replace(
        record,
        rows=stats.result_rows,
        bytes=stats.bytes,
        wire_bytes=stats.wire_bytes,
        requests=stats.requests,
        retries=stats.retries,
        consistent=stats.consistent,
        bad_values={name: values.count for name, values in stats.bad_values.items()},
        seconds={**record.seconds, **{stage: round(seconds, 3) for stage, seconds in summed.items()}},
    )


def with_extraction(record: JobRecord, result: ExtractResult) -> JobRecord:
    """Add what an extraction did, of whose rows former runs may have read some."""
    known = record if result.stats is None else with_stats(record, result.stats)
    return replace(
        known,
        outcome="skipped" if result.skipped else known.outcome,
        rows=result.rows,
        schema=result.schema,
        changes=result.changes,
        parts=tuple(PartRecord(each.name, each.rows, each.bytes, each.sha256) for each in result.files),
        written_bytes=sum(each.bytes for each in result.files),
        data_time=result.data_time,
        why_no_data_time=result.why_no_data_time,
        consistent=result.consistent,
        bad_values={name: values.count for name, values in result.bad_values.items()},
    )


def error_record(error: BaseException) -> ErrorRecord:
    """Describe an error without the secrets that a text of another package may hold.

    >>> error_record(OSError("postgresql://ann:s3cret@db/sales is not there"))
    ErrorRecord(kind='OSError', message='postgresql://***@db/sales is not there', code=None, hint=None)
    """
    code = hint = None
    message = str(error) or type(error).__name__
    if isinstance(error, MstrError):
        message, hint = f"{error.message}{error.facts}", error.hint and without_secrets(error.hint)
    if isinstance(error, ServerError):
        code = error.code or (None if error.iserver_code is None else str(error.iserver_code))
    return ErrorRecord(kind=type(error).__name__, message=without_secrets(message), code=code, hint=hint)

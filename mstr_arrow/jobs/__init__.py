"""Many extractions from one file, and a record of what they did."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from mstr_arrow.lazy import exporter as _exporter

if _TYPE_CHECKING:
    from mstr_arrow.jobs.records.past import Runs, runs
    from mstr_arrow.jobs.records.record import ErrorRecord, JobRecord, Mark, PartRecord, RunRecord
    from mstr_arrow.jobs.run_or_plan import run, run_async

__all__ = ["ErrorRecord", "JobRecord", "Mark", "PartRecord", "RunRecord", "Runs", "run", "run_async", "runs"]

_HOMES = {
    "run_or_plan": ("run", "run_async"),
    "records.past": ("Runs", "runs"),
    "records.record": ("ErrorRecord", "JobRecord", "Mark", "PartRecord", "RunRecord"),
}

if not _TYPE_CHECKING:
    __getattr__ = _exporter(__name__, _HOMES)

"""Many extractions from one file, and a record of what they did."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

from mstr_arrow.jobs.past import Runs, runs
from mstr_arrow.jobs.record import ErrorRecord, JobRecord, Mark, PartRecord, RunRecord

__all__ = ["ErrorRecord", "JobRecord", "Mark", "PartRecord", "RunRecord", "Runs", "run", "run_async", "runs"]

if _TYPE_CHECKING:
    from mstr_arrow.jobs.api import run, run_async
else:

    def __getattr__(name: str) -> object:
        if name in {"run", "run_async"}:  # bring all ways of writing along: only for those who run jobs
            return getattr(_import_module("mstr_arrow.jobs.api"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

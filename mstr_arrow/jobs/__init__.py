"""Many extractions from one file, and a record of what they did."""

from mstr_arrow.jobs.past import Runs, runs
from mstr_arrow.jobs.record import ErrorRecord, JobRecord, Mark, PartRecord, RunRecord

__all__ = ["ErrorRecord", "JobRecord", "Mark", "PartRecord", "RunRecord", "Runs", "runs"]

"""The runs that there were: what their records tell, as a list and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, overload

import pyarrow.compute as pc

from mstr_arrow.errors import MstrError, UsageError
from mstr_arrow.jobs.records.history import Records, beside
from mstr_arrow.names import near_names
from mstr_arrow.paths import read_path
from mstr_arrow.toml.reader import read_toml

if TYPE_CHECKING:
    import os
    from pathlib import Path

    import pyarrow as pa

    from mstr_arrow.jobs.records.record import RunRecord


class Runs(Sequence["RunRecord"]):
    """Runs of a file of jobs, or of one of its jobs, the newest first."""

    def __init__(self, records: Records, runs: Sequence[RunRecord], job: str | None) -> None:
        self._records = records
        self._runs = runs
        self._job = job

    def __repr__(self) -> str:
        return f"<Runs: {len(self):,} of {str(self._records.folder)!r}>"

    @property
    def folder(self) -> Path:
        """The folder of the records."""
        return self._records.folder

    def table(self) -> pa.Table:
        """Return a row for each ended job of these runs, the oldest run first."""
        lines = self._records.table([run.id for run in self])
        return lines if self._job is None else lines.filter(pc.field("job") == self._job)

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, index: int) -> RunRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RunRecord]: ...
    def __getitem__(self, index: int | slice) -> RunRecord | Sequence[RunRecord]:
        return self._runs[index]


def runs(file: str | os.PathLike[str] = "jobs.toml", *, job: str | None = None, last: int | None = None) -> Runs:
    """Return the last runs of a file of jobs, the newest first; ``file`` may be the folder of their records, too.

    With ``job`` only the runs with that job are returned, and only its records. Warns of files in the folder that
    are no records. Raises UsageError for a missing file, and for a job that no run had.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(ma.jobs.runs(folder))
    0
    """
    path = read_path(file)
    if not path.exists():
        raise UsageError(f"there is no {str(path)!r}.", hint="Give a file of jobs, or the folder of its records.")
    if last is not None and last < 1:
        raise UsageError(f"last is {last}; it is at least 1.")
    records = Records(path if path.is_dir() else _records_of(path))
    found = records.runs(None if job else last)
    if job is None:
        return Runs(records, found, None)
    of_job = [
        replace(run, jobs=mine) for run in found if (mine := tuple(each for each in run.jobs if each.job == job))
    ]
    if found and not of_job:
        names = sorted({each.job for run in found for each in run.jobs})
        near = near_names(job, names)[:3] or names[:3]
        hint = f"There are {', '.join(map(repr, near))}." if near else "No run has come as far as its first job."
        raise UsageError(f"no run had a job {job!r}.", hint=hint)
    return Runs(records, of_job[:last], job)


def _records_of(file: Path) -> Path:
    """Return the folder of a file's records, also where that file is wrong in other ways."""
    try:
        return file.parent / str(read_toml(file, "")[1]["run"]["records"])
    except (MstrError, LookupError, TypeError):
        return beside(file)

"""How jobs and runs end: what may pass by itself, and the exit codes. Pure."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from mstr_arrow.errors import (
    DataChanged,
    FileError,
    InstanceGone,
    MstrError,
    ProtocolError,
    ServerError,
    SessionExpired,
)
from mstr_arrow.http.retry import is_transient

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mstr_arrow.jobs.records.record import JobRecord

DONE, FAILED, SOME_FAILED, LOCKED = 0, 1, 4, 75
"""Exit codes: all jobs done, or nothing to do; none done; some done; another run has the lock (EX_TEMPFAIL)."""

INTERRUPTED, TERMINATED = 130, 143

_PASSING = (SessionExpired, InstanceGone, DataChanged, ProtocolError)
_NETWORK = {errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.ECONNREFUSED, errno.ECONNRESET}
"""Error numbers of a store whose network fails."""


def may_pass(error: BaseException) -> bool:
    """Say whether a job that failed may succeed a little later, as nobody has to change anything for it.

    >>> may_pass(SessionExpired("it is gone.")), may_pass(MstrError("no."))
    (True, False)
    """
    if isinstance(error, FileError):
        return error.errno in _NETWORK
    return isinstance(error, MstrError) and (isinstance(error, _PASSING) or is_transient(error))


def wait_before(error: BaseException, failures: int, pause: float) -> float:
    """Give the seconds to wait after so many failures: they double, unless the server asks for more.

    >>> [wait_before(MstrError("no answer"), failures, 30.0) for failures in (1, 2, 3)]
    [30.0, 60.0, 120.0]
    """
    asked = error.retry_after if isinstance(error, ServerError) else None
    doubled: float = pause * 2 ** (failures - 1)
    return max(doubled, asked or 0.0)


def exit_code(jobs: Iterable[JobRecord]) -> int:
    """Give the exit code of a run whose jobs are over."""
    outcomes = [job.outcome for job in jobs]
    failed = sum(outcome not in {"done", "skipped"} for outcome in outcomes)
    if not failed:
        return DONE
    return FAILED if failed == len(outcomes) else SOME_FAILED

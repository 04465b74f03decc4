"""The jobs that run a report: whether there is one, and its end (wire reference, section 7.2)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError
from mstr_arrow.http.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from mstr_arrow.session.project_http import ProjectHttp

logger = logging.getLogger("mstr_arrow")

_RUNNING = 202
_OVER = frozenset({"completed", "error", "stopped", "canceling", "ready", "cache_ready"})


async def runs_nothing(http: ProjectHttp, report_id: str) -> bool:
    """Tell whether it is certain that no job runs this report for this user.

    It is where the jobs may be listed and show none. A job whose user is not told may be this user's. Takes no
    longer than ``Timeouts.logout``; what fails is only logged.
    """
    try:
        async with asyncio.timeout(http.settings.timeouts.logout):
            about = http.own.request("GET", "sessions/userInfo")
            listed = http.request("GET", "v2/monitors/jobs", params={"objectId": report_id})
            user, jobs = await asyncio.gather(about, listed)
            body = jobs.json()
            if not isinstance(body["jobs"] if isinstance(body, dict) else body, list):
                return False
            return not any(_may_be_ours(job, report_id, user.json()) for job in _jobs(body))
    except (MstrError, TimeoutError, LookupError, TypeError, AttributeError) as error:
        logger.debug("the jobs of report %s are not known: %s", report_id, type(error).__name__)
        return False


async def cancel_job(http: ProjectHttp, report_id: str, instance_id: str) -> bool:
    """Cancel the job that makes an instance, where it is certain which one that is; tell whether that was done.

    Jobs do not tell their instances. So it is the only one that runs this report for this user, if the instance is
    still unfinished after the jobs were listed; where there are several, or they are not shown, none is cancelled.
    Takes no longer than ``Timeouts.logout``; what fails is only logged.
    """
    try:
        async with asyncio.timeout(http.settings.timeouts.logout):
            about = http.own.request("GET", "sessions/userInfo", safe=False)
            listed = http.request("GET", "v2/monitors/jobs", params={"objectId": report_id}, safe=False)
            user, jobs = await asyncio.gather(about, listed)
            found = [job for job in _jobs(jobs.json()) if _is_ours(job, report_id, user.json())]
            path = f"reports/{report_id}/instances/{instance_id}/status"
            status = await http.request("GET", path, subject=Subject.INSTANCE, safe=False)
            if len(found) != 1 or status.status != _RUNNING:
                return False
            number = found[0].get("jobId") or found[0]["id"]
            await http.request("DELETE", f"v2/monitors/jobs/{number}", safe=False)
    except (MstrError, TimeoutError, LookupError, TypeError, AttributeError) as error:
        logger.debug("the job of report %s was not cancelled: %s", report_id, type(error).__name__)
        return False
    return True


def _jobs(body: Any) -> list[dict[str, Any]]:
    """List jobs, whether they come as they are or as a member of the answer."""
    listed = body.get("jobs") or [] if isinstance(body, dict) else body
    return [job for job in listed if isinstance(job, dict)]


def _is_ours(job: dict[str, Any], report_id: str, user: dict[str, Any]) -> bool:
    """Tell whether a job runs this report for this user."""
    return _runs(job, report_id) and not users_of(job).isdisjoint(names_of(user))


def _may_be_ours(job: dict[str, Any], report_id: str, user: dict[str, Any]) -> bool:
    """Tell whether a job runs this report, and not certainly for somebody else."""
    return _runs(job, report_id) and not belongs_to_another(users_of(job), names_of(user))


def _runs(job: dict[str, Any], report_id: str) -> bool:
    over = str(job.get("status", "")).lower() in _OVER
    return str(job.get("objectId", "")).upper() == report_id.upper() and not over


def belongs_to_another(theirs: AbstractSet[object], mine: AbstractSet[object]) -> bool:
    """Tell whether a job is certainly somebody else's, by the names of its user and of this one.

    >>> belongs_to_another({"Ann Lee"}, {"U7", "Ann Lee"}), belongs_to_another(set(), {"U7"})
    (False, False)
    """
    return bool(theirs) and bool(mine) and theirs.isdisjoint(mine)


def users_of(job: Mapping[str, Any]) -> set[object]:
    """Return the ids and names by which a job tells its user; none where it does not."""
    given = job.get("user")
    names = [given.get("id"), given.get("name")] if isinstance(given, dict) else [given, job.get("userId")]
    return {name for name in names if isinstance(name, str)}


def names_of(user: Mapping[str, Any]) -> set[object]:
    """Return the id and the names of a user, by any of which a job may tell that it is theirs."""
    names = (user.get(name) for name in ("id", "fullName", "username", "abbreviation"))
    return {name for name in names if isinstance(name, str)}

"""The job monitor: the job that publishes a cube, and an end to it. Wire reference, section 7.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import MstrError, NotFound, ServerError
from mstr_arrow.http.error_map import infer_status
from mstr_arrow.instances.report_jobs import belongs_to_another, names_of, users_of
from mstr_arrow.responses import fields, items, object_id, optional_text, reading, text, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from mstr_arrow.session.project_http import ProjectHttp

_PURGED = {404, 500}
"""The monitor's code for a job that it has forgotten."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job: its ``number``, and the ``address`` that the monitor has it under.

    ``status`` is the server's word, in small letters; empty for a job that the monitor does not have. ``message``
    is why it failed. ``users`` are the id and the names of whose it is, as far as they are told.
    """

    number: int | None
    address: str
    status: str = ""
    message: str = ""
    users: frozenset[object] = frozenset()


async def fetch_job(http: ProjectHttp, address: str) -> Job:
    """Return a job, without a status where it is forgotten. GET /api/v2/monitors/jobs/{id}."""
    try:
        return await http.read("GET", f"v2/monitors/jobs/{address}", lambda it: read_job(it.json()), safe=False)
    except ServerError as error:
        if infer_status(error) not in _PURGED or error.iserver_code is not None:
            raise
        return Job(None, address)


async def fetch_jobs(http: ProjectHttp, cube_id: str) -> list[Job]:
    """Return the jobs of a cube. GET /api/v2/monitors/jobs, with ``objectId``."""

    def read(body: Any) -> list[Job]:
        with reading(body, "a list of jobs"):
            listed = items(body.get("jobs") if isinstance(body, dict) else body)
            return [read_job(each) for each in listed if object_id(fields(each).get("objectId")) == cube_id]

    return await http.read("GET", "v2/monitors/jobs", lambda it: read(it.json()), params={"objectId": cube_id})


async def fetch_own_names(http: ProjectHttp) -> set[object]:
    """Return the id and the names of who is logged in; none where they are not told. GET /api/sessions/userInfo."""
    try:
        body = (await http.own.request("GET", "sessions/userInfo")).json()
    except MstrError:
        return set()
    return names_of(body) if isinstance(body, dict) else set()


def divide_by_user(jobs: Iterable[Job], names: AbstractSet[object]) -> tuple[list[Job], list[Job]]:
    """Divide jobs into those that may be of the user with these names, and those that certainly are not."""
    ours: list[Job] = []
    others: list[Job] = []
    for job in jobs:
        (others if belongs_to_another(job.users, names) else ours).append(job)
    return ours, others


async def cancel_job(http: ProjectHttp, address: str) -> bool:
    """Cancel a job; False where the monitor does not have it. DELETE /api/v2/monitors/jobs/{id}."""
    try:
        await http.request("DELETE", f"v2/monitors/jobs/{address}", safe=True)
    except NotFound:
        return False
    return True


def read_job(body: Any) -> Job:
    """Read a job; errors: ProtocolError.

    >>> read_job({"id": "478:bm9kZQ==", "jobId": "478", "status": "Executing", "user": "annl"})
    Job(number=478, address='478:bm9kZQ==', status='executing', message='', users=frozenset({'annl'}))
    """
    with reading(body, "a job"):
        job = fields(body)
        address = text(job, "id", "jobId")
        number = whole_number(job.get("jobId"))
        return Job(
            whole_number(address.partition(":")[0]) if number is None else number,
            address,
            text(job, "status").strip().lower().replace(" ", "_"),
            optional_text(job, "errorMessage") or "",
            frozenset(users_of(job)),
        )

"""The job monitor: lists the running jobs of all users, and ends jobs (Wire reference, section 7.2)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.protocol.call import Call, Needs, Route
from mstr_arrow.simulator.responses import Refusal, Response, ok

if TYPE_CHECKING:
    from mstr_arrow.simulator.state.jobs import Job

_NODE = "simulated-node"
_NODE_CODE = base64.b64encode(_NODE.encode()).decode()
_FILTERS = ("status", "type", "objectId", "objectType", "projectName", "nodeName", "user")


def list_jobs(call: Call) -> Response:
    """List the running jobs that the parameters choose, the oldest first or as ``sortBy`` says."""
    found = [_describe(call, job) for job in _visible(call)]
    for name in _FILTERS:
        if wanted := call.query.get(name):
            found = [job for job in found if job[name] in wanted.split(",")]
    if call.query.get("sortBy", "+id").startswith("-"):
        found.reverse()
    return ok({"jobs": found}, headers={"x-mstr-total-count": str(len(found))})


def describe(call: Call) -> Response:
    """Describe a running job."""
    return ok(_describe(call, _find(call)))


def cancel(call: Call) -> Response:
    """End a running job."""
    call.server.jobs.cancel(_find(call))
    return Response(status=204)


def _visible(call: Call) -> list[Job]:
    if not call.server.settings.monitors_jobs:
        raise Refusal(403, "ERR0014", "(The user does not have the privilege to monitor jobs.)")
    jobs = call.server.jobs
    return [*jobs.running.values(), *jobs.ended]


def _find(call: Call) -> Job:
    wanted = call.places["job"]
    for job in _visible(call):
        if wanted in {str(job.number), job_id(job)}:
            return job
    raise Refusal(404, "ERR004", f"(The job '{wanted}' was not found.)")


def job_id(job: Job) -> str:
    """Give the id of a job: its number and the node that it runs on."""
    return f"{job.number}:{_NODE_CODE}"


def _describe(call: Call, job: Job) -> dict[str, Any]:
    began = datetime.now(tz=UTC) - timedelta(seconds=job.elapsed)
    what = "cube" if job.publishes else "report"
    failed = {} if job.failure is None else {"errorMessage": job.failure.message}
    return {
        "id": job_id(job),
        "jobId": job.number,
        "status": "executing" if job.running else "error" if failed else "completed",
        "type": "interactive",
        "user": job.user,
        "description": f"{'Publishing cube' if job.publishes else 'Running report'}: {job.object_name}",
        "objectType": what,
        "objectId": job.object_id,
        "nodeName": _NODE,
        "creationTime": began.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "projectName": call.server.catalogue.project,
        "completedTasks": 0,
        "totalTasks": 1,
        "memoryUsage": 1,
        "elapsedTime": int(job.elapsed * 1000),
        **failed,
    }


ROUTES = (
    Route("GET", "/api/v2/monitors/jobs", list_jobs, Needs.SESSION),
    Route("GET", "/api/v2/monitors/jobs/{job}", describe, Needs.SESSION),
    Route("DELETE", "/api/v2/monitors/jobs/{job}", cancel, Needs.SESSION),
)

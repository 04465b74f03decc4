"""Instances of cubes and reports: made, changed, and read in pages (Wire reference, sections 3.5, 3.9 and 4.1)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

from mstr_arrow.simulator.answers import NOT_PUBLISHED, Answer, Refusal, ok
from mstr_arrow.simulator.bodies import bad_request
from mstr_arrow.simulator.cubes import Cube
from mstr_arrow.simulator.encoded import EncodedCube
from mstr_arrow.simulator.grids import Report
from mstr_arrow.simulator.jobs import READY, RUNNING, Job
from mstr_arrow.simulator.manipulate import manipulate
from mstr_arrow.simulator.projection import project

from .call import Call, Route
from .pages import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.simulator.sessions import Instance

_LONGEST_RETRY_AFTER = 5


async def create(call: Call) -> Callable[[], Answer]:
    """Create an instance of a cube and answer with its first page."""
    cube = call.server.catalogue.cube(call.places["id"])
    if not cube.published:
        message = f"(The cube '{cube.name}' is not published.)"
        raise Refusal(500, "ERR001", message, iserver_code=NOT_PUBLISHED)
    instance = call.server.create_instance(await _manipulated(call, cube), variant=call.body)
    call.user_session.add(instance)
    return page(call, instance)


async def create_report(call: Call) -> Answer | Callable[[], Answer]:
    """Create an instance of a report; answer with its first page, or at once where the request says so."""
    settings = call.server.settings
    report = call.server.catalogue.report(call.places["id"])
    later = _asynchronous(call)
    if later and call.json() and not settings.async_body:
        raise bad_request("A body cannot be sent together with 'Prefer: respond-async'.")
    instance = call.server.create_instance(await _manipulated(call, report), variant=call.body)
    instance.polls = settings.async_polls if later else 0
    call.user_session.add(instance)
    job = _start(call, instance, settings.seconds_of(report.name))
    if later and (job.running or instance.polls):
        return _state(instance, unfinished=instance.polls > 0)
    await job.finished()
    return page(call, instance)


async def read(call: Call) -> Callable[[], Answer]:
    """Answer with a page of an instance, when it is there."""
    instance = find_instance(call)
    if instance.job is not None:
        await instance.job.finished()
    instance.polls = 0
    return page(call, instance)


async def change(call: Call) -> Callable[[], Answer]:
    """Manipulate an instance anew, when it is there, and answer with its first page."""
    instance = find_instance(call)
    if instance.job is not None:
        await instance.job.finished()
    catalogue, given = call.server.catalogue, instance.source
    source = catalogue.report(given.id) if isinstance(given, Report) else catalogue.cube(given.id)
    instance.source, instance.variant = await _manipulated(call, source), call.body
    await _start(call, instance, call.server.settings.change_seconds).finished()
    return page(call, instance)


def progress(call: Call) -> Answer:
    """Tell how far the execution of an instance is."""
    instance = find_instance(call)
    polls, instance.polls = instance.polls, max(0, instance.polls - 1)
    return _state(instance, unfinished=polls > 0)


def page_by_elements(call: Call) -> Answer:
    """List the page-by combinations of a report: the simulator's have none."""
    find_instance(call)
    paging = {"total": 0, "current": 0, "offset": call.integer("offset", 0), "limit": call.integer("limit", 1000)}
    return ok({"pageBy": [], "validPageByElements": {"paging": paging, "items": []}})


def find_instance(call: Call) -> Instance:
    """Find the instance that a request names; raise the server's 404 where the session does not have it."""
    instance = call.user_session.instance(call.places["instance"])
    if instance.source.id != call.places["id"].upper():
        raise Refusal(404, "ERR004", "(The instance does not belong to this object.)")
    return instance


def _asynchronous(call: Call) -> bool:
    settings = call.server.settings
    heeded = settings.respond_async and settings.dialect.respond_async
    return heeded and "respond-async" in call.headers.get("Prefer", "")


async def _manipulated(call: Call, source: Cube | EncodedCube | Report) -> Cube | EncodedCube | Report:
    """Carry out what the body asks for, in another thread: filters and sums look at every row."""
    settings, body = call.server.settings, call.json()
    if isinstance(source, EncodedCube):
        return source
    if isinstance(source, Cube):
        return await asyncio.to_thread(project, source, body, settings.filtering)
    dialect, uncrosstab = settings.dialect, settings.uncrosstab
    return await asyncio.to_thread(
        manipulate, source, body, settings.filtering, dialect=dialect, uncrosstab=uncrosstab
    )


def _start(call: Call, instance: Instance, seconds: float) -> Job:
    """Start the job that makes what an instance shows."""
    failing = call.failing
    instance.job = call.server.jobs.start(
        call.user_session,
        (instance.source.id, instance.source.name),
        seconds=seconds,
        failure=None if failing is None else failing.refusal,
        **({} if failing is None else {"failed_status": failing.status}),
    )
    return instance.job


def _state(instance: Instance, *, unfinished: bool) -> Answer:
    """Answer 202 while an instance's job runs, or is still to be called ``unfinished``; else 200."""
    job = instance.job
    runs = job is not None and job.running
    known = READY if job is None else job.status
    status = RUNNING if unfinished and not runs else known
    body = {"id": instance.source.id, "instanceId": instance.id, "status": status}
    headers = {"X-MSTR-IStatus": str(status)}
    if runs or unfinished:
        remaining = 0 if job is None else int(job.remaining)
        headers["Retry-After"] = str(min(_LONGEST_RETRY_AFTER, remaining))
    return Answer(status=202 if runs or unfinished else 200, body=orjson.dumps(body), headers=headers)


ROUTES = (
    Route("POST", "/api/v2/cubes/{id}/instances", create),
    Route("GET", "/api/v2/cubes/{id}/instances/{instance}", read),
    Route("PUT", "/api/v2/cubes/{id}/instances/{instance}", change),
    Route("POST", "/api/v2/reports/{id}/instances", create_report),
    Route("GET", "/api/v2/reports/{id}/instances/{instance}", read),
    Route("PUT", "/api/v2/reports/{id}/instances/{instance}", change),
    Route("GET", "/api/v2/reports/{id}/instances/{instance}/pageBy/elements", page_by_elements),
    Route("GET", "/api/reports/{id}/instances/{instance}/status", progress),
)

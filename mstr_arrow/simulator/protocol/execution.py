"""How an instance comes to its data: prompts, a job, manipulation (Wire reference, sections 3.9 and 4.3)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.faults.effects import ExecutionFailure
from mstr_arrow.simulator.model.cubes import Cube
from mstr_arrow.simulator.model.encoded_cube import EncodedCube
from mstr_arrow.simulator.model.reports import Report
from mstr_arrow.simulator.responses import Refusal, Response, ok
from mstr_arrow.simulator.rules.cube_requests import project
from mstr_arrow.simulator.rules.report_requests import manipulate
from mstr_arrow.simulator.state.jobs import ERROR, PROMPT, READY, RUNNING

from .page_responses import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.simulator.state.instances import Instance

    from .call import Call

_LOADING_PROMPT = 23
_LONGEST_RETRY_AFTER = 5


def find_instance(call: Call) -> Instance:
    """Find the instance that a request names; raise the server's 404 where the session does not have it."""
    instance = call.user_session.instance(call.places["instance"])
    if instance.base.id != call.places["id"].upper():
        raise Refusal(404, "ERR004", "(The instance does not belong to this object.)")
    return instance


async def execute(call: Call, instance: Instance) -> None:
    """Start to make what an instance shows; raise the server's 400 for a body that does not fit."""
    base = await _base(instance)
    if isinstance(base, Report) and base.page_by:
        instance.pages = await asyncio.to_thread(call.server.pages_of, base)
    await _manipulate(call, instance, base)
    instance.polls = call.server.settings.async_polls if instance.later else 0
    start(call, instance, call.server.settings.seconds_of(base.name) if isinstance(base, Report) else 0.0)


def start(call: Call, instance: Instance, seconds: float, *, failure: Refusal | None = None) -> None:
    """Start a job of an instance, which fails where a fault says so."""
    fault = call.effect_of(ExecutionFailure)
    instance.job = call.server.jobs.start(
        (instance.base.id, instance.base.name),
        session=call.user_session.token,
        user=call.user_session.user,
        seconds=seconds,
        failure=failure if fault is None else fault.refusal,
        failed_status=ERROR if fault is None else fault.status,
    )


async def change(call: Call, instance: Instance, body: Any = None) -> None:
    """Manipulate an instance anew, as ``body`` or that of the request says.

    One that does not fit raises the server's 400 and changes nothing. One that names no page leaves the instance on
    the one that it shows.
    """
    base = await _base(instance) if instance.pages is None else instance.base
    before = instance.body, instance.page
    instance.body = call.json() if body is None else body
    try:
        await _manipulate(call, instance, base)
    except Refusal:
        instance.body, instance.page = before
        raise
    start(call, instance, call.server.settings.change_seconds)


async def show(call: Call, instance: Instance) -> Response | Callable[[], Response]:
    """Answer with a page as soon as there is one, or that prompts are open."""
    if instance.asks:
        return ok({"id": instance.base.id, "name": instance.base.name, "instanceId": instance.id, "status": PROMPT})
    if instance.job is None:
        await execute(call, instance)
    await wait_for_end(instance)
    instance.polls = 0
    return page(call, instance)


async def wait_for_end(instance: Instance) -> None:
    """Wait for the job of an instance; raise its failure."""
    if instance.job is not None:
        await instance.job.wait_for_end()


def state(instance: Instance, *, unfinished: bool) -> Response:
    """Answer 202 while an instance's job runs, or is still to be called ``unfinished``; else 200."""
    job = instance.job
    runs = job is not None and job.running
    ended = PROMPT if instance.asks else READY if job is None else job.status
    called = _LOADING_PROMPT if instance.asks else RUNNING
    status = called if unfinished and not runs else ended
    body = {"id": instance.base.id, "instanceId": instance.id, "status": status}
    headers = {"X-MSTR-IStatus": str(status)}
    if runs or unfinished:
        remaining = 0 if job is None else int(job.remaining)
        headers["Retry-After"] = str(min(_LONGEST_RETRY_AFTER, remaining))
    return Response(status=202 if runs or unfinished else 200, body=orjson.dumps(body), headers=headers)


async def _base(instance: Instance) -> Cube | EncodedCube | Report:
    """Return the object after the answers to its prompts."""
    inquiry = instance.inquiry
    return instance.base if inquiry is None else await asyncio.to_thread(inquiry.resolve)


async def _manipulate(call: Call, instance: Instance, base: Cube | EncodedCube | Report) -> None:
    """Carry out what the body asks for, in another thread: filters and sums look at every row."""
    settings, body = call.server.settings, instance.body
    if settings.ignores_forms:
        body = _without_forms(body)
    if isinstance(base, EncodedCube):
        instance.source = base
    elif isinstance(base, Cube):
        body = dict(json_object(body))
        base = _with_parameters(call, base, body.pop("parameters", None))
        instance.source = await asyncio.to_thread(project, base, body, settings.filtering)
    else:
        body = dict(json_object(body))
        wanted = body.pop("currentPageBy", None)
        if instance.pages is not None:
            instance.page = instance.pages.read_current(wanted) or instance.page
            base = await asyncio.to_thread(instance.pages.page, instance.page)
        elif wanted:
            raise bad_request("The report has no page-by.")
        dialect, uncrosstab = settings.dialect, settings.uncrosstab
        instance.source = await asyncio.to_thread(
            manipulate, base, body, settings.filtering, dialect=dialect, uncrosstab=uncrosstab
        )


def _with_parameters(call: Call, cube: Cube, listed: Any) -> Cube:
    """Return what a data model shows with values of its parameters; plain cubes, and old servers, ignore them."""
    model = call.server.catalogue.data_models.get(cube.id)
    if model is None or not call.server.settings.model_parameters:
        return cube
    return model.apply(cube, model.values(listed))


def _without_forms(body: Any) -> Any:
    """Forget which forms of attributes a request names."""
    requested = body.get("requestedObjects") if isinstance(body, dict) else None
    if not isinstance(requested, dict):
        return body
    attributes = [
        {name: value for name, value in json_object(item).items() if name != "forms"}
        for item in requested.get("attributes") or []
    ]
    return body | {"requestedObjects": requested | {"attributes": attributes}}

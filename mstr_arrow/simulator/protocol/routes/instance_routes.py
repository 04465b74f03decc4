"""Instances of cubes and reports: made, changed, and read in pages (Wire reference, sections 3.5, 3.9 and 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.simulator.bodies import bad_request
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.protocol.execution import change, execute, find_instance, show, state, wait_for_end
from mstr_arrow.simulator.protocol.page_responses import page_options
from mstr_arrow.simulator.protocol.report_page import page_units
from mstr_arrow.simulator.responses import NOT_PUBLISHED, NOT_SUPPORTED, Refusal, Response, ok
from mstr_arrow.simulator.rules.prompt_answers import Inquiry

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_COMBINATIONS = 1000
_STAGES = {"execute_data", "resolve_prompts", "no_action"}


async def create_of_cube(call: Call) -> Response | Callable[[], Response]:
    """Create an instance of a cube and answer with its first page."""
    cube = call.catalogue.cube(call.places["id"])
    if not cube.published:
        message = f"(The cube '{cube.name}' is not published.)"
        raise Refusal(500, "ERR001", message, iserver_code=NOT_PUBLISHED)
    call.server.caches.read(cube)
    instance = call.server.create_instance(cube)
    instance.body = call.json()
    await execute(call, instance)
    call.server.keep(instance, call.user_session)
    return await show(call, instance)


async def create_of_report(call: Call) -> Response | Callable[[], Response]:
    """Create an instance of a report; answer with its first page, or at once where the request says so."""
    settings, stage = call.server.settings, call.query.get("executionStage", "execute_data")
    report = call.catalogue.report(call.places["id"])
    instance = call.server.create_instance(report)
    instance.body, instance.later, instance.prepares = call.json(), _later(call), stage != "execute_data"
    if stage not in _STAGES:
        raise bad_request(f"Invalid value '{stage}' of parameter 'executionStage'")
    if instance.later and instance.body and not settings.async_body:
        raise bad_request("A body cannot be sent together with 'Prefer: respond-async'.")
    if report.questions is not None:
        instance.inquiry = Inquiry(report, report.questions, settings.filtering)
        instance.polls = settings.async_polls if instance.later else 0
    elif not instance.prepares:
        await execute(call, instance)
    call.server.keep(instance, call.user_session)
    running = instance.job is not None and instance.job.running
    if instance.prepares or (instance.later and (running or instance.polls)):
        return state(instance, unfinished=instance.polls > 0 and not instance.prepares)
    return await show(call, instance)


async def read(call: Call) -> Response | Callable[[], Response]:
    """Answer with a page of an instance, when it is there."""
    return await show(call, find_instance(call))


async def manipulate(call: Call) -> Response | Callable[[], Response]:
    """Manipulate an instance anew, when it is there, and answer with its first page."""
    instance = find_instance(call)
    if instance.asks:
        raise Refusal(400, NOT_SUPPORTED, "The instance cannot be changed while its prompts are open.")
    await wait_for_end(instance)
    await change(call, instance)
    return await show(call, instance)


def tell_progress(call: Call) -> Response:
    """Tell how far the execution of an instance is."""
    instance = find_instance(call)
    polls, instance.polls = instance.polls, max(0, instance.polls - 1)
    return state(instance, unfinished=polls > 0)


async def list_page_by_elements(call: Call) -> Response:
    """List a part of the page-by combinations of a report that have data; no part has more than 1,000."""
    instance = find_instance(call)
    if instance.asks:
        raise Refusal(400, NOT_SUPPORTED, "Page-by elements cannot be read while prompts are open.")
    if instance.job is None:
        await execute(call, instance)
    await wait_for_end(instance)
    offset, limit = call.integer("offset", 0), call.integer("limit", _MOST_COMBINATIONS)
    limit = limit if 0 <= limit <= _MOST_COMBINATIONS else _MOST_COMBINATIONS
    pages = instance.pages
    found = [] if pages is None else pages.combinations
    items = found[offset : offset + limit]
    paging = {"total": len(found), "current": len(items), "offset": offset, "limit": limit}
    units = page_units(None if pages is None else pages.shown, page_options(call))
    return ok({"pageBy": units, "validPageByElements": {"paging": paging, "items": items}})


def _later(call: Call) -> bool:
    settings = call.server.settings
    heeded = settings.respond_async and settings.dialect.respond_async
    return heeded and "respond-async" in call.headers.get("Prefer", "")


ROUTES = (
    Route("POST", "/api/v2/cubes/{id}/instances", create_of_cube),
    Route("GET", "/api/v2/cubes/{id}/instances/{instance}", read),
    Route("PUT", "/api/v2/cubes/{id}/instances/{instance}", manipulate),
    Route("POST", "/api/v2/reports/{id}/instances", create_of_report),
    Route("GET", "/api/v2/reports/{id}/instances/{instance}", read),
    Route("PUT", "/api/v2/reports/{id}/instances/{instance}", manipulate),
    Route("GET", "/api/v2/reports/{id}/instances/{instance}/pageBy/elements", list_page_by_elements),
    Route("GET", "/api/reports/{id}/instances/{instance}/status", tell_progress),
)

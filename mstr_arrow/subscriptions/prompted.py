"""Answers to the prompts of what a subscription delivers. Wire reference, sections 4.3 and 8."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from mstr_arrow.delivery.contents import Content
from mstr_arrow.errors import NotFound, ProtocolError, UsageError
from mstr_arrow.instances.instance_status import read_state
from mstr_arrow.instances.prompt_list import prepare_instance
from mstr_arrow.instances.prompting import Prompting, fetch_prompts
from mstr_arrow.prompts.collection import Answers
from mstr_arrow.prompts.matching import check_used
from mstr_arrow.subscriptions.definition import Part
from mstr_arrow.subscriptions.route import is_unknown_route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from mstr_arrow.http.response import Response
    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.working_set import Place


@asynccontextmanager
async def answer_reports(
    session: ProjectSession, contents: Iterable[Part], answers: Answers, *, subscription_id: str | None = None
) -> AsyncIterator[Mapping[str, str]]:
    """Make an instance of each report that asks something, answer it, and give the instances by report.

    GET /api/reports/{id}/prompts; POST /api/subscriptions/{id}/content/{content}/instances, or, where there is no
    subscription yet or the server has no such route, POST /api/v2/reports/{id}/instances; then its prompts. The
    instances are good within the session only. Errors: those of `Prompting.close`; UsageError where nothing asks,
    and for answers to nothing.
    """
    instances: dict[str, str] = {}
    asked = []
    async with AsyncExitStack() as stack:
        for report in [each for each in contents if each.type == "report"]:
            prompting = Prompting(session.http, f"reports/{report.id}", answers)
            if not await _may_ask(session, report.id):
                continue
            instance_id = await stack.enter_async_context(_instance(session, report.id, subscription_id))
            while await prompting.close(instance_id):
                pass
            instances[report.id] = instance_id
            asked.append(prompting)
        if not instances:
            raise UsageError("nothing that is delivered asks anything.", hint="Leave the answers away.")
        check_used([prompt for each in asked for prompt in each.asked], answers)
        yield instances


async def keep_answers(
    session: ProjectSession, stack: AsyncExitStack, contents: Iterable[object], entries: Sequence[dict[str, Any]]
) -> None:
    """Put the answers that contents come with into the entries of a body; what holds them ends with ``stack``."""
    for content, entry in zip(contents, entries, strict=True):
        if isinstance(content, Content) and content.answers:
            asked = [Part(entry["id"], entry["id"], entry["type"])]
            instances = await stack.enter_async_context(answer_reports(session, asked, Answers.of(content.answers)))
            prompt = {"enabled": True, "instanceId": instances[entry["id"]]}
            entry["personalization"] = {**entry.get("personalization", {}), "prompt": prompt}


@asynccontextmanager
async def _instance(session: ProjectSession, report_id: str, subscription_id: str | None) -> AsyncIterator[str]:
    """Make an instance that is not run; its place in the working set is free again afterwards."""
    if subscription_id is not None and (content := await _content_instance(session, report_id, subscription_id)):
        try:
            yield content.instance_id or ""
        finally:
            content.release()
        return
    async with prepare_instance(session, report_id) as (instance_id, _):
        yield instance_id


async def _content_instance(session: ProjectSession, report_id: str, subscription_id: str) -> Place | None:
    """Make an instance of what a subscription delivers; None where the server has no such route."""
    place = await session.instances.acquire(session.http, f"v2/reports/{report_id}/instances", runs=True)
    path = f"subscriptions/{subscription_id}/content/{report_id}/instances"

    def read(response: Response) -> str | None:
        return read_state(
            response.status, response.headers, response.text(), source_id=report_id, secrets=response.secrets
        ).instance_id

    try:
        place.note_request()
        instance_id = await session.http.read("POST", path, read, wait="execute")
    except NotFound as error:
        place.release()
        if not is_unknown_route(error):
            raise
        return None
    except BaseException:
        place.release()
        raise
    if instance_id is None:
        place.release()
        raise ProtocolError("The server prepares the report, and does not say as which instance.")
    place.note_made(instance_id)
    return place


async def _may_ask(session: ProjectSession, report_id: str) -> bool:
    """Say whether a report has prompts; an older server, which lists none, may have some."""
    try:
        return bool(await fetch_prompts(session.http, f"reports/{report_id}", None))
    except NotFound as error:
        if not is_unknown_route(error):
            raise
        return True

"""The prompts of a report, without running it (Wire reference, section 4.3)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.errors import NotFound, PromptsOpen, ProtocolError
from mstr_arrow.http.subject import Subject
from mstr_arrow.instances.instance_status import PROMPTED, read_state
from mstr_arrow.instances.prompting import Prompting, fetch_prompts, with_choices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mstr_arrow.prompts.collection import Answers
    from mstr_arrow.prompts.model import Prompt
    from mstr_arrow.session.in_project import ProjectSession


@dataclass(frozen=True, slots=True)
class Listing:
    """The prompts of a report; ``place`` is the path of the instance that knows their choices, if there is one."""

    prompts: tuple[Prompt, ...]
    place: str | None = None


async def list_prompts(session: ProjectSession, report_id: str) -> Listing:
    """List the prompts of a report, with the first choices of each.

    GET /api/reports/{id}/prompts; where that lists none, or some that have choices, an instance that is not run,
    which is left to be pushed out. Prompts that only show when others are answered come last, without choices.
    """
    http, report = session.http, f"reports/{report_id}"
    try:
        known = await fetch_prompts(http, report, None)
    except NotFound:  # an older server
        known = []
    if known and all(prompt.type in {"VALUE", "UNSUPPORTED"} for prompt in known):
        return Listing(tuple(known))
    async with prepare_instance(session, report_id) as (instance_id, prompted):
        if not prompted:
            return Listing(tuple(known))
        place = f"{report}/instances/{instance_id}"
        asked = await with_choices(http, place, await fetch_prompts(http, place, Subject.INSTANCE))
    keys = {prompt.key for prompt in asked}
    return Listing((*asked, *(prompt for prompt in known if prompt.key not in keys)), place)


async def still_open(session: ProjectSession, report_id: str, answers: Answers) -> tuple[Prompt, ...]:
    """Return what a report asks next, when these answers were given; optional prompts, too. It is not run.

    Errors: those of `close` for answers that the report does not take.
    """
    prompting = Prompting(session.http, f"reports/{report_id}", answers, automatically=False)
    async with prepare_instance(session, report_id) as (instance_id, prompted):
        more = prompted
        try:
            while more:
                more = await prompting.close(instance_id)
        except PromptsOpen as error:
            return error.prompts
    return ()


@asynccontextmanager
async def prepare_instance(session: ProjectSession, report_id: str) -> AsyncIterator[tuple[str, bool]]:
    """Make an instance of a report that is not run; give its id, and whether it asks for answers.

    POST …/instances?executionStage=resolve_prompts. Its place in the working set is free again afterwards.
    """
    path = f"v2/reports/{report_id}/instances"
    place = await session.instances.acquire(session.http, path, runs=True)
    params = {"executionStage": "resolve_prompts", "limit": 1}
    try:
        place.note_request()
        response = await session.http.request("POST", path, params=params, json={}, wait="execute")
        state = read_state(
            response.status, response.headers, response.text(), source_id=report_id, secrets=response.secrets
        )
        if state.instance_id is None:
            raise ProtocolError("The server prepares the report, and does not say as which instance.")
        place.note_made(state.instance_id)
        yield state.instance_id, state.number == PROMPTED
    finally:
        place.release()

"""What a report asks, without running it (Wire reference, section 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.errors import NotFound, PromptsOpen, ProtocolError
from mstr_arrow.scan.prompting import Prompting, fetch_prompts, with_choices
from mstr_arrow.scan.status import PROMPTED, read_state

if TYPE_CHECKING:
    from mstr_arrow.prompts.answers import Answers
    from mstr_arrow.prompts.model import Prompt
    from mstr_arrow.transport.http import Http


@dataclass(frozen=True, slots=True)
class Listing:
    """The prompts of a report; ``place`` is the path of the instance that knows their choices, if there is one."""

    prompts: tuple[Prompt, ...]
    place: str | None = None


async def list_prompts(http: Http, instances_path: str) -> Listing:
    """List the prompts of a report, with the first choices of each.

    GET /api/reports/{id}/prompts; where that lists none, or some that have choices, an instance that is not run.
    Prompts that only show when others are answered come last, and without choices.
    """
    report = instances_path.removeprefix("v2/").removesuffix("/instances")
    try:
        known = await fetch_prompts(http, report)
    except NotFound:  # an older server
        known = []
    if known and all(prompt.type in {"VALUE", "UNSUPPORTED"} for prompt in known):
        return Listing(tuple(known))
    instance_id, prompted = await prepare(http, instances_path)
    if not prompted:
        return Listing(tuple(known))
    place = f"{report}/instances/{instance_id}"
    asked = await with_choices(http, place, await fetch_prompts(http, place))
    keys = {prompt.key for prompt in asked}
    return Listing((*asked, *(prompt for prompt in known if prompt.key not in keys)), place)


async def still_open(http: Http, instances_path: str, answers: Answers) -> tuple[Prompt, ...]:
    """Return what a report asks next, when these answers were given; optional prompts, too. It is not run.

    Errors: those of :meth:`~.prompting.Prompting.close` for answers that the report does not take.
    """
    instance_id, prompted = await prepare(http, instances_path)
    prompting = Prompting(http, instances_path, answers, automatically=False)
    try:
        while prompted:
            prompted = await prompting.close(instance_id)
    except PromptsOpen as error:
        return error.prompts
    return ()


async def prepare(http: Http, instances_path: str) -> tuple[str, bool]:
    """Make an instance of a report that is not run; return its id, and whether it asks for answers."""
    params = {"executionStage": "resolve_prompts", "limit": 1}
    answer = await http.request("POST", instances_path, params=params, json={}, wait="execute")
    report_id = instances_path.split("/")[-2]
    state = read_state(answer.status, answer.headers, answer.content(), source_id=report_id)
    if state.instance_id is None:
        raise ProtocolError("The server prepares the report, and does not say as which instance.")
    return state.instance_id, state.number == PROMPTED

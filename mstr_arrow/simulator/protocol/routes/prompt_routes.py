"""Prompts of reports and of their instances (Wire reference, section 4.3)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.model.choice_prompts import ElementsPrompt, ExpressionPrompt, LevelPrompt, ObjectsPrompt
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.protocol.execution import execute, find_instance, start
from mstr_arrow.simulator.responses import NOT_SUPPORTED, Refusal, Response, ok
from mstr_arrow.simulator.rules.prompt_answers import Inquiry

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.prompts import Prompt
    from mstr_arrow.simulator.state.instances import Instance

_INSTANCE = "/api/reports/{id}/instances/{instance}"
_DEFAULT_LIMIT, _LARGEST_LIMIT = 100, 200


def list_of_report(call: Call) -> Response:
    """List the prompts that a report asks first."""
    report = call.server.catalogue.report(call.places["id"])
    if report.questions is None:
        return ok([])
    return _list(call, Inquiry(report, report.questions, call.server.settings.filtering))


def list_of_instance(call: Call) -> Response:
    """List the prompts that an instance has asked so far."""
    inquiry = find_instance(call).inquiry
    return ok([]) if inquiry is None else _list(call, inquiry)


def list_elements(call: Call) -> Response:
    """List a part of the elements that a prompt offers."""
    prompt = _prompt(call)
    if not isinstance(prompt, ElementsPrompt):
        raise bad_request(f"The {prompt.label} offers no elements.")
    rows = prompt.elements().rows(named=True)
    return ok({"elements": _part(call, rows)})


def list_objects(call: Call) -> Response:
    """List a part of the objects that a prompt offers: attributes for a condition as a bare array."""
    prompt = _prompt(call)
    if not isinstance(prompt, ObjectsPrompt | ExpressionPrompt | LevelPrompt):
        raise bad_request(f"The {prompt.label} offers no objects.")
    part = _part(call, prompt.objects(names=call.server.settings.dialect.names))
    bare = isinstance(prompt, ExpressionPrompt) and prompt.shows == "attribute"
    return ok(part if bare else {"objects": part})


async def answer(call: Call) -> Response:
    """Answer prompts; where no other is open, the report is executed."""
    return await _answer(call, json_object(call.json()).get("prompts"))


async def answer_by_key(call: Call) -> Response:
    """Answer prompts in the way of old clients, by key and values."""
    inquiry = find_instance(call).inquiry
    asked = {} if inquiry is None else {prompt.key: prompt for prompt in inquiry.reached}
    items = [json_object(item) for item in json_object(call.json()).get("answers") or []]
    return await _answer(call, [_as_now(item, asked.get(str(item.get("key")))) for item in items])


async def _answer(call: Call, items: Any) -> Response:
    instance = find_instance(call)
    inquiry = instance.inquiry
    if inquiry is None or not inquiry.open:
        raise Refusal(400, NOT_SUPPORTED, "The instance has no open prompts.")
    await asyncio.to_thread(inquiry.answer, items)
    if inquiry.open:
        instance.polls = call.server.settings.async_polls if instance.later else 0
    elif not instance.prepares:
        await _execute(call, instance)
    return Response(status=204)


async def _execute(call: Call, instance: Instance) -> None:
    """Execute an instance; a body that does not fit is an error of the execution now."""
    try:
        await execute(call, instance)
    except Refusal as refusal:
        start(call, instance, 0, failure=refusal)


def _as_now(item: dict[str, Any], prompt: Prompt | None) -> dict[str, Any]:
    """Write an answer of the older form as one of today's."""
    values = item.get("values") or []
    if prompt is None or item.get("useDefault"):
        return item
    written = {
        "ELEMENTS": [{"id": value} for value in values],
        "OBJECTS": [{"id": value} for value in values],
        "LEVEL": {"units": [{"id": value} for value in values]} if values else {},
    }
    return {"key": prompt.key, "type": prompt.kind, "answers": written.get(prompt.kind, values)}


def _list(call: Call, inquiry: Inquiry) -> Response:
    wanted = call.query.get("closed")
    names = call.server.settings.dialect.names
    described = [
        prompt.describe(names=names)
        | {"closed": prompt.key in inquiry.answers}
        | ({"answers": inquiry.answers[prompt.key]} if inquiry.answers.get(prompt.key) is not None else {})
        for prompt in inquiry.reached
    ]
    return ok([item for item in described if wanted is None or item["closed"] == (wanted.lower() == "true")])


def _prompt(call: Call) -> Prompt:
    inquiry = find_instance(call).inquiry
    if inquiry is None:
        raise bad_request("The report has no prompts.")
    return inquiry.find(call.places["prompt"])


def _part(call: Call, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the part of a list that a request asks for, of those whose name holds the search pattern."""
    offset, limit = call.integer("offset", 0), call.integer("limit", _DEFAULT_LIMIT)
    if offset < 0 or not 0 < limit <= _LARGEST_LIMIT:
        raise bad_request(f"Invalid value of parameter 'offset' or 'limit': the limit is at most {_LARGEST_LIMIT}.")
    pattern = call.query.get("searchPattern", "").lower()
    return [item for item in found if pattern in item["name"].lower()][offset : offset + limit]


ROUTES = (
    Route("GET", "/api/reports/{id}/prompts", list_of_report),
    Route("GET", f"{_INSTANCE}/prompts", list_of_instance),
    Route("GET", f"{_INSTANCE}/prompts/{{prompt}}/elements", list_elements),
    Route("GET", f"{_INSTANCE}/prompts/{{prompt}}/objects", list_objects),
    Route("PUT", f"{_INSTANCE}/prompts/answers", answer),
    Route("POST", f"{_INSTANCE}/promptsAnswers", answer_by_key),
)

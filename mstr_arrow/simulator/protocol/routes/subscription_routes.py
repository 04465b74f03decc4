"""Subscriptions and schedules (Wire reference, section 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.faults.effects import DeliveryEnd
from mstr_arrow.simulator.protocol.call import Call, Route
from mstr_arrow.simulator.responses import Refusal, Response, ok
from mstr_arrow.simulator.rules.prompt_answers import Inquiry
from mstr_arrow.simulator.state.subscription_store import FAILED, SUCCESS

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.reports import Report
    from mstr_arrow.simulator.state.subscription_store import Subscription

_DEFAULT_LIMIT = 1000
_MOST_SCHEDULES = 500
_SECOND = 2
_SUBSCRIPTION = "/api/subscriptions/{id}"


def send_list(call: Call, found: list[Any], *, default: int, member: str | None = None) -> Response:
    """Answer with the part of a list that a request asks for, -1 for all, and how many there are."""
    offset, limit = call.integer("offset", 0), call.integer("limit", default)
    if offset < 0 or limit < -1:
        raise bad_request("Invalid value of parameter 'offset' or 'limit'.")
    part = found[offset:] if limit == -1 else found[offset : offset + limit]
    headers = {"x-mstr-total-count": str(len(found))} if call.server.settings.total_counts else {}
    return ok(part if member is None else {member: part}, headers=headers)


def administers(call: Call) -> bool:
    """Tell whether the user may see and change what belongs to others."""
    return call.server.settings.administers and call.user_session.user == call.server.settings.username


def list_subscriptions(call: Call) -> Response:
    """List the subscriptions that the user may see, a part at a time."""
    store = call.server.subscriptions
    seen = [each for each in store.all.values() if each.owner == call.user_session.user or administers(call)]
    described = [store.describe(each, last_run=call.flag("lastRun")) for each in seen]
    return send_list(call, described, default=_DEFAULT_LIMIT, member="subscriptions")


def describe(call: Call) -> Response:
    """Describe a subscription."""
    return ok(call.server.subscriptions.describe(_own(call)))


def create(call: Call) -> Response:
    """Make a subscription, and send it at once where the body says so."""
    store, body = call.server.subscriptions, call.json()
    made = store.create(body, call.user_session.user)
    if json_object(body).get("sendNow"):
        _send(call, made, {})
    return Response(status=201, body=orjson.dumps(store.describe(made)))


def replace(call: Call) -> Response:
    """Replace all that a subscription says."""
    store, found, body = call.server.subscriptions, _own(call), call.json()
    store.replace(found, body)
    if json_object(body).get("sendNow"):
        _send(call, found, {})
    return ok(store.describe(found))


def switch(call: Call) -> Response:
    """Switch a subscription off or on; older servers cannot."""
    if not call.server.settings.pauses_subscriptions:
        raise Refusal(405, "ERR001", "HTTP 405 Method Not Allowed")
    call.server.subscriptions.pause(_own(call), json_object(call.json()))
    return Response(status=204)


def delete(call: Call) -> Response:
    """Delete a subscription."""
    del call.server.subscriptions.all[_own(call).id]
    return Response(status=204)


def hand_over(call: Call) -> Response:
    """Give a subscription to another user."""
    found, body = _own(call), json_object(call.json())
    found.owner = call.server.people.user(str(body.get("id"))).username
    return Response(status=204)


def send(call: Call) -> Response:
    """Run a subscription now, in the way of old clients: with one instance that answers prompts."""
    body = json_object(call.json())
    return _send_now(call, [body] if body else [])


def send_v2(call: Call) -> Response:
    """Run a subscription now."""
    if call.server.settings.delivery_api < _SECOND:
        raise Refusal(404, "ERR004", "HTTP 404 Not Found")
    return _send_now(call, json_object(call.json()).get("contents") or [])


def tell_status(call: Call) -> Response:
    """Tell how the last run of a subscription goes, or went."""
    return ok(call.server.subscriptions.status(_own(call)))


def list_prompts(call: Call) -> Response:
    """List the prompts of what a subscription delivers."""
    filtering, names = call.server.settings.filtering, call.server.settings.dialect.names
    found = [
        {**prompt.describe(names=names), "closed": False, "contentId": report.id}
        for report in _reports_with_prompts(call, _own(call))
        if report.questions is not None
        for prompt in Inquiry(report, report.questions, filtering).reached
    ]
    return ok({"prompts": found})


def create_content_instance(call: Call) -> Response:
    """Make an instance of what a subscription delivers, whose prompts are answered before it is sent."""
    report = {one.id: one for one in _reports_with_prompts(call, _own(call))}.get(call.places["content"].upper())
    if report is None or report.questions is None:
        raise bad_request("The content has no prompts.")
    instance = call.server.create_instance(report)
    instance.prepares = True
    instance.inquiry = Inquiry(report, report.questions, call.server.settings.filtering)
    call.server.keep(instance, call.user_session)
    return ok({"instanceId": instance.id, "status": 2})


def list_recipients(call: Call) -> Response:
    """List whom contents can be delivered to."""
    if not json_object(call.json()).get("contents"):
        raise Refusal(400, "ERR005", "The field 'contents' is missing.")
    found = call.server.people.reachable(call.query.get("deliveryType", "EMAIL"))
    return send_list(call, found, default=_DEFAULT_LIMIT, member="recipients")


def list_dependents(call: Call) -> Response:
    """List the subscriptions that deliver an object."""
    store, wanted = call.server.subscriptions, call.query.get("objectId", "").upper()
    found = [each for each in store.all.values() if wanted in {content["id"] for content in each.body["contents"]}]
    return ok({"subscriptions": [store.describe(each) for each in found]})


def list_schedules(call: Call) -> Response:
    """List all schedules."""
    return ok({"schedules": list(call.server.subscriptions.schedules.values())})


def list_schedules_v2(call: Call) -> Response:
    """List the schedules, a part at a time."""
    if call.server.settings.delivery_api < _SECOND:
        raise Refusal(404, "ERR004", "HTTP 404 Not Found")
    found = list(call.server.subscriptions.schedules.values())
    return send_list(call, found, default=_MOST_SCHEDULES, member="schedules")


def describe_schedule(call: Call) -> Response:
    """Describe a schedule."""
    found = call.server.subscriptions.schedules.get(call.places["id"].upper())
    if found is None:
        raise Refusal(404, "ERR004", "(The schedule was not found.)")
    return ok(found)


def _own(call: Call) -> Subscription:
    found = call.server.subscriptions.find(call.places["id"])
    if found.owner != call.user_session.user and not administers(call):
        raise Refusal(403, "ERR0017", "(The user has no permission for this subscription.)")
    return found


def _reports_with_prompts(call: Call, found: Subscription) -> list[Report]:
    """Give the reports of a subscription that have prompts."""
    reports = call.server.catalogue.reports
    contents = [reports.get(each["id"]) for each in found.body["contents"]]
    return [report for report in contents if report is not None and report.questions is not None]


def _send_now(call: Call, contents: list[Any]) -> Response:
    given: dict[str, str] = {}
    for each in map(json_object, contents):
        content_id, instance_id = str(each.get("contentId")), str(each.get("instanceId"))
        if call.user_session.instance(instance_id).asks:
            raise Refusal(400, "ERR006", "The prompts of the instance are not answered.")
        given[content_id.upper()] = instance_id
    _send(call, _own(call), given)
    return Response(status=202)


def _send(call: Call, found: Subscription, given: dict[str, str]) -> None:
    settings, fault = call.server.settings, call.effect_of(DeliveryEnd)
    unanswered = [
        report.name
        for report in _reports_with_prompts(call, found)
        if report.id not in given and not _kept(found, report)
    ]
    state, message = (SUCCESS, "") if fault is None else (fault.state, fault.message)
    if unanswered:
        state, message = FAILED, f"(The prompts of '{unanswered[0]}' are not answered.)"
    call.server.subscriptions.send(
        found,
        polls=settings.delivery_polls,
        seconds=float("inf") if fault is not None and fault.state == 0 else settings.delivery_seconds,
        state=state,
        message=message,
        instances=given.values(),
    )


def _kept(found: Subscription, report: Report) -> bool:
    """Tell whether the subscription itself holds answers for a report."""
    contents = [each for each in found.body["contents"] if each["id"] == report.id]
    return any((each.get("personalization") or {}).get("prompt", {}).get("instanceId") for each in contents)


ROUTES = (
    Route("GET", "/api/subscriptions", list_subscriptions),
    Route("POST", "/api/subscriptions", create),
    Route("POST", "/api/subscriptions/recipients/results", list_recipients),
    Route("GET", _SUBSCRIPTION, describe),
    Route("PUT", _SUBSCRIPTION, replace),
    Route("PATCH", _SUBSCRIPTION, switch),
    Route("DELETE", _SUBSCRIPTION, delete),
    Route("PATCH", f"{_SUBSCRIPTION}/owner", hand_over),
    Route("POST", f"{_SUBSCRIPTION}/send", send),
    Route("POST", "/api/v2/subscriptions/{id}/send", send_v2),
    Route("GET", f"{_SUBSCRIPTION}/status", tell_status),
    Route("GET", f"{_SUBSCRIPTION}/prompts", list_prompts),
    Route("POST", f"{_SUBSCRIPTION}/content/{{content}}/instances", create_content_instance),
    Route("GET", "/api/dependentSubscriptions", list_dependents),
    Route("GET", "/api/schedules", list_schedules),
    Route("GET", "/api/v2/schedules", list_schedules_v2),
    Route("GET", "/api/schedules/{id}", describe_schedule),
)

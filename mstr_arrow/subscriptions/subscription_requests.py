"""Requests about subscriptions. Wire reference, section 8."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from mstr_arrow.catalog.object_info import check_text
from mstr_arrow.errors import (
    DeliveryFailed,
    InstanceGone,
    MstrError,
    NotFound,
    NotSupported,
    PermissionDenied,
    ProtocolError,
    ServerError,
    TimeoutExceeded,
)
from mstr_arrow.http.retry import is_transient
from mstr_arrow.http.subject import Subject
from mstr_arrow.http.version import at_least
from mstr_arrow.names import find_named, only
from mstr_arrow.responses import items, reading
from mstr_arrow.session import once
from mstr_arrow.session.listing import fetch_all
from mstr_arrow.session.project import OBJECT_ID
from mstr_arrow.subscriptions.definition import Definition, is_made_of
from mstr_arrow.subscriptions.delivery_status import NEVER_RAN, DeliveryStatus, never_ran, read_status
from mstr_arrow.subscriptions.prompted import answer_reports
from mstr_arrow.subscriptions.route import is_unknown_route
from mstr_arrow.users.user_requests import no_such
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mstr_arrow.prompts.collection import Answers
    from mstr_arrow.session.in_project import ProjectSession
    from mstr_arrow.session.project_http import ProjectHttp
    from mstr_arrow.subscriptions.delivery_status import Outcome
    from mstr_arrow.users.people import Account

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two questions how a delivery goes."""

_HOW_TO_SEE = naming(
    "Whether that was done is not known: see {Connection.subscriptions()} before you ask for it again."
)

_LAST_RUN_SINCE = "11.4.0600"


async def list_definitions(http: ProjectHttp, version: str | None) -> list[Definition]:
    """Return the subscriptions that this login may see, by name. GET /api/subscriptions, part by part."""
    params = {"lastRun": True} if at_least(version, _LAST_RUN_SINCE) else None
    found = await fetch_all(http, "subscriptions", _read_all, lambda each: each.id, params=params)
    return sorted(found, key=lambda each: (each.name.casefold(), each.id))


async def fetch_definition(http: ProjectHttp, subscription_id: str) -> Definition:
    """Return one subscription. GET /api/subscriptions/{id}."""
    return await http.read("GET", f"subscriptions/{subscription_id}", lambda response: Definition(response.json()))


async def find_definition(http: ProjectHttp, version: str | None, wanted: str) -> Definition:
    """Return the subscription of that id or name; NotFound lists near names, UsageError several."""
    check_text("subscription", wanted)
    if OBJECT_ID.fullmatch(wanted.strip()):
        return await fetch_definition(http, wanted.strip().upper())
    known = await list_definitions(http, version)
    found = find_named(wanted, known, lambda each: each.name)
    chosen = only(
        found, "subscriptions", wanted, lambda each: f"{each.id} of {each.owner.name if each.owner else 'nobody'}"
    )
    if chosen is None:
        raise no_such("subscription", wanted, [each.name for each in known])
    return chosen


async def create(http: ProjectHttp, version: str | None, body: Mapping[str, Any]) -> Definition:
    """Make a subscription, once. POST /api/subscriptions, after GET, which tells those that are there already."""
    before = {each.id for each in await list_definitions(http, version)}

    async def look() -> Definition | None:
        new = [each for each in await list_definitions(http, version) if each.id not in before]
        return next((each for each in new if is_made_of(each, body)), None)

    async def undo(made: Definition) -> None:
        await delete(http, made.id)

    return await once.create(
        http,
        "subscriptions",
        body,
        lambda response: Definition(response.json()),
        look=look,
        undo=undo,
        how_to_see=_HOW_TO_SEE,
    )


async def replace(http: ProjectHttp, subscription_id: str, body: Mapping[str, Any]) -> Definition:
    """Replace all that a subscription says; twice is the same. PUT /api/subscriptions/{id}."""
    path = f"subscriptions/{subscription_id}"
    return await http.read("PUT", path, lambda response: Definition(response.json()), json=body, safe=True)


async def switch(http: ProjectHttp, subscription_id: str, *, paused: bool) -> Definition:
    """Pause a subscription or have it go on, and return it as it is then. PATCH and GET /api/subscriptions/{id}.

    Errors: NotSupported for a server that cannot.
    """
    path = f"subscriptions/{subscription_id}"
    try:
        await http.read("PATCH", path, once.check_done, json={"softDisabled": paused}, safe=True)
    except ServerError as error:
        if not is_unknown_route(error):
            raise
        raise NotSupported(
            "this server cannot pause subscriptions; servers of 2026 can.",
            status=error.status,
            hint="Give it a schedule that does not come, or delete it and make it again later.",
        ) from error
    return await fetch_definition(http, subscription_id)


async def give(http: ProjectHttp, definition: Definition, heir: Account) -> Definition:
    """Give a subscription to another user, and return it as it is then. PATCH …/{id}/owner, GET …/{id}.

    Where it may not be seen any more, it is returned as it was, with the new owner. Errors: NotSupported for a
    server that cannot; ServerError where the owner is the old one after that.
    """
    path = f"subscriptions/{definition.id}/owner"
    try:
        await http.read("PATCH", path, once.check_done, json={"id": heir.id}, safe=True)
    except ServerError as error:
        if not is_unknown_route(error):
            raise
        raise NotSupported(
            "this server leaves subscriptions with their owners.",
            status=error.status,
            hint="Have the other user make one like it, and delete this one.",
        ) from error
    try:
        given = await fetch_definition(http, definition.id)
    except (NotFound, PermissionDenied):
        return Definition({**definition.told, "owner": {"id": heir.id, "name": heir.name}})
    if given.owner is not None and given.owner.id not in {"", heir.id}:
        raise ServerError(
            f"the subscription {definition.name!r} still belongs to {given.owner.name!r}, though the server took "
            f"the request to give it to {heir.name!r}.",
            hint="Look at it again in a while, or ask the administrator to give it away.",
        )
    return given


async def delete(http: ProjectHttp, subscription_id: str) -> None:
    """Delete a subscription. DELETE /api/subscriptions/{id}."""

    async def is_there() -> bool:
        try:
            await fetch_definition(http, subscription_id)
        except NotFound:
            return False
        return True

    path = f"subscriptions/{subscription_id}"
    await once.delete(http, path, is_there=is_there, how_to_see=_HOW_TO_SEE)


async def fetch_status(http: ProjectHttp, subscription_id: str) -> DeliveryStatus:
    """Return how the last run goes or went. GET /api/subscriptions/{id}/status.

    That it never ran comes as HTTP 500, which is not asked again; other trouble is.
    """
    path = f"subscriptions/{subscription_id}/status"
    for safe in (False, True):
        try:
            return await http.read("GET", path, lambda response: read_status(response.json()), safe=safe)
        except MstrError as error:
            if never_ran(error):
                return NEVER_RAN
            if safe or not (is_transient(error) or isinstance(error, ProtocolError)):
                raise
    raise AssertionError("unreachable")


async def send(session: ProjectSession, definition: Definition, answers: Answers) -> DeliveryStatus | None:
    """Run a subscription now, and return what its status was before, None where nobody can say.

    POST /api/v2/subscriptions/{id}/send, on older servers /api/subscriptions/{id}/send, after GET …/status. It is
    never sent again: where the answer is lost and the status shows no new run, the error says how to see whether it
    went.
    """
    before = await _find_status(session.http, definition.id)
    for left in (1, 0):
        try:
            await _send_once(session, definition, answers, before)
        except InstanceGone:  # the session ended, with the answers: nothing was sent
            if not (answers and left):
                raise
        else:
            break
    return before


async def _send_once(
    session: ProjectSession, definition: Definition, answers: Answers, before: DeliveryStatus | None
) -> None:
    http = session.http
    async with AsyncExitStack() as stack:
        instances: Mapping[str, str] = {}
        if answers:
            contents = answer_reports(session, definition.contents, answers, subscription_id=definition.id)
            instances = await stack.enter_async_context(contents)
        given = [{"contentId": content, "instanceId": instance} for content, instance in instances.items()]
        try:
            await _post(http, definition.id, given)
        except MstrError as error:
            if not once.is_open(error):
                raise
            now = await _find_status(http, definition.id)
            if before is None or now is None or now.is_same_run(before):
                error.add_hint(
                    naming(
                        "Whether it was sent is not known, so it is not sent again: see {Subscription.status()} "
                        "before you do."
                    )
                )
                raise


async def wait(
    http: ProjectHttp,
    definition: Definition,
    *,
    timeout: float,  # noqa: ASYNC109  the caller's own words
    before: DeliveryStatus | None,
    on_progress: Callable[[DeliveryStatus], object] | None,
) -> DeliveryStatus:
    """Ask how a delivery goes until it has come to its end; ``before`` was the status before it was sent.

    Errors: DeliveryFailed where it failed, was cancelled or timed out; TimeoutExceeded after ``timeout`` seconds.
    """
    began, pause = time.monotonic(), FIRST_PAUSE
    status = NEVER_RAN
    while True:
        status = await fetch_status(http, definition.id)
        new = before is None or not status.is_same_run(before)
        if on_progress is not None:
            on_progress(status)
        if new and status.is_finished:
            return _judge(definition, status)
        left = timeout - (time.monotonic() - began)
        if left <= 0:
            doing = "it is executing" if new and status.stage == "executing" else "no run of it has begun"
            raise TimeoutExceeded(
                f"the subscription {definition.name!r} was not delivered after {timeout:g} s; {doing}.",
                hint="The server goes on with it; wait again, or for longer.",
            )
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _judge(definition: Definition, status: DeliveryStatus) -> DeliveryStatus:
    if status.outcome not in _ENDED:
        return status
    why = f": {'; '.join(status.messages)}" if status.messages else "."
    raise DeliveryFailed(
        f"the delivery of {definition.name!r} has {_ENDED[status.outcome]}{why}",
        status=status,
        hint="The history of the subscription, or the administrator, tells more.",
    )


_ENDED: dict[Outcome | None, str] = {
    "failed": "failed",
    "cancelled": "been cancelled",
    "timed out": "timed out on the server",
}


async def _post(http: ProjectHttp, subscription_id: str, given: list[dict[str, str]]) -> None:
    several, subject = ({"contents": given}, Subject.INSTANCE) if given else (None, None)
    try:
        await http.read(
            "POST", f"v2/subscriptions/{subscription_id}/send", once.check_done, json=several, subject=subject
        )
    except ServerError as error:
        if not is_unknown_route(error):
            raise
        if len(given) > 1:
            raise NotSupported(
                "this server takes the answers of one report at a time, and several of the contents ask.",
                hint="Make a subscription for each.",
            ) from error
        one = given[0] if given else None
        await http.read("POST", f"subscriptions/{subscription_id}/send", once.check_done, json=one, subject=subject)


async def _find_status(http: ProjectHttp, subscription_id: str) -> DeliveryStatus | None:
    try:
        return await fetch_status(http, subscription_id)
    except MstrError:
        return None


def _read_all(body: Any) -> list[Definition]:
    with reading(body, "a list of subscriptions"):
        listed = items(body["subscriptions"] if isinstance(body, dict) and "subscriptions" in body else body)
    return [Definition(item) for item in listed]

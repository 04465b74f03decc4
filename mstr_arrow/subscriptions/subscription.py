"""A subscription: what is delivered when, to whom and how, and what can be done with it."""

from __future__ import annotations

import copy
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.arrays import make_table
from mstr_arrow.delivery.modes import check_delivery
from mstr_arrow.prompts.collection import Answers
from mstr_arrow.signatures import takes
from mstr_arrow.subscriptions.asked import as_list, content_entries, recipient_entries, schedule_entries
from mstr_arrow.subscriptions.flags import Flags, check_flags, check_name
from mstr_arrow.subscriptions.prompted import keep_answers
from mstr_arrow.subscriptions.subscription_requests import (
    delete,
    fetch_definition,
    fetch_status,
    give,
    replace,
    send,
    switch,
    wait,
)
from mstr_arrow.users.user_requests import find_user

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Self, Unpack

    from mstr_arrow.delivery.modes import Delivery
    from mstr_arrow.session.session_client import Client
    from mstr_arrow.subscriptions.definition import Definition, Part
    from mstr_arrow.subscriptions.delivery_status import DeliveryStatus


class Subscription:
    """A subscription, as of the last request.

    `update`, `pause` and `resume` read it anew; `definition` is the server's whole definition.
    """

    def __init__(self, client: Client, definition: Definition, *, before: DeliveryStatus | None = None) -> None:
        self._client = client
        self._definition = definition
        self._before = before

    def __repr__(self) -> str:
        return f"<Subscription {self.name!r} {self.id}>"

    @property
    def id(self) -> str:
        """The subscription's id."""
        return self._definition.id

    @property
    def name(self) -> str:
        """The subscription's name, which others may have, too."""
        return self._definition.name

    @property
    def owner(self) -> str | None:
        """The name of the owner."""
        return self._definition.owner.name if self._definition.owner else None

    @property
    def owner_id(self) -> str | None:
        """The id of the owner."""
        return self._definition.owner.id or None if self._definition.owner else None

    @property
    def contents(self) -> list[Part]:
        """The delivered objects: id, name and type of each."""
        return list(self._definition.contents)

    @property
    def schedules(self) -> list[Part]:
        """The schedules: id, name and type of each."""
        return list(self._definition.schedules)

    @property
    def recipients(self) -> list[Part]:
        """The recipients: id, name and type of each."""
        return list(self._definition.recipients)

    @property
    def delivery(self) -> Delivery:
        """The mode of delivery, with its settings."""
        return self._definition.delivery

    @property
    def paused(self) -> bool | None:
        """Whether the subscription is paused; None if the server does not tell it."""
        return self._definition.paused

    @property
    def created(self) -> datetime | None:
        """The time of creation."""
        return self._definition.time("dateCreated")

    @property
    def modified(self) -> datetime | None:
        """The time of the last change."""
        return self._definition.time("dateModified")

    @property
    def last_run(self) -> datetime | None:
        """The time of the last run, if the list of subscriptions told it."""
        return self._definition.time("lastRun")

    @property
    def definition(self) -> dict[str, Any]:
        """A copy of the server's definition, in the words of the REST API."""
        return copy.deepcopy(dict(self._definition.told))

    def send(self, *, answers: Mapping[str, object] | None = None) -> None:
        """Deliver now, whatever the schedules; `wait` returns at the end of the run.

        ``answers`` answer the prompts of the reports, as `Report.answers` takes them. The request is sent once: if
        its response is lost and the status shows no new run, the error says so, and nothing is sent again. GET
        …/status, POST /api/v2/subscriptions/{id}/send, without v2 on older servers. Errors: PromptsOpen,
        UsageError.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     weekly = conn.subscription("Weekly Sales")
        ...     weekly.send()
        ...     weekly.wait().outcome
        'success'
        """
        self._client.run(self._send(answers))

    async def send_async(self, *, answers: Mapping[str, object] | None = None) -> None:
        """Deliver now as `send` does, without blocking the event loop."""
        await self._client.bridge(self._send(answers))

    async def _send(self, answers: Mapping[str, object] | None) -> None:
        self._before = await send(self._client.session, self._definition, Answers.of(answers or {}))

    def status(self) -> DeliveryStatus:
        """Return the state of the last run; "never ran" is a stage, too. GET …/{id}/status.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.subscription("On My Phone").status().stage
        'never ran'
        """
        return self._client.run(fetch_status(self._client.http, self.id))

    async def status_async(self) -> DeliveryStatus:
        """Return the state of the last run as `status` does, without blocking the event loop."""
        return await self._client.bridge(fetch_status(self._client.http, self.id))

    def wait(
        self, *, timeout: float | None = None, on_progress: Callable[[DeliveryStatus], object] | None = None
    ) -> DeliveryStatus:
        """Wait for the end of the run that `send` began, else of the last one, and return its status.

        ``timeout`` is in seconds, ``Timeouts.execute`` by default; ``on_progress`` is called with each status. A
        run that the server skipped is over, too: see ``outcome``. Errors: DeliveryFailed with the server's reasons
        for a run that failed, was cancelled or timed out; TimeoutExceeded, after which the server goes on.
        """
        return self._client.run(self._wait(timeout, on_progress))

    async def wait_async(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  in seconds, as wait() has it
        on_progress: Callable[[DeliveryStatus], object] | None = None,
    ) -> DeliveryStatus:
        """Wait for the end of a run as `wait` does, without blocking the event loop."""
        return await self._client.bridge(self._wait(timeout, on_progress))

    async def _wait(
        self, seconds: float | None, on_progress: Callable[[DeliveryStatus], object] | None
    ) -> DeliveryStatus:
        if seconds is None:
            seconds = self._client.http.settings.timeouts.execute
        return await wait(
            self._client.http, self._definition, timeout=seconds, before=self._before, on_progress=on_progress
        )

    @takes(Flags)
    def update(
        self,
        *,
        name: str | None = None,
        contents: object = None,
        schedules: object = None,
        recipients: object = None,
        delivery: Delivery | None = None,
        owner: object = None,
        **flags: Unpack[Flags],
    ) -> Self:
        """Change the given fields, keep all others, and return the subscription.

        Lists are given whole, as for `Connection.subscribe`; of a ``delivery`` in the present mode, fields that are
        None are kept. Changes of others are kept, too: the definition is read anew first. Another ``owner``, a user
        or the name or id of one, comes last: a former owner may not be able to change the rest any more. GET and
        PUT /api/subscriptions/{id}, PATCH /api/subscriptions/{id}/owner. Errors: NotSupported for a server that
        cannot change owners.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     weekly = conn.subscription("Weekly Sales")
        ...     weekly.update(delivery=ma.delivery.Email(subject="Sales")).delivery.message
        'As every week.'
        """
        given = {"contents": contents, "schedules": schedules, "recipients": recipients}
        return self._client.run(self._update(name, given, delivery, owner, flags))

    @takes(Flags)
    async def update_async(
        self,
        *,
        name: str | None = None,
        contents: object = None,
        schedules: object = None,
        recipients: object = None,
        delivery: Delivery | None = None,
        owner: object = None,
        **flags: Unpack[Flags],
    ) -> Self:
        """Change the given fields as `update` does, without blocking the event loop."""
        given = {"contents": contents, "schedules": schedules, "recipients": recipients}
        return await self._client.bridge(self._update(name, given, delivery, owner, flags))

    async def _update(
        self,
        name: str | None,
        given: Mapping[str, object],
        delivery: Delivery | None,
        owner: object,
        flags: Flags,
    ) -> Self:
        http = self._client.http
        heir = None if owner is None else await find_user(http, owner)
        if heir is None or flags or any(each is not None for each in (name, delivery, *given.values())):
            await self._change(name, given, delivery, flags)
        if heir is not None:
            self._definition = await give(http, self._definition, heir)
        return self

    async def _change(
        self, name: str | None, given: Mapping[str, object], delivery: Delivery | None, flags: Flags
    ) -> None:
        http, more = self._client.http, check_flags(flags)
        named = None if name is None else check_name(name)
        mode = None if delivery is None else check_delivery(delivery).body()
        now = await fetch_definition(http, self.id)
        contents = None if given["contents"] is None else await content_entries(http, given["contents"])
        schedules = None if given["schedules"] is None else await schedule_entries(http, given["schedules"])
        recipients = None
        if given["recipients"] is not None:
            reached = contents or [{"id": each.id, "type": each.type} for each in now.contents]
            way = (mode or now.told.get("delivery") or {}).get("mode", "EMAIL")
            recipients = await recipient_entries(http, given["recipients"], reached, way)
        async with AsyncExitStack() as stack:
            if contents is not None:
                given_contents = as_list(given["contents"], "contents")
                await keep_answers(self._client.session, stack, given_contents, contents)
            body = now.replacement(
                name=named, contents=contents, schedules=schedules, recipients=recipients, delivery=mode, more=more
            )
            self._definition = await replace(http, self.id, body)

    def pause(self) -> Self:
        """Stop the schedules until `resume`. PATCH /api/subscriptions/{id}, which servers of 2026 have.

        Errors: NotSupported for an older server.
        """
        return self._client.run(self._switch(paused=True))

    async def pause_async(self) -> Self:
        """Stop the schedules as `pause` does, without blocking the event loop."""
        return await self._client.bridge(self._switch(paused=True))

    def resume(self) -> Self:
        """Start the schedules again after `pause`. PATCH /api/subscriptions/{id}."""
        return self._client.run(self._switch(paused=False))

    async def resume_async(self) -> Self:
        """Start the schedules again as `resume` does, without blocking the event loop."""
        return await self._client.bridge(self._switch(paused=False))

    async def _switch(self, *, paused: bool) -> Self:
        self._definition = await switch(self._client.http, self.id, paused=paused)
        return self

    def delete(self) -> None:
        """Delete the subscription. DELETE /api/subscriptions/{id}."""
        self._client.run(delete(self._client.http, self.id))

    async def delete_async(self) -> None:
        """Delete the subscription as `delete` does, without blocking the event loop."""
        await self._client.bridge(delete(self._client.http, self.id))


class Subscriptions(list[Subscription]):
    """A list of subscriptions."""

    def table(self) -> pa.Table:
        """Return a row for each subscription; contents, schedules and recipients are lists of names."""
        schema = pa.schema(
            {
                **dict.fromkeys(("id", "name", "owner", "mode"), pa.string()),
                **dict.fromkeys(("contents", "schedules", "recipients"), pa.list_(pa.string())),
                "paused": pa.bool_(),
                **dict.fromkeys(("created", "modified", "last_run"), pa.timestamp("us", "UTC")),
            }
        )
        return make_table([_row(each) for each in self], schema)


def _row(subscription: Subscription) -> dict[str, object]:
    plain = ("id", "name", "owner", "paused", "created", "modified", "last_run")
    lists = ("contents", "schedules", "recipients")
    return {
        **{name: getattr(subscription, name) for name in plain},
        **{name: [part.name for part in getattr(subscription, name)] for name in lists},
        "mode": subscription.delivery.mode,
    }

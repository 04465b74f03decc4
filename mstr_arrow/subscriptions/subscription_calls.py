"""Calls about subscriptions and schedules."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from mstr_arrow.delivery.modes import check_delivery
from mstr_arrow.names import matcher
from mstr_arrow.session.session_client import Connected
from mstr_arrow.signatures import takes
from mstr_arrow.subscriptions.asked import (
    as_list,
    content_entries,
    fetch_contacts,
    recipient_entries,
    schedule_entries,
)
from mstr_arrow.subscriptions.definition import Part, new_body
from mstr_arrow.subscriptions.delivery_status import NEVER_RAN
from mstr_arrow.subscriptions.flags import Flags, check_flags, check_name
from mstr_arrow.subscriptions.prompted import keep_answers
from mstr_arrow.subscriptions.schedules import Schedule, Schedules, choose_schedule, fetch_schedules
from mstr_arrow.subscriptions.subscription import Subscription, Subscriptions
from mstr_arrow.subscriptions.subscription_requests import create, find_definition, list_definitions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from mstr_arrow.delivery.modes import Delivery


class SubscriptionCalls(Connected):
    """Calls for subscriptions and schedules."""

    def subscriptions(
        self, name: str | None = None, *, owner: object = None, content: object = None
    ) -> Subscriptions:
        """Return the subscriptions that this login may see, by name: its own, an administrator all.

        In ``name`` ``*`` stands for any text and ``?`` for one letter, and so in ``owner`` and ``content`` where
        they are names; they may be ids or objects, too. GET /api/subscriptions, 1,000 at a time.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.subscriptions(owner="Administrator", content="Sales Cube").table()["name"].to_pylist()
        ['Nightly Sales Cache']
        """
        return self._client.run(self._subscriptions(name, owner, content))

    async def subscriptions_async(
        self, name: str | None = None, *, owner: object = None, content: object = None
    ) -> Subscriptions:
        """Return the subscriptions as `subscriptions` does, without blocking the event loop."""
        return await self._client.bridge(self._subscriptions(name, owner, content))

    async def _subscriptions(self, name: str | None, owner: object, content: object) -> Subscriptions:
        fits = matcher(name)
        found = await list_definitions(self._client.http, self._client.server_version)
        kept = [
            each
            for each in found
            if fits(each.name)
            and (owner is None or (each.owner is not None and _is_meant(owner, each.owner)))
            and (content is None or any(_is_meant(content, part) for part in each.contents))
        ]
        return Subscriptions(Subscription(self._client, each) for each in kept)

    def subscription(self, name_or_id: str) -> Subscription:
        """Return the subscription of that name or id; NotFound lists near names, UsageError several of one name.

        GET /api/subscriptions/{id}, for a name /api/subscriptions.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.subscription("weekly sales").recipients[0].name
        'Ann Lee'
        """
        return self._client.run(self._subscription(name_or_id))

    async def subscription_async(self, name_or_id: str) -> Subscription:
        """Return one subscription as `subscription` does, without blocking the event loop."""
        return await self._client.bridge(self._subscription(name_or_id))

    async def _subscription(self, name_or_id: str) -> Subscription:
        found = await find_definition(self._client.http, self._client.server_version, name_or_id)
        return Subscription(self._client, found)

    @takes(Flags)
    def subscribe(
        self,
        name: str,
        contents: object,
        schedules: object,
        recipients: object,
        delivery: Delivery,
        *,
        send_now: bool = False,
        **flags: Unpack[Flags],
    ) -> Subscription:
        """Make a subscription, and return it.

        ``contents`` are reports, cubes and others, by object, name or id; a `delivery.Content` adds the form, a
        pair such as ``(id, "dossier")`` the type. ``schedules`` are names or ids. ``recipients`` are
        users, groups, contacts and addresses, by object, name or id, or `delivery.Recipient`. One may stand for a
        list of one. ``send_now`` runs the subscription at once, beside its schedules. `Flags` lists what
        recipients may do.

        All is looked up and checked before anything is made. A request whose answer is lost is sent again only if
        the subscription is not there. POST /api/subscriptions, after GET of the same; further requests for names.
        Raises NotFound with near names, UsageError; InvalidRequest for what the server refuses.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     report = conn.report("Cross-tab Metrics Last")
        ...     mail = ma.delivery.Email(subject="Sales")
        ...     daily = conn.subscribe("Daily Sales", report, "Every Morning", "Ann Lee", mail)
        ...     daily.contents[0].name, daily.schedules[0].name
        ...     daily.delete()
        ('Cross-tab Metrics Last', 'Every Morning')
        """
        given = {"contents": contents, "schedules": schedules, "recipients": recipients}
        return self._client.run(self._subscribe(name, given, delivery, flags, send_now=send_now))

    @takes(Flags)
    async def subscribe_async(
        self,
        name: str,
        contents: object,
        schedules: object,
        recipients: object,
        delivery: Delivery,
        *,
        send_now: bool = False,
        **flags: Unpack[Flags],
    ) -> Subscription:
        """Make a subscription as `subscribe` does, without blocking the event loop."""
        given = {"contents": contents, "schedules": schedules, "recipients": recipients}
        return await self._client.bridge(self._subscribe(name, given, delivery, flags, send_now=send_now))

    async def _subscribe(
        self, name: str, given: Mapping[str, Any], delivery: Delivery, flags: Flags, *, send_now: bool
    ) -> Subscription:
        http, mode = self._client.http, check_delivery(delivery).body()
        named, more = check_name(name), check_flags(flags)
        contents = await content_entries(http, given["contents"])
        schedules = await schedule_entries(http, given["schedules"])
        recipients = await recipient_entries(http, given["recipients"], contents, mode["mode"])
        async with AsyncExitStack() as stack:
            await keep_answers(self._client.session, stack, as_list(given["contents"], "contents"), contents)
            body = new_body(
                named, contents=contents, schedules=schedules, recipients=recipients, delivery=mode, more=more
            )
            body |= {"sendNow": True} if send_now else {}
            made = await create(http, self._client.server_version, body)
        return Subscription(self._client, made, before=NEVER_RAN if send_now else None)

    def recipients(self, contents: object, mode: str = "EMAIL") -> list[Part]:
        """Return whom contents can be delivered to: users, groups, contacts, each with id, name and type.

        POST /api/subscriptions/recipients/results, 1,000 at a time.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     [each.name for each in conn.recipients("Sales Cube") if each.type == "contact"]
        ['Press Office']
        """
        return self._client.run(self._recipients(contents, mode))

    async def recipients_async(self, contents: object, mode: str = "EMAIL") -> list[Part]:
        """Return the recipients as `recipients` does, without blocking the event loop."""
        return await self._client.bridge(self._recipients(contents, mode))

    async def _recipients(self, contents: object, mode: str) -> list[Part]:
        entries = await content_entries(self._client.http, contents)
        return await fetch_contacts(self._client.http, entries, mode.upper())

    def schedules(self) -> Schedules:
        """Return the schedules there are, by name. GET /api/schedules.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     [each.name for each in conn.schedules() if each.type == "event_based"]
        ['Nightly Load Done']
        """
        return self._client.run(fetch_schedules(self._client.http))

    async def schedules_async(self) -> Schedules:
        """Return the schedules as `schedules` does, without blocking the event loop."""
        return await self._client.bridge(fetch_schedules(self._client.http))

    def schedule(self, name_or_id: str) -> Schedule:
        """Return the schedule of that name or id; NotFound lists near names. GET /api/schedules."""
        return self._client.run(self._schedule(name_or_id))

    async def schedule_async(self, name_or_id: str) -> Schedule:
        """Return one schedule as `schedule` does, without blocking the event loop."""
        return await self._client.bridge(self._schedule(name_or_id))

    async def _schedule(self, name_or_id: str) -> Schedule:
        return choose_schedule(await fetch_schedules(self._client.http), name_or_id)


def _is_meant(wanted: object, part: Part) -> bool:
    """Say whether something of a subscription is meant by an object, an id, or a name with ``*`` and ``?``."""
    if isinstance(wanted, str):
        return wanted.strip().casefold() == part.id.casefold() or matcher(wanted)(part.name)
    return str(getattr(wanted, "id", "")).casefold() == part.id.casefold()

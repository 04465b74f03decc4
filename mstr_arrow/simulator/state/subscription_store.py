"""Subscriptions, their owners, and how their deliveries went (Wire reference, section 8)."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.bodies import bad_request
from mstr_arrow.simulator.model.cubes import object_id
from mstr_arrow.simulator.responses import Refusal
from mstr_arrow.simulator.rules.subscription_bodies import LISTS, check_body, no_object
from mstr_arrow.simulator.samples.sample_people import sample_schedules
from mstr_arrow.simulator.samples.sample_subscriptions import sample_subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mstr_arrow.simulator.model.catalogue import Catalogue

    from .user_directory import People

EXECUTING, FINISHED = 1, 2
SUCCESS, FAILED = 1, 2

_FIRST = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
_GIVEN = ("id", "owner", "dateCreated", "dateModified", "editable", "multipleContents", "sendNow")
_DOCUMENT = 55


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Something that was sent: by which subscription, in which mode, to whom, and from which instances."""

    subscription: str
    mode: str
    recipients: tuple[str, ...]
    instances: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Run:
    """One execution of a subscription: called unfinished ``polls`` times, at least until ``ends`` by the clock."""

    began: datetime
    polls: int
    ends: float
    state: int
    message: str


@dataclass(slots=True, kw_only=True)
class Subscription:
    """A subscription, as ``body`` describes it, its owner, and its last run."""

    id: str
    owner: str
    created: datetime
    modified: datetime
    body: dict[str, Any]
    run: Run | None = field(default=None)


class Subscriptions:
    """All subscriptions of a project; ``clock`` gives the seconds by which deliveries end."""

    def __init__(self, catalogue: Catalogue, people: People, username: str, clock: Callable[[], float]) -> None:
        self._catalogue = catalogue
        self._people = people
        self._clock = clock
        self._ticks = 0
        self.schedules = {schedule["id"]: schedule for schedule in sample_schedules()}
        self.deliveries: list[Delivery] = []
        self.all: dict[str, Subscription] = {}
        ids = catalogue.names() | {report.name: report.id for report in catalogue.reports.values()}
        for owner, body in sample_subscriptions(username, ids):
            self.create(body, owner)

    def create(self, body: Any, owner: str) -> Subscription:
        """Make a subscription of a body; raise the server's refusal of a wrong one."""
        filled = self._fill(check_body(body, new=True), {})
        now = self._now()
        made = Subscription(
            id=object_id("subscription", str(self._ticks)), owner=owner, created=now, modified=now, body=filled
        )
        self.all[made.id] = made
        return made

    def replace(self, subscription: Subscription, body: Any) -> None:
        """Replace all that a subscription says; lists that the body does not have are dropped."""
        children = {each["id"]: each["childSubscriptionId"] for each in subscription.body["recipients"]}
        subscription.body = self._fill(check_body(body, new=False), children)
        subscription.modified = self._now()

    def pause(self, subscription: Subscription, body: dict[str, Any]) -> None:
        """Switch a subscription off or on, or name it anew."""
        if not body.keys() <= {"softDisabled", "name"} or not isinstance(body.get("softDisabled", False), bool):
            raise bad_request("A subscription is patched by 'softDisabled' and 'name'.")
        if "softDisabled" in body:
            subscription.body["delivery"]["softDisabled"] = body["softDisabled"]
        subscription.body["name"] = body.get("name", subscription.body["name"])
        subscription.modified = self._now()

    def find(self, subscription_id: str) -> Subscription:
        """Find a subscription; raise the server's 404 where there is none."""
        if subscription_id.upper() not in self.all:
            raise no_object("subscription", subscription_id)
        return self.all[subscription_id.upper()]

    def send(
        self,
        subscription: Subscription,
        *,
        polls: int,
        seconds: float,
        state: int,
        message: str,
        instances: Iterable[str],
    ) -> None:
        """Run a subscription, whatever its schedules; what is delivered is written down, if it is."""
        body = subscription.body
        subscription.run = Run(
            began=self._now(), polls=polls, ends=self._clock() + seconds, state=state, message=message
        )
        if state == SUCCESS:
            names = tuple(each["name"] for each in body["recipients"])
            mode = body["delivery"]["mode"]
            sent = Delivery(subscription=body["name"], mode=mode, recipients=names, instances=tuple(instances))
            self.deliveries.append(sent)

    def status(self, subscription: Subscription) -> dict[str, Any]:
        """Tell how the last run goes, or went; raise the server's 500 where there was none."""
        run = subscription.run
        if run is None:
            raise Refusal(500, "ERR002", f"No status for the subscription {subscription.id}")
        finished = run.polls <= 0 and self._clock() >= run.ends
        run.polls -= 1
        told = {"state": run.state if finished else 0, "stage": FINISHED if finished else EXECUTING}
        contents = subscription.body["contents"]
        return {
            "id": subscription.id,
            **told,
            "total": len(contents),
            "estimate": 0,
            "start": _fine(run.began),
            "end": _fine(run.began + timedelta(seconds=42)) if finished else None,
            "contents": [{"id": each["id"], "name": each["name"], **told} for each in contents],
            "statuses": [{**told, "message": run.message}] if finished and run.message else [],
            "expiration": None,
        }

    def describe(self, subscription: Subscription, *, last_run: bool = True) -> dict[str, Any]:
        """Write a subscription as the server shows it."""
        run = subscription.run
        return {
            "id": subscription.id,
            "editable": True,
            "multipleContents": len(subscription.body["contents"]) > 1,
            "dateCreated": _coarse(subscription.created),
            "dateModified": _coarse(subscription.modified),
            "owner": {"id": object_id("user", subscription.owner), "name": self._full_name(subscription.owner)},
            **({"lastRun": _coarse(run.began)} if run is not None and last_run else {}),
            **copy.deepcopy(subscription.body),
        }

    def _full_name(self, username: str) -> str:
        return self._people.user(object_id("user", username)).name

    def _fill(self, body: dict[str, Any], children: dict[str, str]) -> dict[str, Any]:
        """Fill in what the server knows: names, switches, the subscription of each recipient."""
        told = {name: value for name, value in copy.deepcopy(body).items() if name not in _GIVEN}
        told |= {name: told.get(name) or [] for name in LISTS}
        switches = ("allowDeliveryChanges", "allowPersonalizationChanges", "allowUnsubscribe")
        told |= {name: bool(told.get(name)) for name in switches}
        told["schedules"] = [self._schedule(each) for each in told["schedules"]]
        told["contents"] = [self._content(each) for each in told["contents"]]
        mode = told["delivery"]["mode"]
        told["recipients"] = [self._recipient(each, mode, children) for each in told["recipients"]]
        return told

    def _schedule(self, told: dict[str, Any]) -> dict[str, Any]:
        schedule = self.schedules.get(told["id"].upper())
        if schedule is None:
            raise no_object("schedule", told["id"])
        known = {"id": schedule["id"], "name": schedule["name"], "type": schedule["scheduleType"]}
        return {**told, **known, "expired": schedule["expired"]}

    def _content(self, told: dict[str, Any]) -> dict[str, Any]:
        content_id, kind = told["id"].upper(), told.get("type")
        by_kind: dict[str, Mapping[str, Any]] = {"cube": self._catalogue.cubes, "report": self._catalogue.reports}
        found = by_kind.get(str(kind))
        if found is None and kind in {"document", "dossier"}:
            return {**told, "name": self._catalogue.entry(content_id, _DOCUMENT).name}
        if found is None:
            raise bad_request(f"Invalid value '{kind}' of the content's 'type'.")
        if content_id not in found:
            raise no_object(f"{kind}", content_id)
        return {**told, "id": content_id, "name": found[content_id].name}

    def _recipient(self, told: dict[str, Any], mode: str, children: dict[str, str]) -> dict[str, Any]:
        kind, wanted = str(told.get("type")), told["id"].upper()
        try:
            name, group = self._people.recipient(wanted, kind)
        except KeyError:
            raise no_object(f"{kind}", wanted) from None
        if kind == "user" and wanted not in {each["id"] for each in self._people.reachable(mode)}:
            raise bad_request(f"The recipient '{name}' has no address for the delivery mode {mode}.")
        child = children.get(wanted) or object_id("child", wanted, str(self._ticks))
        told = {"includeType": "TO", **told}
        return {**told, "id": wanted, "name": name, "isGroup": group, "type": kind, "childSubscriptionId": child}

    def _now(self) -> datetime:
        """Give another time for each thing that happens, a minute later than the one before."""
        self._ticks += 1
        return _FIRST + timedelta(minutes=self._ticks)


def _coarse(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+0000")


def _fine(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.123+0000")

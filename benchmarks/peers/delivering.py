"""Subscriptions that mstrio-py makes, sends and deletes and mstr_arrow tells of, and the other way round."""

# The peers are there in the environment of `nox -s peers` only.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from mstrio.connection import Connection
from mstrio.distribution_services import (
    CacheUpdateSubscription,
    Content,
    EmailSubscription,
    HistoryListSubscription,
    SubscriptionManager,
    list_subscriptions,
)

import mstr_arrow as ma
from benchmarks.peers.compare import SAME
from benchmarks.peers.verdicts import MSTRIO, OURS, Checks
from mstr_arrow.delivery.modes import read_delivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.peers.verdicts import Told
    from mstr_arrow.delivery.modes import Delivery
    from mstr_arrow.simulator import Simulator

_FIELDS = "id, name, owner, contents, schedules, recipients, mode of delivery, times, and what recipients may do"
_REPORT, _CUBE, _SCHEDULE, _RECIPIENT = "Cross-tab Metrics Last", "Sales Cube", "Every Morning", "Ann Lee"
_WAIT_SECONDS = 10.0


class _Kind(NamedTuple):
    """A mode of delivery: what either client makes of it, of which content, and what both must then show."""

    mode: str
    content: str
    make: Callable[..., Any]
    options: dict[str, Any]
    delivery: Delivery
    shown: tuple[str, ...]


_KINDS = (
    _Kind(
        "EMAIL",
        _REPORT,
        EmailSubscription.create,
        {
            "email_subject": "Größe",
            "email_message": "As agreed.",
            "filename": "sales",
            "contact_security": False,
            "delivery_expiration_date": "2030-12-31",
        },
        ma.delivery.Email(
            subject="Größe",
            message="As agreed.",
            filename="sales",
            contact_security=False,
            expiration="2030-12-31",
            send_content_as="data",
            overwrite_older_version=False,
        ),
        ("subject", "message", "filename", "contact_security", "expiration", "send_content_as"),
    ),
    _Kind(
        "CACHE",
        _CUBE,
        CacheUpdateSubscription.create,
        {"cache_library_cache_types": ["web", "ios"], "cache_reuse_dataset_cache": True},
        ma.delivery.Cache(
            cache_type="reserved",
            shortcut_cache_format="RESERVED",
            library_cache_types=["web", "ios"],
            reuse_dataset_cache=True,
            is_all_library_users=False,
            contact_security=True,
        ),
        ("library_cache_types", "reuse_dataset_cache", "shortcut_cache_format", "contact_security"),
    ),
    _Kind(
        "HISTORY_LIST",
        _REPORT,
        HistoryListSubscription.create,
        {},
        ma.delivery.HistoryList(contact_security=True),
        ("contact_security",),
    ),
)


class _Clients(NamedTuple):
    sim: Simulator
    ours: ma.Connection
    theirs: Connection

    def told_by_us(self) -> Told:
        """Tell all subscriptions as mstr_arrow lists them."""
        return {_told_by_us(each) for each in self.ours.subscriptions()}

    def told_by_them(self) -> Told:
        """Tell all subscriptions as mstrio-py lists them."""
        return {_told_by_them(each) for each in list_subscriptions(self.theirs, project_id=self.sim.project_id)}

    def they_make(self, kind: _Kind) -> Any:
        """Make a subscription with mstrio-py."""
        is_cube = kind.content == _CUBE
        content = Content(
            id=(self.sim.cubes if is_cube else self.sim.reports)[kind.content],
            type=Content.Type.CUBE if is_cube else Content.Type.REPORT,
            personalization=Content.Properties(
                format_type=Content.Properties.FormatType.CSV,
                format_mode=Content.Properties.FormatMode.DEFAULT,
            ),
        )
        return kind.make(
            self.theirs,
            f"{kind.mode} By Peer",
            project_id=self.sim.project_id,
            contents=content,
            schedules=[self.ours.schedule(_SCHEDULE).id],
            recipients=[self.ours.user(_RECIPIENT).id],
            **kind.options,
        )

    def we_make(self, kind: _Kind) -> ma.Subscription:
        """Make the same subscription with mstr_arrow."""
        csv = ma.delivery.Personalization(format_type="CSV", format_mode="DEFAULT", view_mode="DEFAULT")
        found = self.ours.cube(_CUBE) if kind.content == _CUBE else self.ours.report(_REPORT)
        content = ma.delivery.Content(found, personalization=csv)
        return self.ours.subscribe(f"{kind.mode} By Us", content, _SCHEDULE, _RECIPIENT, kind.delivery)


def main(checks: Checks, sim: Simulator) -> None:
    """Run the checks of subscriptions."""
    theirs = Connection(sim.url, sim.username, sim.password, project_name=sim.project)
    with ma.connect(sim.url, username=sim.username, password=sim.password, project=sim.project) as ours:
        clients = _Clients(sim, ours, theirs)
        checks.compare("list_subscriptions, and subscriptions()", _FIELDS, clients.told_by_us, clients.told_by_them)
        for kind in _KINDS:
            checks.run(f"{kind.mode}: create, send, rename, delete", MSTRIO, partial(_their_life, clients, kind))
            checks.run(f"{kind.mode}: create, send, rename, delete", OURS, partial(_our_life, clients, kind))
        checks.run("a subscription of the other one sent and deleted", MSTRIO, partial(_they_handle, clients))
        checks.run("a subscription of the other one sent and deleted", OURS, partial(_we_handle, clients))
        checks.compare("the subscriptions that are left", _FIELDS, clients.told_by_us, clients.told_by_them)
    theirs.close()


def _their_life(clients: _Clients, kind: _Kind) -> str:
    """Follow a subscription of mstrio-py from its creation to its end, by what mstr_arrow tells of it."""
    made = clients.they_make(kind)
    found = clients.ours.subscription(made.id)
    seen = {
        "fields": _told_by_us(found) == _told_by_them(made),
        "delivery": _shown(found.delivery, kind) == _shown(kind.delivery, kind),
    }
    before = len(clients.sim.deliveries)
    made.execute()
    outcome = clients.ours.subscription(made.id).wait().outcome
    seen["sent once"] = len(clients.sim.deliveries) == before + 1
    seen["outcome"] = outcome == made.status.state.name.lower() == "success"
    made.alter(name=f"{kind.mode} Renamed By Peer")
    seen["new name"] = clients.ours.subscription(made.id).name == f"{kind.mode} Renamed By Peer"
    made.delete(force=True)
    seen["gone"] = not _is_there(clients, made.id)
    return _verdict(seen)


def _our_life(clients: _Clients, kind: _Kind) -> str:
    """Follow a subscription of ours from its creation to its end, by what mstrio-py tells of it."""
    made = clients.we_make(kind)
    found = _as_they_see(clients, made.id)
    delivery = read_delivery(found.delivery.to_dict())
    seen = {
        "fields": _told_by_us(made) == _told_by_them(found),
        "delivery": _shown(delivery, kind) == _shown(kind.delivery, kind),
    }
    before = len(clients.sim.deliveries)
    made.send()
    outcome = made.wait().outcome
    seen["sent once"] = len(clients.sim.deliveries) == before + 1
    seen["outcome"] = outcome == found.status.state.name.lower() == "success"
    made.update(name=f"{kind.mode} Renamed By Us")
    seen["new name"] = _as_they_see(clients, made.id).name == f"{kind.mode} Renamed By Us"
    made.delete()
    listed = list_subscriptions(clients.theirs, project_id=clients.sim.project_id, to_dictionary=True)
    seen["gone"] = made.id not in {each["id"] for each in listed}
    return _verdict(seen)


def _they_handle(clients: _Clients) -> str:
    made = clients.we_make(_KINDS[0])
    manager = SubscriptionManager(clients.theirs, project_id=clients.sim.project_id)
    manager.execute([made.id])
    sent = _settled(made)
    manager.delete([made.id], force=True)
    return _verdict({"outcome": sent, "gone": not _is_there(clients, made.id)})


def _we_handle(clients: _Clients) -> str:
    made = clients.they_make(_KINDS[0])
    found = clients.ours.subscription(made.id)
    found.send()
    sent = found.wait().outcome == made.status.state.name.lower()
    found.delete()
    return _verdict({"outcome": sent, "gone": not _is_there(clients, made.id)})


def _settled(made: ma.Subscription) -> bool:
    """Wait until a subscription that somebody else sent has run; tell whether it did so in time."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while made.status().outcome != "success" and time.monotonic() < deadline:
        time.sleep(0.05)
    return made.status().outcome == "success"


def _as_they_see(clients: _Clients, subscription_id: str) -> Any:
    found = list_subscriptions(clients.theirs, project_id=clients.sim.project_id)
    return next(each for each in found if each.id == subscription_id)


def _is_there(clients: _Clients, subscription_id: str) -> bool:
    return subscription_id in {each.id for each in clients.ours.subscriptions()}


def _told_by_us(each: ma.Subscription) -> tuple[object, ...]:
    may = [bool(each.definition.get(name)) for name in ("allowDeliveryChanges", "allowUnsubscribe")]
    return (
        *(each.id, each.name, each.owner_id, each.owner),
        tuple((part.id, part.name, part.type) for part in each.contents),
        tuple((part.id, part.name) for part in each.schedules),
        tuple((part.id, part.name, part.type) for part in each.recipients),
        *(each.delivery.mode, each.created, each.modified, *may),
    )


def _told_by_them(each: Any) -> tuple[object, ...]:
    return (
        *(each.id, each.name, each.owner.id, each.owner.name),
        tuple((part.id, part.name, _word(part.type)) for part in each.contents),
        tuple((part.id, part.name) for part in each.schedules),
        tuple((part["id"], part["name"], part["type"]) for part in each.recipients),
        *(_word(each.delivery.mode), each.date_created, each.date_modified),
        *(each.allow_delivery_changes, each.allow_unsubscribe),
    )


def _word(told: Any) -> str:
    """Give the word of a member of an enumeration; mstrio-py holds the bare word where it was given one."""
    return str(getattr(told, "value", told))


def _shown(delivery: Delivery, kind: _Kind) -> tuple[str, ...]:
    """Give the fields of a delivery that both clients set."""
    return tuple(str(getattr(delivery, name)) for name in kind.shown)


def _verdict(seen: dict[str, bool]) -> str:
    """Say what was the same by what both clients tell, or what was not."""
    wrong = [name for name, right in seen.items() if not right]
    return f"differs: {', '.join(wrong)}" if wrong else f"{SAME}: {', '.join(seen)}"

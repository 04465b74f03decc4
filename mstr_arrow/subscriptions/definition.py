"""The definition of a subscription, as the server has it, and how it is changed. Pure; wire reference, section 8.1.

The server replaces a subscription as a whole. So what is changed is put into what was read; members that nobody
here knows stay as they came.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.delivery.modes import read_delivery
from mstr_arrow.responses import fields, identity, items, moment, optional_text, reading, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mstr_arrow.delivery.modes import Delivery

FILLED_IN = frozenset(
    {"id", "owner", "dateCreated", "dateModified", "editable", "lastRun", "multipleContents", "sendNow"}
)
"""Members that the server fills in, and does not take."""


class Part(NamedTuple):
    """A content, schedule or recipient of a subscription, as the server names it."""

    id: str
    name: str
    type: str | None = None


class Definition:
    """A subscription as it was read."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        with reading(body, "a description of a subscription"):
            told = fields(body)
            self.id = identity(told, "id")
            self.name = text(told, "name")
            self.contents = _parts(told.get("contents"))
            self.schedules = _parts(told.get("schedules"))
            self.recipients = _parts(told.get("recipients"))
            self.told: Mapping[str, Any] = told
            delivery = fields(told.get("delivery") or {})
        self.delivery: Delivery = read_delivery(delivery)
        switch = delivery.get("softDisabled", told.get("softDisabled"))
        self.paused: bool | None = None if switch is None else str(switch).lower() == "true"

    @property
    def owner(self) -> Part | None:
        """Whose it is."""
        owner = self.told.get("owner")
        named = optional_text(owner, "name", "id")
        return None if named is None else Part(optional_text(owner, "id") or "", named)

    def time(self, *names: str) -> datetime | None:
        """Read a time of the subscription."""
        return moment(self.told, *names)

    def replacement(
        self,
        *,
        name: str | None = None,
        contents: Sequence[Mapping[str, Any]] | None = None,
        schedules: Sequence[Mapping[str, Any]] | None = None,
        recipients: Sequence[Mapping[str, Any]] | None = None,
        delivery: Mapping[str, Any] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the body of a replacement: the given members, all others as they were.

        Entries of lists that were there keep what is not said of them, and so does a delivery of the same mode.
        """
        body = {key: copy.deepcopy(value) for key, value in self.told.items() if key not in FILLED_IN}
        given = {"contents": contents, "schedules": schedules, "recipients": recipients}
        for key, entries in given.items():
            if entries is not None:
                before = {str(each.get("id")).upper(): each for each in items(body.get(key))}
                body[key] = [_lay_over(before.get(str(each["id"]).upper(), {}), each) for each in entries]
        if delivery is not None:
            old = body.get("delivery") or {}
            kept = old if old.get("mode") == delivery.get("mode") else _of_any_mode(old)
            body["delivery"] = _lay_over(kept, delivery)
        if name is not None:
            body["name"] = name
        return body | dict(more or {})


def new_body(
    name: str,
    *,
    contents: Sequence[Mapping[str, Any]],
    schedules: Sequence[Mapping[str, Any]],
    recipients: Sequence[Mapping[str, Any]],
    delivery: Mapping[str, Any],
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the body of a new subscription."""
    several = {"multipleContents": True} if len(contents) > 1 else {}
    lists = {"schedules": list(schedules), "contents": list(contents), "recipients": list(recipients)}
    return {"name": name, **several, **lists, "delivery": dict(delivery), **more}


def is_made_of(definition: Definition, body: Mapping[str, Any]) -> bool:
    """Say whether a subscription is what a body asked for: name, contents, schedules, recipients and mode."""
    asked = {
        key: {str(each["id"]).upper() for each in body[key]} for key in ("contents", "schedules", "recipients")
    }
    there = {
        "contents": {each.id for each in definition.contents},
        "schedules": {each.id for each in definition.schedules},
        "recipients": {each.id for each in definition.recipients},
    }
    mode = definition.told.get("delivery", {}).get("mode")
    return definition.name == body["name"] and asked == there and mode == body["delivery"]["mode"]


def _parts(listed: Any) -> list[Part]:
    return [
        Part(identity(each, "id"), text(each, "name", "id"), optional_text(each, "type")) for each in items(listed)
    ]


def _of_any_mode(delivery: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a delivery that do not depend on its mode."""
    kept = ("expiration", "expirationTimeZone", "contactSecurity", "softDisabled")
    return {name: delivery[name] for name in kept if name in delivery}


def _lay_over(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Lay members over others, those of inner objects one by one.

    >>> _lay_over({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 4}})
    {'a': 1, 'b': {'c': 2, 'd': 4}}
    """
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[name] = _lay_over(before, value) if both else value  # type: ignore[arg-type]  # both are
    return merged

"""Users, groups, contacts and schedules that the simulated server begins with."""

from __future__ import annotations

from typing import Any

from mstr_arrow.simulator.model.cubes import object_id
from mstr_arrow.simulator.model.people import Address, Other, Person

_DATE = "2026-01-15T08:30:00.000+0000"


def sample_people(username: str) -> list[Person]:
    """Make the users: the one who logs in, the administrator, a guest, and some of a company."""
    people = [
        Person(username=username, name=username),
        Person(username="Administrator", name="Administrator"),
        Person(username="guest", name="guest", enabled=False),
        Person(username="annl", name="Ann Lee"),
        Person(username="annb", name="Ann Berg"),
        Person(username="jnunez", name="José Núñez"),
        Person(username="bstone", name="Bob Stone", enabled=False),
    ]
    for person, value in ((people[1], "admin@example.com"), (people[3], "ann.lee@example.com")):
        address = Address(id=object_id("address", value), name="Office", value=value, default=True)
        person.addresses[address.id] = address
    return people


def sample_others() -> list[Other]:
    """Make the groups and contacts."""
    return [
        Other("Everyone", "user_group"),
        Other("Sales Team", "user_group", members=("annl", "bstone")),
        Other("Press Office", "contact"),
        Other("Partners", "contact_group"),
    ]


def sample_schedules() -> list[dict[str, Any]]:
    """Make the schedules, as a listing shows them."""
    return [
        _time_schedule(
            "Every Morning", {"recurrencePattern": "daily", "daily": {"dailyPattern": "day", "repeatInterval": 1}}
        ),
        _time_schedule(
            "Mondays At Six",
            {"recurrencePattern": "weekly", "weekly": {"repeatInterval": 1, "daysOfWeek": ["monday"]}},
            start="06:00:00",
        ),
        _time_schedule(
            "Once In 2025", {"recurrencePattern": "daily", "daily": {"repeatInterval": 1}}, stop="2025-12-31"
        ),
        _schedule(
            "Nightly Load Done",
            "event_based",
            event={"eventId": object_id("event", "load"), "name": "Load Done"},
        ),
    ]


def _time_schedule(
    name: str, pattern: dict[str, Any], *, start: str = "05:00:00", stop: str | None = None
) -> dict[str, Any]:
    execution = {"executionPattern": "once", "executionTime": start, "startTime": start}
    timed = {"startDate": "2025-01-01"} | ({} if stop is None else {"stopDate": stop})
    coming = {} if stop else {"scheduleNextDelivery": f"2026-12-07T{start}.000+0000"}
    return _schedule(
        name, "time_based", **timed, **coming, time={**pattern, "execution": execution}, expired=bool(stop)
    )


def _schedule(name: str, kind: str, *, expired: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "id": object_id("schedule", name),
        "name": name,
        "description": "",
        "scheduleType": kind,
        "expired": expired,
        "dateCreated": _DATE,
        "dateModified": _DATE,
        "acg": 199,
        **more,
    }

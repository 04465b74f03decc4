"""Schedules, by which subscriptions run. Wire reference, section 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.arrays import make_table
from mstr_arrow.catalog.object_info import check_text
from mstr_arrow.errors import NotFound
from mstr_arrow.names import find_named, only
from mstr_arrow.responses import identity, items, moment, optional_text, reading, text
from mstr_arrow.session.listing import fetch_all
from mstr_arrow.subscriptions.route import is_unknown_route
from mstr_arrow.users.user_requests import no_such

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mstr_arrow.session.project_http import ProjectHttp


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When subscriptions run: at times, or (``type`` is ``"event_based"``) when ``event`` happens.

    ``next_delivery`` is the time of the next run, if the server tells it; an ``expired`` schedule has none.
    """

    id: str
    name: str
    type: str | None = None
    description: str = ""
    next_delivery: datetime | None = None
    start: datetime | None = None
    stop: datetime | None = None
    event: str | None = None
    expired: bool = False


class Schedules(list[Schedule]):
    """A list of schedules."""

    def table(self) -> pa.Table:
        """Return a row for each schedule: id, name, type, description, event, next delivery, start, stop, expired.

        >>> Schedules([Schedule(id="A1", name="Nightly", type="time_based")]).table()["name"].to_pylist()
        ['Nightly']
        """
        texts = dict.fromkeys(("id", "name", "type", "description", "event"), pa.string())
        times = dict.fromkeys(("next_delivery", "start", "stop"), pa.timestamp("us", "UTC"))
        schema = pa.schema({**texts, **times, "expired": pa.bool_()})
        rows = [{name: getattr(schedule, name) for name in schema.names} for schedule in self]
        return make_table(rows, schema)


async def fetch_schedules(http: ProjectHttp) -> Schedules:
    """Return all schedules, by name. GET /api/schedules; where that is gone, /api/v2/schedules, part by part."""
    try:
        found = await http.read("GET", "schedules", lambda response: read_schedules(response.json()))
    except NotFound as error:
        if not is_unknown_route(error):
            raise
        found = await fetch_all(http, "v2/schedules", read_schedules, lambda each: each.id)
    return Schedules(sorted(found, key=lambda each: (each.name.casefold(), each.id)))


def read_schedules(body: Any) -> list[Schedule]:
    """Read a list of schedules. Errors: ProtocolError.

    >>> read_schedules({"schedules": [{"id": "A1", "name": "Load", "scheduleType": "event_based"}]})[0].type
    'event_based'
    """
    with reading(body, "a list of schedules"):
        listed = body["schedules"] if isinstance(body, dict) and "schedules" in body else body
        return [
            Schedule(
                id=identity(item, "id"),
                name=text(item, "name"),
                type=optional_text(item, "scheduleType", "type"),
                description=optional_text(item, "description") or "",
                next_delivery=moment(item, "scheduleNextDelivery", "nextDelivery"),
                start=moment(item, "startDate"),
                stop=moment(item, "stopDate"),
                event=optional_text(item.get("event"), "name", "eventName", "eventId", "id"),
                expired=str(item.get("expired")).lower() == "true",
            )
            for item in items(listed)
        ]


def choose_schedule(schedules: Sequence[Schedule], wanted: object) -> Schedule:
    """Return the schedule of that id or name; NotFound lists near names, UsageError several."""
    if isinstance(wanted, Schedule):
        return wanted
    check_text("schedule", wanted)
    sought = str(wanted)
    found = [each for each in schedules if each.id.casefold() == sought.strip().casefold()]
    found = found or find_named(sought, schedules, lambda each: each.name)
    chosen = only(found, "schedules", sought, lambda each: f"{each.id} {each.name!r}")
    if chosen is None:
        raise no_such("schedule", sought, [each.name for each in schedules])
    return chosen

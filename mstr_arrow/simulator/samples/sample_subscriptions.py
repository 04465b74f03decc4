"""The subscriptions that the simulated project begins with, as their owners wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.simulator.model.cubes import object_id
from mstr_arrow.simulator.model.people import EVERYONE

if TYPE_CHECKING:
    from collections.abc import Mapping


def sample_subscriptions(username: str, ids: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Make them, each with the name of its owner; ``ids`` are those of the project's cubes and reports by name.

    One has members that no client knows, one a mode that few do.
    """
    report = {"id": ids["Cross-tab Metrics Last"], "type": "report"}
    everyone = {"id": EVERYONE, "type": "user_group", "includeType": "TO"}
    return [
        (
            "Administrator",
            {
                "name": "Weekly Sales",
                "schedules": [_schedule("Mondays At Six")],
                "contents": [
                    {
                        **report,
                        "personalization": {"formatMode": "CURRENT_PAGE", "viewMode": "BOTH", "formatType": "HTML"},
                    }
                ],
                "recipients": [_user("annl"), everyone | {"includeType": "CC"}],
                "delivery": {
                    "mode": "EMAIL",
                    "contactSecurity": False,
                    "email": {"subject": "Sales", "message": "As every week.", "priority": "HIGH"},
                },
                "allowUnsubscribe": True,
                "alerting": {"enabled": False, "colour": "amber"},
            },
        ),
        (
            "Administrator",
            {
                "name": "Nightly Sales Cache",
                "schedules": [_schedule("Nightly Load Done")],
                "contents": [{"id": ids["Sales Cube"], "type": "cube"}],
                "recipients": [everyone],
                "delivery": {"mode": "CACHE", "cache": {"cacheType": "RESERVED", "shortcutCacheFormat": "BOTH"}},
            },
        ),
        (
            username,
            {
                "name": "On My Phone",
                "schedules": [_schedule("Every Morning")],
                "contents": [report],
                "recipients": [_user(username)],
                "delivery": {
                    "mode": "MOBILE",
                    "expiration": "2030-12-31",
                    "mobile": {
                        "clientType": "PHONE",
                        "deviceId": object_id("device", "phone"),
                        "do_not_create": True,
                    },
                },
            },
        ),
    ]


def _schedule(name: str) -> dict[str, Any]:
    return {"id": object_id("schedule", name)}


def _user(username: str) -> dict[str, Any]:
    return {"id": object_id("user", username), "type": "user", "includeType": "TO"}

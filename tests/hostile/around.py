"""The endpoints of the work around the data, each with a call that reaches it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import mstr_arrow as ma
from tests.reliability.endpoints import Endpoint

if TYPE_CHECKING:
    from mstr_arrow.connection import Connection

_REPORT, _MODEL, _USER, _SCHEDULE = "Cross-tab Metrics Last", "Retail Model", "Ann Lee", "Every Morning"
_NUMBERS = count()


def _subscribe(connection: Connection) -> None:
    """Make a subscription, change and send it, and delete it again."""
    mail = ma.delivery.Email(subject="Sales")
    made = connection.subscribe(f"Daily {next(_NUMBERS)}", connection.report(_REPORT), _SCHEDULE, _USER, mail)
    made.pause()
    made.resume()
    made.update(name=f"Daily {next(_NUMBERS)}")
    made.send()
    made.delete()


def _subscribe_with_answers(connection: Connection) -> None:
    content = ma.delivery.Content(connection.report("Prompted Twice"), answers={"Year": 2024})
    mail = ma.delivery.Email(subject="Sales")
    made = connection.subscribe(f"Daily {next(_NUMBERS)}", content, _SCHEDULE, _USER, mail)
    made.send(answers={"Year": 2023})
    made.delete()


def _recipients(connection: Connection) -> Any:
    return connection.recipients(connection.report(_REPORT))


def _addresses(connection: Connection) -> None:
    user, name = connection.user(_USER), f"Home {next(_NUMBERS)}"
    user.add_address(name, f"ann{next(_NUMBERS)}@example.com")
    assert user.addresses
    user.delete_address(name)


def _model(connection: Connection) -> Any:
    return connection.data_model(_MODEL, parameters={"City": "Rome", "Currency": "USD"}).to_arrow()


def _refresh_model(connection: Connection) -> None:
    connection.data_model(_MODEL).refresh()


AROUND = {
    "model's tables": Endpoint("GET", r"/dataModels/\w+/tables$", _refresh_model),
    "model's instance": Endpoint("POST", r"/dataModels/\w+/instances$", _refresh_model),
    "model's publication": Endpoint("POST", r"/dataModels/\w+/publish$", _refresh_model),
    "model's progress": Endpoint("GET", r"/dataModels/\w+/publishStatus$", _refresh_model),
    "deleted model's instance": Endpoint("DELETE", r"/dataModels/\w+/instances/\w+$", _refresh_model),
    "model's parameters": Endpoint("GET", r"/dataModels/\w+/parameters$", _model),
    "users": Endpoint("GET", r"/api/users$", lambda conn: conn.users().table()),
    "groups": Endpoint("GET", r"/api/usergroups$", lambda conn: conn.user_groups().table()),
    "addresses": Endpoint("GET", r"/users/\w+/addresses$", _addresses),
    "new address": Endpoint("POST", r"/users/\w+/addresses$", _addresses),
    "deleted address": Endpoint("DELETE", r"/users/\w+/addresses/\w+$", _addresses),
    "schedules": Endpoint("GET", r"/api/schedules$", lambda conn: conn.schedules().table()),
    "recipients": Endpoint("POST", r"/recipients/results$", _recipients),
    "subscriptions": Endpoint("GET", r"/api/subscriptions$", _subscribe),
    "new subscription": Endpoint("POST", r"/api/subscriptions$", _subscribe),
    "subscription": Endpoint("GET", r"/api/subscriptions/\w+$", _subscribe),
    "paused subscription": Endpoint("PATCH", r"/api/subscriptions/\w+$", _subscribe),
    "changed subscription": Endpoint("PUT", r"/api/subscriptions/\w+$", _subscribe),
    "sending": Endpoint("POST", r"/subscriptions/\w+/send$", _subscribe),
    "state of a sending": Endpoint("GET", r"/subscriptions/\w+/status$", _subscribe),
    "answered content": Endpoint("POST", r"/content/\w+/instances$", _subscribe_with_answers),
    "deleted subscription": Endpoint("DELETE", r"/api/subscriptions/\w+$", _subscribe),
}

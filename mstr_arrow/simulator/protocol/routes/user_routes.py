"""Users, groups, and the addresses of users (Wire reference, section 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.protocol.call import Call, Needs, Route
from mstr_arrow.simulator.responses import Refusal, Response, ok

from .subscription_routes import administers, send_list

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.people import AddressDialect, Person


def list_users(call: Call) -> Response:
    """List the users whose names begin as the request says, a part at a time."""
    found = [
        person.describe()
        for person in call.server.people.users.values()
        if _begins(call, "nameBegins", person.name) and _begins(call, "abbreviationBegins", person.username)
    ]
    return send_list(call, sorted(found, key=lambda each: str(each["name"])), default=100)


def describe_user(call: Call) -> Response:
    """Describe a user."""
    return ok(call.server.people.user(call.places["id"]).describe())


def list_groups(call: Call) -> Response:
    """List the groups of users, a part at a time."""
    others = call.server.people.others.values()
    found = [
        {"id": each.id, "name": each.name, "type": 34, "subtype": 8705}
        for each in others
        if each.kind == "user_group"
    ]
    return send_list(call, [each for each in found if _begins(call, "nameBegins", str(each["name"]))], default=100)


def list_members(call: Call) -> Response:
    """List the users of a group, a part at a time."""
    found = [person.describe() for person in call.server.people.members(call.places["id"])]
    return send_list(call, sorted(found, key=lambda each: str(each["name"])), default=100)


def list_addresses(call: Call) -> Response:
    """List the addresses of a user."""
    return ok(_addresses(_person(call), call.server.settings.address_dialect))


def list_addresses_v1(call: Call) -> Response:
    """List the addresses of a user as the first version of this call does, which has one dialect only."""
    return ok(_addresses(_person(call), "value"))


def add_address(call: Call) -> Response:
    """Give a user an address, and list all that there are now."""
    return _add(call, call.server.settings.address_dialect)


def add_address_v1(call: Call) -> Response:
    """Give a user an address, as the first version of this call does."""
    return _add(call, "value")


def change_address(call: Call) -> Response:
    """Change an address, and list all that there are now."""
    person, dialect = _person(call), call.server.settings.address_dialect
    call.server.people.change_address(person, call.places["address"], json_object(call.json()), dialect)
    return ok(_addresses(person, dialect))


def delete_address(call: Call) -> Response:
    """Take an address from a user; one that a subscription delivers to stays."""
    person = _person(call)
    address = call.server.people.address(person, call.places["address"])
    if any(
        each["id"] == address.id
        for one in call.server.subscriptions.all.values()
        for each in one.body["recipients"]
    ):
        raise bad_request("The address is used by a subscription.")
    del person.addresses[address.id]
    return Response(status=204)


def _person(call: Call) -> Person:
    person = call.server.people.user(call.places["id"])
    if person.username != call.user_session.user and not administers(call):
        raise Refusal(403, "ERR0014", "(The user does not have the privilege to manage users.)")
    return person


def _add(call: Call, dialect: AddressDialect) -> Response:
    person = _person(call)
    call.server.people.add_address(person, json_object(call.json()), dialect)
    return Response(status=call.server.settings.address_status, body=orjson.dumps(_addresses(person, dialect)))


def _addresses(person: Person, dialect: AddressDialect) -> dict[str, Any]:
    return {"addresses": [address.describe(dialect) for address in person.addresses.values()]}


def _begins(call: Call, parameter: str, name: str) -> bool:
    return name.casefold().startswith(call.query.get(parameter, "").casefold())


ROUTES = tuple(
    Route(method, path, handler, Needs.SESSION)  # users belong to the server, not to a project
    for method, path, handler in (
        ("GET", "/api/users", list_users),
        ("GET", "/api/users/{id}", describe_user),
        ("GET", "/api/usergroups", list_groups),
        ("GET", "/api/usergroups/{id}/members", list_members),
        ("GET", "/api/users/{id}/addresses", list_addresses_v1),
        ("POST", "/api/users/{id}/addresses", add_address_v1),
        ("DELETE", "/api/users/{id}/addresses/{address}", delete_address),
        ("GET", "/api/v2/users/{id}/addresses", list_addresses),
        ("POST", "/api/v2/users/{id}/addresses", add_address),
        ("PUT", "/api/v2/users/{id}/addresses/{address}", change_address),
    )
)

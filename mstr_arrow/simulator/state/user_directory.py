"""The users that the server knows, with their addresses, groups and contacts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mstr_arrow.simulator.bodies import bad_request
from mstr_arrow.simulator.model.cubes import object_id
from mstr_arrow.simulator.model.people import (
    DEVICES,
    EVERYONE,
    GENERIC_EMAIL,
    Address,
    AddressDialect,
    Other,
    Person,
)
from mstr_arrow.simulator.responses import OBJECT_NOT_FOUND, Refusal
from mstr_arrow.simulator.samples.sample_people import sample_others, sample_people

_DIALECTS: dict[str, tuple[str, str, str]] = {
    "value": ("value", "deliveryMode", "device"),
    "physicalAddress": ("physicalAddress", "deliveryType", "deviceId"),
}


class People:
    """Users by id, and all others that can be delivered to."""

    def __init__(self, username: str) -> None:
        self.users: dict[str, Person] = {person.id: person for person in sample_people(username)}
        self.others: dict[str, Other] = {other.id: other for other in sample_others()}
        self._made = 0

    def user(self, user_id: str) -> Person:
        """Find a user; raise the server's 404 where there is none."""
        if user_id.upper() not in self.users:
            raise Refusal(404, "ERR004", "(The user was not found.)", iserver_code=OBJECT_NOT_FOUND)
        return self.users[user_id.upper()]

    def members(self, group_id: str) -> list[Person]:
        """Find the users of a group; raise the server's 404 where there is no such group."""
        group = self.others.get(group_id.upper())
        if group is None or group.kind != "user_group":
            raise Refusal(404, "ERR004", "(The user group was not found.)", iserver_code=OBJECT_NOT_FOUND)
        return [each for each in self.users.values() if group.id == EVERYONE or each.username in group.members]

    def add_address(self, person: Person, body: dict[str, Any], dialect: AddressDialect) -> None:
        """Give a user an address that a request describes in the server's dialect."""
        self._made += 1
        address_id = object_id("new address", str(self._made))
        person.addresses[address_id] = self._read(body, dialect, Address(id=address_id, name="", value=""))
        self._settle(person, person.addresses[address_id])

    def change_address(
        self, person: Person, address_id: str, body: dict[str, Any], dialect: AddressDialect
    ) -> None:
        """Change an address to what a request says; where that is refused, it stays as it is."""
        changed = self._read(body, dialect, replace(self.address(person, address_id)))
        person.addresses[changed.id] = changed
        self._settle(person, changed)

    def address(self, person: Person, address_id: str) -> Address:
        """Find an address of a user; raise the server's 404 where there is none."""
        if address_id.upper() not in person.addresses:
            raise Refusal(404, "ERR004", "(The address was not found.)", iserver_code=OBJECT_NOT_FOUND)
        return person.addresses[address_id.upper()]

    def recipient(self, recipient_id: str, kind: str) -> tuple[str, bool]:
        """Tell the name of a recipient, and whether it stands for several; raise KeyError where there is none."""
        wanted = recipient_id.upper()
        if kind == "user":
            return self.users[wanted].name, False
        if kind == "personal_address":
            addresses = {key: each for user in self.users.values() for key, each in user.addresses.items()}
            return addresses[wanted].name, False
        other = self.others[wanted]
        if other.kind != kind:
            raise KeyError(recipient_id)
        return other.name, other.is_group

    def reachable(self, mode: str) -> list[dict[str, Any]]:
        """List whom something can be delivered to in this mode: users need an address for e-mail."""
        users = [
            {"id": person.id, "name": person.name, "isGroup": False, "type": "user"}
            for person in self.users.values()
            if mode != "EMAIL" or any(each.mode == mode for each in person.addresses.values())
        ]
        others = [
            {"id": other.id, "name": other.name, "isGroup": other.is_group, "type": other.kind}
            for other in self.others.values()
        ]
        return sorted(users + others, key=lambda each: str(each["name"]))

    @staticmethod
    def _read(body: dict[str, Any], dialect: AddressDialect, address: Address) -> Address:
        value, mode, device = _DIALECTS[dialect]
        for name in ("name", value):
            if not isinstance(body.get(name), str) or not body[name]:
                raise Refusal(400, "ERR005", f"The field '{name}' is missing.")
        address.name, address.value = body["name"], body[value]
        address.mode = str(body.get(mode, "EMAIL")).upper()
        if address.mode == "EMAIL" and "@" not in address.value:
            raise bad_request(f"'{address.value}' is not a valid e-mail address.")
        named = str(body.get(device, GENERIC_EMAIL))
        address.device = DEVICES.get(named, named)
        if address.device not in DEVICES.values():
            raise bad_request(f"There is no device '{named}'.")
        address.default = bool(body.get("isDefault", False))
        return address

    @staticmethod
    def _settle(person: Person, address: Address) -> None:
        """Leave one default of a mode, the newest."""
        if address.default:
            for other in person.addresses.values():
                other.default = other is address or (other.default and other.mode != address.mode)

"""Users, groups and addresses, as the server describes them, in both dialects. Pure; wire reference, section 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from mstr_arrow.arrays import make_table
from mstr_arrow.responses import identity, items, moment, optional_text, reading, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

GENERIC_EMAIL = "GENERIC_EMAIL"
"""The device of an e-mail address that is for no program in particular."""

_GENERIC_EMAIL_ID = "1D2E6D168A7711D4BE8100B0D04B6F0B"


class Group(NamedTuple):
    """A group of users."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user as listings show one; members that the server keeps to itself are None."""

    id: str
    name: str
    username: str | None = None
    enabled: bool | None = None
    created: datetime | None = None
    modified: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address of a user: ``value`` receives deliveries, by a ``device`` of the server."""

    id: str
    name: str
    value: str
    mode: str = "EMAIL"
    device: str | None = None
    default: bool = False


class Groups(list[Group]):
    """A list of groups."""

    def table(self) -> pa.Table:
        """Return a row for each group: id and name."""
        schema = pa.schema({"id": pa.string(), "name": pa.string()})
        return make_table([group._asdict() for group in self], schema)


class Addresses(list[Address]):
    """A list of addresses."""

    def table(self) -> pa.Table:
        """Return a row for each address: id, name, value, mode, device and default.

        >>> Addresses([Address(id="A1", name="Office", value="ann@example.com")]).table()["value"].to_pylist()
        ['ann@example.com']
        """
        texts = dict.fromkeys(("id", "name", "value", "mode", "device"), pa.string())
        schema = pa.schema({**texts, "default": pa.bool_()})
        rows = [{name: getattr(address, name) for name in schema.names} for address in self]
        return make_table(rows, schema)


def read_accounts(body: Any) -> list[Account]:
    """Read a list of users. Errors: ProtocolError.

    >>> read_accounts([{"id": "U1", "fullName": "Ann Lee", "abbreviation": "ann"}])[0].username
    'ann'
    """
    with reading(body, "a list of users"):
        listed = body["users"] if isinstance(body, dict) and "users" in body else body
        return [_account(item) for item in items(listed)]


def read_account(body: Any) -> Account:
    """Read one user. Errors: ProtocolError."""
    with reading(body, "a description of a user"):
        return _account(body)


def read_groups(body: Any) -> list[Group]:
    """Read a list of groups. Errors: ProtocolError.

    >>> read_groups([{"id": "G1", "name": "Everyone"}])
    [Group(id='G1', name='Everyone')]
    """
    with reading(body, "a list of groups of users"):
        listed = body["userGroups"] if isinstance(body, dict) and "userGroups" in body else body
        return [Group(identity(item, "id"), text(item, "name")) for item in items(listed)]


def read_addresses(body: Any) -> Addresses:
    """Read the addresses of a user, in either dialect. Errors: ProtocolError.

    >>> read_addresses({"addresses": [{"id": "A1", "name": "x", "physicalAddress": "x@y.z", "idDefault": True}]})
    [Address(id='A1', name='x', value='x@y.z', mode='EMAIL', device=None, default=True)]
    """
    with reading(body, "a list of addresses"):
        listed = body["addresses"] if isinstance(body, dict) and "addresses" in body else body
        return Addresses(
            Address(
                id=identity(item, "id"),
                name=text(item, "name", "value", "physicalAddress"),
                value=text(item, "value", "physicalAddress"),
                mode=(optional_text(item, "deliveryMode", "deliveryType") or "EMAIL").upper(),
                device=optional_text(item, "device", "deviceId", "deviceName"),
                default=_flag(item, "isDefault", "idDefault", "default"),
            )
            for item in items(listed)
        )


def writes_physical(body: Any) -> bool | None:
    """Tell the dialect of a list of addresses: whether it says ``physicalAddress``; None where it has none.

    >>> writes_physical({"addresses": [{"value": "x@y.z"}]}), writes_physical([])
    (False, None)
    """
    with reading(body, "a list of addresses"):
        listed = items(body["addresses"] if isinstance(body, dict) and "addresses" in body else body)
        return None if not listed else any("physicalAddress" in each for each in listed)


def address_bodies(
    name: str, value: str, device: str, *, mode: str, default: bool, physical: bool | None
) -> list[dict[str, Any]]:
    """Write a new address in the dialect of the server, or in both, where it is not known: the likely one first.

    >>> [one, other] = address_bodies("x", "x@y.z", "GENERIC_EMAIL", mode="EMAIL", default=False, physical=None)
    >>> one["device"], other["deviceId"]
    ('GENERIC_EMAIL', '1D2E6D168A7711D4BE8100B0D04B6F0B')
    """
    device_id = _GENERIC_EMAIL_ID if device == GENERIC_EMAIL else device
    plain = {"name": name, "value": value, "deliveryMode": mode, "device": device, "isDefault": default}
    other = {
        "name": name,
        "physicalAddress": value,
        "deliveryType": mode.lower(),
        "deviceId": device_id,
        "isDefault": default,
    }
    return [plain, other] if physical is None else [other] if physical else [plain]


def write_address(told: Any, address_id: str, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Write an address of a list anew, in the words that the server has for it, with what is to be changed.

    >>> there = [{"id": "A1", "name": "x", "physicalAddress": "x@y.z", "deviceId": "D1", "isDefault": False}]
    >>> write_address(there, "A1", {"value": "x@y.org", "default": True})
    {'name': 'x', 'physicalAddress': 'x@y.org', 'deviceId': 'D1', 'isDefault': True}
    """
    with reading(told, "a list of addresses"):
        listed = items(told["addresses"] if isinstance(told, dict) and "addresses" in told else told)
        (now,) = (each for each in listed if identity(each, "id") == address_id)
    words = {"value": "value", "device": "device", "default": "isDefault"}
    if "physicalAddress" in now:
        words |= {"value": "physicalAddress", "device": "deviceId"}
    if "idDefault" in now:
        words["default"] = "idDefault"
    body = {name: value for name, value in now.items() if name != "id"}
    for name, value in changed.items():
        plain = words["device"] == "device" or value != GENERIC_EMAIL
        body[words.get(name, name)] = value if plain else _GENERIC_EMAIL_ID
    return body


def _account(item: Any) -> Account:
    enabled = item.get("enabled")
    return Account(
        id=identity(item, "id"),
        name=text(item, "fullName", "name", "username", "abbreviation"),
        username=optional_text(item, "username", "abbreviation"),
        enabled=None if enabled is None else _flag(item, "enabled"),
        created=moment(item, "dateCreated"),
        modified=moment(item, "dateModified"),
    )


def _flag(item: Any, *names: str) -> bool:
    return any(str(item.get(name)).lower() == "true" for name in names)

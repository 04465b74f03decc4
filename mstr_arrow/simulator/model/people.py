"""Users, groups and contacts, the addresses that things are delivered to, and how both are written as JSON.

Wire reference, section 8: addresses have two dialects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .cubes import object_id

AddressDialect = Literal["value", "physicalAddress"]
GENERIC_EMAIL = "GENERIC_EMAIL"
GENERIC_EMAIL_ID = "1D2E6D168A7711D4BE8100B0D04B6F0B"
EVERYONE = "C82C6B1011D2894CC0009D9F29718E4F"
"""The group that every user is in has the same id on all servers."""
DEVICES = {GENERIC_EMAIL: GENERIC_EMAIL_ID}

_DATE = "2026-01-15T08:30:00.000+0000"


@dataclass(slots=True, kw_only=True)
class Address:
    """Where something can be delivered to; ``device`` is the id of the device that takes it there."""

    id: str
    name: str
    value: str
    mode: str = "EMAIL"
    device: str = GENERIC_EMAIL_ID
    default: bool = False

    def describe(self, dialect: AddressDialect) -> dict[str, Any]:
        """Write the address as a server of this dialect does."""
        if dialect == "value":
            device = next((name for name, known in DEVICES.items() if known == self.device), self.device)
            where = {"value": self.value, "deliveryMode": self.mode, "device": device}
        else:
            where = {
                "physicalAddress": self.value,
                "deliveryType": self.mode.lower(),
                "deviceId": self.device,
                "deviceName": "Generic email",
            }
        return {"id": self.id, "name": self.name, **where, "isDefault": self.default}


@dataclass(slots=True, kw_only=True)
class Person:
    """A user: ``name`` is the full name, ``username`` what is logged in with."""

    username: str
    name: str
    enabled: bool = True
    addresses: dict[str, Address] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The user's id."""
        return object_id("user", self.username)

    def describe(self) -> dict[str, Any]:
        """Write the user as a listing shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "fullName": self.name,
            "abbreviation": self.username,
            "initials": "".join(word[0] for word in self.name.split()[:2]).upper(),
            "enabled": self.enabled,
            "type": 34,
            "subtype": 8704,
            "dateCreated": _DATE,
            "dateModified": _DATE,
        }


@dataclass(frozen=True, slots=True)
class Other:
    """A group of users, a contact or a group of contacts; ``kind`` is its type as a recipient.

    ``members`` are the names that the users of a group log in with; everyone is in `EVERYONE`.
    """

    name: str
    kind: Literal["user_group", "contact", "contact_group"]
    members: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its id."""
        everyone = (self.kind, self.name) == ("user_group", "Everyone")
        return EVERYONE if everyone else object_id(self.kind, self.name)

    @property
    def is_group(self) -> bool:
        """Whether it stands for several."""
        return self.kind != "contact"

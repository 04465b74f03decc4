"""A user: who it is, and the addresses that things are delivered to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.arrays import make_table
from mstr_arrow.session.info import User as Name
from mstr_arrow.users.people import GENERIC_EMAIL
from mstr_arrow.users.user_requests import (
    add_address,
    change_address,
    choose_address,
    delete_address,
    fetch_addresses,
)

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from mstr_arrow.session.session_client import Client
    from mstr_arrow.users.people import Account, Address, Addresses


class User(Name):
    """A user of the server, a pair of ``id`` and ``name``, with methods for the addresses."""

    _client: Client
    _account: Account

    @classmethod
    def of(cls, client: Client, account: Account) -> Self:
        """Make one of what a listing tells."""
        made = cls(account.id, account.name)
        made._client, made._account = client, account
        return made

    @property
    def username(self) -> str | None:
        """The user's name at log-in; None if the server does not tell it."""
        return self._account.username

    @property
    def enabled(self) -> bool | None:
        """Whether the user may log in; None if the server does not tell it."""
        return self._account.enabled

    @property
    def created(self) -> datetime | None:
        """The time of creation; None if the server does not tell it."""
        return self._account.created

    @property
    def modified(self) -> datetime | None:
        """The time of the last change; None if the server does not tell it."""
        return self._account.modified

    def __reduce__(self) -> tuple[type[Name], tuple[str, str]]:
        return Name, (self.id, self.name)

    def addresses(self) -> Addresses:
        """Return the user's addresses. GET /api/v2/users/{id}/addresses.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     [address.value for address in conn.users("Ann Lee")[0].addresses()]
        ['ann.lee@example.com']
        """
        return self._client.run(fetch_addresses(self._client.http, self.id))

    async def addresses_async(self) -> Addresses:
        """Return the addresses as `addresses` does, without blocking the event loop."""
        return await self._client.bridge(fetch_addresses(self._client.http, self.id))

    def add_address(
        self, name: str, value: str, *, device: str = GENERIC_EMAIL, mode: str = "EMAIL", default: bool = False
    ) -> Address:
        """Give the user an address, and return it.

        ``device`` is a device of the server, by name or id. A request whose response is lost is sent again only
        if the address is not there. GET and POST /api/v2/users/{id}/addresses. Errors: InvalidRequest for what is
        no address, PermissionDenied for another user's.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     ann = conn.users("Ann Lee")[0]
        ...     home = ann.add_address("Home", "ann@example.org")
        ...     ann.delete_address(home)
        """
        return self._client.run(self._add(name, value, device, mode, default=default))

    async def add_address_async(
        self, name: str, value: str, *, device: str = GENERIC_EMAIL, mode: str = "EMAIL", default: bool = False
    ) -> Address:
        """Give the user an address as `add_address` does, without blocking the event loop."""
        return await self._client.bridge(self._add(name, value, device, mode, default=default))

    def update_address(
        self,
        address: Address | str,
        *,
        name: str | None = None,
        value: str | None = None,
        device: str | None = None,
        default: bool | None = None,
    ) -> Address:
        """Change the given fields of an address, by id, name or value, and return the address.

        The address keeps its id, so that subscriptions still deliver to it. GET and PUT
        /api/v2/users/{id}/addresses. Errors: NotFound with near names, InvalidRequest for what is no address.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     ann = conn.users("Ann Lee")[0]
        ...     home = ann.add_address("Home", "ann@example.org")
        ...     print(ann.update_address("Home", value="ann.lee@example.org").value)
        ...     ann.delete_address(home)
        ann.lee@example.org
        """
        return self._client.run(self._change(address, name, value, device, default=default))

    async def update_address_async(
        self,
        address: Address | str,
        *,
        name: str | None = None,
        value: str | None = None,
        device: str | None = None,
        default: bool | None = None,
    ) -> Address:
        """Change an address as `update_address` does, without blocking the event loop."""
        return await self._client.bridge(self._change(address, name, value, device, default=default))

    def delete_address(self, address: Address | str) -> None:
        """Take an address, by id, name or value, from the user.

        DELETE /api/users/{id}/addresses/{address}. Errors: NotFound with near names.
        """
        self._client.run(self._delete(address))

    async def delete_address_async(self, address: Address | str) -> None:
        """Take an address from the user as `delete_address` does, without blocking the event loop."""
        await self._client.bridge(self._delete(address))

    async def _add(self, name: str, value: str, device: str, mode: str, *, default: bool) -> Address:
        http = self._client.http
        return await add_address(http, self.id, name, value, device=device, mode=mode, default=default)

    async def _change(
        self,
        address: Address | str,
        name: str | None,
        value: str | None,
        device: str | None,
        *,
        default: bool | None,
    ) -> Address:
        given = {"name": name, "value": value, "device": device, "default": default}
        changed = {what: each for what, each in given.items() if each is not None}
        return await change_address(self._client.http, self.id, address, changed)

    async def _delete(self, address: Address | str) -> None:
        there = [] if not isinstance(address, str) else await fetch_addresses(self._client.http, self.id)
        await delete_address(self._client.http, self.id, choose_address(there, address).id)


class Users(list[User]):
    """A list of users."""

    def table(self) -> pa.Table:
        """Return a row for each user: id, name, username, enabled, created and modified."""
        texts = dict.fromkeys(("id", "name", "username"), pa.string())
        times = dict.fromkeys(("created", "modified"), pa.timestamp("us", "UTC"))
        schema = pa.schema({**texts, "enabled": pa.bool_(), **times})
        rows = [{name: getattr(user, name) for name in schema.names} for user in self]
        return make_table(rows, schema)

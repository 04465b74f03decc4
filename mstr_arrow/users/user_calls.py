"""Calls about users."""

from __future__ import annotations

from mstr_arrow.session.info import fetch_user
from mstr_arrow.session.session_client import Connected
from mstr_arrow.users.people import Account, Groups
from mstr_arrow.users.user import User, Users
from mstr_arrow.users.user_requests import find_account, list_accounts, list_groups


class UserCalls(Connected):
    """Calls for users and groups."""

    def user(self, name_or_id: str | None = None) -> User:
        """Return the user who is logged in, or the user of a full name, user name or id.

        GET /api/sessions/userInfo; /api/users/{id} for an id, /api/users for a name. Raises NotFound with near
        names, UsageError where several match.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.user().name, conn.user("annl").name
        ('demo', 'Ann Lee')
        """
        return self._client.run(self._user(name_or_id))

    async def user_async(self, name_or_id: str | None = None) -> User:
        """Return one user as `user` does, without blocking the event loop."""
        return await self._client.bridge(self._user(name_or_id))

    async def _user(self, wanted: str | None) -> User:
        if wanted is not None:
            return User.of(self._client, await find_account(self._client.http, wanted))
        info = await fetch_user(self._client.http.own)
        return User.of(self._client, Account(id=info.id, name=info.name))

    def users(self, name: str | None = None) -> Users:
        """Return the users whose full name or user name fits, by name; all where none is given.

        In ``name`` ``*`` stands for any text and ``?`` for one letter; upper and lower case are the same. GET
        /api/users, 1,000 at a time.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     conn.users("ann*").table()["name"].to_pylist()
        ['Ann Berg', 'Ann Lee']
        """
        return self._client.run(self._users(name))

    async def users_async(self, name: str | None = None) -> Users:
        """Return users as `users` does, without blocking the event loop."""
        return await self._client.bridge(self._users(name))

    async def _users(self, name: str | None) -> Users:
        found = await list_accounts(self._client.http, name)
        return Users(User.of(self._client, each) for each in found)

    def user_groups(self, name: str | None = None) -> Groups:
        """Return the groups of users whose name fits, as for `users`. GET /api/usergroups.

        >>> with ma.connect(url, username=user, password=password) as conn:
        ...     [group.name for group in conn.user_groups("sales*")]
        ['Sales Team']
        """
        return self._client.run(self._groups(name))

    async def user_groups_async(self, name: str | None = None) -> Groups:
        """Return groups of users as `user_groups` does, without blocking the event loop."""
        return await self._client.bridge(self._groups(name))

    async def _groups(self, name: str | None) -> Groups:
        return Groups(await list_groups(self._client.http, name))

"""Requests about users, groups and addresses. Wire reference, section 8."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from mstr_arrow.catalog.object_info import check_text
from mstr_arrow.errors import InvalidRequest, MstrError, NotFound, ServerError, UsageError
from mstr_arrow.names import find_named, listing, matcher, near_names, only
from mstr_arrow.responses import protocol_error
from mstr_arrow.session import once
from mstr_arrow.session.info import User
from mstr_arrow.session.listing import fetch_all
from mstr_arrow.session.project import OBJECT_ID
from mstr_arrow.users.people import (
    Account,
    Address,
    Addresses,
    Group,
    address_bodies,
    read_account,
    read_accounts,
    read_addresses,
    read_groups,
    write_address,
    writes_physical,
)
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from mstr_arrow.http.response import Response
    from mstr_arrow.session.project_http import ProjectHttp


_HOW_TO_SEE = naming("Whether that was done is not known: see {User.addresses()} before you ask for it again.")


async def list_accounts(http: ProjectHttp, pattern: str | None = None) -> list[Account]:
    """Return the users whose full name or user name fits, by name. GET /api/users, page by page.

    In ``pattern`` ``*`` stands for any text and ``?`` for one letter. The server is asked for names that begin like
    it, once for each kind of name.
    """
    if pattern is not None:
        check_text("name of a user", pattern)
    begins = re.split(r"[*?]", pattern or "", maxsplit=1)[0].strip()
    asked: list[dict[str, object]] = [{"nameBegins": begins}, {"abbreviationBegins": begins}] if begins else [{}]
    found: dict[str, Account] = {}
    for params in asked:
        for each in await fetch_all(http, "users", read_accounts, lambda one: one.id, params=params):
            found.setdefault(each.id, each)
    fits = matcher(pattern)
    kept = [each for each in found.values() if fits(each.name) or fits(each.username or "")]
    return sorted(kept, key=lambda each: (each.name.casefold(), each.id))


async def list_groups(http: ProjectHttp, pattern: str | None = None) -> list[Group]:
    """Return the groups of users whose name fits, by name. GET /api/usergroups, page by page."""
    if pattern is not None:
        check_text("name of a group", pattern)
    begins = re.split(r"[*?]", pattern or "", maxsplit=1)[0].strip()
    params = {"nameBegins": begins} if begins else {}
    found = await fetch_all(http, "usergroups", read_groups, lambda one: one.id, params=params)
    fits = matcher(pattern)
    return sorted((each for each in found if fits(each.name)), key=lambda each: (each.name.casefold(), each.id))


async def find_account(http: ProjectHttp, wanted: str) -> Account:
    """Return the user of that id, full name or user name; NotFound lists near ones, UsageError several."""
    check_text("user", wanted)
    if OBJECT_ID.fullmatch(wanted.strip()):
        return await http.read(
            "GET", f"users/{wanted.strip().upper()}", lambda response: read_account(response.json())
        )
    likely = [] if {"*", "?"} & set(wanted) else await list_accounts(http, f"{wanted.strip()}*")
    if not (found := _find_named(wanted, likely)):
        everybody = await list_accounts(http)  # a server may compare letters in its own way
        found = _find_named(wanted, everybody)
    chosen = only(
        found,
        "users",
        wanted,
        lambda each: f"{each.id} {each.name!r} ({each.username})",
        hint="Give the user name or the id.",
    )
    if chosen is None:
        raise no_such("user", wanted, [each.name for each in everybody])
    return chosen


async def find_user(http: ProjectHttp, wanted: object) -> Account:
    """Return the user that is given as one, or by id or name; see `find_account`."""
    return await find_account(http, wanted.id if isinstance(wanted, User) else cast("str", wanted))


def _find_named(wanted: str, accounts: list[Account]) -> list[Account]:
    found = find_named(wanted, accounts, lambda each: each.username or "")
    return found or find_named(wanted, accounts, lambda each: each.name)


def no_such(what: str, wanted: str, names: Sequence[str]) -> NotFound:
    """Make the error of a name that nothing has, with what is near."""
    near = near_names(wanted, names)
    question = f"Did you mean {listing(near)}? " if near else ""
    return NotFound(f"no {what} {wanted!r}.", hint=f"{question}There are: {listing(names) or 'none that you see'}.")


async def fetch_addresses(http: ProjectHttp, user_id: str) -> Addresses:
    """Return the addresses of a user. GET /api/v2/users/{id}/addresses."""
    return read_addresses(await _addresses(http, user_id))


async def add_address(
    http: ProjectHttp, user_id: str, name: str, value: str, *, device: str, mode: str, default: bool
) -> Address:
    """Give a user an address, in the dialect of the server, and return it as it is then.

    GET and POST /api/v2/users/{id}/addresses; the answer is a list, of which the new one is returned.
    """
    for what, text in (("name of the address", name), ("address", value), ("device", device)):
        check_text(what, text)
        if not text.strip():
            raise UsageError(
                f"the {what} is empty.", hint="Give a name and an address: 'Office', 'ann@example.com'."
            )
    told = await _addresses(http, user_id)
    before = {each.id for each in read_addresses(told)}
    bodies = address_bodies(name, value, device, mode=mode, default=default, physical=writes_physical(told))
    first: MstrError | None = None
    for body in bodies:
        try:
            return await _post_address(http, user_id, body, before)
        except InvalidRequest as error:
            first = first or error
    raise first or AssertionError("there is a dialect")


async def _post_address(http: ProjectHttp, user_id: str, body: dict[str, Any], before: set[str]) -> Address:
    value = body.get("value") or body["physicalAddress"]

    def find_new(found: Addresses) -> Address | None:
        added = [each for each in found if each.id not in before and each.value == value]
        return added[-1] if added else None

    async def look() -> Address | None:
        return find_new(await fetch_addresses(http, user_id))

    async def undo(made: Address) -> None:
        await delete_address(http, user_id, made.id)

    def read_new(response: Response) -> Address:
        """Read the new one from the answer, which lists all."""
        told = response.json()
        added = find_new(read_addresses(told))
        if added is None:
            raise protocol_error(told, "a list with the new address")
        return added

    path = f"v2/users/{user_id}/addresses"
    return await once.create(http, path, body, read_new, look=look, undo=undo, how_to_see=_HOW_TO_SEE)


async def change_address(http: ProjectHttp, user_id: str, wanted: object, changed: Mapping[str, Any]) -> Address:
    """Change what is named of an address, keep all else as the server told it, and return it as it is then.

    GET and PUT /api/v2/users/{id}/addresses; twice is the same. Errors: NotFound with near names, ServerError where
    the server shows it as before.
    """
    for what, given in changed.items():
        if what != "default":
            check_text(what, given)
        if isinstance(given, str) and not given.strip():
            raise UsageError(
                f"the {what} of the address is empty.", hint="Give another, or leave it out to keep it."
            )
    told = await _addresses(http, user_id)
    there = read_addresses(told)
    address = choose_address(there, wanted.id if isinstance(wanted, Address) else wanted)
    body = write_address(told, address.id, changed)
    path = f"v2/users/{user_id}/addresses/{address.id}"
    await http.read("PUT", path, once.check_done, json=body, safe=True)
    now = choose_address(await fetch_addresses(http, user_id), address.id)
    kept = {name: value for name, value in changed.items() if name in {"name", "value", "default"}}
    if any(getattr(now, name) != value for name, value in kept.items()):
        raise ServerError(
            f"the server shows the address {now.name!r} ({now.value}) after the request that changes it.",
            hint="Look at it again in a while, or delete it and add another.",
        )
    return now


async def delete_address(http: ProjectHttp, user_id: str, address_id: str) -> None:
    """Take an address from a user. DELETE /api/users/{id}/addresses/{address}."""

    async def is_there() -> bool:
        return address_id in {each.id for each in await fetch_addresses(http, user_id)}

    path = f"users/{user_id}/addresses/{address_id}"
    await once.delete(http, path, is_there=is_there, how_to_see=_HOW_TO_SEE)


def choose_address(addresses: Sequence[Address], wanted: object) -> Address:
    """Return the address of that id, name or value; NotFound lists near ones, UsageError several."""
    if isinstance(wanted, Address):
        return wanted
    check_text("address", wanted)
    sought = str(wanted)
    found = find_addresses(addresses, sought)
    chosen = only(found, "addresses", sought, lambda each: f"{each.id} {each.value!r}")
    if chosen is None:
        raise no_such("address", sought, [each.value for each in addresses])
    return chosen


def find_addresses(addresses: Sequence[Address], wanted: str) -> list[Address]:
    """Return the addresses of that id, else value, else name."""
    found = [each for each in addresses if each.id.casefold() == wanted.strip().casefold()]
    found = found or find_named(wanted, addresses, lambda each: each.value)
    return found or find_named(wanted, addresses, lambda each: each.name)


async def _addresses(http: ProjectHttp, user_id: str) -> Any:
    def read(response: Response) -> Any:
        body = response.json()
        read_addresses(body)
        return body

    return await http.read("GET", f"v2/users/{user_id}/addresses", read)

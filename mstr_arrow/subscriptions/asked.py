"""From what a person gives, objects, names and ids, to the lists of a subscription. Wire reference, section 8.1."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mstr_arrow.catalog.find import find
from mstr_arrow.catalog.object_info import DOCUMENT, ObjectInfo, check_text
from mstr_arrow.catalog.search import search
from mstr_arrow.datamodels.model_definition import fetch_tables
from mstr_arrow.datamodels.tables import choose
from mstr_arrow.delivery.contents import TYPES as CONTENT_TYPES
from mstr_arrow.delivery.contents import Content
from mstr_arrow.delivery.part import choose_word
from mstr_arrow.delivery.recipients import TYPES as RECIPIENT_TYPES
from mstr_arrow.delivery.recipients import Recipient
from mstr_arrow.errors import NotFound, PermissionDenied, UsageError
from mstr_arrow.names import find_named, only
from mstr_arrow.objects.cube import Cube
from mstr_arrow.objects.report import Report
from mstr_arrow.responses import identity, items, reading, text
from mstr_arrow.session.info import User, fetch_user
from mstr_arrow.session.listing import fetch_all
from mstr_arrow.session.project import OBJECT_ID
from mstr_arrow.subscriptions.definition import Part
from mstr_arrow.subscriptions.route import is_unknown_route
from mstr_arrow.subscriptions.schedules import choose_schedule, fetch_schedules
from mstr_arrow.users.people import Account, Address, Group
from mstr_arrow.users.user_requests import (
    fetch_addresses,
    find_account,
    find_addresses,
    list_accounts,
    list_groups,
    no_such,
)
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mstr_arrow.delivery.contents import RefreshCondition
    from mstr_arrow.session.project_http import ProjectHttp

_KINDS = {
    **{each: each for each in CONTENT_TYPES},
    "dashboard": "dossier",
    "data model": "cube",
    "data_model": "cube",
    "model": "cube",
}
"""Types of contents by what the objects of this package are called."""

_CONTACTS = "subscriptions/recipients/results"


def as_list(given: object, what: str) -> list[Any]:
    """Take a list of things, or one of them; errors: UsageError for none."""
    pair = isinstance(given, tuple) and len(given) == 2 and all(isinstance(each, str) for each in given)
    several = isinstance(given, list | tuple | set | frozenset) and not isinstance(given, ObjectInfo | User | Group)
    found = list(given) if several and not (pair and _is_pair(given)) else [given]  # type: ignore[call-overload]  # several
    if not found or given is None:
        raise UsageError(f"there are no {what}.", hint="Give at least one.")
    return found


async def content_entries(http: ProjectHttp, contents: object) -> list[dict[str, Any]]:
    """Return the member ``contents``; names are looked up. Errors: NotFound with near names, UsageError."""
    entries = []
    for given in as_list(contents, "contents"):
        content = given if isinstance(given, Content) else _content(given)
        entry: dict[str, Any] = await _identify(http, content)
        if content.personalization is not None:
            entry["personalization"] = content.personalization.body()
        if content.refresh is not None:
            entry["refreshCondition"] = await _write_refresh(http, entry["id"], content.refresh)
        entries.append(entry)
    return entries


async def schedule_entries(http: ProjectHttp, schedules: object) -> list[dict[str, Any]]:
    """Return the member ``schedules``; the list of them is asked for where they are no objects."""
    if schedules is None or schedules == []:
        return []
    given = as_list(schedules, "schedules")
    known = [] if all(hasattr(each, "id") for each in given) else await fetch_schedules(http)
    return [{"id": each.id if hasattr(each, "id") else choose_schedule(known, each).id} for each in given]


async def recipient_entries(
    http: ProjectHttp, recipients: object, contents: Sequence[dict[str, Any]], mode: str
) -> list[dict[str, Any]]:
    """Return the member ``recipients``; names and ids are looked for among those whom the contents can reach."""
    directory = _Directory(http, contents, mode)
    entries = []
    for given in as_list(recipients, "recipients"):
        recipient = given if isinstance(given, Recipient) else Recipient(given)
        found = await directory.find(recipient)
        entries.append({"id": found.id, "type": found.type, "includeType": recipient.include})
    return entries


async def fetch_contacts(http: ProjectHttp, contents: Iterable[dict[str, Any]], mode: str) -> list[Part]:
    """Return whom contents can be delivered to in a mode. POST /api/subscriptions/recipients/results."""
    asked = {"contents": [{"id": each["id"], "type": each["type"]} for each in contents]}
    return await fetch_all(
        http,
        _CONTACTS,
        _read_contacts,
        lambda each: each.id,
        method="POST",
        params={"deliveryType": mode},
        json=asked,
    )


async def _write_refresh(http: ProjectHttp, model_id: str, refresh: RefreshCondition) -> dict[str, Any]:
    """Return the member ``refreshCondition``; tables that are named are looked up, errors: those of `choose`."""
    body: dict[str, Any] = {"tables": [], **refresh.body()}
    if any(not OBJECT_ID.fullmatch(table["id"]) for table in body["tables"]):
        known = await fetch_tables(http, model_id)
        for table in body["tables"]:
            (table["id"],) = choose(known, {table["id"]: table["refreshPolicy"]}, model_id)
    return body


def _is_pair(given: object) -> bool:
    """Say whether a tuple of two texts is an id and its type."""
    return isinstance(given, tuple) and given[1] in {*_KINDS, *RECIPIENT_TYPES}


def _content(given: Any) -> Content:
    """Take what is no `Content` as one."""
    if isinstance(given, tuple) and not isinstance(given, ObjectInfo) and len(given) == 2:
        return Content(given[0], type=_KINDS.get(given[1], given[1]))
    return Content(given)


async def _identify(http: ProjectHttp, content: Content) -> dict[str, Any]:
    """Return id and type of a content."""
    source = content.source
    if not isinstance(source, str):
        return {"id": _id_of(source), "type": content.type or _type_of(source)}
    check_text("content", source)
    if content.type is None:
        info = await find(http, source)
        return {"id": info.id, "type": _type_of(info)}
    if OBJECT_ID.fullmatch(source.strip()):
        return {"id": source.strip().upper(), "type": content.type}
    if content.type in {"cube", "report"}:
        return {"id": (await find(http, source, content.type)).id, "type": content.type}  # type: ignore[arg-type]  # a kind
    there, _ = await search(http, source, types=[DOCUMENT])
    named = find_named(source, there, lambda each: each.name)
    meant = only(named, "objects", source, lambda each: f"{each.id} {each.path!r}")
    if meant is None:
        there, _ = await search(http, types=[DOCUMENT])
        raise no_such(content.type, source, [each.name for each in there])
    return {"id": meant.id, "type": content.type}


def _id_of(source: object) -> str:
    found = getattr(source, "id", None)
    if not isinstance(found, str):
        raise UsageError(
            f"{source!r} is nothing that can be delivered.",
            hint="Give a report, a cube, its name or its id; of anything else a pair such as (id, 'dossier').",
        )
    return found


def _type_of(source: object) -> str:
    from mstr_arrow.objects.supercube import SuperCube  # noqa: PLC0415 - it brings along what writes

    if isinstance(source, Cube | SuperCube):
        return "cube"
    if isinstance(source, Report):
        return "report"
    kind = _KINDS.get(str(getattr(source, "kind", "")))
    if kind is None:
        raise UsageError(
            f"it is not known which type of content {getattr(source, 'name', source)!r} is.",
            hint="Give its id and the type: (id, 'document') or (id, 'dossier'), which is a dashboard.",
        )
    return kind


class _Directory:
    """Those whom contents can be delivered to in a mode; asked for when the first name comes."""

    def __init__(self, http: ProjectHttp, contents: Sequence[dict[str, Any]], mode: str) -> None:
        self._http = http
        self._contents = contents
        self._mode = mode
        self._known: list[Part] | None = None

    async def find(self, recipient: Recipient) -> Part:
        """Return who is meant. Errors: NotFound with near names, UsageError where several match."""
        given = recipient.to
        if isinstance(given, tuple) and len(given) == 2 and not isinstance(given, User | Group):
            recipient = Recipient(given[0], type=choose_word("the type of a recipient", given[1], RECIPIENT_TYPES))
            given = recipient.to
        for kinds, name in (((User, Account), "user"), ((Group,), "user_group"), ((Address,), "personal_address")):
            if isinstance(given, kinds):
                return Part(given.id, given.name, recipient.type or name)
        if isinstance(given, Part):
            return given if recipient.type is None else given._replace(type=recipient.type)
        check_text("recipient", given)
        wanted = str(given)
        if recipient.type is not None and OBJECT_ID.fullmatch(wanted.strip()):
            return Part(wanted.strip().upper(), wanted, recipient.type)
        return await self._find_named(wanted, recipient.type)

    async def _find_named(self, wanted: str, kind: str | None) -> Part:
        known = [each for each in await self._all() if kind in {None, each.type}]
        found = [each for each in known if each.id.casefold() == wanted.strip().casefold()]
        found = found or find_named(wanted, known, lambda each: each.name)
        found = found or await self._own(wanted, kind) or await self._user(wanted, kind)
        meant = only(found, "recipients", wanted, lambda each: f"{each.type} {each.id}")
        if meant is None:
            error = no_such("recipient", wanted, [each.name for each in known])
            error.add_hint(
                advice(
                    "give the user an address",
                    "A user without an address for {mode} is none; {User.add_address()} adds one.",
                    mode=self._mode,
                )
            )
            raise error
        return meant

    async def _all(self) -> list[Part]:
        if self._known is None:
            try:
                self._known = await fetch_contacts(self._http, self._contents, self._mode)
            except NotFound as error:
                if not is_unknown_route(error):
                    raise
                users = [Part(each.id, each.name, "user") for each in await list_accounts(self._http)]
                groups = [Part(each.id, each.name, "user_group") for each in await list_groups(self._http)]
                self._known = users + groups
        return self._known

    async def _own(self, wanted: str, kind: str | None) -> list[Part]:
        """Return the address of the user who is logged in that is meant, if one is."""
        if kind not in {None, "personal_address"}:
            return []
        try:
            me = await fetch_user(self._http.own)
            addresses = await fetch_addresses(self._http, me.id)
        except (NotFound, PermissionDenied):
            return []
        found = find_addresses(addresses, wanted)
        return [Part(each.id, each.name, "personal_address") for each in found]

    async def _user(self, wanted: str, kind: str | None) -> list[Part]:
        """Return the user of that id or user name, who may have no address that the server lists."""
        if kind not in {None, "user"}:
            return []
        with suppress(NotFound, PermissionDenied):
            user = await find_account(self._http, wanted)
            return [Part(user.id, user.name, "user")]
        return []


def _read_contacts(body: Any) -> list[Part]:
    with reading(body, "a list of recipients"):
        listed = body["recipients"] if isinstance(body, dict) and "recipients" in body else body
        return [Part(identity(each, "id"), text(each, "name", "id"), _contact_type(each)) for each in items(listed)]


def _contact_type(item: Any) -> str:
    told = str(item.get("type") or "user").lower()
    return told if told in RECIPIENT_TYPES else "user_group" if item.get("isGroup") else "user"

"""A subscription in a file: TOML or JSON in words of this package, or what ``subscriptions show --json`` writes."""

from __future__ import annotations

import dataclasses
import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from mstr_arrow.delivery.contents import Content, Personalization, RefreshCondition
from mstr_arrow.delivery.modes import Cache, Delivery, Email, HistoryList, Other
from mstr_arrow.delivery.part import Part, camel, wire_name
from mstr_arrow.delivery.recipients import Recipient
from mstr_arrow.errors import DataLossWarning, UsageError
from mstr_arrow.names import listing, suggestion
from mstr_arrow.subscriptions.definition import FILLED_IN
from mstr_arrow.subscriptions.flags import Flags
from mstr_arrow.toml.reader import read_toml_or_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    P = TypeVar("P", bound=Part)

_FLAGS = tuple(Flags.__annotations__)
_OWN = ("name", "contents", "schedules", "recipients", "delivery", *_FLAGS)
_SHOWN = ("id", "owner", "mode", "paused", "created", "modified", "last_run", "status", "definition")
_MODES: dict[str, type[Email | Cache | HistoryList]] = {kind.MODE: kind for kind in (Email, Cache, HistoryList)}
_UNSENT = ("mode", "softDisabled")
_EXAMPLE = 'TOML such as: name = "Daily", contents = ["Sales Cube"], recipients = ["Ann Lee"], each on a line.'


@dataclass(frozen=True)
class SubscriptionFile:
    """A file's description of a subscription, as `Connection.subscribe` takes it."""

    name: str | None
    contents: list[Content]
    schedules: list[str]
    recipients: list[Recipient]
    delivery: Delivery
    flags: dict[str, Any] = field(default_factory=dict)


def read_subscription_file(path: Path) -> SubscriptionFile:
    """Read a subscription from a .toml or .json file; errors: UsageError with the line, FileError."""
    text, read = read_toml_or_json(path, _EXAMPLE)
    if not isinstance(read, dict):
        raise UsageError(f"{path} holds no subscription.", hint=_EXAMPLE)
    return _Reader(path, text).file(read)


class _Reader:
    """Reads what a file holds; knows on which line a name stands."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text

    def file(self, read: Mapping[str, Any]) -> SubscriptionFile:
        self._check_known(read, (*_OWN, *_SHOWN), "a subscription")
        if isinstance(shown := read.get("definition"), dict):
            self._tell_lost(shown)
            read = _of_definition(shown) | {"name": read.get("name")}
        return SubscriptionFile(
            read.get("name"),
            [self._content(each) for each in _as_list(read.get("contents"))],
            [_read_name(each) for each in _as_list(read.get("schedules"))],
            [self._recipient(each) for each in _as_list(read.get("recipients"))],
            self._delivery(read.get("delivery") or {}),
            {name: read[name] for name in _FLAGS if name in read},
        )

    def _content(self, given: Any) -> Content:
        if isinstance(given, Content):
            return given
        if not isinstance(given, dict):
            return Content(given)
        self._check_known(given, ("id", "name", "type", "personalization", "refresh"), "a content")
        personalization = self._part(Personalization, given.get("personalization"))
        refresh = self._part(RefreshCondition, given.get("refresh"))
        return Content(_read_name(given), personalization, refresh, type=given.get("type"))

    def _recipient(self, given: Any) -> Recipient:
        if isinstance(given, Recipient):
            return given
        if not isinstance(given, dict):
            return Recipient(given)
        self._check_known(given, ("id", "name", "type", "include"), "a recipient")
        return Recipient(_read_name(given), given.get("type"), include=given.get("include", "TO"))

    def _delivery(self, given: Any) -> Delivery:
        if isinstance(given, (Email, Cache, HistoryList, Other)):
            return given
        if not isinstance(given, dict):
            given = {"mode": given}
        mode = str(given.get("mode", "EMAIL")).upper().replace("-", "_")
        fields = {name: value for name, value in given.items() if name != "mode"}
        kind = _MODES.get(mode)
        made = Other(mode, fields) if kind is None else self._part(kind, fields)
        return made if made is not None else Email()

    def _part(self, kind: type[P], given: Any) -> P | None:
        """Make a part of its fields, by their names here or on the wire; None where nothing is said."""
        if given is None or isinstance(given, kind):
            return given
        if not isinstance(given, dict):
            raise UsageError(
                f"{self._path}: {kind.LABEL} is {given!r}.", hint="It is a table of TOML, or an object."
            )
        known = {each.name: each for each in dataclasses.fields(kind)}  # type: ignore[arg-type]  # parts are ones
        wire: dict[str, str] = {wire_name(kind, name): name for name in known}
        self._check_known(given, (*known, *(set(wire) - set(known))), kind.LABEL)
        made: dict[str, Any] = {}
        for name, value in given.items():
            each = known[wire.get(str(name), str(name))]
            inner = each.metadata.get("part")
            if inner is not None and isinstance(value, list):
                made[each.name] = [self._part(inner, one) for one in value]
            elif inner is not None and isinstance(value, dict) and each.name != "tables":
                made[each.name] = self._part(inner, value)
            else:
                made[each.name] = value
        return kind(**made)

    def _tell_lost(self, shown: Mapping[str, Any]) -> None:
        """Warn of what the server says and this package does not know: it is not made again."""
        known = {*FILLED_IN, *_OWN, *map(camel, _FLAGS)}
        parts = [*_as_list(shown.get("contents"))]
        wire = {wire_name(Personalization, each.name) for each in dataclasses.fields(Personalization)}
        lost = [name for name in shown if name not in known]
        lost += [name for each in parts for name in each.get("personalization") or {} if name not in wire]
        if lost:
            names = listing(list(dict.fromkeys(lost)))
            text = f"{self._path} says {names} of the subscription, which is not known here and not made again."
            warnings.warn(text, DataLossWarning, stacklevel=2)

    def _check_known(self, given: Mapping[str, Any], known: Sequence[str], what: str) -> None:
        for name in given:
            if name not in known:
                raise UsageError(f"{self._place(name)}: {what} has no {name!r}.", hint=suggestion(name, known))

    def _place(self, name: str) -> str:
        """Say where a name stands first."""
        pattern = rf"""(?:^|[\s{{,\[.]){re.escape(name)}\s*[\]=.]|["']{re.escape(name)}["']\s*[:=]"""
        found = re.search(pattern, self._text, re.MULTILINE)
        line = "" if found is None else f", line {self._text.count(chr(10), 0, found.end()) + 1}"
        return f"{self._path}{line}"


def _of_definition(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Read what the server says of a subscription, in its own words, as far as one can be made of it."""
    contents = [
        Content(
            each.get("id"),
            Personalization.read(each["personalization"]) if each.get("personalization") else None,
            RefreshCondition.read(each["refreshCondition"]) if each.get("refreshCondition") else None,
            type=each.get("type"),
        )
        for each in _as_list(shown.get("contents"))
    ]
    recipients = [
        Recipient(each.get("id"), each.get("type"), include=each.get("includeType") or "TO")
        for each in _as_list(shown.get("recipients"))
    ]
    wire, way = {name: camel(name) for name in _FLAGS}, shown.get("delivery") or {}
    return {
        "contents": contents,
        "schedules": shown.get("schedules"),
        "recipients": recipients,
        "delivery": Other(str(way.get("mode") or "EMAIL"), {k: v for k, v in way.items() if k not in _UNSENT}),
        **{name: shown[member] for name, member in wire.items() if member in shown},
    }


def _as_list(given: Any) -> list[Any]:
    return [] if given is None else list(given) if isinstance(given, list | tuple) else [given]


def _read_name(given: Any) -> Any:
    """Return the id that is given, or the name."""
    return given.get("id") or given.get("name") if isinstance(given, dict) else given

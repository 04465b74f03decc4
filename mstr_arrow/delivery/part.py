"""Parts of a subscription whose fields say what may stand in them, and how they are called on the wire.

A field that is None is not said: it is not sent, and in an update what the server has is kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from mstr_arrow.errors import UsageError
from mstr_arrow.masked import Masked
from mstr_arrow.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

Check = Callable[[str, Any], Any]
"""Takes what a field is called in words and its value; returns the value as it is kept. Errors: UsageError."""


def text(*, most: int | None = None) -> Any:
    """Make a field for a text, of ``most`` characters."""

    def check(what: str, value: Any) -> str:
        if not isinstance(value, str):
            raise UsageError(f"{what} is {value!r}, which is no text.", hint="Put it in quotes.")
        if most is not None and len(value) > most:
            raise UsageError(f"{what} has {len(value):,} characters.", hint=f"The server takes {most:,} at most.")
        return value

    return _field(check)


def flag() -> Any:
    """Make a field for True or False."""

    def check(what: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise UsageError(f"{what} is {value!r}.", hint="It is True or False.")
        return value

    return _field(check)


def choice(*known: str) -> Any:
    """Make a field for one of these words, in any case."""
    return _field(lambda what, value: choose_word(what, value, known))


def texts(*known: str) -> Any:
    """Make a field for a list of texts, or of these words alone."""

    def check(what: str, value: Any) -> tuple[str, ...]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list | tuple | set | frozenset) or not all(isinstance(one, str) for one in given):
            raise UsageError(f"{what} is {value!r}.", hint="It is a list of texts.")
        return tuple(choose_word(what, one, known) if known else one for one in given)

    return _field(check)


def day() -> Any:
    """Make a field for a date, or a text such as ``2027-01-31``."""

    def check(what: str, value: Any) -> date:
        try:
            if type(value) is date:
                return value
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        except (TypeError, ValueError):
            raise UsageError(f"{what} is {value!r}.", hint="It is a date such as '2027-01-31'.") from None

    return _field(check)


def inner(kind: type[Part]) -> Any:
    """Make a field for another part."""

    def check(what: str, value: Any) -> Part:
        if not isinstance(value, kind):
            raise UsageError(f"{what} is {value!r}.", hint=f"It is a {kind.__name__}(…).")
        return value

    return _field(check, kind)


def inners(kind: type[Part]) -> Any:
    """Make a field for a list of other parts."""

    def check(what: str, value: Any) -> tuple[Part, ...]:
        given = [value] if isinstance(value, kind) else value
        if not isinstance(given, list | tuple) or not all(isinstance(one, kind) for one in given):
            raise UsageError(f"{what} is {value!r}.", hint=f"It is a list of {kind.__name__}(…).")
        return tuple(given)

    return _field(check, kind)


def members(**default: Any) -> Any:
    """Make a field for a dict, or a list of them, that is sent as it is."""

    def check(what: str, value: Any) -> Any:
        given = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(one, Mapping) for one in given):
            raise UsageError(f"{what} is {value!r}.", hint="It is a dict, as the REST API has it.")
        return value

    return _field(check, **default)


def secret() -> Any:
    """Make a field for a text that nothing shows."""

    def check(what: str, value: Any) -> Masked:
        given = value() if isinstance(value, Masked) else value
        if not isinstance(given, str) or not given:
            raise UsageError(f"{what} is no text, or empty.", hint="Put it in quotes.")
        return Masked(given)

    return _field(check, repr=False)


def choose_word(what: str, value: Any, known: Sequence[str]) -> str:
    """Return the one of these words that is meant; errors: UsageError with a near one.

    >>> choose_word("the view mode", "grid", ["GRID", "GRAPH"])
    'GRID'
    """
    found = [word for word in known if isinstance(value, str) and word.casefold() == value.casefold()]
    if not found:
        raise UsageError(f"{what} is {value!r}, which is not known.", hint=suggestion(str(value), known))
    return found[0]


def camel(name: str) -> str:
    """Write a name as the wire does.

    >>> camel("overwrite_older_version")
    'overwriteOlderVersion'
    """
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


class Part:
    """The common part of frozen dataclasses of such fields; ``LABEL`` is their name in errors."""

    __slots__ = ()
    LABEL: ClassVar[str]
    WIRE: ClassVar[Mapping[str, str]] = {}
    """Fields that the wire calls by another name than theirs."""

    def __post_init__(self) -> None:
        for each in _fields(type(self)):
            value = getattr(self, each.name)
            if value is not None and "check" in each.metadata:
                what = f"the {each.name.replace('_', ' ')} of {self.LABEL}"
                object.__setattr__(self, each.name, each.metadata["check"](what, value))

    def body(self) -> dict[str, Any]:
        """Return the members that are said, by their names on the wire."""
        return {name: _plain(value) for name, value in self._fields_to_show()}

    def _fields_to_show(self) -> Iterator[tuple[str, Any]]:
        for each in _fields(type(self)):
            value = getattr(self, each.name)
            if value is not None and "check" in each.metadata:
                yield wire_name(type(self), each.name), value

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self:
        """Make one of what the server tells, without what it does not know; errors: UsageError for odd values."""
        given: dict[str, Any] = {}
        for each in _fields(cls):
            value = body.get(wire_name(cls, each.name))
            kind = each.metadata.get("part")
            if kind is not None and isinstance(value, list):
                value = [kind.read(one) for one in value]
            elif kind is not None and isinstance(value, Mapping):
                value = kind.read(value)
            if value not in (None, "", []):
                given[each.name] = value
        return cls(**given)


def wire_name(kind: type[Part], field: str) -> str:
    """Return the name of a field on the wire."""
    return kind.WIRE.get(field) or camel(field)


def _fields(kind: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(kind)


def _plain(value: Any) -> Any:
    """Write a value for JSON; what is masked stays so until the body is written."""
    match value:
        case Part():
            return value.body()
        case date():
            return value.isoformat()
        case list() | tuple():
            return [_plain(one) for one in value]
        case Mapping():
            return dict(value)
    return value


def _field(check: Check, part: type[Part] | None = None, **options: Any) -> Any:
    options = options or {}
    if "default_factory" not in options:
        options["default"] = None
    return dataclasses.field(**options, metadata={"check": check, "part": part})

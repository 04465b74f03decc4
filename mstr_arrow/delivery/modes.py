"""Ways of delivery (wire reference, section 8.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from mstr_arrow.delivery.part import Part, choice, day, flag, inner, members, secret, text, texts
from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from datetime import date

_SEND_AS = ("data", "data_and_history_list", "data_and_link_and_history_list", "link_and_history_list")
_CACHE_FORMATS = ("RESERVED", "JSON", "BINARY", "BOTH")
_OUTSIDE = ("expiration", "expirationTimeZone", "contactSecurity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Zip(Part):
    """A zip file of an e-mail's content, which opens with the ``password``, if one is given.

    >>> Zip(filename="sales", password="s3cret")
    Zip(filename='sales', password_protect=True)
    """

    LABEL: ClassVar[str] = "a zip file"

    filename: str | None = text()
    password: Any = secret()  # noqa: RUF009  a field
    password_protect: bool | None = flag()

    def __post_init__(self) -> None:
        Part.__post_init__(self)
        if self.password is not None and self.password_protect is None:
            object.__setattr__(self, "password_protect", True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode(Part):
    """Options of every way of delivery: its last day, and whether contacts see no more than they may."""

    MODE: ClassVar[str]
    MEMBER: ClassVar[str | None] = None

    expiration: date | str | None = day()  # noqa: RUF009  a field
    expiration_time_zone: str | None = text()
    contact_security: bool | None = flag()

    @property
    def mode(self) -> str:
        """The mode's name in the REST API."""
        return self.MODE

    def body(self) -> dict[str, Any]:
        """Return the member ``delivery`` of a subscription."""
        told = Part.body(self)
        outside = {name: told.pop(name) for name in _OUTSIDE if name in told}
        own = {self.MEMBER: told} if self.MEMBER is not None and told else {}
        return {"mode": self.mode, **outside, **own}


@dataclass(frozen=True, slots=True, kw_only=True)
class Email(Mode):
    """Delivery by e-mail; None leaves a field to the server.

    ``subject`` has 265 characters at most, ``message`` 1,000. ``filename`` is the attachment's name, in which
    ``space_delimiter`` stands for blanks. ``send_content_as`` is ``"data"``, ``"data_and_history_list"``,
    ``"data_and_link_and_history_list"`` or ``"link_and_history_list"``. ``expiration`` is the day on which the
    subscription ends.

    >>> Email(subject="Sales", expiration="2027-01-31").body()
    {'mode': 'EMAIL', 'expiration': '2027-01-31', 'email': {'subject': 'Sales'}}
    """

    LABEL: ClassVar[str] = "an e-mail"
    MODE: ClassVar[str] = "EMAIL"
    MEMBER: ClassVar[str | None] = "email"

    subject: str | None = text(most=265)
    message: str | None = text(most=1000)
    filename: str | None = text()
    space_delimiter: str | None = text()
    send_content_as: str | None = choice(*_SEND_AS)
    overwrite_older_version: bool | None = flag()
    zip: Zip | None = inner(Zip)  # noqa: RUF009  a field


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache(Mode):
    """An update of caches, of cubes and of what the Library shows.

    ``shortcut_cache_format`` is ``"RESERVED"``, ``"JSON"``, ``"BINARY"`` or ``"BOTH"``; ``library_cache_types`` are
    such as ``["web", "ios"]``.

    >>> Cache(library_cache_types=["web", "android"], reuse_dataset_cache=True).body()
    {'mode': 'CACHE', 'cache': {'libraryCacheTypes': ['web', 'android'], 'reuseDatasetCache': True}}
    """

    LABEL: ClassVar[str] = "a cache"
    MODE: ClassVar[str] = "CACHE"
    MEMBER: ClassVar[str | None] = "cache"

    cache_type: str | None = text()
    shortcut_cache_format: str | None = choice(*_CACHE_FORMATS)
    library_cache_types: Sequence[str] | None = texts()
    reuse_dataset_cache: bool | None = flag()
    is_all_library_users: bool | None = flag()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryList(Mode):
    """A message in the history list of each recipient.

    >>> HistoryList().body()
    {'mode': 'HISTORY_LIST'}
    """

    LABEL: ClassVar[str] = "a history list"
    MODE: ClassVar[str] = "HISTORY_LIST"


@dataclass(frozen=True, slots=True)
class Other(Part):
    """Any other mode, with its members in the words of the REST API, passed on as they are.

    >>> Other("ftp", {"ftp": {"filename": "sales.csv"}}).body()
    {'mode': 'FTP', 'ftp': {'filename': 'sales.csv'}}
    """

    LABEL: ClassVar[str] = "a delivery"

    mode: str = text()
    fields: Mapping[str, Any] = members(default_factory=dict)

    def __post_init__(self) -> None:
        Part.__post_init__(self)
        if not self.mode or not self.mode.strip():
            raise UsageError("the delivery has no mode.", hint="Give one, such as Other('FTP', {…}).")
        object.__setattr__(self, "mode", self.mode.strip().upper())

    def body(self) -> dict[str, Any]:
        """Return the member ``delivery`` of a subscription."""
        return {"mode": self.mode, **{name: value for name, value in self.fields.items() if name != "mode"}}


Delivery: TypeAlias = Email | Cache | HistoryList | Other
"""How something is delivered."""

_KNOWN: dict[str, type[Email | Cache | HistoryList]] = {kind.MODE: kind for kind in (Email, Cache, HistoryList)}


def check_delivery(delivery: object) -> Delivery:
    """Take a way of delivery; errors: UsageError for anything else."""
    if not isinstance(delivery, Email | Cache | HistoryList | Other):
        raise UsageError(
            f"the delivery is {delivery!r}.",
            hint="Give ma.delivery.Email(subject=…), Cache(…), HistoryList() or Other('FTP', {…}).",
        )
    return delivery


def read_delivery(body: Mapping[str, Any]) -> Delivery:
    """Read the member ``delivery`` of a subscription; what is odd in it makes it an `Other`, with all that it has.

    >>> read_delivery({"mode": "EMAIL", "email": {"subject": "Sales", "priority": "HIGH"}})
    Email(expiration=None, expiration_time_zone=None, contact_security=None, subject='Sales', message=None, ...)
    >>> read_delivery({"mode": "FTP", "ftp": {}})
    Other(mode='FTP', fields={'ftp': {}})
    """
    mode = str(body.get("mode") or "UNSUPPORTED").upper()
    kind = _KNOWN.get(mode)
    own = body.get(kind.MEMBER) if kind is not None and kind.MEMBER is not None else None
    if kind is not None:
        try:
            return kind.read({**body, **(own if isinstance(own, Mapping) else {})})
        except UsageError:
            pass
    return Other(mode, {name: value for name, value in body.items() if name not in {"mode", "softDisabled"}})

"""Settings, frozen: each field says its unit and what it costs.

What cannot be meant is refused when the object is made, by a UsageError that names the field.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias
from urllib.parse import unquote, urlsplit

from mstr_arrow.errors import UsageError
from mstr_arrow.given import check_counts, check_numbers, check_type
from mstr_arrow.wording import name_path, naming

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from mstr_arrow.events import Event

Credential: TypeAlias = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A text, or a function without arguments that returns one, or a coroutine function that does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long each wait may last, in seconds: numbers above 0.

    >>> Timeouts(read=0)
    Traceback (most recent call last):
    mstr_arrow.errors.UsageError: UsageError: Timeouts.read is 0; it must be a number above 0.
    """

    connect: float = 10.0
    """From the first packet to the end of the TCP and TLS handshakes."""
    read: float = 60.0
    """Silence between two pieces of a response; less than 100 bytes a second count as silence, too."""
    execute: float = 600.0
    """The execution of a cube or report: from the first request to its first page, through all between them.

    Also the wait for the first byte of any call that makes the server run something, such as a login or a chunk of
    an upload, and the wait of a read for others of its session that do not go on.
    """
    publish: float = 3600.0
    """The publication of an upload, and a refresh: from its request to its end."""
    logout: float = 5.0
    """Logging out when a connection is closed, with all repetitions."""
    total: float | None = None
    """One request with its repetitions and the waits between them; None leaves that to the others and `Retry`."""

    def __post_init__(self) -> None:
        check_numbers(self, "connect", "read", "execute", "publish", "logout")
        if self.total is not None:
            check_numbers(self, "total")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a request is repeated, if a repetition cannot make anything twice.

    The wait before attempt *n* + 1 is drawn at random, from 0 to ``wait_initial * 2**n`` seconds.
    """

    attempts: int = 5
    """Attempts, from 1 on: the first one, which takes as long as `Timeouts` allow, and its repetitions."""
    seconds: float = 120.0
    """Seconds, from 0 on, after the end of the first attempt: no other begins later.

    A ``Retry-After`` of the server is honoured up to here.
    """
    wait_initial: float = 0.2
    """Seconds, from 0 on, from which the longest wait doubles with every attempt."""
    wait_max: float = 15.0
    """Seconds, from 0 on, that no wait exceeds, unless the server asks for more."""

    def __post_init__(self) -> None:
        check_counts(self, "attempts")
        check_numbers(self, "seconds", "wait_initial", "wait_max", zero=True)


class _HoldsSecret:
    """Settings with a secret, which are not written where nobody looks for one: pickles go to files and queues."""

    __slots__ = ()
    _credential: ClassVar[str]

    def __reduce__(self) -> tuple[object, ...]:
        if isinstance(getattr(self, self._credential), str):
            where = name_path(f"{type(self).__name__}.{self._credential}")
            raise UsageError(
                naming("{where} is a text, which a pickle would hold for anybody to read.", where=where),
                hint="Give a function that fetches it where it is used, such as ma.secrets.env('NAME'): what is "
                "pickled then is the place that it is kept in.",
            )
        names: tuple[str, ...] = self.__slots__
        return _make, (type(self), {name: getattr(self, name) for name in names})

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


def _make(kind: type, values: Mapping[str, Any]) -> object:
    return kind(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls(_HoldsSecret):
    """Which certificates are trusted, and which one is shown. Only files that are named here are read."""

    ca_file: str | os.PathLike[str] | None = None
    """A PEM file of one authority or many, trusted beside Python's own."""
    ca_folder: str | os.PathLike[str] | None = None
    """A folder of PEM files (``*.pem``, ``*.crt``, ``*.cer``), trusted like ``ca_file``."""
    system_store: bool = False
    """Trust what the operating system trusts in place of what Python trusts; needs the extra ``truststore``.

    That is the keychain of macOS, the store of Windows; on Linux both are the same.
    """
    cert_file: str | os.PathLike[str] | None = None
    """The certificate, PEM, that this client shows to servers that ask for one."""
    key_file: str | os.PathLike[str] | None = None
    """The key of ``cert_file``; None if that file holds the key, too."""
    key_password: Credential | None = field(default=None, repr=False)
    """The password of the key, or a function that returns it."""
    verify: bool = True
    """Check the server's certificate.

    False accepts any, with an InsecureWarning: who sits between you and the server then reads the password, so it
    is for a laboratory only.
    """
    _credential: ClassVar[str] = "key_password"

    def __post_init__(self) -> None:
        if self.cert_file is None and (self.key_file is not None or self.key_password is not None):
            raise UsageError(naming("{Tls.key_file} and {Tls.key_password} are of no use without {Tls.cert_file}."))
        if self.verify not in (True, False):
            raise UsageError(
                naming("{Tls.verify} is {value!r}; it must be True or False.", value=self.verify),
                hint=naming("The authority's file is given as {Tls.ca_file=…}."),
            )
        if not self.verify and (self.ca_file or self.ca_folder or self.system_store):
            raise UsageError(
                naming("{Tls.verify=False} and trusted authorities exclude each other."),
                hint=naming("Leave {Tls.verify=False} away."),
            )


@dataclass(frozen=True, slots=True)
class Proxy(_HoldsSecret):
    """A proxy that speaks HTTP. Its password is shown nowhere.

    >>> Proxy("http://ann:s3cret@proxy.example.com:3128")
    Proxy(url='http://proxy.example.com:3128', username='ann')
    """

    url: str
    """Its URL, ``http://`` or ``https://``; user and password may stand in it, percent-encoded."""
    username: str | None = None
    """The user, where the proxy asks for one."""
    password: Credential | None = field(default=None, repr=False)
    """The user's password, or a function that returns it."""
    _credential: ClassVar[str] = "password"

    def __post_init__(self) -> None:
        check_type(name_path("Proxy.url"), self.url, str, "a text")
        check_type(name_path("Proxy.username"), self.username, (str, type(None)), "a text")
        hint = "Give it like http://proxy.example.com:3128, and what is odd in a password percent-encoded or apart."
        text = self.url.strip()
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            host, port = parts.hostname, parts.port
            (host or "").partition(":")[0].encode("idna")  # as it will be sent; of an address nothing is long
        except ValueError:
            host = None
        if not host or " " in host or parts.path.strip("/") or parts.query or parts.fragment:
            raise UsageError(naming("{Proxy.url} cannot be read."), hint=hint)
        if parts.scheme not in {"http", "https"}:
            raise UsageError(
                naming("{Proxy.url} starts with {scheme}://, which is not supported.", scheme=parts.scheme),
                hint=hint,
            )
        if parts.username is not None:
            if self.username is not None or self.password is not None:
                raise UsageError(
                    naming("{Proxy.username} and {Proxy.password} are given twice: also in {Proxy.url}.")
                )
            object.__setattr__(self, "username", unquote(parts.username))
            object.__setattr__(self, "password", unquote(parts.password or ""))
        if self.username is None and self.password is not None:
            raise UsageError(naming("{Proxy.password} is given without {Proxy.username}."))
        if ":" in (self.username or ""):
            raise UsageError(naming("{Proxy.username} holds a colon, which HTTP does not allow."))
        authority = f"[{host}]" if ":" in host else host
        object.__setattr__(self, "url", f"{parts.scheme}://{authority}{f':{port}' if port else ''}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The way to the server.

    >>> Network(proxy={"https": "http://proxy.example.com:3128"}, no_proxy="10.0.0.0/8,.example.net").no_proxy
    ('10.0.0.0/8', '.example.net')
    """

    proxy: str | Proxy | Mapping[str, str | Proxy | None] | None = None
    """The proxy of every server, or a dict of proxies by the scheme of the server's URL.

    Its keys are ``"http"``, ``"https"`` and ``"all"``.
    """
    no_proxy: str | Sequence[str] = ()
    """Hosts that are reached directly, as a list or with commas between them.

    A name stands for its subdomains too, ``10.0.0.0/8`` for a network, ``host:8443`` for one port, ``*`` for all.
    """
    trust_env: bool = True
    """Where ``proxy`` names none, take it from the environment, or from the settings of macOS or Windows.

    The variables are HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. This machine itself is always reached
    directly.
    """
    connections: int | None = None
    """Requests on their way to the server at once, over all reads and uploads of a connection.

    Those beyond it wait, bounded by ``Timeouts.total`` alone. None: each read has its ``Limits.concurrency``, and
    nothing limits their sum.
    """

    def __post_init__(self) -> None:
        given = self.proxy if isinstance(self.proxy, Mapping) or self.proxy is None else {"all": self.proxy}
        proxies = {str(key).removesuffix("://"): each for key, each in (given or {}).items() if each is not None}
        for scheme, each in proxies.items():
            if scheme not in {"http", "https", "all"}:
                raise UsageError(naming("{Network.proxy} has a key other than 'http', 'https' and 'all'."))
            if not isinstance(each, str | Proxy):
                raise UsageError(
                    naming("{Network.proxy} is a {kind}, not a URL, a Proxy or a dict.", kind=type(each).__name__)
                )
            proxies[scheme] = Proxy(each) if isinstance(each, str) else each
        object.__setattr__(self, "proxy", proxies or None)
        check_type(name_path("Network.no_proxy"), self.no_proxy, (str, list, tuple), "a text, or a list of hosts")
        listed = self.no_proxy.split(",") if isinstance(self.no_proxy, str) else self.no_proxy
        for host in listed:
            check_type(naming("a host of {Network.no_proxy}"), host, str, "a text")
        object.__setattr__(self, "no_proxy", tuple(host.strip() for host in listed if host.strip()))
        if self.connections is not None:
            check_counts(self, "connections")

    def proxy_for(self, scheme: str) -> Proxy | None:
        """Return the proxy for servers of a scheme, leaving the environment aside.

        >>> Network(proxy="proxy.example.com").proxy_for("https")
        Proxy(url='http://proxy.example.com', username=None)
        """
        proxies: Any = self.proxy or {}
        found: Proxy | None = proxies.get(scheme) or proxies.get("all")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """Members of the log-in request beside the credentials; None leaves a setting to the server.

    Locale and time zone of numbers and texts are fixed, en_us and UTC, so that dates and numbers are read and
    written in one way. A session that is delegated or taken over keeps its own settings.

    >>> SessionSettings(working_set=2)
    Traceback (most recent call last):
    mstr_arrow.errors.UsageError: UsageError: SessionSettings.working_set is 2; it must be a whole number from 3 on.
    """

    application_type: int | None = None
    """The number of a kind of client, from 1 on; None: 76, Python, or 35, Web, where a server does not know 76."""
    application_id: str | None = None
    """The id of a custom application of the Library to log in through."""
    working_set: int | None = None
    """Instances that the session keeps, from 3 on; with more the server drops the oldest."""
    max_search: int | None = None
    """Searches that the session runs at once, from 1 on."""
    metadata_locale: str | None = None
    """The language of names, such as ``"de_de"``."""
    data_locale: str | None = None
    """The language of elements, such as ``"de_de"``."""

    def __post_init__(self) -> None:
        for name, least in {"application_type": 1, "working_set": 3, "max_search": 1}.items():
            if getattr(self, name) is not None:
                check_counts(self, name, least=least)

    def members(self) -> dict[str, object]:
        """Return the members of the log-in request, without the application type."""
        members = {
            "applicationId": self.application_id,
            "workingSet": self.working_set,
            "maxSearch": self.max_search,
            "metadataLocale": self.metadata_locale,
            "warehouseDataLocale": self.data_locale,
        }
        return {member: value for member, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a read is under way at once.

    Peak memory of a streamed read is about ``buffer_bytes`` plus the pages in the consumer's hands.

    >>> Limits(concurrency=4, polite=True)
    Traceback (most recent call last):
    mstr_arrow.errors.UsageError: UsageError: Limits.concurrency and Limits.polite exclude each other. ...
    """

    page_bytes: int = 5 * 2**20
    """Bytes of JSON text that a page is to have, an eighth of ``buffer_bytes`` at most.

    The number of its rows follows from the bytes per row seen so far.
    """
    page_seconds: float = 10.0
    """Seconds that a page may take, above 0; where one takes longer, those after it have fewer rows."""
    min_page_rows: int = 1_000
    """Rows that a page has at least, however long it takes."""
    page_rows: int | None = None
    """A fixed number of rows for every page, in place of the three settings above."""
    first_page_rows: int = 5_000
    """Rows of the first page, before anything is known about their size."""
    concurrency: int | None = None
    """Requests of a read that wait for the server at once.

    With None the number follows from the time of the responses, and is halved when the server says that it is busy.
    """
    max_concurrency: int = 32
    """The highest ``concurrency`` that None finds; fewer requests if ``buffer_bytes`` holds fewer pages."""
    polite: bool = False
    """Keep the server's load low: two requests at most, and the second only where it hardly slows the first."""
    buffer_bytes: int = 64 * 2**20
    """Bytes of page text being fetched, decoded or waiting to be taken; when it is full no request is started."""
    decode_threads: int = 2
    """Threads that decode pages."""

    @property
    def first_rows(self) -> int:
        """Rows of the first page of a read."""
        return self.page_rows or self.first_page_rows

    def __post_init__(self) -> None:
        check_counts(self, "page_bytes", "min_page_rows", "first_page_rows", "max_concurrency")
        check_counts(self, "buffer_bytes", "decode_threads")
        check_counts(self, *(name for name in ("page_rows", "concurrency") if getattr(self, name) is not None))
        check_numbers(self, "page_seconds")
        if self.polite not in (True, False):
            raise UsageError(naming("{Limits.polite} is {value!r}; it must be True or False.", value=self.polite))
        if self.polite and self.concurrency is not None:
            raise UsageError(
                naming("{Limits.concurrency} and {Limits.polite} exclude each other."),
                hint="Leave one of them away.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one connection."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    """How long each wait may last."""
    retry: Retry = field(default_factory=Retry)
    """How often a request is repeated."""
    tls: Tls = field(default_factory=Tls)
    """Which certificates are trusted, and which one is shown."""
    network: Network = field(default_factory=Network)
    """The way to the server: proxies, and requests at once."""
    limits: Limits = field(default_factory=Limits)
    """How much of a read is under way at once."""
    session: SessionSettings = field(default_factory=SessionSettings)
    """Members of the log-in request beside the credentials."""
    on_event: Callable[[Event], object] | None = field(default=None, repr=False)
    """Called with each event on the network, a frozen object of `mstr_arrow.events`.

    The function runs on the event loop that does the work, so it must be quick.
    """

    def __post_init__(self) -> None:
        if self.on_event is None:
            return
        if not callable(self.on_event) or inspect.iscoroutinefunction(self.on_event):
            raise UsageError(
                naming("{Settings.on_event} must be a plain function of one event, not a coroutine function.")
            )

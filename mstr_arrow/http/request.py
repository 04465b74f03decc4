"""A request, made ready to be sent as often as need be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypedDict

import orjson
from yarl import URL

from mstr_arrow.errors import UsageError
from mstr_arrow.http import url
from mstr_arrow.masked import Masked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Unpack

    from mstr_arrow.http.response import Response
    from mstr_arrow.http.subject import Subject

Wait = Literal["read", "execute"]


class Body(Protocol):
    """A big body, whose pieces are made while it is sent, and anew each time; ``size`` is the bytes of all."""

    @property
    def size(self) -> int: ...  # noqa: D102 - see above

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Request:
    """A request, and all that must be known of it where it fails: `Options` says it of each field.

    ``pieces`` are the body, of ``size`` bytes; ``hidden`` are the secrets that it and headers hold, which no
    response may repeat.
    """

    method: str
    path: str
    query: str
    params: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    pieces: Iterable[bytes]
    size: int
    subject: Subject | None
    safe: bool | None
    wait: Wait | float
    patience: float | None
    check: Callable[[Response], Awaitable[object]] | None
    lost: Callable[[], Awaitable[bool]] | None
    hidden: Sequence[Masked]

    def __repr__(self) -> str:
        """Return what holds no secret, for tracebacks that show variables."""
        return f"<{self.method} {self.path}>"

    def address(self, base: str) -> URL:
        """Return where the request goes."""
        return URL(f"{base}{self.path}{self.query}")


class Options(TypedDict, total=False):
    """The options of a request, beside method and path.

    ``params``
        of the query; lists repeat their name, None is left out.
    ``json``, ``data``
        the body: what becomes JSON, or text or bytes that are sent as they are, a big one as a `Body`.
    ``headers``
        further ones. Values that are secrets are masked, as members of `json` are, and blotted out of errors.
    ``subject``
        what the request is about, None where that is nothing that a session may lose.
    ``safe``
        True says that the request may be repeated, as GET and HEAD are; `is_transient` lists after
        which errors. Others are repeated where the server turned them away (`was_turned_away`), and
        with False not even then.
    ``wait``
        ``"execute"`` allows ``Timeouts.execute`` for the first byte of the response, in place of ``Timeouts.read``,
        counted from the last piece of the body that was sent; a number allows that many seconds.
    ``patience``
        the seconds in which it is repeated after everything but HTTP 401, whatever ``Retry`` says.
    ``check``
        reads a successful response, and raises ProtocolError where that is not what it should be: what is safe, and
        each GET, is then sent once more.
    ``lost``
        is called where the server may have done the request (`leaves_open`, or a response that ``check`` does not
        take): sees to the thing that may be there, and says whether to send the request again.
    """

    params: Mapping[str, object] | None
    json: object
    data: bytes | str | Body | None
    headers: Mapping[str, str | Masked] | None
    subject: Subject | None
    safe: bool | None
    wait: Wait | float
    patience: float | None
    check: Callable[[Response], Awaitable[object]] | None
    lost: Callable[[], Awaitable[bool]] | None


def _json(body: object) -> bytes:
    """Write a body as JSON; errors: UsageError for what JSON does not hold, a half character too, not shown."""
    try:
        return orjson.dumps(body, default=_reveal)
    except TypeError as error:
        if "surrogates" not in str(error):
            raise UsageError(
                f"what is to be sent as JSON cannot be written as that: {error}.",
                hint="It takes texts, numbers, booleans, None, and lists and dicts of these.",
            ) from None
        raise UsageError(
            "a text that is to be sent holds half a character.",
            hint="Was a name, a value or a password cut, or read in another encoding than its own?",
        ) from None


def make_request(method: str, path: str, **options: Unpack[Options]) -> Request:
    """Make a request ready, its body as pieces of bytes. Errors: UsageError for what is no path."""
    method = method.upper()
    path, question, query = url.endpoint(path).partition("?")
    given = options.get("headers") or {}
    headers = {name: value() if isinstance(value, Masked) else value for name, value in given.items()}
    json = options.get("json")
    if json is None:
        pieces, size = _pieces(options.get("data"))
    else:
        pieces, size = _pieces(_json(json))
        headers.setdefault("Content-Type", "application/json")
    if size:
        headers["Content-Length"] = str(size)
    safe = options.get("safe")
    return Request(
        method,
        path,
        question + query,
        url.query_pairs(options.get("params")),
        headers,
        pieces,
        size,
        subject=options.get("subject"),
        safe=True if safe is None and method in {"GET", "HEAD"} else safe,
        wait=options.get("wait", "read"),
        patience=options.get("patience"),
        check=options.get("check"),
        lost=options.get("lost"),
        hidden=(*_mask(json), *_mask(given)),
    )


def _mask(members: object) -> list[Masked]:
    """Return the secrets among the members of a body, those of inner objects too, or the headers."""
    if isinstance(members, Masked):
        return [members]
    inner = members.values() if isinstance(members, dict) else members if isinstance(members, list) else ()
    return [secret for each in inner for secret in _mask(each)]


def _reveal(value: object) -> object:
    """Give what a body holds masked; errors: TypeError for what JSON does not hold."""
    if isinstance(value, Masked):
        return value()
    raise TypeError


def _pieces(data: bytes | str | Body | None) -> tuple[Iterable[bytes], int]:
    """Return the pieces of a body, and the bytes of all; none for no body."""
    if data is None or isinstance(data, bytes | str):
        whole = data.encode() if isinstance(data, str) else data or b""
        return ((whole,) if whole else ()), len(whole)
    return data, data.size

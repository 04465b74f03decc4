"""What hostile answers are made of: the answer that is due, changed in its body, its head, or on its way."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIB = 2**20
KEEP_STILL = 30.0
"""Seconds of silence, more than any client here waits."""

Pieces: TypeAlias = "Iterator[bytes | float]"


class Plain(NamedTuple):
    """An answer that is due; ``token`` is the one that the request came with."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    token: str = ""

    def head(self, *more: str, status: int | str | None = None, length: int | None = None) -> bytes:
        """Write the head, with further lines; ``length`` None says nothing of the body's end."""
        lines = [
            f"HTTP/1.1 {status or self.status} X",
            *(f"{name}: {value}" for name, value in self.headers),
            *more,
        ]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def sent(self, body: bytes | None = None, *more: str, status: int | str | None = None) -> bytes:
        """Write head and body, of that length."""
        content = self.body if body is None else body
        nothing = self.status == 204 and not content and status is None
        return self.head(*more, status=status, length=None if nothing else len(content)) + content


class Hostile(NamedTuple):
    """A hostile answer.

    ``another`` says that it can be read, and means something else than what is due; ``first`` makes it of the first
    page of a list, whichever is asked for; ``large`` that it takes a while to come, and is waited for.
    """

    pieces: Callable[[Plain], Pieces]
    another: bool = False
    first: bool = False
    large: bool = False


# Of the body


def body(change: Callable[[Plain], bytes], *more: str, status: int | None = None) -> Callable[[Plain], Pieces]:
    """Send another body, with the right length."""

    def pieces(plain: Plain) -> Pieces:
        usual = 200 if plain.status == 204 else None
        yield plain.sent(change(plain), *more, status=status or usual)

    return pieces


def document(change: Callable[[Any], Any]) -> Callable[[Plain], Pieces]:
    """Send the JSON that is due, changed; where none is due, a change of an empty object."""

    def changed(plain: Plain) -> bytes:
        return json.dumps(change(json.loads(plain.body or b"{}"))).encode()

    return body(changed)


def values(change: Callable[[str, Any], Any]) -> Callable[[Plain], Pieces]:
    """Send the JSON that is due with another value for each member that is no object and no list."""

    def walk(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: walk(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [walk(each, name) for each in value]
        return change(name, value)

    return document(walk)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(other: Any) -> Callable[[Plain], Pieces]:
    """Send another number in place of each, whatever is counted."""
    return values(lambda _, value: other if is_number(value) else value)


_COUNTS = re.compile(r"total|count|size|limit|current|offset|timeout|max\w|rows", re.IGNORECASE)
"""Names of members that count; ``max`` alone is the greatest value of something."""


def counts(other: Any) -> Callable[[Plain], Pieces]:
    """Send another number in place of each that counts something by its name, in headers, too."""
    changed = values(lambda name, value: other if _COUNTS.search(name) and is_number(value) else value)

    def pieces(plain: Plain) -> Pieces:
        headers = [(name, str(other) if _COUNTS.search(name) else value) for name, value in plain.headers]
        return changed(plain._replace(headers=headers))

    return pieces


def raw(text: bytes) -> Callable[[Plain], Pieces]:
    """Send the JSON that is due with a spelling of numbers that Python does not write."""

    def spelled(plain: Plain) -> bytes:
        return re.sub(rb"(?<=[:\[,])\s*-?\d+(?:\.\d+)?(?=[,\]}])", text, plain.body or b'{"n": 1}')

    return body(spelled)


def texts(change: Callable[[str], str]) -> Callable[[Plain], Pieces]:
    """Send other texts in place of names and messages."""
    named = re.compile(r"name|message|status|description|title|value", re.IGNORECASE)
    return values(lambda name, value: change(value) if named.search(name) and isinstance(value, str) else value)


def twice(plain: Plain) -> bytes:
    """Give each object its first member once more, as null, before it."""
    return re.sub(rb'\{("[^"]*"):', rb"{\1: null, \1:", plain.body or b"{}")


def other_shape(value: Any) -> Any:
    """Make an object of a list, and a list of an object."""
    return {"items": value} if isinstance(value, list) else [value]


def inside_out(value: Any) -> Any:
    """Make objects of lists and lists of objects below the top."""
    if isinstance(value, dict):
        return {key: other_shape(each) if isinstance(each, (dict, list)) else each for key, each in value.items()}
    return [other_shape(each) for each in value] if isinstance(value, list) else value


def long_names(start: bytes, megabytes: int = 50) -> Callable[[Plain], Pieces]:
    """Send the first name as a long one that begins like this."""

    def named(plain: Plain) -> bytes:
        return plain.body.replace(b'"name"', b'"name": "%b", "x"' % (start + b"n" * megabytes * MIB), 1)

    return body(named)


ID = re.compile(r"[0-9A-F]{32}")

ESCAPES = "\x1b[2J\x1b]0;owned\x07\u202e\u2028\r\x00\x9b31m"


def paths(text: str) -> str:
    return "../../../etc/passwd\0" + text


# Of what it unpacks to


@cache
def members(size: int, times: int) -> bytes:
    return gzip.compress(b"[" + b" " * size, 9, mtime=0) * times


@cache
def one_member(size: int, times: int) -> bytes:
    """Pack spaces, a block once and then its bytes again and again, as one member."""
    packer = zlib.compressobj(9, wbits=31)
    first = packer.compress(b"[" * 100) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * size) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + block * times


@cache
def twice_packed(size: int, times: int) -> bytes:
    return gzip.compress(members(size, times), mtime=0)


@cache
def repeated(value: bytes, millions: int) -> bytes:
    """Pack a list of so many equal values."""
    packer = zlib.compressobj(1, wbits=31)
    thousand = (value + b",") * 1000
    pieces = [packer.compress(b"["), *(packer.compress(thousand) for _ in range(1000 * millions))]
    return b"".join([*pieces, packer.compress(value + b"]"), packer.flush()])


def packed(bomb: Callable[[], bytes], encoding: str = "gzip") -> Callable[[Plain], Pieces]:
    """Send what is packed already."""
    return body(lambda _: bomb(), f"Content-Encoding: {encoding}")


# Of the way it comes


def endless(plain: Plain) -> Pieces:
    yield plain.head(status=200)
    yield from repeat(b" " * MIB)


def endless_chunks(plain: Plain) -> Pieces:
    yield plain.head("Transfer-Encoding: chunked", status=200)
    yield from repeat(b"100000\r\n" + b" " * MIB + b"\r\n")


def trickle(plain: Plain) -> Pieces:
    yield plain.head(status=200, length=100_000)
    while True:
        yield b"  "
        yield 1.0


def slow_head(plain: Plain) -> Pieces:
    for byte in plain.head(length=0):
        yield bytes([byte])
        yield 0.5


def silent(_: Plain) -> Pieces:
    yield KEEP_STILL


def silent_body(plain: Plain) -> Pieces:
    yield plain.head(status=200, length=1000) + plain.body[:2]
    yield KEEP_STILL


def too_long(plain: Plain) -> Pieces:
    """Say more than comes."""
    yield plain.head(status=200, length=len(plain.body) + 1000) + plain.body


def too_short(plain: Plain) -> Pieces:
    """Say less than comes."""
    yield plain.head(status=200, length=max(1, len(plain.body) // 2)) + plain.body + b"HTTP/1.1 200 OK\r\n\r\n{}"


def cut_chunk(plain: Plain) -> Pieces:
    yield plain.head("Transfer-Encoding: chunked", status=200) + b"%x\r\n" % (len(plain.body) + 9) + plain.body


def odd_chunk(plain: Plain) -> Pieces:
    yield plain.head("Transfer-Encoding: chunked", status=200) + b"-1\r\n" + plain.body + b"\r\n0\r\n\r\n"


def in_gzip(change: Callable[[bytes], bytes]) -> Callable[[Plain], Pieces]:
    return body(lambda plain: change(gzip.compress(plain.body, mtime=0)), "Content-Encoding: gzip")


def flipped(packed_body: bytes) -> bytes:
    middle = len(packed_body) // 2
    return packed_body[:middle] + bytes([packed_body[middle] ^ 255]) + packed_body[middle + 1 :]


def interim(plain: Plain) -> Pieces:
    for _ in range(20_000):
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
    yield plain.sent()


def interim_for_ever(_: Plain) -> Pieces:
    yield from repeat(b"HTTP/1.1 102 Processing\r\n\r\n" * 1000)


def no_http(_: Plain) -> Pieces:
    yield b"SSH-2.0-OpenSSH_9.7\r\n" + bytes(range(256))


def nothing(_: Plain) -> Pieces:
    yield b""


def upgrade(plain: Plain) -> Pieces:
    yield plain.head("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: x", status=101)
    yield b"\x81\x05hello" * 100
    yield KEEP_STILL


def head(*more: str, status: int | str | None = None) -> Callable[[Plain], Pieces]:
    """Send the body that is due below other headers."""

    def pieces(plain: Plain) -> Pieces:
        yield plain.sent(None, *more, status=status)

    return pieces


def refused(status: int, told: object, *more: str) -> Callable[[Plain], Pieces]:
    """Refuse, with a JSON body."""
    return body(lambda _: json.dumps(told).encode(), *more, status=status)


def quoting(plain: Plain) -> bytes:
    """Quote the token, as a gateway's page for developers does."""
    return f"<html><pre>X-MSTR-AuthToken: {plain.token}\nuser=demo&password=demo</pre></html>".encode()


def is_redirect(where: str) -> Callable[[Plain], Pieces]:
    return head(f"Location: {where}", status=302)


def talkative(letters: int) -> dict[str, str]:
    """Give an error that says a lot."""
    return {"code": "C" * letters, "message": "m" * letters, "ticketId": "t" * letters}


def nested(opening: bytes, closing: bytes, times: int = 900) -> bytes:
    """Give JSON as deep as parsers take it."""
    return opening * times + b'{"message":"no"}' + closing * times

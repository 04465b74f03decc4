"""A body as it came, made the text of one JSON document: unpacked, in UTF-8, parsed. Pure.

What HTTP, gzip and JSON allow is read, however unusual it is; and what they do not allow, where it has one meaning.
"""

from __future__ import annotations

import codecs
import re
import zlib
from email.message import Message
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

import orjson

from mstr_arrow.errors import ProtocolError
from mstr_arrow.json_bounds import LARGEST, check_parsed_size
from mstr_arrow.wording import naming

try:
    from isal import isal_zlib
except ImportError:
    quick: Any = zlib
else:
    quick = isal_zlib
"""The library that unpacks gzip: isal where the extra ``speed`` is installed."""

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAMAGED = "Try again; if it recurs, what stands between here and the server damages responses, or gives its own."

PIECE = 2**16

STEP = 2**24
"""Bytes that are unpacked at once: most responses have fewer."""

_ROOM = 64
"""Bytes that what unpacks is given beyond what it needs: a buffer that is full grows."""

_GZIP = b"\x1f\x8b"
_BARE_HEADER = b"\x1f\x8b\x08\x00"
_START = 64
_BLANK = b" \t\r\n"
_UNICODE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks and what they tell, the longer ones first: one of them begins like another."""

_BY_ZEROS = {"x000": "utf-32-le", "000x": "utf-32-be", "x0x0": "utf-16-le", "0x0x": "utf-16-be"}


def too_large(largest: int) -> ProtocolError:
    """Return the error of a response of more than ``largest`` bytes, packed or not."""
    return ProtocolError(
        f"the response is larger than {largest / 2**20:,.0f} MiB, and was not read to its end.",
        hint=naming(
            "Ask for fewer rows at once ({Limits.page_rows}), or raise {Limits.buffer_bytes} of the connection's "
            "settings."
        ),
        too_large=True,
    )


class GivenUp(Exception):
    """Nobody waits any more for what is unpacked."""


def unpack(
    body: bytes, encoding: str, largest: int = LARGEST, is_given_up: Callable[[], bool] = lambda: False
) -> bytes:
    """Return ``body`` without its content encodings, of which there may be several.

    Holds no more than ``largest`` bytes of what is unpacked. Errors: ProtocolError; GivenUp where
    ``is_given_up`` says so before one of the steps of `STEP` bytes.
    """
    for each in reversed(encoding.lower().split(",")):
        name = each.strip()
        if name in {"gzip", "x-gzip"}:
            body = _from_gzip(body, largest, is_given_up)
        elif name == "deflate":
            body = _from_deflate(body, largest, is_given_up)
        elif name not in {"", "identity"}:
            raise ProtocolError(
                f"the response is packed as {name!r}, which was not asked for.",
                hint="The server was asked for gzip alone: what stands between here and it packs responses.",
            )
    return body


def _from_gzip(body: bytes, largest: int, is_given_up: Callable[[], bool]) -> bytes:
    """Unpack all members of a gzip stream, behind which zeros may stand; what is not packed stays as it is."""
    if _is_json(body):
        return body  # unpacked on the way, and the header was left
    try:
        return _join(partial(_gunzip, body, min(_first_step(body), largest + 1)), largest, is_given_up)
    except (zlib.error, quick.error) as error:
        raise ProtocolError(f"the response's gzip is damaged ({error}).", hint=DAMAGED) from None


def _first_step(body: bytes) -> int:
    """Return how much to unpack at once: the size that the last bytes tell, so that memory is got but once.

    Where that is less than came it is no size, or that of the last of several members.
    """
    size = int.from_bytes(body[-4:], "little")
    return min(STEP, size + _ROOM) if size >= len(body) else STEP


def _join(unpack: Callable[[], Iterator[bytes]], largest: int, is_given_up: Callable[[], bool]) -> bytes:
    """Join what is unpacked step by step; errors: ProtocolError for more than ``largest`` bytes, GivenUp.

    Where one step is not all, the steps are counted before any is kept, so that a bomb takes no room.
    """
    pieces = _until(is_given_up, unpack())
    first = next(pieces, b"")
    size = len(first)
    if size <= largest:
        second = len(next(pieces, b""))
        if not second:
            return first
        size += second
    del first  # or the error's traceback holds it
    for piece in pieces if size <= largest else ():
        size += len(piece)
        del piece
        if size > largest:
            break
    del pieces
    if size > largest:
        raise too_large(largest)
    whole = BytesIO()  # holds the bytes once, where joining a list of them would hold them twice
    whole.writelines(_until(is_given_up, unpack()))
    return whole.getvalue()


def _until(is_given_up: Callable[[], bool], pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces; errors: GivenUp."""
    for piece in pieces:
        if is_given_up():
            raise GivenUp
        yield piece


def _steps(unpacker: zlib._Decompress, packed: bytes, most: int) -> Iterator[bytes]:
    """Unpack ``most`` bytes at a time; errors: zlib.error, or that of isal."""
    while piece := unpacker.decompress(packed, most):
        yield piece
        if unpacker.eof:
            return  # once more, and zlib would note what stands behind the stream twice
        packed = unpacker.unconsumed_tail


def _make_unpacker(packed: bytes, at: int = 0) -> zlib._Decompress:
    """Make what unpacks the member at ``at``: zlib where its header has options, which isal does not check."""
    library = quick if packed.startswith(_BARE_HEADER, at) else zlib
    unpacker: zlib._Decompress = library.decompressobj(wbits=31)
    return unpacker


def _gunzip(body: bytes, most: int) -> Iterator[bytes]:
    """Unpack a gzip stream, ``most`` bytes at a time; errors: ProtocolError, zlib.error, or that of isal."""
    size, unpacker = 0, _make_unpacker(body)
    for piece in _steps(unpacker, body, most):
        size += len(piece)
        yield piece
    if not unpacker.eof:
        raise ProtocolError(f"the response's gzip ends early, after {size} bytes.", hint=DAMAGED)
    if unpacker.unused_data:
        yield from _members(unpacker.unused_data, most)


def _members(rest: bytes, most: int) -> Iterator[bytes]:
    """Unpack further members piece by piece, since each hands on a copy of what is behind it."""
    size, at = 0, 0
    if not _begins_member(rest, at):
        return
    unpacker = _make_unpacker(rest)
    while True:
        packed = rest[at : at + PIECE]
        if not packed:
            message = f"the response's gzip ends early, {size} bytes into a further member."
            raise ProtocolError(message, hint=DAMAGED)
        for piece in _steps(unpacker, packed, most):
            size += len(piece)
            yield piece
        at += len(packed) - len(unpacker.unused_data)
        if unpacker.eof:
            if not _begins_member(rest, at):
                return
            unpacker = _make_unpacker(rest, at)


def _begins_member(rest: bytes, at: int) -> bool:
    """Say whether another member begins; errors: ProtocolError for anything else but zeros."""
    if rest.startswith(_GZIP, at):
        return True
    behind = rest[at:]
    if behind.strip(b"\0"):
        message = f"{len(behind)} bytes stand behind the response's gzip, starting with {behind[:16]!r}."
        raise ProtocolError(message, hint=DAMAGED)
    return False


def _from_deflate(body: bytes, largest: int, is_given_up: Callable[[], bool]) -> bytes:
    """Unpack ``deflate``: a zlib stream, as HTTP says, or the bare one that some servers send."""
    if _is_json(body):
        return body
    for wbits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            return _join(partial(_inflate, body, wbits, min(STEP, largest + 1)), largest, is_given_up)
        except zlib.error:
            continue
    raise ProtocolError(f"the response's deflate is damaged; it starts with {body[:16]!r}.", hint=DAMAGED)


def _inflate(body: bytes, wbits: int, most: int) -> Iterator[bytes]:
    """Unpack a stream without a header of gzip's, ``most`` bytes at a time; errors: zlib.error."""
    unpacker = zlib.decompressobj(wbits=wbits)
    yield from _steps(unpacker, body, most)
    if not unpacker.eof or unpacker.unused_data:
        raise zlib.error("cut, or something is behind it")


def _is_json(body: bytes) -> bool:
    """Tell a body that begins as a JSON object or list does, which nothing packed does."""
    return body[:_START].removeprefix(codecs.BOM_UTF8).lstrip(_BLANK)[:1] in {b"{", b"["}


def json_text(content: bytes, content_type: str = "") -> bytes:
    """Return a JSON document in UTF-8, without a byte order mark.

    UTF-16 and UTF-32 are told by the mark, or by the zeros in the first character. A charset in ``content_type``
    counts where the text is no UTF-8. Errors: ProtocolError for what is not in the charset it says.
    """
    if b"charset" in content_type.encode().lower():
        return _decode(content, content_type)
    if content[:1] in {b"{", b"["} and content[1:2] != b"\0":
        return content
    return _without_mark(content)


def _without_mark(content: bytes) -> bytes:
    if content.startswith(codecs.BOM_UTF8):
        return content[len(codecs.BOM_UTF8) :]
    if content.startswith(_GZIP):
        return _without_mark(unpack(content, "gzip", LARGEST))
    name = next((name for mark, name in _UNICODE if content.startswith(mark)), None) or _by_zeros(content[:4])
    return content if name is None else _utf8(content, name)


def _by_zeros(start: bytes) -> str | None:
    """Tell the encoding by the zeros in the first characters, of which JSON has ASCII ones."""
    return _BY_ZEROS.get("".join("0" if byte == 0 else "x" for byte in start))


def _decode(content: bytes, content_type: str) -> bytes:
    """Make UTF-8 of what a header says is in another charset, unless it is UTF-8 all the same."""
    text = _without_mark(content)
    header = Message()
    header["Content-Type"] = content_type
    name = (header.get_content_charset() or "utf-8").strip("'\"")
    if text is not content or name in {"utf-8", "utf8", "us-ascii"} or content.isascii():
        return text
    try:
        content.decode()
    except UnicodeDecodeError:
        return _utf8(content, name)
    return content


def _utf8(content: bytes, name: str) -> bytes:
    try:
        return content.decode(name).encode()
    except (LookupError, UnicodeError) as error:
        raise ProtocolError(
            f"the response cannot be read as {name!r} ({type(error).__name__}); it starts with {content[:16]!r}.",
            hint=DAMAGED,
        ) from None


_HALVES = re.compile(rb"\\[^u]|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]..", re.DOTALL)


def loads(content: bytes, largest: int = LARGEST) -> Any:
    """Parse JSON; half a character, which no text holds, becomes U+FFFD.

    Errors: ValueError; ProtocolError where it would take too much memory, see `check_parsed_size`.
    """
    check_parsed_size(content, largest)
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if "surrogate" not in str(error):
            raise
    return orjson.loads(_HALVES.sub(lambda found: found[0] if _is_whole(found[0]) else b"\\ufffd", content))


def _is_whole(escape: bytes) -> bool:
    return escape[1:2] != b"u" or len(escape) > len(b"\\ud800")

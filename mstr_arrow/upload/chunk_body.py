"""The body of a chunk request: its text in memory, and base64 of it while it is sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

try:
    from pybase64 import b64encode
except ImportError:
    from base64 import b64encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PIECE = 3 * 2**16
"""Bytes of text turned into base64 at once: 256 KiB of a body, as much as is handed to a socket."""


@dataclass(frozen=True, slots=True)
class ChunkBody:
    """A request body: ``head``, base64 of ``texts``, which follow one upon the other, and ``end``.

    Only the texts are held, which take three quarters of it. Pieces of at most 256 KiB are made of them each time
    it is iterated, as often as it is sent.
    """

    head: bytes
    texts: Sequence[bytes | memoryview] = field(repr=False)
    end: bytes

    @property
    def text_bytes(self) -> int:
        """The bytes of the texts."""
        return sum(map(len, self.texts))

    @property
    def size(self) -> int:
        """The bytes of the body."""
        return len(self.head) + -(-self.text_bytes // 3) * 4 + len(self.end)

    def __iter__(self) -> Iterator[bytes]:
        """Make the pieces, all of one length, however short the texts are."""
        yield self.head
        piece, filled = bytearray(_PIECE), 0
        for text in self.texts:
            start = 0
            while start < len(text):
                part = text[start : start + _PIECE - filled]
                piece[filled : filled + len(part)] = part
                start, filled = start + len(part), filled + len(part)
                if filled == _PIECE:
                    yield b64encode(piece)
                    filled = 0
        if filled:
            yield b64encode(memoryview(piece)[:filled])
        yield self.end


def keep(text: Sequence[bytes | memoryview]) -> list[bytes | memoryview]:
    """Copy a text, whose short parts are bytes, into memory of Arrow's.

    Arrow takes memory that it had before, without the page faults of Python's, which would take longer than writing
    the text.
    """
    return [part if isinstance(part, bytes) else _copy(part) for part in text]


def _copy(text: memoryview) -> memoryview:
    copy = memoryview(pa.allocate_buffer(len(text))).cast("B")
    copy[:] = text
    return copy

"""How much memory JSON takes once it is parsed, told from its text, which may make millions of objects. Pure."""

from __future__ import annotations

from mstr_arrow.errors import ProtocolError
from mstr_arrow.wording import naming

LARGEST = 2**27
"""Bytes that are read of a response, packed or unpacked, where nothing else is said."""

_SURELY_SMALL = 2**20
"""Bytes of text that are parsed without a look: a megabyte makes a hundred of objects at most."""

_PER_OBJECT, _PER_LIST, _PER_MEMBER, _PER_VALUE, _PER_QUOTE = 88, 72, 60, 40, 10
"""Bytes that objects, lists, members of objects, values behind others, and half a text take in CPython, about."""

_SHARED, _FRACTION = 8, 32
"""Bytes that values behind others take where one object serves all of them, and fractions."""

_DIGITS = bytes.maketrans(b"0123456789", b"0000000000")

_WIDEST = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4", b"\\ud", b"\\uD")
"""How letters beyond the first 65,536 begin, in UTF-8 and as escapes."""


def size_when_parsed(text: bytes) -> int:
    """Return about how many bytes JSON takes as Python objects; no less than it takes, but for some per cent.

    >>> size_when_parsed(b"[{},{},{}]")
    426
    """
    structure = (
        _PER_OBJECT * text.count(b"{")
        + _PER_LIST * text.count(b"[")
        + _PER_MEMBER * text.count(b":")
        + _PER_VALUE * text.count(b",")
        + _PER_QUOTE * text.count(b'"')
    )
    return structure + _bytes_per_letter(text) * len(text)


def _savings(text: bytes) -> int:
    """Return by how many bytes values take less than `size_when_parsed` says, which takes a closer look at them."""
    shared, commas = _count_shared(text), text.count(b",")
    fractions = min(text.count(b"."), commas - shared)
    no_letters = commas + shared + 3 * fractions  # 0.5 has three characters
    return (_PER_VALUE - _SHARED) * shared + (_PER_VALUE - _FRACTION) * fractions + no_letters


def _count_shared(text: bytes) -> int:
    """Return how many values before a comma are null, true, false or have one or two digits: they share objects.

    >>> _count_shared(b"[1,22,333,4.5,-6,null,77]")
    3
    """
    named = sum(text.count(name) for name in (b"null,", b"true,", b"false,"))
    plain = text.translate(_DIGITS)
    longer = sum(plain.count(end) for end in (b"000,", b".0,", b".00,", b"-0,", b"-00,", b"e0,", b"e00,"))
    return max(0, named + plain.count(b"0,") - longer)


def _bytes_per_letter(text: bytes) -> int:
    """Return how wide the letters of texts may be: one beyond the first 65,536 makes all others of its text so."""
    if any(sign in text for sign in _WIDEST):
        return 4
    return 1 if text.isascii() and b"\\u" not in text else 2


def check_parsed_size(text: bytes, largest: int = LARGEST) -> None:
    """Refuse JSON whose text and objects together take more than one and a half times ``largest`` bytes.

    Errors: ProtocolError. Costs next to nothing for texts below a megabyte, and a look at each byte for others.
    """
    if len(text) <= _SURELY_SMALL:
        return
    size, most = size_when_parsed(text) + len(text), largest * 3 // 2
    if size > most and len(text) <= largest // 2:  # a closer look takes another copy
        size -= _savings(text)
    if size > most:
        raise ProtocolError(
            f"the response's {len(text) / 2**20:,.0f} MiB of JSON would take about {size / 2**20:,.0f} MiB of "
            f"memory, more than {most / 2**20:,.0f}; it was not parsed.",
            hint=naming(
                "Ask for fewer rows at once ({Limits.page_rows}), or raise {Limits.buffer_bytes} of the "
                "connection's settings."
            ),
            too_large=True,
        )

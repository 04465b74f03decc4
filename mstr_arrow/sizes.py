"""Numbers of bytes as people write them. Pure."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>|[kMG]i?)B?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def size_of(text: str) -> int | None:
    """Return the bytes that a text says, None for one that says none.

    >>> size_of("256MB"), size_of("1.5 GiB"), size_of("4096"), size_of("many")
    (256000000, 1610612736, 4096, None)
    """
    match = _SIZE.fullmatch(text.strip())
    return int(float(match["number"]) * _UNITS[match["unit"].lower()]) if match else None

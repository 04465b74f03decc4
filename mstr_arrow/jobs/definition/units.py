"""Sizes and durations as a file of jobs has them. Pure."""

from __future__ import annotations

import re

from mstr_arrow.sizes import size_of

_TIME = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>s|sec|min|m|h|d)\w*", re.IGNORECASE)
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def read_bytes(given: object) -> int:
    """Read a number of bytes; errors: ValueError.

    >>> read_bytes("256MB"), read_bytes(4096)
    (256000000, 4096)
    """
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    size = size_of(given) if isinstance(given, str) else None
    if size is None:
        raise ValueError(f"{given!r} is no size: write it like 4096, '256MB' or '1GiB'")
    return max(1, size)


def read_seconds(given: object) -> float:
    """Read a duration in seconds; errors: ValueError.

    >>> read_seconds("90 min"), read_seconds("6h"), read_seconds(30)
    (5400.0, 21600.0, 30.0)
    """
    if isinstance(given, int | float) and not isinstance(given, bool) and given > 0:
        return float(given)
    match = _TIME.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is None or not float(match["number"]):
        raise ValueError(f"{given!r} is no duration: write it in seconds, or like '90s', '30min' or '6h'")
    return float(match["number"]) * _SECONDS[match["unit"].lower()]

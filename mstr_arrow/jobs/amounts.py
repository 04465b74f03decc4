"""Sizes and durations as a file of jobs has them. Pure."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>|[kMG]i?)B?", re.IGNORECASE)
_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_TIME = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>s|sec|min|m|h|d)\w*", re.IGNORECASE)
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}


def read_bytes(given: object) -> int:
    """Read a number of bytes; errors: ValueError.

    >>> read_bytes("256MB"), read_bytes(4096)
    (256000000, 4096)
    """
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    match = _SIZE.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is None:
        raise ValueError(f"{given!r} is no size: write it like 4096, '256MB' or '1GiB'")
    return max(1, int(float(match["number"]) * _BYTES[match["unit"].lower()]))


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

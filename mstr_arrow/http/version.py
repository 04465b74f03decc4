"""Server versions, compared as numbers."""

from __future__ import annotations

import re


def parse_version(text: str) -> tuple[int, ...]:
    """Return the dotted numbers of a version; letters after a number are ignored.

    >>> parse_version("11.3.0000.15868"), parse_version("11.3.0000.14308J")
    ((11, 3, 0, 15868), (11, 3, 0, 14308))
    """
    numbers = []
    for part in text.strip().split("."):
        digits = re.match(r"\d+", part)
        if digits is None:
            break
        numbers.append(int(digits.group()))
    return tuple(numbers)


def at_least(version: str | None, needed: str) -> bool:
    """Say whether a server's version has reached ``needed``; an unknown version is taken for a new one.

    >>> at_least("11.3.0000.15868", "11.2.0200"), at_least("11.2.0100", "11.2.0200"), at_least(None, "11.5")
    (True, False, True)
    """
    numbers = parse_version(version or "")
    return not numbers or numbers >= parse_version(needed)

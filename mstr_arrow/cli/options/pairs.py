"""Names as options hold them: lists with commas between them, and ``NAME=VALUE``. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ITEM = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")+)"(?P<after>(?:\s+\w+)?)\s*|(?P<bare>[^,]*))(?:,|$)')
_ORDER = re.compile(r"(?P<name>.+?)\s+(?P<order>asc|desc)", re.IGNORECASE | re.DOTALL)


class Pair(NamedTuple):
    """The parts of an option ``NAME=VALUE``; ``sign`` is empty where there is no value."""

    name: str
    sign: str
    value: str


def read_pair(text: str) -> Pair:
    """Divide at the first ``=``. Blanks count as they are given, but for those on both sides of it.

    >>> read_pair("Region = East"), read_pair(" Region=East ")
    (Pair(name='Region', sign='=', value='East'), Pair(name=' Region', sign='=', value='East '))
    """
    name, sign, value = text.partition("=")
    if sign and name[-1:].isspace() and value[:1].isspace():
        return Pair(name.rstrip(), sign, value.lstrip())
    return Pair(name, sign, value)


def read_names(lists: Sequence[str]) -> list[str]:
    """Read names with commas between them; in double quotes, all of a name counts: commas, blanks at its ends.

    >>> read_names(['Region,"Profit, net"', 'Units, "Sales ", 5" pipe', "Cost,"])
    ['Region', 'Profit, net', 'Units', 'Sales ', '5" pipe', 'Cost', '']
    """
    return [f"{name}{after or ''}" for text in lists for name, after in _items(text)]


def read_order(lists: Sequence[str]) -> list[tuple[str, bool]]:
    """Read columns to sort by, with ``desc`` behind those whose greatest value comes first.

    >>> read_order(["Region, Revenue desc", 'Units ASC, "Sales desc" desc, "Cost desc"'])
    [('Region', False), ('Revenue', True), ('Units', False), ('Sales desc', True), ('Cost desc', False)]
    """
    return [_key(name, after) for text in lists for name, after in _items(text)]


def _items(text: str) -> Iterator[tuple[str, str | None]]:
    """Divide a list; give each name, and for one in quotes what stands after it."""
    at = 0
    while at <= len(text):
        match = _ITEM.match(text, at)
        if match is None:
            return
        if match["quoted"] is not None:
            yield match["quoted"].replace('""', '"'), match["after"]
        else:
            yield match["bare"].rstrip(), None
        at = match.end() if match[0].endswith(",") else len(text) + 1


def _key(name: str, after: str | None) -> tuple[str, bool]:
    if after == "":
        return name, False  # however it ends
    match = _ORDER.fullmatch(f"{name}{after or ''}")
    return (match["name"], match["order"].lower() == "desc") if match else (name, False)

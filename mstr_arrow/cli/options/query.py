"""What is asked of an object, as the options of ``mstr-arrow fetch`` say it."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.query.parse_sql import from_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.scan.scan import Scan

_ORDER = re.compile(r"(?P<column>.+?)\s+(?P<order>asc|desc)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The options; each list as often as its option was given."""

    aggregate: Sequence[str] = ()
    where: Sequence[str] = ()
    having: Sequence[str] = ()
    sort: Sequence[str] = ()
    head: int | None = None
    columns: Sequence[str] = ()

    def asked_of(self, scan: Scan) -> Scan:
        """Make the scan that answers it; errors: UsageError for conditions that are no SQL."""
        scan = scan.filter(*map(from_sql, self.where)) if self.where else scan
        if aggregated := read_names(self.aggregate):
            scan = scan.aggregate(*aggregated)
        scan = scan.filter(*map(from_sql, self.having)) if self.having else scan
        if keys := read_order(self.sort):
            scan = scan.sort(*(column for column, _ in keys), descending=[descending for _, descending in keys])
        scan = scan if self.head is None else scan.head(self.head)
        selected = read_names(self.columns)
        return scan.select(*selected) if selected else scan


def read_names(lists: Sequence[str]) -> list[str]:
    """Read names with commas between them.

    >>> read_names(['Region,"Profit, net"', "Units"])
    ['Region', 'Profit, net', 'Units']
    """
    return [name.strip() for row in csv.reader(lists, skipinitialspace=True) for name in row]


def read_order(lists: Sequence[str]) -> list[tuple[str, bool]]:
    """Read columns to sort by, with ``desc`` behind those whose greatest value comes first.

    >>> read_order(["Region, Revenue desc", "Units ASC"])
    [('Region', False), ('Revenue', True), ('Units', False)]
    """
    found = [(name, _ORDER.fullmatch(name)) for name in read_names(lists)]
    return [
        (match["column"], match["order"].lower() == "desc") if match else (name, False) for name, match in found
    ]

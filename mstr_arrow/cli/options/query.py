"""What is asked of an object, as the options of ``mstr-arrow fetch`` say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.cli.options.pairs import read_names, read_order
from mstr_arrow.query.parse_sql import from_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.scan.scan import Scan


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

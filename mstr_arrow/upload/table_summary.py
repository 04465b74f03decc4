"""A summary of the rows of a table, made while they are encoded. Pure, but for an example that is read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.upload.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from mstr_arrow.upload.grouping import Grouper, Grouping
    from mstr_arrow.upload.meaning import Meaning
    from mstr_arrow.upload.options import Policy
    from mstr_arrow.upload.sums import Sum


@dataclass(frozen=True, slots=True)
class TableSummary:
    """A table as a reader will see it: how its rows group, the ``sums`` of metrics, and what is ``merged``."""

    grouping: Grouping
    sums: Mapping[str, Sum]
    merged: str


class TableSummarizer:
    """Looks at the rows of a table; ``summed`` also adds up its metrics."""

    def __init__(self, table: str, grouper: Grouper, meaning: Meaning, policy: Policy, *, summed: bool) -> None:
        self._table, self._meaning, self._policy = table, meaning, policy
        self._grouper = grouper
        self._sums = Sums(meaning.metrics if summed else ())

    def add(self, rows: pa.Table) -> None:
        """Take the next rows."""
        self._grouper.add(rows)
        self._sums.add(rows)

    def close(self) -> None:
        """Forget the rows."""
        self._grouper.close()

    def result(self) -> TableSummary:
        """Return the summary of all rows."""
        grouping = self._grouper.result()
        merged = grouping.describe(
            self._table,
            self._policy,
            with_keys=bool(self._meaning.keys),
            with_metrics=bool(self._meaning.metrics),
        )
        return TableSummary(grouping, self._sums.sums, merged)

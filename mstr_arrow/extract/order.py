"""Whether an extraction can go part by part: its rows need a total order on the server. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    import pyarrow as pa

    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.instances.source import Source
    from mstr_arrow.query.query import Query

WITHOUT_ORDER = advice(
    "read without an order",
    "Use {Scan.write_parquet()}, which starts again from the first row where it is interrupted.",
)
"""The advice where rows have no total order."""


def check_question(source: Source, query: Query) -> None:
    """Refuse questions that no extraction can go on with; errors: UsageError."""
    reason: str | None = None
    if query.sort or query.head is not None:
        reason = advice("asks for another order", "{Scan.sort()}, {Scan.head()} and {Scan.top()} ask for another")
    elif source.given is not None:
        reason = "a given instance is read as it is, and cannot be made again"
    elif source.page_by is not None:
        reason = "the pages of a report are sorted each by itself"
    if reason is not None:
        raise _refuse(reason)


def check_columns(columns: Columns) -> None:
    """Refuse results whose rows the server cannot sort; errors: UsageError."""
    reason = None
    if not columns.whole_pages:
        reason = "metrics are on the rows of this report, so rows span pages"
    elif columns.crossed or columns.options.layout == "grid":
        reason = "the server sorts tables by all their attributes, not cross-tabs"
    elif columns.options.subtotals != "drop":
        reason = "subtotals are rows that no attribute puts in their place"
    elif any(column.level for column in columns.all):
        reason = "an attribute is there twice"
    if reason is not None:
        raise _refuse(reason)


def attribute_names(schema: pa.Schema) -> list[str]:
    """Return the columns that are attributes."""
    return [field.name for field in schema if (field.metadata or {}).get(b"mstr.role") == b"attribute"]


def _refuse(reason: str) -> UsageError:
    return UsageError(
        naming("an extraction that can be resumed needs rows in a total order: {reason}.", reason=reason),
        hint=WITHOUT_ORDER,
    )

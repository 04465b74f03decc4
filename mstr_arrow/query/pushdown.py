"""The question that a query engine puts to a scan, as one of the scan's own. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mstr_arrow.query.expressions import needs_all_rows
from mstr_arrow.query.parse_polars import from_polars

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from mstr_arrow.query.columns import Subjects
    from mstr_arrow.query.query import Query


def push_down(
    query: Query,
    results: Subjects,
    *,
    columns: Sequence[str] | None = None,
    predicate: pl.Expr | None = None,
    rows: int | None = None,
) -> Query:
    """Return a question that brings these columns (None: all) of at least the rows that an engine asks for.

    Those are the first ``rows`` (None: all), and of these the ones the predicate keeps: engines count before they
    filter, so a predicate is left to them where rows are counted, here or by the query itself. ``results`` are
    the columns of the query's result.
    """
    pushed = query
    if rows is not None:
        pushed = query.first(rows)
    elif predicate is not None and not _settled(query):
        understood = from_polars(predicate, results).expression
        pushed = query if understood is None else query.filtered([understood])
    return pushed if columns is None else pushed.selected(tuple(columns), any_order=True)


def _settled(query: Query) -> bool:
    """Whether further conditions would change which rows the query's own parts decide about."""
    own = [condition for condition in (query.where, query.having) if condition is not None]
    return query.head is not None or any(map(needs_all_rows, own))

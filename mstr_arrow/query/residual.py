"""The rest of a query, done here with the rows that the server delivers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.errors import DataMismatch, UsageError
from mstr_arrow.grid.texts import join_batches
from mstr_arrow.lazy import pl
from mstr_arrow.names import listing
from mstr_arrow.query.parse_polars import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.query.query import SortKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """Conditions, order and columns that are seen to on this side.

    ``filters`` apply one after the other; where ``ranked``, one of them depends on all rows. ``sort`` asks for all
    rows, too, unless the server sorted them (``sorted_there``) and ``head`` are enough. ``columns`` are the
    names to keep, in order; None keeps all.
    """

    columns: tuple[str, ...] | None = None
    filters: tuple[pl.Expr, ...] = ()
    ranked: bool = False
    sort: tuple[SortKey, ...] = ()
    sorted_there: bool = False
    head: int | None = None

    @property
    def gathers(self) -> bool:
        """Whether rows are held until the last one needed has come."""
        return self.ranked or bool(self.sort)

    def schema(self, schema: pa.Schema) -> pa.Schema:
        """Return the schema of the rows that are left."""
        if self.columns is None:
            return schema
        _check_there(self.columns, schema)
        return pa.schema([schema.field(name) for name in self.columns])

    def rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Filter one batch and keep its columns."""
        return self.narrow(self.filter(batch))

    def filter(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Filter one batch; all columns stay."""
        if not self.filters or not batch.num_rows:
            return batch
        return batch.filter(self._mask(batch, reduce(and_, self.filters)))

    def narrow(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Keep the columns that were asked for."""
        if self.columns is None or batch.schema.names == list(self.columns):
            return batch
        _check_there(self.columns, batch.schema)
        return batch.select(list(self.columns))

    def counts(self, batch: pa.RecordBatch) -> int:
        """Count the rows that nothing the server sends later can come before: those without an empty sort key."""
        if not batch.num_rows or self.ranked:
            return 0
        frame = self._frame(batch, [key.column for key in self.sort])
        return int(frame.select(reduce(and_, [pl.col(key.column).is_not_null() for key in self.sort]).sum()).item())

    def finish(self, batches: Sequence[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
        """Filter, sort and cut all rows at once; holds them twice."""
        table = join_batches(list(batches), schema)
        if self.ranked:
            for condition in self.filters:
                table = table.filter(self._mask(table, condition))
        if self.sort:
            keys = self._frame(table, [key.column for key in self.sort])
            order = pl.arg_sort_by(
                [pl.col(key.column) for key in self.sort],
                descending=[key.descending for key in self.sort],
                nulls_last=True,
                maintain_order=True,
            )
            places = keys.select(order.alias("place")).to_series()
            table = table.take((places if self.head is None else places.head(self.head)).to_arrow())
        return table.slice(0, self.head).select(list(self.columns or table.column_names))

    def _mask(self, rows: pa.RecordBatch | pa.Table, condition: pl.Expr) -> pa.Array:
        """Say of each row whether a condition keeps it; errors: UsageError for one that fails over these rows."""
        names = sorted(set(condition.meta.root_names()))
        try:
            kept = self._frame(rows, names).select(kept=condition).to_series()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise UsageError(
                f"the condition {condition!s} cannot be decided for these rows: {first_line(error)}",
                hint="Have it give null where a value does not fit, as cast(…, strict=False) does.",
            ) from error
        if not names:  # one answer for all rows
            kept = kept.new_from_index(0, rows.num_rows)
        return kept.to_arrow().cast(pa.bool_())

    def _frame(self, rows: pa.RecordBatch | pa.Table, names: Sequence[str]) -> pl.DataFrame:
        """Make a frame of the columns that matter, texts as strings."""
        _check_there(names, rows.schema)
        return pl.DataFrame(
            {
                name: pl.Series(pl.from_arrow(rows.column(name))).cast(pl.String)
                if pa.types.is_dictionary(rows.schema.field(name).type)
                else pl.Series(pl.from_arrow(rows.column(name)))
                for name in dict.fromkeys(names)
            }
        )


def _check_there(names: Sequence[str], schema: pa.Schema) -> None:
    """Check that rows came with the columns that the question was divided by; errors: DataMismatch."""
    if missing := sorted(set(names) - set(schema.names)):
        raise DataMismatch(
            f"the rows came without {listing(missing)}, which the object had when it was looked at: they have the "
            f"columns {listing(schema.names)}.",
            hint="Read again; the object may have been changed meanwhile.",
        )

"""What is left to do here with the rows that the server delivers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from mstr_arrow.grid.texts import join_batches

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
        """Return what is left of a schema."""
        return schema if self.columns is None else pa.schema([schema.field(name) for name in self.columns])

    def rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Filter one batch and keep its columns."""
        return self.narrow(self.filtered(batch))

    def filtered(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Filter one batch; all columns stay."""
        return batch.filter(self._mask(batch)) if self.filters and batch.num_rows else batch

    def narrow(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Keep the columns that were asked for."""
        if self.columns is None or batch.schema.names == list(self.columns):
            return batch
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
                mask = self._frame(table, condition.meta.root_names()).select(condition).to_series()
                table = table.filter(mask.to_arrow())
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

    def _mask(self, batch: pa.RecordBatch) -> pa.Array:
        names = {name for condition in self.filters for name in condition.meta.root_names()}
        frame = self._frame(batch, sorted(names))
        mask = frame.select(reduce(and_, self.filters).alias("kept")).to_series()
        return mask.to_arrow().cast(pa.bool_())

    def _frame(self, rows: pa.RecordBatch | pa.Table, names: Sequence[str]) -> pl.DataFrame:
        """Make a frame of the columns that matter, texts as strings."""
        return pl.DataFrame(
            {
                name: pl.Series(pl.from_arrow(rows.column(name))).cast(pl.String)
                if pa.types.is_dictionary(rows.schema.field(name).type)
                else pl.Series(pl.from_arrow(rows.column(name)))
                for name in dict.fromkeys(names)
            }
        )

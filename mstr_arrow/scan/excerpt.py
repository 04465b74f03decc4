"""An excerpt of a result, taken on this side: some columns, the first rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.errors import UsageError
from mstr_arrow.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The columns to keep, in their order, and how many of the first rows; None keeps all."""

    columns: Sequence[str] | None = None
    rows: int | None = None

    def schema(self, schema: pa.Schema) -> pa.Schema:
        """Return the schema that is left; errors: UsageError for a column there is not, or named twice."""
        if self.columns is None:
            return schema
        for at, name in enumerate(self.columns):
            if name in self.columns[:at]:
                raise UsageError(f"the column {name!r} is asked for twice.")
            if name not in schema.names:
                raise UsageError(f"no column {name!r} in this result.", hint=suggestion(name, schema.names))
        return pa.schema([schema.field(name) for name in self.columns])

    def batch(self, batch: pa.RecordBatch, before: int) -> pa.RecordBatch:
        """Return what is left of a batch, when ``before`` rows were kept already."""
        kept = batch if self.columns is None else batch.select(list(self.columns))
        return kept if self.rows is None else kept.slice(0, self.rows - before)

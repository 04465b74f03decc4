"""Join the rows of a result that pages have cut apart, where metrics are on the rows of the grid.

There, one row of the result comes as several rows of the grid, one per metric. Where the metrics are the
innermost unit these follow each other, and only the last row of a page may go on in the next; elsewhere a row is
known to be whole only when the last page has come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from mstr_arrow.errors import DataMismatch
from mstr_arrow.grid.tidy import Laid

if TYPE_CHECKING:
    from mstr_arrow.grid.schema import Columns


class Stitcher:
    """Takes the pages of a result in order and gives whole rows.

    Holds the last row of the page before or, where the metrics are not the innermost unit, everything.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._held: list[Laid] = []

    def feed(self, page: Laid) -> pa.RecordBatch | None:
        """Take a page; return the rows that are known to be whole, None where there are none."""
        self._held.append(page)
        if not self._columns.streams or not page.batch.num_rows:
            return None
        joined = _join(self._held, self._columns)
        keys = joined.row_keys
        open_from = len(keys) - 1
        while open_from and keys[open_from - 1] == keys[-1]:
            open_from -= 1
        self._held = [_slice(joined, open_from)]
        return joined.batch.slice(0, open_from) if open_from else None

    def finish(self) -> pa.RecordBatch | None:
        """Return the rows held at the end."""
        held, self._held = self._held, []
        return _join(held, self._columns).batch if held else None


def _slice(laid: Laid, start: int) -> Laid:
    return Laid(laid.batch.slice(start), laid.row_keys.slice(start), laid.keys.slice(start))


def _join(pages: list[Laid], columns: Columns) -> Laid:
    """Make one row of all rows with one key; errors: DataMismatch where two of them have one metric."""
    table = pa.Table.from_batches([page.batch for page in pages], columns.schema).unify_dictionaries()
    batch = table.combine_chunks().to_batches()
    if not batch:
        return pages[-1]
    whole = batch[0]
    metrics = [column.name for column in columns.metrics]
    frame = pl.DataFrame(
        {
            "key": pl.from_arrow(pa.chunked_array([page.keys for page in pages])),
            "row": pl.int_range(whole.num_rows, eager=True),
            **{
                f"has {number}": pl.from_arrow(whole.column(name).is_valid()) for number, name in enumerate(metrics)
            },
        }
    )
    groups = frame.group_by("key", maintain_order=True).agg(
        pl.col("row").first(),
        *(pl.col("row").filter(f"has {number}").first().alias(f"has {number}") for number in range(len(metrics))),
    )
    first = groups["row"].to_arrow()
    arrays = []
    for column in columns.all:
        values = whole.column(column.name)
        if column.role == "metric":
            taken = values.take(groups[f"has {metrics.index(column.name)}"].to_arrow())
            if len(taken) - taken.null_count != len(values) - values.null_count:
                raise DataMismatch(
                    f"Two rows of {column.name!r} came for the same attributes.",
                    hint='Read it with layout="grid", which keeps the rows as they are.',
                )
        else:
            taken = values.take(first)
        arrays.append(taken)
    row_keys = pa.chunked_array([page.row_keys for page in pages]).combine_chunks().take(first)
    return Laid(
        pa.record_batch(arrays, schema=columns.schema), row_keys, groups["key"].to_arrow().cast(pa.string())
    )

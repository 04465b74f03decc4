"""Join the rows of a result that pages have cut apart, where metrics are on the rows of the grid.

There, one row of the result comes as several rows of the grid, one per metric. Where the metrics are the
innermost unit these follow each other, and only the last row of a page may go on in the next; elsewhere a row is
known to be whole only when the last page has come.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.arrays import make_scalar
from mstr_arrow.errors import DataMismatch
from mstr_arrow.grid.tidy import Laid
from mstr_arrow.lazy import pl
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from mstr_arrow.grid.schema import Columns


class Stitcher:
    """Takes the pages of a result in order and gives whole rows.

    Holds what heads the last row of the grid or, where the metrics are not the innermost unit, everything.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._held: list[Laid] = []

    def feed(self, page: Laid) -> pa.RecordBatch | None:
        """Take a page; return the rows that are known to be whole, None where there are none."""
        if not page.batch.num_rows:
            return None
        page = self._mark_data(page)
        if not self._columns.streams:
            self._held.append(page)
            return None
        whole = []
        if self._held:
            held, goes_on = self._held[0], _count_leading(page, self._held[0].row_keys[0])
            if goes_on:
                held = _join([held, _slice(page, 0, goes_on)], self._columns)
                page = _slice(page, goes_on)
            if not page.batch.num_rows:
                self._held = [held]
                return None
            whole.append(held)
        last = _start_of_last(page)
        self._held = [_slice(page, last)]
        return self._with_data([*whole, _slice(page, 0, last)])

    def finish(self) -> pa.RecordBatch | None:
        """Return the rows held at the end."""
        held, self._held = self._held, []
        return self._with_data([_join(held, self._columns)]) if held else None

    def _mark_data(self, page: Laid) -> Laid:
        """Say of the rows of a cross-tab which have data."""
        if not self._columns.crossed or page.has_data is not None:
            return page
        valid = [page.batch.column(column.name).is_valid() for column in self._columns.metrics]
        return replace(page, has_data=reduce(pc.or_, valid))

    def _with_data(self, rows: list[Laid]) -> pa.RecordBatch | None:
        """Make one batch, without what is no row because nothing stands where its row and column meet."""
        kept = [laid.batch if laid.has_data is None else laid.batch.filter(laid.has_data) for laid in rows]
        batch = _concat(kept, self._columns)
        return batch if batch.num_rows else None


def _slice(laid: Laid, start: int, length: int | None = None) -> Laid:
    parts = (laid.batch, laid.row_keys, laid.keys, laid.has_data)
    return Laid(*(None if part is None else part.slice(start, length) for part in parts))


def _count_leading(page: Laid, key: pa.StringScalar) -> int:
    """Count the rows at the beginning of a page that have this key."""
    others = pc.indices_nonzero(pc.not_equal(page.row_keys, key))
    return others[0].as_py() if len(others) else len(page.row_keys)


def _start_of_last(page: Laid) -> int:
    """Tell where the rows of the page's last key begin."""
    others = pc.indices_nonzero(pc.not_equal(page.row_keys, page.row_keys[-1]))
    return others[-1].as_py() + 1 if len(others) else 0


def _concat(batches: list[pa.RecordBatch], columns: Columns) -> pa.RecordBatch:
    filled = [batch for batch in batches if batch.num_rows] or batches[:1]
    if len(filled) == 1:
        return filled[0]
    table = pa.Table.from_batches(filled, columns.schema).unify_dictionaries()
    return table.combine_chunks().to_batches()[0]


def _join(pages: list[Laid], columns: Columns) -> Laid:
    """Make one row of all rows with one key; errors: DataMismatch where two of them have one metric."""
    if len(pages) == 1:
        return pages[0]
    whole = _concat([page.batch for page in pages], columns)
    metrics = [column.name for column in columns.metrics]
    frame = pl.DataFrame(
        {
            "key": pl.from_arrow(pa.chunked_array([page.keys for page in pages])),
            "row": pl.int_range(whole.num_rows, eager=True),
            "has data": pl.from_arrow(pa.chunked_array([_has_data(page) for page in pages])),
            **{
                f"has {number}": pl.from_arrow(whole.column(name).is_valid()) for number, name in enumerate(metrics)
            },
        }
    )
    groups = frame.group_by("key", maintain_order=True).agg(
        pl.col("row").first(),
        pl.col("has data").any(),
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
                    hint=naming(
                        'Read it with {Scan.with_options.layout="grid"}, which keeps the rows as they are.'
                    ),
                )
        else:
            taken = values.take(first)
        arrays.append(taken)
    row_keys = pa.chunked_array([page.row_keys for page in pages]).combine_chunks().take(first)
    return Laid(
        pa.record_batch(arrays, schema=columns.schema),
        row_keys,
        groups["key"].to_arrow().cast(pa.string()),
        groups["has data"].to_arrow() if columns.crossed else None,
    )


def _has_data(page: Laid) -> pa.BooleanArray:
    all_have = make_scalar(value=True, to=pa.bool_())
    return pa.repeat(all_have, len(page.keys)) if page.has_data is None else page.has_data

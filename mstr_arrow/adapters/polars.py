"""Record batches as Polars frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.grid.texts import deliver_schema
from mstr_arrow.lazy import pl

if TYPE_CHECKING:
    from mstr_arrow.grid.texts import Strings


def to_frame(batch: pa.RecordBatch, strings: Strings) -> pl.DataFrame:
    """Make a frame of a decoder's batch; plain strings share the text of each distinct one.

    >>> texts = pa.array(["a", "b", "a"]).dictionary_encode()
    >>> to_frame(pa.record_batch({"Region": texts}), "plain")["Region"].to_list()
    ['a', 'b', 'a']
    """
    return pl.DataFrame(
        [_series(name, column, strings) for name, column in zip(batch.schema.names, batch.columns, strict=True)]
    )


def empty_frame(schema: pa.Schema, strings: Strings) -> pl.DataFrame:
    """Make a frame of a decoder's schema without rows."""
    return pl.DataFrame(pl.from_arrow(pa.Table.from_batches([], deliver_schema(schema, strings))))


def _series(name: str, column: pa.Array, strings: Strings) -> pl.Series:
    if strings == "dictionary" or not pa.types.is_dictionary(column.type):
        return pl.Series(name, pl.from_arrow(column))
    texts = pl.Series(pl.from_arrow(column.dictionary))
    return texts.gather(pl.Series(pl.from_arrow(column.indices))).alias(name)

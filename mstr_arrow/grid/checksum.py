"""A hash of rows, to find out later whether the same ones come again."""

from __future__ import annotations

import hashlib

import polars as pl
import pyarrow as pa


def checksum(batch: pa.RecordBatch) -> bytes:
    """Return what tells rows and their order from others: a hash of every value, of each row, of all rows.

    Equal rows have an equal one, whatever dictionaries their texts are in, in this process.
    """
    columns = [pl.Series(f"{number}", _hashes(array)) for number, array in enumerate(batch.columns)]
    rows = pl.DataFrame(columns).hash_rows() if columns else pl.Series([batch.num_rows], dtype=pl.UInt64)
    return hashlib.blake2b(memoryview(rows.rechunk().to_arrow().buffers()[1]), digest_size=16).digest()


def _hashes(array: pa.Array) -> pl.Series:
    if not pa.types.is_dictionary(array.type):
        return pl.Series(array).hash()
    hashes = pl.Series(array.dictionary).hash().to_arrow()
    return pl.Series(hashes.take(array.indices))

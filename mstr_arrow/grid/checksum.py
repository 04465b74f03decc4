"""A hash of rows, to find out later whether the same ones come again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterator


def checksum(batch: pa.RecordBatch) -> int:
    """Return what tells rows and their order from others in this process: a hash of every value.

    Equal rows have an equal one, whatever dictionaries their texts are in, if each text stands in these once.
    """
    parts = [pa.record_batch([part], names=["part"]) for array in batch.columns for part in _parts(array)]
    return hash((batch.num_rows, *(part.serialize().to_pybytes() for part in parts)))


def _parts(array: pa.Array) -> Iterator[pa.Array]:
    """Take an array apart into what is the same wherever its values are."""
    if pa.types.is_dictionary(array.type):
        used = array.indices.dictionary_encode()  # in the order of the rows
        yield array.dictionary.take(used.dictionary)
        array = used.indices
    yield pc.indices_nonzero(array.is_null())
    yield array.drop_null()

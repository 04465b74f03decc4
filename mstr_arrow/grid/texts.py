"""How texts are delivered: as dictionaries, or as plain strings."""

from __future__ import annotations

from typing import Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.errors import UsageError

Strings = Literal["dictionary", "plain"]
"""``dictionary``: each distinct text once and an index per row; ``plain``: a string per row."""


DICTIONARY_BYTES = 2**31 - 1
"""Bytes of text that one dictionary holds at most: Arrow counts them in 32 bits."""


def check_strings(strings: str) -> None:
    """Refuse what is no way to deliver texts, before anything is sent; errors: UsageError."""
    if strings not in get_args(Strings):
        raise UsageError(f"strings={strings!r} is no way to deliver texts.", hint="Choose 'dictionary' or 'plain'.")


def deliver_schema(schema: pa.Schema, strings: Strings) -> pa.Schema:
    """Give a decoder's schema with its texts as asked for."""
    if strings == "dictionary":
        return schema
    fields = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field for field in schema
    ]
    return pa.schema(fields)


def deliver_batch(batch: pa.RecordBatch, strings: Strings) -> pa.RecordBatch:
    """Give a decoder's batch with its texts as asked for; plain ones are copied, a string per row."""
    if strings == "dictionary":
        return batch
    arrays = [
        column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in batch.columns
    ]
    if not arrays:
        return batch
    return pa.record_batch(arrays, schema=deliver_schema(batch.schema, strings))


def join_batches(
    batches: list[pa.RecordBatch], schema: pa.Schema, *, dictionary_bytes: int = DICTIONARY_BYTES
) -> pa.Table:
    """Make a table of batches, with one dictionary per text column; empties the list.

    Goes column by column, letting go of each as it is done: holds the table, and one column twice. Where distinct
    texts may come to more than ``dictionary_bytes``, there are several dictionaries, each of some chunks.
    """
    columns = [[batch.column(number) for batch in batches] for number in range(len(schema))]
    rows = sum(batch.num_rows for batch in batches)
    batches.clear()
    # What the decoders have used is given back before the second copies are made.
    pa.default_memory_pool().release_unused()
    joined = [_join(columns.pop(0), field.type, dictionary_bytes) for field in schema]
    if not joined:
        return pa.table({"_": pa.nulls(rows)}).select([])
    return pa.table(joined, schema=schema)


def _join(chunks: list[pa.Array], to: pa.DataType, dictionary_bytes: int) -> pa.ChunkedArray:
    """Make one column of its chunks, with one dictionary as long as one certainly holds their texts."""
    if not pa.types.is_dictionary(to):
        return pa.chunked_array(chunks, to)
    done: list[pa.Array] = []
    held: list[pa.Array] = []
    size = 0
    for chunk in chunks:
        more = _text_bytes(chunk)
        if held and size + more > dictionary_bytes:
            # Texts that several dictionaries have count once.
            held = pa.chunked_array(held, to).unify_dictionaries().chunks
            size = _text_bytes(held[0])
            if size + more > dictionary_bytes:
                done, held, size = [*done, *held], [], 0
        held.append(chunk)
        size += more
    return pa.chunked_array([*done, *pa.chunked_array(held, to).unify_dictionaries().chunks], to)


def _text_bytes(chunk: pa.DictionaryArray) -> int:
    return pc.sum(pc.binary_length(chunk.dictionary)).as_py() or 0

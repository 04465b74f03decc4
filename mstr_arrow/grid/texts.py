"""How texts are delivered: as dictionaries, or as plain strings."""

from __future__ import annotations

from typing import Literal, get_args

import pyarrow as pa

from mstr_arrow.errors import UsageError

Strings = Literal["dictionary", "plain"]
"""``dictionary``: each distinct text once and an index per row; ``plain``: a string per row."""


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


def join_batches(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """Make a table of batches, with one dictionary per text column; empties the list.

    Goes column by column, letting go of each as it is done: holds the table, and one column twice.
    """
    columns = [[batch.column(number) for batch in batches] for number in range(len(schema))]
    rows = sum(batch.num_rows for batch in batches)
    batches.clear()
    # What the decoders have used is given back before the second copies are made.
    pa.default_memory_pool().release_unused()
    joined = [pa.chunked_array(columns.pop(0), field.type).unify_dictionaries() for field in schema]
    if not joined:
        return pa.table({"_": pa.nulls(rows)}).select([])
    return pa.table(joined, schema=schema)

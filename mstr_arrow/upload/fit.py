"""Columns as the types that a dataset has for them already. Wire reference, sections 6.2 and 6.6. Pure.

A dataset keeps the types it was made with. What a type does not hold the server changes, or refuses after it was
sent; so values are cast here, and one that does not fit is refused.

===================  =================================================================
the dataset has      what is cast to it
===================  =================================================================
INTEGER, BIGINTEGER  whole numbers of floating and decimal types; bool
DOUBLE               integers and decimals that a double gives back; bool
DATE                 timestamps without a zone, at midnight
DATETIME             dates
BOOL                 0 and 1 of any type
any                  a column of nulls
===================  =================================================================

Integers of more than 32 bits are left to the server: it is not known whether its INTEGER has no more.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types as kinds

from mstr_arrow.errors import ConversionError, UsageError
from mstr_arrow.upload.types import fate, value_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mstr_arrow.upload.source import Source

_NUMBERS = {"INTEGER", "BIGINTEGER", "DOUBLE", "BIGDECIMAL"}
_TARGETS: dict[int, tuple[str, pa.DataType, set[str]]] = {
    1: ("INTEGER", pa.int64(), {"DOUBLE", "BIGDECIMAL", "BOOL"}),
    6: ("DOUBLE", pa.float64(), {"BIGINTEGER", "BIGDECIMAL", "BOOL"}),
    7: ("DOUBLE", pa.float64(), {"BIGINTEGER", "BIGDECIMAL", "BOOL"}),
    14: ("DATE", pa.date32(), {"DATETIME"}),
    15: ("TIME", pa.time64("us"), set()),
    16: ("DATETIME", pa.timestamp("ms"), {"DATE"}),
    24: ("BOOL", pa.bool_(), _NUMBERS),
    30: ("BIGDECIMAL", pa.decimal128(38, 0), {"BOOL"}),
    34: ("BIGINTEGER", pa.int64(), {"DOUBLE", "BIGDECIMAL", "BOOL"}),
}
"""By EnumDSSXMLDataType: what the server calls the type, the type in Arrow, what is cast to it."""
_SHOWN = 40


def fit_types(source: Source, known: Mapping[str, int]) -> Source:
    """Give a table the types of a dataset's columns, by name as EnumDSSXMLDataType; itself where it has them.

    A table in memory is cast here, at the cost of what changes; others are, batch by batch, while they are read.
    Errors: UsageError naming column and row for a value that does not fit; of a stream, ConversionError.
    """
    casts = {
        field.name: target
        for field in source.schema
        if (target := _target(field, known.get(field.name))) is not None
    }
    if not casts:
        return source
    schema = pa.schema(
        [field.with_type(casts[field.name][1]) if field.name in casts else field for field in source.schema],
        metadata=source.schema.metadata,
    )

    @contextmanager
    def open_fitted() -> Iterator[Iterator[pa.RecordBatch]]:
        with source.open() as batches:
            yield _cast_all(batches, schema, casts)

    stream = replace(source, schema=schema, open=open_fitted)
    if not source.held:
        return stream
    try:
        with open_fitted() as batches:
            table = pa.Table.from_batches(list(batches), schema)
    except ConversionError as error:
        raise UsageError(error.message, hint=error.hint) from error
    return source.of_table(table)


def _target(field: pa.Field, code: int | None) -> tuple[str, pa.DataType] | None:
    """Give what a column is cast to; None where it stays what it is."""
    name, dtype, casts = _TARGETS.get(code or 0, ("", None, set()))
    values = value_type(field.type)
    if dtype is None or (kinds.is_timestamp(values) and values.tz is not None):
        return None
    return (name, dtype) if kinds.is_null(values) or fate(field.name, field.type).wire in casts else None


def _cast_all(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, casts: Mapping[str, tuple[str, pa.DataType]]
) -> Iterator[pa.RecordBatch]:
    row = 0
    for batch in batches:
        columns = [
            _cast_column(column, name, casts[name], row) if name in casts else column
            for name, column in zip(schema.names, batch.columns, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
        row += batch.num_rows


def _cast_column(column: pa.Array, name: str, target: tuple[str, pa.DataType], row: int) -> pa.Array:
    wire, dtype = target
    values = _plain(column)
    try:
        return _cast(values, dtype)
    except pa.ArrowInvalid as error:
        at = _first_misfit(values, dtype)
        value = str(values[at])
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        raise ConversionError(
            f"Column {name!r}, row {row + at:,}: {shown} is not what the dataset's column of type {wire} holds.",
            column=name,
            row=row + at,
            hint="Cast the column, or write to a new dataset, whose columns have the types of the data.",
        ) from error


def _plain(column: pa.Array) -> pa.Array:
    if isinstance(column.type, pa.BaseExtensionType):
        return _plain(column.storage)
    if kinds.is_dictionary(column.type):
        return _plain(column.dictionary_decode())
    if kinds.is_run_end_encoded(column.type):
        return _plain(pc.run_end_decode(column))
    return column


def _cast(values: pa.Array, dtype: pa.DataType) -> pa.Array:
    """Cast values; errors: ArrowInvalid where they are not the same afterwards."""
    if kinds.is_null(values.type):
        return values.cast(dtype)
    if kinds.is_decimal(values.type if kinds.is_boolean(dtype) else dtype):
        values = values.cast(pa.int64())  # Arrow has no way between decimals and truth values
    if kinds.is_decimal(values.type) and kinds.is_floating(dtype):
        # By way of texts, as Arrow's casts between decimals and doubles are not exact.
        there = values.cast(pa.string()).cast(dtype)
        back = there.cast(pa.string()).cast(values.type)
    elif kinds.is_date(dtype) or kinds.is_boolean(dtype):
        there = values.cast(dtype)
        back = there.cast(values.type)
    else:
        return values.cast(dtype)
    if not back.equals(values):
        raise pa.ArrowInvalid("a value is not the same after it was cast")
    return there


def _first_misfit(values: pa.Array, dtype: pa.DataType) -> int:
    """Give the place of the first value that does not fit, when one does not."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            _cast(values.slice(low, middle - low), dtype)
        except pa.ArrowInvalid:
            high = middle
        else:
            low = middle
    return low

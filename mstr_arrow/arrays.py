"""Arrow arrays, scalars and tables of Python values. Pure.

``pyarrow.array`` of a list, ``pyarrow.scalar``, and any compute function that is given a Python value ask whether
it is one of pandas', for which they import pandas where it is installed: 45 MB, and a third of a second. Nothing
here does: arrays are made of buffers.
"""

from __future__ import annotations

from array import array
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NUMBERS = (
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float32(), pa.float64()),
)
_CODES = dict(zip(_NUMBERS, "bhiqBHIQfd", strict=True))
"""Codes of the ``array`` module for types of numbers."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def make_array(values: Iterable[Any], to: pa.DataType) -> pa.Array:
    """Make an array of values of its type, or None: texts, numbers, truths, dates, timestamps, lists, structs.

    Timestamps without a zone are in UTC.
    Errors: ArrowInvalid for one that is not of the type, UnicodeEncodeError for half a character; ValueErrors both.

    >>> make_array([1, None], pa.int32()).to_pylist(), make_array(["a"], pa.string()).type
    ([1, None], DataType(string))
    """
    values = values if isinstance(values, list | tuple) else list(values)
    if pa.types.is_struct(to):
        return _structs(values, to)
    if pa.types.is_list(to):
        return _lists(values, to)
    if pa.types.is_timestamp(to):
        return _timestamps(values, to)
    if pa.types.is_decimal(to) or pa.types.is_date(to):
        form = "f" if pa.types.is_decimal(to) else ""
        return _texts([None if value is None else format(value, form) for value in values]).cast(to)
    try:
        if to in _CODES:
            return _numbers(values, to)
        return _flags(values) if pa.types.is_boolean(to) else _texts(values).cast(to)
    except (TypeError, OverflowError) as error:
        raise pa.ArrowInvalid(f"there is a value that is no {to}: {error}") from None


@lru_cache(256, typed=True)
def make_scalar(value: Any, to: pa.DataType) -> pa.Scalar:
    """Make a scalar, as compute functions take it beside arrays; errors: as `make_array`.

    >>> make_scalar("a", pa.string()), make_scalar(None, pa.int32())
    (<pyarrow.StringScalar: 'a'>, <pyarrow.Int32Scalar: None>)
    """
    return make_array([value], to)[0]


def make_table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Make a table of rows; what a row does not name is null; errors: as `make_array`.

    >>> make_table([{"id": 7}, {}], pa.schema({"id": pa.int64()})).to_pylist()
    [{'id': 7}, {'id': None}]
    """
    rows = list(rows)
    columns = [make_array([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.table(columns, schema=schema)


def _numbers(values: Sequence[float | None], to: pa.DataType) -> pa.Array:
    filled = array(_CODES[to], [0 if value is None else value for value in values])
    return pa.Array.from_buffers(to, len(values), [_validity(values), pa.py_buffer(filled)])


def _flags(values: Sequence[bool | None]) -> pa.BooleanArray:
    if not set(map(type, values)) <= {bool, type(None)}:
        raise TypeError("neither true nor false")
    return _numbers(values, pa.uint8()).cast(pa.bool_())


def _timestamps(values: Sequence[datetime | None], to: pa.TimestampType) -> pa.TimestampArray:
    """Make timestamps; those without a zone are in UTC."""
    zoned = [value if value is None or value.tzinfo else value.replace(tzinfo=UTC) for value in values]
    since = [None if value is None else (value - _EPOCH) // timedelta(microseconds=1) for value in zoned]
    return _numbers(since, pa.int64()).view(pa.timestamp("us", to.tz)).cast(to)


def _texts(values: Sequence[str | None]) -> pa.StringArray:
    encoded = [b"" if value is None else str.encode(value) for value in values]
    ends, joined = array("i", accumulate(map(len, encoded), initial=0)), b"".join(encoded)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(joined), _validity(values))


def _validity(values: Sequence[Any]) -> pa.Buffer | None:
    """Make the bitmap of the values that there are; None where there are all."""
    if None not in values:
        return None
    return _flags([value is not None for value in values]).buffers()[1]


def _structs(values: Sequence[Mapping[str, Any] | None], to: pa.StructType) -> pa.StructArray:
    """Make each field by itself."""
    rows = _fill_nulls(values, (dict,), to)
    fields = [make_array([row.get(field.name) for row in rows], field.type) for field in to]
    return pa.StructArray.from_arrays(fields, fields=list(to), mask=_nulls(values))


def _lists(values: Sequence[Sequence[Any] | None], to: pa.ListType) -> pa.ListArray:
    """Make all items as one array."""
    rows = _fill_nulls(values, (list, tuple), to)
    ends = make_array(accumulate(map(len, rows), initial=0), pa.int32())
    items = make_array([item for row in rows for item in row], to.value_type)
    return pa.ListArray.from_arrays(ends, items, type=to, mask=_nulls(values))


def _fill_nulls(values: Sequence[Any], kinds: tuple[type, ...], to: pa.DataType) -> list[Any]:
    """Put what is empty in place of each None."""
    kept = [kinds[0]() if value is None else value for value in values]
    if not all(isinstance(value, kinds) for value in kept):
        raise pa.ArrowInvalid(f"there is a value that is no {to}")
    return kept


def _nulls(values: Sequence[Any]) -> pa.BooleanArray | None:
    return make_array([value is None for value in values], pa.bool_()) if None in values else None

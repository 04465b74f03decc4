"""Arrow arrays, scalars and tables of Python values. Pure.

``pyarrow.array`` of a list, ``pyarrow.scalar``, and any compute function that is given a Python value ask whether
it is one of pandas', for which they import pandas where it is installed: 45 MB, and a third of a second. Nothing
here does, as Polars makes the arrays.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def make_array(values: Iterable[Any], to: pa.DataType) -> pa.Array:
    """Make an array of values of its type, or None.

    Errors: ArrowInvalid for one that is not of the type, UnicodeEncodeError for half a character; ValueErrors both.

    >>> make_array([1, None], pa.int32()).to_pylist(), make_array(["a"], pa.string()).type
    ([1, None], DataType(string))
    """
    values = values if isinstance(values, list | tuple) else list(values)
    if pa.types.is_struct(to):
        return _structs(values, to)
    if pa.types.is_list(to):
        return _lists(values, to)
    if pa.types.is_decimal(to):  # of which Polars would round those of too many digits, and has no wide ones
        return make_array([None if value is None else f"{value:f}" for value in values], pa.string()).cast(to)
    try:
        return pl.Series(values, dtype=pl.Series(pl.from_arrow(pa.nulls(0, to))).dtype).to_arrow().cast(to)
    except (TypeError, pl.exceptions.PolarsError) as error:
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


def _structs(values: Sequence[Mapping[str, Any] | None], to: pa.StructType) -> pa.StructArray:
    """Make each field by itself: within structs Polars makes texts of numbers."""
    rows = _fill_nulls(values, (dict,), to)
    fields = [make_array([row.get(field.name) for row in rows], field.type) for field in to]
    return pa.StructArray.from_arrays(fields, fields=list(to), mask=_nulls(values))


def _lists(values: Sequence[Sequence[Any] | None], to: pa.ListType) -> pa.ListArray:
    """Make all items as one array: within lists Polars makes texts of numbers."""
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

"""Pandas frames as Arrow tables: columns and named index levels, each of values of one type.

What pandas holds as Python objects can be anything; Arrow takes some mixtures as one type and drops what does not
fit it (the time of a datetime beside dates, the zone of one beside naive ones). These are refused here.
"""

from __future__ import annotations

import datetime as dt
import numbers
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (numbers.Integral, "int"),
    (numbers.Real, "float"),
    (Decimal, "Decimal"),
    (str, "str"),
    (dt.datetime, "datetime"),
    (dt.date, "date"),
    (dt.time, "time"),
)
"""Python types that are alike, each before those it is a subclass of."""
_SHOWN = 40
"""Letters of a value that an error shows."""
_ALIKE = ({"int", "float"}, {"int", "Decimal"})
"""Kinds that one Arrow type holds exactly; Arrow itself refuses integers that no double is equal to."""


def is_frame(data: Any) -> bool:
    """Tell a pandas frame, whose package is imported where there is one."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def table_of(frame: Any, table: str) -> pa.Table:
    """Make an Arrow table of a frame, which shares the memory of most columns.

    Index levels that have a name are columns, too. An index of integers without a name only counts rows, and is
    left out. Errors: UsageError naming the column for what Arrow cannot hold without changing it.
    """
    columns = dict(enumerate(_column_names(frame, table)))
    levels = list(_index_levels(frame.index, table))
    names = [*columns.values(), *(name for name, _ in levels)]
    values = [*(frame.iloc[:, place] for place in columns), *(level for _, level in levels)]
    arrays = [_array(each, f"column {name!r} of table {table!r}") for name, each in zip(names, values, strict=True)]
    return pa.Table.from_arrays(arrays, names=names)


def _column_names(frame: Any, table: str) -> Iterator[str]:
    if frame.columns.nlevels > 1:
        raise UsageError(
            f"the columns of table {table!r} have names of {frame.columns.nlevels} levels: {frame.columns[0]!r} is "
            "the first.",
            hint="Join the levels to one text each: frame.columns = ['_'.join(map(str, name)) for name in frame].",
        )
    for place, name in enumerate(frame.columns):
        if not isinstance(name, str):
            raise UsageError(
                f"the name of column {place} of table {table!r} is {name!r}, a value of type {_class(name)} and no "
                "text.",
                hint="Make texts of the names: frame.rename(columns=str).",
            )
        yield name


def _index_levels(index: Any, table: str) -> Iterator[tuple[str, Any]]:
    for place, name in enumerate(index.names):
        level = index.get_level_values(place)
        if isinstance(name, str):
            yield name, level.to_series()
        elif name is not None or index.nlevels > 1 or level.dtype.kind not in "iu":
            what = "no name" if name is None else f"the name {name!r}, which is no text"
            raise UsageError(
                f"the index of table {table!r} has {what}, and holds {level.dtype} values.",
                hint="Name it with frame.rename_axis(…) to write it as a column, or leave it out with "
                "frame.reset_index(drop=True).",
            )


def _array(values: Any, column: str) -> pa.Array | pa.ChunkedArray:
    """Convert a column; errors: UsageError."""
    dtype = values.dtype
    if _is_object(dtype):
        return _of_objects(values, column)
    if _class(dtype) == "CategoricalDtype" and _is_object(dtype.categories.dtype):
        _check_kinds(dtype.categories, f"the categories of {column}")
    if _class(dtype) == "SparseDtype":
        raise UsageError(
            f"the {column} is of the pandas type {dtype}, which Arrow does not have.",
            hint="Fill it up: .sparse.to_dense().",
        )
    if dtype.kind == "c":
        raise UsageError(
            f"the {column} holds complex numbers, which Arrow does not have.",
            hint="Make two columns of it, of .values.real and .values.imag.",
        )
    return _convert(values, column)


def _of_objects(values: Any, column: str) -> pa.Array | pa.ChunkedArray:
    kinds = _check_kinds(values, f"the {column}")
    if kinds == {"time"}:
        _check_zones(values, column, allowed=False)
    elif kinds == {"datetime"}:
        _check_zones(values, column, allowed=True)
        if any(getattr(value, "nanosecond", 0) for value in values):
            return _convert(values, column, pa.timestamp("ns"))
    elif kinds == {"int", "Decimal"}:
        return _convert(values.map(Decimal, na_action="ignore"), column)
    return _convert(values, column)


def _check_kinds(values: Any, where: str) -> set[str]:
    """Give the kinds of the values, which are one, or go together; errors: UsageError."""
    kinds = {_kind(of) for of in set(map(type, values[values.notna()]))}
    if len(kinds) > 1 and kinds not in _ALIKE:
        first = {_kind(type(value)): place for place, value in reversed(list(_number_values(values)))}
        seen = ", ".join(f"{kind} in row {first[kind]:,}" for kind in sorted(first, key=first.__getitem__))
        raise UsageError(
            f"{where} hold{'' if where.startswith('the categories') else 's'} values of several types: {seen}.",
            hint="Make one type of them; .map(str, na_action='ignore') makes texts.",
        )
    return kinds


def _check_zones(values: Any, column: str, *, allowed: bool) -> None:
    """Raise UsageError for times with a zone, and for moments of which only some have one."""
    zoned = {value.tzinfo is not None: (place, value) for place, value in reversed(list(_number_values(values)))}
    if not allowed and True in zoned:
        place, value = zoned[True]
        raise UsageError(
            f"the {column} holds a time with a zone in row {place:,}: {value.isoformat()}; the server has none.",
            hint="Leave it out: .map(lambda time: time.replace(tzinfo=None), na_action='ignore').",
        )
    if len(zoned) > 1:
        raise UsageError(
            f"the {column} holds a moment with a zone in row {zoned[True][0]:,} and one without in row "
            f"{zoned[False][0]:,}: what the latter is, is not known.",
            hint="Give all of them a zone, or none: pd.to_datetime(…, utc=True) takes those without for UTC.",
        )


def _convert(values: Any, column: str, dtype: pa.DataType | None = None) -> pa.Array | pa.ChunkedArray:
    try:
        return pa.array(values, dtype, from_pandas=True)
    except Exception as error:  # types of others may raise anything when they become Arrow
        row = _first_misfit(values, dtype)
        value = values.iloc[row]
        seen = f"the {column}, of the pandas type {values.dtype}, holds {_shorten(value)} in row {row:,}"
        if isinstance(error, UnicodeEncodeError):
            raise UsageError(
                f"{seen}, which has half of a surrogate pair: it was cut inside a character.",
                hint="Replace the half: .str.encode('utf-8', 'replace').str.decode('utf-8').",
            ) from error
        if isinstance(error, OverflowError):
            raise UsageError(
                f"{seen}, and Arrow's integers have 64 bits.",
                hint="Make decimals of them: .map(decimal.Decimal, na_action='ignore').",
            ) from error
        reason = str(error.args[0] if error.args else error).partition("\n")[0].rstrip(".")
        raise UsageError(
            f"{seen}, which does not become Arrow: {reason}.",
            hint="Cast the column to a type that Arrow has; .map(str, na_action='ignore') makes texts.",
        ) from error


def _first_misfit(values: Any, dtype: pa.DataType | None) -> int:
    """Give the row of the first value that does not become Arrow, alone or behind those before it."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            pa.array(values.iloc[:middle], dtype, from_pandas=True)
        except Exception:  # noqa: BLE001 - as above
            high = middle
        else:
            low = middle
    return low


def _shorten(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _number_values(values: Any) -> Iterable[tuple[int, Any]]:
    """Give the values that are not null with their rows."""
    return (
        (place, value) for place, (value, null) in enumerate(zip(values, values.isna(), strict=True)) if not null
    )


def _kind(of: type) -> str:
    if of.__module__ == "numpy" and of.__name__ in {"bool", "bool_"}:
        return "bool"
    return next((kind for known, kind in _KINDS if issubclass(of, known)), of.__qualname__)


def _class(value: object) -> str:
    return type(value).__name__


def _is_object(dtype: Any) -> bool:
    return bool(dtype == "object")

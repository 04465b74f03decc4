"""Frames that mstrio-py is known to write wrongly, or not at all; what they mean, as Arrow tables."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = "key"
ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Trap:
    """A frame, what it means, and by which habit (`compare.HABITS`) it is written otherwise."""

    title: str
    habit: str
    frame: pd.DataFrame
    truth: pa.Table


def _trap(title: str, habit: str, values: Sequence[Any], truth: Any = None, *, dtype: Any = None) -> Trap:
    """Make a trap of one column beside the key; ``dtype`` is pandas' and ``truth`` what the values mean."""
    keys = [f"k{row:05}" for row in range(len(values))]
    column = pd.Series(values, dtype=dtype, name="value")
    frame = pd.DataFrame({KEY: keys, "value": column})
    return Trap(title, habit, frame, pa.table({KEY: keys, "value": values if truth is None else truth}))


def _sliced(trap: Trap, title: str, start: int) -> Trap:
    return Trap(title, trap.habit, trap.frame[start:], trap.truth.slice(start))


_DAY, _MOMENT = dt.date(2024, 1, 31), dt.datetime(2024, 1, 31, 11, 5)  # noqa: DTZ001 - without a zone
_DAYS = [_DAY + dt.timedelta(days=row) for row in range(10)]
_MOMENTS = [_MOMENT + dt.timedelta(microseconds=1_234_567 * row) for row in range(ROWS)]
_WHOLE = [_MOMENT + dt.timedelta(seconds=row) for row in range(10)]
_NUMBERS = [math.sin(row + 1) * 10.0 ** (row % 30 - 15) for row in range(ROWS)]
_DATES = _trap("dates", "U4", _DAYS)

TRAPS = (
    _trap("doubles of all sizes", "U3", _NUMBERS),
    _trap("timestamps of microseconds", "U3", _MOMENTS, dtype="datetime64[ns]"),
    _trap("dates after a null", "U4", [None, *_DAYS], dtype=object),
    _sliced(_DATES, "dates of rows cut out of a frame", 3),
    _trap("datetimes as objects", "U5", _WHOLE, dtype=object),
    _trap("integers beyond 32 bits", "U6", [2**40 + row for row in range(10)]),
    _trap("timestamps as pandas 3 infers them", "U7", _WHOLE),
    _trap("timestamps with a zone", "U7", [value.replace(tzinfo=dt.UTC) for value in _WHOLE], _WHOLE),
    _trap("integers and nulls, Int64", "U7", [1, None, 3], dtype="Int64"),
    _trap("integers of 8 bits", "U7", [1, 2, 3], dtype="int8"),
    _trap("unsigned integers", "U7", [1, 2, 3], dtype="uint32"),
    _trap("categories", "U7", ["a", "b", "a"], dtype="category"),
    _trap("decimals", "U7", [Decimal("1.10"), Decimal("2.25")], dtype=object),
    _trap("columns of Arrow types", "U7", [1.5, None, 2.5], dtype="double[pyarrow]"),
    Trap("one text that could be base64", "U8", pd.DataFrame({KEY: ["aGVs"]}), pa.table({KEY: ["aGVs"]})),
)

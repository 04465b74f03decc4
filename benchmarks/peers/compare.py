"""What a peer made of an object beside the truth, and by which of its known habits the two differ."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

SAME = "same"
HABITS = {
    "R1": "rows are lost where the server gives fewer than were asked for",
    "R2": "attribute values are texts, whatever their type; a null element is the empty text",
    "R3": "a null makes doubles of whole numbers, decimals are doubles or texts, a null is NaN",
    "R4": "attributes on columns, or metrics on rows, cannot be read",
    "R5": "subtotal rows stay among the data of a server that cannot hide them",
    "R6": "several columns have one name",
    "R7": "the order of columns changes from run to run",
    "R10": "an instance that the server dropped is not made again",
    "R12": "page-by is asked for before prompts are answered, and of its pages the first 1,000 only",
    "R13": "dates and times are texts in the session's locale",
    "U1": "publishing is followed for ever: the status as text, failures and lost sessions are not understood",
    "U2": "an upload that the server refuses ends without an error, and the cube stays as it was",
    "U3": "doubles lose digits beyond the tenth decimal, timestamps those below the millisecond; nothing is said",
    "U4": "dates after a null, or in a frame without label 0, become other values or fail",
    "U5": "datetimes as objects are declared dates",
    "U6": "integers of 64 bits are declared as those of 32",
    "U7": "types of pandas that are not taken",
    "U8": "a chunk whose text could be base64 fails",
    "N1": "characters of code 0 at the end of a text are lost (not in the list)",
    "N2": "units of several header positions are read as one (not in the list)",
}
"""R numbers (reading) and U numbers (uploading) are those of the wire reference, section 11."""
_NUMBERED = re.compile(r" \(\d+\)$")


class Unexplained(Exception):
    """A difference that is none of the known habits."""


def explain(truth: pa.Table, frame: Any, attributes: set[str]) -> str:
    """Say how a pandas frame differs from the truth: ``same``, or ``differs: R2, …``.

    ``attributes`` names the columns of attributes. Raises `Unexplained` for any other difference.
    """
    names = list(frame.columns)
    if len(frame) != truth.num_rows:
        raise Unexplained(f"{len(frame)} rows where there are {truth.num_rows}")
    expected = [_NUMBERED.sub("", name) for name in truth.column_names]
    if sorted(names) != sorted(expected):
        raise Unexplained(f"columns {names} where there are {expected}")
    habits = {"R6"} if len(set(names)) < len(names) else set()
    habits |= {"R7"} if names != expected else set()
    for name, base in zip(truth.column_names, expected, strict=True):
        candidates = [frame.iloc[:, place].tolist() for place, other in enumerate(names) if other == base]
        habits |= _best(name, truth[name].to_pylist(), candidates, attribute=name in attributes)
    return f"differs: {', '.join(sorted(habits, key=_order))}" if habits else SAME


def _best(name: str, truth: Sequence[Any], candidates: Sequence[Sequence[Any]], *, attribute: bool) -> set[str]:
    """Explain a column by the first of those with its name that can be explained."""
    for candidate in candidates[:-1]:
        try:
            return _column(name, truth, candidate, attribute=attribute)
        except Unexplained:
            continue
    return _column(name, truth, candidates[-1], attribute=attribute)


def _column(name: str, truth: Sequence[Any], got: Sequence[Any], *, attribute: bool) -> set[str]:
    habits: set[str] = set()
    for row, (true, value) in enumerate(zip(truth, got, strict=True)):
        found = _attribute(true, value) if attribute else _metric(true, value)
        if found is None:
            raise Unexplained(f"{name}, row {row}: {value!r} where {true!r} is true")
        habits |= found
    return habits


def _attribute(true: Any, value: Any) -> set[str] | None:
    """Explain one attribute value; None where it is wrong."""
    if type(true) is type(value) and true == value:
        return set()
    if not isinstance(value, str):
        return None
    if isinstance(true, str) and true.endswith("\0"):
        return {"N1"} if value == true.rstrip("\0") else None
    if true is None:
        return {"R2"} if value == "" else None
    if isinstance(true, (date, time)):
        return {"R2", "R13"} if value == _locale_text(true) else None
    if isinstance(true, bool):
        return {"R2"} if value == ("1" if true else "0") or value == str(true).lower() else None
    try:
        return {"R2"} if type(true)(value) == true else None
    except (ValueError, InvalidOperation):
        return None


def _metric(true: Any, value: Any) -> set[str] | None:
    """Explain one metric value; None where it is wrong."""
    if true is None:
        return set() if value is None else {"R3"} if isinstance(value, float) and math.isnan(value) else None
    if type(true) is type(value) and true == value:
        return set()
    if isinstance(true, (date, time)):
        return {"R13"} if value == _locale_text(true) else None
    if isinstance(true, float):
        return set() if value == true else None
    if isinstance(true, (int, Decimal)) and isinstance(value, (int, float)):
        return {"R3"} if float(value) == float(true) else None
    if isinstance(true, Decimal) and isinstance(value, str):
        return {"R3"} if Decimal(value) == true else None
    return None


def _locale_text(value: date | time) -> str:
    """Write a date or time as the locale en_us does."""
    parts = []
    if isinstance(value, date):
        parts.append(f"{value.month}/{value.day}/{value.year:04}")
    if isinstance(value, (datetime, time)):
        parts.append(
            f"{value.hour % 12 or 12}:{value.minute:02}:{value.second:02} {'AM' if value.hour < 12 else 'PM'}"
        )
    return " ".join(parts)


def _order(habit: str) -> tuple[bool, int]:
    return habit[0] != "R", int(habit[1:])


def own(truth: pa.Table, result: pa.Table) -> str:
    """Say whether a table of mstr_arrow's is the truth; dictionaries count as the texts they stand for."""
    if result.column_names != truth.column_names:
        raise Unexplained(f"columns {result.column_names} where there are {truth.column_names}")
    plain = result.cast(truth.schema)
    for name in truth.column_names:
        if not _identical(plain[name].to_pylist(), truth[name].to_pylist()):
            raise Unexplained(f"column {name} differs")
    return SAME


def _identical(left: list[Any], right: list[Any]) -> bool:
    return len(left) == len(right) and all(a == b and type(a) is type(b) for a, b in zip(left, right, strict=True))

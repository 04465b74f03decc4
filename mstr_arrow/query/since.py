"""Rows since a value: a column whose values grow, and the one up to which its rows were read before. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

from mstr_arrow.errors import UsageError
from mstr_arrow.query.columns import NUMBERS, subjects_of
from mstr_arrow.query.reference import col
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from mstr_arrow.query.columns import Kind, Subject
    from mstr_arrow.query.expressions import Expression

Grown: TypeAlias = date | datetime | int | float | Decimal | str
"""A value of a column that grows."""

Overlap: TypeAlias = timedelta | int | float | Decimal | str
"""How far before a value rows are read once more: a time, a number, or either as a text."""

_MOMENTS: frozenset[Kind] = frozenset(("date", "timestamp", "zoned timestamp"))
_AMOUNT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]*)", re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_IN_ORDER = re.compile(r"\d{4}(-?\d{2}|-?W\d{2}|-?Q\d|$)")
"""How a text begins whose order is that of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The rows whose ``column`` is at ``value`` or after it, and before it as far as ``overlap``; all for None.

    Without ``inclusive`` those at the value itself are left out.
    """

    column: str
    value: Grown | None
    overlap: timedelta | int | float | Decimal | None
    inclusive: bool

    def condition(self) -> Expression | None:
        """Return the condition on rows, None where all are wanted; errors: UsageError."""
        if self.value is None:
            return None
        low = _before(self.value, self.overlap)
        return col(self.column) >= low if self.inclusive else col(self.column) > low

    def subject(self, schema: pa.Schema) -> Subject:
        """Return the column in a result; errors: UsageError for one that is not there, or does not grow."""
        try:
            subject = subjects_of(schema).find(self.column)
        except UsageError as error:
            error.add_hint(
                naming("{Scan.since()} notes its highest value, so it is among the columns of the result.")
            )
            raise
        if subject.kind not in {*NUMBERS, *_MOMENTS, "text"}:
            raise UsageError(
                f"the column {subject.name!r} holds {subject.type} values, and what is new is told by values "
                "that grow.",
                hint="Choose a column of dates, timestamps, or numbers that grow, such as that of an order.",
            )
        if pa.types.is_timestamp(subject.type) and subject.type.unit == "ns" and not self.inclusive:
            raise UsageError(
                f"the column {subject.name!r} holds nanoseconds, and values are compared to the microsecond: rows "
                "at the last value would come again.",
                hint=naming("Read it in microseconds, as timestamp[us]: {Scan.with_options.types}."),
            )
        self._check_overlap(subject)
        return subject

    def _check_overlap(self, subject: Subject) -> None:
        """Refuse an overlap that is not of the column's kind; errors: UsageError."""
        given = self.overlap
        if given is None:
            return
        seen = f"the column {subject.name!r} holds {subject.type} values"
        if subject.kind == "text":
            raise UsageError(
                f"{seen}, and no overlap can be taken from a text.",
                hint=naming(
                    "Leave {Scan.since.overlap} away, or read the column as dates: {Scan.with_options.types}."
                ),
            )
        if (subject.kind in _MOMENTS) != isinstance(given, timedelta):
            like = '"3 days"' if subject.kind in _MOMENTS else "1000"
            raise UsageError(
                f"{seen}, and the overlap is {_display(given)}.",
                hint=naming("Give {Scan.since.overlap} as in {like}.", like=like),
            )
        if subject.kind == "date" and isinstance(given, timedelta) and given % timedelta(days=1):
            raise UsageError(
                f"{seen}, and the overlap is {_display(given)}, which are no whole days.",
                hint=naming('Give {Scan.since.overlap} in days, as in "3 days".'),
            )

    def has_shrunk(self, highest: Grown | None) -> bool:
        """Tell whether the highest value that was read is below the one that was read before.

        Where that itself is not read again, nobody knows.
        """
        if self.value is None or not (self.inclusive or self.overlap):
            return False
        if highest is None:
            return True
        now: Any = _comparable(highest, self.value)
        return bool(now < _comparable(self.value, highest))


def read_since(column: str, value: object, overlap: object, *, inclusive: bool) -> Since:
    """Check what came since; errors: UsageError."""
    value = value.as_py() if hasattr(value, "as_py") else value
    if isinstance(value, bool) or not isinstance(value, Grown | None):
        raise UsageError(
            f"what came since {value!r} is not known.",
            hint="Give a date, a datetime, a number or a text: the highest value of the last read.",
        )
    return Since(column=column, value=value, overlap=read_overlap(overlap), inclusive=inclusive)


def read_overlap(given: object) -> timedelta | int | float | Decimal | None:
    """Read an overlap; errors: UsageError.

    >>> read_overlap("3 days"), read_overlap("1.5h"), read_overlap("1000"), read_overlap(timedelta(hours=1))
    (datetime.timedelta(days=3), datetime.timedelta(seconds=5400), 1000, datetime.timedelta(seconds=3600))
    """
    if given is None or (isinstance(given, timedelta) and given >= timedelta(0)):
        return given
    if (
        isinstance(given, int | float | Decimal)
        and not isinstance(given, bool)
        and math.isfinite(given)
        and given >= 0
    ):
        return given
    match = _AMOUNT.fullmatch(given.strip()) if isinstance(given, str) else None
    unit = _UNITS.get(match["unit"].lower()) if match else None
    if match and not match["unit"]:
        return Decimal(match["number"]) if "." in match["number"] else int(match["number"])
    if match and unit is not None:
        return float(match["number"]) * unit
    raise UsageError(
        f"the overlap is {given!r}.",
        hint=naming(
            'Give {Scan.since.overlap} as a time, such as "3 days", "12 hours" or "2 weeks", or as a number where '
            "the column holds numbers: 1000."
        ),
    )


def check_in_order(name: str, least: str, greatest: str) -> None:
    """Refuse texts whose order is not that of time; errors: UsageError.

    >>> check_in_order("Month", "2024-01", "2024-12")
    """
    for text in (least, greatest):
        if not _IN_ORDER.match(text):
            raise UsageError(
                f"the column {name!r} holds texts such as {text!r}, whose order is not that of time.",
                hint="Choose a column of dates or numbers, or one of texts that begin with the year: '2024-01-31'.",
            )


def _before(value: Grown, overlap: timedelta | float | Decimal | None) -> Grown:
    """Return the value that is so far before another; errors: UsageError."""
    if overlap is None:
        return value
    try:
        match value, overlap:
            case date(), timedelta():  # a datetime is one
                return value - overlap
            case str(), timedelta():
                return _moment(value) - overlap
            case float(), (int() | float() | Decimal()):
                return value - float(overlap)
            case ((int() | Decimal()), (int() | Decimal())):
                return value - overlap
            case ((int() | Decimal()), float()):
                return Decimal(value) - Decimal(repr(overlap))
    except (OverflowError, ValueError) as error:
        raise UsageError(
            f"an overlap of {_display(overlap)} before {value!r} cannot be taken: {error}.",
            hint=naming("Give a smaller {Scan.since.overlap}, or another value."),
        ) from None
    like = '"3 days"' if isinstance(value, date | str) else "1000"
    raise UsageError(
        f"the overlap is {_display(overlap)}, and the value that it is taken from {value!r}.",
        hint=naming("Give {Scan.since.overlap} as in {like}.", like=like),
    )


def _moment(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text)


def _comparable(value: Grown, other: Grown) -> Grown:
    """Return a value as it can be compared with another: one that was given as a text as the moment that it is."""
    if isinstance(value, str) and isinstance(other, date):
        moment = _moment(value)
        return moment if isinstance(other, datetime) or not isinstance(moment, datetime) else moment.date()
    if isinstance(value, date) and not isinstance(value, datetime) and isinstance(other, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=other.tzinfo)
    return value


def _display(overlap: timedelta | float | Decimal) -> str:
    return str(overlap)

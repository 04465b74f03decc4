"""Constants as the server reads them (Wire reference, section 5.2), with room for what it may round. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mstr_arrow.query.columns import Subject
    from mstr_arrow.query.expressions import Value

LONGEST_TEXT = 250
"""Characters of a text constant at most."""
FIRST_DAY = date(1899, 12, 30)
"""The first day that a constant can name."""

_WIDENED = Decimal("1e-9")
_CONTEXT = Context(prec=100)
_SAFE_INTEGER = 10**15
"""Below this a whole number survives a server that holds it as a double, or shows 15 digits of it."""
_INT64 = 2**63
_PLAIN_NUMBERS = (Decimal("1e-30"), Decimal("1e30"))
_SECOND = timedelta(seconds=1)
_FIRST_MOMENT = datetime.combine(FIRST_DAY, time()) + _SECOND
_LAST_MOMENT = datetime(9999, 12, 31)  # noqa: DTZ001 - compared with moments without a zone
_LAST_TIME = time(23, 59, 58)


class Unspeakable(ValueError):
    """A constant that no text names for certain; the message says why."""


class Constant(NamedTuple):
    """A typed constant of a request."""

    data_type: str
    text: str

    def operand(self) -> dict[str, Any]:
        """Return the operand that names it."""
        return {"type": "constant", "dataType": self.data_type, "value": self.text}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The server's question in place of a value: where ``exact`` the value, otherwise the bounds around it."""

    low: Constant
    high: Constant
    exact: bool = False


def bounds(value: Value, subject: Subject) -> Bounds:
    """Return constants that a value and all that the server may show as this value lie between.

    Whole numbers and dates are exact. Other numbers get 1e-9 of themselves to both sides, and moments a second,
    because the server may hold more digits than it shows. Errors: Unspeakable.
    """
    match subject.kind:
        case "integer" if isinstance(value, int):
            return _whole(value, "Int64" if subject.role == "metric" else "BigDecimal")
        case "double" | "decimal" if isinstance(value, (int, float, Decimal)):
            return _number(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
        case "date" if isinstance(value, date):
            return _exact(Constant("Date", _day(value)))
        case "timestamp" if isinstance(value, datetime):
            return _moment(value)
        case "time" if isinstance(value, time):
            return _time(value)
    raise Unspeakable(f"there are no constants for a {subject.kind}")


def text_constant(text: str) -> Constant:
    """Return a text as a constant; errors: Unspeakable for one that the server may alter."""
    if not text:
        raise Unspeakable("an empty text may count as no value on the server")
    if text != text.strip() or not text.isprintable():
        raise Unspeakable("blanks at the ends of texts and control characters may be dropped by the server")
    if len(text) > LONGEST_TEXT:
        raise Unspeakable(f"a text of more than {LONGEST_TEXT} characters may be cut by the server")
    return Constant("Char", text)


def pattern_constant(text: str) -> Constant:
    """Return a text to search for; errors: Unspeakable for what may be a wildcard, a quote or an escape.

    Letters that change with their neighbours when the server ignores case are refused, too: Greek sigma, marks
    that combine.
    """
    if not all(_is_plain(letter) for letter in text):
        raise Unspeakable(
            "characters other than letters, digits and blanks may be wildcards or escapes of the server"
        )
    return text_constant(text)


def _is_plain(letter: str) -> bool:
    if letter in " -.,:/@&+#()":
        return True
    return letter.isalnum() and letter not in "Σσς" and len(letter.lower()) == len(letter.upper()) == 1


def _exact(constant: Constant) -> Bounds:
    return Bounds(constant, constant, exact=True)


def _whole(value: int, data_type: str) -> Bounds:
    if abs(value) < _SAFE_INTEGER:
        return _exact(Constant(data_type, str(value)))
    slack = math.ceil(abs(value) * _WIDENED)
    low, high = value - slack, value + slack
    if data_type == "Int64":
        low, high = max(low, -_INT64), min(high, _INT64 - 1)
    return Bounds(Constant(data_type, str(low)), Constant(data_type, str(high)))


def _number(value: Decimal) -> Bounds:
    smallest, largest = _PLAIN_NUMBERS
    if value and not smallest <= abs(value) <= largest:
        raise Unspeakable("a number so large or small has no short text")
    slack = _CONTEXT.multiply(abs(value), _WIDENED)
    texts = [_plain(_CONTEXT.add(value, side)) for side in (-slack, slack)]
    low, high = (Constant("BigDecimal", text) for text in texts)
    return Bounds(low, high)


def _plain(number: Decimal) -> str:
    """Write a number without exponent and idle zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _day(value: date) -> str:
    """Write a date as the locale en_us does, which the log-in pins."""
    if value < FIRST_DAY:
        raise Unspeakable(f"there are no constants for dates before {FIRST_DAY}")
    return f"{value.month}/{value.day}/{value.year:04}"


def _clock(value: time) -> str:
    """Write a time of day as the locale en_us does, in whole seconds."""
    half = "AM" if value.hour < 12 else "PM"
    return f"{value.hour % 12 or 12}:{value.minute:02}:{value.second:02} {half}"


def _moment(value: datetime) -> Bounds:
    if value < _FIRST_MOMENT:
        raise Unspeakable(f"there are no constants for dates before {FIRST_DAY}")
    if value >= _LAST_MOMENT:
        raise Unspeakable("there are no constants for the end of the calendar")
    whole = value.replace(microsecond=0)
    ends = (whole - _SECOND, whole + (2 if value > whole else 1) * _SECOND)
    low, high = (Constant("TimeStamp", f"{_day(end.date())} {_clock(end.time())}") for end in ends)
    return Bounds(low, high)


def _time(value: time) -> Bounds:
    if value >= _LAST_TIME:
        raise Unspeakable("there is no constant after the last second of a day")
    whole = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
    ends = (max(whole - _SECOND, timedelta()), whole + (2 if value.microsecond else 1) * _SECOND)
    midnight = datetime.combine(FIRST_DAY, time())
    low, high = (Constant("Time", _clock((midnight + end).time())) for end in ends)
    return Bounds(low, high)

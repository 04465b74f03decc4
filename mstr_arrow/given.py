"""Checks of arguments and settings where callers give them: a wrong one is told by its name. Pure."""

from __future__ import annotations

import math
from typing import Any

from mstr_arrow.errors import UsageError
from mstr_arrow.wording import name_path, naming


def check_type(what: str, value: Any, kinds: type | tuple[type, ...], wanted: str) -> None:
    """Refuse a value of another type, without showing it; a bool counts as no number. Errors: UsageError.

    >>> check_type("rows", "5", int, "a whole number")
    Traceback (most recent call last):
    mstr_arrow.errors.UsageError: UsageError: rows is of type str; it must be a whole number.
    """
    allowed = kinds if isinstance(kinds, tuple) else (kinds,)
    if isinstance(value, allowed) and not (isinstance(value, bool) and bool not in allowed):
        return
    seen = "None" if value is None else f"of type {type(value).__name__}"
    raise UsageError(naming("{what} is {seen}; it must be {wanted}.", what=what, seen=seen, wanted=wanted))


def check_numbers(settings: object, *names: str, zero: bool = False) -> None:
    """Refuse fields of settings that are no finite number above 0, or from 0 on. Errors: UsageError."""
    for name in names:
        value = getattr(settings, name)
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or value < 0 or (value == 0 and not zero):
            wanted = "a number from 0 on" if zero else "a number above 0"
            raise _refuse(settings, name, wanted)


def check_counts(settings: object, *names: str, least: int = 1) -> None:
    """Refuse fields of settings that are no whole number from ``least`` on. Errors: UsageError."""
    for name in names:
        value = getattr(settings, name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise _refuse(settings, name, f"a whole number from {least} on")


def _refuse(settings: object, name: str, wanted: str) -> UsageError:
    field, value = name_path(f"{type(settings).__name__}.{name}"), getattr(settings, name)
    return UsageError(naming("{field} is {value!r}; it must be {wanted}.", field=field, value=value, wanted=wanted))

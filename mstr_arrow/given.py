"""Checks of arguments where callers give them: one of a wrong type is told by its name. Pure."""

from __future__ import annotations

from typing import Any

from mstr_arrow.errors import UsageError
from mstr_arrow.wording import naming


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

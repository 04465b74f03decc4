"""Values of answers, written as VALUE prompts take them (Wire reference, section 4.3). Pure."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, TypeVar

from mstr_arrow.errors import UsageError
from mstr_arrow.prompts.kinds import as_length, as_number, kind_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.prompts.kinds import Kind
    from mstr_arrow.prompts.model import Prompt

Plain = str | int | float | Decimal | date | datetime | time
Limit = TypeVar("Limit", Decimal, date, datetime)


def value_text(value: Plain, prompt: Prompt) -> str:
    """Write a value as a prompt takes it; errors: UsageError for one of another kind, or out of its range.

    Dates are written as ``2024-01-31T00:00:00.000+0000``, in UTC, which those without a zone are taken for.
    """
    kind = prompt.kind or _kind_of(value)
    match kind:
        case "number":
            number = _number(value, prompt)
            _check(number, prompt, as_number)
            return format(number, "f")
        case "text":
            text = _text(value, prompt)
            _check(Decimal(len(text)), prompt, as_length, " characters")
            return text
        case "date":
            moment = _moment(value, prompt)
            _check(moment.date(), prompt, _as_date)  # which hour a day begins at is for the server to say
            return _write_moment(moment)
        case "moment":
            moment = _moment(value, prompt)
            _check(moment, prompt, _as_moment)
            return _write_moment(moment)
    return _time(value, prompt).isoformat()


def _write_moment(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"


def _kind_of(value: Plain) -> Kind:
    """Say what a value is, for a prompt that does not say what it takes."""
    match value:
        case str():
            return "text"
        case datetime():
            return "moment"
        case date():
            return "date"
        case time():
            return "time"
    return "number"


def _number(value: Plain, prompt: Prompt) -> Decimal:
    if isinstance(value, str | int | float | Decimal):
        try:
            number = Decimal(repr(value) if isinstance(value, float) else value)
        except InvalidOperation:
            pass
        else:
            if math.isfinite(number):
                return number
    raise _mismatch(value, prompt)


def _text(value: Plain, prompt: Prompt) -> str:
    if isinstance(value, str | int):
        return str(value)
    raise _mismatch(value, prompt)


def _moment(value: Plain, prompt: Prompt) -> datetime:
    moment = _as_moment(value)
    if moment is None:
        raise _mismatch(value, prompt)
    return moment


def _time(value: Plain, prompt: Prompt) -> time:
    if isinstance(value, str):
        try:
            return time.fromisoformat(value)
        except ValueError:
            raise _mismatch(value, prompt) from None
    if isinstance(value, time):
        return value
    raise _mismatch(value, prompt)


def _as_moment(value: object) -> datetime | None:
    """Read a date, or what ISO 8601 writes as one; None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _as_date(value: object) -> date | None:
    moment = _as_moment(value)
    return moment.date() if moment else None


def _check(value: Limit, prompt: Prompt, read: Callable[[object], Limit | None], unit: str = "") -> None:
    """Refuse a value that the prompt's own limits exclude; limits that cannot be read are the server's business."""
    lowest, highest = read(prompt.minimum), read(prompt.maximum)
    if lowest is not None and value < lowest:
        raise UsageError(f"the prompt {prompt.name!r} takes at least {lowest}{unit}, not {value}.")
    if highest is not None and value > highest:
        raise UsageError(f"the prompt {prompt.name!r} takes at most {highest}{unit}, not {value}.")


def _mismatch(value: Plain, prompt: Prompt) -> UsageError:
    hint = "Write it as 2024-01-31." if prompt.kind in {"date", "moment"} else None
    return UsageError(f"the prompt {prompt.name!r} takes {kind_name(prompt.kind)}, not {value!r}.", hint=hint)

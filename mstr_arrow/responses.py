"""Read members of a response that servers write in several ways, or make the error of one of another shape.

The wire is known in part only: a number may come as a text, an empty list as null, a list of one as what it lists.
Each variant that has one meaning is read, here and nowhere else. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import ProtocolError
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Iterator

HINT = advice(
    "look at the response",
    "Try again. If it recurs, something in front of the server may reply in its place, or this server's responses "
    "have a form that is not known yet: {Connection.request()} shows them as they come; please report one.",
)

_ID = re.compile(r"[0-9A-Fa-f]{32}")
_LOCAL_FORMS = ("%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_WHOLE = re.compile(r"\s*(-?[0-9]{1,18})(?:\.0*)?\s*", re.ASCII)
_WORDS = re.compile(r"[A-Za-z .,:!-]{1,60}")
LONGEST = 2**20
"""Letters of a text that is read where nothing else is said: of a name, an id, a description, an element."""

_MEMBERS = 8
"""Members of an object that a message names."""


def whole_number(value: Any) -> int | None:
    """Read a whole number, which may come as a text or with a fraction of zero; None for what is none.

    >>> whole_number(3), whole_number("12"), whole_number(5.0), whole_number(True), whole_number("x")
    (3, 12, 5, None, None)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    found = _WHOLE.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) if found else None


def items(value: Any) -> list[Any]:
    """Read a list: null is an empty one, and an object one of itself; errors: TypeError for anything else.

    >>> items(None), items({"id": "A1"}), items([1, 2])
    ([], [{'id': 'A1'}], [1, 2])
    """
    if value is None:
        return []
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return value
    raise TypeError(f"{describe_value(value)} stands where a list is due")


def object_id(value: Any) -> str:
    """Read an id, whose letters the server may write small.

    >>> object_id("ab" * 16)[:4]
    'ABAB'
    """
    text = str(value)
    return text.upper() if _ID.fullmatch(text) else text


def fields(value: Any) -> dict[str, Any]:
    """Read an object; errors: TypeError for anything else."""
    if not isinstance(value, dict):
        raise TypeError(f"{describe_value(value)} stands where an object is due")
    return value


def text(holder: Any, *names: str, longest: int = LONGEST) -> str:
    """Read a text, or a number as one, by the first of these names that is there.

    Errors: KeyError where it is missing, TypeError where it is another thing, or longer than ``longest`` letters.

    >>> text({"fullName": "Ann", "id": 7}, "name", "fullName"), text({"id": 7}, "id")
    ('Ann', '7')
    """
    found = fields(holder)
    name = next((name for name in names if found.get(name) is not None), None)
    if name is None:
        raise KeyError(names[0])
    value = found[name]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError(f"{name!r} is {describe_value(value)}, where a text is due")
    if isinstance(value, str) and len(value) > longest:
        raise TypeError(f"{name!r} is {describe_value(value)}, where one of at most {longest:,} is due")
    return str(value)


def optional_text(holder: Any, *names: str) -> str | None:
    """Read a text that may be missing; what is none counts as missing, for nothing depends on it."""
    try:
        return text(holder, *names)
    except (KeyError, TypeError):
        return None


def identity(holder: Any, *names: str) -> str:
    """Read an id by the first of these names that is there, which may go into a path or a header.

    Errors: those of `text`, and TypeError for one that no header can hold.
    """
    found = text(holder, *names)
    if not found.isprintable() and any(unicodedata.category(letter) == "Cc" for letter in found):
        raise TypeError(f"{describe_value(found)} stands where an id is due")
    return object_id(found)


def number(holder: Any, name: str) -> int:
    """Read a whole number, which may come as a text; errors: KeyError, TypeError."""
    found = fields(holder)
    if found.get(name) is None:
        raise KeyError(name)
    if (read := whole_number(found[name])) is None:
        raise TypeError(f"{name!r} is {describe_value(found[name])}, where a number is due")
    return read


def moment(holder: Any, *names: str) -> datetime | None:
    """Read a time, to the second or finer, or a day; UTC where it says no zone, None where it is missing or odd.

    >>> moment({"start": "2026-01-15T08:30:00.123+0000"}, "start")
    datetime.datetime(2026, 1, 15, 8, 30, 0, 123000, tzinfo=datetime.timezone.utc)
    >>> moment({"end": "2026-01-15"}, "end"), moment({"end": "soon"}, "end")
    (datetime.datetime(2026, 1, 15, 0, 0, tzinfo=datetime.timezone.utc), None)
    """
    read = iso_moment(optional_text(holder, *names))
    return read.replace(tzinfo=UTC) if read is not None and read.tzinfo is None else read


def iso_moment(text: str | None) -> datetime | None:
    """Read a time, with the zone that it says, if it says one; None for what is none.

    >>> iso_moment("2026-01-15T08:30:00"), iso_moment("soon")
    (datetime.datetime(2026, 1, 15, 8, 30), None)
    """
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def local_moment(text: str | None) -> datetime | None:
    """Read a time as caches have it, to the second and without a zone; None for what is none.

    >>> local_moment("2026-01-15 08:30:00.000"), local_moment("soon")
    (datetime.datetime(2026, 1, 15, 8, 30), None)
    """
    for form in _LOCAL_FORMS:
        try:
            return datetime.strptime((text or "")[:19], form)  # noqa: DTZ007 - the server tells no zone
        except ValueError:
            continue
    return None


@contextmanager
def reading(body: Any, wanted: str) -> Iterator[None]:
    """Turn the stumble over a member of a response into the error that says what came in place of ``wanted``.

    >>> with reading([{"id": "A1"}], "a list of projects"):
    ...     text({"id": "A1"}, "name")
    Traceback (most recent call last):
    ...
    mstr_arrow.errors.ProtocolError: ProtocolError: the response is no list of projects: 'name' is missing; ...
    """
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise protocol_error(body, wanted, error) from error


def describe_value(value: Any) -> str:
    """Say what came, without what may be a secret: names of members, but no values.

    >>> describe_value({"a": 1, "b": 2}), describe_value([]), describe_value("maintenance"), describe_value(None)
    ("an object with 'a', 'b'", 'an empty list', "the text 'maintenance'", 'null')
    """
    match value:
        case dict():
            names = [repr(str(name)[:40]) for name in value][:_MEMBERS]
            more = " …" if len(value) > _MEMBERS else ""
            return f"an object with {', '.join(names)}{more}" if names else "an empty object"
        case []:
            return "an empty list"
        case list():
            first = "a list" if isinstance(value[0], list) else describe_value(value[0])
            return f"a list of {len(value)}, the first {first}"
        case str() if _WORDS.fullmatch(value):
            return f"the text {value!r}"
        case str():
            return f"a text of {len(value):,} letters"
        case None:
            return "null"
        case bool():
            return str(value).lower()
    return f"the number {value!r}"


def protocol_error(body: Any, wanted: str, error: Exception | None = None) -> ProtocolError:
    """Make the error of a response that is not the ``wanted`` one, which is named in words.

    >>> str(protocol_error({"a": 1}, "a list of projects", KeyError("id"))).partition(" Try")[0]
    "ProtocolError: the response is no list of projects: 'id' is missing; it is an object with 'a'."
    """
    why = ""
    if isinstance(error, KeyError):
        why = f"{error} is missing; "
    elif type(error) is TypeError and " is due" in str(error):
        why = f"{error}; "
    return ProtocolError(f"the response is {_no(wanted)}: {why}it is {describe_value(body)}.", hint=HINT)


def _no(wanted: str) -> str:
    """Negate what has an article.

    >>> _no("a list"), _no("an object"), _no("the id")
    ('no list', 'no object', 'not the id')
    """
    article, _, rest = wanted.partition(" ")
    return f"no {rest}" if article in {"a", "an"} else f"not {wanted}"

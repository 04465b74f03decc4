"""What the members of an answer mean where servers write them in several ways, and what was seen where they do not.

The wire is known in part only: a number may come as a text, an empty list as null, a list of one as what it lists.
Each variant that has one meaning is read, here and nowhere else. Pure.
"""

from __future__ import annotations

import re
from typing import Any

from mstr_arrow.errors import ProtocolError
from mstr_arrow.wording import advice

HINT = advice(
    "look at the answer",
    "Try again. If it recurs, something in front of the server may answer in its place, or this server's answers "
    "have a form that is not known yet: {Connection.request()} shows them as they come; please report one.",
)

_ID = re.compile(r"[0-9A-Fa-f]{32}")
_WHOLE = re.compile(r"\s*(-?[0-9]{1,18})(?:\.0*)?\s*", re.ASCII)
_WORDS = re.compile(r"[A-Za-z .,:!-]{1,60}")
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
    raise TypeError(f"{seen(value)} in place of a list")


def object_id(value: Any) -> str:
    """Read an id, whose letters the server may write small.

    >>> object_id("ab" * 16)[:4]
    'ABAB'
    """
    text = str(value)
    return text.upper() if _ID.fullmatch(text) else text


def seen(value: Any) -> str:
    """Say what came, without what may be a secret: names of members, but no values.

    >>> seen({"a": 1, "b": 2}), seen([]), seen("maintenance"), seen(None)
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
            first = "a list" if isinstance(value[0], list) else seen(value[0])
            return f"a list of {len(value)}, the first {first}"
        case str() if _WORDS.fullmatch(value):
            return f"the text {value!r}"
        case str():
            return f"a text of {len(value)} letters"
        case None:
            return "null"
        case bool():
            return str(value).lower()
    return f"the number {value!r}"


def unexpected(body: Any, wanted: str, error: Exception | None = None) -> ProtocolError:
    """Make the error of an answer that is not what was asked for: ``wanted``, in words.

    >>> str(unexpected({"a": 1}, "a list of projects", KeyError("id"))).partition(" Either")[0]
    "ProtocolError: the answer is no list of projects: 'id' is missing; it is an object with 'a'."
    """
    missing = f"{error.args[0]!r} is missing; it is" if isinstance(error, KeyError) and error.args else "it is"
    return ProtocolError(f"the answer is {_no(wanted)}: {missing} {seen(body)}.", hint=HINT)


def _no(wanted: str) -> str:
    """Negate what has an article.

    >>> _no("a list"), _no("an object"), _no("the id")
    ('no list', 'no object', 'not the id')
    """
    article, _, rest = wanted.partition(" ")
    return f"no {rest}" if article in {"a", "an"} else f"not {wanted}"

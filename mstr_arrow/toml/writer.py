"""A writer of TOML for answers: scalars, lists and tables in one line. Pure."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def to_toml(table: Mapping[str, Any]) -> str:
    """Write a table, an entry a line.

    >>> print(to_toml({"Year": 2024, "Call Center": ["East"], "Since": {"default": True}}), end="")
    Year = 2024
    "Call Center" = ["East"]
    Since = {default = true}
    """
    return "".join(f"{key_text(name)} = {value_text(value)}\n" for name, value in table.items())


def key_text(name: str) -> str:
    """Write a name, in quotes where it is no word."""
    return name if _BARE.fullmatch(name) else _quote(name)


def value_text(value: Any) -> str:
    """Write a value; errors: TypeError for what TOML does not hold."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value) if math.isfinite(value) else str(value)
        case str():
            return _quote(value)
        case date() | datetime() | time():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(value_text, value))}]"
        case dict():
            return f"{{{', '.join(f'{key_text(name)} = {value_text(item)}' for name, item in value.items())}}}"
    raise TypeError(f"TOML has no {type(value).__name__}")


def comment(text: str) -> str:
    """Write a line that is not read."""
    return f"# {''.join(letter if letter.isprintable() else ' ' for letter in text)}".rstrip() + "\n"


def _quote(text: str) -> str:
    return f'"{"".join(_escape(letter) for letter in text)}"'


def _escape(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    return letter if letter >= " " and letter != "\x7f" else f"\\u{ord(letter):04X}"

"""Kinds of values that a VALUE prompt may take, and limits on them (Wire reference, section 4.3). Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Literal

Kind = Literal["number", "text", "date", "moment", "time"]

_KINDS: dict[Kind, tuple[set[int], set[str]]] = {
    "number": (
        {1, 2, 3, 4, 5, 6, 7, 21, 22, 30, 34},
        {"numeric", "number", "decimal", "bigdecimal", "integer", "int64", "unsigned", "short", "long"}
        | {"real", "double", "float"},
    ),
    "text": (
        {8, 9, 10, 17, 18, 23, 25, 33},
        {"text", "string", "char", "varchar", "longvarchar", "nchar", "nvarchar", "mbchar", "pattern", "utf8char"},
    ),
    "date": ({14}, {"date"}),
    "moment": ({16}, {"timestamp", "datetime"}),
    "time": ({15}, {"time"}),
}
_NAMES: dict[Kind, str] = {
    "number": "a number",
    "text": "a text",
    "date": "a date",
    "moment": "a date and time",
    "time": "a time of day",
}


def read_kind(data_type: object) -> Kind | None:
    """Say what a prompt of this data type takes, by number or name; None for one that is not known.

    >>> read_kind("NUMERIC"), read_kind(8), read_kind(None)
    ('number', 'text', None)
    """
    code = int(data_type) if isinstance(data_type, str) and data_type.isdecimal() else data_type
    name = str(data_type).casefold()
    return next((kind for kind, (codes, names) in _KINDS.items() if code in codes or name in names), None)


def kind_name(kind: Kind | None) -> str:
    """Name a kind of value, with an article."""
    return "a value" if kind is None else _NAMES[kind]


def as_number(value: object) -> Decimal | None:
    """Read a number; None for anything else."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def as_length(limit: object) -> Decimal | None:
    """Read a limit on how many there may be; None where there is none, which some write as -1."""
    number = as_number(limit)
    return number if number is not None and number > 0 else None

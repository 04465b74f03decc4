"""Braces in paths, conditions and answers: dates, variables of the environment, names. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError
from mstr_arrow.names import near_names

if TYPE_CHECKING:
    from collections.abc import Mapping

_PIECE = re.compile(r"\{\{|\}\}|\{(?P<field>[^{}]*)\}|[{}]")
_DATE = re.compile(
    r"(?P<name>\w+)\s*(?:(?P<sign>[+-])\s*(?P<number>\d+)\s*(?P<unit>[a-z]+))?(?::(?P<form>.+))?", re.DOTALL
)
_UNITS = {"d": "days", "day": "days", "days": "days", "w": "weeks", "week": "weeks", "weeks": "weeks"}
_HOURS = {"h": "hours", "hour": "hours", "hours": "hours"}
_DATES = {"today": "%Y-%m-%d", "yesterday": "%Y-%m-%d", "now": "%Y-%m-%dT%H:%M:%S"}
_NAMES = ("job", "object")
KNOWN = (*_DATES, *_NAMES, "env:NAME")
_WAYS = "{today}, {yesterday}, {today-7d:%Y-%m}, {now:%H}, {env:NAME}, {job} and {object} are there; {{ is a brace."


@dataclass(frozen=True, slots=True)
class Values:
    """Values that a run puts in: the moment it is for, names, and the ``environment``."""

    now: datetime
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    job: str = ""
    object: str | None = None


def fill_in(text: str, values: Values) -> str:
    """Fill in a text; errors: UsageError for what is not known, or not set.

    >>> values = Values(datetime(2026, 11, 29, 2), {"LAKE": "s3://lake"}, "sales")
    >>> fill_in("{env:LAKE}/{job}/{yesterday:%Y/%m}/{{x}}", values)
    's3://lake/sales/2026/11/{x}'
    >>> fill_in("{today-7d} {toady}", values)
    Traceback (most recent call last):
    mstr_arrow.errors.UsageError: UsageError: '{toady}' is nothing that can be filled in. Did you mean {today}? ...
    """

    def value(match: re.Match[str]) -> str:
        if match[0] in {"{{", "}}"}:
            return match[0][0]
        if match["field"] is None:
            raise UsageError(f"{text!r} holds a single brace.", hint="Write it twice where it is meant: {{ or }}.")
        return _value(match["field"], values)

    return _PIECE.sub(value, text)


def names_in(text: str) -> set[str]:
    """Give the names of what a text has filled in; errors: UsageError for what is not known.

    >>> sorted(names_in("{env:LAKE}/{object}/{today:%Y}"))
    ['env:LAKE', 'object', 'today']
    """
    return {_name(match["field"]) for match in _PIECE.finditer(text) if match["field"] is not None}


def date_pattern(text: str, values: Values) -> re.Pattern[str] | None:
    """Make the pattern of all that a text becomes on other days; None where it is the same on every day.

    >>> values = Values(datetime(2026, 11, 29, 2), {}, "sales")
    >>> date_pattern("sales/{today:%Y%m%d}.csv", values).fullmatch("sales/20250101.csv") is not None
    True
    """
    written, at, dated = "", 0, False
    for match in _PIECE.finditer(text):
        written += re.escape(text[at : match.start()])
        at = match.end()
        name = "" if match["field"] is None else _name(match["field"])
        if name in _DATES:
            dated = True
            shown = _value(match["field"], values)
            written += "".join(r"\d" if sign.isdigit() else re.escape(sign) for sign in shown)
        else:
            written += re.escape(fill_in(match[0], values))
    return re.compile(written + re.escape(text[at:])) if dated else None


def _name(field: str) -> str:
    """Give the name that a field begins with; errors: UsageError."""
    if field.startswith("env:") and field != "env:":
        return field
    match = _DATE.fullmatch(field)
    if field in _NAMES:
        return field
    if match is None or match["name"] not in _DATES:
        near = near_names(match["name"] if match else field, list(KNOWN))[:1]
        meant = f"Did you mean {{{near[0]}}}? " if near else ""
        raise UsageError(f"'{{{field}}}' is nothing that can be filled in.", hint=f"{meant}{_WAYS}")
    _shift(field, match)
    return match["name"]


def _value(field: str, values: Values) -> str:
    name = _name(field)
    if name.startswith("env:"):
        found = values.environment.get(name.removeprefix("env:"))
        if found is None:
            raise UsageError(
                f"the variable {name.removeprefix('env:')!r} of the environment is not set.",
                hint="Set it where the run is started; cron and systemd pass on hardly any by themselves.",
            )
        return found
    if name == "job":
        return values.job
    if name == "object":
        return values.object or ""
    match = _DATE.fullmatch(field)
    moment = values.now - timedelta(days=1) if name == "yesterday" else values.now
    shifted = moment + _shift(field, match) if match else moment
    return shifted.strftime((match and match["form"]) or _DATES[name])


def _shift(field: str, match: re.Match[str]) -> timedelta:
    """Read how far away from its day a date is; errors: UsageError."""
    if match["unit"] is None:
        return timedelta()
    units = _UNITS | (_HOURS if match["name"] == "now" else {})
    if match["unit"] not in units:
        raise UsageError(
            f"'{{{field}}}' counts in {match['unit']!r}, which is no unit here.",
            hint=f"Count in {', '.join(dict.fromkeys(units.values()))}, as in {{{match['name']}-7d}}.",
        )
    number = int(match["number"]) * (-1 if match["sign"] == "-" else 1)
    return timedelta(**{units[match["unit"]]: number})

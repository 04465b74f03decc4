"""Numbers as people write them: 50k rows, 30s, several with commas between them."""

from __future__ import annotations

import re

import typer

_NUMBER = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]*)", re.IGNORECASE)
_COUNTS = {"": 1, "k": 1_000, "m": 1_000_000}
_SECONDS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600}


def read_counts(text: str | int) -> list[int]:
    """Read whole numbers with commas between them; errors: typer.BadParameter.

    >>> read_counts("1k, 10k,2.5k,7"), read_counts(4)
    ([1000, 10000, 2500, 7], [4])
    """
    return [round(each) for each in _numbers(text, _COUNTS, least=1, like="8, 50k, or several: 1,2,4,8")]


def read_rates(text: str | float) -> list[float]:
    """Read numbers with commas between them, one a second or many; errors: typer.BadParameter.

    >>> read_rates("0.5,20")
    [0.5, 20.0]
    """
    return _numbers(text, _COUNTS, least=0.001, like="0.5, 20, or several: 5,10,20")


def read_seconds(text: str | float) -> float:
    """Read a duration in seconds; errors: typer.BadParameter.

    >>> read_seconds("30s"), read_seconds("2m"), read_seconds("1.5h"), read_seconds(5)
    (30.0, 120.0, 5400.0, 5.0)
    """
    (seconds,) = _numbers(text, _SECONDS, least=0.001, like="30s, 5m or 1h", several=False)
    return seconds


def _numbers(
    text: object, units: dict[str, float] | dict[str, int], *, least: float, like: str, several: bool = True
) -> list[float]:
    """Read numbers with a unit each."""
    read = []
    for each in str(text).split(",") if several else [str(text)]:
        match = _NUMBER.fullmatch(each.strip())
        unit = units.get(match["unit"].lower()) if match else None
        if match is None or unit is None or (number := float(match["number"]) * unit) < least:
            raise typer.BadParameter(f"{each.strip()!r} cannot be meant: write it like {like}.")
        read.append(float(number))
    return read

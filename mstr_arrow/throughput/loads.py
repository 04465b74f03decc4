"""The loads of a sweep: what is asked for, how much of it at once, and in which order. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True, order=True)
class Load:
    """Pages of an object, so many rows each, asked for over so many sessions.

    Closed loop: ``concurrency`` requests are in flight at any time. Open loop: ``rate`` requests a second are due,
    whatever the server does; ``concurrency`` is 0 then.
    """

    name: str
    page_rows: int
    concurrency: int
    rate: float = 0.0
    sessions: int = 1

    @property
    def series(self) -> tuple[str, int, int]:
        """What it has in common with the loads that differ in strength alone."""
        return self.name, self.page_rows, self.sessions

    @property
    def strength(self) -> float:
        """How strong it is among those of its series."""
        return self.concurrency or self.rate

    def __str__(self) -> str:
        much = f"{self.concurrency} in flight" if self.concurrency else f"{self.rate:g} requests/s"
        over = f" over {self.sessions} sessions" if self.sessions > 1 else ""
        return f"{self.name}: {much} × {self.page_rows:,} rows{over}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What ends a measurement, and what keeps a sweep from doing harm.

    Each load is measured for ``seconds``, or for ``requests`` where they are given. After more than ``errors``
    (a share) or with a 95th percentile above ``latency`` seconds no stronger load of the series is tried. The whole
    ends after ``most_seconds`` or ``most_bytes``.
    """

    seconds: float = 5.0
    requests: int | None = None
    errors: float = 0.02
    latency: float = 30.0
    most_seconds: float = 3600.0
    most_bytes: int = 50 * 10**9


def loads_of(
    names: Sequence[str],
    concurrency: Sequence[int],
    page_rows: Sequence[int],
    rates: Sequence[float] = (),
    sessions: int = 1,
) -> list[Load]:
    """List all loads, weaker ones of a series first; errors: UsageError for numbers that make none."""
    for what, numbers in (("concurrency", concurrency), ("page_rows", page_rows), ("rate", rates)):
        if any(number <= 0 for number in numbers):
            raise UsageError(f"{what} has to be above 0.", hint="Leave the others out.")
    if not names or not page_rows or not (concurrency or rates) or sessions < 1:
        raise UsageError(
            "there is nothing to measure.", hint="Name an object, page sizes, and a concurrency or rate."
        )
    return [
        *(
            Load(name, rows, many, 0.0, sessions)
            for name in names
            for rows in page_rows
            for many in sorted(concurrency)
        ),
        *(Load(name, rows, 0, rate, sessions) for name in names for rows in page_rows for rate in sorted(rates)),
    ]


class Rounds:
    """The order of the measurements: once from the weakest load of each series to the strongest, then at random.

    So nothing strong is tried before what is weaker went well; `refuse` leaves out what is stronger than a load.
    """

    def __init__(self, loads: Sequence[Load], repeats: int, seed: int) -> None:
        self._loads = list(loads)
        self._repeats = repeats
        self._luck = random.Random(seed)
        self._refused: set[Load] = set()

    def __iter__(self) -> Iterator[tuple[int, Load]]:
        """Give the number of the round, from 0, and the load."""
        for number in range(self._repeats):
            loads = [load for load in self._loads if load not in self._refused]
            if number:
                self._luck.shuffle(loads)
            for load in loads:
                if load not in self._refused:
                    yield number, load

    def refuse(self, beyond: Load) -> list[Load]:
        """Leave out all loads of its series that are stronger; return those that were still to come."""
        out = [
            load
            for load in self._loads
            if load.series == beyond.series
            and bool(load.concurrency) == bool(beyond.concurrency)
            and load.strength > beyond.strength
            and load not in self._refused
        ]
        self._refused.update(out)
        return out


def series(loads: Sequence[Load]) -> list[list[Load]]:
    """Group loads that differ in strength alone, weaker ones first."""
    key = _key
    return [sorted(group) for _, group in groupby(sorted(loads, key=key), key=key)]


def _key(load: Load) -> tuple[str, int, int, bool]:
    return *load.series, not load.concurrency

"""The loads of a sweep: kind of request, strength, and order. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


Work = Literal["pages", "instances", "elements", "uploads"]
"""The kinds of request: pages of an instance, new instances, elements of attributes, chunks of an upload."""


@dataclass(frozen=True, slots=True, order=True)
class Load:
    """Requests of one kind for one object, of so many rows each, over so many sessions.

    In a closed loop, ``concurrency`` requests are in flight at any time. In an open loop, ``rate`` requests a
    second are due, whatever the server does, and ``concurrency`` is 0.
    """

    name: str
    page_rows: int
    concurrency: int
    rate: float = 0.0
    sessions: int = 1
    work: Work = "pages"

    @property
    def series(self) -> Series:
        """The series of the load: the loads that differ in strength alone."""
        return Series(self.name, self.work, self.page_rows, self.sessions)

    @property
    def strength(self) -> float:
        """The strength of the load within the series."""
        return self.concurrency or self.rate

    def __str__(self) -> str:
        much = f"{self.concurrency} in flight" if self.concurrency else f"{self.rate:g} requests/s"
        return f"{self.series}, {much}"


class Series(NamedTuple):
    """Loads that differ in strength alone."""

    name: str
    work: Work
    page_rows: int
    sessions: int

    def __str__(self) -> str:
        over = f" over {self.sessions} sessions" if self.sessions > 1 else ""
        return f"{self.name}, {self.work} of {self.page_rows:,} rows{over}"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The end of a measurement, and the limits that keep a sweep from doing harm.

    Each load is measured for ``seconds``, or for ``requests`` where given. Beyond a share of ``errors`` or a 95th
    percentile of ``latency`` seconds, no stronger load of the series is tried. The sweep ends after
    ``most_seconds`` or ``most_bytes``.
    """

    seconds: float = 5.0
    requests: int | None = None
    errors: float = 0.02
    latency: float = 30.0
    most_seconds: float = 3600.0
    most_bytes: int = 50 * 10**9


def loads_of(
    names: Sequence[str],
    *,
    concurrency: Sequence[int],
    page_rows: Sequence[int],
    rates: Sequence[float] = (),
    sessions: int = 1,
    works: Sequence[Work] = ("pages",),
) -> list[Load]:
    """List all loads, weaker ones of a series first; errors: UsageError for numbers that make none."""
    for what, numbers in (
        ("concurrency", concurrency),
        ("page_rows", page_rows),
        ("rates", rates),
        ("sessions", [sessions]),
    ):
        if wrong := [number for number in numbers if number <= 0]:
            raise UsageError(f"{what} holds {wrong[0]:g}.", hint="Give numbers above 0.")
    if not names or not page_rows or not works or not (concurrency or rates):
        raise UsageError(
            "there is nothing to measure.", hint="Name an object, a page size, and a concurrency or a rate."
        )
    strengths = [
        *((number, 0.0) for number in sorted(set(concurrency))),
        *((0, float(rate)) for rate in sorted(set(rates))),
    ]
    return [
        Load(name, rows, number, rate, sessions, work)
        for name in dict.fromkeys(names)
        for work in dict.fromkeys(works)
        for rows in sorted(set(page_rows))
        for number, rate in strengths
    ]


def double_loads(loads: Sequence[Load]) -> list[Load]:
    """Make loads over twice as many sessions: of the strongest closed loop of each series that has several."""
    levels: dict[Series, list[Load]] = {}
    for load in loads:
        if load.concurrency:
            levels.setdefault(load.series, []).append(load)
    strongest = [max(some, key=lambda load: load.strength) for some in levels.values() if len(some) > 1]
    return [replace(load, sessions=2 * load.sessions) for load in strongest]


class Rounds:
    """The order of the measurements: once from the weakest load of each series to the strongest, then at random.

    So no strong load is tried before the weaker ones went well; `refuse` leaves out the loads stronger than one.
    After the first round, the strongest closed loop of each series without a refusal is tried over twice as many
    sessions, which tells a limit of each session from a limit of the server.
    """

    def __init__(self, loads: Sequence[Load], repeats: int, seed: int, *, double_sessions: bool = True) -> None:
        self._loads = list(loads)
        self._repeats = repeats
        self._luck = random.Random(seed)
        self._refused: set[Load] = set()
        self._too_much: set[Series] = set()
        self._double_sessions = double_sessions

    @property
    def loads(self) -> list[Load]:
        """All loads, weaker ones of a series first, those over twice as many sessions last."""
        return list(self._loads)

    def __iter__(self) -> Iterator[tuple[int, Load]]:
        """Yield the number of the round, from 0, and the load."""
        for number in range(self._repeats):
            loads = [load for load in self._loads if load not in self._refused]
            if number:
                self._luck.shuffle(loads)
            for load in loads:
                if load not in self._refused:
                    yield number, load
            if number == 0 and self._double_sessions:
                more = double_loads([load for load in self._loads if load.series not in self._too_much])
                self._loads += more
                yield from ((number, load) for load in more)

    def refuse(self, beyond: Load, *, itself: bool = False) -> list[Load]:
        """Leave out all stronger loads of the load's series, or the load ``itself``, too; return them."""
        out = [
            load
            for load in self._loads
            if load.series == beyond.series
            and bool(load.concurrency) == bool(beyond.concurrency)
            and (load.strength > beyond.strength or (itself and load == beyond))
            and load not in self._refused
        ]
        self._refused.update(out)
        self._too_much.add(beyond.series)
        return out

"""How many requests are worth having in flight, learned from how long they take. Pure: no clock, no event loop.

A server with workers to spare answers as quickly with more requests in flight; from its knee on each further one
only makes the others wait. At first the limiter climbs: every answer that is as quick as those before lets more
requests go, so that they double about every round trip, until answers are slow one after another. From then on two
levels and the rise of the time between them tell where the knee is: the limiter rests at a level, tries another for
as many answers as it takes to tell, and goes to the knee. At the most that is allowed it seldom tries fewer, by a
small step. What it has learned, the next one can begin with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

FIRST, POLITE = 6, 2
"""Requests in flight before anything is known, and the most of them where the server's load is to stay low."""

_LONGEST_STEP, _SHORTEST_STEP = math.log(2), math.log(1.2)
_FEWEST, _MOST = 12, 32  # answers at a level before it is judged: at least, and at most unless it is higher

_SLOW, _SLOW_ENDS = math.log(1.5), 6  # how slow an answer is that has waited; so many, less the quick, end a climb
_MORE_AT_FIRST = 3  # requests that an answer of the first adds in a climb; one of the others adds one

_PATIENCE = 16
"""Rounds of answers at a level before a lower one is tried again; a higher one, which costs less, comes sooner."""

_SIMILAR, _CHANGED, _POLITELY_CHANGED = math.log(1.25), math.log(1.3), math.log(1.1)
_REMEMBERED = 64
"""Answers that a mean is taken over; those before them fade."""

_LENIENT, _STRICT = 0.9, 3.0  # weight of a rise: rather one request too many than one too few, or the reverse
_CLIMBED = 0.8  # weight of the rise at the end of a climb


@dataclass(slots=True)
class _Window:
    """The last answers at a level: means of the logarithms of seconds per row and of requests in flight."""

    answers: int = 0
    cost: float = 0.0
    in_flight: float = 0.0
    _squares: float = 0.0

    def add(self, cost: float, in_flight: float) -> None:
        """Count one answer."""
        if self.answers < _REMEMBERED:
            self.answers += 1
        else:
            self._squares *= 1 - 1 / _REMEMBERED
        off = cost - self.cost
        self.cost += off / self.answers
        self.in_flight += (in_flight - self.in_flight) / self.answers
        self._squares += off * (cost - self.cost)

    @property
    def variance(self) -> float:
        """The variance of the mean cost."""
        return self._squares / max(1, self.answers - 1) / max(1, self.answers)

    def doubt(self, other: _Window) -> float:
        """Return the standard error of the difference to another's cost."""
        return math.sqrt(self.variance + other.variance)


class Ticket(NamedTuple):
    """The circumstances a request began in: the number of its level, the requests in flight, whether it counts."""

    level: int
    in_flight: int
    counts: bool


class Limiter:
    """The requests in flight that are worth it: ``limit``, from ``least`` to ``most``.

    It is told of every request when that starts and when it was answered. Where ``least`` is ``most`` it learns
    nothing. ``polite`` allows `POLITE` at most, and the second only where the first takes hardly longer for it.
    ``lowest`` and ``highest`` are what the limit was so far. ``known`` is what an earlier one has `learned` of the
    server: it begins there, or half-way where that is more than it would begin with.

    >>> limiter = Limiter(most=8)
    >>> limiter.limit
    6
    >>> limiter.on_done(limiter.on_start(6), seconds=0.5, rows=1_000)
    >>> limiter.limit
    8
    >>> limiter.on_done(limiter.on_start(1), seconds=0.5, rows=1_000, busy=True)
    >>> limiter.limit
    3
    """

    def __init__(self, *, least: int = 1, most: int = 32, polite: bool = False, known: int | None = None) -> None:
        self._least = least
        self._most = max(least, min(most, POLITE) if polite else most)
        self._weight = _STRICT if polite else _LENIENT
        self._changed = _POLITELY_CHANGED if polite else _CHANGED
        first = FIRST if known is None else min(known, max(FIRST, known // 2))
        self.limit = self.lowest = self.highest = self._home = max(least, min(self._most, 1 if polite else first))
        self._base: _Window | None = None  # answers at home
        self._window = _Window()
        self._trying, self._up, self._step = False, True, _LONGEST_STEP
        self._climbing = not polite
        self._polite = polite
        self._climb_anew()
        self._patience = self._rounds = 1
        self._level = self._cut_at = self._started = self._rows = self._odd = 0
        self._full = False

    @property
    def learned(self) -> int | None:
        """The requests in flight that the answers have shown to be worth it; None where they have told nothing."""
        told = not self._climbing or self.lowest < self.highest
        return self._home if told and not self._polite and self._least < self._most else None

    def _climb_anew(self) -> None:
        """Forget how quick answers are."""
        self._usual, self._slow = _Window(), _Window()
        self._waited = self._quick_at_most = 0

    def on_start(self, in_flight: int) -> Ticket:
        """Note a request that starts, as one of ``in_flight``; the ticket is for `on_done`."""
        self._started += 1
        self._full = self._full or in_flight >= self.limit or (self._started > self.limit and not self._climbing)
        return Ticket(self._level, in_flight, self._full)

    def on_done(self, ticket: Ticket, *, seconds: float, rows: int, busy: bool = False) -> None:
        """Learn from an answer: the seconds it took, its rows, and whether the server was too busy at first."""
        if busy and ticket.level >= self._cut_at:
            self._base, self._up, self._step = None, True, _SHORTEST_STEP
            self._patience, self._rounds = _PATIENCE, _PATIENCE // 2
            self._climbing = False
            self._go(max(self._least, min(self.limit, self._home, max(FIRST, ticket.in_flight)) // 2))
            self._cut_at = self._level
        elif busy or self._least == self._most or ticket.level != self._level:
            return
        elif (self._climbing or ticket.counts) and self._as_large(max(1, rows)):
            sample = math.log(max(seconds, 1e-6) / max(1, rows)), math.log(ticket.in_flight)
            if self._climbing:
                self._climb(*sample)
                return
            self._window.add(*sample)
            if self._base is not None and not self._trying:
                self._base.add(*sample)
            (self._judge if self._trying else self._rest)()

    def _climb(self, cost: float, in_flight: float) -> None:
        """Let more requests go for an answer that is quick; go to the knee once slow ones tell it."""
        usual = self._usual.cost if self._usual.answers else cost
        slow = cost > usual + _SLOW
        self._usual.add(min(cost, usual + _SLOW), in_flight)
        if slow:
            self._waited += 1
            self._slow.add(cost, in_flight)
            if self._waited == _SLOW_ENDS:
                knee = math.exp(self._slow.in_flight - _CLIMBED * (self._slow.cost - self._usual.cost))
                self._climbing, self._step = False, _SHORTEST_STEP
                self._go(max(self._least, min(self._most, round(knee))))
            return
        self._waited = max(0, self._waited - 1)
        if not self._waited:
            self._slow = _Window()
        if in_flight >= math.log(self._most):
            self._quick_at_most += 1
        if self._quick_at_most > self._most // 2:
            self._climbing = False
            self._stay_at_most()
        elif self._full:
            more = _MORE_AT_FIRST if self._usual.answers <= FIRST else 1
            self.limit = self._home = min(self._most, self.limit + more)
            self.highest = max(self.highest, self.limit)
            self._full = False

    def _stay_at_most(self) -> None:
        """Rest at the most that is allowed, and seldom try fewer."""
        self._up, self._step = False, _SHORTEST_STEP
        self._patience = self._rounds = _PATIENCE
        self._go(self._most)

    def _as_large(self, rows: int) -> bool:
        """Say whether a page can be compared with those before; begin anew once the size has changed for good."""
        if not self._rows or abs(math.log(rows / self._rows)) <= _SIMILAR:
            self._rows, self._odd = self._rows or rows, 0
            return True
        self._odd += 1
        if self._odd >= _FEWEST // 2:
            self._rows, self._odd, self._base = rows, 0, None
            self._climb_anew()
            self._go(self._home)
        return False

    def _rest(self) -> None:
        """Try another level after some rounds at home, or as soon as something has changed there."""
        window, base = self._window, self._base
        if window.answers < min(_REMEMBERED, max(_FEWEST, 0 if base is None else self.limit)):
            return
        self._window, self._base = _Window(), base or window
        self._rounds -= 1
        rise = window.cost - self._base.cost
        if abs(rise) > max(self._changed, 3 * window.doubt(self._base)):
            self._base, self._up, self._step = window, rise < 0, min(_LONGEST_STEP, abs(rise))
            self._patience, self._rounds = 1, 0
        if self._rounds <= 0:
            self._try(self._base)

    def _try(self, base: _Window) -> None:
        """Go a step from here, or the other way where there is nowhere to go."""
        self._base = base
        used = min(self.limit, math.exp(base.in_flight))  # which a slow consumer makes fewer than there could be
        above = min(self._most, max(self.limit + 1, math.ceil(self.limit * math.exp(self._step) - 1e-9)))
        below = max(self._least, min(self.limit - 1, math.floor(used * math.exp(-self._step) + 1e-9)))
        self._up = below == self.limit or (self._up and above != self.limit)
        self._home = self.limit
        self._go(above if self._up else below, trying=True)

    def _judge(self) -> None:
        """Find the knee between home and the level that is tried, as soon as the answers tell."""
        base, window = self._base, self._window
        if base is None or window.answers < max(_FEWEST, self.limit // 2):
            return
        apart, rise, doubt = window.in_flight - base.in_flight, window.cost - base.cost, window.doubt(base)
        if window.answers < min(_REMEMBERED, max(_MOST, self.limit)) and abs(rise - apart / 2) <= 2.5 * doubt:
            return
        gained = 0.0
        if abs(apart) > _SHORTEST_STEP / 4 and (apart > 0) is self._up:
            slope = min(1.0, max(0.0, self._weight * rise / apart))
            gained = 1.0 - slope if self._up else slope
        if gained > 0.5 and self._up and self.limit == self._most:
            self._base = window
            self._stay_at_most()
            return
        if gained > 0.5:
            longest = max(_LONGEST_STEP, self._step)
            self._patience, self._step = 1, min(longest, 2 * self._step) if self._up else self._step
            self._try(window)
            return
        level = round(self._home * math.exp(gained * apart))
        self._up, self._step = not self._up and level < self._most, max(_SHORTEST_STEP, self._step / 2)
        self._rounds = self._patience // 4 if self._up else self._patience
        self._patience = min(_PATIENCE, 2 * self._patience)
        self._base = base if level == self._home else None
        self._go(level)

    def _go(self, level: int, *, trying: bool = False) -> None:
        """Have so many requests in flight from now on."""
        self.limit, self._trying = level, trying
        self._home = self._home if trying else level
        self.lowest, self.highest = min(self.lowest, level), max(self.highest, level)
        self._level, self._started, self._full, self._window = self._level + 1, 0, False, _Window()

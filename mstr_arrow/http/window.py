"""Answers of one kind, as the means that two kinds are compared by. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

REMEMBERED = 64
"""Answers that a mean is taken over; those before them fade."""


@dataclass(slots=True)
class Window:
    """The last answers at a level: means of the logarithms of seconds per row and of requests in flight."""

    answers: int = 0
    cost: float = 0.0
    in_flight: float = 0.0
    _squares: float = 0.0

    def add(self, cost: float, in_flight: float) -> None:
        """Count one answer."""
        if self.answers < REMEMBERED:
            self.answers += 1
        else:
            self._squares *= 1 - 1 / REMEMBERED
        off = cost - self.cost
        self.cost += off / self.answers
        self.in_flight += (in_flight - self.in_flight) / self.answers
        self._squares += off * (cost - self.cost)

    @property
    def variance(self) -> float:
        """The variance of the mean cost."""
        return self._squares / max(1, self.answers - 1) / max(1, self.answers)

    def doubt(self, other: Window) -> float:
        """Return the standard error of the difference to another's cost."""
        return math.sqrt(self.variance + other.variance)

"""The knee, where more load brings no more throughput: a plain rule, and the universal scalability law. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.throughput.figures import Interval

GAIN = 0.10
"""The gain that a higher level must bring at least, beyond its noise, to count as more."""

_FITTED_FROM = 4


@dataclass(frozen=True, slots=True)
class Law:
    """The universal scalability law, ``X(N) = rate · N / (1 + waiting · (N - 1) + talking · N · (N - 1))``.

    ``rate`` is the throughput of one request at a time; ``waiting`` (sigma) the share of work that one request at a
    time may do; ``talking`` (kappa) the cost of each pair of requests. ``waiting_error`` and ``talking_error`` are
    the standard errors, None where the data do not determine them. ``off`` is the mean difference between law and
    data, as a part of the data; ``explained`` the part of the variance of throughput that the law explains (R²).
    """

    rate: float
    waiting: float
    talking: float
    off: float
    waiting_error: float | None = None
    talking_error: float | None = None
    explained: float = 1.0

    def throughput(self, number: float) -> float:
        """Return the throughput with so many requests in flight."""
        return float(_law(number, self.rate, self.waiting, self.talking))

    @property
    def peak(self) -> float | None:
        """The concurrency with the greatest throughput; None where the law grows for ever."""
        if self.talking <= 0 or self.waiting >= 1:
            return None
        return math.sqrt((1 - self.waiting) / self.talking)


@dataclass(frozen=True, slots=True)
class Knee:
    """The level of concurrency beyond which throughput does not grow.

    ``reached`` is False where the highest measured level still brought more: the knee lies there or beyond. ``law``
    is None where too few levels were measured, or the law fits none.
    """

    concurrency: int
    reached: bool
    law: Law | None


def find_knee(levels: Mapping[int, Interval]) -> Knee:
    """Find the knee among one or more levels of concurrency, each with the throughput.

    The knee is the lowest level that no higher level surpasses by more than `GAIN` and the noise of both. Three
    rounds say little about noise, so that noise is pooled: as a part of throughput, no level's noise counts as
    greater than that of all.
    """
    known = dict(sorted(levels.items()))
    number = enough(known)
    return Knee(number, reached=number != max(known), law=fit(known))


def enough(levels: Mapping[int, Interval]) -> int:
    """Return the lowest level that no higher level surpasses by more than `GAIN` and the noise of both."""
    known = _pool(levels)
    numbers = sorted(known)
    return next(one for one in numbers if not any(_more(known[more], known[one]) for more in numbers if more > one))


def _pool(levels: Mapping[int, Interval]) -> dict[int, Interval]:
    """Narrow the interval of each level to that which follows from the noise of all, where its own is wider."""
    squares, freedom = 0.0, 0
    for one in levels.values():
        if one.half is not None and one.mean > 0:
            degrees = one.rounds - 1
            spread = one.half / float(stdtrit(degrees, 0.975)) * math.sqrt(one.rounds) / one.mean
            squares, freedom = squares + degrees * spread**2, freedom + degrees
    if not freedom:
        return dict(levels)
    width = float(stdtrit(freedom, 0.975)) * math.sqrt(squares / freedom)
    return {
        number: replace(one, half=min(one.half, width * one.mean / math.sqrt(one.rounds)))
        if one.half is not None
        else one
        for number, one in levels.items()
    }


def fit(levels: Mapping[int, Interval]) -> Law | None:
    """Fit the law to levels, by least squares of the differences as parts of the data."""
    if len(levels) < _FITTED_FROM or any(one.mean <= 0 for one in levels.values()):
        return None
    numbers = np.array(list(levels), dtype=float)
    found = np.array([one.mean for one in levels.values()])
    from scipy.optimize import curve_fit  # noqa: PLC0415 - it takes longer to load than all else here

    start = (found[0] / numbers[0], 0.05, 0.0005)
    try:
        (rate, waiting, talking), covariance = curve_fit(
            _law, numbers, found, p0=start, sigma=found, bounds=([0, 0, 0], [np.inf, 1, 1]), maxfev=10_000
        )
    except (RuntimeError, ValueError):
        return None
    differences = _law(numbers, rate, waiting, talking) - found
    spread = float(np.sum((found - found.mean()) ** 2))
    errors = [float(math.sqrt(one)) if 0 <= one < math.inf else None for one in np.diag(covariance)]
    return Law(
        float(rate),
        float(waiting),
        float(talking),
        off=float(np.mean(np.abs(differences / found))),
        waiting_error=errors[1],
        talking_error=errors[2],
        explained=1 - float(np.sum(differences**2)) / spread if spread else 1.0,
    )


def _more(one: Interval, other: Interval) -> bool:
    """Whether one level gives more than another, beyond noise and by what is worth it."""
    noise = math.hypot(one.half or 0.0, other.half or 0.0)
    return one.mean - other.mean > max(noise, GAIN * other.mean)


def _law(number: Any, rate: float, waiting: float, talking: float) -> Any:
    """Give the throughput with so many in flight: of a number, or an array of them."""
    return rate * number / (1 + waiting * (number - 1) + talking * number * (number - 1))

"""The figures of a load: throughput with an interval, percentiles of latency, shares of the time. Pure."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from hdrh.histogram import HdrHistogram
from scipy.special import stdtrit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)
_LONGEST = 24 * 3600 * 10**6
_DIGITS = 3

ENOUGH = 10
"""Warm requests from which on cold ones are told apart."""

_WARM_PART = 1 / 4
"""The part of a round that must be left after its last cold request to count alone."""

_MORE = 0.1
"""By how much the share of cold requests may exceed that of the warmest round."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over rounds, and half the width of the 95 % confidence interval; None after a single round."""

    mean: float
    half: float | None
    rounds: int = 1

    def __format__(self, spec: str) -> str:
        half = "" if self.half is None else f" ± {self.half:{spec}}"
        return f"{self.mean:{spec}}{half}"


@dataclass(frozen=True, slots=True)
class Round:
    """One measurement of a load, during the time of full load.

    Full load lasts from the first answers, one for each place, to the last request that was sent. A request half
    inside counts half, so that the edges favour no side. ``in_flight`` is the mean over time; ``expected`` the same
    by Little's law: requests a second times mean seconds. ``cold`` is the share of requests for pages that no
    earlier request named; ``cpu`` the number of processors that this process kept busy; ``lag`` the delay of the
    event loop in seconds.
    """

    seconds: float
    requests: float
    rows: float
    wire_bytes: float
    text_bytes: float
    in_flight: float
    expected: float
    cold: float
    cpu: float
    lag: float


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of the requests' time, as parts of 1: the client before sending, the server, the network."""

    client: float
    waiting: float
    transferring: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a load over all rounds; latencies in seconds, by percentile.

    All figures are those of warm requests, where there were enough. ``cold`` is the median latency of cold requests
    in seconds, None without any.
    """

    requests: int
    errors: int
    retries: int
    rows_per_second: Interval
    requests_per_second: Interval
    wire_per_second: Interval
    latencies: dict[float, float]
    slowest: float
    cold: float | None
    shares: Shares
    waiting: float
    transferring: float
    cpu: float
    lag: float
    little: float

    @property
    def failed(self) -> float:
        """The share of requests that failed."""
        return self.errors / self.requests if self.requests else 0.0


def measure_round(requests: pa.Table, *, full: float, cpu: float, lag: float) -> Round | None:
    """Measure one round from the requests; ``full`` is the moment from which the load was on in full.

    The round counts from then on, or from the last cold request, where that leaves `_WARM_PART` of the round or
    more. Returns None where no request was answered in that time.
    """
    good = requests.filter(pc.is_valid(requests["last_byte"]))
    if not good.num_rows:
        return None
    ends = pc.max(requests["sent"]).as_py()
    warm = pc.max(good["last_byte"].filter(good["cold"])).as_py() or full
    if ends - warm >= _WARM_PART * (ends - full):
        full = max(full, warm)
    seconds = ends - full
    if seconds <= 0 or pc.max(good["last_byte"]).as_py() <= full:
        # Fewer requests than places, or nothing under way any more: all of them are the measurement.
        full, ends = pc.min(good["sent"]).as_py(), pc.max(good["last_byte"]).as_py()
        seconds = ends - full
    sent, done = good["sent"], good["last_byte"]
    inside = pc.max_element_wise(0.0, pc.subtract(pc.min_element_wise(done, ends), pc.max_element_wise(sent, full)))
    took = pc.max_element_wise(pc.subtract(done, sent), 1e-9)
    part = pc.divide(inside, took)
    number = pc.sum(part).as_py()
    mean = pc.sum(pc.multiply(part, took)).as_py() / number if number else 0.0
    return Round(
        seconds=seconds,
        requests=number,
        rows=pc.sum(pc.multiply(part, good["rows"])).as_py(),
        wire_bytes=pc.sum(pc.multiply(part, good["wire_bytes"])).as_py(),
        text_bytes=pc.sum(pc.multiply(part, good["text_bytes"])).as_py(),
        in_flight=pc.sum(inside).as_py() / seconds,
        expected=number / seconds * mean,
        cold=pc.sum(pc.multiply(part, pc.cast(good["cold"], "float64"))).as_py() / number if number else 0.0,
        cpu=cpu,
        lag=lag,
    )


def figures_of(requests: pa.Table, rounds: Sequence[Round], *, open_loop: bool) -> Figures:
    """Compute the figures of a load from requests and rounds. In an open loop, latency counts from the due time."""
    answered = requests.filter(pc.is_valid(requests["last_byte"]))
    latency = pc.subtract(answered["last_byte"], answered["due" if open_loop else "sent"])
    cold = latency.filter(answered["cold"])
    warm = latency.filter(pc.invert(answered["cold"]))
    good = answered.filter(pc.invert(answered["cold"])) if len(warm) >= ENOUGH else answered
    percentiles, slowest = percentiles_of((warm if len(warm) >= ENOUGH else latency).to_pylist())
    rounds = warmest(rounds)
    queued = _sum(pc.subtract(good["sent"], good["due"]))
    waiting = _sum(pc.subtract(good["first_byte"], good["sent"]))
    transferring = _sum(pc.subtract(good["last_byte"], good["first_byte"]))
    whole = queued + waiting + transferring or 1.0
    count = max(1, good.num_rows)
    return Figures(
        requests=requests.num_rows,
        errors=requests.num_rows - answered.num_rows,
        retries=int(_sum(requests["retries"])),
        rows_per_second=interval([one.rows / one.seconds for one in rounds]),
        requests_per_second=interval([one.requests / one.seconds for one in rounds]),
        wire_per_second=interval([one.wire_bytes / one.seconds for one in rounds]),
        latencies=percentiles,
        slowest=slowest,
        cold=pc.approximate_median(cold).as_py(),
        shares=Shares(queued / whole, waiting / whole, transferring / whole),
        waiting=waiting / count,
        transferring=transferring / count,
        cpu=max((one.cpu for one in rounds), default=0.0),
        lag=max((one.lag for one in rounds), default=0.0),
        little=statistics.fmean([one.expected / one.in_flight for one in rounds if one.in_flight] or [1.0]),
    )


def warmest(rounds: Sequence[Round]) -> list[Round]:
    """Leave out rounds that had many more cold requests than others."""
    least = min((one.cold for one in rounds), default=0.0)
    return [one for one in rounds if one.cold <= least + _MORE]


def interval(values: Sequence[float]) -> Interval:
    """Return the mean of values, and the 95 % confidence interval by Student's t."""
    if not values:
        return Interval(0.0, None)
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Interval(mean, None)
    spread = statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, float(stdtrit(len(values) - 1, 0.975)) * spread, len(values))


def percentiles_of(seconds: Sequence[float]) -> tuple[dict[float, float], float]:
    """Return the percentiles of latencies, exact to three digits, and the greatest latency."""
    histogram = HdrHistogram(1, _LONGEST, _DIGITS)
    for one in seconds:
        histogram.record_value(max(1, round(one * 1e6)))
    if not seconds:
        return {}, 0.0
    known = histogram.get_percentile_to_value_dict(PERCENTILES)
    return {each: known[each] / 1e6 for each in PERCENTILES}, max(seconds)


def _sum(column: pa.ChunkedArray) -> float:
    return float(pc.sum(column).as_py() or 0.0)

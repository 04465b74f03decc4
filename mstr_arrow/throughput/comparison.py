"""Two sweeps side by side: the differences beyond noise, and those that noise may hide. Pure.

The unit of the statistics is a round: all loads of a series, once each, in random order. A disturbance of a minute
slows down much of one round, so that the requests and loads of a round are no independent samples; rounds are. For
a series, the logarithms of the loads' figures are averaged, each weighted by the number of requests; the noise is
the variation from round to round (a variance clustered by rounds, Student's t with the rounds less two). For a
single load, the noise is the load's own, or that of all loads of the series where that is greater.

Intervals hold with `CONFIDENCE` for all series at once, and for all loads at once (Bonferroni), so that none of
many differences is called one by chance. Throughput decides for closed loops; the median latency decides for open
loops, whose throughput is given; the other figures tell the same in other units.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pyarrow.compute as pc
from scipy.special import stdtrit

from mstr_arrow.errors import UsageError
from mstr_arrow.throughput.figures import ENOUGH, warmest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from mstr_arrow.throughput.loads import Load, Series
    from mstr_arrow.throughput.result import Curve, Sweep

CONFIDENCE = 0.99
"""The confidence with which a difference is no chance."""

SAME = 0.02
"""A difference that two runs of one server may show whatever their rounds say: another day, another placing."""

TOLERANCE = 0.15
"""Noise that would hide a difference of this size is too much to say that there is none."""

ALIKE = 0.01
"""By how much the rows of a request may differ between two runs that are compared."""

Measure = Literal["throughput", "median", "p95"]
Answer = Literal["different", "not different", "too noisy to say"]
Loop = Literal["closed", "open"]
Values = dict[int, float]


@dataclass(frozen=True, slots=True)
class Difference:
    """The figure after as a multiple of the figure before, with a confidence interval.

    The difference is *different* where the whole interval lies more than `SAME` from 1, and *too noisy to say*
    where the interval does not but reaches beyond `TOLERANCE`.
    """

    ratio: float
    low: float
    high: float

    @property
    def answer(self) -> Answer:
        """The verdict on the difference: "different", "not different" or "too noisy to say"."""
        if self.low > 1 + SAME or self.high < 1 / (1 + SAME):
            return "different"
        if self.low < 1 / (1 + TOLERANCE) or self.high > 1 + TOLERANCE:
            return "too noisy to say"
        return "not different"

    @property
    def smallest(self) -> float:
        """The smallest difference that would have been found, as a part of 1; infinite after a single round."""
        return self.high / self.ratio * (1 + SAME) - 1

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"{_percent(self.ratio)}, measured too seldom to say how sure that is"
        return f"{_percent(self.ratio)} ({_percent(self.low)} to {_percent(self.high)})"


@dataclass(frozen=True, slots=True)
class SeriesCompared:
    """A series in both sweeps: the differences over all loads, those of each load, and the two curves.

    ``curves`` is None for open loops.
    """

    series: Series
    loop: Loop
    overall: Mapping[Measure, Difference]
    loads: Mapping[Load, Mapping[Measure, Difference]]
    curves: tuple[Curve, Curve] | None = None

    @property
    def decides(self) -> Measure:
        """The figure that decides: the throughput, or the median latency of open loops."""
        return "throughput" if self.loop == "closed" else "median"

    @property
    def answer(self) -> Answer:
        """The answer over all loads, or "different" where one load differs."""
        whole = self.overall[self.decides].answer
        single = any(each[self.decides].answer == "different" for each in self.loads.values())
        return "different" if single else whole


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sweeps side by side.

    ``only_before`` and ``only_after`` are the loads of one sweep alone; ``unlike`` the loads that cannot be
    compared, with the reasons. ``cautions`` are sentences on other causes of a difference.
    """

    series: Sequence[SeriesCompared]
    only_before: Sequence[Load]
    only_after: Sequence[Load]
    unlike: Mapping[Load, str]
    cautions: Sequence[str]

    @property
    def answer(self) -> Answer:
        """The answer over all series."""
        answers: list[Answer] = [each.answer for each in self.series]
        order: tuple[Answer, ...] = ("different", "too noisy to say", "not different")
        return next(one for one in order if one in answers)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A measure of a load by rounds, before and after, as logarithms; the requests behind it."""

    before: Values
    after: Values
    weight: float

    @property
    def difference(self) -> float:
        return statistics.fmean(self.after.values()) - statistics.fmean(self.before.values())


def compare(before: Sweep, after: Sweep) -> Comparison:
    """Compare two sweeps, load by load and over each series.

    Raises UsageError where the sweeps have no comparable load in common.

    >>> with ma.connect(url, username=user, password=password) as conn:
    ...     runs = [ma.throughput.sweep(conn, "Sales Cube", concurrency=[1, 2], requests=8) for _ in range(2)]
    >>> [each.series.name for each in ma.throughput.compare(*runs).series][0]
    'Sales Cube'
    """
    had, has = ([load for load in sweep.loads if sweep.rounds.get(load)] for sweep in (before, after))
    unlike = {load: why for load in had if load in has and (why := _unlike(before, after, load))}
    common = [load for load in had if load in has and load not in unlike]
    if not common:
        raise _refuse_nothing_common(had, has, unlike)
    grouped: dict[tuple[Series, Loop], list[Load]] = defaultdict(list)
    for load in common:
        grouped[load.series, "closed" if load.concurrency else "open"].append(load)
    alone = 1 - CONFIDENCE
    series = [
        _compare_series(before, after, loads, alone / len(grouped), alone / len(common))
        for loads in grouped.values()
    ]
    return Comparison(
        series,
        only_before=[load for load in had if load not in has],
        only_after=[load for load in has if load not in had],
        unlike=unlike,
        cautions=list(_cautions(before, after, series)),
    )


def _compare_series(
    before: Sweep, after: Sweep, loads: Sequence[Load], series_error: float, load_error: float
) -> SeriesCompared:
    """Compare the loads of a series, all open or all closed, with the chances of error that they have."""
    overall: dict[Measure, Difference] = {}
    single: dict[Load, dict[Measure, Difference]] = {load: {} for load in loads}
    values = {load: (_values(before, load), _values(after, load)) for load in loads}
    weights = {load: min(_select_answered(sweep, load).num_rows for sweep in (before, after)) for load in loads}
    for measure in ("throughput", "median", "p95"):
        pairs = {load: _pair(had[measure], has[measure], weights[load]) for load, (had, has) in values.items()}
        known = {load: pair for load, pair in pairs.items() if pair is not None}
        if known:
            overall[measure] = _over_all(list(known.values()), series_error)
        for load, difference in zip(known, _each(list(known.values()), load_error), strict=True):
            single[load][measure] = difference
    first = loads[0]
    curves = None
    if first.concurrency and first.series in before.curves and first.series in after.curves:
        curves = before.curves[first.series], after.curves[first.series]
    return SeriesCompared(first.series, "closed" if first.concurrency else "open", overall, single, curves)


def _over_all(pairs: Sequence[_Pair], error: float) -> Difference:
    """Average over loads; the noise is what the averages of rounds show."""
    weights = [pair.weight / sum(each.weight for each in pairs) for pair in pairs]
    mean = sum(weight * pair.difference for weight, pair in zip(weights, pairs, strict=True))
    variance, freedom = 0.0, 0
    for runs in ([pair.before for pair in pairs], [pair.after for pair in pairs]):
        off: dict[int, float] = defaultdict(float)
        for weight, run in zip(weights, runs, strict=True):
            middle = statistics.fmean(run.values())
            for number, value in run.items():
                off[number] += weight * (value - middle) / len(run)
        rounds = min(map(len, runs))  # more of some loads only are no more rounds of all
        if rounds < 2:
            return _difference(mean, math.inf)
        variance += rounds / (rounds - 1) * sum(each**2 for each in off.values())
        freedom += rounds - 1
    return _difference(mean, _quantile(error, freedom) * math.sqrt(variance))


def _each(pairs: Sequence[_Pair], error: float) -> Iterator[Difference]:
    """Give the difference of each load; its noise is at least that of all loads of the series."""
    shared, freedom = _noise(pairs)
    for pair in pairs:
        own, _ = _noise([pair])
        if min(len(pair.before), len(pair.after)) < 2:
            yield _difference(pair.difference, math.inf)
            continue
        rounds = 1 / len(pair.before) + 1 / len(pair.after)
        yield _difference(pair.difference, _quantile(error, freedom) * math.sqrt(max(own, shared) * rounds))


def _noise(pairs: Sequence[_Pair]) -> tuple[float, int]:
    """Pool the variance of single rounds about the mean of their load and run; give its degrees of freedom, too."""
    squares, freedom = 0.0, 0
    for pair in pairs:
        for run in (pair.before, pair.after):
            middle = statistics.fmean(run.values())
            squares += sum((value - middle) ** 2 for value in run.values())
            freedom += len(run) - 1
    return squares / max(1, freedom), freedom


def _quantile(error: float, freedom: int) -> float:
    return float(stdtrit(freedom, 1 - error / 2))


def _difference(logarithm: float, half: float) -> Difference:
    if math.isinf(half):
        return Difference(math.exp(logarithm), 0.0, math.inf)
    return Difference(math.exp(logarithm), math.exp(logarithm - half), math.exp(logarithm + half))


def _pair(had: Values, has: Values, weight: float) -> _Pair | None:
    """Take logarithms of the values above zero; None where one of the runs has none."""
    before, after = ({number: math.log(one) for number, one in run.items() if one > 0} for run in (had, has))
    if not before or not after:
        return None
    return _Pair(before, after, weight)


def _values(sweep: Sweep, load: Load) -> dict[Measure, Values]:
    """Return the measures of a load in each of its rounds that were warm, by the number of the round."""
    good = _select_answered(sweep, load)
    numbers = sorted(pc.unique(good["round"]).to_pylist())
    rounds = dict(zip(numbers, sweep.rounds[load], strict=False))
    kept = warmest(sweep.rounds[load])
    found: dict[Measure, Values] = {"throughput": {}, "median": {}, "p95": {}}
    for number, one in rounds.items():
        if one not in kept:
            continue
        found["throughput"][number] = one.requests / one.seconds
        of_round = good.filter(pc.equal(good["round"], number))
        warm = of_round.filter(pc.invert(of_round["cold"]))
        asked = warm if warm.num_rows >= ENOUGH else of_round
        latency = pc.subtract(asked["last_byte"], asked["sent" if load.concurrency else "due"])
        found["median"][number], found["p95"][number] = pc.quantile(latency, [0.5, 0.95]).to_pylist()
    return found


def _select_answered(sweep: Sweep, load: Load) -> pa.Table:
    mine = sweep.requests.filter(pc.equal(sweep.requests["load"], sweep.loads.index(load)))
    return mine.filter(pc.is_valid(mine["last_byte"]))


def _unlike(before: Sweep, after: Sweep, load: Load) -> str | None:
    """Say why a load is not the same in both sweeps, though it is called so."""
    had, has = (pc.mean(_select_answered(sweep, load)["rows"]).as_py() or 0.0 for sweep in (before, after))
    if abs(had - has) <= ALIKE * max(had, has):
        return None
    return f"a request brought {had:,.0f} rows before, and {has:,.0f} after"


def _refuse_nothing_common(had: Sequence[Load], has: Sequence[Load], unlike: Mapping[Load, str]) -> UsageError:
    if unlike:
        load, why = next(iter(unlike.items()))
        return UsageError(
            f"the two sweeps did not measure the same: of {load}, {why}.",
            hint="Compare sweeps of objects with the same data.",
        )
    if not had or not has:
        which = "first" if not had else "second"
        return UsageError(
            f"nothing was answered in the {which} sweep, so there is nothing to compare.",
            hint="Its requests say what went wrong.",
        )
    return UsageError(
        f"the two sweeps have no load in common: the first measured {_some(had)}, the second {_some(has)}.",
        hint="Measure the same objects with the same page rows and concurrency.",
    )


def _some(loads: Sequence[Load]) -> str:
    more = f" and {len(loads) - 1} more" if len(loads) > 1 else ""
    return f"{loads[0]}{more}"


def _cautions(before: Sweep, after: Sweep, compared: Sequence[SeriesCompared]) -> Iterator[str]:
    """Say what else than the server may make a difference."""
    for name, sweep in (("before", before), ("after", after)):
        if sweep.ended:
            yield f"The sweep {name} ended early: {sweep.ended}."
        if sweep.about.shared:
            yield f"The sweep {name} shared the connection's own log-in, where requests are repeated."
    if before.about.simulated != after.about.simulated:
        yield "One of the two measured the simulator, the other a server."
    if before.about.client != after.about.client:
        yield f"They were measured by different clients: {before.about.client}, and {after.about.client}."
    for one in compared:
        for name, curve in zip(("before", "after"), one.curves or (), strict=False):
            if curve.verdict.part == "client":
                yield f"The limit {name} was the client ({one.series}): beyond it nothing is said of the server."


def _percent(ratio: float) -> str:
    return f"{ratio - 1:+.1%}".replace("%", " %")

"""A sweep in sentences that a person can act on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from mstr_arrow.throughput.recommend import recommend
from mstr_arrow.throughput.units import duration, percent, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mstr_arrow.throughput.figures import Figures, Interval
    from mstr_arrow.throughput.knee import Law
    from mstr_arrow.throughput.loads import Load, Series, Work
    from mstr_arrow.throughput.result import Curve, Sweep

KEPT_UP = 0.95
"""The part of a rate that must be answered for the server to count as keeping up."""

MUCH_SLOWER = 1.5
"""How many times as long cold requests must take to be spoken of."""

LITTLE_OFF, SPREAD, GROWN = 0.05, 0.20, 1.10
"""Deviations that are mentioned: Little's law off by more, intervals wider, latencies longer."""

NOTHING = 1e-6
"""Coefficients of the law up to which they are none."""

_LIMITS = {
    "client": "The limit is this client",
    "network": "The limit is the network",
    "session": "The limit is the session",
    "server": "The limit is the server",
    "nothing yet": "No limit was reached",
}

_WAYS_OUT = {
    "network": "Measure from a machine nearer to the server to see what the server itself gives",
    "session": "More log-ins at once bring more",
}

_THINGS: Mapping[Work, str] = {"instances": "instances", "elements": "elements"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding about a series.

    ``headline`` has the figures at the knee; ``limit`` names the limiting part and the reason, None for loads by
    rate; ``notes`` are oddities.
    """

    title: str
    headline: str
    limit: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """A sweep in sentences.

    ``first`` holds what a reader must know before any figure; ``advice`` the settings to choose, as a text that
    names settings; ``left_out`` the loads that were not tried, with reasons.
    """

    about: str
    first: tuple[str, ...]
    findings: tuple[Finding, ...]
    advice: str
    left_out: tuple[str, ...]


def summarise(sweep: Sweep) -> Summary:
    """Put a sweep into sentences."""
    failures = failures_of(sweep)
    recommended = recommend(sweep)
    return Summary(
        about=str(sweep.about),
        first=tuple(_first(sweep)),
        findings=tuple(_findings(sweep, failures)),
        advice=recommended.text if recommended else _no_advice(sweep),
        left_out=tuple(_list_left_out(sweep.left_out)),
    )


def throughput_of(figures: Figures, work: Work) -> Interval:
    """Return the throughput of a kind of work: new instances a second, or rows a second of any other."""
    return figures.requests_per_second if work == "instances" else figures.rows_per_second


def unit_of(work: Work) -> str:
    """Return the unit of `throughput_of`."""
    return f"{_THINGS.get(work, 'rows')}/s"


def failures_of(sweep: Sweep) -> dict[Load, dict[str, int]]:
    """Count the failures of each load, by cause."""
    failed = sweep.requests.filter(pc.is_valid(sweep.requests["error"]))
    counted = failed.group_by(["load", "error", "status"]).aggregate([([], "count_all")]).to_pylist()
    found: dict[Load, dict[str, int]] = {}
    for row in sorted(counted, key=lambda row: -row["count_all"]):
        status = f" (HTTP {row['status']})" if row["status"] else ""
        found.setdefault(sweep.loads[row["load"]], {})[f"{row['error']}{status}"] = row["count_all"]
    return found


def _first(sweep: Sweep) -> Iterator[str]:
    for series, curve in sweep.curves.items():
        if curve.verdict.part == "client":
            yield (
                f"{series}: this client was the limit, so the figures do not tell how fast the server is. "
                "Measure from a faster machine, or with nothing else running on it."
            )
    if sweep.about.simulated:
        yield "These are figures of the simulator: they say nothing of any real server."
    if sweep.ended:
        yield f"The sweep ended before its time, and this is what was measured until then: {sweep.ended}."
    if sweep.figures and not any(one.requests > one.errors for one in sweep.figures.values()):
        yield "Not one request was answered."
    if sweep.left_behind:
        yield f"Left on the server, for it could not be deleted: {', '.join(sweep.left_behind)}."
    if sweep.remade:
        yield (
            f"{sweep.remade} instances, upload sessions or log-ins were gone in the middle and made again: the "
            "figures of that time are lower for it."
        )


def _limit(curve: Curve) -> str:
    part, why = curve.verdict.part, curve.verdict.why
    way_out = f". {_WAYS_OUT[part]}" if part in _WAYS_OUT else ""
    return f"{_LIMITS[part]}: {why}{way_out}"


def _findings(sweep: Sweep, failures: Mapping[Load, Mapping[str, int]]) -> Iterator[Finding]:
    for series, curve in sweep.curves.items():
        loads = [load for load in sweep.figures if load.series == series and load.concurrency]
        notes = (*_errors(sweep, loads, failures), *_notes(series, curve))
        limit = f"{_limit(curve)}." if len(curve.levels) > 1 or curve.verdict.part == "client" else None
        yield Finding(str(series), _at_knee(series, curve), limit, notes)
    rates: dict[Series, list[Load]] = {}
    silent: dict[Series, list[Load]] = {}
    for load in sweep.figures:
        if not sweep.rounds.get(load):
            silent.setdefault(load.series, []).append(load)
        elif load.rate:
            rates.setdefault(load.series, []).append(load)
    for series, loads in rates.items():
        figures = {load.rate: sweep.figures[load] for load in loads}
        yield Finding(f"{series}, at a rate", _at_rate(series, figures), None, _errors(sweep, loads, failures))
    for series, loads in silent.items():
        if series not in sweep.curves and series not in rates:
            headline = "no request of it was answered."
            yield Finding(str(series), headline, None, _errors(sweep, loads, failures))


def _at_knee(series: Series, curve: Curve) -> str:
    """Say what the knee gives, what is beyond it, and where the time goes."""
    number, top = curve.knee.concurrency, max(curve.levels)
    at, beyond = curve.levels[number], curve.levels[top]
    parts = [f"{_times(f'{number} in flight', series)}: {_gives(at, series.work)}, p95 {_latency(at, 95.0)}"]
    if len(curve.levels) == 1:
        parts.append("one level alone tells no knee")
    elif not curve.knee.reached:
        parts.append("that was the highest level measured, and it still brought more")
    elif _falls(at, beyond, series.work):
        parts.append(
            f"beyond {number} throughput falls, to {_gives(beyond, series.work)} at {top}, and p95 is "
            f"{_latency(beyond, 95.0)} there"
        )
    elif beyond.latencies.get(95.0, 0.0) > GROWN * at.latencies.get(95.0, 0.0):
        parts.append(
            f"beyond {number} latency grows (p95 {_latency(beyond, 95.0)} at {top}) and throughput does not"
        )
    else:
        parts.append(f"beyond {number} there is no more throughput")
    if curve.verdict.part != "client":
        shares = at.shares
        parts.append(
            f"the server takes {percent(shares.waiting)} of the time, the network {percent(shares.transferring)}"
        )
    return "; ".join(parts) + "."


def _at_rate(series: Series, figures: Mapping[float, Figures]) -> str:
    """Say up to which rate the server kept up, and what came of the next one."""
    kept = [
        rate
        for rate, one in figures.items()
        if one.requests_per_second.mean * (1 - one.failed) >= KEPT_UP * rate and one.failed <= 1 - KEPT_UP
    ]
    parts = []
    if kept:
        best = figures[max(kept)]
        parts.append(
            f"{_times(f'{max(kept):g} requests/s', series)}: {_gives(best, series.work)}, "
            f"p50 {_latency(best, 50.0)}, p99 {_latency(best, 99.0)}, counted from when a request was due"
        )
    if missed := sorted(rate for rate in figures if rate > max(kept, default=0.0)):
        rate, one = missed[0], figures[missed[0]]
        parts.append(
            f"of {rate:g} requests/s {one.requests_per_second.mean:.3g} were answered each second, and p99 is "
            f"{_latency(one, 99.0)}"
        )
    else:
        parts.append("that was the highest rate measured, and the server kept up with it")
    return "; ".join(parts) + "."


def _notes(series: Series, curve: Curve) -> Iterator[str]:
    at = curve.levels[curve.knee.concurrency]
    gave = throughput_of(at, series.work)
    if gave.half is not None and gave.half > SPREAD * gave.mean:
        yield (
            f"The rounds at {curve.knee.concurrency} in flight differ much (± {percent(gave.half / gave.mean)}): "
            "longer ones, or more of them, make the figures surer."
        )
    if (slow := next(_slow_colds(curve.levels), None)) is not None:
        number, cold, warm = slow
        yield (
            f"Cold requests take {duration(cold)} at {number} in flight, warm ones {duration(warm)} (medians); "
            "the figures are those of warm ones."
        )
    off = [number for number, one in curve.levels.items() if abs(one.little - 1) > LITTLE_OFF]
    if off:
        number = max(off, key=lambda each: abs(curve.levels[each].little - 1))
        much = percent(abs(curve.levels[number].little - 1))
        yield (
            f"Little's law is off by {much} at {number} in flight: the load was not steady, so take its figures "
            "with care, or measure for longer."
        )
    if curve.knee.law is not None and curve.verdict.part != "client":
        yield _law(curve.knee.law)


def _slow_colds(levels: Mapping[int, Figures]) -> Iterator[tuple[int, float, float]]:
    for number, one in levels.items():
        warm = one.latencies.get(50.0, 0.0)
        if one.cold is not None and one.cold > MUCH_SLOWER * warm > 0:
            yield number, one.cold, warm


def _law(law: Law) -> str:
    peak = f"has its peak at {law.peak:.3g} in flight" if law.peak else "has no peak"
    return (
        f"The universal scalability law, off the data by {percent(law.off)} on average, {peak} "
        f"(sigma {_coefficient(law.waiting, law.waiting_error)}, "
        f"kappa {_coefficient(law.talking, law.talking_error)}; R² {law.explained:.3f})."
    )


def _coefficient(value: float, error: float | None) -> str:
    """Give a value with its standard error, where the data determine it."""
    shown = f"{value:.2g}" if value > NOTHING else "0"
    return shown if error is None else f"{shown} ± {error:.1g}"


def _errors(sweep: Sweep, loads: Sequence[Load], failures: Mapping[Load, Mapping[str, int]]) -> tuple[str, ...]:
    """Say how many requests failed, of which kinds, and at which level first."""
    figures = [sweep.figures[load] for load in loads]
    requests, errors = sum(one.requests for one in figures), sum(one.errors for one in figures)
    said = []
    if errors:
        kinds: dict[str, int] = {}
        for load in loads:
            for kind, number in failures.get(load, {}).items():
                kinds[kind] = kinds.get(kind, 0) + number
        first = next(load for load in loads if sweep.figures[load].errors)
        told = ", ".join(f"{number:,} of {kind}" for kind, number in kinds.items())
        said.append(f"{errors:,} of {requests:,} requests failed, from {_strength(first)} on: {told}.")
    if retries := sum(one.retries for one in figures):
        said.append(f"{retries:,} were repeated by the client before they were answered.")
    return tuple(said)


def _list_left_out(loads: Mapping[Load, str]) -> Iterator[str]:
    reasons: dict[tuple[Series, str], list[str]] = {}
    for load, why in loads.items():
        reasons.setdefault((load.series, why), []).append(_strength(load))
    for (series, why), strengths in reasons.items():
        yield f"{series}: {', '.join(strengths)} was not tried, for {why}."


def _no_advice(sweep: Sweep) -> str:
    curves = [(series, curve) for series, curve in sweep.curves.items() if series.work == "pages"]
    if any(curve.verdict.part == "client" for _, curve in curves):
        return "No settings are recommended, for this client was the limit."
    if any(series.sessions > 1 for series, _ in curves):
        return "No settings are recommended, for a read has one session, and several were measured."
    return "No settings are recommended, for no page reads in a closed loop were measured without errors."


def _times(much: str, series: Series) -> str:
    return much if series.work == "instances" else f"{much} × {short(series.page_rows)} rows"


def _gives(figures: Figures, work: Work) -> str:
    return f"{short(throughput_of(figures, work).mean)} {unit_of(work)}"


def _latency(figures: Figures, percentile: float) -> str:
    seconds = figures.latencies.get(percentile)
    return "unknown" if seconds is None else duration(seconds)


def _strength(load: Load) -> str:
    return f"{load.concurrency} in flight" if load.concurrency else f"{load.rate:g} requests/s"


def _falls(at: Figures, beyond: Figures, work: Work) -> bool:
    one, other = throughput_of(at, work), throughput_of(beyond, work)
    return one.mean - other.mean > max((one.half or 0.0) + (other.half or 0.0), (GROWN - 1) * one.mean)

"""The data of plots: little of it, however many requests a sweep has. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from mstr_arrow.throughput.summary import throughput_of
from mstr_arrow.throughput.units import duration, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from mstr_arrow.throughput.loads import Load, Series
    from mstr_arrow.throughput.result import Curve, Sweep

Rows = list[dict[str, Any]]

BINS = 240
"""Parts of a timeline."""

LAW_POINTS = 48

NINES = (
    0,
    10,
    20,
    30,
    40,
    50,
    60,
    70,
    75,
    80,
    85,
    90,
    92,
    94,
    95,
    96,
    97,
    98,
    98.5,
    99,
    99.3,
    99.5,
    99.7,
    99.9,
    99.97,
)
"""Percentiles of a distribution, up to where a sweep has requests enough for them."""


def page_label(series: Series) -> str:
    """Name a series among those of its object."""
    return f"{short(series.page_rows)} rows"


def levels(curves: dict[Series, Curve]) -> Rows:
    """Give throughput and latency of each level of concurrency."""
    return [
        {
            "pages": page_label(series),
            "concurrency": number,
            "throughput": (gave := throughput_of(one, series.work)).mean,
            "low": max(0.0, gave.mean - (gave.half or 0.0)),
            "high": gave.mean + (gave.half or 0.0),
            "label": short(gave.mean),
            "knee": number == curve.knee.concurrency and len(curve.levels) > 1,
            "knee_label": f"{'knee' if curve.knee.reached else 'still more at'} {number}",
            "failed": one.failed,
            "p50": one.latencies.get(50.0),
            "p95": one.latencies.get(95.0),
            "p99": one.latencies.get(99.0),
        }
        for series, curve in curves.items()
        for number, one in curve.levels.items()
    ]


def laws(curves: dict[Series, Curve]) -> Rows:
    """Draw the fitted law of each series through its levels, in the unit of its throughput."""
    rows = []
    for series, curve in curves.items():
        law = curve.knee.law
        if law is None:
            continue
        least, most = min(curve.levels), max(curve.levels)
        given = sum(throughput_of(one, series.work).mean for one in curve.levels.values())
        times = given / sum(one.requests_per_second.mean for one in curve.levels.values())
        for point in range(LAW_POINTS + 1):
            number = least * (most / least) ** (point / LAW_POINTS)
            rows.append(
                {"pages": page_label(series), "concurrency": number, "throughput": law.throughput(number) * times}
            )
    return rows


def latencies(curves: dict[Series, Curve]) -> Rows:
    """Give the median and the 95th and 99th percentile of each level, a row each."""
    return [
        {"pages": row["pages"], "concurrency": row["concurrency"], "percentile": name, "seconds": row[name]}
        for row in levels(curves)
        for name in ("p50", "p95", "p99")
        if row[name] is not None
    ]


def times(curve: Curve, *, by_client: bool) -> Rows:
    """Say where the mean seconds of a request go at each level."""
    parts = ("client", "first byte", "transfer") if by_client else ("client", "server", "network")
    rows = []
    for number, one in curve.levels.items():
        whole = (one.waiting + one.transferring) / max(1e-9, 1 - one.shares.client)
        seconds = (one.shares.client * whole, one.waiting, one.transferring)
        for order, (part, value) in enumerate(zip(parts, seconds, strict=True)):
            share = value / whole if whole else 0.0
            rows.append({"concurrency": number, "part": part, "seconds": value, "share": share, "order": order})
    return rows


def distributions(sweep: Sweep, loads: Sequence[Load]) -> Rows:
    """Give the percentiles of latency of loads, each up to the highest that it has ten requests for."""
    rows = []
    for load in loads:
        mine = sweep.requests.filter(pc.equal(sweep.requests["load"], sweep.loads.index(load)))
        good = mine.filter(pc.is_valid(mine["last_byte"]))
        latency = pc.subtract(good["last_byte"], good["sent" if load.concurrency else "due"])
        if not len(latency):
            continue
        known = [each for each in NINES if (100 - each) / 100 * len(latency) >= 1] or [0]
        label = f"{load.concurrency} in flight" if load.concurrency else f"{load.rate:g} requests/s"
        quantiles = pc.quantile(latency, [each / 100 for each in known]).to_pylist()
        for percentile, seconds in zip(known, quantiles, strict=True):
            rows.append(
                {
                    "load": label,
                    "strength": load.strength,
                    "beyond": 100 / (100 - percentile),
                    "percentile": f"{percentile:g} %",
                    "seconds": seconds,
                    "took": duration(seconds),
                }
            )
    return rows


def timeline(sweep: Sweep) -> Rows:
    """Count in bins of time what was answered and what failed, with the median latency and the slowest."""
    requests = sweep.requests
    if not requests.num_rows:
        return []
    moment = pc.coalesce(requests["last_byte"], requests["sent"], requests["due"])
    width = max(0.1, (pc.max(moment).as_py() or 0.0) / BINS)
    latency = pc.subtract(requests["last_byte"], requests["sent"])
    table = requests.append_column("bin", pc.cast(pc.floor(pc.divide(moment, width)), "int64"))
    table = table.append_column("latency", latency).append_column(
        "failed", pc.cast(pc.is_valid(requests["error"]), "int64")
    )
    return list(_bins(sweep, table, width))


def _bins(sweep: Sweep, table: pa.Table, width: float) -> Iterator[dict[str, Any]]:
    binned = table.group_by("bin").aggregate(
        [
            ("latency", "count"),
            ("failed", "sum"),
            ("latency", "approximate_median"),
            ("latency", "max"),
            ("load", "max"),
        ]
    )
    for row in binned.sort_by("bin").to_pylist():
        yield {
            "second": round((row["bin"] + 0.5) * width, 3),
            "answered": row["latency_count"] / width,
            "failures": row["failed_sum"] / width if row["failed_sum"] else None,
            "median": row["latency_approximate_median"],
            "slowest": row["latency_max"],
            "load": str(sweep.loads[row["load_max"]]),
        }

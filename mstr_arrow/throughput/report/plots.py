"""Which plots a sweep has, each with its name and what it shows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.throughput.recommend import recommend
from mstr_arrow.throughput.report import charts, shapes
from mstr_arrow.throughput.summary import throughput_of, unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mstr_arrow.throughput.loads import Load, Series, Work
    from mstr_arrow.throughput.report.charts import Spec
    from mstr_arrow.throughput.report.shapes import Rows
    from mstr_arrow.throughput.result import Curve, Sweep

MOST_OBJECTS = 12
"""Objects that have plots; of more, the page has their tables alone."""

MOST_LOADS = 6
"""Loads of which a distribution is drawn, as many as there are colours and dashes."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: the name of its file, its title, what it shows, and its specification."""

    name: str
    title: str
    shows: str
    spec: Spec


@dataclass(frozen=True, slots=True)
class Section:
    """The plots of one kind of work on one object."""

    title: str
    plots: tuple[Plot, ...]


def sections(sweep: Sweep) -> list[Section]:
    """Give the plots of a sweep, by object, and those of all its time at the end."""
    grouped: dict[tuple[str, Work, int], dict[Series, Curve]] = {}
    for series, curve in sweep.curves.items():
        grouped.setdefault((series.name, series.work, series.sessions), {})[series] = curve
    rates: dict[Series, list[Load]] = {}
    for load in sweep.figures:
        if load.rate and sweep.rounds.get(load):
            rates.setdefault(load.series, []).append(load)
    found = []
    for number, ((name, work, sessions), curves) in enumerate(list(grouped.items())[:MOST_OBJECTS], 1):
        over = f" over {sessions} sessions" if sessions > 1 else ""
        found.append(Section(f"{name}: {work}{over}", tuple(_of_object(sweep, f"{number:02}", work, curves))))
    for number, (series, loads) in enumerate(list(rates.items())[:MOST_OBJECTS], 1):
        plot = Plot(
            f"rate-{number:02}-distribution",
            "Latency by percentile, at a rate",
            "Counted from when a request was due, so that what a server kept waiting is counted too.",
            charts.distribution(sweep, _some(loads)),
        )
        found.append(Section(f"{series}, at a rate", (plot,)))
    if rows := shapes.timeline(sweep):
        found.append(Section("The whole sweep, over time", tuple(_over_time(rows))))
    return found


def _over_time(rows: Rows) -> Iterator[Plot]:
    yield Plot(
        "timeline-requests",
        "Requests answered, and failed",
        "Crosses are requests that failed. Pauses lie between two loads.",
        charts.timeline_of_requests(rows),
    )
    if any(row["median"] is not None for row in rows):
        yield Plot(
            "timeline-latency",
            "Latency",
            "A dot is the median of a moment, the line above it reaches to the slowest answer.",
            charts.timeline_of_latency(rows),
        )


def _of_object(sweep: Sweep, prefix: str, work: Work, curves: dict[Series, Curve]) -> Iterator[Plot]:
    unit = unit_of(work)
    yield Plot(
        f"{prefix}-throughput",
        "Throughput",
        "Points are what was measured, with 95 % intervals over the rounds; the dashed line is the universal "
        "scalability law fitted to them; a circle is the knee.",
        charts.throughput(curves, unit),
    )
    yield Plot(f"{prefix}-latency", "Latency", "Of warm requests, at each level.", charts.latency(curves))
    if len(curves) > 1:
        yield Plot(
            f"{prefix}-heat-map",
            "Concurrency and page size",
            f"{unit[:1].upper()}{unit[1:]} of each combination; the knees are framed.",
            charts.heat_map(curves, unit),
        )
    series = _best(sweep, curves)
    yield Plot(
        f"{prefix}-time",
        f"Where the time goes, {shapes.page_label(series)}",
        _TIME_OF_CLIENT if curves[series].verdict.part == "client" else _TIME,
        charts.where_time_goes(curves[series]),
    )
    loads = [
        load for load in sweep.figures if load.series == series and load.concurrency and sweep.rounds.get(load)
    ]
    yield Plot(
        f"{prefix}-distribution",
        f"Latency by percentile, {shapes.page_label(series)}",
        "Cold requests included. To the right of 90 % each tick is a tenth of the requests before it.",
        charts.distribution(sweep, _some(loads)),
    )


_TIME = "Client: before sending. Server: until the first byte. Network: from the first byte to the last."
_TIME_OF_CLIENT = "This client was the limit: what is spent until the first byte is not all the server's."


def _best(sweep: Sweep, curves: dict[Series, Curve]) -> Series:
    """Give the series that is recommended, or the one that gave most at its knee."""
    recommended = recommend(sweep)
    rows = recommended.limits.page_rows if recommended else None
    return next(
        (series for series in curves if series.page_rows == rows),
        max(
            curves,
            key=lambda series: (
                throughput_of(curves[series].levels[curves[series].knee.concurrency], series.work).mean
            ),
        ),
    )


def _some(loads: list[Load]) -> list[Load]:
    """Choose some of many loads, evenly, with the first and the last."""
    if len(loads) <= MOST_LOADS:
        return loads
    last = len(loads) - 1
    return [loads[round(one * last / (MOST_LOADS - 1))] for one in range(MOST_LOADS)]

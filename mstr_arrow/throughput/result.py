"""The result of a sweep: the requests as a table, the figures of each load, knee and limit of each series."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from mstr_arrow.throughput.about import About
from mstr_arrow.throughput.figures import figures_of
from mstr_arrow.throughput.knee import find_knee
from mstr_arrow.throughput.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from mstr_arrow.throughput.figures import Figures, Round
    from mstr_arrow.throughput.knee import Knee
    from mstr_arrow.throughput.loads import Load, Series
    from mstr_arrow.throughput.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Curve:
    """The closed loops of a series: the figures by concurrency, the knee, and the limiting part."""

    levels: Mapping[int, Figures]
    knee: Knee
    verdict: Verdict


@dataclass(frozen=True)
class Sweep:
    """The result of a sweep.

    ``requests`` is a table with a row for each request, in the columns of `log.SCHEMA`; the column ``load`` counts
    in ``loads``. ``rounds`` are the measurements of each load; ``left_out`` the loads that were not tried, or not
    again, with reasons. ``ended`` is the reason why the sweep ended early, None where it did not. ``remade`` counts
    the instances, upload sessions and log-ins that were lost and made again; ``left_behind`` names the objects that
    could not be deleted.
    """

    requests: pa.Table
    loads: list[Load]
    rounds: Mapping[Load, list[Round]]
    left_out: Mapping[Load, str]
    about: About = field(default_factory=About)
    ended: str | None = None
    remade: int = 0
    left_behind: tuple[str, ...] = ()

    @cached_property
    def figures(self) -> dict[Load, Figures]:
        """The figures of each load."""
        return {
            load: figures_of(
                self.requests.filter(pc.equal(self.requests["load"], number)),
                self.rounds.get(load, []),
                open_loop=not load.concurrency,
            )
            for number, load in enumerate(self.loads)
        }

    @cached_property
    def curves(self) -> dict[Series, Curve]:
        """The closed loops of each series."""
        grouped: dict[Series, dict[int, Figures]] = {}
        for load, figures in self.figures.items():
            if load.concurrency and self.rounds.get(load):
                grouped.setdefault(load.series, {})[load.concurrency] = figures
        found = {}
        for series, levels in grouped.items():
            twice = grouped.get(series._replace(sessions=2 * series.sessions), {}).get(max(levels))
            if twice is None and len(levels) == 1 and series.sessions % 2 == 0:
                once = series._replace(sessions=series.sessions // 2)
                if len(grouped.get(once, ())) > 1:
                    continue  # it was measured for the verdict on that
            knee = find_knee({number: one.requests_per_second for number, one in levels.items()})
            found[series] = Curve(levels, knee, judge(levels, knee, more_sessions=twice))
        return found

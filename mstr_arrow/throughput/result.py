"""What a sweep found: the requests as a table, the figures of each load, the knee and the limit of each series."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from mstr_arrow.throughput.figures import figures_of
from mstr_arrow.throughput.knee import find_knee
from mstr_arrow.throughput.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from mstr_arrow.throughput.figures import Figures, Round
    from mstr_arrow.throughput.knee import Knee
    from mstr_arrow.throughput.loads import Load
    from mstr_arrow.throughput.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Series:
    """Loads that differ in concurrency alone: their figures by level, the knee among them, and what the limit is."""

    levels: Mapping[int, Figures]
    knee: Knee
    verdict: Verdict


@dataclass(frozen=True)
class Sweep:
    """What a sweep found.

    ``requests`` has a row for each request, as `log.SCHEMA` says, whose ``load`` counts in ``loads``; ``rounds`` are
    the measurements of each load, ``left_out`` the loads that were not tried, and why.
    """

    requests: pa.Table
    loads: list[Load]
    rounds: Mapping[Load, list[Round]]
    left_out: Mapping[Load, str]

    @cached_property
    def figures(self) -> dict[Load, Figures]:
        """What each load gave."""
        return {
            load: figures_of(
                self.requests.filter(pc.equal(self.requests["load"], number)),
                self.rounds.get(load, []),
                open_loop=not load.concurrency,
            )
            for number, load in enumerate(self.loads)
        }

    @cached_property
    def series(self) -> dict[tuple[str, int, int], Series]:
        """The closed loops of each object, page size and number of sessions."""
        grouped: dict[tuple[str, int, int], dict[int, Figures]] = {}
        for load, figures in self.figures.items():
            if load.concurrency and self.rounds.get(load):
                grouped.setdefault(load.series, {})[load.concurrency] = figures
        found = {}
        for key, levels in grouped.items():
            knee = find_knee({number: one.requests_per_second for number, one in levels.items()})
            if knee is None:
                continue
            name, page_rows, sessions = key
            twice = grouped.get((name, page_rows, 2 * sessions), {}).get(max(levels))
            found[key] = Series(levels, knee, judge(levels, knee, more_sessions=twice))
        return found

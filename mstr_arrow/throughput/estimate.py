"""The cost of a sweep, estimated before the start. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.throughput.loads import Bounds, Load, Work

LEAST = 3
"""Requests for each place of a closed loop, at the least."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A single request of one kind for one object: seconds, bytes on the wire, and rows."""

    seconds: float
    wire_bytes: int
    rows: int


UPLOADED = Sample(seconds=0.2, wire_bytes=64_000, rows=1_000)
"""Assumed for a chunk of an upload, of which there is no sample: it would write before anybody agreed."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An upper limit of requests and bytes, and the approximate seconds, over ``sessions`` log-ins at once.

    The requests of a closed loop are counted as if the server answered many requests as fast as one; a real server
    gets fewer requests.
    """

    loads: int
    rounds: int
    requests: int
    wire_bytes: int
    seconds: float
    sessions: int

    def __str__(self) -> str:
        return (
            f"{self.loads} loads, {self.rounds} times each: at most {self.requests:,} requests and "
            f"{self.wire_bytes / 1e6:,.0f} MB, about {_duration(self.seconds)}, "
            f"{self.sessions} session{'s' if self.sessions > 1 else ''} at once"
        )


def _duration(seconds: float) -> str:
    return f"{round(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"


def estimate(
    loads: Sequence[Load], repeats: int, bounds: Bounds, samples: Mapping[tuple[str, Work], Sample]
) -> Estimate:
    """Add up the cost of the loads, judged by a sample for each object and kind of work."""
    seconds = wire = requests = 0.0
    for load in loads:
        sample = samples.get((load.name, load.work), UPLOADED)
        times = max(1.0, load.page_rows / max(1, sample.rows))
        one = max(1e-3, sample.seconds * times)
        lasts = max(bounds.seconds, LEAST * one)
        number = bounds.requests or (load.rate * lasts if load.rate else load.concurrency * lasts / one)
        requests += number
        wire += number * sample.wire_bytes * times
        seconds += one * number / max(1, load.concurrency) if bounds.requests else lasts
    return Estimate(
        loads=len(loads),
        rounds=repeats,
        requests=round(requests * repeats),
        wire_bytes=round(min(bounds.most_bytes, wire * repeats)),
        seconds=min(bounds.most_seconds, seconds * repeats),
        sessions=max((load.sessions for load in loads), default=1),
    )

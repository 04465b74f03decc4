"""Knowledge of an object's data as a whole, by which instances can be compared. Pure."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from mstr_arrow.instances.freshness import Cache, Published, Times

if TYPE_CHECKING:
    from collections.abc import Mapping

Consistency: TypeAlias = Literal["one instance", "published once", "likely"]
"""How certain it is that all rows are of the same data.

All come from one instance, which never changes; from several, between which certainly nothing was published; or
from several of which all that could be compared is the same.
"""

CLOSE = 1e-9
"""By which part two sums of the same doubles may differ, which are added up in any order."""


def weaker(one: Consistency, other: Consistency) -> Consistency:
    """Return the less certain of two.

    >>> weaker("one instance", "published once")
    'published once'
    """
    order = get_args(Consistency)
    return max(one, other, key=order.index)


@dataclass(frozen=True, slots=True)
class Known:
    """Knowledge of the data that an instance has: times, grand totals, rows of the grid, extremes of metrics.

    Totals and extremes are by metric id; None, and {}, where they are not known. Totals that are neither double nor
    integer are texts.
    """

    times: Times = field(default_factory=Times)
    totals: Mapping[str, float | str | None] | None = None
    total: int | None = None
    extremes: Mapping[str, tuple[object, object]] = field(default_factory=dict)

    def difference(self, later: Known) -> str | None:
        """Say what shows that these are other data; None where nothing does."""
        if None not in {self.total, later.total} and self.total != later.total:
            return f"it had {self.total} rows and has {later.total} now"
        if (told := self.times.difference(later.times)) is not None:
            return told
        for metric in self.extremes.keys() & later.extremes.keys():
            if self.extremes[metric] != later.extremes[metric]:
                before, now = (" to ".join(map(str, known.extremes[metric])) for known in (self, later))
                return f"the values of a metric went from {before}, and go from {now} now"
        if self.totals is not None and later.totals is not None:
            for metric in self.totals.keys() & later.totals.keys():
                if not self._same_total(metric, later.totals[metric]):
                    return f"the total of a metric was {self.totals[metric]}, and is {later.totals[metric]} now"
        return None

    def proves(self, later: Known) -> bool:
        """Tell whether certainly nothing was published in between."""
        return self.times.publication.proves(later.times.publication)

    def _same_total(self, metric: str, now: Any) -> bool:
        """Compare totals: doubles nearly, as they are added up in any order, everything else exactly."""
        before = (self.totals or {})[metric]
        if before == now or not (isinstance(before, float) and isinstance(now, float)):
            return bool(before == now)
        sizes = [abs(each) for each in self.extremes.get(metric, ()) if isinstance(each, (int, float))]
        return math.isclose(before, now, rel_tol=CLOSE, abs_tol=CLOSE * max(sizes, default=0.0))

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Any) -> Known:
        """Return what `as_json` gave; errors: LookupError, TypeError."""
        publication = told["times"]["publication"]
        caches = tuple(Cache(**cache) for cache in publication["caches"])
        return cls(
            Times(told["times"]["changed"], Published(caches, publication["why_not"])),
            told["totals"],
            told["total"],
            {metric: (least, greatest) for metric, (least, greatest) in told["extremes"].items()},
        )

"""The settings to choose after a sweep: the knee of the page size that gives enough. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mstr_arrow.config import Limits
from mstr_arrow.throughput.knee import enough
from mstr_arrow.throughput.units import duration, short
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from mstr_arrow.throughput.figures import Figures
    from mstr_arrow.throughput.result import Curve, Sweep

MOST_ERRORS = 0.02
"""The share of requests that may fail at a level that is recommended."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Limits for reads, and the figures behind them."""

    limits: Limits
    why: str

    @property
    def text(self) -> str:
        """The settings to choose and the reasons, as a text that names settings."""
        return naming(
            "Set {Limits.concurrency} to {concurrency} and {Limits.page_rows} to {page_rows}: {why}.",
            concurrency=self.limits.concurrency,
            page_rows=f"{self.limits.page_rows:,}",
            why=self.why,
        )


@dataclass(frozen=True, slots=True)
class _Choice:
    page_rows: int
    concurrency: int
    figures: Figures


def recommend(sweep: Sweep) -> Recommendation | None:
    """Choose limits for reads from a sweep; None where no measured load tells them.

    The function takes the knee of the page size with the most rows a second, or of the smallest page size with
    about as many rows a second. Of several objects, the one with the lowest knee counts, which is too much for
    none. Loads over several sessions do not count, since a read has one session; neither do loads that the client
    limited.
    """
    by_object: dict[str, dict[int, _Choice]] = {}
    for series, curve in sweep.curves.items():
        if series.work == "pages" and series.sessions == 1 and (choice := _knee_of(series.page_rows, curve)):
            by_object.setdefault(series.name, {})[series.page_rows] = choice
    if not by_object:
        return None
    chosen = {
        name: sizes[enough({rows: one.figures.rows_per_second for rows, one in sizes.items()})]
        for name, sizes in by_object.items()
    }
    name, least = min(chosen.items(), key=lambda each: each[1].concurrency)
    return Recommendation(
        Limits(concurrency=least.concurrency, page_rows=least.page_rows),
        _why(name, least, by_object[name], several=len(chosen) > 1),
    )


def _knee_of(page_rows: int, curve: Curve) -> _Choice | None:
    """Give the knee of a series, or the highest level below it that went without errors."""
    if curve.verdict.part == "client":
        return None
    numbers = [
        number
        for number, one in curve.levels.items()
        if number <= curve.knee.concurrency and one.failed <= MOST_ERRORS and one.rows_per_second.mean > 0
    ]
    return _Choice(page_rows, max(numbers), curve.levels[max(numbers)]) if numbers else None


def _why(name: str, choice: _Choice, sizes: dict[int, _Choice], *, several: bool) -> str:
    one = choice.figures
    gave = f"they gave {short(one.rows_per_second.mean)} rows/s, p95 {duration(one.latencies[95.0])}"
    others = [each for each in sizes.values() if each is not choice]
    if others:
        best = max(others, key=lambda each: each.figures.rows_per_second.mean)
        gave += (
            f", and the best of the other page sizes {short(best.figures.rows_per_second.mean)} rows/s "
            f"({best.page_rows:,} rows, p95 {duration(best.figures.latencies[95.0])})"
        )
    return f"{gave}; of the objects measured {name} bears the least" if several else gave

"""The simulated project at its beginning: all sample cubes and reports."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from .awkward import awkward_cube
from .customers import customer_cube, customer_reports
from .layouts import layout_reports
from .page_by_reports import page_by_reports
from .prompted_reports import reports_with_prompts
from .sales import sales_cube
from .small import small_cubes

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.cubes import Cube
    from mstr_arrow.simulator.model.reports import Report


@lru_cache(maxsize=8)
def sample_cubes(rows: int, seed: int, *, moved: bool = False) -> tuple[Cube, ...]:
    """Make every sample cube; only the Sales Cube depends on the arguments."""
    return (sales_cube(rows, seed, moved=moved), *_same_cubes())


@lru_cache(maxsize=8)
def sample_reports(rows: int, seed: int) -> tuple[Report, ...]:
    """Make every sample report; only the Big Cross-tab depends on the arguments."""
    return (*layout_reports(rows, seed), *_same_reports())


@cache
def _same_cubes() -> tuple[Cube, ...]:
    return (awkward_cube(), *small_cubes(), customer_cube())


@cache
def _same_reports() -> tuple[Report, ...]:
    return (*reports_with_prompts(), *page_by_reports(), *customer_reports())

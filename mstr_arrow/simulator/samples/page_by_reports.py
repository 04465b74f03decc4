"""The sample reports with page-by: one to three attributes, pages without data, 1,500 pages, types that differ."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import polars as pl

from mstr_arrow.simulator.model.choice_prompts import ElementsPrompt
from mstr_arrow.simulator.model.cubes import draw
from mstr_arrow.simulator.model.prompts import Questions, ValuePrompt, metric_operand
from mstr_arrow.simulator.model.reports import Report

from . import words
from .building import axis_of, metric_of, number_attribute, texts
from .prompted_reports import CATEGORY, ITEM, REGION, REVENUE, UNITS, YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mstr_arrow.simulator.model.cubes import Attribute

FOLDER = ("Public Objects", "Paged Reports")

_SCOPE = "paged"
_STORES, _MONTHS = 60, 30
_EVERY_SIXTH = 6

STORE = number_attribute(
    "Store",
    range(1_001, 1_001 + _STORES),
    [" ".join(parts) for parts in product(words.CITIES, words.PLACES)][:_STORES],
    scope=_SCOPE,
)
MONTH = texts("Month", [f"{2022 + n // 12}-{n % 12 + 1:02}" for n in range(_MONTHS)], scope=_SCOPE)
TERRITORY = texts("Territory", ["North", None, "East", "Nowhere", ""], scope=_SCOPE)
CHANNEL = texts("Channel", words.CHANNELS, scope=_SCOPE)


def page_by_reports() -> list[Report]:
    """Make every report with page-by."""
    territories = [(t, year, item) for t, year, item in product((2, 0, 1, 4), range(4), range(12)) if item % 4 <= t]
    some = [line for line in product(range(4), range(5), range(4), range(3)) if (line[0] + line[1]) % 3]
    three = [line for line in product(range(5), range(4), range(3), range(4)) if line[0] * 7 % (line[1] + 2) < 2]
    share = metric_of("Share", "double", _shares(), scope=_SCOPE)
    by_two = [YEAR, REGION, CATEGORY, CHANNEL]
    regions = ElementsPrompt(name="Regions", title="Regions to show", attribute=REGION, least=1)
    least_units = ValuePrompt(
        name="Least Units",
        data_type="NUMERIC",
        subject=metric_operand(UNITS),
        operator="GreaterEqual",
        required=False,
    )
    return [
        _report("Paged", [TERRITORY, YEAR, ITEM], territories, page_by=1),
        _report("Paged By Two", by_two, some, page_by=2),
        _report("Paged By Three", [REGION, YEAR, CHANNEL, CATEGORY], three, page_by=3),
        replace(
            _report("Paged Types", [REGION, YEAR, CATEGORY], product(range(5), range(4), range(4)), page_by=1),
            metrics=(share, UNITS),
            narrowed=frozenset({share.id}),
        ),
        replace(
            _report("Paged Cross-tab", [REGION, YEAR, ITEM], product(range(5), range(4), range(12)), page_by=1),
            columns=axis_of([CHANNEL], product(range(3))),
            metrics_index=1,
            present=draw(601, 4) > 0,
        ),
        _report("Paged Many", [STORE, MONTH, CATEGORY], _many(), page_by=2),
        replace(
            _report("Paged And Prompted", by_two, some, page_by=2),
            questions=Questions(levels=(lambda _: (regions, least_units),)),
        ),
    ]


def _report(name: str, attributes: Sequence[Attribute], lines: Iterable[Sequence[int]], *, page_by: int) -> Report:
    return Report(
        name=name, rows=axis_of(attributes, lines), metrics=(REVENUE, UNITS), folder=FOLDER, page_by=page_by
    )


def _many() -> list[tuple[int, int, int]]:
    """List one to four categories in each of 1,500 months of stores; every sixth month of a store has no data."""
    return [
        (store, month, category)
        for store, month in product(range(_STORES), range(_MONTHS))
        if (store + month) % _EVERY_SIXTH
        for category in range(1 + (store * 7 + month) % 4)
    ]


def _shares() -> pl.Expr:
    """Give short integers to the first page of sixteen rows, then doubles, long integers, nothing, and doubles."""
    row = pl.col("row")
    page = row // 16
    return (
        pl.when(page == 0)
        .then(row.cast(pl.Float64))
        .when(page == 2)
        .then(row * 100_000.0)
        .when(page == 3)
        .then(None)
        .otherwise(row / pl.lit(4.0))
    )

"""The sample reports that ask back: a prompt of each type, nested ones, the same one twice.

They show sales by year, region, item and day, 240 rows, or by supplier, 2,500 rows. Every revenue is a multiple of
a quarter, so that sums are exact in any order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.model.choice_prompts import (
    ElementsPrompt,
    ExpressionPrompt,
    LevelPrompt,
    ObjectsPrompt,
    element_names,
)
from mstr_arrow.simulator.model.cubes import DESC_FORM, ID_FORM, Form, draw, pick
from mstr_arrow.simulator.model.prompts import Prompt, Questions, ValuePrompt, form_operand, metric_operand
from mstr_arrow.simulator.model.reports import Report

from . import words
from .building import axis_of, dates, metric_of, number_attribute, of_forms, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.simulator.model.cubes import Attribute
    from mstr_arrow.simulator.model.prompts import Level

FOLDER = ("Public Objects", "Prompted Reports")

_YEARS = (2022, 2023, 2024, 2025)
_CATEGORIES = ("Books", "Music", "Été & Co", "Toys")
_ITEMS = (
    *("Atlas", "Novel", "Comic [1]", "Cello", "Flute", "Drum"),
    *("Parasol", "Hammock", "Lantern", "Kite", "Puzzle", 'Robot "R2"'),
)
_ITEMS_PER_CATEGORY = 3
_SCOPE = "prompted"
_MOST_SUPPLIERS = 400
_TWIN = "Twin & Co"


def _years() -> Attribute:
    form = Form(data_type="integer", value=pick(_YEARS, pl.Int64, pl.col("key")))
    return of_forms("Year", [form], nulls=[False] * len(_YEARS), scope=_SCOPE)


def _days() -> list[date]:
    return [
        date(year, item + 1, region * 5 + 1)
        for year, region, item in product(_YEARS, range(len(words.REGIONS)), range(len(_ITEMS)))
    ]


def _suppliers() -> list[str]:
    """Name 1,250 suppliers, two of which have one name."""
    names = [" ".join(parts) for parts in product(words.QUALITIES, words.TRADES)][:1_250]
    return [_TWIN if n in {600, 1_100} else name for n, name in enumerate(names)]


_LINES = list(product(range(len(_YEARS)), range(len(words.REGIONS)), range(len(_ITEMS))))
YEAR, REGION = _years(), texts("Region", words.REGIONS, scope=_SCOPE)
CATEGORY, ITEM = texts("Category", _CATEGORIES, scope=_SCOPE), texts("Item", _ITEMS, scope=_SCOPE)
DAY = dates("Day", "date", _days(), scope=_SCOPE)
SUPPLIER = number_attribute("Supplier", range(5_000, 6_250), _suppliers(), scope=_SCOPE)
REVENUE = metric_of("Revenue", "double", (draw(501, 10**6) / pl.lit(4.0)).cast(pl.Float64), scope=_SCOPE)
UNITS = metric_of("Units", "integer", draw(502, 200) + 1, scope=_SCOPE)
COST = metric_of("Cost", "double", (draw(503, 10**5) / pl.lit(4.0)).cast(pl.Float64), scope=_SCOPE)
LEVEL_REVENUE = metric_of("Revenue At Level", "double", REVENUE.value, scope=_SCOPE)
_METRICS = (REVENUE, UNITS, COST)


def reports_with_prompts() -> list[Report]:
    """Make every report that asks back."""
    least = ValuePrompt(
        name="Least Revenue",
        title="Revenue of at least",
        data_type="NUMERIC",
        subject=metric_operand(REVENUE),
        operator="GreaterEqual",
        least=0,
        most=250_000,
    )
    begins = ValuePrompt(
        name="Region Begins With",
        data_type="TEXT",
        subject=form_operand(REGION, DESC_FORM),
        operator="BeginsWith",
        least=1,
        most=6,
    )
    first_day = ValuePrompt(
        name="First Day",
        title="Nothing before",
        data_type="DATE",
        subject=form_operand(DAY, ID_FORM),
        operator="GreaterEqual",
        least=datetime(2022, 1, 1),  # noqa: DTZ001 - prompts have no zone
        most=datetime(2025, 12, 31),  # noqa: DTZ001 - prompts have no zone
    )
    year = ElementsPrompt(name="Year", title="Which year?", attribute=YEAR, least=1, most=1)
    suppliers = ElementsPrompt(name="Suppliers", attribute=SUPPLIER, least=1, most=_MOST_SUPPLIERS)
    metrics = ObjectsPrompt(
        name="Metrics",
        title="Metrics to show",
        offered=_METRICS,
        shows="metric",
        least=1,
        most=2,
        default=[{"id": REVENUE.id, "type": "metric"}],
    )
    attributes = ObjectsPrompt(
        name="Attributes", offered=(YEAR, REGION, CATEGORY, ITEM), shows="attribute", required=False
    )
    rows = ExpressionPrompt(
        name="Which Rows", title="Qualify on", offered=(YEAR, REGION, DAY), shows="attribute", least=1, most=3
    )
    amounts = ExpressionPrompt(
        name="How Much",
        offered=_METRICS,
        shows="metric",
        required=False,
        default={"content": "Units > 20", "expression": _more_units_than(20)},
    )
    level = LevelPrompt(name="Revenue Level", offered=(YEAR, REGION, CATEGORY), least=1, most=2)
    some_units = ValuePrompt(
        name="Most Units",
        data_type="NUMERIC",
        subject=metric_operand(UNITS),
        operator="LessEqual",
        least=1,
        most=200,
        required=False,
    )
    usual = ElementsPrompt(
        name="Regions",
        attribute=REGION,
        required=False,
        default=[{"id": f"h{n};{REGION.id}", "name": words.REGIONS[n - 1]} for n in (1, 3)],
    )
    items = ElementsPrompt(name="Items", attribute=ITEM, required=False)
    unsupported = Prompt(name="Strange", title="Something that REST cannot ask", required=False)
    years = (
        replace(year, operator="GreaterEqual"),
        replace(year, operator="LessEqual", occurrence=1),
    )
    return [
        _sales("Prompted Value", [least, begins, first_day]),
        _by_supplier("Prompted Elements", [year, suppliers]),
        _sales("Prompted Twice", years),
        _sales("Prompted Nested", [_CATEGORY_PROMPT], nested=(_items_of_the_category, _units_of_the_items)),
        _sales("Prompted Objects", [metrics, attributes]),
        _sales("Prompted Expression", [rows, amounts]),
        _sales("Prompted Level", [level], level_metric=True),
        _sales("Prompted Optional", [some_units, usual, items]),
        _sales("Prompted Unsupported", [unsupported]),
        _sales(
            "Prompted Everything",
            [*years, least, first_day, replace(begins, required=False), metrics, rows, amounts, level, unsupported],
            nested=(lambda _: (_CATEGORY_PROMPT,), _items_of_the_category, _units_of_the_items),
            level_metric=True,
        ),
    ]


_CATEGORY_PROMPT = ElementsPrompt(name="Category", attribute=CATEGORY, least=1, most=1)


def _items_of_the_category(answers: Mapping[str, Any]) -> tuple[Prompt, ...]:
    """Ask for items of the category that was chosen."""
    (category,) = _CATEGORY_PROMPT.read_elements(answers[_CATEGORY_PROMPT.key])
    first = list(element_names(CATEGORY)["id"]).index(category) * _ITEMS_PER_CATEGORY
    keys = tuple(range(first, first + _ITEMS_PER_CATEGORY))
    return (ElementsPrompt(name="Items", attribute=ITEM, keys=keys),)


def _units_of_the_items(answers: Mapping[str, Any]) -> tuple[Prompt, ...]:
    """Ask for the least number of units, where more than one item was chosen; 1 is the default."""
    items = answers[ElementsPrompt(name="Items", attribute=ITEM).key]
    if len(items) < 2:
        return ()
    prompt = ValuePrompt(
        name="Least Units",
        data_type="NUMERIC",
        subject=metric_operand(UNITS),
        operator="GreaterEqual",
        least=1,
        most=200,
        default="1",
    )
    return (prompt,)


def _sales(
    name: str, first: Sequence[Prompt], *, nested: Sequence[Level] = (), level_metric: bool = False
) -> Report:
    """Make a report of sales by year, region, category, item and day."""
    lines = [
        (year, region, item // _ITEMS_PER_CATEGORY, item, number)
        for number, (year, region, item) in enumerate(_LINES)
    ]
    return Report(
        name=name,
        rows=axis_of([YEAR, REGION, CATEGORY, ITEM, DAY], lines),
        metrics=(*_METRICS, LEVEL_REVENUE) if level_metric else _METRICS,
        folder=FOLDER,
        questions=Questions(
            levels=(lambda _: tuple(first), *nested), level_metric=LEVEL_REVENUE.id if level_metric else None
        ),
    )


def _by_supplier(name: str, first: Sequence[Prompt]) -> Report:
    """Make a report of sales by year and supplier, in each of two years."""
    lines = [(2 * half + n % 2, n) for half in range(2) for n in range(SUPPLIER.cardinality)]
    return Report(
        name=name,
        rows=axis_of([YEAR, SUPPLIER], lines),
        metrics=_METRICS,
        folder=FOLDER,
        questions=Questions(levels=(lambda _: tuple(first),)),
    )


def _more_units_than(number: int) -> dict[str, Any]:
    value = {"type": "constant", "dataType": "Int64", "value": str(number)}
    return {"operator": "Greater", "operands": [{"type": "metric", "id": UNITS.id, "name": "Units"}, value]}

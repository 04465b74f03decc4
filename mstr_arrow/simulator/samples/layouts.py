"""Sample reports of every layout that a page can have, each with values that go wrong somewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import polars as pl

from mstr_arrow.simulator.model.cubes import DESC_FORM, Attribute, Form, Metric, draw, pick
from mstr_arrow.simulator.model.reports import ROWS, TOTAL, Axis, Report, Unit

from .building import Key, attribute_of, axis_of, dates, metric_of, number_attribute, of_forms, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

_REGIONS = ("North", 'The "South"', "", None, "Übersee 🌊", "West\\Far", "null", "Total")
_STORES = (
    (1001, "Łódź [1]"),
    (2**53 + 1, "L'Atelier"),
    (None, None),
    (7, ""),
    (2**31, "}],[{"),
    (-5, "東京"),
    (8, "Łódź [1]"),
)
_CHANNELS = ("Web", "Store", None, 'Phone "24h"')
_AIRPORTS = (("Baltimore", 10), ("", 20), ("[[0,0]]", 2**40), (None, None), ("Ørland", -1))
_DAYS = (date(2024, 1, 31), None, date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29))
_MOMENTS = (datetime(2024, 1, 31, 10, 20, 30, 123_456), datetime(1970, 1, 1), None)  # noqa: DTZ001 - no zone there
_LETTERS = ("A", "B", "C", "D", "E", "F", "G")

_REVENUE = (0.1 + 0.2, 1250.75, -3.5, 4.0, 99999.25, 0.0, 1e22, 12.34, -0.0, 7.25, 123456789.125)
_UNITS = (1, 12, 0, -7, 2**31, 99, 5)
_LEDGER = (2**53 + 1, 2**63 - 1, None, -(2**63 - 1), 0)
_PRICES = (
    (Decimal("0.000000000000000001"), "0.000000000000000001"),
    (Decimal("99999999999999999999.999999999999999999"), '"99999999999999999999.999999999999999999"'),
    (None, "null"),
    (Decimal("12.5"), "12.5000"),
)
_NOTES = ("text", "", None, "null", 'a "b"', "],[", "1.5", "\n", "{}", "😀", "Total", "\\")


def layout_reports(rows: int, seed: int) -> list[Report]:
    """Make a report of each layout; only the Big Cross-tab depends on the arguments."""
    return [*_same_reports(), _big_crosstab(rows, seed)]


@cache
def _same_reports() -> tuple[Report, ...]:
    return (*_tables(), *_crosstabs(), *_metrics_on_rows(), *_groups())


def _tables() -> list[Report]:
    flat = axis_of(
        [texts("Region", _REGIONS), _stores(), dates("Day", "date", _DAYS)], product(range(8), range(7), range(5))
    )
    moment = dates("Moment", "timeStamp", _MOMENTS)
    totals = _nest((8, 7), total_at=(0, 1))
    two_levels = _nest((4, 5, 3), total_at=(0, 1, 2))
    region = texts("Region", _REGIONS)
    return [
        Report(name="Plain Report", rows=flat, metrics=_metrics()),
        Report(
            name="Report With Subtotals", rows=axis_of([region, _stores()], totals), metrics=_metrics(), totals=True
        ),
        Report(
            name="Two Level Subtotals",
            rows=axis_of([texts("Channel", _CHANNELS), _airports(), moment], two_levels, total="Gesamt"),
            metrics=_metrics("Revenue", "Units", "Ledger Id"),
            totals=True,
        ),
        Report(name="Attributes Only Report", rows=axis_of([region, _stores()], product(range(8), range(7)))),
        Report(name="Metrics Only Report", metrics=_metrics()),
        Report(name="Empty Report", rows=axis_of([region, _stores()], []), metrics=_metrics()),
    ]


def _crosstabs() -> list[Report]:
    rows = axis_of([texts("Region", _REGIONS), _stores()], product(range(8), range(7)))
    channel, airport = texts("Channel", _CHANNELS), _airports()
    partial = [(0, 1), (0, 0), (1, 3), (2, 0), (2, 4), (3, 2)]
    one, two = axis_of([channel], product(range(4))), axis_of([channel, airport], partial)
    metrics, few = _metrics(), _metrics("Revenue", "Note")
    present = draw(71, 3) > 0
    total_rows = axis_of([texts("Region", _REGIONS), _stores()], _nest((5, 7), total_at=(0, 1)))
    total_columns = axis_of([channel, airport], _nest((3, 4), total_at=(0, 1)))
    empty = Axis(units=rows.units, count=0)
    return [
        Report(name="Cross-tab Metrics Last", rows=rows, columns=one, metrics=metrics, metrics_index=1),
        Report(name="Cross-tab Metrics First", rows=rows, columns=one, metrics=metrics),
        Report(name="Cross-tab Metrics Between", rows=rows, columns=two, metrics=few, metrics_index=1),
        Report(name="Cross-tab Two Forms On Columns", rows=rows, columns=two, metrics=metrics, metrics_index=2),
        Report(
            name="Cross-tab Sparse",
            rows=axis_of([texts("Region", _REGIONS), _stores()], [(n * 5 % 8, n * 3 % 7) for n in range(56)]),
            columns=two,
            metrics=metrics,
            metrics_index=2,
            present=present,
        ),
        Report(
            name="Cross-tab With Subtotals",
            rows=total_rows,
            columns=total_columns,
            metrics=_metrics("Revenue", "Units", "Note"),
            metrics_index=2,
            present=draw(72, 5) > 0,
            totals=True,
        ),
        Report(name="Cross-tab One Metric", rows=rows, columns=two, metrics=_metrics("Ledger Id"), metrics_index=2),
        Report(name="Cross-tab Columns Only", columns=two, metrics=metrics, metrics_index=2),
        Report(name="Empty Cross-tab", rows=empty, columns=replace(two, count=0), metrics=few, metrics_index=2),
    ]


def _metrics_on_rows() -> list[Report]:
    units = [texts("Region", _REGIONS), _stores()]
    rows = axis_of(units, product(range(8), range(7)))
    columns = axis_of([texts("Channel", _CHANNELS), _airports()], [(0, 1), (1, 0), (1, 3), (3, 2)])
    on_rows = _metrics("Units", "Revenue", "Ledger Id", "Note")
    totals = axis_of(units, _nest((4, 7), total_at=(0, 1)))
    return [
        Report(name="Metrics On Rows", rows=rows, metrics=on_rows, metrics_axis=ROWS, metrics_index=2),
        Report(
            name="Metrics On Rows With Columns",
            rows=rows,
            columns=columns,
            metrics=on_rows,
            metrics_axis=ROWS,
            metrics_index=2,
            present=draw(73, 4) > 0,
        ),
        Report(name="Metrics First On Rows", rows=rows, metrics=on_rows, metrics_axis=ROWS),
        Report(
            name="Metrics Between On Rows",
            rows=rows,
            columns=columns,
            metrics=on_rows,
            metrics_axis=ROWS,
            metrics_index=1,
        ),
        Report(name="Metrics Only On Rows", metrics=_metrics(), metrics_axis=ROWS),
        Report(
            name="Metrics On Rows With Subtotals",
            rows=totals,
            columns=axis_of([texts("Channel", _CHANNELS)], _nest((4,), total_at=(0,))),
            metrics=on_rows,
            metrics_axis=ROWS,
            metrics_index=2,
            totals=True,
        ),
    ]


def _groups() -> list[Report]:
    ages = _group("Age Group", "customgroup", ("Under 20", '20 "to" 40', "Over 40", ""))
    shares = _group("Shares", "consolidation", ("Spring / Year", "Summer / Year", "Half [1]"))
    region = texts("Region", _REGIONS)
    nodes = _group(
        "Geography", "hierarchy", ("World", "Europe", "Asia", "Łódź", "Lyon", "東京", 'Oslo "N"', "Bari")
    )
    wide = _group("Segments", "customgroup", ("Loyal", "New", "Top 10 %", "Rest", "All"))
    paths = [(0, 1, 3), (0, 1, 4), (0, 1, 6), (0, 1, 7), (0, 1, None), (0, 2, 5), (0, 2, None), (0, None, None)]
    pairs = [(0, 2), (0, 3), (0, None), (1, 2), (1, 3), (1, None), (4, None)]
    across = [(*path, channel) for path in paths for channel in range(4)]
    return [
        Report(name="Custom Group", rows=axis_of([ages, region], product(range(4), range(8))), metrics=_metrics()),
        Report(
            name="Consolidation", rows=axis_of([region, shares], product(range(8), range(3))), metrics=_metrics()
        ),
        Report(
            name="Group On Columns",
            rows=axis_of([region, _stores()], product(range(8), range(7))),
            columns=axis_of([ages], product(range(4))),
            metrics=_metrics("Revenue", "Units"),
            metrics_index=1,
        ),
        Report(
            name="Hierarchy",
            rows=axis_of([nodes, texts("Channel", _CHANNELS)], across, widths=(3, 1)),
            metrics=_metrics(),
        ),
        Report(
            name="Nested Custom Group",
            rows=axis_of(
                [wide, region], [(*pair, n) for pair in pairs for n in range(8)], widths=(2, 1), negative=True
            ),
            metrics=_metrics(),
        ),
        Report(
            name="Hierarchy On Columns",
            rows=axis_of([region, _stores()], product(range(8), range(7))),
            columns=axis_of([wide], pairs, widths=(2,)),
            metrics=_metrics("Revenue", "Note"),
            metrics_index=1,
            present=draw(74, 6) > 0,
        ),
    ]


def _big_crosstab(rows: int, seed: int) -> Report:
    """Make a cross-tab of about this many tidy rows: an order and a region per line, 4 quarters by 2 channels."""
    salt = seed * 100 + 50
    lines = max(1, rows // 8)
    number = 3_000_000_000 + pl.col("key")
    order = attribute_of("Order", "integer", number, key=pl.col("row"), cardinality=lines)
    customer = pick([f"Customer {n}" for n in range(5_000)], pl.String, pl.col("key"))
    axis = Axis(
        units=(
            Unit(attribute=order),
            Unit(
                attribute=attribute_of("Customer", "nVarChar", customer, key=draw(salt, 5_000), cardinality=5_000)
            ),
        ),
        count=lines,
    )
    quarters, channels = (
        texts("Quarter", ("2024 Q1", "2024 Q2", "2024 Q3", "2024 Q4")),
        texts("Way", ("Web", "Store")),
    )
    cents, row = draw(salt + 1, 10**8), pl.col("row")
    revenue = pl.when(row < 2).then((row * 10**8).cast(pl.Float64)).otherwise(cents.cast(pl.Float64) / 64)
    units = pl.when(row < 2).then(row * 998 + 1).otherwise(draw(salt + 2, 999) + 1)
    return Report(
        name="Big Cross-tab",
        rows=axis,
        columns=axis_of([quarters, channels], product(range(4), range(2))),
        metrics=(metric_of("Revenue", "double", revenue), metric_of("Units", "integer", units)),
        metrics_index=2,
        dense=True,
    )


def _metrics(*names: str) -> tuple[Metric, ...]:
    """Choose among the metrics that the small reports share; no name chooses all."""
    row = pl.col("row")
    prices = [value for value, _ in _PRICES]
    spelled = pick([text for _, text in _PRICES], pl.String, row % len(_PRICES))
    price = metric_of("List Price", "bigDecimal", pick(prices, pl.Decimal(38, 18), row % len(prices)))
    metrics = (
        replace(
            metric_of("Revenue", "double", pick(_REVENUE, pl.Float64, row % 11)), currency="$", threshold=1000.0
        ),
        metric_of("Units", "integer", pick(_UNITS, pl.Int64, row % 7)),
        replace(metric_of("Ledger Id", "Int64", pick(_LEDGER, pl.Int64, row % 5)), aggregation="max"),
        replace(price, json=spelled, aggregation="max"),
        metric_of("Note", "nVarChar", pick(_NOTES, pl.String, row % 12)),
        metric_of("Last Sale", "date", pick(_DAYS, pl.Date, row % 5)),
    )
    return tuple(metric for metric in metrics if not names or metric.name in names)


def _nest(counts: Sequence[int], *, total_at: Sequence[int]) -> list[tuple[Key, ...]]:
    """List the lines of nested units, with a total behind the elements of each unit in ``total_at``."""
    if not counts:
        return [()]
    inner = _nest(counts[1:], total_at=[level - 1 for level in total_at])
    lines = [(key, *rest) for key in range(counts[0]) for rest in inner]
    return [*lines, (TOTAL,) * len(counts)] if 0 in total_at else lines


def _stores() -> Attribute:
    numbers, names = zip(*_STORES, strict=True)
    return number_attribute("Store", numbers, names)


def _airports() -> Attribute:
    names, numbers = zip(*_AIRPORTS, strict=True)
    return of_forms(
        "Airport",
        [
            Form(id=DESC_FORM, name="DESC", data_type="nVarChar", value=pick(names, pl.String, pl.col("key"))),
            Form(data_type="integer", value=pick(numbers, pl.Int64, pl.col("key"))),
        ],
        nulls=[number is None for number in numbers],
    )


def _group(name: str, kind: str, names: Sequence[str]) -> tuple[Attribute, str]:
    return texts(name, names), kind

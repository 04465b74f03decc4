"""Sample data models: one with two tables and parameters, one that was never published, one that is live."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from mstr_arrow.simulator.model.cubes import Cube, object_id
from mstr_arrow.simulator.model.data_models import DataModel, LogicalTable, Parameter

from .building import dates, metric_of, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

_CITIES = ("Lyon", "Paris", "Rome", "Oslo", "Bern")
_DAYS = tuple(date(2026, 1, 1) + timedelta(days=number) for number in range(8))
_RATES = {"EUR": 1.0, "USD": 2.0, "GBP": 4.0}
_FOLDER = ("Public Objects", "Retail Models")

YTD_DAY, CITY_MONTH = (
    LogicalTable(id=object_id("logical table", name), name=name) for name in ("ytd_day", "city_mnth_sls")
)
PARAMETERS = (
    Parameter(id=object_id("parameter", "City"), name="City", data_type="string"),
    Parameter(
        id=object_id("parameter", "Currency"),
        name="Currency",
        data_type="string",
        default="EUR",
        values=tuple(_RATES),
    ),
    Parameter(
        id=object_id("parameter", "Growth"), name="Growth", data_type="number", default="0", limits=(0, 100, 5)
    ),
)


def data_models() -> list[DataModel]:
    """Make the sample data models."""
    facts = LogicalTable(id=object_id("logical table", "facts"), name="facts")
    return [
        DataModel(tables=(YTD_DAY, CITY_MONTH), made=_retail, parameters=PARAMETERS, applied=_with_parameters),
        DataModel(tables=(facts,), made=lambda loads: replace(_small("Draft Model"), published=bool(loads))),
        DataModel(tables=(facts,), made=lambda _: _small("Live Model"), serve_mode="connect_live"),
    ]


def _retail(loads: Mapping[str, int]) -> Cube:
    """Make "Retail Model": each load of a table adds a thousand to the metrics of its rows."""
    day = replace(dates("Day", "date", _DAYS, scope="model"), key=pl.col("row") // len(_CITIES))
    city = replace(texts("City", _CITIES, scope="model"), key=pl.col("row") % len(_CITIES))
    ytd = pl.col("row") * 3 + 1000 * loads.get(YTD_DAY.id, 0)
    month = pl.col("row") + 1000 * loads.get(CITY_MONTH.id, 0)
    return Cube(
        name="Retail Model",
        attributes=(day, city),
        metrics=(
            metric_of("YTD Sales", "integer", ytd, scope="model"),
            metric_of("Month Sales", "integer", month, scope="model"),
            metric_of("Planned Sales", "double", (month * 1.0), scope="model"),
        ),
        total=len(_DAYS) * len(_CITIES),
        folder=_FOLDER,
    )


def _with_parameters(cube: Cube, values: Mapping[str, str]) -> Cube:
    """Show the plan in a currency, grown by some per cent; and one city, where one is named."""
    factor = _RATES[values["Currency"]] * (1 + float(values["Growth"]) / 100)
    planned = cube.metrics[-1]
    metrics = (*cube.metrics[:-1], replace(planned, value=planned.value * factor))
    rows = pl.Series(range(cube.total), dtype=pl.Int64)
    if "City" in values:
        place = _CITIES.index(values["City"]) if values["City"] in _CITIES else -1
        rows = rows.filter(rows % len(_CITIES) == place)
    return replace(cube, metrics=metrics, order=rows, total=len(rows))


def _small(name: str) -> Cube:
    item = replace(texts("Item", ("pen", "ink"), scope=name), key=pl.col("row"))
    amount = metric_of("Amount", "integer", pl.col("row") + 1, scope=name)
    return Cube(name=name, attributes=(item,), metrics=(amount,), total=2, folder=_FOLDER)

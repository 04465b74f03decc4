"""The Sales Cube: retail data of any number of rows that look like what people have."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import polars as pl

from mstr_arrow.simulator.model.cubes import DESC_FORM, Attribute, Cube, Form, Metric, draw, object_id, pick

from . import words

if TYPE_CHECKING:
    from collections.abc import Sequence

_SLOTS = 18_000
_SLOT_SECONDS = 5_255
_START = datetime(2022, 1, 1, 6, 0, 0)  # noqa: DTZ001 - the server's time stamps have no zone
_FIRST_ORDER = 3_000_000_000


def sales_cube(rows: int, seed: int, *, moved: bool = False) -> Cube:
    """Make the Sales Cube with this many rows; the same seed gives the same data for ever.

    ``moved`` has the orders of the first tenth and those of the last change places: totals and extremes stay.
    """
    salt = seed * 100
    stores = len(words.CITIES) * len(words.PLACES)
    store = draw(salt + 1, stores)
    slot = (pl.col("row") * _SLOTS // max(rows, 1) + draw(salt + 2, 401) - 200).clip(0, _SLOTS - 1)
    order = _orders(salt, rows, moved=moved)
    return Cube(
        name="Sales Cube",
        attributes=(
            order,
            _texts("Region", words.REGIONS, store // (stores // len(words.REGIONS))),
            _stores(store),
            _texts("Product", _products(), draw(salt + 3, len(_products()))),
            _customers(salt),
            _days(slot),
            _moments(salt, slot),
            _texts("Channel", words.CHANNELS, draw(salt + 4, len(words.CHANNELS))),
        ),
        metrics=_metrics(salt),
        total=rows,
        keys=frozenset({order.id}),
        tables=("sales",),
    )


def _orders(salt: int, rows: int, *, moved: bool) -> Attribute:
    row, part = pl.col("row"), rows // 10
    away = rows - part
    exchanged = pl.when(row < part).then(row + away).when(row >= away).then(row - away).otherwise(row)
    number = _FIRST_ORDER + pl.col("key") * 7 + draw(salt + 10, 7, pl.col("key"))
    return _attribute("Order", "integer", number, key=exchanged if moved else row, cardinality=rows)


def _stores(key: pl.Expr) -> Attribute:
    names = [f"{city} {place}" for city, place in product(words.CITIES, words.PLACES)]
    number = 1001 + pl.col("key")
    name = pick(names, pl.String, pl.col("key"))
    return Attribute(
        id=object_id("attribute", "Store"),
        name="Store",
        forms=(
            Form(data_type="integer", value=number),
            Form(id=DESC_FORM, name="DESC", data_type="nVarChar", value=name),
        ),
        key=key,
        element=number.cast(pl.String),
        cardinality=len(names),
    )


def _products() -> list[str]:
    return [" ".join(parts) for parts in product(words.MATERIALS, words.THINGS, words.SIZES)]


def _customers(salt: int) -> Attribute:
    """Give customers by name: key 0 is the null element, key 1 the empty text, each in about 1 % of the rows."""
    names, value = _customer_names()
    known = draw(salt + 6, names - 2) + 2
    rare = draw(salt + 7, 100)
    key = pl.when(rare < 2).then(rare).otherwise(known)
    return _attribute("Customer", "nVarChar", value, key=key, cardinality=names)


@cache
def _customer_names() -> tuple[int, pl.Expr]:
    names = [" ".join(parts) for parts in product(words.QUALITIES, words.TRADES, words.LEGAL_FORMS)]
    return len(names), pick([None, "", *names[2:]], pl.String, pl.col("key"))


def _days(slot: pl.Expr) -> Attribute:
    first = _START.replace(hour=0)
    day = (pl.lit(first) + pl.duration(days=pl.col("key"))).cast(pl.Date)
    seconds = slot * _SLOT_SECONDS + (_START - first).seconds
    days = (_SLOTS * _SLOT_SECONDS) // 86_400 + 2
    return _attribute("Day", "date", day, key=seconds // 86_400, cardinality=days)


def _moments(salt: int, slot: pl.Expr) -> Attribute:
    """Give a time stamp per slot of 88 minutes; one in eight has milliseconds."""
    fraction = draw(salt + 8, 1_000, pl.col("key"))
    milliseconds = pl.when(draw(salt + 9, 8, pl.col("key")) == 0).then(fraction).otherwise(0)
    moment = pl.lit(_START) + pl.duration(seconds=pl.col("key") * _SLOT_SECONDS, milliseconds=milliseconds)
    return _attribute("Sold At", "timeStamp", moment.cast(pl.Datetime("us")), key=slot, cardinality=_SLOTS)


def _metrics(salt: int) -> tuple[Metric, ...]:
    cents = _between(salt + 20, 99, 2_000_098)
    revenue = _hundredths(cents).cast(pl.Float64)  # through text: Polars divides by multiplying, which is inexact
    share = draw(salt + 22, 2**53).cast(pl.Float64) / 2**54 + 0.25
    cost = _extremes(revenue * share, 0.1, 20_001.0)
    row_count = "Row Count - sales"
    return (
        _metric("Revenue", "double", revenue, currency="$"),
        _metric("Units", "integer", _between(salt + 21, 1, 99)),
        _metric("Cost", "double", pl.when(draw(salt + 23, 50) > 0).then(cost), currency="$"),
        replace(_metric("Ledger Id", "Int64", _between(salt + 24, 2**53 + 1, 2**63 - 1)), aggregation="max"),
        _metric("List Price", "bigDecimal", _prices(salt)),
        Metric(
            id=object_id("metric", row_count),
            name=row_count,
            data_type="integer",
            value=pl.col("row") * 0 + 1,
            hidden=True,
            definition_type="reserved",
        ),
    )


def _prices(salt: int) -> pl.Expr:
    """Give prices below 10,000 with 2 decimals, one in four with up to 18."""
    cents = _between(salt + 25, 1, 999_999)
    tail = pl.when(draw(salt + 26, 4) == 0).then(draw(salt + 27, 10**16)).otherwise(0)
    digits = pl.concat_str(_hundredths(cents), _extremes(tail, 0, 0).cast(pl.String).str.zfill(16))
    return digits.cast(pl.Decimal(38, 18))


def _hundredths(cents: pl.Expr) -> pl.Expr:
    """Write a number of cents with two decimals."""
    return pl.concat_str((cents // 100).cast(pl.String), pl.lit("."), (cents % 100).cast(pl.String).str.zfill(2))


def _between(salt: int, least: int, greatest: int) -> pl.Expr:
    return _extremes(draw(salt, greatest - least + 1) + least, least, greatest)


def _extremes(value: pl.Expr, least: float, greatest: float) -> pl.Expr:
    """Put the extremes into the first two rows, where ``Cube.bounds`` finds them without reading the rest."""
    row = pl.col("row")
    return pl.when(row == 0).then(least).when(row == 1).then(greatest).otherwise(value)


def _texts(name: str, texts: Sequence[str | None], key: pl.Expr) -> Attribute:
    return _attribute(name, "nVarChar", pick(texts, pl.String, pl.col("key")), key=key, cardinality=len(texts))


def _attribute(name: str, data_type: str, value: pl.Expr, *, key: pl.Expr, cardinality: int) -> Attribute:
    """Make an attribute of one form whose element ids are made of the value, as data imports have them."""
    return Attribute(
        id=object_id("attribute", name),
        name=name,
        forms=(Form(data_type=data_type, value=value),),
        key=key,
        element=value.cast(pl.String),
        cardinality=cardinality,
    )


def _metric(name: str, data_type: str, value: pl.Expr, *, currency: str = "") -> Metric:
    return Metric(id=object_id("metric", name), name=name, data_type=data_type, value=value, currency=currency)

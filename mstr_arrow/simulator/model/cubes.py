"""Simulated cubes: columns that follow from the row number alone.

A cube's column is a Polars expression over ``row`` (the row number, int64); an attribute's column holds element
*keys*, and its forms are expressions over ``key``. Nothing is stored per row, but of small cubes: they are computed
once, as that takes as long as a page of them. Any page of a large cube is computed when it is asked for, in memory
proportional to the page.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

ID_FORM = "45C11FA478E745FEA08D781CEA190FE5"
DESC_FORM = "CCFBE2A5EADB4F50941FB879CCF1721C"

OLAP_CUBE, SUPER_CUBE = 776, 779

_BOUNDS_ROWS = 100_000
_SMALL = 60_000

_FORM_TYPES = {
    "integer": "number",
    "int64": "number",
    "double": "number",
    "bool": "number",
    "bigdecimal": "bigDecimal",
    "date": "date",
    "time": "time",
    "timestamp": "dateTime",
}


def object_id(*parts: str) -> str:
    """Give the 32 upper-case hex characters that name an object; the same parts, the same id."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest().upper()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Form:
    """One form of an attribute.

    ``value`` is the typed value over ``key``. ``text`` replaces the form value that would be written for
    it (a bool as ``true`` in place of ``1``).
    """

    id: str = ID_FORM
    name: str = "ID"
    data_type: str
    value: pl.Expr
    text: pl.Expr | None = None

    @property
    def base_type(self) -> str:
        """The ``baseFormType`` that goes with the data type."""
        return _FORM_TYPES.get(self.data_type.lower(), "text")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Attribute:
    """An attribute with its forms and its elements, which have the keys ``0 … cardinality - 1``.

    Pages show ``forms``; ``more`` are those of its definition that they show only where a request names them.
    ``key`` is the element key over ``row``; ``element`` the middle of the element's id (``h<element>;<id>``)
    over ``key``, null for the null element. ``kept`` is what was worked out of it, by what it is.
    """

    id: str
    name: str
    forms: tuple[Form, ...]
    key: pl.Expr
    element: pl.Expr
    cardinality: int
    more: tuple[Form, ...] = ()
    kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def known(self) -> tuple[Form, ...]:
        """All forms of the definition."""
        return (*self.forms, *self.more)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Metric:
    """A metric.

    ``value`` is the typed value over ``row``; ``json`` replaces the JSON text that would be written for it.
    ``hidden`` marks the server's own row counts; values above ``threshold`` are highlighted.
    ``definition_type`` is the data type a cube *definition* names, which is often not the true one (Wire
    reference, section 3.2). ``aggregation`` makes one value of many, "sum" or "max"; what is no number has its
    maximum. ``kept`` is what was worked out of it, by what it is.
    """

    id: str
    name: str
    data_type: str
    value: pl.Expr
    json: pl.Expr | None = None
    currency: str = ""
    hidden: bool = False
    threshold: float | None = None
    definition_type: str = "unknown"
    aggregation: str = "sum"
    kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Cube:
    """A cube of ``total`` rows.

    ``keys`` are the attributes of which each alone tells the rows apart: a projection that keeps one of
    them, or all attributes, has the same rows as the cube. ``tables`` names the tables of a data import.
    ``order`` are the row numbers in the order of an instance that was sorted as ``sorting`` says; they are below
    ``numbers``, which is ``total`` where nothing was filtered.

    A cube with ``evaluate`` has no rows yet: the function gives the cube with those of the attributes and metrics
    that it has then. ``extremes`` are what ``bounds`` gives where that is known; ``edition`` counts how often the
    data were replaced.
    """

    name: str
    attributes: tuple[Attribute, ...] = ()
    metrics: tuple[Metric, ...] = ()
    total: int
    numbers: int = 0
    keys: frozenset[str] = frozenset()
    folder: tuple[str, ...] = ("Public Objects", "Reports")
    subtype: int = SUPER_CUBE
    published: bool = True
    tables: tuple[str, ...] = ()
    id: str = field(default="")
    order: pl.Series | None = None
    sorting: tuple[dict[str, object], ...] = ()
    evaluate: Callable[[Cube], Cube] | None = None
    extremes: pl.DataFrame | None = None
    edition: int = 0

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", object_id("cube", *self.folder, self.name))
        if not self.numbers:
            object.__setattr__(self, "numbers", self.total)

    @property
    def row_cells(self) -> int:
        """The number of cells of a row, as the governor counts them."""
        return len(self.attributes) + len(self.metrics)

    def project(self, attributes: Sequence[Attribute], metrics: Sequence[Metric]) -> Cube:
        """Return the cube with these columns in this order; the rows stay as they are."""
        return replace(self, attributes=tuple(attributes), metrics=tuple(metrics))

    def evaluate_rows(self) -> Cube:
        """Return the cube with its rows."""
        return self if self.evaluate is None else self.evaluate(self)

    @property
    def columns(self) -> tuple[Attribute | Metric, ...]:
        """All attributes, then all metrics."""
        return (*self.attributes, *self.metrics)

    @property
    def is_small(self) -> bool:
        """Tell whether what is worked out of its rows is kept."""
        return self.numbers <= _SMALL

    def rows(self, offset: int, limit: int) -> pl.DataFrame:
        """Give rows ``offset … offset + limit``: element keys and metric values, each named by object id."""
        stop = min(self.total, offset + limit)
        begin = min(offset, stop)
        order = None if self.order is None else self.order.slice(begin, stop - begin)
        if self.is_small:
            rows = self.number_rows()
            return rows.slice(begin, stop - begin) if order is None else rows.select(pl.all().gather(order))
        numbers = pl.int_range(begin, stop, eager=True) if order is None else order
        return pl.DataFrame({"row": numbers}).select(**_expressions(self.columns))

    def number_rows(self) -> pl.DataFrame:
        """Return all rows in the order of their numbers, whatever order the cube shows, and keep them."""
        missing = [column for column in self.columns if self.numbers not in column.kept]
        if missing:
            numbers = pl.DataFrame({"row": pl.int_range(self.numbers, eager=True)})
            rows = numbers.with_columns(**_expressions(missing))
            for column in missing:
                column.kept[self.numbers] = [rows[name] for name in _expressions([column])]
        return pl.DataFrame([values for column in self.columns for values in column.kept[self.numbers]])

    def bounds(self) -> pl.DataFrame:
        """Compute the least and the greatest value of each numeric metric over the whole cube, in two rows.

        Looks at the first 100,000 rows only: a larger cube must have its extremes there.
        """
        if self.extremes is not None:
            return self.extremes
        rows = self.project((), self.metrics).rows(0, _BOUNDS_ROWS)
        numeric = [metric.id for metric in self.metrics if rows.schema[metric.id].is_numeric()]
        return pl.concat([rows.select(pl.col(numeric).min()), rows.select(pl.col(numeric).max())])


def _expressions(columns: Iterable[Attribute | Metric]) -> dict[str, pl.Expr]:
    """Give keys and values by object id, JSON spellings by ``id:json``."""
    expressions: dict[str, pl.Expr] = {}
    for column in columns:
        expressions[column.id] = column.key if isinstance(column, Attribute) else column.value
        if isinstance(column, Metric) and column.json is not None:
            expressions[f"{column.id}:json"] = column.json
    return expressions


def pick(values: Sequence[object], dtype: pl.DataType | type[pl.DataType], index: pl.Expr) -> pl.Expr:
    """Look each index up in a list of values held in memory; raise ValueError where one does not fit the type."""
    series = pl.Series(values, dtype=dtype)
    if series.to_list() != list(values):
        raise ValueError(f"a value does not fit {dtype}")
    return pl.lit(series).gather(index)


def draw(salt: int, below: int, number: pl.Expr | None = None) -> pl.Expr:
    """Draw an int64 in ``0 … below - 1`` from the row number and the salt (SplitMix64, stable for ever)."""
    mixed = (pl.col("row") if number is None else number).cast(pl.UInt64)
    mixed = mixed * _u64(0x9E3779B97F4A7C15) + _u64((salt * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed // _u64(1 << shift))) * _u64(factor)
    mixed = mixed ^ (mixed // _u64(1 << 31))
    return (mixed % _u64(below)).cast(pl.Int64)


def _u64(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)

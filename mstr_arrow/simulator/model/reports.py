"""Simulated reports: two axes of units, metrics somewhere on them, and a value in every cell.

As in cubes nothing is stored per row. The lines of an axis are numbered; a unit's element keys are
expressions over the number of the line (``row``), and a metric is an expression over the number of the *cell*:
``row line * lines of the column axis + column line``, also named ``row``. Taking the crosstab away, dropping
totals and sorting only choose and order numbers; no value changes by them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from .cubes import object_id

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from .cubes import Attribute, Form, Metric
    from .prompts import Questions

TOTAL = -1
"""The element key of an attribute's subtotal element."""
ROWS, COLUMNS = "rows", "columns"
REPORT = 768

_BOUNDS_LINES = 10_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Unit:
    """An attribute, custom group, consolidation or hierarchy on an axis.

    The key at its first header position is ``attribute.key``, those at further positions (``headerCount``
    above one) are ``levels``; a null key is a blank header, written as an index of -1 where
    ``negative_blanks`` says so, else as the index before it. ``total`` is the text of the subtotal
    element. ``line`` finds the line that the keys are computed from.
    """

    attribute: Attribute
    type: str = "attribute"
    levels: tuple[pl.Expr, ...] = ()
    negative_blanks: bool = False
    total: str = "Total"
    line: pl.Expr = field(default_factory=lambda: pl.col("row"))

    @property
    def has_forms(self) -> bool:
        """Tell whether pages describe the unit's forms: only those of attributes."""
        return self.type == "attribute"

    @property
    def width(self) -> int:
        """The number of header positions."""
        return 1 + len(self.levels)

    def keys(self, lines: pl.Series) -> pl.DataFrame:
        """Compute the element keys in these lines, a column for each header position."""
        own = pl.LazyFrame({"row": lines}).select(self.line.cast(pl.Int64).alias("row"))
        keys = (self.attribute.key, *self.levels)
        return own.select(key.cast(pl.Int64).alias(str(level)) for level, key in enumerate(keys)).collect()

    def values(self, form: Form, keys: pl.Series) -> pl.Series:
        """Give the typed values of a form; a total has its text in text forms and null in others."""
        known = keys.set(keys == TOTAL, None).to_frame("key").with_columns(place=pl.int_range(pl.len()))
        values = known.drop_nulls("key").select("place", form.value.alias("value"))
        found = known.join(values, on="place", how="left", maintain_order="left")["value"]
        return found.set(keys == TOTAL, self.total) if found.dtype == pl.String else found


@dataclass(frozen=True, slots=True, eq=False)
class ShownPage:
    """Which page a report shows: the page-by units and, of each, the number of the element, which is its key.

    ``keys`` are empty where no combination has data. ``described`` keeps how documents describe the units, by the
    options that they are written with: every page has the same.
    """

    units: tuple[Unit, ...]
    keys: tuple[int, ...] = ()
    described: dict[Hashable, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Axis:
    """Units and their ``count`` lines; an axis without units has one line, which has no header.

    ``order`` are the numbers of the lines that are shown, in their order; None means all of them.
    """

    units: tuple[Unit, ...] = ()
    count: int = 1
    order: pl.Series | None = None

    @property
    def size(self) -> int:
        """The number of lines shown."""
        return self.count if self.order is None else len(self.order)

    def lines(self, offset: int = 0, limit: int | None = None) -> pl.Series:
        """Give the numbers of the lines shown at these places."""
        stop = self.size if limit is None else min(self.size, offset + limit)
        places = pl.int_range(min(offset, stop), stop, dtype=pl.Int64, eager=True)
        return places if self.order is None else self.order.gather(places)

    def totals(self, lines: pl.Series) -> pl.Series:
        """Tell which of the lines are subtotals."""
        flags = [(unit.keys(lines) == TOTAL).select(pl.any_horizontal(pl.all())).to_series() for unit in self.units]
        none = pl.repeat(value=False, n=len(lines), eager=True)
        return (
            pl.DataFrame([none, *(flag.fill_null(value=False).alias(str(n)) for n, flag in enumerate(flags))])
            .select(pl.any_horizontal(pl.all()))
            .to_series()
        )

    def without_totals(self) -> Axis:
        """Return the axis without its subtotals."""
        lines = self.lines()
        return replace(self, order=lines.filter(~self.totals(lines)))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Report:
    """A report, or a manipulated form of one, as an instance of it shows it.

    The metrics stand on ``metrics_axis`` in front of the unit with number ``metrics_index``; without metrics
    there is no such place. ``present`` tells over ``row`` which cells have data. ``dense`` promises that
    all have, so that nobody looks. ``totals`` tells that subtotals are defined, ``visible`` that they are shown.
    ``extremes`` are what ``bounds`` gives where that is known; ``questions`` are its prompts. The first ``page_by``
    units on rows are page-by attributes (see ``rules.page_by``), a ``page`` tells which one it is; metrics with ids
    in ``narrowed`` have the type that a page's values need.
    """

    name: str
    rows: Axis = field(default_factory=Axis)
    columns: Axis = field(default_factory=Axis)
    metrics: tuple[Metric, ...] = ()
    metrics_axis: str = COLUMNS
    metrics_index: int = 0
    present: pl.Expr | None = None
    dense: bool = False
    totals: bool = False
    visible: bool = True
    folder: tuple[str, ...] = ("Public Objects", "Reports")
    subtype: int = REPORT
    id: str = ""
    sorting: tuple[dict[str, object], ...] = ()
    extremes: pl.DataFrame | None = None
    questions: Questions | None = None
    page_by: int = 0
    page: ShownPage | None = None
    narrowed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", object_id("report", *self.folder, self.name))

    @property
    def crosstab(self) -> bool:
        """Tell whether the server calls it a cross-tab."""
        return bool(self.columns.units) or (self.metrics_axis == ROWS and bool(self.metrics))

    @property
    def units(self) -> tuple[Unit, ...]:
        """All units, those on rows first."""
        return (*self.rows.units, *self.columns.units)

    @property
    def total(self) -> int:
        """The number of rows of all pages together."""
        return self.rows.size * (self._spread(ROWS) or 1)

    @property
    def row_cells(self) -> int:
        """The number of cells of a row, as the governor counts them."""
        return len(self.rows.units) + self.columns.size * max(1, self._spread(COLUMNS))

    def headers(self, axis_name: str, offset: int = 0, limit: int | None = None) -> pl.DataFrame:
        """List the rows or the data columns at these places: the number of the line, and of the metric.

        ``metric`` is null on the axis where the metrics are not.
        """
        axis = self.rows if axis_name == ROWS else self.columns
        each = self._spread(axis_name)
        if not each:
            lines = axis.lines(offset, limit)
            return pl.DataFrame({"line": lines, "metric": pl.repeat(None, len(lines), dtype=pl.Int64, eager=True)})
        if self.metrics_index >= len(axis.units):
            stop = axis.size * each if limit is None else min(axis.size * each, offset + limit)
            places = pl.int_range(min(offset, stop), stop, dtype=pl.Int64, eager=True)
            lines = places // each
            shown = lines if axis.order is None else axis.order.gather(lines)
            return pl.DataFrame({"line": shown, "metric": places % each})
        return _nest(axis, self.metrics_index, each).slice(offset, limit)

    def values(self, cells: pl.Series) -> pl.DataFrame:
        """Compute the metrics in these cells: values by metric id, JSON spellings by ``id:json``."""
        columns = [metric.value.alias(metric.id) for metric in self.metrics]
        columns += [metric.json.alias(f"{metric.id}:json") for metric in self.metrics if metric.json is not None]
        if self.present is not None:
            columns = [pl.when(self.present).then(column).alias(column.meta.output_name()) for column in columns]
        return pl.DataFrame({"row": cells}).select(columns)

    def tidy(self) -> Report:
        """Return the report with all attributes on rows and metrics on columns.

        A row for each combination that has data, in the order of rows first; a combination of a row and a column
        without any value is no row.
        """
        width = self.columns.count
        lines, across = self.rows.lines(), self.columns.lines()
        plain = not self.columns.units
        cells = lines if plain else _cross(lines, across, width)
        if not plain and not self.dense and self.metrics:
            values = self.values(cells).select(pl.col([metric.id for metric in self.metrics]))
            cells = cells.filter(~values.select(pl.all_horizontal(pl.all().is_null())).to_series())
        units = (
            *(replace(unit, line=unit.line if plain else pl.col("row") // width) for unit in self.rows.units),
            *(replace(unit, line=pl.col("row") % width) for unit in self.columns.units),
        )
        rows = Axis(units=units, count=self.rows.count * width, order=cells)
        return replace(self, rows=rows, columns=Axis(), metrics_axis=COLUMNS, metrics_index=0)

    def without_totals(self) -> Report:
        """Return the report with its subtotals out of sight."""
        if not self.totals:
            return replace(self, visible=False)
        return replace(self, rows=self.rows.without_totals(), columns=self.columns.without_totals(), visible=False)

    def bounds(self) -> pl.DataFrame:
        """Compute the least and the greatest value of each numeric metric, subtotals left out, in two rows.

        Looks at the first 10,000 rows only: a larger report must have its extremes there.
        """
        if self.extremes is not None:
            return self.extremes
        shown = self.without_totals()
        cells = _cross(shown.rows.lines(0, _BOUNDS_LINES), shown.columns.lines(), self.columns.count)
        values = self.values(cells)
        numeric = [metric.id for metric in self.metrics if values.schema[metric.id].is_numeric()]
        return pl.concat([values.select(pl.col(numeric).min()), values.select(pl.col(numeric).max())])

    def _spread(self, axis_name: str) -> int:
        """Count the metrics that each line of an axis has; 0 where they are on the other axis."""
        return len(self.metrics) if self.metrics_axis == axis_name else 0


def _cross(lines: pl.Series, across: pl.Series, width: int) -> pl.Series:
    """Give the numbers of the cells in some lines, line by line."""
    pairs = pl.DataFrame({"line": lines}).join(
        pl.DataFrame({"column": across}), how="cross", maintain_order="left_right"
    )
    return pairs.select(row=pl.col("line") * width + pl.col("column")).to_series()


def _nest(axis: Axis, index: int, metrics: int) -> pl.DataFrame:
    """Put the metrics between the units: each run of equal elements in front of them is repeated per metric."""
    lines = axis.lines()
    before = [
        keys.rename({name: f"{n}:{name}" for name in keys.columns})
        for n, keys in enumerate(unit.keys(lines) for unit in axis.units[:index])
    ]
    runs = pl.concat(before, how="horizontal").select(pl.struct(pl.all()).rle_id()).to_series() if before else None
    frame = pl.DataFrame({"line": lines}).with_columns(
        run=pl.lit(0) if runs is None else runs, place=pl.int_range(pl.len())
    )
    spread = frame.join(
        pl.DataFrame({"metric": pl.int_range(metrics, eager=True)}), how="cross", maintain_order="left_right"
    )
    return spread.sort("run", "metric", "place", maintain_order=True).select("line", "metric")


def line_of(numbers: Sequence[int | None]) -> pl.Expr:
    """Look the line number up in a list of element keys held in memory."""
    return pl.lit(pl.Series(numbers, dtype=pl.Int64)).gather(pl.col("row"))

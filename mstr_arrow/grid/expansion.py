"""The columns and rows of all pages of a report as one result: page-by attributes become columns. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.arrays import make_array, make_scalar
from mstr_arrow.errors import UsageError
from mstr_arrow.grid.misfits import Misfits
from mstr_arrow.grid.schema import distinct_names, refuse_unknown
from mstr_arrow.grid.server_types import FLOAT64, INT64, TEXT, is_text, override_type
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from mstr_arrow.grid.grid_options import GridOptions
    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.page_by import Combination, PageBy
    from mstr_arrow.grid.schema import Column, Columns

_SMALL = frozenset({"integer", "short", "unsigned"})
"""Kinds of integers that a double holds."""


@dataclass(frozen=True)
class Expansion:
    """Some pages of a report: ``columns`` are those of the result, ``grid`` those that each page brings."""

    page_by: PageBy
    grid: Columns
    columns: Columns

    @property
    def combinations(self) -> tuple[Combination, ...]:
        """The pages, in order."""
        return self.page_by.combinations

    def add_columns(self, batch: pa.RecordBatch, page: int) -> pa.RecordBatch:
        """Put the page-by columns before those of a batch of a page, which is given by its number."""
        added = [_repeat(column[page], len(batch)) for column in self._values.columns]
        return pa.RecordBatch.from_arrays([*added, *batch.columns], schema=self.columns.schema)

    def label(self, page: int) -> str:
        """Name a page for a person."""
        row = self._values.slice(page, 1).to_pylist()[0]
        return ", ".join(f"{name}={value!r}" for name, value in row.items())

    @property
    def _values(self) -> pa.Table:
        """A row for each page, a column for each page-by column of the result."""
        return self._read[0]

    @property
    def misfits(self) -> list[Misfit]:
        """The bad values that are null in the page-by columns, at rows that are numbers of pages."""
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[pa.Table, list[Misfit]]:
        pairs = list(zip(self.page_by.columns, self.columns.all, strict=False))
        mine = {its.name: column for its, column in pairs}
        misfits = Misfits([name for name, column in mine.items() if column.name in self.columns.nulled])
        table = self.page_by.table({name: column.type for name, column in mine.items()}, misfits)
        found = [misfit._replace(column=mine[misfit.column].name) for misfit in misfits.found]
        return table.rename_columns([column.name for column in mine.values()]), found


def expand(page_by: PageBy, columns: Columns, options: GridOptions) -> Expansion:
    """Make one result of the pages of a report, of which one has these columns.

    The server names the type of a metric after the values of each page, so that integers on one page may be doubles
    on another: integers of up to 32 bits become doubles, which hold them exactly. ``options.types`` says
    otherwise. Errors: UsageError for a name in it that no column has, and for layout "grid", whose columns differ
    from page to page.
    """
    if options.layout == "grid":
        raise UsageError(
            naming(
                '{Report.expand_pages()} does not go with {Scan.with_options.layout="grid"}, whose columns '
                "differ from page to page."
            ),
            hint=naming("Leave {Scan.with_options.layout} out, or choose one page with {Report.page_by()}."),
        )
    pages = page_by.columns
    names = distinct_names(column.name for column in (*pages, *columns.all))
    refuse_unknown(options, names)
    chosen = {name: override_type(name, to) for name, to in options.types.items()}
    all_columns = tuple(
        replace(
            column, name=name, type=chosen.get(name, column.type if number < len(pages) else _widest_type(column))
        )
        for number, (name, column) in enumerate(zip(names, (*pages, *columns.all), strict=True))
    )
    grid = replace(columns, all=all_columns[len(pages) :])
    return Expansion(page_by, grid, replace(columns, all=all_columns))


def _widest_type(column: Column) -> pa.DataType:
    small = column.role == "metric" and column.type == INT64 and column.data_type in _SMALL
    return FLOAT64 if small else column.type


def _repeat(value: pa.Scalar, rows: int) -> pa.Array:
    if not is_text(value.type):
        return pa.repeat(value, rows)
    if not value.is_valid:
        return pa.nulls(rows, TEXT)
    return pa.DictionaryArray.from_arrays(
        pa.repeat(make_scalar(0, pa.int32()), rows), make_array([value.as_py()], pa.string())
    )

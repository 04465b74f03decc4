"""Page-by: a report's rows dealt out to pages by elements of its first attributes (Wire reference, section 4.2).

A report with page-by is held as one table, the page-by attributes in front on rows; ``report_truth`` of it is the
truth of all pages, one after the other. A page is the table's rows of one combination, without these attributes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.bodies import bad_request, json_object
from mstr_arrow.simulator.model.reports import ShownPage

from .aggregation import extremes

if TYPE_CHECKING:
    from mstr_arrow.simulator.model.cubes import Metric
    from mstr_arrow.simulator.model.reports import Report, Unit

_SHORT, _INTEGER = 2**15, 2**31
_NARROW = {"short", "integer"}


class PageSet:
    """The pages of a report that have data, in the order of the table's rows."""

    def __init__(self, whole: Report) -> None:
        self._whole = whole
        self.shown = ShownPage(whole.rows.units[: whole.page_by])
        self._pages: dict[tuple[int, ...], Report] = {}
        self._elements = [_element_numbers(unit) for unit in self.shown.units]
        lines = whole.rows.lines()
        keys = [unit.keys(lines)["0"].alias(str(number)) for number, unit in enumerate(self.shown.units)]
        names = [series.name for series in keys]
        parts = pl.DataFrame([*keys, lines.alias("line")]).group_by(names, maintain_order=True).agg("line")
        self._lines = dict(zip(parts.select(names).rows(), parts["line"], strict=True))

    @property
    def combinations(self) -> list[tuple[int, ...]]:
        """The element numbers of each page."""
        return list(self._lines)

    def read_current(self, wanted: Any) -> tuple[int, ...] | None:
        """Read ``currentPageBy``, None where it names no page; raise the server's 400 for one that has no data."""
        if not wanted:
            return None
        if not isinstance(wanted, list) or len(wanted) != len(self._elements):
            raise bad_request(
                f"currentPageBy takes {len(self._elements)} elements, one for each page-by attribute."
            )
        ids = [str(json_object(item).get("id")) for item in wanted]
        if unknown := [name for name, known in zip(ids, self._elements, strict=True) if name not in known]:
            raise bad_request(f"Invalid element id - {unknown[0]}")
        found = tuple(known[name] for name, known in zip(ids, self._elements, strict=True))
        if found not in self._lines:
            raise bad_request("The page-by elements in currentPageBy are not a valid combination.")
        return found

    def page(self, keys: tuple[int, ...] | None) -> Report:
        """Return the report as a page shows it: the first one for None; no rows where there is no page."""
        if keys is None:
            keys = next(iter(self._lines), ())
        if keys not in self._pages:
            self._pages[keys] = self._page(keys)
        return self._pages[keys]

    def _page(self, keys: tuple[int, ...]) -> Report:
        whole = self._whole
        lines = self._lines.get(keys, pl.Series(dtype=pl.Int64))
        rows = replace(whole.rows, units=whole.rows.units[whole.page_by :], order=lines)
        page = replace(whole, rows=rows, page_by=0, page=replace(self.shown, keys=keys))
        values = page.values(_cells(page, lines))
        metrics = tuple(_narrow(m, values[m.id]) if m.id in whole.narrowed else m for m in whole.metrics)
        typed = [values[m.id].cast(pl.Int64) if m.data_type in _NARROW else values[m.id] for m in metrics]
        return replace(page, metrics=metrics, extremes=extremes(pl.DataFrame(typed)))


@lru_cache(maxsize=64)
def deal_page_set(report: Report) -> PageSet:
    """Deal a report out once for all servers that have it."""
    return PageSet(report)


def template(report: Report) -> Report:
    """Return a report as its definition shows it: page-by attributes off its rows."""
    units = report.rows.units
    rows = replace(report.rows, units=units[report.page_by :])
    return replace(report, rows=rows, page_by=0, page=ShownPage(units[: report.page_by]))


def _cells(report: Report, lines: pl.Series) -> pl.Series:
    """Give the numbers of the cells in some lines, line by line."""
    across = pl.DataFrame({"column": pl.int_range(report.columns.count, eager=True)})
    pairs = pl.DataFrame({"line": lines}).join(across, how="cross", maintain_order="left_right")
    return pairs.select(pl.col("line") * report.columns.count + pl.col("column")).to_series()


def _element_numbers(unit: Unit) -> dict[str, int]:
    """Map the id of each element to its number."""
    attribute = unit.attribute
    keys = pl.int_range(attribute.cardinality, eager=True).alias("key").to_frame()
    ids = keys.select(pl.lit("h") + attribute.element.fill_null("\\N") + pl.lit(f";{attribute.id}")).to_series()
    return {element: number for number, element in enumerate(ids)}


def _narrow(metric: Metric, values: pl.Series) -> Metric:
    """Give a metric the narrowest type that holds a page's values: short, integer or its own."""
    known = values.drop_nulls()
    if not len(known) or (known != known.round()).any() or (known.abs() >= _INTEGER).any():
        return metric
    small = (known.abs() < _SHORT).all()
    return replace(metric, data_type="short" if small else "integer", value=metric.value.cast(pl.Int64))

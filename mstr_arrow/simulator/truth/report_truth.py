"""The true values of a report in tidy form, computed from its model and never from rendered JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from mstr_arrow.simulator.model.reports import TOTAL

from .cube_truth import free_name, plain_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mstr_arrow.simulator.model.reports import Report, Unit

SUBTOTAL_OF = "Subtotal Of"


def report_truth(
    report: Report,
    *,
    subtotals: str = "drop",
    columns: Sequence[str] | None = None,
    offset: int = 0,
    limit: int | None = None,
) -> pa.Table:
    """Compute the tidy rows ``offset … offset + limit`` of a report with plain Arrow types.

    Attributes first, those on rows before those on columns, then a column per metric; names as those of a
    cube. A row for each combination that has data, by rows and then by columns. A unit of several header
    positions has a column for each, further ones named `` (2)`` and so on, null where the header is blank.
    ``subtotals="keep"`` keeps subtotal rows and adds the text column ``Subtotal Of``: the names of the totalled
    units, joined by ``, ``, null on other rows; in a totalled attribute's text forms stands the subtotal
    element's text, its other forms are null. Raises KeyError for a column that does not exist, ValueError for
    another ``subtotals``.
    """
    if subtotals not in {"drop", "keep"}:
        raise ValueError(f'subtotals is "drop" or "keep", not {subtotals!r}')
    shown = report.without_totals() if subtotals == "drop" else report
    tidy = shown.tidy()
    lines = tidy.rows.lines(offset, limit)
    table: dict[str, pa.Array] = {}
    for unit in tidy.rows.units:
        for name, values in _unit_columns(unit, lines):
            table[free_name(name, table)] = plain_array(values)
    cells = tidy.values(lines)
    for metric in tidy.metrics:
        table[free_name(metric.name, table)] = plain_array(cells[metric.id])
    if subtotals == "keep":
        table[SUBTOTAL_OF] = _total(tidy.rows.units, lines)
    return pa.table(table if columns is None else {name: table[name] for name in columns})


def _unit_columns(unit: Unit, lines: pl.Series) -> list[tuple[str, pl.Series]]:
    attribute = unit.attribute
    keys = unit.keys(lines)
    if unit.width == 1:
        several = len(attribute.forms) > 1
        return [
            (f"{attribute.name}@{form.name}" if several else attribute.name, unit.values(form, keys["0"]))
            for form in attribute.forms
        ]
    (form,) = attribute.forms
    return [
        (attribute.name if level == 0 else f"{attribute.name} ({level + 1})", unit.values(form, keys[str(level)]))
        for level in range(unit.width)
    ]


def _total(units: Sequence[Unit], lines: pl.Series) -> pa.Array:
    names = [
        pl.select(
            pl.when((unit.keys(lines) == TOTAL).select(pl.any_horizontal(pl.all())).to_series())
            .then(pl.lit(unit.attribute.name))
            .alias(str(number))
        ).to_series()
        for number, unit in enumerate(units)
    ]
    if not names:
        return pa.nulls(len(lines), pa.string())
    joined = pl.DataFrame(names).select(pl.concat_str(pl.all(), separator=", ", ignore_nulls=True)).to_series()
    return plain_array(joined.set(joined == "", None))

"""The true values of a cube, computed from its model and never from rendered JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.simulator.model.cubes import Cube

_ARROW_TYPES = {
    pl.String: pa.string(),
    pl.Date: pa.date32(),
    pl.Time: pa.time64("us"),
    pl.Datetime: pa.timestamp("us"),
    pl.Boolean: pa.bool_(),
    pl.Float64: pa.float64(),
    pl.Decimal: pa.decimal128(38, 18),
}


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    source: str
    value: pl.Expr | None
    hidden: bool = False

    def read(self, rows: pl.DataFrame) -> pa.Array:
        series = rows[self.source]
        if self.value is not None:
            series = series.to_frame("key").select(self.value).to_series()
        return plain_array(series)


def truth(
    cube: Cube, *, columns: Sequence[str] | None = None, offset: int = 0, limit: int | None = None
) -> pa.Table:
    """Compute rows ``offset … offset + limit`` of a cube with plain Arrow types, in cube order.

    A column has the attribute's name, ``Attribute@FORM`` where there are several forms, or the metric's
    name; a name that is taken gets `` (2)``. Hidden metrics, and forms that pages do not show, which are always
    ``Attribute@FORM``, appear only when ``columns`` asks for them. Null
    elements are null, empty texts ``""``. Raises KeyError for a column that does not exist. Holds the whole
    range in memory.
    """
    known = _columns(cube)
    names = [name for name, column in known.items() if not column.hidden] if columns is None else columns
    sources = {known[name].source for name in names}
    used = cube.project(
        [attribute for attribute in cube.attributes if attribute.id in sources],
        [metric for metric in cube.metrics if metric.id in sources],
    )
    rows = used.rows(offset, cube.total if limit is None else limit)
    return pa.table({name: known[name].read(rows) for name in names})


def _columns(cube: Cube) -> dict[str, _Column]:
    columns: dict[str, _Column] = {}
    for attribute in cube.attributes:
        for form in attribute.forms:
            name = attribute.name if len(attribute.forms) == 1 else f"{attribute.name}@{form.name}"
            columns[free_name(name, columns)] = _Column(attribute.id, form.value)
        for form in attribute.more:
            columns[free_name(f"{attribute.name}@{form.name}", columns)] = _Column(
                attribute.id, form.value, hidden=True
            )
    for metric in cube.metrics:
        columns[free_name(metric.name, columns)] = _Column(metric.id, None, metric.hidden)
    return columns


def plain_array(values: pl.Series) -> pa.Array:
    """Give values the plain Arrow type that goes with them."""
    return values.to_arrow().cast(_ARROW_TYPES.get(values.dtype.base_type(), pa.int64()))


def free_name(name: str, taken: Mapping[str, object]) -> str:
    """Give a column its name, with a number where the name is taken."""
    candidates = (f"{name} ({n})" for n in range(2, len(taken) + 3))
    return name if name not in taken else next(c for c in candidates if c not in taken)

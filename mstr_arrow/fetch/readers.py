"""Which reader a read takes: of one instance or of all pages of a report, and sorted at the end or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from mstr_arrow.fetch.base_reader import BaseReader
from mstr_arrow.fetch.instance_reader import InstanceReader
from mstr_arrow.fetch.page_by_reader import PageByReader
from mstr_arrow.fetch.sorted_reader import SortedReader
from mstr_arrow.fetch.watermark_reader import WatermarkReader

if TYPE_CHECKING:
    import pyarrow as pa

    from mstr_arrow.fetch.base_reader import ReadSpec, Sliceable
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.query.planner import Division
    from mstr_arrow.query.residual import Residual

T = TypeVar("T", bound="Sliceable")

OnProgress = Callable[["ScanStats"], object] | None

Reader: TypeAlias = BaseReader[T] | SortedReader[T] | WatermarkReader[T]
"""An open read: rows come batch by batch, until it is closed."""


def make_reader(spec: ReadSpec, division: Division | None = None) -> BaseReader[Any]:
    """Make a reader, which is not open yet, of all rows and columns, or of those of a division.

    Where a division gathers rows, batches come unconverted and with all columns, for `sort_at_end`.
    """
    if division is not None:
        spec = _divide(spec, division)
    return PageByReader(spec) if spec.source.expands else InstanceReader(spec)


def _divide(spec: ReadSpec, division: Division) -> ReadSpec:
    residual, convert = division.residual, spec.convert
    spec = replace(spec, first=None if division.first is None else max(1, division.first))
    if residual.gathers:
        return replace(spec, convert=(lambda batch: batch) if residual.ranked else residual.filter)
    return replace(
        spec, convert=lambda batch: convert(residual.rows(batch)), narrow=residual.schema, head=residual.head
    )


def sort_at_end(
    reader: BaseReader[Any], residual: Residual, convert: Callable[[pa.RecordBatch], T]
) -> BaseReader[T] | SortedReader[T]:
    """Return a reader that holds the rows of another until they can be sorted or ranked, if they are to be."""
    return SortedReader(reader, residual, convert) if residual.gathers else reader


async def open_or_close(
    reader: BaseReader[Any], instance: Instance | None, learn: Callable[[Columns], None] | None
) -> None:
    """Open a reader, of an instance if there is one, and hand its columns on; close it if either fails."""
    try:
        await reader.open(instance)
        if learn is not None:
            learn(reader.columns)
    except BaseException:
        await reader.aclose()
        raise

"""Which reader a read takes: of one instance or of all pages of a report, and sorted at the end or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from mstr_arrow.fetch.base_reader import BaseReader
from mstr_arrow.fetch.instance_reader import InstanceReader
from mstr_arrow.fetch.page_by_reader import PageByReader
from mstr_arrow.fetch.sorted_reader import SortedReader
from mstr_arrow.fetch.watermark_reader import WatermarkReader

if TYPE_CHECKING:
    import pyarrow as pa

    from mstr_arrow.fetch.base_reader import Sliceable
    from mstr_arrow.fetch.read_options import ReadOptions
    from mstr_arrow.fetch.stats import ScanStats
    from mstr_arrow.grid.schema import Columns
    from mstr_arrow.instances.instance import Instance
    from mstr_arrow.instances.source import Source
    from mstr_arrow.query.planner import Division
    from mstr_arrow.query.residual import Residual
    from mstr_arrow.session.in_project import ProjectSession

T = TypeVar("T", bound="Sliceable")

OnProgress = Callable[["ScanStats"], object] | None

Reader: TypeAlias = BaseReader[T] | SortedReader[T] | WatermarkReader[T]
"""An open read: rows come batch by batch, until it is closed."""


def make_reader(
    session: ProjectSession,
    source: Source,
    options: ReadOptions,
    convert: Callable[[pa.RecordBatch], Any],
    on_progress: OnProgress,
    *,
    division: Division | None = None,
) -> BaseReader[Any]:
    """Make a reader, which is not open yet, of all rows and columns, or of those of a division.

    Where a division gathers rows, batches come unconverted and with all columns, for `sort_at_end`.
    """
    how: dict[str, Any] = {}
    if division is not None:
        how["first"] = None if division.first is None else max(1, division.first)
        residual = division.residual
        if not residual.gathers:
            how |= {"narrow": residual.schema, "head": residual.head}
            return _of_source(
                session, source, options, lambda batch: convert(residual.rows(batch)), on_progress, **how
            )
        convert = (lambda batch: batch) if residual.ranked else residual.filtered
    return _of_source(session, source, options, convert, on_progress, **how)


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


def _of_source(
    session: ProjectSession,
    source: Source,
    options: ReadOptions,
    convert: Callable[[pa.RecordBatch], T],
    on_progress: OnProgress,
    *,
    narrow: Callable[[pa.Schema], pa.Schema] = lambda schema: schema,
    first: int | None = None,
    head: int | None = None,
) -> BaseReader[T]:
    """Make a reader of all pages of a report, or of one instance, whose plan begins with ``first`` rows."""
    if source.expands:
        return PageByReader(session, source, options, convert, on_progress, narrow=narrow, head=head)
    return InstanceReader(session, source, options, convert, on_progress, narrow=narrow, first=first, head=head)

"""One page of JSON text to one record batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.errors import MstrError
from mstr_arrow.grid import fast, plain
from mstr_arrow.grid.cut import Unrecognised, cut
from mstr_arrow.grid.document import Document, Paging, page_shape, read_document
from mstr_arrow.grid.exact import parse
from mstr_arrow.grid.grid_options import DEFAULTS, GridOptions
from mstr_arrow.grid.offsets import offsets_in
from mstr_arrow.grid.schema import Columns, check_columns, columns_of
from mstr_arrow.grid.tidy import Laid, lay_out
from mstr_arrow.grid.value_rule import Number
from mstr_arrow.json_bounds import LARGEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mstr_arrow.grid.misfits import Misfit


@dataclass(frozen=True, slots=True)
class Page:
    """A decoded page: its rows, what the server said about it, and the columns of the whole result.

    ``instance_id`` and ``object_id`` are what the page is of, "" where it does not say so.
    ``extremes`` are the least and greatest value of each metric, by id, over the whole result, where they are told.
    Where ``columns.whole_pages`` is false, ``laid`` has to go through a `Stitcher` before its rows are whole.
    ``misfits`` are the bad values that are null in it; ``offsets`` says of columns of moments whether these have an
    offset from UTC.
    """

    laid: Laid
    paging: Paging
    instance_id: str
    columns: Columns
    extremes: Mapping[str, tuple[object, object]]
    misfits: tuple[Misfit, ...] = ()
    offsets: Mapping[str, bool] = field(default_factory=dict)
    object_id: str = ""

    @property
    def batch(self) -> pa.RecordBatch:
        """The rows of this page."""
        return self.laid.batch


def decode_page(
    text: bytes,
    columns: Columns | None = None,
    *,
    options: GridOptions = DEFAULTS,
    offset: int = 0,
    largest: int = LARGEST,
) -> Page:
    """Decode a page; ``columns`` are those of the first page, None for the first page itself.

    ``offset`` is that of the rows that were asked for: where a page does not tell its own, it is that. ``largest``
    are the bytes that the page might have had, which bound the memory that decoding takes.

    Holds the text, the arrays made of it, and between them one element list or a MiB of a matrix in a second form.
    Errors: ProtocolError, DataMismatch, ConversionError.

    >>> page = (
    ...     b'{"instanceId":"I","status":1,"definition":{"grid":{"rows":[],"columns":[{"type":"templateMetrics",'
    ...     b'"name":"Metrics","id":"0","elements":[{"id":"C3","name":"Revenue","dataType":"double"}]}]}},'
    ...     b'"data":{"paging":{"total":1,"current":1,"offset":0},"headers":{"rows":[],"columns":[[0]]},'
    ...     b'"metricValues":{"raw":[[1.5]]}}}'
    ... )
    >>> decode_page(page).batch.to_pylist()
    [{'Revenue': 1.5}]
    """
    try:
        document = read_document(cut(text), offset)
        with page_shape():
            columns_here = _settle(document, columns, options)
            if document.is_empty:  # nothing would read its big parts, and see that one was cut in a wrong place
                return decode_plainly(text, columns, options=options, offset=offset, largest=largest)
            laid = lay_out(document, columns_here, fast.read_arrays(document, columns_here))
    except (Unrecognised, MstrError):
        # An error of the fast path may be its own mistake in cutting: the plain decoder is the one to say it.
        return decode_plainly(text, columns, options=options, offset=offset, largest=largest)
    return _page(document, laid, columns_here)


def decode_plainly(
    text: bytes,
    columns: Columns | None = None,
    *,
    options: GridOptions = DEFAULTS,
    offset: int = 0,
    largest: int = LARGEST,
) -> Page:
    """Decode a page as `decode_page` does, by the plain decoder alone."""
    document = read_document(parse(text, largest=largest), offset)
    with page_shape():
        columns = _settle(document, columns, options)
        if document.is_empty:
            return _without_rows(document, columns)
        plain.check_shape(document, columns)
        if plain.needs_exact(document, columns):
            document = read_document(parse(text, exact=True, largest=largest), offset)
        laid, misfits = plain.lay_out(document, columns)
    return _page(document, laid, columns, tuple(misfits))


def _page(document: Document, laid: Laid, columns: Columns, misfits: tuple[Misfit, ...] = ()) -> Page:
    told = [metric for metric in document.metrics if metric.least is not None and metric.greatest is not None]
    extremes = {metric.id: (_as_number(metric.least), _as_number(metric.greatest)) for metric in told}
    return Page(
        laid,
        document.paging,
        document.instance_id,
        columns,
        extremes,
        misfits,
        {} if document.is_empty else offsets_in(document, columns),
        document.object_id,
    )


def _as_number(value: object) -> object:
    """Return the same for a number however it was read."""
    return float(value) if isinstance(value, Number) else value


def _settle(document: Document, columns: Columns | None, options: GridOptions) -> Columns:
    if columns is None:
        return columns_of(document, options)
    if not document.is_empty:  # a page without rows may leave out what it would have them of
        check_columns(document, columns)
    return columns


def _without_rows(document: Document, columns: Columns) -> Page:
    keys = pa.nulls(0, pa.string())
    batch = pa.record_batch([pa.nulls(0, each.type) for each in columns.schema], schema=columns.schema)
    return _page(document, Laid(batch, keys, keys), columns)

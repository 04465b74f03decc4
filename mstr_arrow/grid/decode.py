"""One page of JSON text to one record batch."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.errors import MstrError
from mstr_arrow.grid import fast, plain
from mstr_arrow.grid.cut import Unrecognised, cut
from mstr_arrow.grid.document import Document, Paging, check_rows, page_shape, read_document
from mstr_arrow.grid.schema import Columns, check_columns, columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Page:
    """A decoded page: its rows, what the server said about it, and the columns of the whole result."""

    batch: pa.RecordBatch
    paging: Paging
    instance_id: str
    columns: Columns


def decode_page(
    text: bytes, columns: Columns | None = None, *, types: Mapping[str, pa.DataType] | None = None
) -> Page:
    """Decode a page; ``columns`` are those of the first page, None for the first page itself.

    Holds the text, the arrays made of it, and between them one element list or matrix in a second form. Errors:
    ProtocolError, DataMismatch, ConversionError.

    >>> page = (
    ...     b'{"instanceId":"I","status":1,"definition":{"grid":{"rows":[],"columns":[{"type":"templateMetrics",'
    ...     b'"elements":[{"id":"C3","name":"Revenue","dataType":"double"}]}]}},"data":{"paging":{"total":1,'
    ...     b'"current":1,"offset":0},"headers":{"rows":[]},"metricValues":{"raw":[[1.5]]}}}'
    ... )
    >>> decode_page(page).batch.to_pylist()
    [{'Revenue': 1.5}]
    """
    # An error of the fast path may be its own mistake in cutting: the plain decoder is the one to say it.
    with suppress(Unrecognised, MstrError):
        return _fast(text, columns, types)
    return decode_plainly(text, columns, types=types)


def _fast(text: bytes, columns: Columns | None, types: Mapping[str, pa.DataType] | None) -> Page:
    document = read_document(cut(text))
    columns = _settle(document, columns, types)
    decoded = fast.decode(document, columns)
    rows = check_rows(document, headers=decoded.header_rows, raw=decoded.raw_rows)
    return Page(_batch(decoded.arrays, columns, rows), document.paging, document.instance_id, columns)


def decode_plainly(
    text: bytes, columns: Columns | None = None, *, types: Mapping[str, pa.DataType] | None = None
) -> Page:
    """Decode a page as `decode_page` does, by the plain decoder alone."""
    document = read_document(plain.parse(text))
    columns = _settle(document, columns, types)
    with page_shape():
        rows = check_rows(
            document,
            headers=len(document.headers) if document.units else None,
            raw=len(document.raw) if document.metrics else None,
        )
        plain.check_widths(document)
        if plain.needs_exact(document, columns):
            document = read_document(plain.parse(text, exact=True))
        batch = _batch(plain.decode(document, columns), columns, rows)
    return Page(batch, document.paging, document.instance_id, columns)


def _settle(document: Document, columns: Columns | None, types: Mapping[str, pa.DataType] | None) -> Columns:
    if columns is None:
        return columns_of(document, types)
    check_columns(document, columns)
    return columns


def _batch(arrays: list[pa.Array], columns: Columns, rows: int) -> pa.RecordBatch:
    if not arrays:
        return pa.record_batch([pa.nulls(rows)], names=["_"]).select([])
    return pa.record_batch(arrays, schema=columns.schema)

"""What a scan will do, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mstr_arrow.scan.division import Division
    from mstr_arrow.scan.instance import Instance
    from mstr_arrow.scan.options import ReadOptions
    from mstr_arrow.scan.query import Query

_NUMBER_BYTES, _INDEX_BYTES = 10, 4
"""About the bytes of a metric's value and of an element's index in a page's text."""


def explained(
    query: Query,
    division: Division | None,
    body: Mapping[str, object],
    probed: Instance,
    options: ReadOptions,
) -> str:
    """Describe a scan: what is sent, what stays here and why, how much comes."""
    return "\n".join(_lines(query, division, body, probed, options))


def _lines(
    query: Query,
    division: Division | None,
    body: Mapping[str, object],
    probed: Instance,
    options: ReadOptions,
) -> Iterator[str]:
    yield "asked of the server:"
    yield from (f"  {line}" for line in orjson.dumps(body, option=orjson.OPT_INDENT_2).decode().splitlines())
    if division is not None:
        yield from _conditions(division)
        yield from (f"note: {note}" for note in division.notes)
        if division.residual.columns is not None and (query.kept is not None or query.selected is not None):
            yield f"columns: {', '.join(division.residual.columns)}"
    yield from _amounts(division, probed, options)


def _conditions(division: Division) -> Iterator[str]:
    for part in division.parts:
        if not part.sent:
            yield f"checked here: {part.expression!r} ({part.reason})"
        elif part.reason is not None:
            yield f"sent, and checked again here: {part.expression!r} ({part.reason})"
        else:
            yield f"sent: {part.expression!r}"


def _amounts(division: Division | None, probed: Instance, options: ReadOptions) -> Iterator[str]:
    first = None if division is None else division.first
    rows = probed.total if first is None else min(probed.total, first)
    row_bytes = sum(_bytes(column.field.type) for column in probed.columns.all)
    page = options.limits.page_rows or max(1, options.limits.page_bytes // max(1, row_bytes))
    pages = -(-rows // page)
    more = " at first" if first is not None and division is not None and not division.residual.exact else ""
    yield (
        f"reads {rows:,} of {probed.total:,} rows that the server has for this{more}: "
        f"about {rows * row_bytes / 1e6:,.1f} MB of JSON in {pages} page{'s' if pages != 1 else ''}, "
        f"{options.limits.in_flight} at once"
    )


def _bytes(data_type: pa.DataType) -> int:
    return _INDEX_BYTES if pa.types.is_dictionary(data_type) else _NUMBER_BYTES

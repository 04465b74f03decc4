"""Whether the moments of a page say how far they are from UTC: all pages of a read must do so alike. Pure."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.grid.cut import Piece
from mstr_arrow.grid.elements import form_texts, is_null, is_subtotal
from mstr_arrow.grid.value_rule import has_offset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mstr_arrow.grid.document import Document, Unit
    from mstr_arrow.grid.schema import Column, Columns

_LOOKED_AT = 100
"""Elements and rows of a page that are looked at, until one has a moment: a page that mixes them is refused."""

_ITEM_BYTES = 2_000
"""Bytes of one of them at most, for the text that is looked at."""


def offsets_in(document: Document, columns: Columns) -> dict[str, bool]:
    """Tell of each column of moments whether those in a page have an offset; leaves out what has no moment."""
    if not any(map(_is_moment, columns.all)):
        return {}
    found: dict[str, bool] = {}
    for column, texts in (*_forms(document, columns), *_metrics(document, columns)):
        text = next((text for text in texts if isinstance(text, str) and text), None)
        if text is not None:
            found[column.name] = has_offset(text)
    return found


def _is_moment(column: Column) -> bool:
    return bool(pa.types.is_timestamp(column.type) or pa.types.is_time(column.type))


def _forms(document: Document, columns: Columns) -> Iterator[tuple[Column, Iterator[Any]]]:
    left = iter(columns.attributes)
    for unit in (*document.rows, *(document.columns if columns.options.layout == "tidy" else ())):
        for _ in range(0 if unit.is_metrics else unit.width):
            for form, column in enumerate(list(islice(left, len(unit.forms)))):
                if _is_moment(column):
                    yield column, _texts(unit, form)


def _texts(unit: Unit, form: int) -> Iterator[Any]:
    for element in _items(unit.elements):
        if not (is_null(element, unit) or is_subtotal(element)):
            texts = form_texts(element, unit.forms, unit.name)
            yield texts[form] if form < len(texts) else None


def _metrics(document: Document, columns: Columns) -> Iterator[tuple[Column, Iterator[Any]]]:
    parts = columns.options.parts
    if "raw" not in parts or document.metrics_on_rows or columns.options.layout != "tidy":
        return
    slots = columns.slots(document)
    for number in range(document.data_columns):
        metric = document.metric_at(number)
        column = None if metric is None else columns.metrics[slots[metric] * len(parts)]
        if column is not None and _is_moment(column):
            yield column, (row[number] for row in _items(document.values.get("raw") or ()))


def _items(part: Any) -> Iterator[Any]:
    """Read the first items of an array that was cut out of a page, or was not."""
    if not isinstance(part, Piece):
        yield from islice(part, _LOOKED_AT)
        return
    text = part.page[part.start + 1 : min(part.end, part.start + _LOOKED_AT * _ITEM_BYTES)].decode(
        "utf-8", "replace"
    )
    decoder, at = json.JSONDecoder(), 0
    for _ in range(_LOOKED_AT):
        try:
            item, end = decoder.raw_decode(text, at)
        except ValueError:  # it is not whole
            return
        yield item
        at = end + (len(text[end : end + 20]) - len(text[end : end + 20].lstrip(" \t\r\n,")))

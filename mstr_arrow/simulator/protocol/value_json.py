"""Typed values as JSON: form values, metric values, formatted values."""

from __future__ import annotations

import orjson
import polars as pl

from mstr_arrow.simulator.model.texts import plain


def form_json(values: pl.Series, *, iso: bool) -> pl.Series:
    """Write form values as JSON strings, null as the empty one."""
    return _quote(values.dtype, plain(values, iso=iso).fill_null(""))


def metric_json(values: pl.Series, *, iso: bool) -> pl.Series:
    """Write metric values as JSON: numbers bare, dates and texts in quotes, null as ``null``.

    Whole doubles are written with and without ``.0``, because real servers mix the two in one column.
    """
    text = plain(values, iso=iso)
    if values.dtype == pl.String or values.dtype.is_temporal():
        text = _quote(values.dtype, text)
    elif values.dtype.is_float():
        text = _write_mixed(values, text)
    return text.fill_null("null")


def format_json(values: pl.Series, *, currency: str, iso: bool) -> pl.Series:
    """Write metric values as the JSON strings of ``formatted``, null as the empty one; money to the cent."""
    values = values.round(2) if currency else values
    return _quote(values.dtype, (currency + plain(values, iso=iso)).fill_null(""))


def quote(texts: pl.Series) -> pl.Series:
    """Write texts as JSON strings; null stays null. Makes a Python object per text."""
    return pl.Series([None if t is None else orjson.dumps(t).decode() for t in texts], dtype=pl.String)


def _quote(dtype: pl.DataType, texts: pl.Series) -> pl.Series:
    return quote(texts) if dtype == pl.String else '"' + texts + '"'


def _write_mixed(values: pl.Series, text: pl.Series) -> pl.Series:
    even = (values != 0) & (values % 4 == 0)
    return text.zip_with(~even.fill_null(value=False), text.str.strip_suffix(".0"))

"""Typed values as the texts that the server writes: form values, JSON numbers, formatted values."""

from __future__ import annotations

import orjson
import polars as pl

_ISO: dict[type[pl.DataType], str] = {
    pl.Date: "%Y-%m-%d",
    pl.Time: "%H:%M:%S%.f",
    pl.Datetime: "%Y-%m-%dT%H:%M:%S%.f",
}
_EN_US: dict[type[pl.DataType], str] = {
    pl.Date: "%-m/%-d/%Y",
    pl.Time: "%-I:%M:%S %p",
    pl.Datetime: "%-m/%-d/%Y %-I:%M:%S %p",
}


def plain(values: pl.Series, *, iso: bool) -> pl.Series:
    """Write values as form values are written (Wire reference, section 3.10); null stays null.

    ``iso=False`` writes dates and times as the locale en_us does, which drops fractions of a second.
    """
    dtype = values.dtype
    if dtype == pl.Boolean:
        return values.cast(pl.Int8).cast(pl.String)
    if dtype.is_decimal():
        return _short(values)
    if dtype.is_temporal():
        return values.dt.strftime((_ISO if iso else _EN_US)[dtype.base_type()])
    return values.cast(pl.String)


def _short(decimals: pl.Series) -> pl.Series:
    """Write decimals without the zeros at their ends."""
    text = decimals.cast(pl.String)
    whole = isinstance(decimals.dtype, pl.Decimal) and decimals.dtype.scale == 0
    return text if whole else text.str.strip_chars_end("0").str.strip_chars_end(".")


def form_json(values: pl.Series, *, iso: bool) -> pl.Series:
    """Write form values as JSON strings, null as the empty one."""
    return _quoted(values.dtype, plain(values, iso=iso).fill_null(""))


def metric_json(values: pl.Series, *, iso: bool) -> pl.Series:
    """Write metric values as JSON: numbers bare, dates and texts in quotes, null as ``null``.

    Whole doubles are written with and without ``.0``, because real servers mix the two in one column.
    """
    text = plain(values, iso=iso)
    if values.dtype == pl.String or values.dtype.is_temporal():
        text = _quoted(values.dtype, text)
    elif values.dtype.is_float():
        text = _mixed(values, text)
    return text.fill_null("null")


def formatted_json(values: pl.Series, *, currency: str, iso: bool) -> pl.Series:
    """Write metric values as the JSON strings of ``formatted``, null as the empty one; money to the cent."""
    values = values.round(2) if currency else values
    return _quoted(values.dtype, (currency + plain(values, iso=iso)).fill_null(""))


def quoted(texts: pl.Series) -> pl.Series:
    """Write texts as JSON strings; null stays null. Makes a Python object per text."""
    return pl.Series([None if t is None else orjson.dumps(t).decode() for t in texts], dtype=pl.String)


def _quoted(dtype: pl.DataType, texts: pl.Series) -> pl.Series:
    return quoted(texts) if dtype == pl.String else '"' + texts + '"'


def _mixed(values: pl.Series, text: pl.Series) -> pl.Series:
    even = (values != 0) & (values % 4 == 0)
    return text.zip_with(~even.fill_null(value=False), text.str.strip_suffix(".0"))

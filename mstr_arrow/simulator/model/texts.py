"""Typed values as the texts that the server writes."""

from __future__ import annotations

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

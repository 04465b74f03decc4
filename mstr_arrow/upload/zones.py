"""Moments as the local times of a zone, which tells some of them apart no longer. Pure."""

from __future__ import annotations

import polars as pl

_MS_OF_DAY = 86_400_000
_MS_OF_QUARTER = 900_000
_NUMBERS = pl.DataFrame({"number": range(96)})
"""Of the quarters of an hour of a day."""


def to_local(ms: pl.Series, time_zone: str) -> tuple[pl.Series, int]:
    """Convert milliseconds since 1970 in UTC to those in a zone; return also how many do not say which they are.

    When clocks are put back, an hour occurs twice, and a local time in it stands for two moments.
    """
    if time_zone == "UTC":
        return ms, 0
    there = ms.cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    local = there.to_physical()
    return local, _ambiguous_count(local, time_zone)


def _ambiguous_count(local: pl.Series, time_zone: str) -> int:
    """Count the local times that occur twice: all are looked at only on days when that happens.

    Since 1970 such a time lies around the start of a quarter of an hour; before, any day may have it.
    """
    days = local // _MS_OF_DAY
    quarters = pl.DataFrame({"day": days.drop_nulls().unique()}).join(_NUMBERS, how="cross")
    starts = quarters["day"] * _MS_OF_DAY + quarters["number"] * _MS_OF_QUARTER
    turned = quarters["day"].filter(_are_ambiguous(starts, time_zone) | (starts < 0)).unique()
    if turned.is_empty():
        return 0
    return int(_are_ambiguous(local.filter(days.is_in(turned.implode())), time_zone).sum())


def _are_ambiguous(local: pl.Series, time_zone: str) -> pl.Series:
    times = local.cast(pl.Datetime("ms"))
    return times.dt.replace_time_zone(time_zone, ambiguous="null", non_existent="null").is_null()

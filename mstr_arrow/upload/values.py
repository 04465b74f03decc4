"""The values of a column as Polars writes them in JSON, without a Python object per value. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types as kinds

from mstr_arrow.errors import ConversionError
from mstr_arrow.upload.types import value_type

if TYPE_CHECKING:
    from collections.abc import Callable

_SAMPLE = 4096
"""Values from which it is seen whether a column repeats its values."""

_MS_OF_DAY = 86_400_000
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31, in days since 1970-01-01."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a slice: ``name`` and first ``row`` are for errors, ``dtype`` is the type of the values."""

    name: str
    row: int
    dtype: pa.DataType


@dataclass(frozen=True, slots=True)
class Values:
    """Values ready to be written, and how many of them lost something.

    With ``as_json`` the series holds JSON texts, else finite numbers, truth values or strings.
    """

    series: pl.Series
    as_json: bool = False
    nulled: int = 0
    shortened: int = 0


def json_values(name: str, column: pa.ChunkedArray, *, time_zone: str, row: int) -> Values:
    """Make the values of a column ready to be written.

    Errors: ConversionError for years beyond 1 to 9999 and times beyond a day, with the row counted from ``row``.
    """
    of = Column(name, row, value_type(column.type))
    arrays = [_stored(array) for array in column.chunks]
    if kinds.is_large_string(of.dtype) or kinds.is_string(of.dtype) or kinds.is_string_view(of.dtype):
        return _strings(arrays)
    series = _joined(arrays)
    if kinds.is_floating(of.dtype):
        return _doubles(series)
    if kinds.is_date(of.dtype):
        return Values(_dates(of, series), as_json=True)
    if kinds.is_time(of.dtype):
        return _times(of, series)
    if kinds.is_timestamp(of.dtype):
        return _stamps(of, series, time_zone)
    if kinds.is_decimal(of.dtype):
        return Values(series.cast(pl.String), as_json=True)
    return Values(series)


# From Arrow to Polars -------------------------------------------------------------------------------------------


def _stored(array: pa.Array) -> pa.Array:
    """Look through an extension type, and make runs a dictionary of their values."""
    if isinstance(array.type, pa.BaseExtensionType):
        return _stored(array.storage)
    if kinds.is_run_end_encoded(array.type):
        # Runs of numbers can be decoded whatever the values are, which some kinds of values cannot.
        numbers = pl.int_range(len(array.run_ends), dtype=pl.Int64, eager=True).to_arrow()
        runs = pa.RunEndEncodedArray.from_arrays(array.run_ends, numbers).slice(array.offset, len(array))
        return pa.DictionaryArray.from_arrays(pc.run_end_decode(runs), array.values)
    return array.cast(pa.large_string()) if kinds.is_string_view(array.type) else array


def _joined(arrays: list[pa.Array]) -> pl.Series:
    """Join arrays; dates, times and timestamps become the integers they are stored as."""
    if kinds.is_dictionary(arrays[0].type):
        return pl.concat([_series(array) for array in arrays], rechunk=True)
    return _series(_combined(arrays))


def _combined(arrays: list[pa.Array]) -> pa.Array:
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def _series(array: pa.Array) -> pl.Series:
    array = _stored(array)
    dtype = array.type
    if kinds.is_dictionary(dtype):
        return _series(array.dictionary).gather(_series(array.indices))
    if kinds.is_temporal(dtype):
        array = array.view(pa.int32() if dtype.bit_width == 32 else pa.int64())
    elif kinds.is_decimal(dtype):
        # Polars 1.30 misreads narrow decimals, and none has wide ones: their text is a JSON number, too.
        fits = 0 <= dtype.scale <= dtype.precision <= 38
        array = array.cast(pa.decimal128(dtype.precision, dtype.scale) if fits else pa.string())
    return pl.Series(array)


# Texts ----------------------------------------------------------------------------------------------------------


def _strings(arrays: list[pa.Array]) -> Values:
    used = sum(map(len, arrays))
    if not kinds.is_dictionary(arrays[0].type) or sum(len(array.dictionary) for array in arrays) > used:
        return Values(_joined(arrays))
    parts, dictionary, quoted = [], None, pl.Series()
    for array in arrays:
        if dictionary is None or not array.dictionary.equals(dictionary):
            dictionary = array.dictionary
            quoted = _quoted(_series(dictionary))
        parts.append(quoted.gather(_series(array.indices)))
    return Values(pl.concat(parts), as_json=True)


def quoted(strings: pl.Series) -> pl.Series:
    """Write strings as JSON."""
    return _written(strings.to_arrow(), _quoted)


def _quoted(strings: pl.Series) -> pl.Series:
    """Write strings as objects with one member of no name, and cut off all but the value."""
    objects = pl.struct(strings.alias("")).struct.json_encode()
    return pl.select(objects.str.slice(len('{"":')).str.head(-1)).to_series()


def _written(values: pa.Array, write: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Write values; where they repeat, each distinct one once."""
    if len(values) > _SAMPLE and pl.Series(values.slice(0, _SAMPLE)).n_unique() <= _SAMPLE // 2:
        coded = values.dictionary_encode()
        return write(pl.Series(coded.dictionary)).gather(pl.Series(coded.indices))
    return write(pl.Series(values))


# Numbers, dates and times ---------------------------------------------------------------------------------------


def _doubles(series: pl.Series) -> Values:
    doubles = series.cast(pl.Float64)
    finite = doubles.is_finite()
    if finite.all():
        return Values(doubles)
    values = pl.select(pl.when(finite).then(doubles)).to_series()
    return Values(values, nulled=values.null_count() - doubles.null_count())


def _dates(of: Column, integers: pl.Series) -> pl.Series:
    per_day = _MS_OF_DAY if kinds.is_date64(of.dtype) else 1
    _check(of, integers, _FIRST_DAY * per_day, (_LAST_DAY + 1) * per_day - 1, _YEARS)
    days = (integers if per_day == 1 else integers // per_day).cast(pl.Int32).cast(pl.Date)
    return _written(days.to_arrow(), lambda days: days.dt.strftime('"%Y-%m-%d"'))


def _times(of: Column, integers: pl.Series) -> Values:
    _check(of, integers, 0, 86_400 * _PER_SECOND[of.dtype.unit] - 1, "a time within a day")
    ms, shortened = _milliseconds(integers, of.dtype.unit)
    times = (ms * 1_000_000).cast(pl.Time)
    texts = _written(times.to_arrow(), lambda times: times.dt.strftime('"%H:%M:%S%.f"'))
    return Values(texts, as_json=True, shortened=shortened)


def _stamps(of: Column, integers: pl.Series, time_zone: str) -> Values:
    per_day = 86_400 * _PER_SECOND[of.dtype.unit]
    _check(of, integers, _FIRST_DAY * per_day, (_LAST_DAY + 1) * per_day - 1, _YEARS)
    ms, shortened = _milliseconds(integers, of.dtype.unit)
    if of.dtype.tz is not None and time_zone != "UTC":
        there = ms.cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
        ms = there.to_physical()
        _check(of, ms, _FIRST_DAY * _MS_OF_DAY, (_LAST_DAY + 1) * _MS_OF_DAY - 1, f"{_YEARS} in {time_zone}")
    return Values(_written(ms.to_arrow(), _stamp_texts), as_json=True, shortened=shortened)


_YEARS = "within the years 1 to 9999"


def _check(of: Column, integers: pl.Series, least: int, most: int, due: str) -> None:
    low, high = integers.min(), integers.max()
    if low is None or (least <= low and high <= most):  # type: ignore[operator]  # they are integers
        return
    outside = ((integers < least) | (integers > most)).arg_true()[0]
    raise ConversionError(
        f"Column {of.name!r}, row {of.row + outside}: {integers[outside]} as {of.dtype} is not {due}.",
        column=of.name,
        row=of.row + outside,
        hint="The server takes ISO 8601. Replace such values, or cast the column to string.",
    )


def _milliseconds(integers: pl.Series, unit: str) -> tuple[pl.Series, int]:
    """Convert to milliseconds; return how many values had digits below them, which are dropped."""
    integers = integers.cast(pl.Int64)
    per_second = _PER_SECOND[unit]
    if per_second <= 1000:
        return integers * (1000 // per_second), 0
    per_ms = per_second // 1000
    return integers // per_ms, int((integers % per_ms != 0).sum())


def _stamp_texts(ms: pl.Series) -> pl.Series:
    """Write timestamps from parts that repeat, which is twice as fast as to format each."""
    days = (ms // _MS_OF_DAY).cast(pl.Int32).cast(pl.Date)
    of_day = ms % _MS_OF_DAY
    minutes, seconds = _clock()
    dates = _written(days.to_arrow(), lambda days: days.dt.strftime('"%Y-%m-%dT'))
    return pl.select(
        pl.concat_str(dates, minutes.gather(of_day // 60_000), seconds.gather(of_day % 60_000))
    ).to_series()


@cache
def _clock() -> tuple[pl.Series, pl.Series]:
    """All minutes of a day and all milliseconds of a minute, as they stand in a timestamp."""
    minutes = pl.int_range(1440, dtype=pl.Int64, eager=True) * 60 * 10**9
    seconds = pl.int_range(60_000, dtype=pl.Int64, eager=True) * 10**6
    return minutes.cast(pl.Time).dt.strftime("%H:%M:"), seconds.cast(pl.Time).dt.strftime('%S%.3f"')

"""The values of a column, made ready to be written as JSON, without a Python object per value. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types as kinds

from mstr_arrow.arrays import make_scalar
from mstr_arrow.errors import ConversionError
from mstr_arrow.upload.json_text import (
    Coded,
    JsonTexts,
    Numbers,
    PlainStrings,
    compute,
    encode_repeated,
    plain_or_escaped,
)
from mstr_arrow.upload.types import value_type
from mstr_arrow.upload.zones import to_local
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Callable

    from mstr_arrow.upload.json_text import Values

_CLOSE = 4
"""Values lie close together if so many times as many distinct ones are not more than they are."""

_MS_OF_DAY = 86_400_000
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31, in days since 1970-01-01."""
_MOST_DIGITS = 38
_DECIMAL = r"^-?(?<whole>\d+)(?:\.(?<places>\d+))?(?:E(?<exponent>[+-]?\d+))?$"
_STAMP_LETTERS, _BLANK = len("2024-01-31 12:00:00.000"), len("2024-01-31")
_YEARS = "within the years 1 to 9999"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a slice: ``name`` and first ``row`` are for errors, ``dtype`` is the type of the values."""

    name: str
    row: int
    dtype: pa.DataType


def json_values(name: str, column: pa.ChunkedArray, *, time_zone: str, row: int) -> Values:
    """Make the values of a column ready to be written.

    Errors: ConversionError for years beyond 1 to 9999 and times beyond a day, with the row counted from ``row``.
    """
    of = Column(name, row, value_type(column.type))
    arrays = [_storage_of(array) for array in column.chunks]
    if kinds.is_large_string(of.dtype) or kinds.is_string(of.dtype) or kinds.is_string_view(of.dtype):
        return _strings(arrays)
    series = _join(arrays)
    if kinds.is_floating(of.dtype):
        return _doubles(series)
    if kinds.is_date(of.dtype):
        return _dates(of, series)
    if kinds.is_time(of.dtype):
        return _times(of, series)
    if kinds.is_timestamp(of.dtype):
        return _stamps(of, series, time_zone)
    if kinds.is_decimal(of.dtype):
        return _decimals(of, series)
    if kinds.is_boolean(of.dtype):
        return Coded([(pl.Series(["false", "true"]).to_arrow(), series.cast(pl.UInt8).to_arrow())])
    if kinds.is_integer(of.dtype) and series.null_count():
        return _by_range(series, Numbers)
    return Numbers(series)


def comparable(array: pa.Array, *, time_zone: str) -> pl.Series:
    """Give values of which those are equal that are written alike, at less cost than writing them."""
    if kinds.is_string_view(array.type):
        return pl.Series(array)
    dtype = value_type(array.type)
    series = _series(array)
    if kinds.is_floating(dtype):
        doubles = pl.lit(series.cast(pl.Float64))
        return compute(pl.when(doubles.is_finite()).then(doubles))
    if kinds.is_date64(dtype):
        return series // _MS_OF_DAY
    if kinds.is_time(dtype) or kinds.is_timestamp(dtype):
        per_ms = _PER_SECOND[dtype.unit] // 1000
        ms = series // per_ms if per_ms > 1 else series
        if kinds.is_timestamp(dtype) and dtype.tz is not None:
            return to_local(ms if per_ms else ms * 1000, time_zone)[0]
        return ms
    return series


# From Arrow to Polars -------------------------------------------------------------------------------------------


def _storage_of(array: pa.Array) -> pa.Array:
    """Give an extension type's values as what they mean, and make runs a dictionary of their values."""
    if isinstance(array.type, pa.BaseExtensionType):
        meant = _MEANINGS.get(array.type.extension_name)
        return _storage_of(meant(array.storage) if meant else array.storage)
    if kinds.is_run_end_encoded(array.type):
        # Runs of numbers can be decoded whatever the values are, which some kinds of values cannot.
        numbers = pl.int_range(len(array.run_ends), dtype=pl.Int64, eager=True).to_arrow()
        runs = pa.RunEndEncodedArray.from_arrays(array.run_ends, numbers).slice(array.offset, len(array))
        return pa.DictionaryArray.from_arrays(pc.run_end_decode(runs), array.values)
    return array.cast(pa.large_string()) if kinds.is_string_view(array.type) else array


def _uuid_texts(storage: pa.Array) -> pa.Array:
    digits = pl.lit(pl.Series(storage.cast(pa.binary()))).bin.encode("hex")
    parts = [digits.str.slice(start, length) for start, length in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return compute(pl.concat_str(parts, separator="-")).to_arrow()


_MEANINGS: dict[str, Callable[[pa.Array], pa.Array]] = {
    "arrow.bool8": lambda storage: pc.not_equal(storage, make_scalar(0, storage.type)),
    "arrow.uuid": _uuid_texts,
}
"""How values of extension types are made of what is stored, where that is not the same."""


def _join(arrays: list[pa.Array]) -> pl.Series:
    """Join arrays; dates, times and timestamps become the integers they are stored as."""
    if kinds.is_dictionary(arrays[0].type):
        return pl.concat([_series(array) for array in arrays], rechunk=True)
    return _series(_combine(arrays))


def _combine(arrays: list[pa.Array]) -> pa.Array:
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)


def _series(array: pa.Array) -> pl.Series:
    array = _storage_of(array)
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
    if not kinds.is_dictionary(arrays[0].type):
        strings = plain_or_escaped(_combine(arrays))
        if isinstance(strings, PlainStrings) and not strings.strings.null_count:
            return strings
        coded = encode_repeated(strings.strings)
        if not kinds.is_dictionary(coded.type):
            return strings
        arrays = [coded]
    if not _all_used(arrays):
        return plain_or_escaped(_join(arrays).to_arrow())
    parts, dictionary, texts = [], None, None
    for array in arrays:
        if dictionary is None or not array.dictionary.equals(dictionary):
            dictionary = array.dictionary
            texts = plain_or_escaped(_series(dictionary).to_arrow()).json
        parts.append((texts, array.indices))
    return Coded(parts)


def _all_used(arrays: list[pa.Array]) -> bool:
    """Tell whether there are as many values as distinct ones, at least."""
    return sum(len(array.dictionary) for array in arrays) <= sum(map(len, arrays))


def _write_repeated(values: pa.Array, write: Callable[[pl.Series], JsonTexts | PlainStrings]) -> Values:
    """Write values; where they repeat, each distinct one once."""
    values = encode_repeated(values)
    if not kinds.is_dictionary(values.type):
        return write(pl.Series(values))
    return Coded([(write(pl.Series(values.dictionary)).json, values.indices)])


def _by_range(integers: pl.Series, write: Callable[[pl.Series], Numbers | PlainStrings]) -> Values:
    """Write integers; where they lie close together, each number from the least to the greatest once."""
    least, most = _extremes(integers)
    if least is None or most is None or (most - least) * _CLOSE > len(integers):
        return write(integers)
    wide = integers.cast(pl.UInt64 if integers.dtype == pl.UInt64 else pl.Int64)
    places = pl.int_range(most - least + 1, eager=True).cast(wide.dtype)
    numbers = (places + least).cast(integers.dtype)
    return Coded([(write(numbers).json, (wide - least).to_arrow())])


def _extremes(integers: pl.Series) -> tuple[int | None, int | None]:
    return integers.min(), integers.max()  # type: ignore[return-value]  # they are integers


# Numbers, dates and times ---------------------------------------------------------------------------------------


def _doubles(series: pl.Series) -> Values:
    doubles = series.cast(pl.Float64)
    nulled = pc.is_finite(doubles.to_arrow()).false_count
    return Numbers(doubles, nulled=nulled)


def _decimals(of: Column, series: pl.Series) -> Values:
    """Write decimals digit by digit; errors: ConversionError where the column needs more than the server has."""
    if series.dtype == pl.String and len(series):
        before, behind = _digits(series)
        most_before, most_behind = before.max() or 0, behind.max() or 0
        if most_before + most_behind > _MOST_DIGITS:  # type: ignore[operator]  # they are integers
            at = (before + behind).arg_max() or 0
            raise ConversionError(
                f"Column {of.name!r}, row {of.row + at}: {series[at]} is the longest of decimals that take "
                f"{most_before!r} digits before and {most_behind!r} behind the point; "
                f"the server's have {_MOST_DIGITS} for both.",
                column=of.name,
                row=of.row + at,
                hint=advice("type the column", "Round the column, or cast it to string.", column=of.name),
            )
        return JsonTexts(compute(_without_zeros(pl.lit(series))).to_arrow())
    return JsonTexts(series.cast(pl.String).to_arrow())


def _without_zeros(texts: pl.Expr) -> pl.Expr:
    """Take away zeros at the end, of which a wide decimal may have more than the server takes digits."""
    exponent, point = texts.str.contains("E", literal=True), texts.str.contains(".", literal=True)
    trimmed = texts.str.strip_chars_end("0").str.strip_chars_end(".")
    nothing = texts.str.contains("^[-0.]+E")
    return pl.when(nothing).then(pl.lit("0")).when(point & ~exponent).then(trimmed).otherwise(texts)


def _digits(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Count the digits that decimals need before and behind the point, however they are written."""
    parts = pl.col("text").str.extract_groups(_DECIMAL).struct
    places = parts.field("places").fill_null("")
    exponent = parts.field("exponent").cast(pl.Int64).fill_null(0)
    point = parts.field("whole").str.len_bytes().cast(pl.Int64) + exponent
    digits = parts.field("whole") + places
    first = digits.str.len_bytes().cast(pl.Int64) - digits.str.strip_chars_start("0").str.len_bytes()
    last = digits.str.strip_chars_end("0").str.len_bytes().cast(pl.Int64)
    counts = pl.DataFrame({"text": texts}).select(
        before=pl.when(last > 0).then((point - first).clip(0)).otherwise(0),
        behind=pl.when(last > 0).then((last - point).clip(0)).otherwise(0),
    )
    return counts["before"], counts["behind"]


def _dates(of: Column, integers: pl.Series) -> Values:
    per_day = _MS_OF_DAY if kinds.is_date64(of.dtype) else 1
    _check(of, integers, _FIRST_DAY * per_day, (_LAST_DAY + 1) * per_day - 1, _YEARS)
    days = integers if per_day == 1 else (integers // per_day).cast(pl.Int32)
    return _by_range(days, lambda days: PlainStrings(_texts(days, pa.date32())))


def _times(of: Column, integers: pl.Series) -> Values:
    _check(of, integers, 0, 86_400 * _PER_SECOND[of.dtype.unit] - 1, "a time within a day")
    ms, shortened = _milliseconds(integers, of.dtype.unit)
    ns = (ms * 1_000_000).to_arrow()
    return replace(_write_repeated(ns, _time_texts), shortened=shortened)


def _stamps(of: Column, integers: pl.Series, time_zone: str) -> Values:
    per_day = 86_400 * _PER_SECOND[of.dtype.unit]
    _check(of, integers, _FIRST_DAY * per_day, (_LAST_DAY + 1) * per_day - 1, _YEARS)
    ms, shortened = _milliseconds(integers, of.dtype.unit)
    ambiguous = 0
    if of.dtype.tz is not None:
        ms, ambiguous = to_local(ms, time_zone)
        _check(of, ms, _FIRST_DAY * _MS_OF_DAY, (_LAST_DAY + 1) * _MS_OF_DAY - 1, f"{_YEARS} in {time_zone}")
    return replace(_write_repeated(ms.to_arrow(), _stamp_texts), shortened=shortened, ambiguous=ambiguous)


def _check(of: Column, integers: pl.Series, least: int, most: int, due: str) -> None:
    low, high = _extremes(integers)
    if low is None or high is None or (least <= low and high <= most):
        return
    outside = ((integers < least) | (integers > most)).arg_true()[0]
    raise ConversionError(
        f"Column {of.name!r}, row {of.row + outside}: {integers[outside]} as {of.dtype} is not {due}.",
        column=of.name,
        row=of.row + outside,
        hint=advice(
            "type the column",
            "The server takes ISO 8601. Replace such values, or cast the column to string.",
            column=of.name,
        ),
    )


def _milliseconds(integers: pl.Series, unit: str) -> tuple[pl.Series, int]:
    """Convert to milliseconds; return how many values had digits below them, which are dropped."""
    integers = integers.cast(pl.Int64)
    per_second = _PER_SECOND[unit]
    if per_second <= 1000:
        return integers * (1000 // per_second), 0
    per_ms = per_second // 1000
    ms = integers // per_ms
    return ms, int((ms * per_ms != integers).sum())


def _time_texts(ns: pl.Series) -> JsonTexts:
    """Write times, with milliseconds only where there are some."""
    return JsonTexts(ns.cast(pl.Time).dt.strftime('"%H:%M:%S%.f"').to_arrow())


def _stamp_texts(ms: pl.Series) -> PlainStrings:
    """Write timestamps as Arrow does, in a fifth of the time of Polars, with a T in the place of the blank."""
    texts = _texts(ms, pa.timestamp("ms"))
    written = memoryview(texts.buffers()[2]).cast("B")
    blanks = written[_BLANK::_STAMP_LETTERS]
    blanks[:] = b"T" * len(blanks)
    return PlainStrings(texts)


def _texts(integers: pl.Series, dtype: pa.DataType) -> pa.Array:
    """Write what is stored as so many days or milliseconds as text."""
    return integers.to_arrow().view(dtype).cast(pa.string())

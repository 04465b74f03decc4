"""A chunk of pushed rows as typed columns, checked value by value (Wire reference, section 6.4).

The columns of a frame are named by their places in the table (``"0"``, ``"1"``, …), because a table's own names
may be anything.
"""

from __future__ import annotations

import binascii
import gc
import json
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NoReturn, cast

import orjson
import polars as pl
import pyarrow as pa

from mstr_arrow.simulator.bodies import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .definition import PushedTable

ROW, COLUMN, RECORD = "ROW", "COLUMN", "RECORD"

_MOST_DIGITS = 38
_SHOWN = 60
_DATE = r"\d{4}-\d{1,2}-\d{1,2}"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?"
_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "STRING": pl.String,
    "INTEGER": pl.Int32,
    "BIGINTEGER": pl.Int64,
    "DOUBLE": pl.Float64,
    "BIGDECIMAL": pl.Decimal(_MOST_DIGITS, 0),
    "BOOL": pl.Boolean,
    "DATE": pl.Date,
    "TIME": pl.Time,
    "DATETIME": pl.Datetime("us"),
}
_PYTHON_TYPES: dict[str, set[type]] = {
    "INTEGER": {int},
    "BIGINTEGER": {int},
    "DOUBLE": {int, float},
    "BIGDECIMAL": {int, float},
    "BOOL": {bool},
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How the chunks of a table are laid out: by rows, columns or records.

    ``places`` are the places in the table of their columns in order.
    """

    table: PushedTable
    orientation: str
    places: tuple[int, ...]


class _Misfit(Exception):
    """A value that does not fit its column; ``row`` counts from zero."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


@contextmanager
def _pause_collection() -> Iterator[None]:
    """Keep the garbage collector from looking at millions of new lists: parsing is 7 times as fast without."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def empty(table: PushedTable) -> pl.DataFrame:
    """Give the table's columns without rows."""
    return pl.DataFrame(schema={str(n): _TYPES[column.data_type] for n, column in enumerate(table.columns)})


@_pause_collection()
def decode(data: Any, layout: Layout) -> pl.DataFrame:
    """Read a chunk; raise the server's 400 for the first thing in it that is not right."""
    payload = payload_of(data)
    values = _check_shape(payload, layout)
    exact = _exact(payload, layout)
    series: dict[int, pl.Series] = {}
    for position, place in enumerate(layout.places):
        column = layout.table.columns[place]
        cells = _cells(values, layout, position)
        try:
            if column.data_type == "BIGDECIMAL":
                series[place] = _decimals(cells, _cells(exact, layout, position))
            else:
                series[place] = _cast(cells, column.data_type)
        except _Misfit as misfit:
            _refuse(layout, place, misfit.row, cells[misfit.row])
    return pl.DataFrame([series[place].alias(str(place)) for place in sorted(series)])


@_pause_collection()
def count_rows(payload: bytes, layout: Layout) -> int:
    """Count the rows of a chunk, of which nothing but its shape is checked."""
    values = _check_shape(payload, layout)
    return len(values[0]) if layout.orientation == COLUMN else len(values)


def payload_of(data: Any) -> bytes:
    """Undo the base64 of a chunk."""
    if not isinstance(data, str):
        raise bad_request("The chunk has no 'data'.")
    try:
        return binascii.a2b_base64(data, strict_mode=True)
    except ValueError as error:
        raise bad_request(f"The data of the chunk are not base64: {error}") from error


def _check_shape(payload: bytes, layout: Layout) -> list[list[Any]]:
    """Parse a chunk and check that it is an array of arrays that are as long as they have to be."""
    try:
        values = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"The data of the chunk are not JSON in UTF-8: {error}") from error
    table, width = layout.table.name, len(layout.places)
    if layout.orientation == RECORD:
        return _records(values, layout)
    if not isinstance(values, list) or not set(map(type, values)) <= {list}:
        raise bad_request(f"The data of a chunk of table '{table}' are not an array of arrays.")
    lengths = set(map(len, values))
    if layout.orientation == ROW and not lengths <= {width}:
        row = next(n for n, cells in enumerate(values) if len(cells) != width)
        raise bad_request(
            f"Row {row + 1} of a chunk of table '{table}' has {len(values[row])} values, not {width}."
        )
    if layout.orientation == COLUMN and (len(values) != width or len(lengths) > 1):
        raise bad_request(f"A chunk of table '{table}' has not {width} columns of one length.")
    return values


def _records(values: Any, layout: Layout) -> list[list[Any]]:
    """Make rows of records, each of which must have every column."""
    names = [layout.table.columns[place].name for place in layout.places]
    if not isinstance(values, list) or any(not isinstance(v, dict) or v.keys() != set(names) for v in values):
        raise bad_request(f"The data of table '{layout.table.name}' are not records of all its columns.")
    return [[record[name] for name in names] for record in values]


def _exact(payload: bytes, layout: Layout) -> list[list[Any]]:
    """Parse once more where numbers must be kept digit by digit: they come as their texts."""
    if all(column.data_type != "BIGDECIMAL" for column in layout.table.columns):
        return []
    parsed: list[list[Any]] = json.loads(payload, parse_float=str, parse_int=str)
    return _records(parsed, layout) if layout.orientation == RECORD else parsed


def _cells(values: list[list[Any]], layout: Layout, position: int) -> Sequence[Any]:
    return values[position] if layout.orientation == COLUMN else list(map(itemgetter(position), values))


def _cast(cells: Sequence[Any], data_type: str) -> pl.Series:
    wanted = _PYTHON_TYPES.get(data_type, {str})
    _check_kinds(cells, wanted)
    dtype = _TYPES[data_type]
    if data_type in _PARSERS:
        return _parse(pl.Series(cells, dtype=pl.String), *_PARSERS[data_type])
    try:
        return pl.Series(cells, dtype=dtype)
    except (TypeError, OverflowError) as error:  # an integer that is too large
        bits = 31 if data_type == "INTEGER" else 63
        fits = range(-(2**bits), 2**bits)
        raise _Misfit(next(n for n, v in enumerate(cells) if v is not None and v not in fits)) from error


def _check_kinds(cells: Sequence[Any], wanted: set[type]) -> None:
    allowed = wanted | {type(None)}
    if not set(map(type, cells)) <= allowed:
        raise _Misfit(next(n for n, cell in enumerate(cells) if type(cell) not in allowed))


def _dates(texts: pl.Series) -> pl.Series:
    return texts.str.to_date("%Y-%m-%d", strict=False)


def _times(texts: pl.Series) -> pl.Series:
    return texts.str.to_time("%H:%M:%S%.f", strict=False)


def _moments(texts: pl.Series) -> pl.Series:
    return texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)


_PARSERS = {
    "DATE": (f"^{_DATE}$", _dates),
    "TIME": (f"^{_TIME}$", _times),
    "DATETIME": (f"^{_DATE}T{_TIME}$", _moments),
}


def _parse(texts: pl.Series, pattern: str, parse: Callable[[pl.Series], pl.Series]) -> pl.Series:
    values = parse(texts)
    wrong = texts.is_not_null() & (values.is_null() | ~texts.str.contains(pattern))
    first = wrong.arg_max() if wrong.any() else None
    if first is not None:
        raise _Misfit(first)
    return values


def _decimals(cells: Sequence[Any], texts: Sequence[Any]) -> pl.Series:
    """Make decimals with as many places as the longest number of the chunk has; its values must fit 38 digits."""
    _check_kinds(cells, _PYTHON_TYPES["BIGDECIMAL"])
    written = pl.Series(texts, dtype=pl.String)
    plain = written.str.strip_chars_start("-")
    spelled = plain.str.contains("[eE]").fill_null(value=False)
    if spelled.any():
        plain = plain.zip_with(~spelled, pl.Series([_spell_out(text) for text in plain], dtype=pl.String))
    parts = plain.str.split_exact(".", 1).struct.unnest()
    fraction = parts["field_1"].fill_null("").str.strip_chars_end("0").str.len_bytes()
    digits = parts["field_0"].str.strip_chars_start("0").str.len_bytes()
    scale, whole = (cast("int", lengths.max() or 0) for lengths in (fraction, digits))
    if scale + whole > _MOST_DIGITS:
        widest = (digits + fraction).fill_null(0).arg_max()
        raise _Misfit(widest or 0)
    return pl.Series(pl.from_arrow(written.to_arrow().cast(pa.decimal128(_MOST_DIGITS, scale))))


def _spell_out(text: str | None) -> str | None:
    """Write a number without exponent."""
    return text and f"{pa.scalar(text).cast(pa.decimal256(76, 38)).as_py():f}"


def _refuse(layout: Layout, place: int, row: int, value: Any) -> NoReturn:
    column = layout.table.columns[place]
    text = json.dumps(value, ensure_ascii=False)
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    raise bad_request(
        f"Table '{layout.table.name}', column '{column.name}', row {row + 1} of the chunk: "
        f"{shown} is not a value of type {column.data_type}."
    )

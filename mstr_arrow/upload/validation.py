"""Batches whose values are what their types say: texts are UTF-8, indices are in their dictionary. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import types as kinds

from mstr_arrow.errors import ConversionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHOWN = 40
"""Bytes of a value that an error shows."""
_BINARY = {
    pa.string(): pa.binary(),
    pa.large_string(): pa.large_binary(),
    pa.string_view(): pa.binary_view(),
}


def validate_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Pass batches through; errors: ConversionError for the first value that its type does not allow."""
    row = 0
    for batch in batches:
        check_batch(batch, row)
        yield batch
        row += batch.num_rows


def check_batch(batch: pa.RecordBatch, first_row: int) -> None:
    """Raise ConversionError for a value that its type does not allow, with the row counted from ``first_row``.

    Arrow takes such values unseen from files and other programs. To look for them takes a few percent of the time
    that encoding takes.
    """
    try:
        batch.validate(full=True)
    except pa.ArrowException:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            _check_column(name, column, first_row)
        raise


def _check_column(name: str, column: pa.Array, first_row: int) -> None:
    try:
        column.validate(full=True)
    except pa.ArrowException as error:
        at = _first_wrong(column)
        row = "" if at is None else f", row {first_row + at:,}"
        raise ConversionError(
            f"Column {name!r}{row}: {_describe_wrong(column, at, error)}",
            column=name,
            row=None if at is None else first_row + at,
            hint="Read the text again in the encoding it has, often cp1252 or latin-1."
            if "UTF8" in str(error)
            else "Make the column anew from its values: this array contradicts its own type.",
        ) from error


def _first_wrong(column: pa.Array) -> int | None:
    """Give the place of the first wrong value; None where the array is not wrong value by value."""
    if kinds.is_dictionary(column.type):
        return _first_wrong_index(column)
    if _valid(column.slice(0, 0)) and not kinds.is_nested(column.type):
        low, high = 0, len(column)
        while high - low > 1:
            middle = (low + high) // 2
            if _valid(column.slice(low, middle - low)):
                low = middle
            else:
                high = middle
        return low
    return None


def _first_wrong_index(column: pa.DictionaryArray) -> int | None:
    """Give the place of the first value of a dictionary that is wrong, or not there."""
    wrong = _first_wrong(column.dictionary) if not _valid(column.dictionary) else None
    size = len(column.dictionary)
    places = (
        place
        for place, index in enumerate(column.indices.to_pylist())
        if index is not None and (index == wrong or not 0 <= index < size)
    )
    return next(places, None)


def _valid(array: pa.Array) -> bool:
    try:
        array.validate(full=True)
    except pa.ArrowException:
        return False
    return True


def _describe_wrong(column: pa.Array, at: int | None, error: pa.ArrowException) -> str:
    """Say what is wrong, with the first bytes of a text."""
    values = column
    if at is not None and kinds.is_dictionary(column.type):
        index = column.indices[at].as_py()
        values, at = column.dictionary, index if 0 <= index < len(column.dictionary) else None
    if at is None or values.type not in _BINARY:
        return f"{str(error).rstrip('.')}."
    seen = values.slice(at, 1).view(_BINARY[values.type])[0].as_py()
    shown = repr(seen[:_SHOWN]) + ("…" if len(seen) > _SHOWN else "")
    return f"the text {shown} is not UTF-8."

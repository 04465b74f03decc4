"""Texts of a file as values: the type that a column of them has, and its values as that type.

=======================  ==========================================================================================
type                     texts like
=======================  ==========================================================================================
``int64``                ``12``, ``-3``; not ``+3``, not ``007``, not more than the type holds
``double``               ``1.5``, ``1e-3``, ``NaN``; not ``007.5``, no integer of more than 15 digits
``bool``                 ``true``, ``False``
``date32``               ``2024-01-31``
``timestamp[us]``        ``2024-01-31 11:00``, ``2024-01-31T11:00:00.123456``, dates among them
``timestamp[ns]``        the same with up to 9 digits
``timestamp[us, UTC]``   ``2024-01-31T11:00:00Z``, ``2024-01-31T11:00:00+02:00``
``time64[us]``           ``11:00``, ``11:00:00.5``
``string``               all others, so that ``007`` and ``+49`` stay what they are; also a column of nulls
=======================  ==========================================================================================

In a column that is not text, blanks around a value do not count, and `NULLS` are null.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from mstr_arrow.arrays import make_array, make_scalar
from mstr_arrow.errors import ConversionError, UsageError
from mstr_arrow.wording import advice

NULLS = ("", "NULL", "null", "NA", "N/A", "#N/A", "\\N")

_WHOLE = r"(0|[1-9][0-9]*)"
_POINT = rf"({_WHOLE}?\.[0-9]+|{_WHOLE}\.)"
_PATTERNS = (
    (pa.int64(), rf"^-?{_WHOLE}$"),
    (pa.float64(), rf"(?i)^-?((0|[1-9][0-9]{{0,14}})|{_POINT}|({_WHOLE}|{_POINT})e[+-]?[0-9]+|nan|inf)$"),
    (pa.bool_(), r"(?i)^(true|false)$"),
    (pa.date32(), None),
    (pa.timestamp("us"), None),
    (pa.timestamp("ns"), None),
    (pa.timestamp("us", "UTC"), None),
    (pa.time64("us"), None),
)
SHOWN = 40
"""Letters of a value that an error shows."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a column gets its type: texts become values only if they are like ``pattern``."""

    column: str
    dtype: pa.DataType
    pattern: str | None = None

    def convert(self, values: pa.Array, *, first_row: int, source: str) -> pa.Array:
        """Give the values as ``dtype``; ``first_row`` and ``source`` are for the error.

        Raises ConversionError for a value that does not fit, UsageError where none of its type could.
        """
        try:
            return self._cast(values)
        except pa.ArrowNotImplementedError:
            raise UsageError(
                f"{source}: the column {self.column!r} is {values.type}, which does not become {self.dtype}."
            ) from None
        except pa.ArrowInvalid:
            at = self._first_misfit(values)
        shown = str(values[at])
        shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
        raise ConversionError(
            f"{source}: {shown!r} in row {first_row + at + 1:,} of the column "
            f"{self.column!r} is no {self.dtype}, which is the column's type.",
            column=self.column,
            row=first_row + at,
            hint=advice(
                "type the column",
                "Choose a type that holds it: column_types={{{column!r}: pa.string()}} takes any value.",
                column=self.column,
            ),
        )

    def fits(self, values: pa.Array) -> bool:
        """Say whether all values fit."""
        try:
            self._cast(values)
        except pa.ArrowInvalid:
            return False
        return True

    def _cast(self, values: pa.Array) -> pa.Array:
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if _is_text(values.type) and not _is_text(self.dtype):
            values = _bare(values)
            if self.pattern and pc.any(pc.invert(pc.match_substring_regex(values, self.pattern))).as_py():
                raise pa.ArrowInvalid(f"a text is not like {self.pattern}")
            if pa.types.is_time(self.dtype):
                # Arrow reads a time of day only behind a date.
                values = pc.binary_join_element_wise(
                    make_scalar("1970-01-01", values.type), values, make_scalar(" ", values.type)
                ).cast(pa.timestamp("us"))
        if pa.types.is_decimal(self.dtype) and pa.types.is_integer(values.type):
            # Arrow wants room for 19 digits, whatever the values are; not so for texts.
            values = values.cast(pa.string())
        return values.cast(self.dtype)

    def _first_misfit(self, values: pa.Array) -> int:
        """Give the index of the first value that does not fit, when one does not."""
        low, high = 0, len(values)
        while high - low > 1:
            middle = (low + high) // 2
            if self.fits(values.slice(low, middle - low)):
                low = middle
            else:
                high = middle
        return low


def guess(column: str, texts: pa.Array) -> Conversion:
    """Say which type a column has by its first texts.

    >>> guess("Zip", pa.array(["10115", "01067"])).dtype, guess("Day", pa.array(["2024-01-31", ""])).dtype
    (DataType(string), DataType(date32[day]))
    """
    bare = _bare(texts)
    if bare.null_count < len(bare):
        for dtype, pattern in _PATTERNS:
            conversion = Conversion(column, dtype, pattern)
            if conversion.fits(bare):
                return conversion
    return Conversion(column, pa.string())


def _is_text(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_string(dtype) or pa.types.is_large_string(dtype) or pa.types.is_string_view(dtype))


def _bare(texts: pa.Array) -> pa.Array:
    """Take away blanks, and make nulls of the words for them."""
    if pa.types.is_string_view(texts.type):
        texts = texts.cast(pa.string())
    bare = pc.ascii_trim_whitespace(texts)
    return pc.if_else(pc.is_in(bare, value_set=make_array(NULLS, bare.type)), make_scalar(None, bare.type), bare)

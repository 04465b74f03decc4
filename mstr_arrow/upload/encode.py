"""Rows as the JSON text that an upload sends. Wire reference, section 6.4. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Literal, get_args

import polars as pl

from mstr_arrow.errors import UsageError
from mstr_arrow.upload.values import json_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

Orientation = Literal["COLUMN", "ROW"]
"""``COLUMN``: a JSON array per column; ``ROW``: one per row, which takes longer to write and to read."""


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How values are written.

    Timestamps that know their time zone are converted to ``time_zone`` and written without one; those that do
    not are written as they are. Errors: UsageError for an unknown time zone or orientation.
    """

    orientation: Orientation = "COLUMN"
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.orientation not in get_args(Orientation):
            raise UsageError(f"orientation={self.orientation!r} is unknown.", hint="Choose 'COLUMN' or 'ROW'.")
        try:
            # Polars takes an empty name for UTC.
            pl.Series([0]).cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(self.time_zone or "(none)")
        except pl.exceptions.PolarsError as error:
            raise UsageError(
                f"time_zone={self.time_zone!r} is unknown.",
                hint="Name one of the time zone database, such as 'UTC' or 'Europe/Berlin'.",
            ) from error


@dataclass(frozen=True, slots=True)
class Losses:
    """How many values of which columns could not be written in full.

    ``nulled`` were NaN or infinite and are written as null; ``shortened`` had digits below a millisecond.
    """

    nulled: Counter[str] = field(default_factory=Counter)
    shortened: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Losses) -> Losses:
        return Losses(self.nulled + other.nulled, self.shortened + other.shortened)

    def __bool__(self) -> bool:
        return bool(self.nulled or self.shortened)


@dataclass(frozen=True, slots=True)
class Slice:
    """The JSON text of some rows.

    ``lanes`` hold, by columns, the values of each column separated by commas; by rows, one text of all rows
    separated by commas. The brackets around a lane are left to whoever joins slices. Blanks at its end make the
    length of each a multiple of three bytes, so that base64 of lanes can be joined, too.
    """

    rows: int
    lanes: tuple[bytes, ...]
    losses: Losses


def encode_slice(table: pa.Table, options: EncodeOptions, *, first_row: int = 0) -> Slice:
    """Write the rows of a table, at least one; the types of its columns are those that have a `fate`.

    Holds the text and, by columns, one column's values at a time; by rows, all of them.
    Errors: ConversionError, with a row counted from ``first_row``.
    """
    losses = Losses()

    def ready() -> Iterable[pl.Series]:
        for name, column in zip(table.column_names, table.columns, strict=True):
            values = json_values(name, column, time_zone=options.time_zone, row=first_row)
            losses.nulled.update({name: values.nulled} if values.nulled else {})
            losses.shortened.update({name: values.shortened} if values.shortened else {})
            yield values.series

    if options.orientation == "COLUMN":
        lanes = tuple(_lane([series], between=",", head=b"", tail=b"") for series in ready())
    else:
        lanes = (_lane(list(ready()), between="],[", head=b"[", tail=b"]"),)
    return Slice(table.num_rows, lanes, losses)


def _lane(columns: list[pl.Series], *, between: str, head: bytes, tail: bytes) -> bytes:
    """Write columns beside each other, with ``between`` between rows."""
    frame = pl.DataFrame([series.alias(str(number)) for number, series in enumerate(columns)])
    text = BytesIO()
    text.write(head)
    frame.write_csv(text, include_header=False, line_terminator=between, quote_style="never", null_value="null")
    text.seek(-len(between), 2)
    text.truncate()
    text.write(tail)
    text.write(b" " * (-text.tell() % 3))
    return text.getvalue()

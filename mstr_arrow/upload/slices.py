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
    from collections.abc import Sequence

    import pyarrow as pa

    from mstr_arrow.upload.json_text import Text, Values

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
        except (pl.exceptions.PolarsError, TypeError) as error:
            raise UsageError(
                f"time_zone={self.time_zone!r} is unknown.",
                hint="Name one of the time zone database, such as 'UTC' or 'Europe/Berlin'.",
            ) from error


@dataclass(frozen=True, slots=True)
class Losses:
    """How many values of which columns could not be written in full.

    ``nulled`` were NaN or infinite and are written as null; ``shortened`` had digits below a millisecond;
    ``ambiguous`` are local times that occur twice when clocks are put back.
    """

    nulled: Counter[str] = field(default_factory=Counter)
    shortened: Counter[str] = field(default_factory=Counter)
    ambiguous: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Losses) -> Losses:
        return Losses(
            self.nulled + other.nulled, self.shortened + other.shortened, self.ambiguous + other.ambiguous
        )

    def __bool__(self) -> bool:
        return bool(self.nulled or self.shortened or self.ambiguous)


@dataclass(frozen=True, slots=True)
class Slice:
    """The JSON text of some rows.

    ``lanes`` hold, by columns, the values of each column separated by commas; by rows, one text of all rows
    separated by commas. Each is given in parts. The brackets around a lane are written where slices are joined.
    """

    rows: int
    lanes: tuple[Text, ...]
    losses: Losses


def encode_slice(table: pa.Table, options: EncodeOptions, *, first_row: int = 0) -> Slice:
    """Write the rows of a table, at least one; the types of its columns are those that have a `fate`.

    Holds the text and what it is made of. Errors: ConversionError, with a row counted from ``first_row``.
    """
    columns = [
        (name, json_values(name, column, time_zone=options.time_zone, row=first_row))
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    losses = Losses(
        Counter({name: values.nulled for name, values in columns if values.nulled}),
        Counter({name: values.shortened for name, values in columns if values.shortened}),
        Counter({name: values.ambiguous for name, values in columns if values.ambiguous}),
    )
    by_rows = options.orientation == "ROW"
    lanes = (_rows_text(columns),) if by_rows else tuple(values.text() for _, values in columns)
    return Slice(table.num_rows, lanes, losses)


def _rows_text(columns: Sequence[tuple[str, Values]]) -> Text:
    """Write columns beside each other: as CSV whose lines end in brackets, since all that needs quotes has them."""
    frame = pl.select(values.expr.alias(name) for name, values in columns)
    text = BytesIO()
    text.write(b"[")
    frame.write_csv(text, include_header=False, line_terminator="],[", quote_style="never", null_value="null")
    return (text.getbuffer()[: -len(",[")],)

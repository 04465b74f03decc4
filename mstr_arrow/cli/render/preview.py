"""The first rows of a result, on standard output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from rich.cells import cell_len

from mstr_arrow.cli.render.tables import as_cell, count, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN_ROWS = 40
COUNTED_ROWS = 10_000
"""Rows after which the rest is neither read nor counted."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The header and first rows, as texts, column by column; ``rows`` counts all, or stops above `COUNTED_ROWS`."""

    columns: list[list[str]]
    rows: int

    def print(self) -> None:
        """Print a table."""
        headers, *lines = zip(*self.columns, strict=True)
        print_table(headers, lines, elsewhere="A pipe shows them, and -o FILE takes them.")

    def __str__(self) -> str:
        """Say how many rows there are.

        >>> [str(Preview([], rows)) for rows in (1, 2_000, 12_345)]
        ['1 row', '2,000 rows, the first 40 of them shown,', 'more than 10,000 rows, the first 40 of them shown,']
        """
        if self.rows <= SHOWN_ROWS:
            return count(self.rows)
        many = f"more than {count(COUNTED_ROWS)}" if self.rows > COUNTED_ROWS else count(self.rows)
        return f"{many}, the first {SHOWN_ROWS} of them shown,"


def first_rows(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Preview:
    """Take the first rows, and count the others while they are not too many."""
    columns = [[as_cell(name)] for name in schema.names]
    rows = 0
    for batch in batches:
        first = batch.slice(0, max(0, SHOWN_ROWS - rows))
        for cells, values in zip(columns, first.columns, strict=True):
            cells.extend(map(_text, values.to_pylist()))
        rows += batch.num_rows
        if rows > COUNTED_ROWS:
            break
    aligned = [
        _right(cells) if _is_number(field.type) else cells for cells, field in zip(columns, schema, strict=True)
    ]
    return Preview(aligned, rows)


def _text(value: Any) -> str:
    """Write a value on one line.

    >>> [_text(value) for value in (None, 1.5, True, "East")]
    ['null', '1.5', 'true', 'East']
    """
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else as_cell(str(value))


def _right(cells: list[str]) -> list[str]:
    width = max(map(cell_len, cells))
    return [" " * (width - cell_len(cell)) + cell for cell in cells]


def _is_number(data_type: pa.DataType) -> bool:
    return bool(pa.types.is_integer(data_type) or pa.types.is_floating(data_type) or pa.types.is_decimal(data_type))

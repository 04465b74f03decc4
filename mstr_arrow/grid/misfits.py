"""The values of a page that do not fit their columns: refused, or null and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mstr_arrow.errors import ConversionError
from mstr_arrow.grid.server_types import is_text
from mstr_arrow.grid.value_rule import whole_text
from mstr_arrow.wording import advice

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from mstr_arrow.grid.schema import Column

_LONGEST_SHOWN = 80


class Misfit(NamedTuple):
    """A value that does not fit its column, at a row of the grid, as the server wrote it."""

    column: str
    row: int
    value: Any


class Misfits:
    """Those of one page, whose lines are at these ``rows`` of the grid, one by one if nothing else is said.

    Of columns ``nulled`` they become null; in any other the first is an error.
    """

    def __init__(self, nulled: Collection[str] = (), rows: Sequence[int] | None = None) -> None:
        self.found: list[Misfit] = []
        self.lines: set[int] = set()
        self._nulled = nulled
        self._rows = rows

    def row(self, line: int) -> int:
        """Return the row of the grid that a line is at."""
        return line if self._rows is None else self._rows[line]

    def replace(self, column: Column, value: Any, line: int) -> str | None:
        """Return what stands in place of a value; errors: ConversionError.

        That is null, and of a text with half of a character the rest of it.
        """
        row = self.row(line)
        if column.name not in self._nulled:
            raise refuse(column, value, row)
        self.found.append(Misfit(column.name, row, value))
        self.lines.add(line)
        return whole_text(value) if is_text(column.type) and isinstance(value, str) else None


def misfits_in(rows: range, misfits: Iterable[Misfit]) -> list[tuple[int, str, str]]:
    """Return what stood in some rows, in an order that is that of other misfits with the same values."""
    return sorted((each.row, each.column, repr(each.value)) for each in misfits if each.row in rows)


def refuse(column: Column, value: object, row: int) -> ConversionError:
    """Make the error that names column, row and value, and the ways out."""
    if is_text(column.type) and isinstance(value, str):
        what = "has half of a character in it, as texts have that were cut between its bytes"
        advised = advice(
            "read half a character",
            "on_bad_value={{{column!r}: 'null'}} reads the rest of such texts, with U+FFFD in place of the half.",
            column=column.name,
        )
    else:
        what = f"does not fit {column.type} exactly (the server calls the column {column.data_type!r})"
        advised = advice(
            "type the column",
            "Choose a type that holds it: types={{{column!r}: pa.string()}} takes any value; "
            "on_bad_value={{{column!r}: 'null'}} makes null of such values.",
            column=column.name,
        )
    return ConversionError(
        f"{show_value(value)} in column {column.name!r}, row {row}, {what}.",
        column=column.name,
        row=row,
        hint=advised,
    )


def refuse_mixed(column: Column, value: str | None, row: int, *, offset: bool) -> ConversionError:
    """Make the error of a moment that has an offset from UTC, or none, where those before it are otherwise.

    Without a value it is one of those from a row on.
    """
    has, others = ("an", "have none") if offset else ("no", "have one")
    what = show_value(value) if value else "What is"
    where = f"column {column.name!r}, row {row}," if value else f"column {column.name!r} from row {row} on"
    return ConversionError(
        f"{what} in {where} has {has} offset from UTC, and others in the column "
        f"{others}: which moments these are is not certain.",
        column=column.name,
        row=row,
        hint=advice(
            "read moments as texts",
            "types={{{column!r}: pa.string()}} gives the texts as they are.",
            column=column.name,
        ),
    )


def show_value(value: object) -> str:
    """Show a value to a person, in at most 80 characters."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}…"

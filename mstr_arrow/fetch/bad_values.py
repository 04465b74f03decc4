"""How many values of each column did not fit it and became null, and where the first of them were. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from mstr_arrow.grid.misfits import show_value
from mstr_arrow.grid.server_types import is_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mstr_arrow.grid.misfits import Misfit
    from mstr_arrow.grid.schema import Columns

MOST_PLACES = 3
"""Places that are kept of a column."""


class Place(NamedTuple):
    """Where a bad value was: a row of the grid, counted from 0, and the value as it is shown.

    ``page`` says what the row is counted on where it is not the whole: a page of a report, or the list of them.
    """

    row: int
    value: str
    page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadValues:
    """Those of one column: how many they were, and the ``first`` places.

    They became null, or in a column of texts lost half of a character each. ``of_key``: the column is a form that
    tells elements apart, some of which may have become one.
    """

    count: int
    first: tuple[Place, ...]
    texts: bool = False
    of_key: bool = False

    def plus(self, other: BadValues) -> BadValues:
        """Add those that came later."""
        return replace(self, count=self.count + other.count, first=(*self.first, *other.first)[:MOST_PLACES])


@dataclass(slots=True)
class Tally:
    """Counts the bad values of what is read, from one row of the grid on."""

    columns: Columns
    page: str | None = None
    start: int = 0
    found: dict[str, BadValues] = field(default_factory=dict)

    def count(self, misfits: Iterable[Misfit]) -> None:
        """Add those of one page of rows."""
        by_column: dict[str, list[Misfit]] = {}
        for misfit in misfits:
            if misfit.row >= self.start:
                by_column.setdefault(misfit.column, []).append(misfit)
        known = {column.name: column for column in self.columns.all} if by_column else {}
        for name, mine in by_column.items():
            column = known[name]
            first = tuple(Place(each.row, show_value(each.value), self.page) for each in mine[:MOST_PLACES])
            key = self.columns.is_key(column)
            _add(self.found, name, BadValues(count=len(mine), first=first, texts=is_text(column.type), of_key=key))


def together(found: Iterable[Mapping[str, BadValues]]) -> dict[str, BadValues]:
    """Add up what several tallies have counted, in their order."""
    total: dict[str, BadValues] = {}
    for each in found:
        for name, values in each.items():
            _add(total, name, values)
    return total


def describe_bad_values(found: Mapping[str, BadValues]) -> str:
    """Say what became of bad values, where the first were, and what may follow; "" where there were none."""
    return "; ".join(_describe_column(name, values) for name, values in found.items())


def _add(found: dict[str, BadValues], name: str, values: BadValues) -> None:
    found[name] = found[name].plus(values) if name in found else values


def _describe_column(name: str, values: BadValues) -> str:
    one = values.count == 1
    became = "lost half of a character" if values.texts else "did not fit and became null"
    places = ", ".join(
        f"{place.value} in row {place.row}{'' if place.page is None else f' of {place.page}'}"
        for place in values.first
    )
    more = "" if values.count <= len(values.first) else ", …"
    key = "; elements that it told apart may have become one" if values.of_key else ""
    return f"{values.count:,} value{'' if one else 's'} of {name!r} {became} ({places}{more}){key}"

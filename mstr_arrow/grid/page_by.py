"""Page-by: the attributes that choose which page of a report is shown (wire reference, section 4.2). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mstr_arrow.errors import DataMismatch, ProtocolError, UsageError
from mstr_arrow.grid.completion import complete_unit
from mstr_arrow.grid.document import Place, read_unit
from mstr_arrow.grid.elements import element_id, label, texts_of_form
from mstr_arrow.grid.exact import form_array
from mstr_arrow.grid.schema import Column, columns_of_place, distinct_names
from mstr_arrow.names import find_named, listing, suggestion
from mstr_arrow.responses import HINT, fields, items, reading, whole_number
from mstr_arrow.wording import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mstr_arrow.grid.document import Unit
    from mstr_arrow.grid.misfits import Misfits

_LIST = "a list of the pages of a report"

Combination = tuple[int, ...]
"""The number of an element for each page-by attribute."""


@dataclass(frozen=True)
class PageBy:
    """The page-by attributes of a report, and the combinations of their elements that have data."""

    units: tuple[Unit, ...]
    combinations: tuple[Combination, ...]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """A column for each form of each attribute."""
        columns = [column for unit in self.units for column in columns_of_place(Place(unit, 0), in_rows=False)]
        names = distinct_names(column.name for column in columns)
        return tuple(replace(column, name=name) for column, name in zip(columns, names, strict=True))

    def table(self, types: Mapping[str, pa.DataType] | None = None, misfits: Misfits | None = None) -> pa.Table:
        """Make a row for each combination, of types by name where they are given; texts are plain strings.

        Errors: ConversionError for an element that does not fit its type, but where ``misfits`` make it null.
        """
        columns = [replace(each, type=(types or {}).get(each.name, each.type)) for each in self.columns]
        left = iter(columns)
        arrays = []
        for position, unit in enumerate(self.units):
            numbers = [combination[position] for combination in self.combinations]
            own = list(islice(left, len(unit.forms)))
            for form, column in enumerate(own):
                texts = texts_of_form(unit, form, [each.type for each in own])
                array = form_array(column, texts, numbers, misfits)
                arrays.append(array.dictionary_decode() if pa.types.is_dictionary(array.type) else array)
        fields = [each.field.with_type(array.type) for each, array in zip(columns, arrays, strict=True)]
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields))

    def only(self, combinations: tuple[Combination, ...]) -> PageBy:
        """Return some of the combinations."""
        return replace(self, combinations=combinations)

    def element_ids(self, combination: Combination) -> list[dict[str, str]]:
        """Name a combination as ``currentPageBy`` takes it."""
        return [{"id": element_id(unit.elements[n])} for unit, n in zip(self.units, combination, strict=True)]

    def choose(self, choice: Mapping[str, object]) -> tuple[Combination, ...]:
        """Return the combinations that have the chosen elements.

        Attributes are named by name or id, or as the columns of `table` are; elements by the value of a form or by
        id. Errors: UsageError for a name or value that there is not, with near ones, and for elements that have no
        data together.
        """
        found = self.combinations
        for name, value in choice.items():
            position, form = self._place(name)
            value = value.as_py() if isinstance(value, pa.Scalar) else value  # noqa: PLW2901 - the same, in Python
            numbers = self._numbers(position, form, value)
            found = tuple(each for each in found if each[position] in numbers)
        if not found:
            named = ", ".join(f"{name}={value!r}" for name, value in choice.items())
            raise UsageError(
                f"no page has {named} together.", hint=naming("{Report.pages()} lists those that there are.")
            )
        return found

    def choose_one(self, choice: Mapping[str, object]) -> Combination:
        """Return the one combination that is chosen; errors: as `choose`, and where several are."""
        found = self.choose(choice)
        if len(found) == 1:
            return found[0]
        open_units = [
            (unit, sorted({each[position] for each in found}))
            for position, unit in enumerate(self.units)
            if len({each[position] for each in found}) > 1
        ]
        unit, numbers = open_units[0]
        values = listing([label(unit.elements[number]) for number in numbers])
        names = " and ".join(repr(unit.name) for unit, _ in open_units)
        raise UsageError(
            f"{len(found):,} pages are chosen, not one.",
            hint=naming(
                "Choose {names} too ({unit}: {values}), or take them all with {Report.expand_pages()}.",
                names=names,
                unit=unit.name,
                values=values,
            ),
        )

    def _place(self, name: str) -> tuple[int, int | None]:
        """Find the attribute of a name, and the form if it names one."""
        spellings = [
            spelling
            for position, unit in enumerate(self.units)
            for form, each in enumerate(unit.forms)
            for spelling in (
                (unit.name, (position, None)),
                (unit.id, (position, None)),
                (f"{unit.name}@{each.name}", (position, form)),
            )
        ]
        found = list(dict.fromkeys(place for _, place in find_named(name, spellings, itemgetter(0))))
        if len(found) == 1:
            return found[0]
        names = [unit.name for unit in self.units]
        if not names:
            raise UsageError(f"no page-by attribute {name!r}: the report has no page-by.")
        what = "several page-by attributes are" if found else "no page-by attribute"
        raise UsageError(f"{what} {name!r}.", hint="Give its id." if found else suggestion(name, names))

    def _numbers(self, position: int, form: int | None, value: object) -> set[int]:
        """Find the elements that a value means: its id, or what one of its forms holds, as text or typed."""
        unit = self.units[position]
        forms = range(len(unit.forms)) if form is None else [form]
        known = [element_id(each) for each in unit.elements]
        held: list[Sequence[object]] = []
        if form is None and len(unit.forms) > 1:
            held.append([label(each) for each in unit.elements])
        if form is None:
            held.append(known)
        for number in forms:
            own = columns_of_place(Place(unit, 0), in_rows=False)
            texts = texts_of_form(unit, number, [each.type for each in own])
            held += [texts, form_array(own[number], texts, range(len(texts))).to_pylist()]
        found = {number for values in held for number, each in enumerate(values) if each == value}
        if not found and isinstance(value, str):
            named = [(str(each), at) for values in held for at, each in enumerate(values) if each is not None]
            found = {at for _, at in find_named(value, named, itemgetter(0))}
        if not found:
            labels = [label(each) for each in unit.elements]
            raise UsageError(f"{unit.name!r} has no element {value!r}.", hint=suggestion(str(value), labels))
        return found


def read_page_by(pages: Sequence[Any]) -> PageBy:
    """Read the answers to GET …/pageBy/elements, all pages of one listing; without page-by there is one page.

    Errors: ProtocolError, DataMismatch where others are listed than were counted.
    """
    listings = [read_listing(page) for page in pages]
    with reading(pages[0], _LIST):
        units = tuple(map(_unit, items(pages[0].get("pageBy"))))
    listed = [item for listing in listings for item in listing.combinations]
    total = listings[0].total
    if total is not None and len(listed) != total:
        raise DataMismatch(f"The server counts {total} pages of the report and lists {len(listed)}.", hint=HINT)
    for item in listed:
        if len(item) != len(units) or not all(
            type(number) is int and 0 <= number < len(unit.elements)
            for number, unit in zip(item, units, strict=False)
        ):
            message = f"The server lists {item!r} as a page, which names no element of each attribute."
            raise ProtocolError(message, hint=HINT)
    return PageBy(units, tuple(dict.fromkeys(listed)) if units else ((),))


@dataclass(frozen=True, slots=True)
class Listing:
    """Some of the combinations that have data, and how many there are, where the server counts them."""

    combinations: tuple[Combination, ...]
    total: int | None


def read_listing(body: Any) -> Listing:
    """Read one answer to GET …/pageBy/elements; errors: ProtocolError.

    >>> read_listing({"pageBy": [], "validPageByElements": {"items": None, "paging": {"total": "0"}}})
    Listing(combinations=(), total=0)
    """
    with reading(body, _LIST):
        if fields(body).get("validPageByElements") is None and not items(body["pageBy"]):
            return Listing((), 0)
        valid = fields(body["validPageByElements"])
        found = tuple(tuple(map(_index, item)) for item in items(valid.get("items")))
        return Listing(found, whole_number((valid.get("paging") or {}).get("total")))


def _index(value: Any) -> Any:
    return value if (number := whole_number(value)) is None else number


def _unit(unit: dict[str, Any]) -> Unit:
    complete_unit(fields(unit))
    unit["elements"] = [fields(element) for element in items(unit["elements"])]
    return read_unit(unit)

"""Columns that a table takes: the types that a tool holds, and how rows fit the columns that are there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from mstr_arrow.errors import UsageError
from mstr_arrow.names import listing, near_names, suggestion
from mstr_arrow.wording import advice, naming

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDER = {pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64()}
"""The type that holds the same numbers where a tool has none without a sign."""
_DIGITS = 38
"""Digits of a decimal at most."""
_MOST_DIGITS = {8: 3, 16: 5, 32: 10, 64: 20}
"""Digits of whole numbers at most, by their bits."""
_MICROSECONDS = {"s", "ms", "us"}
"""Units whose values are whole microseconds."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Which types a tool holds, beside those that all do; ``tool`` is its name in errors."""

    tool: str
    times: bool = True
    unsigned: bool = False
    letter_case: bool = True
    """Whether names that differ only in their case are two names."""
    types_told: bool = True
    """Whether the types that a table is said to have are those that were put into it."""


def schema_in(schema: pa.Schema, holding: Holding) -> pa.Schema:
    """Return the schema in which a tool holds all values as they are; metadata are left out.

    Numbers without a sign become wider ones, seconds and milliseconds become microseconds, moments with a zone the
    same moments in UTC. Errors: UsageError, naming each column that does not fit.
    """
    types = {field.name: _type_in(field.type, holding) for field in schema}
    refused = [f"{field.name!r} is {field.type}" for field in schema if types[field.name] is None]
    if refused:
        raise UsageError(
            f"{holding.tool} cannot hold these values as they are: column {', column '.join(refused)}.",
            hint=advice(
                "another type for a table",
                "Have the column read as another type by {Scan.with_options.types}: texts as pa.string(), moments "
                "as pa.timestamp('us'), numbers as pa.int64() or pa.decimal128(38, 0); or leave it out by "
                "{Scan.select()}.",
            ),
        )
    if not holding.letter_case:
        _refuse_same_names(schema.names, holding.tool)
    return pa.schema([pa.field(name, to) for name, to in types.items()])


def _type_in(given: pa.DataType, holding: Holding) -> pa.DataType | None:
    """Return the type in which a tool holds all values of another; None where there is none."""
    kinds = pa.types
    if kinds.is_dictionary(given):
        return _type_in(given.value_type, holding)
    if is_text(given):
        return pa.string()
    if kinds.is_unsigned_integer(given):
        return given if holding.unsigned else _WIDER.get(given)
    if kinds.is_date(given):
        return pa.date32()
    if kinds.is_decimal(given):
        return (
            pa.decimal128(given.precision, given.scale) if 0 <= given.scale <= given.precision <= _DIGITS else None
        )
    if kinds.is_time(given):
        return pa.time64("us") if holding.times and given.unit in _MICROSECONDS else None
    if kinds.is_timestamp(given):
        return pa.timestamp("us", None if given.tz is None else "UTC") if given.unit in _MICROSECONDS else None
    plain = kinds.is_signed_integer(given) or kinds.is_boolean(given)
    return given if plain or kinds.is_float32(given) or kinds.is_float64(given) else None


def _refuse_same_names(names: Sequence[str], tool: str) -> None:
    folded: dict[str, str] = {}
    for name in names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise UsageError(
                f"the columns {other!r} and {name!r} differ only in the case of letters; {tool} take them for one.",
                hint=naming("Leave one of them out by {Scan.select()}."),
            )


def is_text(given: pa.DataType) -> bool:
    """Tell whether values are texts, of whatever length."""
    return bool(pa.types.is_string(given) or pa.types.is_large_string(given) or pa.types.is_string_view(given))


@dataclass(frozen=True, slots=True)
class Fit:
    """How rows go into a table: as ``schema``, of which the table has to be given the columns ``added`` first."""

    schema: pa.Schema
    added: tuple[str, ...] = ()

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with the columns of the table, in its order and types; what did not come is empty."""
        if batch.schema.equals(self.schema):
            return batch
        there = set(batch.schema.names)
        columns = [
            batch.column(field.name).cast(field.type) if field.name in there else pa.nulls(len(batch), field.type)
            for field in self.schema
        ]
        return pa.record_batch(columns, schema=self.schema)


def fit(schema: pa.Schema, table: pa.Schema, where: str, *, add: bool, types_told: bool = True) -> Fit:
    """Return how rows of a schema go into a table of another.

    Columns are found by their names. A value may get a wider type, never a narrower one. Unless ``types_told``,
    values are left to the table as they are. With ``add``, columns that
    the table has not are added to it, and those that do not come are left empty. Errors: UsageError, which names
    the columns.
    """
    new = [name for name in schema.names if name not in table.names]
    gone = [name for name in table.names if name not in schema.names]
    if (new or gone) and not add:
        raise _other_columns(new, gone, where)
    needed = [name for name in gone if not table.field(name).nullable]
    if needed:
        raise UsageError(
            f"{where} needs a value in {listing(needed)}, and no such column comes.",
            hint="Read it, too, or let the column be empty in the table.",
        )
    there = [name for name in table.names if name not in gone]
    types = {name: schema.field(name).type for name in there}
    if types_told:
        types = {name: _find_fit(types[name], table.field(name).type) for name in there}
    narrow = [
        f"column {name!r} is {schema.field(name).type} and {table.field(name).type} in the table"
        for name, to in types.items()
        if to is None
    ]
    if narrow:
        raise UsageError(
            f"the types do not fit {where}: {'; '.join(narrow)}.",
            hint=advice(
                "types that fit a table",
                "Have it read as the table's type by {Scan.with_options.types}, or change the table.",
            ),
        )
    fields = [pa.field(name, types.get(name) or _plain(table.field(name).type)) for name in table.names]
    return Fit(pa.schema([*fields, *(schema.field(name) for name in new)]), tuple(new))


def _other_columns(new: Sequence[str], gone: Sequence[str], where: str) -> UsageError:
    seen = [f"it has no {listing(new)}"] if new else []
    seen += [f"its {listing(gone)} does not come"] if gone else []
    alike = [f"{name!r} and {near[0]!r}" for name in new if (near := near_names(name, gone))]
    renamed = f" If {' or '.join(alike)} are one column, rename it in the table." if alike else ""
    return UsageError(
        f"the columns do not fit {where}: {'; '.join(seen)}.",
        hint=advice(
            "columns that fit a table",
            'schema_mode="add" adds what is new and leaves empty what does not come; {Scan.select()} chooses '
            "columns.{renamed}",
            renamed=renamed,
        ),
    )


def _plain(given: pa.DataType) -> pa.DataType:
    """Return a type of a table as batches have it."""
    if pa.types.is_timestamp(given) and given.tz is not None:
        return pa.timestamp(given.unit, "UTC")
    return pa.string() if is_text(given) else given


def _find_fit(given: pa.DataType, table: pa.DataType) -> pa.DataType | None:
    """Return the type in which values of one go into a column of another; None where some may not fit."""
    kinds = pa.types
    to = _plain(table)
    if _plain(given) == to:
        return to
    if kinds.is_integer(given) and kinds.is_integer(to):
        signs = kinds.is_signed_integer(given) == kinds.is_signed_integer(to)
        wider = (
            to.bit_width >= given.bit_width
            if signs
            else (kinds.is_signed_integer(to) and to.bit_width > given.bit_width)
        )
        return to if wider else None
    if kinds.is_integer(given) and kinds.is_decimal(to):
        return to if to.precision - to.scale >= _MOST_DIGITS[given.bit_width] else None
    if kinds.is_floating(given) and kinds.is_floating(to):
        return to if to.bit_width >= given.bit_width else None
    if kinds.is_decimal(given) and kinds.is_decimal(to):
        whole = to.precision - to.scale >= given.precision - given.scale
        return to if whole and to.scale >= given.scale else None
    if kinds.is_timestamp(given) and kinds.is_timestamp(to):
        finer = ("s", "ms", "us", "ns").index(to.unit) >= ("s", "ms", "us", "ns").index(given.unit)
        return to if finer and (given.tz is None) == (to.tz is None) else None
    return None


def check_there(names: Sequence[str], schema: pa.Schema, what: str) -> None:
    """Refuse columns that do not come; errors: UsageError with near names."""
    for name in names:
        if name not in schema.names:
            raise UsageError(
                f"{what} names {name!r}, which is no column of the rows.", hint=suggestion(name, schema.names)
            )

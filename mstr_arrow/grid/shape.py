"""How the columns of a result differ from those that it had before, and what is taken of that. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import pyarrow as pa

from mstr_arrow.errors import SchemaChanged, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SchemaMode: TypeAlias = Literal["strict", "add", "replace"]
"""Which changes are taken: none; new columns, and another order; all."""

Change: TypeAlias = Literal["gone", "new", "renamed", "widened", "changed", "order"]

_ADDITIONS = frozenset({"new", "order"})
_MANTISSA = {16: 11, 32: 24, 64: 53}
"""Bits of the whole numbers that a floating point number of so many bits holds exactly."""

_UNITS = ("s", "ms", "us", "ns")


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """The change of a column: ``before`` and ``now`` are its types as texts, of one renamed its names.

    A type was ``"widened"`` where the new one holds every value of the old one, else ``"changed"``. A column is
    ``"renamed"`` where the object on the server is the same. The ``"order"`` changed of all that stayed, whose
    ``name`` is the first in another place.
    """

    kind: Change
    name: str
    before: str | None = None
    now: str | None = None

    def __str__(self) -> str:
        match self.kind:
            case "gone":
                return f"the column {self.name!r} ({self.before}) is gone"
            case "new":
                return f"the column {self.name!r} ({self.now}) is new"
            case "renamed":
                return f"the column {self.before!r} is called {self.now!r} now"
            case "order":
                return f"the columns stand in another order, from {self.name!r} on"
        widened = ", which holds more" if self.kind == "widened" else ""
        return f"the type of the column {self.name!r} was {self.before}, and is {self.now} now{widened}"


def check_mode(mode: str) -> None:
    """Refuse a mode that there is not; errors: UsageError."""
    if mode not in get_args(SchemaMode):
        raise UsageError(f"schema_mode={mode!r} is not known.", hint='Choose "strict", "add" or "replace".')


def changes_of(before: pa.Schema, now: pa.Schema) -> tuple[ColumnChange, ...]:
    """Compare columns by name, type and order; texts are texts, however they are encoded.

    >>> old, new = pa.schema({"Region": "string", "Units": "int32"}), pa.schema({"Units": "int64", "Day": "date32"})
    >>> for change in changes_of(old, new):
    ...     print(change)
    the column 'Region' (string) is gone
    the type of the column 'Units' was int32, and is int64 now, which holds more
    the column 'Day' (date32[day]) is new
    """
    names = _find_renames(before, now)
    changes = []
    for field in before:
        name = names.get(field.name, field.name)
        if name not in now.names:
            changes.append(ColumnChange("gone", field.name, before=str(plain_type(field.type))))
            continue
        if name != field.name:
            changes.append(ColumnChange("renamed", name, before=field.name, now=name))
        old, new = plain_type(field.type), plain_type(now.field(name).type)
        if old != new:
            kind: Change = "widened" if _holds(new, old) else "changed"
            changes.append(ColumnChange(kind, name, before=str(old), now=str(new)))
    kept = [names.get(name, name) for name in before.names]
    changes += [
        ColumnChange("new", field.name, now=str(plain_type(field.type))) for field in now if field.name not in kept
    ]
    stayed = [name for name in kept if name in now.names]
    ordered = [name for name in now.names if name in stayed]
    if moved := [new for old, new in zip(stayed, ordered, strict=True) if old != new]:
        changes.append(ColumnChange("order", moved[0]))
    return tuple(changes)


def find_refused(
    changes: tuple[ColumnChange, ...], mode: SchemaMode, *, adds: bool = True
) -> tuple[ColumnChange, ...]:
    """Return the changes that a mode does not take, where the destination takes new columns or (``adds``) not.

    >>> new = ColumnChange("new", "Day", now="date32[day]")
    >>> find_refused((new,), "add"), find_refused((new,), "add", adds=False) == (new,)
    ((), True)
    """
    if mode == "replace":
        return ()
    taken = _ADDITIONS if mode == "add" else frozenset()
    return tuple(each for each in changes if each.kind not in taken or (each.kind == "new" and not adds))


def check_shape(
    before: pa.Schema,
    now: pa.Schema,
    mode: SchemaMode,
    *,
    of: str,
    hints: Mapping[SchemaMode, str],
    adds: bool = True,
) -> tuple[ColumnChange, ...]:
    """Return how columns changed; errors: SchemaChanged for what a mode does not take.

    ``of`` says whose columns they are, ``hints`` how to choose the mode that takes these changes. The destination
    takes new columns, or (``adds``) not.
    """
    changes = changes_of(before, now)
    if left := find_refused(changes, mode, adds=adds):
        enough: SchemaMode = "replace" if find_refused(changes, "add", adds=adds) else "add"
        raise SchemaChanged(
            f"{of} are not those of the last time: {describe_changes(left)}.", changes=changes, hint=hints[enough]
        )
    return changes


def describe_changes(changes: tuple[ColumnChange, ...]) -> str:
    """Say all changes in one sentence, without its end."""
    return "; ".join(map(str, changes))


def plain_type(arrow_type: pa.DataType) -> pa.DataType:
    """Return the type of the values of a column, which a dictionary may hold."""
    return arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type


def _find_renames(before: pa.Schema, now: pa.Schema) -> dict[str, str]:
    """Tell which names changed: one object of the server, of which one column is gone and one is new."""
    gone = _by_identity(before, now)
    new = _by_identity(now, before)
    return {gone[identity]: new[identity] for identity in gone.keys() & new.keys()}


def _by_identity(schema: pa.Schema, other: pa.Schema) -> dict[tuple[bytes, ...], str]:
    """Give the columns that only one schema has, by the object on the server that they show, if it shows in one."""
    found: dict[tuple[bytes, ...], list[str]] = {}
    for field in schema:
        metadata = field.metadata or {}
        if field.name not in other.names and b"mstr.id" in metadata:
            parts = (b"mstr.role", b"mstr.id", b"mstr.form_id")
            found.setdefault(tuple(metadata.get(part, b"") for part in parts), []).append(field.name)
    return {identity: names[0] for identity, names in found.items() if len(names) == 1}


def _holds(new: pa.DataType, old: pa.DataType) -> bool:
    """Tell whether every value of one type is one of another."""
    types = pa.types
    if types.is_null(old):
        return True
    if types.is_integer(old):
        low, high = _bounds(old)
        if types.is_integer(new):
            return _bounds(new)[0] <= low and high <= _bounds(new)[1]
        if types.is_decimal(new):
            return bool(new.precision - new.scale >= len(str(high)))
        return types.is_floating(new) and bool(high <= 2 ** _MANTISSA[new.bit_width])
    if types.is_floating(old):
        return types.is_floating(new) and bool(new.bit_width > old.bit_width)
    if types.is_decimal(old) and types.is_decimal(new):
        return bool(new.scale >= old.scale and new.precision - new.scale >= old.precision - old.scale)
    if types.is_timestamp(old) and types.is_timestamp(new):
        return old.tz == new.tz and _UNITS.index(new.unit) > _UNITS.index(old.unit)
    return bool(types.is_date(old) and types.is_timestamp(new) and new.tz is None)


def _bounds(integer: pa.DataType) -> tuple[int, int]:
    bits = integer.bit_width
    if pa.types.is_signed_integer(integer):
        return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return 0, 2**bits - 1

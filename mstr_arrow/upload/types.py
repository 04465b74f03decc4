"""The type that each Arrow type becomes in a dataset on the server (wire reference, sections 6.2 and 6.8).

===============================================  ============  =========  ==========================================
Arrow type                                       on the wire   by itself  how values are written
===============================================  ============  =========  ==========================================
int8, int16, int32, uint8, uint16                INTEGER       metric     exactly
int64, uint32                                    BIGINTEGER    metric     exactly
uint64                                           BIGDECIMAL    metric     exactly
decimal32, decimal64, decimal128, decimal256     BIGDECIMAL    metric     exactly, all digits
float16, float32, float64                        DOUBLE        metric     so that the same double is read; NaN and
                                                                          infinities as null, and counted
bool                                             BOOL          attribute  true, false
date32, date64                                   DATE          attribute  2024-01-31
time32, time64                                   TIME          attribute  11:00:00, 11:00:00.250
timestamp                                        DATETIME      attribute  2024-01-31T11:00:00.000; with a zone: in
                                                                          the one of the upload, not named
string, large_string, string_view                STRING        attribute  as they are
null                                             STRING        attribute  null
arrow.bool8                                      BOOL          attribute  true, false
arrow.json                                       STRING        attribute  the JSON text
arrow.uuid                                       STRING        attribute  00112233-4455-6677-8899-aabbccddeeff
dictionary, run_end_encoded                      as their values
binary, list, struct, map, union, duration,      refused, with the cast that helps
interval
other extension types                            refused: what is stored is not what is meant
===============================================  ============  =========  ==========================================

Digits below a millisecond are dropped, and counted. Years are those of ISO 8601, 1 to 9999; what lies beyond
them is refused with its row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import types as kinds

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Fate:
    """The type of a column on the server: ``wire``; a ``number`` is a metric unless said otherwise."""

    wire: str
    number: bool


_FATES = (
    (kinds.is_boolean, Fate("BOOL", number=False)),
    (kinds.is_uint64, Fate("BIGDECIMAL", number=True)),
    (kinds.is_int64, Fate("BIGINTEGER", number=True)),
    (kinds.is_uint32, Fate("BIGINTEGER", number=True)),
    (kinds.is_integer, Fate("INTEGER", number=True)),
    (kinds.is_decimal, Fate("BIGDECIMAL", number=True)),
    (kinds.is_floating, Fate("DOUBLE", number=True)),
    (kinds.is_date, Fate("DATE", number=False)),
    (kinds.is_time, Fate("TIME", number=False)),
    (kinds.is_timestamp, Fate("DATETIME", number=False)),
    (kinds.is_string, Fate("STRING", number=False)),
    (kinds.is_large_string, Fate("STRING", number=False)),
    (kinds.is_string_view, Fate("STRING", number=False)),
    (kinds.is_null, Fate("STRING", number=False)),
)

_MEANT = {"arrow.bool8": pa.bool_(), "arrow.json": pa.string(), "arrow.uuid": pa.string()}
"""The values of an extension type, where they are known."""
_EXTENSION_NAME = b"ARROW:extension:name"
"""The key in a field's metadata that names a type which pyarrow has no class for."""

_BINARY = "Cast it to string: as it is if it holds UTF-8, else as hexadecimal digits or base64."
EXPLODE = "Explode it into rows, or join its items into a string."
UNNEST = "Unnest its fields into columns of their own."
MAP_KEYS = "Take the keys that matter into columns of their own, or cast it to a JSON string."
_NO_STORAGE = "Make texts of it where it was made, or leave it out."
_EXTENSION_HELP = {
    "pandas.period": "Make dates of it with .dt.to_timestamp(), or texts with .astype(str).",
    "pandas.interval": "Take its .array.left and .array.right into columns of their own, or make texts of it.",
    "arrow.fixed_shape_tensor": EXPLODE,
    "arrow.variable_shape_tensor": EXPLODE,
    "arrow.opaque": "Cast it where it was made, to a type that Arrow has, or to string.",
}
_HELP: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (kinds.is_binary, _BINARY),
    (kinds.is_large_binary, _BINARY),
    (kinds.is_binary_view, _BINARY),
    (kinds.is_fixed_size_binary, _BINARY),
    (kinds.is_list, EXPLODE),
    (kinds.is_large_list, EXPLODE),
    (kinds.is_fixed_size_list, EXPLODE),
    (kinds.is_list_view, EXPLODE),
    (kinds.is_large_list_view, EXPLODE),
    (kinds.is_struct, UNNEST),
    (kinds.is_map, MAP_KEYS),
    (kinds.is_duration, "Cast it to int64, the number of its units, or divide it to hours as float64."),
)


def fate(column: str, dtype: pa.DataType) -> Fate:
    """Tell what a column of an Arrow type becomes; errors: UsageError for a type that a dataset cannot hold.

    >>> fate("Day", pa.dictionary(pa.int8(), pa.date32()))
    Fate(wire='DATE', number=False)
    """
    values = value_type(dtype)
    for is_kind, found in _FATES:
        if is_kind(values):
            return found
    if isinstance(values, pa.BaseExtensionType):
        raise _extension(column, values.extension_name, values.storage_type)
    hints = (hint for is_kind, hint in _HELP if is_kind(values))
    raise UsageError(
        f"Column {column!r} is of type {dtype}, which a dataset on the server cannot hold.",
        hint=next(hints, "Cast it to string, or leave it out."),
    )


def check_extension(column: str, field: pa.Field) -> None:
    """Raise UsageError for an extension type that pyarrow does not know, so that only the metadata name it."""
    name = (field.metadata or {}).get(_EXTENSION_NAME)
    if name is not None and not isinstance(field.type, pa.BaseExtensionType):
        raise _extension(column, name.decode(errors="replace"), field.type)


def value_type(dtype: pa.DataType) -> pa.DataType:
    """Look through dictionaries and runs to the type of the values, and at extension types as what they mean.

    >>> value_type(pa.run_end_encoded(pa.int32(), pa.bool8()))
    DataType(bool)
    """
    if isinstance(dtype, pa.BaseExtensionType):
        return _MEANT.get(dtype.extension_name, dtype)
    if kinds.is_dictionary(dtype) or kinds.is_run_end_encoded(dtype):
        return value_type(dtype.value_type)
    return dtype


def _extension(column: str, name: str, storage: pa.DataType) -> UsageError:
    stored = any(is_kind(value_type(storage)) for is_kind, _ in _FATES)
    hint = f"Cast it to {storage} if what is stored is what you mean, or to string." if stored else _NO_STORAGE
    return UsageError(
        f"Column {column!r} is of the extension type {name}, stored as {storage}: what it means is not known here.",
        hint=_EXTENSION_HELP.get(name, hint),
    )

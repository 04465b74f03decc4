"""The server's data types and the Arrow types they become (wire reference, section 3.11)."""

from __future__ import annotations

import pyarrow as pa

from mstr_arrow.errors import UsageError
from mstr_arrow.wording import naming

INT64 = pa.int64()
FLOAT64 = pa.float64()
STRING = pa.string()
DECIMAL = pa.decimal128(38, 18)
TEXT = pa.dictionary(pa.int32(), pa.string())
"""How texts leave the decoder: each distinct text of a page once, and an index per row."""

UNTOLD = frozenset({"unknown", "reserved", "missing"})
"""Names that tell no type: what definitions say of most metrics."""

_NUMERIC_CODES = {
    0: "reserved", 1: "integer", 2: "unsigned", 3: "numeric", 4: "decimal", 5: "real", 6: "double", 7: "float",
    8: "char", 9: "varchar", 10: "longvarchar", 11: "binary", 12: "varbin", 13: "longvarbin", 14: "date",
    15: "time", 16: "timestamp", 17: "nchar", 18: "nvarchar", 21: "short", 22: "long", 23: "mbchar", 24: "bool",
    25: "pattern", 30: "bigdecimal", 33: "utf8char", 34: "int64", 35: "guid",
}  # fmt: skip

_COMMON: dict[str, pa.DataType] = {
    **dict.fromkeys(("integer", "unsigned", "short", "long", "int64"), INT64),
    **dict.fromkeys(("real", "double", "float"), FLOAT64),
    "bigdecimal": DECIMAL,
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "bool": pa.bool_(),
}
_TEXTS = dict.fromkeys(
    (
        *("char", "varchar", "longvarchar", "nchar", "nvarchar", "mbchar", "utf8char", "pattern", "guid"),
        *("binary", "varbin", "longvarbin"),
    ),
    STRING,
)
_ATTRIBUTE = _COMMON | _TEXTS | dict.fromkeys(("numeric", "decimal"), DECIMAL)
_METRIC = _COMMON | _TEXTS


def type_name(data_type: object) -> str:
    """Normalise a server data type, given by name in any case or by number, to a lower-case name.

    >>> type_name("nVarChar"), type_name(33), type_name(None)
    ('nvarchar', 'utf8char', 'unknown')
    """
    if isinstance(data_type, int):
        return _NUMERIC_CODES.get(data_type, "unknown")
    return data_type.lower() if isinstance(data_type, str) else "unknown"


def attribute_type(name: str) -> pa.DataType:
    """Choose the Arrow type of an attribute form; what is not known stays text.

    >>> attribute_type("date"), attribute_type("unknown")
    (DataType(date32[day]), DataType(string))
    """
    return _ATTRIBUTE.get(name, STRING)


def metric_type(name: str) -> pa.DataType:
    """Choose the Arrow type of a metric from the data type its instance reports.

    >>> metric_type("short"), metric_type("unknown")
    (DataType(int64), DataType(double))
    """
    return _METRIC.get(name, FLOAT64)


_SERVED = (
    *(pa.types.is_integer, pa.types.is_float32, pa.types.is_float64, pa.types.is_decimal, pa.types.is_boolean),
    *(pa.types.is_date, pa.types.is_time, pa.types.is_timestamp),
)
_TEXT_KINDS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)


def override_type(name: str, asked: pa.DataType) -> pa.DataType:
    """Choose the type of a column's values from what the caller asks; every kind of text is `STRING`.

    Errors: UsageError for a type that has no values a server could send.

    >>> override_type("City", pa.dictionary(pa.int8(), pa.large_string()))
    DataType(string)
    """
    values = asked.value_type if pa.types.is_dictionary(asked) else asked
    if any(is_kind(values) for is_kind in _TEXT_KINDS):
        return STRING
    if not any(is_kind(asked) for is_kind in _SERVED):
        raise UsageError(
            naming(
                "{Scan.with_options.types} asks for {asked} in column {name!r}, which cannot be made of a server's "
                "values.",
                asked=asked,
                name=name,
            ),
            hint="Choose a number, decimal, bool, date, time, timestamp or string type, and cast the result.",
        )
    return asked


def is_number(data_type: pa.DataType) -> bool:
    """Tell whether values of this type are JSON numbers."""
    return any(is_kind(data_type) for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal))


def is_text(data_type: pa.DataType) -> bool:
    """Tell whether values of this type are delivered as a dictionary of texts."""
    return bool(data_type == STRING)

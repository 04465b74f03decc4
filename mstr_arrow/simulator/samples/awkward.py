"""Awkward Values: a small cube with everything that goes wrong somewhere.

Every column cycles through a list, each list with a length of its own, so that values meet in many
combinations. Metrics given as pairs come with the JSON spelling of each value: legal, and unusual.
"""

# ruff: noqa: DTZ001, RUF001 - time stamps without zone and look-alike letters are what this is about

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from mstr_arrow.simulator.model.cubes import DESC_FORM, Attribute, Cube, Form, Metric, object_id, pick

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS = 211
_FAR = 2**63 - 1
_DECIMAL = pl.Decimal(38, 18)
_WIDEST = Decimal("99999999999999999999.999999999999999999")
_WIDEST_NEGATIVE = Decimal("-99999999999999999999.999999999999999999")  # a minus sign before it would round

_TEXTS: tuple[str | None, ...] = (
    *("plain", "", None, " leading", "trailing ", "  ", "\t", "\n", "\r\n", "a\rb", "\u0001", "\u0000", "a\u0000b"),
    *(
        "\b\f\u001f\u007f",
        "\u2028\u2029",
        "\ufeffmark",
        "\u00a0",
        '"',
        '""',
        "'",
        "\\",
        "\\\\",
        '\\"',
        "\\n",
        "\\u0041",
    ),
    *(
        "}],[{",
        '"formValues":[',
        '{"formValues":["x"],"id":"h1;A"}',
        "[1,2],[3,4]",
        "[[0,0],[1,1]]",
        '"raw":[[',
        "]}",
    ),
    *('"id":"', "null", "NULL", "None", "NaN", "Infinity", "-", "\\N", "h\\N;A", "Total", "true", "false"),
    *("0", "007", "1.50", "1e5", "-0", "9007199254740993", "2024-01-31", "1/31/2024", "12:00:00", "0x1F", "1,5"),
    *(
        "é",
        "e\u0301",
        "\u0301",
        "ﬁ",
        "ß",
        "İ",
        "ı",
        "Ω",
        "ا لعربية",
        "עברית",
        "\u202eright to left",
        "中文字符",
        "日本語テキスト",
    ),
    *(
        "한국어",
        "😀",
        "👩‍👩‍👧‍👦",
        "🇪🇺",
        "𝔘𝔫𝔦",
        "\U0010ffff",
        "\ufffd",
        "<b>&amp;</b>",
        "=1+1",
        "%s %d {}",
        "a,b;c|d",
        "../..",
    ),
    *("x" * 20_000, "“quoted”", "Same", "Same"),
)
_INTEGERS = (_FAR, -_FAR, 0, -1, None, 2**31, -(2**31) - 1, 2**53 + 1, -(2**53) - 1, 2**53, 1, 10)
_DOUBLES = (0.1, 0.1 + 0.2, -0.25, 100.0, None, 1.7976931348623157e308, 5e-324, 1e22, -1.5, 123456789.125, 0.0)
_DECIMALS = (
    _WIDEST,
    _WIDEST_NEGATIVE,
    Decimal("0.000000000000000001"),
    Decimal(0),
    None,
    Decimal("12345.678"),
    Decimal("0.1"),
)
_DATES = (
    date(2024, 1, 31),
    None,
    date(1, 1, 1),
    date(9999, 12, 31),
    date(1970, 1, 1),
    date(2024, 2, 29),
    date(1899, 12, 30),
)
_TIMES = (
    time(10, 20, 30),
    time(0, 0),
    None,
    time(23, 59, 59, 999_999),
    time(12, 0),
    time(0, 0, 0, 1),
    time(6, 5, 4, 500_000),
    time(1, 2, 3),
)
_MOMENTS = (
    datetime(2024, 1, 31, 10, 20, 30, 123_456),
    datetime(1, 1, 1),
    datetime(9999, 12, 31, 23, 59, 59, 999_999),
    None,
    datetime(1969, 12, 31, 23, 59, 59, 1),
    datetime(2024, 2, 29, 0, 0, 0, 500_000),
    datetime(2024, 3, 31, 2, 30),
    datetime(1970, 1, 1),
    datetime(2038, 1, 19, 3, 14, 8),
)

_METRIC_DOUBLES = (
    *((1.5, "1.5"), (None, "null"), (3.0, "3"), (3.0, "3.0"), (0.1 + 0.2, "0.30000000000000004"), (-0.0, "-0.0")),
    *((1.7976931348623157e308, "1.7976931348623157e308"), (-1.7976931348623157e308, "-1.7976931348623157E+308")),
    *((5e-324, "5e-324"), (2.2250738585072014e-308, "2.2250738585072014e-308"), (1e22, "1e22"), (1e22, "1E+22")),
    *(
        (62033.45, "62033.4500000000"),
        (0.1, "0.1000000000000000055511151231257827"),
        (9007199254740993.0, "9007199254740992"),
    ),
    *(
        (1e16, "10000000000000000"),
        (-1e-7, "-1e-7"),
        (0.0, "0"),
        (100.0, "1e2"),
        (123456789012345680.0, "123456789012345680"),
    ),
)
_METRIC_WHOLE = ((1, "1"), (12, "12.0"), (None, "null"), (0, "0"), (-7, "-7"), (99, "99.00"), (2**31, "2147483648"))
_METRIC_LONG = (2**53 + 1, _FAR, -_FAR, None, 0, -1, -(2**53) - 1, 2**62, 10**18)
_METRIC_DECIMALS = (
    (_WIDEST, "99999999999999999999.999999999999999999"),
    (_WIDEST_NEGATIVE, '"-99999999999999999999.999999999999999999"'),
    (Decimal("0.1"), "0.1"),
    (None, "null"),
    (Decimal("0.000000000000000001"), "0.000000000000000001"),
    (Decimal("0.000000000000000001"), "1e-18"),
    (Decimal("12.5"), '"12.500000000000000000"'),
    (Decimal(12), "12"),
    (Decimal("9007199254740993.25"), "9007199254740993.25"),
    (Decimal(0), "0.0"),
    (Decimal(-3), "-3.0"),
)
_METRIC_TEXTS = (
    "text",
    "",
    None,
    "null",
    '"',
    "\\",
    "],[",
    "[1,2]",
    "1.5",
    "a\nb",
    "\u0001",
    "😀",
    "}",
    '","',
    "  ",
    "Total",
)


def awkward_cube() -> Cube:
    """Make the cube; it is the same for every seed."""
    row = _attribute("Row", "integer", list(range(1, _ROWS + 1)), pl.Int64)
    return Cube(
        name="Awkward Values",
        attributes=(
            row,
            _awkward_texts(),
            _attribute("Long", "Int64", _INTEGERS, pl.Int64),
            _attribute("Number", "double", _DOUBLES, pl.Float64),
            _attribute("Exact", "bigDecimal", _DECIMALS, _DECIMAL),
            _attribute("Date", "date", _DATES, pl.Date),
            _attribute("Time", "time", _TIMES, pl.Time),
            _attribute("Moment", "timeStamp", _MOMENTS, pl.Datetime("us")),
            _attribute("Flag", "bool", (True, False, None), pl.Boolean),
            _attribute("Word Flag", "bool", (False, None, True), pl.Boolean, texts=("false", None, "true")),
            _three_forms(),
        ),
        metrics=(
            _spell("Double", "double", _METRIC_DOUBLES, pl.Float64),
            _spell("Whole", "integer", _METRIC_WHOLE, pl.Int64),
            _metric("Long Metric", "Int64", _METRIC_LONG, pl.Int64),
            _spell("Big Decimal", "bigDecimal", _METRIC_DECIMALS, _DECIMAL),
            _metric("Date Metric", "date", _DATES, pl.Date),
            _metric("Time Metric", "time", _TIMES, pl.Time),
            _metric("Moment Metric", "timeStamp", _MOMENTS, pl.Datetime("us")),
            _metric("Text Metric", "nVarChar", _METRIC_TEXTS, pl.String),
            _metric("Nothing", "double", (None,), pl.Float64),
        ),
        total=_ROWS,
        keys=frozenset({row.id}),
        subtype=776,
    )


def _awkward_texts() -> Attribute:
    """Give texts whose element ids are the texts, as in data imports, but for those an id could not tell apart."""
    elements = [
        f"e{number}" if text is not None and (text == "\\N" or _TEXTS.count(text) > 1) else text
        for number, text in enumerate(_TEXTS)
    ]
    return _attribute("Text", "nVarChar", _TEXTS, pl.String, elements=elements)


def _three_forms() -> Attribute:
    numbers = [1, 2, 3, None, 5, 2**40]
    names = ["one", 'two "2"', "", None, "drei [3],", "\u0007"]
    codes = ["A", "", "C\\", None, "A", "é"]
    key = pl.col("key")
    code = Form(id=object_id("form", "Code"), name="Code", data_type="nVarChar", value=pick(codes, pl.String, key))
    number = pick(numbers, pl.Int64, key)
    return Attribute(
        id=object_id("attribute", "Three Forms"),
        name="Three Forms",
        forms=(
            Form(data_type="integer", value=number),
            Form(id=DESC_FORM, name="DESC", data_type="nVarChar", value=pick(names, pl.String, key)),
            code,
        ),
        key=pl.col("row") % len(numbers),
        element=number.cast(pl.String),
        cardinality=len(numbers),
    )


def _attribute(
    name: str,
    data_type: str,
    values: Sequence[Any],
    dtype: pl.DataType | type[pl.DataType],
    *,
    elements: Sequence[str | None] | None = None,
    texts: Sequence[str | None] | None = None,
) -> Attribute:
    value = pick(values, dtype, pl.col("key"))
    text = None if texts is None else pick(texts, pl.String, pl.col("key"))
    return Attribute(
        id=object_id("attribute", "awkward", name),
        name=name,
        forms=(Form(data_type=data_type, value=value, text=text),),
        key=pl.col("row") % len(values),
        element=value.cast(pl.String) if elements is None else pick(elements, pl.String, pl.col("key")),
        cardinality=len(values),
    )


def _metric(name: str, data_type: str, values: Sequence[Any], dtype: pl.DataType | type[pl.DataType]) -> Metric:
    """Make a metric; its sums would pass what the type holds, so that its aggregate is the greatest value."""
    return Metric(
        id=object_id("metric", "awkward", name),
        name=name,
        data_type=data_type,
        value=pick(values, dtype, pl.col("row") % len(values)),
        aggregation="max",
    )


def _spell(
    name: str,
    data_type: str,
    values: Sequence[tuple[Any, str]],
    dtype: pl.DataType | type[pl.DataType],
) -> Metric:
    """Make a metric whose values come with the JSON text that a page spells them with."""
    metric = _metric(name, data_type, [value for value, _ in values], dtype)
    return replace(metric, json=pick([text for _, text in values], pl.String, pl.col("row") % len(values)))
